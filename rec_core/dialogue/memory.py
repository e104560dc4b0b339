"""What other people's dialogues tell: which items are named, together, and after which words.

Kept apart from the catalog: columns are the items that the dialogues name, known by title and
year, so that the same memory serves every catalog that has some of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from ..search.words import words
from .features import Pool
from .identity import dialogue_hash, message_hashes
from .reading import DialogueReading
from .utterances import DialogueExample

if TYPE_CHECKING:
    from ..catalog import Catalog
    from ..types import Item

MEMORY_FEATURES = (
    "named, log",
    "recommended, log",
    "named, root",
    "recommended, root",
    "named together",
    "named together, log",
    "recommended after like words",
)
"""Names of the rows of `DialogueMemory.features`."""

_SPARSE = ("named", "recommended", "answers")
_SHARPNESS = 12.0
_TOGETHER_PRIOR = 3.0
_SIZE_PRIOR = 2.0
_SCALE = 300.0


@dataclass(frozen=True, kw_only=True)
class DialogueMemory:
    """Counts over labelled dialogues.

    Attributes:
        names: (n_columns,) of (folded title, year or -1): the items that the dialogues name.
        named: (n_dialogues, n_columns) sparse 0/1: which dialogue names which item.
        recommended: (n_dialogues, n_columns) sparse counts of recommendations.
        answers: (n_examples, n_columns) sparse 0/1: what each example recommended.
        vectors: (n_examples, d) float32: the seeker's messages before it, as vectors.
        dialogue_of: (n_examples,) which dialogue an example is of.
        dialogue_codes: Hash of each dialogue's id.
        message_codes: Hashes of the seekers' longer messages.
    """

    names: tuple[tuple[str, int], ...]
    named: sparse.csr_array
    recommended: sparse.csr_array
    answers: sparse.csr_array
    vectors: np.ndarray
    dialogue_of: np.ndarray
    dialogue_codes: tuple[str, ...]
    message_codes: frozenset[str]

    def features(
        self,
        reading: DialogueReading,
        vector: np.ndarray,
        pool: Pool,
        rows: np.ndarray,
        *,
        leave_out: int | None = None,
    ) -> np.ndarray:
        """How the dialogues speak for each item of the pool: (len(MEMORY_FEATURES), n_pool) float32.

        Args:
            reading: The dialogue at hand.
            vector: (d,) the seeker's messages as a vector.
            pool: The items to be scored.
            rows: (n_columns,) the catalog row of each column, -1 where the catalog lacks it.
            leave_out: A dialogue of this memory to forget, while the model is fitted on it.
        """
        columns = self._columns(reading, vector, rows, leave_out)
        places = np.where(rows >= 0, pool.place_of[rows], -1)
        found = np.zeros((len(MEMORY_FEATURES), len(pool)), dtype=np.float32)
        found[:, places[places >= 0]] = columns[:, places >= 0]
        return found

    def _columns(
        self,
        reading: DialogueReading,
        vector: np.ndarray,
        rows: np.ndarray,
        leave_out: int | None,
    ) -> np.ndarray:
        named, recommended = self._named_counts.copy(), self._recommended_counts.copy()
        if leave_out is not None:
            named -= self.named[[leave_out]].toarray()[0]
            recommended -= self.recommended[[leave_out]].toarray()[0]
        together = self._together(reading, rows, leave_out)
        return np.stack(
            [
                np.log1p(named),
                np.log1p(recommended),
                np.sqrt(named),
                np.sqrt(recommended),
                together / np.sqrt(named + _TOGETHER_PRIOR),
                np.log1p(_TOGETHER_PRIOR * together),
                np.log1p(_SCALE * self._after_like_words(vector, leave_out)),
            ]
        )

    def _together(
        self, reading: DialogueReading, rows: np.ndarray, leave_out: int | None
    ) -> np.ndarray:
        """Sum over dialogues that share mentions: rare shared ones and short dialogues weigh more."""
        mentioned = np.flatnonzero(np.isin(rows, [mention.row for mention in reading.mentions]))
        if not len(mentioned):
            return np.zeros(len(self.names))
        shared = self._named_by_column[:, mentioned].toarray()
        weights = (shared / np.sqrt(np.maximum(shared.sum(axis=0), 1))).sum(axis=1)
        weights /= np.sqrt(self._sizes + _SIZE_PRIOR)
        if leave_out is not None:
            weights[leave_out] = 0.0
        return np.asarray(weights @ self.named).ravel()

    def _after_like_words(self, vector: np.ndarray, leave_out: int | None) -> np.ndarray:
        """Share of like-worded examples, softly the nearest, that recommended each column."""
        if not len(self.vectors) or self.vectors.shape[1] != len(vector):
            return np.zeros(len(self.names))
        likeness = self.vectors @ vector
        weights = np.exp(_SHARPNESS * (likeness - likeness.max()))
        if leave_out is not None:
            weights[self.dialogue_of == leave_out] = 0.0
        return np.asarray(weights @ self.answers).ravel() / max(float(weights.sum()), 1e-9)

    @cached_property
    def _named_counts(self) -> np.ndarray:
        return np.asarray(self.named.sum(axis=0), dtype=np.float64).ravel()

    @cached_property
    def _recommended_counts(self) -> np.ndarray:
        return np.asarray(self.recommended.sum(axis=0), dtype=np.float64).ravel()

    @cached_property
    def _sizes(self) -> np.ndarray:
        return np.asarray(self.named.sum(axis=1), dtype=np.float64).ravel()

    @cached_property
    def _named_by_column(self) -> sparse.csc_array:
        return sparse.csc_array(self.named)

    def rows_in(self, catalog: Catalog) -> np.ndarray:
        """(n_columns,) the row of each column's item; -1 where the catalog lacks it."""
        row_of: dict[tuple[str, int], int] = {}
        for row, item in enumerate(catalog):
            row_of.setdefault(name_of(item), row)
        return np.array([row_of.get(name, -1) for name in self.names], dtype=np.int64)

    def tensors(self) -> dict[str, np.ndarray]:
        """The arrays to save."""
        found = {"vectors": self.vectors, "dialogue_of": self.dialogue_of}
        for name in _SPARSE:
            matrix = sparse.csr_array(getattr(self, name))
            found[f"{name}.indptr"] = matrix.indptr.astype(np.int64)
            found[f"{name}.indices"] = matrix.indices.astype(np.int32)
            found[f"{name}.data"] = matrix.data
        return found

    @classmethod
    def from_tensors(
        cls,
        tensors: Mapping[str, np.ndarray],
        *,
        names: tuple[tuple[str, int], ...],
        dialogue_codes: tuple[str, ...],
        message_codes: frozenset[str],
    ) -> DialogueMemory:
        """The counterpart of `tensors`. Raises KeyError or ValueError when parts do not fit."""
        matrices = {
            name: sparse.csr_array(
                tuple(tensors[f"{name}.{part}"] for part in ("data", "indices", "indptr")),
                shape=(len(tensors[f"{name}.indptr"]) - 1, len(names)),
            )
            for name in _SPARSE
        }
        return cls(
            names=names,
            dialogue_codes=dialogue_codes,
            message_codes=message_codes,
            vectors=np.asarray(tensors["vectors"], dtype=np.float32),
            dialogue_of=tensors["dialogue_of"],
            **matrices,
        )


def name_of(item: Item) -> tuple[str, int]:
    """What an item is known by across catalogs: its folded title and its year, -1 when unknown."""
    return " ".join(words(item.title)), -1 if item.year is None else item.year


def remember_dialogues(
    catalog: Catalog,
    examples: Sequence[DialogueExample],
    mentioned: Sequence[Sequence[int]],
    vectors: np.ndarray,
) -> DialogueMemory:
    """Count over labelled dialogues.

    Args:
        catalog: Where the examples' ids belong; ids that it lacks are passed over.
        examples: Labelled turns; those of one dialogue share its id.
        mentioned: For each example the rows that its context names.
        vectors: (n_examples, d) the seeker's messages before each, as vectors.
    """
    dialogue_ids = list(dict.fromkeys(example.dialogue_id for example in examples))
    place = {name: number for number, name in enumerate(dialogue_ids)}
    targets = [catalog.ids.known_rows(example.target_ids) for example in examples]
    everything = [*mentioned, *targets]
    known = sorted({int(row) for rows in everything for row in rows})
    column = {row: number for number, row in enumerate(known)}
    of = np.array([place[example.dialogue_id] for example in examples], dtype=np.int64)
    shape = (len(dialogue_ids), len(known))
    named = _counts([*of, *of], [[column[int(r)] for r in rows] for rows in everything], shape)
    named.data[:] = 1.0
    answers = [[column[int(row)] for row in rows] for rows in targets]
    return DialogueMemory(
        names=tuple(name_of(catalog.at(row)) for row in known),
        named=named,
        recommended=_counts(of, answers, shape),
        answers=_counts(range(len(examples)), answers, (len(examples), len(known))),
        vectors=np.asarray(vectors, dtype=np.float32),
        dialogue_of=of,
        dialogue_codes=tuple(dialogue_hash(name) for name in dialogue_ids),
        message_codes=frozenset(
            code for example in examples for code in message_hashes(example.context)
        ),
    )


def _counts(
    lines: Iterable[int], columns: Sequence[Sequence[int]], shape: tuple[int, int]
) -> sparse.csr_array:
    """How often each line has each column: float32."""
    pairs = [(line, one) for line, some in zip(lines, columns, strict=True) for one in some]
    first, second = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return sparse.csr_array((np.ones(len(pairs), dtype=np.float32), (first, second)), shape=shape)
