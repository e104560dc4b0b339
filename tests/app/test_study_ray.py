"""A whole study from the command line, once on this machine's processes and once on Ray: the same tables."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ..agents.loopback_kit import loopback_only

ROOT = Path(__file__).resolve().parents[2]
SMOKE = ROOT / "configs" / "smoke"
STUDY = f"""
name = "small"
seeds = [0, 1]

[data]
catalog = "{SMOKE / "films.jsonl"}"
interactions = "{SMOKE / "ratings.csv"}"

[people]
count = 12

[session]
pages = 3

[training]
networks = false
encoder = "words"

[[arms]]
kind = "random"

[[arms]]
kind = "popularity"

[[arms]]
kind = "ease"
"""
THE_CONTROL_MAY_FAIL = (0, 3)  # twelve people are few, and that is not what is tested here


def command(folder: Path, out: str, *more: str) -> list[str]:
    home = ["--home", str(folder / "home")]
    study = ["study", "run", str(folder / "small.toml"), "--out", str(folder / out)]
    return [sys.executable, "-m", "app", *home, *study, *more]


def run(command: list[str]) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in THE_CONTROL_MAY_FAIL, done.stderr or done.stdout


def tables(folder: Path) -> Any:
    return json.loads((folder / "report.json").read_text("utf-8"))["tables"]


@pytest.mark.slow
@pytest.mark.timeout(900)  # Ray starts half a dozen processes, each of which imports all of it
def test_a_study_on_ray_gives_the_tables_of_the_same_study_here(tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(STUDY, encoding="utf-8")
    alone = loopback_only(command(tmp_path, "on-ray", "--engine", "ray", "--processes", "2"))
    run(command(tmp_path, "here", "--processes", "1"))
    run(alone)
    assert len((tmp_path / "on-ray" / "sessions.jsonl").read_text("utf-8").splitlines()) == 72
    assert tables(tmp_path / "on-ray") == tables(tmp_path / "here")
