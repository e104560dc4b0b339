"""A command as a person calls it: in this process for what it prints, in one of its own for how it ends."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import typer
from typer.testing import CliRunner

from rec_core import RapportError

ROOT = Path(__file__).resolve().parents[1]


def caller(application: typer.Typer) -> Callable[..., str]:
    """A function that calls the application and returns what it prints; errors of ours are raised."""

    def call(*arguments: str) -> str:
        result = CliRunner().invoke(application, arguments)
        if isinstance(result.exception, RapportError):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.stdout

    return call


def rapport(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The real command in a process of its own, with no settings but these."""
    kept = {name: value for name, value in os.environ.items() if "RAPPORT_" not in name}
    plain = {"RAPPORT_LLM__PLANNER": "rules", "NO_COLOR": "1", "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        cwd=ROOT,
        env={**kept, **plain, "OMP_NUM_THREADS": "1", **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
