"""Exact search in memory: mask first, then score. Recall 1; fast enough to a million rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from .vector_index import VectorHit


class ExactIndex:
    """A `VectorIndex` in memory. Ties are broken by the order in which ids were first added."""

    def __init__(self, dimension: int) -> None:
        self._dimension = dimension
        self._rows: dict[str, int] = {}
        self._vectors = np.zeros((0, dimension), dtype=np.float32)

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, ids: Sequence[str], vectors: np.ndarray) -> None:
        """Store vectors (n, d) under ids; replaces what an id had."""
        vectors = np.asarray(vectors, dtype=np.float32)
        if vectors.shape != (len(ids), self._dimension):
            raise ValueError(f"expected {(len(ids), self._dimension)}, got {vectors.shape}")
        for id_ in ids:
            self._rows.setdefault(id_, len(self._rows))
        grown = np.zeros((len(self._rows), self._dimension), dtype=np.float32)
        grown[: len(self._vectors)] = self._vectors
        for id_, vector in zip(ids, vectors, strict=True):
            grown[self._rows[id_]] = vector
        self._vectors = grown

    def delete(self, ids: Sequence[str]) -> None:
        """Forget these ids; unknown ones are ignored."""
        gone = set(ids)
        kept = [(id_, row) for id_, row in self._rows.items() if id_ not in gone]
        self._vectors = self._vectors[[row for _, row in kept]]
        self._rows = {id_: row for row, (id_, _) in enumerate(kept)}

    def query(
        self, vectors: np.ndarray, k: int, mask_ids: Collection[str] | None = None
    ) -> tuple[tuple[VectorHit, ...], ...]:
        """For each query row: up to k hits, best first."""
        mask = np.ones(len(self._rows), dtype=bool)
        if mask_ids is not None:
            mask[:] = False
            mask[[self._rows[id_] for id_ in mask_ids if id_ in self._rows]] = True
        ids = tuple(self._rows)
        results = []
        for vector in np.atleast_2d(vectors):
            scores = self._vectors @ np.asarray(vector, dtype=np.float32)
            top = top_rows(scores, k, mask)
            results.append(tuple(VectorHit(id=ids[row], score=float(scores[row])) for row in top))
        return tuple(results)

    def close(self) -> None:
        """Nothing to give up."""


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
