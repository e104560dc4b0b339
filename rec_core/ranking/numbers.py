"""Putting signals of different kinds on one scale."""

from __future__ import annotations

import numpy as np

_FAR = 3.0


def standardised(values: np.ndarray) -> np.ndarray:
    """(values - mean) / standard deviation, float32; all zeros when nothing varies.

    Beyond three deviations only the logarithm counts (z becomes 3 + log(1 + z - 3)): in a large
    sparse catalog one shared rare fact is 30 deviations out and would drown every wish.
    """
    spread = float(values.std())
    if spread <= 1e-12:
        return np.zeros(values.shape, dtype=np.float32)
    scores = (values - values.mean()) / spread
    far = np.log1p(np.maximum(np.abs(scores) - _FAR, 0.0))
    return (np.clip(scores, -_FAR, _FAR) + np.sign(scores) * far).astype(np.float32)


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
    rows = np.flatnonzero(mask)
    if 0 < count < len(rows):
        threshold = np.partition(scores[rows], len(rows) - count)[len(rows) - count]
        rows = rows[scores[rows] >= threshold]
    order = np.lexsort((rows, -scores[rows]))
    return rows[order][:count]
