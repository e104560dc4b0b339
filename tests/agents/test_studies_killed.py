"""A study killed with kill -9, and a study on Ray: in the end the same tables."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from agents.studies import JOURNAL
from agents.studies.ray_engine import RayEngine, has_ray
from rec_core import SettingsError

from .loopback_kit import loopback_only
from .studies_kit import ScriptedSource, hold, report_of

ROOT = Path(__file__).resolve().parents[2]


def command(folder: Path, engine: str, processes: int) -> list[str]:
    return [sys.executable, "-m", "tests.agents.studies_driver", str(folder), engine, str(processes)]  # fmt: skip


def tables_of(output: str) -> Any:
    return json.loads(output.splitlines()[-1])


def expected(folder: Path) -> Any:
    return json.loads(json.dumps(report_of(hold(folder)).tables()))


@pytest.mark.slow
def test_killed_twice_and_resumed_the_tables_are_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "killed"
    journal = folder / JOURNAL
    for wanted in (1, 40):
        run = subprocess.Popen(command(folder, "local", 2), cwd=ROOT)
        while not journal.is_file() or journal.read_bytes().count(b"\n") < wanted:
            assert run.poll() is None, "it ended before it could be killed"
            time.sleep(0.01)
        run.kill()
        run.wait()
    held = journal.read_bytes().count(b"\n")
    assert 40 <= held < 120
    done = subprocess.run(
        command(folder, "local", 1), cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert journal.read_bytes().count(b"\n") == 120, "something was held twice"
    assert tables_of(done.stdout) == expected(tmp_path / "whole")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_on_ray_the_tables_are_the_same(tmp_path: Path) -> None:
    """In a network namespace that has nothing but loopback, because Ray looks for a way out."""
    run = loopback_only(command(tmp_path / "ray", "ray", 2))
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=False)
    if "Ray did not start in the time" in done.stderr:
        pytest.skip("the machine is too busy for Ray, which gives itself 30 seconds to start")
    assert done.returncode == 0, done.stderr
    assert tables_of(done.stdout) == expected(tmp_path / "here")


def test_without_ray_there_is_a_sentence_that_says_how_to_get_it() -> None:
    if has_ray():
        pytest.skip("Ray is installed")
    with pytest.raises(SettingsError, match=r"pip install 'rapport\[scale\]'"):
        RayEngine(ScriptedSource(), 2)
