"""Lists in, metrics out: every contestant is judged by this project's metrics on its own lists."""

from __future__ import annotations

import numpy as np

from benchmarks.peers.processes import ContestantFailed
from benchmarks.peers.split_files import Events
from rec_core.metrics import ndcg_at, recall_at

LIST_LENGTH = 100


def check_lists(lists: np.ndarray, events: Events, part: str) -> None:
    """Raise ContestantFailed unless each user has a list of unseen, different items.

    Args:
        lists: (n_users, k) item rows, best first; -1 fills up a short list.
        events: The split.
        part: "valid" or "test".
    """
    if lists.ndim != 2 or len(lists) != events.n_users or lists.max() >= events.n_items:
        raise ContestantFailed(f"lists of shape {lists.shape} do not fit the split")
    known = events.history(part)
    users = np.repeat(np.arange(events.n_users), lists.shape[1])
    named = lists.ravel() >= 0
    pairs = users[named] * events.n_items + lists.ravel()[named]
    if np.isin(pairs, known.users * events.n_items + known.items).any():
        raise ContestantFailed("a list names an item that its user has seen")
    if len(np.unique(pairs)) != len(pairs):
        raise ContestantFailed("a list names an item twice")


def judge(lists: np.ndarray, events: Events, part: str) -> dict[str, float]:
    """Mean recall and NDCG at 10 and recall at 100 over all users.

    A target that is not in its list counts as missed; among equal scores the contestant's own order
    holds, as it would for its users.
    """
    check_lists(lists, events, part)
    hit = lists == events.targets(part)[:, None]
    missed = max(events.n_items, LIST_LENGTH)
    ranks = np.where(hit.any(axis=1), hit.argmax(axis=1), missed)
    users = np.arange(events.n_users)
    return {
        "ndcg@10": float(ndcg_at(ranks, users, k=10, n_users=events.n_users).mean()),
        "recall@10": float(recall_at(ranks, users, k=10, n_users=events.n_users).mean()),
        "recall@100": float(recall_at(ranks, users, k=100, n_users=events.n_users).mean()),
    }
