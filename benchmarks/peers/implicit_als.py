"""The alternating least squares of implicit, as a contestant. Runs in implicit's own environment.

Settings: dimension, regularization, alpha, iterations. It has no order of events; a user's test-time history holds one item
more than what was trained on, so the user vector is computed anew from it (`recalculate_user`).
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
from implicit.als import AlternatingLeastSquares
from scipy import sparse

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.peers.session import Session
from benchmarks.peers.split_files import Events, set_hash

_USERS_A_CALL = 1024


def matrix_of(events: Events) -> sparse.csr_matrix:
    """(n_users, n_items) with a one for each event."""
    ones = np.ones(len(events.users), dtype=np.float32)
    shape = (events.n_users, events.n_items)
    return sparse.csr_matrix((ones, (events.users, events.items)), shape=shape)


def main() -> None:
    """Prepare, then iterate."""
    session = Session.start()
    task, events = session.task, session.events
    known = {part: matrix_of(events.history(part)) for part in ("valid", "test")}
    model = AlternatingLeastSquares(
        factors=task["dimension"],
        regularization=task["regularization"],
        alpha=task["alpha"],
        iterations=task["iterations"],
        num_threads=1,
        use_gpu=False,
        random_state=task["seed"],
    )

    def recommend(part: str, k: int) -> list[np.ndarray]:
        lists = []
        for start in range(0, events.n_users, _USERS_A_CALL):
            users = np.arange(start, min(start + _USERS_A_CALL, events.n_users))
            rows, _ = model.recommend(
                users,
                known[part][users],
                N=k,
                filter_already_liked_items=True,
                recalculate_user=True,
            )
            lists.append(rows)
        return lists

    held = known["valid"].tocoo()
    session.ready(
        recommend=recommend,
        as_rows=np.vstack,
        hashes={"set": set_hash(held.row, held.col)},
        versions={"implicit": version("implicit")},
    )
    model.fit(
        known["valid"],
        show_progress=False,
        callback=lambda iteration, *_: session.trained(iteration + 1),
    )
    session.finish()


if __name__ == "__main__":
    main()
