"""Results on disk as they come: a run that was killed goes on where it was.

One JSON line for each example and row, appended and synced. A line is known by what it depends on:
example, row, fingerprint of the model and hash of the examples' file. Lines of other models or files
are passed over; half a line at the end, left by a crash, is cut off.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pydantic import BaseModel, ConfigDict, ValidationError

from rec_core import DataError, atomic_file

from .examples import CrsExample
from .scoring import ExampleScore

JOURNAL = "per_example.jsonl"
_LOCK = ".running"


@dataclass(frozen=True, kw_only=True)
class ResultKey:
    """All that a result depends on."""

    example_id: str
    row: str
    model: str
    file: str


class _Entry(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: str
    row: str
    model: str
    file: str
    ranks: list[int | None]
    seconds: float
    tokens: int


class Journal:
    """The results in a folder; made by `open_journal`.

    Attributes:
        done: What is there, by what it depends on.
    """

    def __init__(self, path: Path, stream: IO[bytes], done: dict[ResultKey, ExampleScore]) -> None:
        self.done: dict[ResultKey, ExampleScore] = done
        self._path = path
        self._stream = stream

    def append(self, results: Iterable[tuple[ResultKey, ExampleScore]]) -> None:
        """Write results so that they outlive a crash."""
        added = dict(results)
        self._stream.write("".join(map(_line, added, added.values())).encode())
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self.done.update(added)

    def finish(self, keys: Iterable[ResultKey], examples: Mapping[str, CrsExample]) -> None:
        """Replace the file by these results, in this order, with source and dialogue beside them."""
        with atomic_file(self._path) as temporary, temporary.open("w", encoding="utf-8") as stream:
            for key in keys:
                example = examples[key.example_id]
                about = {"source": example.source, "dialogue": example.dialogue_id}
                stream.write(_line(key, self.done[key], about))


@contextmanager
def open_journal(folder: Path) -> Iterator[Journal]:
    """The journal of a folder, which is made if need be and locked against a second run.

    Raises:
        DataError: Another run is writing there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / JOURNAL
    with (folder / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as fault:
            raise DataError(
                f"Another run is writing to {str(folder)!r}.",
                "Wait for it, or name another folder with --out.",
            ) from fault
        with path.open("ab+") as stream:
            yield Journal(path, stream, _read(stream))


def _read(stream: IO[bytes]) -> dict[ResultKey, ExampleScore]:
    stream.seek(0)
    content = stream.read()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        stream.truncate(len(whole))
    done: dict[ResultKey, ExampleScore] = {}
    for line in whole.splitlines():
        try:
            entry = _Entry.model_validate_json(line)
        except ValidationError:
            continue  # damaged lines are scored again
        key = ResultKey(example_id=entry.id, row=entry.row, model=entry.model, file=entry.file)
        done[key] = ExampleScore(
            example_id=entry.id,
            row=entry.row,
            ranks=tuple(entry.ranks),
            seconds=entry.seconds,
            tokens=entry.tokens,
        )
    return done


def _line(key: ResultKey, score: ExampleScore, about: Mapping[str, str] | None = None) -> str:
    record = {
        "id": key.example_id,
        "row": key.row,
        **(about or {}),
        "ranks": list(score.ranks),
        "seconds": score.seconds,
        "tokens": score.tokens,
        "model": key.model,
        "file": key.file,
    }
    return json.dumps(record, ensure_ascii=False) + "\n"
