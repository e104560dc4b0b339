"""Joining ranked lists: reciprocal rank fusion."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

RRF_K = 60


def reciprocal_rank_fusion(
    rankings: Mapping[str, np.ndarray],
    *,
    rrf_k: int = RRF_K,
    weights: Mapping[str, float] | None = None,
) -> list[tuple[int, dict[str, float]]]:
    """Fuse rankings of rows into one.

    A row at rank r (from 1) of a list gets weight / (rrf_k + r) from it; a row's score is the sum
    over the lists (Cormack, Clarke and Büttcher, SIGIR 2009, who know no weights: all are 1).

    Args:
        rankings: Name of each retriever -> its rows, best first, without repeats.
        rrf_k: Larger values flatten the difference between ranks.
        weights: Name of a list -> how much it counts; 1 for a list not named.

    Returns:
        (row, {name: contribution}) by falling sum; equal sums by row.
    """
    parts: dict[int, dict[str, float]] = {}
    for name, rows in rankings.items():
        weight = 1.0 if weights is None else weights.get(name, 1.0)
        for rank, row in enumerate(rows.tolist(), start=1):
            parts.setdefault(row, {})[name] = weight / (rrf_k + rank)
    return sorted(parts.items(), key=lambda entry: (-sum(entry[1].values()), entry[0]))
