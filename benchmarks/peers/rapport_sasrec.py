"""This project's SASRec as a contestant.

Settings: `config`, the fields of `SasrecConfig`. The training clock stops while the driver asks for
recommendations between two epochs. Like the peers, what is served is always the latest state: no
epoch is chosen on validation here.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.peers.session import Session
from benchmarks.peers.split_files import Events, last_hash, order_hash, set_hash
from rec_core import IdMap, Interactions
from rec_core.evaluation import Scorer
from rec_core.runtime import RunOptions
from rec_core.sasrec.config import SasrecConfig
from rec_core.sasrec.scorer import SasrecScorer
from rec_core.sasrec.train import train_sasrec

_USERS_A_CALL = 512


def interactions_of(events: Events) -> Interactions:
    """The events as the library holds them, without time stamps: their order is all there is."""
    return Interactions(
        users=IdMap([str(user) for user in range(events.n_users)]),
        catalog_ids=IdMap([str(item) for item in range(events.n_items)]),
        user_rows=events.users,
        item_rows=events.items,
    )


class Server:
    """Recommends by any scorer of the library."""

    def __init__(self, events: Events) -> None:
        self.scorer: Scorer | None = None
        self.histories = {part: events.history(part).histories() for part in ("valid", "test")}

    def recommend(self, part: str, k: int) -> np.ndarray:
        """(n_users, k) item rows, best first, seen items removed."""
        assert self.scorer is not None
        histories, lists = self.histories[part], []
        for start in range(0, len(histories), _USERS_A_CALL):
            chunk = histories[start : start + _USERS_A_CALL]
            scores = self.scorer.score(chunk)
            users = np.repeat(np.arange(len(chunk)), [len(history) for history in chunk])
            scores[users, np.concatenate(chunk)] = -np.inf
            lists.append(torch.from_numpy(scores).topk(k).indices.numpy())
        return np.vstack(lists)


def main() -> None:
    """Prepare, then train to the end of the schedule."""
    torch.set_num_threads(1)
    session = Session.start()
    events = session.events
    train = interactions_of(events.history("valid"))
    server = Server(events)
    config = SasrecConfig(**session.task["config"])
    held = Events(train.user_rows, train.item_rows, train.n_items)
    session.ready(
        recommend=server.recommend,
        as_rows=lambda lists: lists,
        hashes={
            "set": set_hash(held.users, held.items),
            "order": order_hash(held.users, held.items),
            f"last {config.max_length + 1}": last_hash(held, config.max_length + 1),
        },
        versions={"torch": torch.__version__},
    )
    epochs = 0

    def after_epoch(scorer: SasrecScorer) -> float:
        nonlocal epochs
        epochs += 1
        server.scorer = scorer
        session.trained(epochs)
        return float(epochs)  # ever better: the last epoch is the outcome

    options = RunOptions(seed=session.task["seed"], threads=1)
    server.scorer = train_sasrec(train, config, validate=after_epoch, options=options).scorer
    session.finish()


if __name__ == "__main__":
    main()
