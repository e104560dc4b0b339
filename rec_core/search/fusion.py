"""Joining ranked lists: reciprocal rank fusion."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

RRF_K = 60


def reciprocal_rank_fusion(
    rankings: Mapping[str, np.ndarray], *, rrf_k: int = RRF_K
) -> list[tuple[int, dict[str, float]]]:
    """Fuse rankings of rows into one.

    A row at rank r (from 1) of a list gets 1 / (rrf_k + r) from it; a row's score is the sum over
    the lists (Cormack, Clarke and Büttcher, SIGIR 2009).

    Args:
        rankings: Name of each retriever -> its rows, best first, without repeats.
        rrf_k: Larger values flatten the difference between ranks.

    Returns:
        (row, {name: contribution}) by falling sum; equal sums by row.
    """
    parts: dict[int, dict[str, float]] = {}
    for name, rows in rankings.items():
        for rank, row in enumerate(rows.tolist(), start=1):
            parts.setdefault(row, {})[name] = 1.0 / (rrf_k + rank)
    return sorted(parts.items(), key=lambda entry: (-sum(entry[1].values()), entry[0]))
