"""Maximal marginal relevance: a slate whose items are not all the same."""

from __future__ import annotations

import numpy as np


def diversify(
    relevance: np.ndarray, similarity: np.ndarray, *, count: int, diversity: float
) -> list[int]:
    """Choose places of a candidate list one by one (Carbonell and Goldstein, SIGIR 1998).

    Each step takes the candidate with the highest
    (1 - diversity) * relevance - diversity * (highest similarity to those taken).

    Args:
        relevance: (n,) scores, any scale; brought to [0, 1] here.
        similarity: (n, n), in [0, 1].
        count: How many to take.
        diversity: 0 keeps the order by relevance.

    Returns:
        Indices into the candidates; ties go to the earlier one.
    """
    n = len(relevance)
    count = min(count, n)
    spread = float(relevance.max() - relevance.min()) if n else 0.0
    scaled = (relevance - relevance.min()) / spread if spread > 0 else np.zeros(n)
    closest = np.zeros(n)
    open_places = np.ones(n, dtype=bool)
    taken: list[int] = []
    for _ in range(count):
        gain = np.where(open_places, (1.0 - diversity) * scaled - diversity * closest, -np.inf)
        place = int(np.argmax(gain))
        taken.append(place)
        open_places[place] = False
        closest = np.maximum(closest, similarity[place])
    return taken
