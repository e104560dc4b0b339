from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, strategies as st

from rec_core import RunOptions, evaluate, leave_one_out, ranks_of_targets
from rec_core.beyond_accuracy import ItemFeatures
from rec_core.evaluation import (
    best_unseen,
    build_report,
    rank_all,
    rank_targets,
    rank_with,
    ranking_task,
    ranks_in_scores,
)
from rec_core.testing import interactions_of


class ByRow:
    """Scores item r with -r: always the lowest row first."""

    def score(self, histories: Sequence[np.ndarray]) -> np.ndarray:
        return np.tile(-np.arange(6.0), (len(histories), 1))


class ByRowBackwards:
    """Scores item r with r: always the highest row first."""

    def score(self, histories: Sequence[np.ndarray]) -> np.ndarray:
        return np.tile(np.arange(6.0), (len(histories), 1))


HISTORIES = [[3, 0, 1, 5], [5, 4, 3, 0], [1, 2]]


def test_the_history_of_a_part_is_all_that_came_before_it() -> None:
    split = leave_one_out(interactions_of(HISTORIES, n_items=6))
    valid, test = ranking_task(split, "valid"), ranking_task(split, "test")
    assert [history.tolist() for history in valid.histories] == [[3, 0], [5, 4]]
    assert valid.targets.tolist() == [1, 3]
    assert [history.tolist() for history in test.histories] == [[3, 0, 1], [5, 4, 3]]
    assert test.targets.tolist() == [5, 0]
    assert test.user_rows.tolist() == [0, 1]


def test_ranks_leave_the_seen_items_out() -> None:
    split = leave_one_out(interactions_of(HISTORIES, n_items=6))
    # User 0 has seen 3, 0, 1, so 2 and 4 come before 5; user 1 finds 0 in front.
    assert rank_targets(ranking_task(split, "test"), ByRow()).tolist() == [2, 0]


def test_the_report_says_what_one_must_know_to_compare() -> None:
    split = leave_one_out(interactions_of(HISTORIES, n_items=6))
    report = evaluate(split, {"by_row": ByRow()}, dataset="tiny", options=RunOptions(seed=4))
    row = report.row("by_row")
    assert row.metrics["ndcg@10"].mean == pytest.approx((1 / np.log2(4) + 1) / 2)
    assert row.metrics["recall@10"].mean == 1
    assert row.per_user["ndcg@10"].tolist() == pytest.approx([0.5, 1.0])
    value = json.loads(json.dumps(report.as_json()))
    assert value["split_hash"] == split.fingerprint
    assert value["seed"] == 4
    assert "equal score" in value["rank_ties"]
    assert value["time_ties"] == split.tie_policy
    assert value["models"][0]["model"] == "by_row"
    assert value["models"][0]["recall@10"] == {"mean": 1.0, "interval95": [1.0, 1.0]}


def test_a_sample_of_users_keeps_their_targets_together() -> None:
    histories = [[user % 5, 5, (user + 1) % 5, (user + 2) % 5] for user in range(20)]
    task = ranking_task(leave_one_out(interactions_of(histories, n_items=6)), "test")
    sample = task.sample(7, np.random.default_rng(0))
    assert sample.n_users == 7
    assert sample.target_users.tolist() == list(range(7))
    for index, user in enumerate(sample.user_rows):
        assert sample.targets[index] == histories[user][-1]
        assert sample.histories[index].tolist() == histories[user][:-1]
    assert task.sample(99, np.random.default_rng(0)) is task


def test_users_with_several_targets_count_once() -> None:
    from rec_core import global_time
    from rec_core.ids import IdMap
    from rec_core.interactions import Interactions

    world = Interactions(
        users=IdMap(["a", "b"]),
        catalog_ids=IdMap([str(row) for row in range(6)]),
        user_rows=np.repeat([0, 1], 10) % 2,
        item_rows=np.tile([0, 1, 2, 3, 4, 5, 0, 1, 2, 3], 2),
        timestamps=np.concatenate([np.arange(10), np.arange(10)]),
    )
    split = global_time(world, valid_share=0.2, test_share=0.4)
    task = ranking_task(split, "test")
    report = evaluate(split, {"by_row": ByRow()})
    assert len(task.targets) > task.n_users
    assert report.n_users == task.n_users == len(report.rows[0].per_user["recall@10"])


SCORES = st.integers(1, 12).flatmap(
    lambda n: st.tuples(
        st.lists(st.sampled_from([-np.inf, -1.0, 0.0, 0.5, 2.0]), min_size=n, max_size=n),
        st.lists(st.integers(0, n - 1), max_size=8),
        st.integers(0, n - 1),
    )
)


@given(SCORES)
def test_ranks_agree_with_a_mask_of_what_was_seen(
    case: tuple[list[float], list[int], int],
) -> None:
    values, history, target = case
    scores, rows = np.array([values]), np.array(history, dtype=np.int64)
    seen = np.zeros(scores.shape, dtype=bool)
    seen[0, rows] = True
    expected = ranks_of_targets(scores, np.array([target]), seen)
    found = ranks_in_scores(scores, [rows], np.array([0]), np.array([target]))
    assert found.tolist() == expected.tolist()


def test_nan_is_refused() -> None:
    with pytest.raises(ValueError, match="NaN"):
        ranks_in_scores(np.array([[np.nan, 1.0]]), [np.array([0])], np.array([0]), np.array([1]))


@given(
    seed=st.integers(0, 10_000),
    n_items=st.integers(1, 900),
    count=st.integers(1, 20),
    n_values=st.sampled_from([1, 3, 50, 100_000]),
)
def test_the_list_is_the_sorted_unseen_items(
    seed: int, n_items: int, count: int, n_values: int
) -> None:
    generator = np.random.default_rng(seed)
    scores = generator.integers(0, n_values, n_items).astype(np.float32)
    history = generator.integers(0, n_items, generator.integers(0, n_items + 1))
    before = scores.copy()
    order = np.lexsort((np.arange(n_items), -scores))
    expected = [row for row in order.tolist() if row not in set(history.tolist())][:count]
    assert best_unseen(scores, history, count).tolist() == expected
    assert (scores == before).all()


def test_one_pass_gives_ranks_and_lists_in_batches_of_any_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    task = ranking_task(leave_one_out(interactions_of(HISTORIES, n_items=6)), "test")
    whole = rank_with(task, ByRow())
    assert whole.ranks.tolist() == rank_targets(task, ByRow()).tolist()
    assert whole.lists[:, :3].tolist() == [[2, 4, 5], [0, 1, 2]]
    assert (whole.lists[:, 3:] == -1).all()
    monkeypatch.setattr("rec_core.evaluation._BATCH_BYTES", 1)
    single = rank_with(task, ByRow())
    assert single.ranks.tolist() == whole.ranks.tolist()
    assert single.lists.tolist() == whole.lists.tolist()


def test_models_are_compared_with_the_references_user_by_user() -> None:
    split = leave_one_out(interactions_of(HISTORIES, n_items=6))
    scorers = {"popularity": ByRow(), "transitions": ByRowBackwards(), "other": ByRow()}
    report = evaluate(split, scorers)
    assert set(report.row("popularity").against) == {"transitions"}
    assert set(report.row("other").against) == {"transitions", "popularity"}
    same = report.row("other").against["popularity"]["ndcg@10"]
    assert (same.mean, same.low, same.high) == (0, 0, 0)
    # By row: 0.5 and 1. Backwards: user 0 finds 5 in front (1), user 1 finds 0 behind 2 and 1.
    against = report.row("other").against["transitions"]["ndcg@10"]
    assert against.mean == pytest.approx(((0.5 - 1) + (1 - 0.5)) / 2)
    assert (against.low, against.high) == pytest.approx((-0.5, 0.5))


def test_seeds_are_averaged_user_by_user() -> None:
    split = leave_one_out(interactions_of(HISTORIES, n_items=6))
    task = ranking_task(split, "test")
    rankings = {
        7: rank_all(task, {"model": ByRow()}),
        8: rank_all(task, {"model": ByRowBackwards()}),
    }
    report = build_report(
        split, task, rankings, dataset="tiny", part="test", options=RunOptions(seed=7)
    )
    row = report.row("model")
    assert row.per_user["ndcg@10"].tolist() == pytest.approx([0.75, 0.75])
    interval = row.metrics["ndcg@10"]
    assert (interval.mean, interval.low, interval.high) == pytest.approx((0.75, 0.75, 0.75))
    assert {seed: values["mrr"] for seed, values in row.per_seed.items()} == pytest.approx(
        {7: (1 / 3 + 1) / 2, 8: (1 + 1 / 3) / 2}
    )
    assert report.as_json()["seeds"] == [7, 8]
    with pytest.raises(ValueError, match="same models"):
        build_report(
            split,
            task,
            {1: rankings[7], 2: {}},
            dataset="tiny",
            part="test",
            options=RunOptions(),
        )


def test_columns_beyond_accuracy_and_groups_are_in_the_report() -> None:
    split = leave_one_out(interactions_of(HISTORIES, n_items=6))
    features = ItemFeatures(name="genres", vectors=np.eye(6)[:, :3])
    report = evaluate(split, {"by_row": ByRow()}, features=features)
    row = report.row("by_row")
    # Lists 2 4 5 and 0 1 2: five of six items; of the second list all pairs are unlike.
    assert row.beyond["coverage"] == pytest.approx(5 / 6)
    assert row.beyond["diversity"] == pytest.approx(1.0)
    # Training counts 1 1 1 1 1 1 for items 3 0 | 5 4 | 1 2: everything is equally popular.
    assert row.beyond["popularity_lift"] == pytest.approx(1.0)
    assert row.beyond["novelty"] == pytest.approx(np.log2(6))
    assert {group.kind for group in row.groups} == {"activity", "target"}
    cold = next(group for group in row.groups if group.name.startswith("fewer than 5"))
    assert (cold.n_users, cold.n_targets) == (2, 2)
    assert cold.metrics["ndcg@10"].mean == row.metrics["ndcg@10"].mean
    value = json.loads(json.dumps(report.as_json()))
    assert value["diversity_by"] == "genres"
    assert value["models"][0]["beyond@10"]["coverage"] == pytest.approx(5 / 6, abs=1e-5)
    assert value["models"][0]["groups"][0]["kind"] == "activity"


def test_nobody_to_evaluate_is_a_table_without_figures() -> None:
    split = leave_one_out(interactions_of(HISTORIES, n_items=6))
    nobody = ranking_task(split, "test").sample(0, np.random.default_rng(0))
    report = build_report(
        split,
        nobody,
        {0: rank_all(nobody, {"by_row": ByRow()})},
        dataset="tiny",
        part="test",
        options=RunOptions(),
    )
    assert np.isnan(report.row("by_row").metrics["ndcg@10"].mean)
    assert report.row("by_row").groups == ()
