"""Popularity: the same list for everybody. The row that every other row must beat."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..interactions import Interactions


class Popularity:
    """Scores every item by its number of interactions, whatever the history."""

    def __init__(self, item_counts: np.ndarray) -> None:
        self._counts = np.asarray(item_counts, dtype=np.float32)

    @classmethod
    def fit(cls, interactions: Interactions) -> Popularity:
        """Count the interactions of each item."""
        return cls(interactions.item_counts)

    def score(self, histories: Sequence[np.ndarray]) -> np.ndarray:
        """(n_histories, n_items) float32, every row the same."""
        return np.tile(self._counts, (len(histories), 1))
