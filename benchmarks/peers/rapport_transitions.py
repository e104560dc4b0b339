"""This project's training-free transitions model, with its default configuration, as a contestant."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.peers.rapport_sasrec import Server, interactions_of
from benchmarks.peers.session import Session
from benchmarks.peers.split_files import order_hash, set_hash
from rec_core.baselines.transitions import Transitions


def main() -> None:
    """Prepare, count, serve."""
    session = Session.start()
    train = interactions_of(session.events.history("valid"))
    server = Server(session.events)
    columns = (train.user_rows, train.item_rows)
    session.ready(
        recommend=server.recommend,
        as_rows=lambda lists: lists,
        hashes={"set": set_hash(*columns), "order": order_hash(*columns)},
        versions={},
    )
    server.scorer = Transitions.fit(train)
    session.trained(1)
    session.finish()


if __name__ == "__main__":
    main()
