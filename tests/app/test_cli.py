"""The command line as a person meets it: help, exit codes, and messages instead of tracebacks."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import application
from app.faults import as_rapport_error, report_fault
from rec_core import DataError, StorageError
from tests.command import ROOT, rapport


def test_help_teaches_by_example() -> None:
    shown = CliRunner().invoke(application, ["--help"], env={"COLUMNS": "120"})
    assert shown.exit_code == 0
    assert "rapport chat" in shown.output
    for command in ("setup", "chat", "ask", "demo", "doctor", "data", "train", "evaluate"):
        assert command in shown.output


def test_the_front_imports_neither_torch_nor_gradio() -> None:
    program = (
        "import sys, app.cli\n"
        "heavy = {'torch', 'gradio', 'chromadb', 'transformers', 'langgraph', 'pandas', 'sqlalchemy'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


def test_version() -> None:
    shown = CliRunner().invoke(application, ["--version"])
    assert shown.exit_code == 0
    assert shown.output.startswith("rapport ")


def test_wrong_usage_is_exit_2() -> None:
    assert CliRunner().invoke(application, ["chat", "--no-such-option"]).exit_code == 2
    assert CliRunner().invoke(application, ["dance"]).exit_code == 2


def test_an_unknown_data_set_is_two_sentences_and_exit_1(tmp_path: Path) -> None:
    ended = rapport("--home", str(tmp_path), "setup", "--data", "ml-9000m")
    assert ended.returncode == 1
    assert "problem:" in ended.stderr
    assert "ml-9000m" in ended.stderr
    assert "what to do:" in ended.stderr
    assert "Traceback" not in ended.stderr + ended.stdout


def test_a_home_that_is_a_file_is_explained(tmp_path: Path) -> None:
    place = tmp_path / "home"
    place.write_text("", encoding="utf-8")
    ended = rapport("--home", str(place), "setup")
    assert ended.returncode == 1
    assert "cannot be made" in ended.stderr
    assert "--home" in ended.stderr


def test_a_bad_setting_is_one_sentence(tmp_path: Path) -> None:
    ended = rapport("--home", str(tmp_path), "doctor", RAPPORT_PORT="many")
    assert ended.returncode == 1
    assert "RAPPORT_PORT is 'many'" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_unknown_variable_is_a_warning(tmp_path: Path) -> None:
    ended = rapport("--home", str(tmp_path), "data", "list", RAPPORT_PROT="1")
    assert ended.returncode == 0
    assert "did you mean RAPPORT_PORT?" in ended.stderr


def test_an_unforeseen_fault_goes_to_a_log_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RAPPORT_HOME", str(tmp_path))
    assert report_fault(ZeroDivisionError("a secret detail")) == 1
    shown = capsys.readouterr().err
    assert "ZeroDivisionError" in shown
    assert "a secret detail" not in shown
    (log,) = (tmp_path / "logs").iterdir()
    assert "a secret detail" in log.read_text(encoding="utf-8")


def test_debug_shows_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert report_fault(ZeroDivisionError("x"), debug=True) == 1
    assert "ZeroDivisionError: x" in capsys.readouterr().err


def test_disk_faults_become_storage_errors() -> None:
    full = as_rapport_error(OSError(errno.ENOSPC, "No space left", "/somewhere/cache"))
    assert isinstance(full, StorageError)
    assert "full" in full.problem
    assert "/somewhere/cache" in full.problem
    assert isinstance(as_rapport_error(PermissionError(errno.EACCES, "no")), StorageError)
    assert as_rapport_error(OSError(errno.ENOENT, "gone")) is None
    known = DataError("A.", "B.")
    assert as_rapport_error(known) is known
