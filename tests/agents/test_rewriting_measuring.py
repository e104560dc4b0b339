from __future__ import annotations

import numpy as np
import pytest

from agents.rewriting.environment import SearchEnvironment
from agents.rewriting.measuring import Key, TaskScore, rewrite_table, score_queries
from agents.rewriting.tasks import RewriteTask
from rec_core import HashEncoder, SearchEngine
from rec_core.dialogue import Utterance
from tests.film_world import film_catalog, film_id


def task(number: int, group: str, targets: tuple[str, ...] = ("x",)) -> RewriteTask:
    return RewriteTask(
        task_id=f"t{number}", source="talk", group_id=group,
        context=(Utterance(role="user", text="hello"),), excluded=(), targets=targets,
    )  # fmt: skip


def score(ndcg: float, hits: int, targets: int) -> TaskScore:
    return TaskScore(ndcg=ndcg, hits=hits, targets=targets)


def test_ndcg_is_a_mean_over_tasks_and_recall_is_pooled() -> None:
    tasks = [task(0, "a"), task(1, "a"), task(2, "b")]
    scores = [score(0.5, 1, 1), score(0.0, 0, 3), score(1.0, 2, 4)]

    table = rewrite_table(tasks, {("raw", "bm25"): scores}, generator=np.random.default_rng(0))

    (row,) = table.rows
    assert row.values == {"ndcg@100": pytest.approx(0.5), "r@10": pytest.approx(3 / 8)}
    assert (row.n, row.n_groups, table.differences) == (3, 2, ())


def test_differences_are_paired_over_groups() -> None:
    tasks = [task(number, f"g{number // 2}") for number in range(80)]
    noise = np.random.default_rng(1).uniform(0, 0.8, 80)
    scores: dict[Key, list[TaskScore]] = {
        ("raw", "bm25"): [score(value, 0, 1) for value in noise],
        ("grpo", "bm25"): [score(value + 0.1, 1, 1) for value in noise],
        ("raw", "dense"): [score(value, 0, 1) for value in noise],
    }

    table = rewrite_table(tasks, scores, generator=np.random.default_rng(0), n_resamples=500)

    # The noise is large, the difference the same everywhere: only pairing shows that.
    (one,) = table.differences
    assert (one.row, one.minus, one.retriever) == ("grpo", "raw", "bm25")
    assert one.ci["ndcg@100"] == (pytest.approx(0.1), pytest.approx(0.1))
    assert one.p["ndcg@100"] == 1 / 500
    low, high = table.rows[0].ci["ndcg@100"]
    assert high - low > 0.05


def test_a_row_equal_to_the_compared_one_is_not_different() -> None:
    tasks = [task(number, f"g{number}") for number in range(10)]
    same = [score(0.3, 1, 1)] * 10

    table = rewrite_table(
        tasks, {("rules", "bm25"): same, ("grpo", "bm25"): same}, generator=np.random.default_rng(0)
    )

    assert table.differences[0].p["ndcg@100"] == 1.0


def test_a_query_is_judged_by_its_targets_place() -> None:
    environment = SearchEnvironment(
        SearchEngine.in_memory(film_catalog(), HashEncoder()), retriever="bm25"
    )
    wanted = task(0, "a", (film_id("Jackie Brown"), "nobody's"))

    (found,) = score_queries(environment, [wanted], ["Jackie Brown Pam Grier"])

    # First of two targets in front, the other one unknown: 1 / (1 + 1 / log2 3).
    assert found.ndcg == pytest.approx(0.61315, abs=1e-4)
    assert (found.hits, found.targets) == (1, 2)
