"""Exact search in memory: mask first, then score. Recall 1; fast enough to a million rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from ..top_k import ItemMatrix, TopK, top_k
from .vector_index import VectorHit


class ExactIndex:
    """A `VectorIndex` in memory. Ties are broken by the order in which ids were first added.

    Adding costs amortised time in proportion to what is added; deleting copies what stays.
    """

    def __init__(self, dimension: int) -> None:
        self._dimension = dimension
        self._rows: dict[str, int] = {}
        self._ids: list[str] = []
        self._matrix = ItemMatrix(np.zeros((0, dimension), dtype=np.float32))

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, ids: Sequence[str], vectors: np.ndarray) -> None:
        """Store vectors (n, d) under ids; replaces what an id had.

        Raises:
            ValueError: When shapes do not fit or a number is not finite; nothing is stored then.
        """
        vectors = checked_vectors(ids, vectors, self._dimension)
        last = {id_: position for position, id_ in enumerate(ids)}
        old = [id_ for id_ in last if id_ in self._rows]
        new = [id_ for id_ in last if id_ not in self._rows]
        if old:
            rows = np.array([self._rows[id_] for id_ in old], dtype=np.int64)
            self._matrix.replace(rows, vectors[[last[id_] for id_ in old]])
        if new:
            self._matrix.append(vectors[[last[id_] for id_ in new]])
            self._rows.update(zip(new, range(len(self._ids), len(self._matrix)), strict=True))
            self._ids.extend(new)

    def delete(self, ids: Sequence[str]) -> None:
        """Forget these ids; unknown ones are ignored."""
        gone = {id_ for id_ in ids if id_ in self._rows}
        if not gone:
            return
        kept = [row for row, id_ in enumerate(self._ids) if id_ not in gone]
        self._matrix.keep(np.array(kept, dtype=np.int64))
        self._ids = [self._ids[row] for row in kept]
        self._rows = {id_: row for row, id_ in enumerate(self._ids)}

    def query(
        self, vectors: np.ndarray, k: int, mask_ids: Collection[str] | None = None
    ) -> tuple[tuple[VectorHit, ...], ...]:
        """For each query row: up to k hits, best first."""
        allowed = None
        if mask_ids is not None:
            allowed = np.zeros(len(self._ids), dtype=bool)
            allowed[[self._rows[id_] for id_ in mask_ids if id_ in self._rows]] = True
        queries = np.atleast_2d(np.asarray(vectors, dtype=np.float32))
        best = top_k(queries, self._matrix, min(max(k, 0), len(self._ids)), allowed=allowed)
        return hits_of(best, self._ids)

    def close(self) -> None:
        """Nothing to give up."""


def checked_vectors(ids: Sequence[str], vectors: np.ndarray, dimension: int) -> np.ndarray:
    """Vectors (n, d) as float32, when there is a finite one for each id; else ValueError."""
    vectors = np.asarray(vectors, dtype=np.float32)
    if vectors.shape != (len(ids), dimension):
        raise ValueError(f"expected {(len(ids), dimension)}, got {vectors.shape}")
    if not np.isfinite(vectors).all():
        raise ValueError("vectors must be finite")
    return vectors


def hits_of(best: TopK, ids: list[str]) -> tuple[tuple[VectorHit, ...], ...]:
    """Rows as hits, without the rows that are missing."""
    return tuple(
        tuple(
            VectorHit(id=ids[row], score=score)
            for row, score in zip(rows, scores, strict=True)
            if row >= 0
        )
        for rows, scores in zip(best.rows.tolist(), best.scores.tolist(), strict=True)
    )


def top_rows(scores: np.ndarray, k: int, mask: np.ndarray | None = None) -> np.ndarray:
    """Rows of the k highest scores among those allowed, best first; equal scores by row.

    Args:
        scores: (n,) numbers.
        k: How many at most.
        mask: (n,) bool, the rows that may be returned; None allows all.
    """
    rows = np.arange(len(scores)) if mask is None else np.flatnonzero(mask)
    if k <= 0 or not len(rows):
        return rows[:0]
    allowed = scores[rows]
    if k < len(rows):
        # everything that ties with the k-th best stays in, so that the cut is by row
        bound = np.partition(allowed, len(rows) - k)[len(rows) - k]
        keep = allowed >= bound
        rows, allowed = rows[keep], allowed[keep]
    return rows[np.argsort(-allowed, kind="stable")][:k]
