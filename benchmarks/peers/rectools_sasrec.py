"""RecTools' SASRec, as its documentation uses it, as a contestant. Runs in the peers' environment.

Settings: length, dimension, n_layers, n_heads, dropout, batch_size, learning_rate. Loss "softmax" over
the whole catalog; the library cuts every history to its last `length` + 1 training events.
"""

# ruff: noqa: ANN401, ARG002  the library's objects and hooks have no types of their own

from __future__ import annotations

import sys
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from pytorch_lightning import Callback, Trainer, seed_everything
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import SASRecModel

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.peers.session import Session
from benchmarks.peers.split_files import Events, order_hash, set_hash


def frame_of(events: Events) -> pd.DataFrame:
    """Interactions in the library's columns; an event's place serves as its time."""
    return pd.DataFrame(
        {
            Columns.User: events.users,
            Columns.Item: events.items,
            Columns.Weight: 1.0,
            Columns.Datetime: pd.to_datetime(events.places, unit="s"),
        }
    )


class TakeTurns(Callback):
    """Tells the session when all is prepared, and after every batch how far training is."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer

    def __deepcopy__(self, memo: object) -> TakeTurns:
        return self  # the library copies its trainer before fitting

    def on_train_start(self, trainer: Trainer, pl_module: Any) -> None:
        """The library has made its data and its network."""
        self.peer.introduce()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Pause here when the turn is over."""
        share = (batch_idx + 1) / trainer.num_training_batches
        self.peer.session.trained(trainer.current_epoch + share, float(outputs["loss"]))


class Peer:
    """The library's data sets and model, and what the session asks of them."""

    def __init__(self, session: Session) -> None:
        self.session = session
        events, task = session.events, session.task
        self.users = np.arange(events.n_users)
        self.known = {
            part: Dataset.construct(frame_of(events.history(part))) for part in ("valid", "test")
        }
        self.model = SASRecModel(
            n_blocks=task["n_layers"],
            n_heads=task["n_heads"],
            n_factors=task["dimension"],
            dropout_rate=task["dropout"],
            session_max_len=task["length"],
            batch_size=task["batch_size"],
            lr=task["learning_rate"],
            loss="softmax",
            get_trainer_func=self.trainer,
        )

    def trainer(self) -> Trainer:
        """As the library's own default, but that it takes turns and goes on for ever."""
        return Trainer(
            max_epochs=1_000_000,
            callbacks=[TakeTurns(self)],
            accelerator="cpu",
            devices=1,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )

    def introduce(self) -> None:
        """Say what is trained on, and wait for the first turn."""
        self.session.ready(
            recommend=self.recommend,
            as_rows=self.as_rows,
            hashes=self.hashes(),
            versions={"RecTools": version("RecTools"), "torch": torch.__version__},
        )

    def recommend(self, part: str, k: int) -> pd.DataFrame:
        """The library's own recommendations, from the state that training is in."""
        self.model.is_fitted = True
        lists = self.model.recommend(
            users=self.users, dataset=self.known[part], k=k, filter_viewed=True
        )
        self.model.torch_model.train()
        return lists

    def as_rows(self, lists: pd.DataFrame) -> np.ndarray:
        """(n_users, k) item rows."""
        ranks = lists[Columns.Rank].to_numpy(np.int64) - 1
        rows = np.full((len(self.users), ranks.max() + 1), -1)
        rows[lists[Columns.User], ranks] = lists[Columns.Item]
        return rows

    def hashes(self) -> dict[str, str]:
        """Of the data set that is fitted on, and of what the library kept of it for training."""
        users, items = _columns(self.known["valid"])
        kept = _columns(self.model.data_preparator.train_dataset)
        return {
            "set": set_hash(users, items),
            "order": order_hash(users, items),
            f"last {self.session.task['length'] + 1}": order_hash(*kept),
        }


def _columns(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Outside users and items of a data set of the library, by time."""
    frame = dataset.get_raw_interactions().sort_values(Columns.Datetime, kind="stable")
    return frame[Columns.User].to_numpy(np.int64), frame[Columns.Item].to_numpy(np.int64)


def main() -> None:
    """Prepare, then train for as long as the driver wants."""
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    session = Session.start()
    seed_everything(session.task["seed"], verbose=False)
    peer = Peer(session)
    peer.model.fit(peer.known["valid"])


if __name__ == "__main__":
    main()
