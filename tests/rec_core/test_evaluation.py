from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pytest

from rec_core import RunOptions, evaluate, leave_one_out
from rec_core.evaluation import rank_targets, ranking_task
from rec_core.testing import interactions_of


class ByRow:
    """Scores item r with -r: always the lowest row first."""

    def score(self, histories: Sequence[np.ndarray]) -> np.ndarray:
        return np.tile(-np.arange(6.0), (len(histories), 1))


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
