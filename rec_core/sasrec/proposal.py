"""Which items stand in for the whole catalog in a sampled softmax."""

from __future__ import annotations

import numpy as np


class Proposal:
    """Half of the draws evenly over the catalog, half as often as items are next items.

    Frequent items are the hard negatives, the even half bounds the weight of rare ones.

    Args:
        target_counts: (n_items,) how often each item is a next item.
    """

    def __init__(self, target_counts: np.ndarray) -> None:
        shares = target_counts / max(int(target_counts.sum()), 1)
        self.probabilities = 0.5 / len(shares) + 0.5 * shares
        self.probabilities /= self.probabilities.sum()
        self._cumulative = np.cumsum(self.probabilities)

    def draw(self, count: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Sample with replacement.

        Returns:
            ((count,) int64 item rows, (count,) float32 log of the expected number of copies of each).
        """
        places = generator.random(count) * self._cumulative[-1]
        rows = np.searchsorted(self._cumulative, places, side="right")
        rows = np.minimum(rows, len(self._cumulative) - 1)
        return rows, np.log(count * self.probabilities[rows]).astype(np.float32)
