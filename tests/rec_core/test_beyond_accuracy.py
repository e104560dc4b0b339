from __future__ import annotations

from math import log2, sqrt

import numpy as np
import pytest
from hypothesis import given, strategies as st

from rec_core.beyond_accuracy import (
    ItemFeatures,
    catalog_coverage,
    gini_index,
    history_popularity,
    list_diversity,
    list_novelty,
    list_popularity,
    popularity_lift,
    recommendation_counts,
)

LISTS = np.array([[0, 1], [0, 3], [0, -1]])
ITEM_COUNTS = np.array([6, 2, 0, 0])


def test_items_are_counted_once_a_list_and_padding_is_nobody() -> None:
    assert recommendation_counts(LISTS, 4).tolist() == [3, 1, 0, 1]


def test_coverage_is_the_share_of_items_that_somebody_gets() -> None:
    assert catalog_coverage(np.array([3, 1, 0, 1])) == 0.75


def test_gini_by_hand() -> None:
    # Ascending 0 1 1 3 with places -3 -1 1 3: (0 - 1 + 1 + 9) / (5 * 3).
    assert gini_index(np.array([3, 1, 0, 1])) == pytest.approx(9 / 15)


def test_gini_is_zero_for_all_alike_and_one_for_a_single_item() -> None:
    assert gini_index(np.full(7, 4)) == pytest.approx(0.0)
    assert gini_index(np.array([0, 0, 9, 0])) == pytest.approx(1.0)
    assert gini_index(np.array([5])) == 0.0
    assert np.isnan(gini_index(np.zeros(3)))


@given(st.lists(st.integers(0, 50), min_size=2, max_size=30))
def test_gini_agrees_with_mean_absolute_difference(counts: list[int]) -> None:
    values = np.array(counts)
    if values.sum():
        n = len(values)
        pairs = np.abs(values[:, None] - values[None, :]).sum()
        assert gini_index(values) == pytest.approx(pairs / (2 * (n - 1) * values.sum()))


def test_novelty_by_hand() -> None:
    # Shares with one event more for each of four items: 7/12, 3/12, 1/12, 1/12.
    bits = [-log2(7 / 12), -log2(3 / 12), -log2(1 / 12)]
    expected = [(bits[0] + bits[1]) / 2, (bits[0] + bits[2]) / 2, bits[0]]
    np.testing.assert_allclose(list_novelty(LISTS, ITEM_COUNTS), expected)


def test_an_empty_list_has_no_mean() -> None:
    empty = np.array([[-1, -1]])
    assert np.isnan(list_novelty(empty, ITEM_COUNTS)).all()
    assert np.isnan(list_popularity(empty, ITEM_COUNTS)).all()


def test_lift_compares_lists_with_histories() -> None:
    of_lists = list_popularity(LISTS, ITEM_COUNTS)
    assert of_lists.tolist() == [4.0, 3.0, 6.0]
    of_histories = history_popularity([np.array([1]), np.array([0, 1]), np.array([2])], ITEM_COUNTS)
    assert of_histories.tolist() == [2.0, 4.0, 0.0]
    assert popularity_lift(of_lists, of_histories) == pytest.approx((13 / 3) / (6 / 3))


def test_users_without_a_list_do_not_move_the_lift() -> None:
    assert popularity_lift(np.array([4.0, np.nan]), np.array([2.0, 100.0])) == 2.0


def test_diversity_by_hand() -> None:
    vectors = np.array([[2.0, 0.0], [0.0, 1.0], [3.0, 3.0], [0.0, 0.0]])
    features = ItemFeatures(name="genres", vectors=vectors)
    lists = np.array([[0, 1, 2], [0, 2, 3], [0, 0, 0], [0, 3, -1]])
    diversity = list_diversity(lists, features)
    # Cosines 0, 1/√2, 1/√2; then 1/√2 alone, since nothing is known about item 3.
    assert diversity[0] == pytest.approx(1 - 2 / sqrt(2) / 3)
    assert diversity[1] == pytest.approx(1 - 1 / sqrt(2))
    assert diversity[2] == pytest.approx(0.0)
    assert np.isnan(diversity[3])


def test_diversity_is_the_same_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)
    features = ItemFeatures(name="vectors", vectors=generator.normal(size=(30, 5)))
    lists = generator.integers(0, 30, (40, 6))
    whole = list_diversity(lists, features)
    monkeypatch.setattr("rec_core.beyond_accuracy._FEATURE_BYTES", 1000)
    np.testing.assert_allclose(list_diversity(lists, features), whole)
