"""The recommenders that `rapport eval crs` compares.

The ranker of each fold is kept in the folder of the run, so that every process loads it and a run
that was cut off does not fit it again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from agents.evaluation.crs import (
    SHIPPED,
    Assignment,
    ContextScorer,
    CrsExample,
    CrsRecommender,
    ItemsOnly,
    KeywordScorer,
    PopularityScorer,
    ScoredRecommender,
    SharedFeatureScorer,
    training_part,
)
from rec_core import RunOptions

from .crs_parts import CatalogParts, digest

if TYPE_CHECKING:
    from rec_core.dialogue import DialogueRanker

ROWS = ("rapport", "popularity", "bm25", "bm25_mentions", "items_only")
_UNLEARNED = ("popularity", "bm25")


def shipped_ranker(parts: CatalogParts) -> DialogueRanker:
    """The ranker as it ships, for a catalog."""
    from rec_core.dialogue import shipped_dialogue_ranker

    return shipped_dialogue_ranker(parts.catalog, knowledge=parts.knowledge)


class DialogueRows:
    """Makes the recommender of every row; picklable, and each process loads its own parts.

    Args:
        parts: Of the catalog.
        examples: All examples of the run, for fitting the folds.
        assignment: Which example is in which fold.
        seed: Of fitting.
    """

    def __init__(
        self,
        parts: CatalogParts,
        examples: Sequence[CrsExample],
        assignment: Assignment,
        seed: int,
    ) -> None:
        self._parts = parts
        self._examples = examples
        self._assignment = assignment
        self._seed = seed
        self._loaded: tuple[int, DialogueRanker] | None = None
        self._fingerprints: dict[int, str] = {}

    def __reduce__(self) -> tuple[type[DialogueRows], tuple[object, ...]]:
        return type(self), (self._parts, self._examples, self._assignment, self._seed)

    @property
    def n_items(self) -> int:
        """Size of the catalog."""
        return len(self._parts.catalog)

    def prepare(self, fold: int) -> None:
        """Fit the ranker of a fold unless it is there."""
        from rec_core.dialogue import fit_dialogue_ranker

        folder = self._fold_folder(fold)
        if fold == SHIPPED or folder.is_dir():
            return
        ranker = fit_dialogue_ranker(
            self._parts.catalog,
            training_part(self._examples, self._assignment, fold),
            generator=RunOptions(seed=self._seed).generator(f"crs fold {fold}"),
            knowledge=self._parts.knowledge,
        )
        ranker.save(folder)

    def fingerprint(self, row: str, fold: int) -> str:
        """Of catalog, code and counts; for rows that have one also of the fitted ranker."""
        learned = "" if row in _UNLEARNED else self._learned(fold)
        return digest(row, self._parts.fingerprint, learned)

    def _learned(self, fold: int) -> str:
        """Of a ranker; a saved one is not loaded for it."""
        if fold not in self._fingerprints:
            if fold == SHIPPED:
                self._fingerprints[fold] = self.ranker(fold).fingerprint
            else:
                files = sorted(self._fold_folder(fold).rglob("*"))
                content = b"".join(path.read_bytes() for path in files if path.is_file())
                self._fingerprints[fold] = hashlib.sha256(content).hexdigest()
        return self._fingerprints[fold]

    def recommender(self, row: str, fold: int) -> CrsRecommender:
        """The recommender of a row; KeyError for a row that does not exist."""
        parts, counts = self._parts, self._parts.counts
        made: dict[str, Callable[[], ContextScorer]] = {
            "rapport": lambda: self.ranker(fold),
            "popularity": lambda: PopularityScorer(counts),
            "bm25": lambda: KeywordScorer(parts.keywords.scores, counts),
            "bm25_mentions": lambda: SharedFeatureScorer(
                parts.features, self.ranker(fold).mentions, counts
            ),
            "items_only": lambda: ItemsOnly(
                parts.catalog, self.ranker(fold), self.ranker(fold).mentions
            ),
        }
        return ScoredRecommender(row, parts.catalog, made[row]())

    def ranker(self, fold: int) -> DialogueRanker:
        """The ranker of a fold, or the shipped one; one is kept in memory."""
        from rec_core.dialogue import DialogueRanker

        if self._loaded is None or self._loaded[0] != fold:
            self._loaded = None
            made = (
                shipped_ranker(self._parts)
                if fold == SHIPPED
                else DialogueRanker.load(
                    self._fold_folder(fold), self._parts.catalog, knowledge=self._parts.knowledge
                )
            )
            self._loaded = (fold, made)
        return self._loaded[1]

    def _fold_folder(self, fold: int) -> Path:
        files = sorted({example.file_hash for example in self._examples})
        about = digest(self._parts.fingerprint, *files, *self._of_fold(fold))[:16]
        name = f"fold-{fold}-of-{self._assignment.n_folds}-seed-{self._seed}-{about}"
        return self._parts.folder / name

    def _of_fold(self, fold: int) -> list[str]:
        return sorted(name for name, place in self._assignment.fold_of.items() if place == fold)
