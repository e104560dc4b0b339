"""What accuracy does not say about lists: how much of the catalog, how new, how even, how varied.

All functions take lists of recommended item rows, (n_users, k) int64, best first, -1 where a list
is shorter than k. Popularity is always the number of training events of an item.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_FEATURE_BYTES = 32_000_000


@dataclass(frozen=True, kw_only=True)
class ItemFeatures:
    """What items are compared by for `list_diversity`.

    Attributes:
        name: For reports, such as "genres".
        vectors: (n_items, d) float; a row of zeros means that nothing is known about the item.
    """

    name: str
    vectors: np.ndarray


def recommendation_counts(lists: np.ndarray, n_items: int) -> np.ndarray:
    """(n_items,) int64: in how many lists each item is."""
    return np.bincount(lists[lists >= 0], minlength=n_items)


def catalog_coverage(counts: np.ndarray) -> float:
    """Share of the catalog that is in at least one list: |{i : c_i > 0}| / n_items.

    "Catalog coverage" of Ge, Delgado-Battenfeld and Jannach, "Beyond Accuracy: Evaluating
    Recommender Systems by Coverage and Serendipity" (RecSys 2010), over all lists of one run.

    Args:
        counts: (n_items,) from `recommendation_counts`.
    """
    return float(np.count_nonzero(counts)) / len(counts) if len(counts) else float("nan")


def gini_index(counts: np.ndarray) -> float:
    """How unevenly recommendations fall on items: 0 = all items equally often, 1 = one item only.

    G = sum over j of (2 j - n - 1) p_j / (n - 1), with p_j = c_j / sum of c in ascending order and
    j = 1 .. n over the whole catalog, items that are never recommended included: Shani and
    Gunawardana, "Evaluating Recommendation Systems" (Recommender Systems Handbook, 2011).

    Args:
        counts: (n_items,) from `recommendation_counts`.

    Returns:
        The index; nan when nothing was recommended, 0 for a catalog of one item.
    """
    n, total = len(counts), float(counts.sum())
    if not total:
        return float("nan")
    if n == 1:
        return 0.0
    places = 2.0 * np.arange(1, n + 1) - n - 1
    return float(places @ np.sort(counts)) / (total * (n - 1))


def list_novelty(lists: np.ndarray, item_counts: np.ndarray) -> np.ndarray:
    """Mean self-information of each list, in bits: mean over its items of -log2 p_i.

    Zhou et al., "Solving the apparent diversity-accuracy dilemma of recommender systems" (PNAS
    2010). p_i is the item's share of all training events, with one event added to every item,
    p_i = (n_i + 1) / (sum of n + n_items), because an item that nobody took has no logarithm.

    Args:
        lists: See the module.
        item_counts: (n_items,) training events.

    Returns:
        (n_users,) float64; nan for an empty list.
    """
    shares = (item_counts + 1.0) / (item_counts.sum() + len(item_counts))
    return _mean_of_lists(lists, -np.log2(shares))


def list_popularity(lists: np.ndarray, item_counts: np.ndarray) -> np.ndarray:
    """(n_users,) mean number of training events of the items of each list; nan for an empty one."""
    return _mean_of_lists(lists, item_counts.astype(np.float64))


def history_popularity(histories: Sequence[np.ndarray], item_counts: np.ndarray) -> np.ndarray:
    """(n_users,) mean number of training events of the items of each history, none of them empty."""
    return np.array([item_counts[history].mean() for history in histories])


def popularity_lift(of_lists: np.ndarray, of_histories: np.ndarray) -> float:
    """How much more popular the lists are than what the same users took: 1 = just as popular.

    GAP_r / GAP_p, where GAP (group average popularity) is the mean over users of the mean
    popularity of their list (r) or history (p). Abdollahpouri, Mansoury, Burke and Mobasher, "The
    Connection Between Popularity Bias, Calibration, and Fairness in Recommendation" (RecSys 2020),
    define the lift as GAP_r / GAP_p - 1; we leave the 1 in.

    Args:
        of_lists: (n_users,) from `list_popularity`; users with an empty list (nan) are left out.
        of_histories: (n_users,) from `history_popularity`.
    """
    there = ~np.isnan(of_lists)
    base = float(of_histories[there].sum())
    return float(of_lists[there].sum()) / base if base else float("nan")


def list_diversity(lists: np.ndarray, features: ItemFeatures) -> np.ndarray:
    """Mean distance of the pairs of each list: mean over i < j of 1 - cos(v_i, v_j).

    One minus the intra-list similarity of Ziegler et al., "Improving Recommendation Lists Through
    Topic Diversification" (WWW 2005), there a sum over pairs, here their mean. Items of which
    nothing is known take part in no pair: not knowing is not variety.

    Args:
        lists: See the module.
        features: What the cosine is taken of; rows need not have length 1.

    Returns:
        (n_users,) float64 in [0, 2], in [0, 1] for non-negative vectors; nan for a list without a
        pair.
    """
    width = lists.shape[1] * max(features.vectors.shape[1], 1)
    block = max(1, _FEATURE_BYTES // (8 * max(width, 1)))
    parts = [
        _diversity_of_block(lists[start : start + block], features.vectors)
        for start in range(0, len(lists), block)
    ]
    return np.concatenate([*parts, np.empty(0)])


def _diversity_of_block(lists: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """With unit vectors the sum of cosines over ordered pairs is |sum of v|^2 - m."""
    listed = vectors[np.maximum(lists, 0)].astype(np.float64)
    listed[lists < 0] = 0.0
    lengths = np.sqrt((listed**2).sum(axis=2))
    known = lengths > 0
    listed /= np.where(known, lengths, 1.0)[:, :, None]
    n_known = known.sum(axis=1)
    cosines = (listed.sum(axis=1) ** 2).sum(axis=1) - n_known
    pairs = n_known * (n_known - 1.0)
    distances = np.full(len(lists), np.nan)
    np.divide(cosines, pairs, out=distances, where=pairs > 0)
    return 1.0 - distances


def _mean_of_lists(lists: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(n_users,) mean of values[item] over the items of each list; nan for an empty list."""
    there = lists >= 0
    sums = np.where(there, values[np.maximum(lists, 0)], 0.0).sum(axis=1)
    means = np.full(len(lists), np.nan)
    np.divide(sums, there.sum(axis=1), out=means, where=there.any(axis=1))
    return means
