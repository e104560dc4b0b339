"""Trials on disk as they come, so that a run that was killed goes on where it was.

One JSON line a trial, appended and synced, known by all that it depends on. Lines of other agents or
tasks are passed over; half a line at the end, left by a crash, is cut off.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pydantic import BaseModel, ConfigDict, ValidationError

from rec_core import DataError

from .trial import TrialResult

JOURNAL = "trials.jsonl"
_LOCK = ".running"


class TrialKey(BaseModel):
    """All that a trial depends on: the agent, the task with its answers, and the random numbers."""

    model_config = ConfigDict(frozen=True)

    row: str
    agent: str
    suite: str
    task_id: str
    task: str
    seed: int
    trial: int


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True)

    key: TrialKey
    result: TrialResult


class Journal:
    """The trials in a folder; made by `open_journal`.

    Attributes:
        done: What is there.
    """

    def __init__(self, stream: IO[bytes], done: dict[TrialKey, TrialResult]) -> None:
        self.done = done
        self._stream = stream

    def append(self, results: Iterable[tuple[TrialKey, TrialResult]]) -> None:
        """Write trials so that they outlive a crash."""
        added = dict(results)
        lines = [
            _Entry(key=key, result=result).model_dump_json() + "\n" for key, result in added.items()
        ]
        self._stream.write("".join(lines).encode())
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self.done.update(added)


@contextmanager
def open_journal(folder: Path) -> Iterator[Journal]:
    """The journal of a folder, which is made if need be and locked against a second run.

    Raises:
        DataError: Another run is writing there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as fault:
            raise DataError(
                f"Another run is writing to {str(folder)!r}.",
                "Wait for it, or name another folder with --out.",
            ) from fault
        with (folder / JOURNAL).open("ab+") as stream:
            yield Journal(stream, _read(stream))


def _read(stream: IO[bytes]) -> dict[TrialKey, TrialResult]:
    stream.seek(0)
    content = stream.read()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        stream.truncate(len(whole))
    done: dict[TrialKey, TrialResult] = {}
    for line in whole.splitlines():
        try:
            entry = _Entry.model_validate_json(line)
        except ValidationError:
            continue  # damaged lines are done again
        done[entry.key] = entry.result
    return done
