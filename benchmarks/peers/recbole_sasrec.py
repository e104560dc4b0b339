"""RecBole's SASRec with its softmax loss, as a contestant. Runs in the peers' environment.

Settings: length, dimension, n_layers, n_heads, inner, dropout, batch_size, learning_rate. The library makes one training row of
every prefix of every history, cut to `length`, with one target; its own leave-one-out split holds the
last two events of each user back. Its top-k does not leave seen items out for sequential models, so
that is done here on the scores of its `full_sort_predict`.
"""

# ruff: noqa: ANN401  the library's objects have no types of their own

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.model.sequential_recommender import SASRec
from recbole.trainer import Trainer
from recbole.utils import init_seed

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.peers.session import Session
from benchmarks.peers.split_files import Events, order_hash, set_hash

_USERS_A_CALL = 512


class TurnByTurn:
    """The library's loader of training batches, which tells the session after every batch."""

    def __init__(self, loader: Any, session: Session) -> None:
        self._loader, self._session = loader, session
        self._epoch = -1

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def __len__(self) -> int:
        return len(self._loader)

    def __iter__(self) -> Iterator[Any]:
        self._epoch += 1
        for done, batch in enumerate(self._loader, 1):
            yield batch
            self._session.trained(self._epoch + done / len(self._loader))


def write_atomic_file(events: Events, folder: Path) -> None:
    """The library's own input format; an event's place serves as its time."""
    folder.mkdir(parents=True, exist_ok=True)
    frame = pd.DataFrame(
        {
            "user_id:token": events.users,
            "item_id:token": events.items,
            "timestamp:float": events.places,
        }
    )
    frame.to_csv(folder / f"{folder.name}.inter", sep="\t", index=False)


def configuration(session: Session) -> Config:
    """The library's defaults but for the shape, the loss and the split of this comparison."""
    task = session.task
    return Config(
        model="SASRec",
        dataset="events",
        config_dict={
            "data_path": str(session.folder),
            "checkpoint_dir": str(session.folder / "checkpoints"),
            "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
            "eval_args": {
                "split": {"LS": "valid_and_test"},
                "group_by": "user",
                "order": "TO",
                "mode": "full",
            },
            "train_neg_sample_args": None,
            "loss_type": "CE",
            "MAX_ITEM_LIST_LENGTH": task["length"],
            "n_layers": task["n_layers"],
            "n_heads": task["n_heads"],
            "hidden_size": task["dimension"],
            "inner_size": task["inner"],
            "hidden_dropout_prob": task["dropout"],
            "attn_dropout_prob": task["dropout"],
            "train_batch_size": task["batch_size"],
            "learning_rate": task["learning_rate"],
            "use_gpu": False,
            "worker": 0,
            "seed": task["seed"],
            "reproducibility": False,
            "show_progress": False,
            "state": "ERROR",
        },
    )


def main() -> None:
    """Prepare, then train for as long as the driver wants."""
    session = Session.start()
    sys.argv = sys.argv[:1]  # the library reads the command line too
    logging.disable(logging.WARNING)
    write_atomic_file(session.events, session.folder / "events")
    config = configuration(session)
    init_seed(config["seed"], config["reproducibility"])
    dataset = create_dataset(config)
    train, valid, test = data_preparation(config, dataset)
    torch.set_num_threads(1)
    model = SASRec(config, dataset)
    trainer = Trainer(config, model)
    server = Server(session.events, dataset, model, {"valid": valid, "test": test})
    users, items = training_events(dataset, train)
    session.ready(
        recommend=server.recommend,
        as_rows=server.as_rows,
        hashes={"set": set_hash(users, items), "order": order_hash(users, items)},
        versions={"RecBole": version("recbole"), "torch": torch.__version__},
    )
    batches = TurnByTurn(train, session)
    for epoch in range(1_000_000):
        trainer._train_epoch(batches, epoch)  # `fit` would validate and save as well


def training_events(dataset: Any, train: Any) -> tuple[np.ndarray, np.ndarray]:
    """Users and items of the training rows: each row's target, before it the user's first item."""
    rows = train._dataset.inter_feat
    users = rows[dataset.uid_field].numpy()
    items = rows[dataset.iid_field].numpy()
    first = rows[dataset.item_id_list_field][:, 0].numpy()
    starts = rows[dataset.item_list_length_field].numpy() == 1
    starts[1:] &= users[1:] != users[:-1]
    every_user = np.concatenate([users[starts], users])
    every_item = np.concatenate([first[starts], items])
    return (
        outside_rows(dataset, dataset.uid_field)[every_user],
        outside_rows(dataset, dataset.iid_field)[every_item],
    )


def outside_rows(dataset: Any, field: str) -> np.ndarray:
    """Rows of the comparison by the library's internal ids; -1 for its padding."""
    tokens = dataset.field2id_token[field]
    return np.array([-1, *(int(token) for token in tokens[1:])])


class Server:
    """Recommends from the library's scores of all items."""

    def __init__(
        self, events: Events, dataset: Any, model: SASRec, loaders: dict[str, Any]
    ) -> None:
        self.model = model
        self.users = outside_rows(dataset, dataset.uid_field)
        self.items = outside_rows(dataset, dataset.iid_field)
        inner = np.argsort(self.items)[1:]  # internal ids by row
        self.rows, self.seen = {}, {}
        for part, loader in loaders.items():
            self.rows[part] = loader._dataset.inter_feat
            histories = events.history(part).histories()
            order = self.users[self.rows[part][dataset.uid_field].numpy()]
            self.seen[part] = [torch.from_numpy(inner[histories[user]]) for user in order]
        self.uid_field = dataset.uid_field

    @torch.no_grad()
    def recommend(self, part: str, k: int) -> tuple[torch.Tensor, torch.Tensor]:
        """(internal users, internal items): (n,) and (n, k)."""
        self.model.eval()
        rows, seen, lists = self.rows[part], self.seen[part], []
        for start in range(0, len(rows), _USERS_A_CALL):
            scores = self.model.full_sort_predict(rows[start : start + _USERS_A_CALL])
            scores[:, 0] = -torch.inf
            taken = seen[start : start + _USERS_A_CALL]
            users = torch.arange(len(taken)).repeat_interleave(torch.tensor([*map(len, taken)]))
            scores[users, torch.cat(taken)] = -torch.inf
            lists.append(scores.topk(k).indices)
        self.model.train()
        return rows[self.uid_field], torch.cat(lists)

    def as_rows(self, answer: tuple[torch.Tensor, torch.Tensor]) -> np.ndarray:
        """(n_users, k) item rows, by user row."""
        users, items = answer
        result = np.empty(items.shape, dtype=np.int64)
        result[self.users[users.numpy()]] = self.items[items.numpy()]
        return result


if __name__ == "__main__":
    main()
