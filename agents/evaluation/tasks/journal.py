"""Trials on disk as they come, so that a run that was killed goes on where it was.

One JSON line a trial, appended and synced, known by all that it depends on. Lines of other agents or
tasks are passed over; half a line at the end, left by a crash, is cut off.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from ..lines import LineFile, open_lines
from .trial import TrialResult

JOURNAL = "trials.jsonl"


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

    def __init__(self, file: LineFile) -> None:
        self.done = _read(file.lines)
        self._file = file

    def append(self, results: Iterable[tuple[TrialKey, TrialResult]]) -> None:
        """Write trials so that they outlive a crash."""
        added = dict(results)
        self._file.append(
            _Entry(key=key, result=result).model_dump_json() for key, result in added.items()
        )
        self.done.update(added)


@contextmanager
def open_journal(folder: Path) -> Iterator[Journal]:
    """The journal of a folder, which is made if need be and locked against a second run.

    Raises:
        DataError: Another run is writing there.
    """
    with open_lines(folder / JOURNAL) as file:
        yield Journal(file)


def _read(lines: Iterable[bytes]) -> dict[TrialKey, TrialResult]:
    done: dict[TrialKey, TrialResult] = {}
    for line in lines:
        try:
            entry = _Entry.model_validate_json(line)
        except ValidationError:
            continue  # damaged lines are done again
        done[entry.key] = entry.result
    return done
