"""Full-catalog ranking metrics; pure functions on arrays.

Tie rule (`TIE_POLICY`): a target ranks behind every other candidate with an equal score. A model
that gives one score to everything therefore scores nothing, instead of whatever the row order
happens to give it.
"""

from __future__ import annotations

import numpy as np

TIE_POLICY = "pessimistic: a target ranks behind every other unseen item with an equal score"


def ranks_of_targets(
    scores: np.ndarray, target_rows: np.ndarray, exclude: np.ndarray | None = None
) -> np.ndarray:
    """Rank of one target item in each row of scores, 0 = best.

    Args:
        scores: (n, n_items) float; higher is better; -inf is allowed, NaN is not.
        target_rows: (n,) item row of the target of each score row.
        exclude: (n, n_items) bool; True = leave that item out (it was seen). A target that is
            itself left out can not be recommended, so it gets rank n_items.

    Returns:
        (n,) int64: the number of candidates whose score is at least the target's, other than it.

    Raises:
        ValueError: on NaN scores or shapes that do not fit.
    """
    if scores.ndim != 2 or target_rows.shape != (scores.shape[0],):
        message = f"scores {scores.shape} and targets {target_rows.shape} do not fit"
        raise ValueError(message)
    if np.isnan(scores).any():
        raise ValueError("scores contain NaN")
    rows = np.arange(scores.shape[0])
    ahead = scores >= scores[rows, target_rows][:, None]
    if exclude is not None:
        ahead &= ~exclude
    ahead[rows, target_rows] = False
    ranks = ahead.sum(axis=1, dtype=np.int64)
    if exclude is not None:
        ranks[exclude[rows, target_rows]] = scores.shape[1]
    return ranks


def recall_at(ranks: np.ndarray, users: np.ndarray, *, k: int, n_users: int) -> np.ndarray:
    """Share of each user's targets that rank in the first k places.

    Args:
        ranks: (n_targets,) ranks, 0 = best.
        users: (n_targets,) the user (0 .. n_users-1) each target belongs to; every user has one.
        k: Length of the list.
        n_users: Number of users.

    Returns:
        (n_users,) float64. With one target a user this is the hit rate.
    """
    hits = np.bincount(users, weights=ranks < k, minlength=n_users)
    return hits / np.bincount(users, minlength=n_users)


def ndcg_at(ranks: np.ndarray, users: np.ndarray, *, k: int, n_users: int) -> np.ndarray:
    """Normalised discounted cumulative gain of each user with binary gains.

    DCG = sum over targets with rank r < k of 1 / log2(r + 2); the ideal list has the user's
    min(k, n_targets) targets in front. Arguments and shapes as in `recall_at`.
    """
    discounts = 1.0 / np.log2(np.arange(k) + 2.0)
    gains = np.where(ranks < k, discounts[np.minimum(ranks, k - 1)], 0.0)
    dcg = np.bincount(users, weights=gains, minlength=n_users)
    n_targets = np.bincount(users, minlength=n_users)
    ideal = np.cumsum(discounts)[np.minimum(n_targets, k) - 1]
    return dcg / ideal


def bootstrap_interval(
    values: np.ndarray,
    generator: np.random.Generator,
    *,
    level: float = 0.95,
    n_resamples: int = 1000,
) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean of per-user values, resampling users.

    Args:
        values: (n_users,) one value a user. Pass a difference of two models' values for a paired
            interval.
        generator: Source of the resampling.
        level: Coverage.
        n_resamples: Number of resamples.

    Returns:
        (low, high); (nan, nan) when there are no users.
    """
    n = len(values)
    if n == 0:
        return float("nan"), float("nan")
    means = np.empty(n_resamples)
    for index in range(n_resamples):
        means[index] = values[generator.integers(0, n, n)].mean()
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(means, [tail, 1.0 - tail])
    return float(low), float(high)
