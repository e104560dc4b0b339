"""What may be concluded: intervals over people, paired comparisons corrected for their number, orders.

* Intervals: percentile bootstrap over people, all arms on the same resamples (Efron and Tibshirani, "An
  Introduction to the Bootstrap", 1993, chapter 13).
* Comparisons: differences on the same people; p from flipping their signs at random (a permutation test;
  Good, "Permutation Tests", 2000), p = (1 + draws at least as large) / (1 + draws).
* Many comparisons: Holm, "A Simple Sequentially Rejective Multiple Test Procedure" (1979), over all pairs
  of arms within one measure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

_TAILS = (0.025, 0.975)
_BLOCK = 500
_SLACK = 1e-12


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A mean over people with its 95 % interval; NaN throughout when there is nobody."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One arm less another on the same people.

    Attributes:
        first, second: Arms; the difference is first minus second.
        difference: With its interval.
        p: Of the paired test, by itself.
        p_holm: The same, corrected for all pairs of the measure.
    """

    first: str
    second: str
    difference: Estimate
    p: float
    p_holm: float

    @property
    def is_clear(self) -> bool:
        """Whether the corrected test rejects "no difference" at 5 %."""
        return self.p_holm < 0.05


def estimates(
    values: np.ndarray, generator: np.random.Generator, *, n_resamples: int = 1000
) -> list[Estimate]:
    """Means of the columns of (n_people, n_columns), on common resamples of people without NaN."""
    kept = values[~np.isnan(values).any(axis=1)]
    if not len(kept):
        nothing = Estimate(mean=float("nan"), low=float("nan"), high=float("nan"))
        return [nothing] * values.shape[1]
    low, high = np.quantile(resampled_means(kept, generator, n_resamples), _TAILS, axis=0)
    return [
        Estimate(mean=float(mean), low=float(below), high=float(above))
        for mean, below, above in zip(kept.mean(axis=0), low, high, strict=True)
    ]


def resampled_means(
    values: np.ndarray, generator: np.random.Generator, n_resamples: int
) -> np.ndarray:
    """(n_resamples, n_columns) means of people drawn with replacement."""
    n = len(values)
    times = np.stack(
        [
            np.bincount(generator.integers(0, n, n), minlength=n).astype(np.float64)
            for _ in range(n_resamples)
        ]
    )
    return times @ values / n


def compare_all(
    arms: Sequence[str],
    values: np.ndarray,
    generator: np.random.Generator,
    *,
    n_resamples: int = 1000,
    n_flips: int = 9999,
) -> list[Comparison]:
    """Every pair of arms on one measure, in the order of the arms.

    Args:
        arms: Names of the columns.
        values: (n_people, n_arms); people with a NaN are left out of all pairs.
        generator: Source of resamples and flips.
        n_resamples: For the intervals.
        n_flips: For the test.
    """
    pairs = list(combinations(range(len(arms)), 2))
    kept = values[~np.isnan(values).any(axis=1)]
    if not pairs or not len(kept):
        return []
    differences = np.stack([kept[:, one] - kept[:, other] for one, other in pairs], axis=1)
    found = estimates(differences, generator, n_resamples=n_resamples)
    p_values = _flipped_p(differences, generator, n_flips)
    corrected = holm(p_values)
    return [
        Comparison(first=arms[one], second=arms[other], difference=difference, p=p, p_holm=p_holm)
        for (one, other), difference, p, p_holm in zip(
            pairs, found, p_values, corrected, strict=True
        )
    ]


def _flipped_p(
    differences: np.ndarray, generator: np.random.Generator, n_flips: int
) -> list[float]:
    """The p of every column: how often its mean is as far from 0 when signs are drawn."""
    seen = np.abs(differences.mean(axis=0))
    at_least = np.zeros(differences.shape[1], dtype=np.int64)
    for start in range(0, n_flips, _BLOCK):
        count = min(_BLOCK, n_flips - start)
        signs = generator.integers(0, 2, (count, len(differences)), dtype=np.int8) * 2.0 - 1.0
        at_least += (np.abs(signs @ differences / len(differences)) >= seen - _SLACK).sum(axis=0)
    return [float(p) for p in (1 + at_least) / (1 + n_flips)]


def holm(p_values: Sequence[float]) -> list[float]:
    """Corrected p values in the given order: never smaller than before, never above 1."""
    n = len(p_values)
    corrected = [0.0] * n
    highest = 0.0
    for rank, place in enumerate(sorted(range(n), key=lambda place: p_values[place])):
        highest = max(highest, min(1.0, (n - rank) * p_values[place]))
        corrected[place] = highest
    return corrected


def spearman(first: Sequence[float], second: Sequence[float]) -> float:
    """Rank correlation, ties at their mean rank; NaN for fewer than two values or where all are equal."""
    if len(first) < 2:
        return float("nan")
    one, other = (_mean_ranks(np.asarray(values, dtype=np.float64)) for values in (first, second))
    one, other = one - one.mean(), other - other.mean()
    length = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float((one * other).sum() / length) if length else float("nan")


def _mean_ranks(values: np.ndarray) -> np.ndarray:
    below = (values[None, :] < values[:, None]).sum(axis=1)
    equal = (values[None, :] == values[:, None]).sum(axis=1)
    return below + (equal - 1) / 2.0
