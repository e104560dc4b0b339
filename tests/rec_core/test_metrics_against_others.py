"""Our metrics against trec_eval (through pytrec-eval) and scikit-learn, on random rankings."""

from __future__ import annotations

import numpy as np
import pytest
import pytrec_eval
from sklearn.metrics import ndcg_score

from rec_core.evaluation import RankingTask, ranks_in_scores
from rec_core.metrics import user_metrics

N_USERS, N_ITEMS = 60, 300
CUTS = (5, 10, 20, 100)


def random_task(*, max_targets: int) -> tuple[np.ndarray, RankingTask]:
    """Scores without ties, and users with some seen items and 1 to `max_targets` others as targets."""
    generator = np.random.default_rng(max_targets)
    scores = np.stack([generator.permutation(N_ITEMS) for _ in range(N_USERS)]).astype(np.float32)
    histories, targets = [], []
    for _ in range(N_USERS):
        mixed = generator.permutation(N_ITEMS)
        n_seen, n_targets = generator.integers(1, 150), generator.integers(1, max_targets + 1)
        histories.append(mixed[:n_seen])
        targets.append(mixed[n_seen : n_seen + n_targets])
    task = RankingTask(
        histories=histories,
        user_rows=np.arange(N_USERS),
        targets=np.concatenate(targets),
        target_users=np.repeat(np.arange(N_USERS), [len(rows) for rows in targets]),
        n_items=N_ITEMS,
    )
    return scores, task


def ours(scores: np.ndarray, task: RankingTask) -> dict[str, np.ndarray]:
    ranks = ranks_in_scores(scores, task.histories, task.target_users, task.targets)
    return user_metrics(ranks, task.target_users, n_users=task.n_users)


def unseen(task: RankingTask, user: int) -> np.ndarray:
    return np.setdiff1d(np.arange(N_ITEMS), task.histories[user])


@pytest.mark.parametrize("max_targets", [1, 30])
def test_all_metrics_agree_with_trec_eval(max_targets: int) -> None:
    scores, task = random_task(max_targets=max_targets)
    wanted: dict[str, dict[str, int]] = {str(user): {} for user in range(N_USERS)}
    for user, target in zip(task.target_users, task.targets, strict=True):
        wanted[str(user)][str(target)] = 1
    run = {
        str(user): {str(item): float(scores[user, item]) for item in unseen(task, user)}
        for user in range(N_USERS)
    }
    cuts = ",".join(str(k) for k in CUTS)
    measures = {f"recall.{cuts}", f"ndcg_cut.{cuts}", "recip_rank"}
    theirs = pytrec_eval.RelevanceEvaluator(wanted, measures).evaluate(run)
    values = ours(scores, task)
    names = {f"recall@{k}": f"recall_{k}" for k in CUTS} | {"mrr": "recip_rank"}
    names |= {f"ndcg@{k}": f"ndcg_cut_{k}" for k in CUTS}
    assert set(names) == set(values)
    for name, their_name in names.items():
        expected = [theirs[str(user)][their_name] for user in range(N_USERS)]
        np.testing.assert_allclose(values[name], expected, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("k", CUTS)
def test_ndcg_agrees_with_scikit_learn(k: int) -> None:
    scores, task = random_task(max_targets=12)
    values = ours(scores, task)[f"ndcg@{k}"]
    for user in range(N_USERS):
        rows = unseen(task, user)
        gains = np.isin(rows, task.targets[task.target_users == user])
        assert values[user] == pytest.approx(ndcg_score([gains], [scores[user, rows]], k=k))
