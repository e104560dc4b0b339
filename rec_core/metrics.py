"""Full-catalog ranking metrics; pure functions on arrays.

Tie rule (`TIE_POLICY`): a target ranks behind every other candidate with an equal score. A model
that gives one score to everything therefore scores nothing, instead of whatever the row order
happens to give it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

TIE_POLICY = "pessimistic: a target ranks behind every other unseen item with an equal score"
_BOOTSTRAP_BYTES = 64_000_000


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
    check_no_nan(scores)
    ranks = np.empty(len(target_rows), dtype=np.int64)
    ahead = np.empty(scores.shape[1], dtype=bool)
    for place, target in enumerate(target_rows.tolist()):
        np.greater_equal(scores[place], scores[place, target], out=ahead)
        if exclude is not None:
            np.greater(ahead, exclude[place], out=ahead)
        ranks[place] = rank_ahead(ahead, target)
    return ranks


def check_no_nan(scores: np.ndarray) -> None:
    """Raise ValueError when a score is NaN; reads the array once and allocates nothing."""
    if scores.size and np.isnan(scores.min()):
        raise ValueError("scores contain NaN")


def rank_ahead(ahead: np.ndarray, target: int) -> int:
    """Rank of a target, given which candidates score at least as much as it.

    Args:
        ahead: (n_items,) bool, the target itself included; what is left out is False.
        target: Row of the target.

    Returns:
        Number of other candidates ahead; n_items when the target itself was left out.
    """
    return int(np.count_nonzero(ahead)) - 1 if ahead[target] else len(ahead)


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


def reciprocal_rank(ranks: np.ndarray, users: np.ndarray, *, n_users: int) -> np.ndarray:
    """1 / place of each user's best target in the whole list, places counted from 1.

    The mean over users is the mean reciprocal rank, MRR (Voorhees, "The TREC-8 Question Answering
    Track Report", 1999), without a cut. Arguments and shapes as in `recall_at`.
    """
    best = np.full(n_users, np.iinfo(np.int64).max - 1)
    np.minimum.at(best, users, ranks)
    return 1.0 / (best + 1.0)


def bootstrap_means(
    values: np.ndarray, generator: np.random.Generator, *, n_resamples: int = 1000
) -> np.ndarray:
    """Means of resamples of users, drawn with replacement; all columns share the resamples.

    The difference of two columns is therefore the resampled mean of the paired difference.

    Args:
        values: (n_users, n_columns) or (n_users,); at least one user.
        generator: Source of the resampling.
        n_resamples: Number of resamples.

    Returns:
        (n_resamples, n_columns), or (n_resamples,) for one column. Memory stays at some 64 MB
        beyond the arguments however many users there are.
    """
    n = len(values)
    means = np.empty((n_resamples, *values.shape[1:]))
    block = max(1, _BOOTSTRAP_BYTES // (8 * n))
    for start in range(0, n_resamples, block):
        count = min(block, n_resamples - start)
        times = np.empty((count, n))
        for row in times:
            row[:] = np.bincount(generator.integers(0, n, n), minlength=n)
        means[start : start + count] = times @ values / n
    return means


def percentile_interval(means: np.ndarray, *, level: float = 0.95) -> tuple[float, float]:
    """The middle `level` of resampled means (n_resamples,): the percentile bootstrap interval.

    Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13.
    """
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(means, [tail, 1.0 - tail])
    return float(low), float(high)


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
    if not len(values):
        return float("nan"), float("nan")
    means = bootstrap_means(values, generator, n_resamples=n_resamples)
    return percentile_interval(means, level=level)


METRICS: Mapping[str, Callable[..., np.ndarray]] = {
    **{f"recall@{k}": partial(recall_at, k=k) for k in (5, 10, 20, 100)},
    **{f"ndcg@{k}": partial(ndcg_at, k=k) for k in (5, 10, 20, 100)},
    "mrr": reciprocal_rank,
}
"""Name -> function of (ranks, users, n_users=…), in the order of tables."""


def user_metrics(ranks: np.ndarray, users: np.ndarray, *, n_users: int) -> dict[str, np.ndarray]:
    """Every metric of `METRICS`: name -> (n_users,) values. Arguments as in `recall_at`."""
    return {name: metric(ranks, users, n_users=n_users) for name, metric in METRICS.items()}
