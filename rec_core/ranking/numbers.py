"""Putting signals of different kinds on one scale."""

from __future__ import annotations

import numpy as np

_FAR = 3.0
_GROUP = 64


def standardised(values: np.ndarray) -> np.ndarray:
    """(values - mean) / standard deviation, float32; all zeros when nothing varies.

    Beyond three deviations only the logarithm counts (z becomes 3 + log(1 + z - 3)): in a large
    sparse catalog one shared rare fact is 30 deviations out and would drown every wish.
    """
    mean, spread = values.mean(dtype=np.float64), values.std(dtype=np.float64)
    if not values.size or spread <= 1e-12:
        return np.zeros(values.shape, dtype=np.float32)
    scores = values.astype(np.float32)
    scores -= np.float32(mean)
    scores *= np.float32(1.0 / spread)
    far = np.flatnonzero((scores > _FAR) | (scores < -_FAR))
    beyond = scores[far]
    scores[far] = np.sign(beyond) * (_FAR + np.log1p(np.abs(beyond) - _FAR))
    return scores


def percentiles(values: np.ndarray) -> np.ndarray:
    """Share of values that are smaller, plus half of the equal ones, in (0, 1), float32."""
    if not len(values):
        return np.zeros(0, dtype=np.float32)
    ordered = np.sort(values)
    below = np.searchsorted(ordered, values, side="left")
    upto = np.searchsorted(ordered, values, side="right")
    return ((below + upto) / (2.0 * len(values))).astype(np.float32)


def best_rows(scores: np.ndarray, mask: np.ndarray, count: int) -> np.ndarray:
    """Rows under the mask by score, best first, ties by row; at most `count`; int64."""
    if count <= 0:
        return np.zeros(0, dtype=np.int64)
    bound = _lower_bound(scores, mask, count)
    rows = np.flatnonzero(mask if bound is None else mask & (scores >= bound))
    if count < len(rows):
        threshold = np.partition(scores[rows], len(rows) - count)[len(rows) - count]
        rows = rows[scores[rows] >= threshold]
    order = np.lexsort((rows, -scores[rows]))
    return rows[order][:count]


def _lower_bound(scores: np.ndarray, mask: np.ndarray, count: int) -> float | None:
    """A score that at least `count` rows under the mask reach, and few more; None when unknown.

    Of the best rows of many groups, the `count`-th best: looking at these few instead of at all
    rows is what makes a million rows quick.
    """
    n_groups = len(scores) // _GROUP
    if n_groups < 4 * count:
        return None
    allowed = np.where(mask, scores, -np.inf)[: n_groups * _GROUP]
    best = allowed.reshape(_GROUP, n_groups).max(axis=0)
    bound = float(np.partition(best, n_groups - count)[n_groups - count])
    return bound if np.isfinite(bound) else None
