"""Results on disk as they come: a run that was killed goes on where it was.

One JSON line for each example and row, appended and synced. A line is known by what it depends on:
example, row, fingerprint of the model and hash of the examples' file. Lines of other models or files
are passed over; half a line at the end, left by a crash, is cut off.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from ..lines import LineFile, open_lines
from .examples import CrsExample
from .scoring import ExampleScore

JOURNAL = "per_example.jsonl"


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

    def __init__(self, file: LineFile) -> None:
        self.done = _read(file.lines)
        self._file = file

    def append(self, results: Iterable[tuple[ResultKey, ExampleScore]]) -> None:
        """Write results so that they outlive a crash."""
        added = dict(results)
        self._file.append(map(_line, added, added.values()))
        self.done.update(added)

    def finish(self, keys: Iterable[ResultKey], examples: Mapping[str, CrsExample]) -> None:
        """Replace the file by these results, in this order, with source and dialogue beside them."""
        self._file.finish(
            _line(key, self.done[key], _about(examples[key.example_id])) for key in keys
        )


@contextmanager
def open_journal(folder: Path) -> Iterator[Journal]:
    """The journal of a folder, which is made if need be and locked against a second run.

    Raises:
        DataError: Another run is writing there.
    """
    with open_lines(folder / JOURNAL) as file:
        yield Journal(file)


def _read(lines: Iterable[bytes]) -> dict[ResultKey, ExampleScore]:
    done: dict[ResultKey, ExampleScore] = {}
    for line in lines:
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


def _about(example: CrsExample) -> dict[str, str]:
    return {"source": example.source, "dialogue": example.dialogue_id}


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
    return json.dumps(record, ensure_ascii=False)
