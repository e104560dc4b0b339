"""What may be concluded from figures: worked out by hand where a hand can do it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from agents.studies import holm, spearman
from agents.studies.statistics import compare_all, estimates


def test_holm_by_hand() -> None:
    # Sorted .01 .03 .04: times 3, 2, 1 is .03 .06 .04; never below the one before.
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([1, 2, 3], [10, 20, 30], 1.0),
        ([1, 2, 3], [3, 2, 1], -1.0),
        ([1, 2, 3], [1, 3, 2], 0.5),  # 1 - 6 * 2 / (3 * 8)
        ([1, 1, 2], [1, 2, 3], math.sqrt(3) / 2),  # ranks .5 .5 2 against 0 1 2
    ],
)
def test_spearman_by_hand(first: list[float], second: list[float], expected: float) -> None:
    assert spearman(first, second) == pytest.approx(expected)


def test_spearman_of_nothing_is_unknown() -> None:
    assert math.isnan(spearman([1.0], [2.0]))
    assert math.isnan(spearman([1.0, 1.0], [1.0, 2.0]))


def test_intervals_hold_the_mean_and_leave_out_who_has_no_figure() -> None:
    values = np.array([[1.0, 0.0], [2.0, 0.0], [3.0, 0.0], [np.nan, 100.0]])
    one, other = estimates(values, np.random.default_rng(0))
    assert one.mean == 2.0
    assert 1.0 <= one.low < 2.0 < one.high <= 3.0
    assert (other.mean, other.low, other.high) == (0.0, 0.0, 0.0)


def test_nobody_gives_no_figures() -> None:
    (nothing,) = estimates(np.full((2, 1), np.nan), np.random.default_rng(0))
    assert math.isnan(nothing.mean)
    assert compare_all(("a", "b"), np.full((2, 2), np.nan), np.random.default_rng(0)) == []


def test_a_steady_difference_is_clear_and_none_is_not() -> None:
    generator = np.random.default_rng(1)
    same = generator.random(12)
    values = np.stack([same, same, same + 1.0], axis=1)
    found = {(c.first, c.second): c for c in compare_all(("a", "b", "c"), values, generator)}
    assert found["a", "b"].p == 1.0
    assert not found["a", "b"].is_clear
    # Of 4,096 ways to flip twelve signs two are as far from 0: p is about 1 in 2,000, times 3.
    assert found["a", "c"].p == pytest.approx(2 / 4096, abs=8e-4)
    assert found["a", "c"].is_clear
    assert found["a", "c"].difference.mean == pytest.approx(-1.0)
    assert found["a", "c"].p_holm >= found["a", "c"].p


def test_pairs_are_sharper_than_their_arms() -> None:
    generator = np.random.default_rng(2)
    person = generator.normal(0, 10, 50)
    values = np.stack([person, person + 0.5], axis=1)
    (one,) = compare_all(("a", "b"), values, generator)
    arms = estimates(values, generator)
    assert one.difference.high - one.difference.low < 0.01
    assert arms[0].high - arms[0].low > 2
