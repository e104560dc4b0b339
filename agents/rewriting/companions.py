"""Which films people name and recommend together, counted over dialogues: what a rewriter chooses from.

A small model knows few films and recalls them badly; choosing among titles that stand before it is
what it can learn. The counts are kept beside the adapter that was trained with them, by title and
year, so that they serve every catalog that has some of these films.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from rec_core import ArtifactError, Catalog
from rec_core.dialogue import dialogue_hash, name_of
from rec_core.search.words import stems

from .additions import SHOWN_COMPANIONS, addition_messages

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from rec_core import Item

    from .facts import FactFinder, Facts
    from .tasks import RewriteTask

COMPANIONS_FILE = "companions.json"
_SMOOTHING = 3.0
_GENRE_WEIGHT = 0.05
_COUNT_POWER = 0.7
_MANY_GENRES = 0.3
_FEWEST = 3
"""A film must have been recommended in that many other dialogues to be proposed for a genre."""


@dataclass(frozen=True, kw_only=True)
class CountedDialogue:
    """A dialogue as far as it is counted.

    Attributes:
        code: Hash of its id, by which it is left out of its own counts.
        named: Rows of all films in it, recommended ones too.
        recommended: Rows of those that were recommended.
    """

    code: str
    named: frozenset[int]
    recommended: frozenset[int]


class Companions:
    """Films that go with a conversation, by the counts of other people's dialogues.

    Args:
        catalog: Rows are its.
        dialogues: What is counted.
    """

    def __init__(self, catalog: Catalog, dialogues: Sequence[CountedDialogue]) -> None:
        self._catalog = catalog
        self._dialogues = tuple(dialogues)
        self._place = {one.code: place for place, one in enumerate(self._dialogues)}
        shape = (len(self._dialogues), len(catalog))
        self._named = _counts([one.named for one in self._dialogues], shape)
        self._recommended = _counts([one.recommended for one in self._dialogues], shape)
        self._dialogues_of = sparse.csc_array(self._named)
        self._times_named = np.asarray(self._named.sum(axis=0)).ravel()
        self._times_recommended = np.asarray(self._recommended.sum(axis=0)).ravel()

    @classmethod
    def over(cls, tasks: Sequence[RewriteTask], finder: FactFinder) -> Companions:
        """Counted over tasks; those of one group are one dialogue.

        Args:
            tasks: The training part; nothing else is counted.
            finder: Facts about the films named.
        """
        named: dict[str, set[int]] = defaultdict(set)
        recommended: dict[str, set[int]] = defaultdict(set)
        for task in tasks:
            targets = {finder.catalog.row(item) for item in task.targets if item in finder.catalog}
            films = {film.row for film in finder.facts(task.context).films}
            recommended[task.group_id] |= targets
            named[task.group_id] |= targets | films
        return cls(
            finder.catalog,
            [
                CountedDialogue(
                    code=dialogue_hash(group),
                    named=frozenset(rows),
                    recommended=frozenset(recommended[group]),
                )
                for group, rows in named.items()
            ],
        )

    def likely(self, facts: Facts, count: int, *, without: str = "") -> tuple[int, ...]:
        """Rows of the likeliest films, best first, ties by row; none that the conversation names.

        Args:
            facts: Of the conversation.
            count: At most so many.
            without: A group whose own dialogue is left out of the counts.
        """
        scores = self.scores(facts, without=without)
        best = np.lexsort((np.arange(len(scores)), -scores))[:count]
        return tuple(int(row) for row in best if scores[row] > 0)

    def shown(self, facts: Facts, *, without: str = "") -> tuple[Item, ...]:
        """The items that a model is shown to choose from; as `likely`."""
        return tuple(map(self._catalog.at, self.likely(facts, SHOWN_COMPANIONS, without=without)))

    def scores(self, facts: Facts, *, without: str = "") -> np.ndarray:
        """(n_items,) float64: how much speaks for each item; 0 for those that the conversation names."""
        out = self._place.get(dialogue_hash(without)) if without else None
        rows = [film.row for film in facts.films]
        shared = np.asarray(self._dialogues_of[:, rows].sum(axis=1)).ravel()
        if out is not None:
            shared[out] = 0.0
        beside = np.asarray(shared @ self._named).ravel()
        scores = beside / np.sqrt(self._times_named + _SMOOTHING)
        scores += _GENRE_WEIGHT * self._fit(facts) * self._often(out) ** _COUNT_POWER
        scores[rows] = 0.0
        return scores

    def save(self, folder: Path) -> Path:
        """Write `companions.json` into a folder; its path."""
        rows = sorted({row for one in self._dialogues for row in one.named})
        column = {row: number for number, row in enumerate(rows)}
        content = {
            "films": [list(name_of(self._catalog.at(row))) for row in rows],
            "dialogues": [
                [
                    one.code,
                    sorted(column[row] for row in one.named - one.recommended),
                    sorted(column[row] for row in one.recommended),
                ]
                for one in self._dialogues
            ],
        }
        path = folder / COMPANIONS_FILE
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        path.write_text(text + "\n", encoding="utf-8")
        return path

    @classmethod
    def load(cls, folder: Path, catalog: Catalog) -> Companions:
        """What `save` wrote, over any catalog; films that it lacks are passed over.

        Raises:
            ArtifactError: The file is missing or damaged.
        """
        row_of = {name_of(item): row for row, item in reversed(list(enumerate(catalog)))}
        path = folder / COMPANIONS_FILE
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            rows = [row_of.get((str(title), int(year)), -1) for title, year in content["films"]]
            dialogues = [
                CountedDialogue(
                    code=str(code),
                    named=frozenset(rows[one] for one in (*beside, *wanted)) - {-1},
                    recommended=frozenset(rows[one] for one in wanted) - {-1},
                )
                for code, beside, wanted in content["dialogues"]
            ]
        except (OSError, ValueError, KeyError, TypeError, IndexError) as fault:
            raise ArtifactError(
                f"The adapter in {str(folder)!r} has no readable {COMPANIONS_FILE}, from which its "
                "model chooses.",
                "Train it again with `rapport tune rewriter`, or name another folder.",
            ) from fault
        return cls(catalog, dialogues)

    def _often(self, out: int | None) -> np.ndarray:
        """(n_items,) other dialogues that recommend an item; 0 below the fewest that count."""
        times = self._times_recommended
        if out is not None:
            times = times - self._recommended[[out]].toarray()[0]
        return np.where(times >= _FEWEST, times, 0.0)

    def _fit(self, facts: Facts) -> np.ndarray:
        """(n_items,) how well the genres of an item fit those wished for; a half where none is."""
        genres, has = self._catalog.genres, self._catalog.genre_matrix
        asked = set(facts.reading.genres_all)
        wished = np.array([float(set(stems(genre)) <= asked) for genre in genres])
        films = [film.row for film in facts.films if film.feeling >= 0]
        if films:
            wished += has[films].mean(axis=0)
        if not wished.any():
            return np.full(len(self._catalog), 0.5)
        return (has @ wished) / (1.0 + _MANY_GENRES * has.sum(axis=1))


def addition_prompt(
    task: RewriteTask, finder: FactFinder, companions: Companions
) -> list[BaseMessage]:
    """What a tuned model is shown of a task; its own dialogue is not among those counted."""
    facts = finder.facts(task.context)
    return addition_messages(task, facts, companions.shown(facts, without=task.group_id))


def _counts(groups: Sequence[frozenset[int]], shape: tuple[int, int]) -> sparse.csr_array:
    pairs = [(line, row) for line, rows in enumerate(groups) for row in sorted(rows)]
    lines, columns = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return sparse.csr_array((np.ones(len(pairs)), (lines, columns)), shape=shape)
