import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.logs import configure_logging


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield
    for handler in set(root.handlers) - set(before):
        handler.close()
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(False)


def test_a_fault_goes_to_the_file_and_not_to_the_screen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(tmp_path / "logs")
    try:
        raise ValueError("broken inside")
    except ValueError as fault:
        logging.getLogger("somewhere").warning("tool failed", exc_info=fault)
    assert "broken inside" in (tmp_path / "logs" / "rapport.log").read_text(encoding="utf-8")
    shown = capsys.readouterr()
    assert shown.out + shown.err == ""


def test_a_quiet_run_writes_nothing(tmp_path: Path) -> None:
    configure_logging(tmp_path / "logs")
    logging.getLogger("somewhere").info("fine")
    assert not (tmp_path / "logs").exists()


def test_a_folder_that_cannot_be_made_disturbs_nobody(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("", encoding="utf-8")
    configure_logging(tmp_path / "logs")
    logging.getLogger("somewhere").warning("no room")


def test_debug_shows_it_here_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(tmp_path / "logs", debug=True)
    logging.getLogger("somewhere").warning("look")
    assert "look" in capsys.readouterr().err
