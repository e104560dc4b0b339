from __future__ import annotations

from math import log2

import numpy as np
import pytest
from hypothesis import given, strategies as st

from rec_core import bootstrap_interval, ndcg_at, ranks_of_targets, recall_at
from rec_core.metrics import METRICS, bootstrap_means, reciprocal_rank, user_metrics


def test_rank_counts_the_items_ahead() -> None:
    scores = np.array([[0.1, 0.9, 0.5, 0.7]])
    assert ranks_of_targets(scores, np.array([1])).tolist() == [0]
    assert ranks_of_targets(scores, np.array([2])).tolist() == [2]
    assert ranks_of_targets(scores, np.array([0])).tolist() == [3]


def test_seen_items_do_not_count() -> None:
    scores = np.array([[0.1, 0.9, 0.5, 0.7]])
    seen = np.array([[False, True, False, True]])
    assert ranks_of_targets(scores, np.array([2]), seen).tolist() == [0]
    assert ranks_of_targets(scores, np.array([0]), seen).tolist() == [1]


def test_a_target_that_was_seen_is_a_miss() -> None:
    seen = np.array([[True, False, False]])
    assert ranks_of_targets(np.array([[3.0, 2.0, 1.0]]), np.array([0]), seen).tolist() == [3]


def test_ties_go_against_the_target() -> None:
    assert ranks_of_targets(np.zeros((2, 5)), np.array([0, 4])).tolist() == [4, 4]


def test_infinities_are_ranked_and_nan_is_refused() -> None:
    scores = np.array([[-np.inf, 0.0, np.inf]])
    assert ranks_of_targets(scores, np.array([0])).tolist() == [2]
    with pytest.raises(ValueError, match="NaN"):
        ranks_of_targets(np.array([[np.nan, 0.0]]), np.array([1]))
    with pytest.raises(ValueError, match="do not fit"):
        ranks_of_targets(scores, np.array([0, 1]))


def test_recall_and_ndcg_by_hand_with_one_target_each() -> None:
    ranks, users = np.array([0, 2, 10]), np.array([0, 1, 2])
    assert recall_at(ranks, users, k=10, n_users=3).tolist() == [1, 1, 0]
    ndcg = ndcg_at(ranks, users, k=10, n_users=3)
    np.testing.assert_allclose(ndcg, [1, 1 / log2(4), 0])


def test_recall_and_ndcg_by_hand_with_several_targets() -> None:
    # Ranks 0 and 3 inside the first five, rank 7 outside.
    ranks, users = np.array([0, 3, 7]), np.array([0, 0, 0])
    assert recall_at(ranks, users, k=5, n_users=1).tolist() == pytest.approx([2 / 3])
    ideal = 1 + 1 / log2(3) + 1 / log2(4)
    expected = (1 + 1 / log2(5)) / ideal
    assert ndcg_at(ranks, users, k=5, n_users=1).tolist() == pytest.approx([expected])


def test_more_targets_than_places_can_still_be_perfect() -> None:
    ranks, users = np.array([0, 1, 2]), np.array([0, 0, 0])
    assert ndcg_at(ranks, users, k=2, n_users=1).tolist() == pytest.approx([1.0])


def test_the_interval_is_near_the_normal_one_and_repeats() -> None:
    values = np.random.default_rng(0).normal(0.3, 0.2, 400)
    low, high = bootstrap_interval(values, np.random.default_rng(1))
    half = 1.96 * values.std() / 20
    assert low == pytest.approx(values.mean() - half, abs=0.003)
    assert high == pytest.approx(values.mean() + half, abs=0.003)
    assert (low, high) == bootstrap_interval(values, np.random.default_rng(1))


def test_the_interval_of_equal_values_has_no_width_and_of_nothing_is_nothing() -> None:
    assert bootstrap_interval(np.full(5, 0.25), np.random.default_rng(0)) == (0.25, 0.25)
    assert np.isnan(bootstrap_interval(np.empty(0), np.random.default_rng(0))).all()


def test_the_reciprocal_rank_is_of_the_best_target() -> None:
    ranks, users = np.array([4, 1, 0, 9]), np.array([0, 0, 1, 2])
    assert reciprocal_rank(ranks, users, n_users=3).tolist() == pytest.approx([1 / 2, 1, 1 / 10])


def test_every_metric_has_one_value_a_user() -> None:
    values = user_metrics(np.array([0, 6, 30]), np.array([0, 0, 1]), n_users=2)
    assert list(values) == list(METRICS)
    assert values["recall@5"].tolist() == [0.5, 0]
    assert values["recall@10"].tolist() == [1, 0]
    assert values["recall@100"].tolist() == [1, 1]
    assert values["ndcg@20"][1] == 0
    assert values["ndcg@100"][1] == pytest.approx(1 / log2(32))
    assert values["mrr"].tolist() == pytest.approx([1, 1 / 31])


def test_columns_share_the_resamples() -> None:
    values = np.random.default_rng(0).random((50, 2))
    means = bootstrap_means(values, np.random.default_rng(1), n_resamples=20)
    difference = values[:, 0] - values[:, 1]
    alone = bootstrap_means(difference, np.random.default_rng(1), n_resamples=20)
    np.testing.assert_allclose(means[:, 0] - means[:, 1], alone)


def test_resamples_do_not_depend_on_how_many_fit_into_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = np.random.default_rng(0).random((50, 2))
    whole = bootstrap_means(values, np.random.default_rng(1), n_resamples=20)
    monkeypatch.setattr("rec_core.metrics._BOOTSTRAP_BYTES", 1)
    one_by_one = bootstrap_means(values, np.random.default_rng(1), n_resamples=20)
    np.testing.assert_allclose(one_by_one, whole)


@given(data=st.data(), n_items=st.integers(2, 12))
def test_ranks_agree_with_sorting_when_nothing_ties(data: st.DataObject, n_items: int) -> None:
    order = data.draw(st.permutations(range(n_items)))
    scores = np.array([order], dtype=np.float64)
    target = data.draw(st.integers(0, n_items - 1))
    by_sorting = int(np.flatnonzero(np.argsort(-scores[0]) == target)[0])
    assert ranks_of_targets(scores, np.array([target])).tolist() == [by_sorting]
