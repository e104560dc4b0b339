"""The seam to whatever keeps vectors."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True, kw_only=True)
class VectorHit:
    """A stored vector near a query; `score` is the cosine."""

    id: str
    score: float


class VectorIndex(Protocol):
    """Unit vectors under string ids.

    Every implementation passes `tests/rec_core/test_vector_index.py`. `close` gives up files and
    memory; the index must not be used afterwards.
    """

    def __len__(self) -> int: ...

    def add(self, ids: Sequence[str], vectors: np.ndarray) -> None:
        """Store vectors (n, d) under ids; an id that is already there gets the new vector."""
        ...

    def delete(self, ids: Sequence[str]) -> None:
        """Forget these ids; unknown ones are ignored."""
        ...

    def query(
        self, vectors: np.ndarray, k: int, mask_ids: Collection[str] | None = None
    ) -> tuple[tuple[VectorHit, ...], ...]:
        """For each query row (n, d): up to k hits, best first.

        `mask_ids` (when not None) are the only ids that may be returned; the mask holds before
        ranking, so k hits come back when k allowed ids are stored.
        """
        ...

    def close(self) -> None:
        """Give up files and memory."""
        ...
