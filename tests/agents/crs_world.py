"""Small examples, and rows that need no fitting, for tests of `rapport eval crs`."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

from agents.evaluation.crs import CrsExample, CrsRecommender
from rec_core.dialogue import Utterance

ITEMS = tuple(f"i{number}" for number in range(8))


def example(
    number: int, *, targets: Sequence[str], dialogue: str = "", **given: object
) -> CrsExample:
    values: dict[str, object] = {
        "example_id": f"e{number}",
        "source": "talk",
        "dialogue_id": dialogue or f"talk/d{number}",
        "context": (Utterance(role="user", text=f"message {number}"),),
        "mentioned": (),
        "targets": tuple(targets),
        "file_hash": "file",
    }
    return CrsExample(**(values | given))  # type: ignore[arg-type]


def line(number: int, **changes: object) -> str:
    """A line of a file, with every field that real ones have."""
    record: dict[str, object] = {
        "id": f"e{number}",
        "source": "talk",
        "split": "valid",
        "dialog_id": f"d{number}",
        "turn_index": 2,
        "context": [{"role": "user", "text": f"message {number}"}],
        "mentioned_item_ids": [],
        "target_item_ids": ["i1"],
        "reference_response": "You will like it.",
        "target_feedback": {"i1": {"liked": 1}},
    }
    return json.dumps(record | changes)


def write_lines(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


class Turning:
    """Ranks all items, beginning at a place that the context tells."""

    def __init__(self, name: str, seconds: float = 0.0) -> None:
        self.name = name
        self.seen: list[Sequence[Utterance]] = []
        self._seconds = seconds

    def rank(self, context: Sequence[Utterance], k: int) -> tuple[str, ...]:
        self.seen.append(context)
        time.sleep(self._seconds)
        start = sum(map(len, (said.text for said in context))) % len(ITEMS)
        return (ITEMS[start:] + ITEMS[:start])[:k]


class TurningRows:
    """Two rows without models; a fold's fingerprint is its number."""

    n_items = len(ITEMS)

    def __init__(self, seconds: float = 0.0) -> None:
        self.prepared: list[int] = []
        self._seconds = seconds

    def prepare(self, fold: int) -> None:
        self.prepared.append(fold)

    def fingerprint(self, row: str, fold: int) -> str:
        return f"{row}-{fold}"

    def recommender(self, row: str, fold: int) -> CrsRecommender:
        return Turning(row, self._seconds)
