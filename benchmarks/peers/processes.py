"""The driver's side of a contestant: starts its process, sends commands, reads answers."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.peers.contestants import Contestant

HERE = Path(__file__).resolve().parent
# Threads are for the measured library alone to use, and it is given one.
ONE_THREAD = ("OMP_NUM_THREADS=1", "MKL_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1")


class ContestantFailed(Exception):
    """A contestant's process ended, or did not keep to the rules; the table says so."""


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where things lie: the split, the contestants' own folders, and their log files."""

    events: Path
    work: Path
    logs: Path


class Process:
    """A running contestant. A context manager: the process ends with the block.

    Args:
        contestant: Whose script is run.
        task: Its settings, a seed, and a "name" that no other process has at the same time.
        python: Interpreter of its environment.
        places: Where it finds the split and may write.
    """

    def __init__(
        self, contestant: Contestant, task: Mapping[str, Any], *, python: Path, places: Places
    ) -> None:
        self.contestant = contestant
        places.logs.mkdir(parents=True, exist_ok=True)
        self._log = places.logs / f"{task['name']}.log"
        folder = places.work / task["name"]
        folder.mkdir(parents=True, exist_ok=True)
        command = [
            *("env", *ONE_THREAD, str(python), str(HERE / contestant.script)),
            *("--events", str(places.events)),
            *("--folder", str(folder)),
            *("--task", json.dumps(task)),
        ]
        with self._log.open("w", encoding="utf-8") as log:
            self._process = subprocess.Popen(  # noqa: S603  the arguments are this project's own
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=folder,  # a peer leaves its own logs where it stands
            )
        try:
            self.introduction = self._answer()
        except ContestantFailed:
            self.close()
            raise
        self.progress: dict[str, Any] = {"epochs": 0.0, "train_cpu_seconds": 0.0}

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *fault: object) -> None:
        self.close()

    def ask(self, do: str, **values: str | float) -> dict[str, Any]:
        """Send one command and wait for its answer."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"do": do, **values}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._failure() from None
        return self._answer()

    def train(self, cpu_seconds: float) -> dict[str, Any]:
        """Train for so long, at least; the answer is also kept as `progress`."""
        self.progress = self.ask("train", cpu_seconds=cpu_seconds)
        return self.progress

    def close(self) -> None:
        """Let it go; it ends when nobody talks to it any more."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise self._failure()
        return json.loads(line)

    def _failure(self) -> ContestantFailed:
        last = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:]
        return ContestantFailed(f"{self.contestant.label} ended: {' / '.join(last)}")
