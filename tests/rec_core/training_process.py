"""A training of some seconds in a process of its own, to be killed or to run under torchrun."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from safetensors.numpy import save_file

from rec_core import RunOptions, Scorer
from rec_core.checkpoints import CheckpointFolder
from rec_core.interactions import Interactions
from rec_core.sasrec import loss as sasrec_loss
from rec_core.sasrec.config import SasrecConfig
from rec_core.sasrec.train import train_sasrec
from rec_core.testing import interactions_of
from rec_core.two_tower import loss as two_tower_loss
from rec_core.two_tower.config import TwoTowerConfig
from rec_core.two_tower.train import train_two_tower

N_ITEMS = 60
N_EPOCHS = 8


def random_world(n_users: int) -> Interactions:
    """Users who walk on by one or two items at a time."""
    generator = np.random.default_rng(5)
    histories = [
        (generator.integers(N_ITEMS) + np.cumsum(generator.integers(1, 3, length))) % N_ITEMS
        for length in generator.integers(3, 25, n_users)
    ]
    return interactions_of([history.tolist() for history in histories], n_items=N_ITEMS)


def sasrec_config(*, sampled: bool, dropout: float, batch_size: int) -> SasrecConfig:
    return SasrecConfig(
        dimension=16,
        max_length=12,
        dropout=dropout,
        batch_size=batch_size,
        learning_rate=1e-2,
        max_epochs=N_EPOCHS,
        full_softmax_up_to=N_ITEMS - sampled,
        sampled_items=32,
        patience=N_EPOCHS,
    )


def two_tower_config(*, dropout: float) -> TwoTowerConfig:
    return TwoTowerConfig(
        dimension=16,
        max_length=12,
        dropout=dropout,
        id_dropout=dropout,
        window=4,
        batch_size=64,
        uniform_negatives=8,
        frequency="streaming",
        max_epochs=N_EPOCHS,
        patience=N_EPOCHS,
    )


@contextmanager
def no_narrow_softmax() -> Iterator[None]:
    """As on a machine without bfloat16, whose 8 bits would hide what is compared."""

    def same(device: str, states: torch.dtype) -> torch.dtype:
        return states

    with (
        patch.object(sasrec_loss, "head_precision", same),
        patch.object(two_tower_loss, "head_precision", same),
    ):
        yield


def trained_tensors(arguments: argparse.Namespace) -> dict[str, np.ndarray]:
    """The parameters of the best epoch, and the curve of the validation."""
    world = random_world(arguments.users)
    history = [np.array([1, 2, 4])]

    def validate(scorer: Scorer) -> float:
        return -float(np.abs(scorer.score(history)).mean())

    def progress(stage: str, done: int, total: int) -> None:
        if arguments.log is not None:
            with arguments.log.open("a") as stream:
                stream.write(f"{done}\n")

    checkpoints = None
    if arguments.checkpoints is not None:
        checkpoints = CheckpointFolder(arguments.checkpoints, description={"test": 1})
    options = RunOptions(seed=1, threads=1)
    if arguments.model == "two-tower":
        content = np.random.default_rng(6).normal(size=(N_ITEMS, 8))
        towers = train_two_tower(
            world,
            content.astype(np.float32),
            two_tower_config(dropout=arguments.dropout),
            validate=validate,
            stop_after=arguments.stop_after,
            checkpoints=checkpoints,
            options=options,
            progress=progress,
        )
        return dict(towers.retriever.tensors()) | {"curve": np.array(towers.curve)}
    trained = train_sasrec(
        world,
        sasrec_config(
            sampled=arguments.model == "sasrec-sampled",
            dropout=arguments.dropout,
            batch_size=arguments.batch_size,
        ),
        validate=validate,
        stop_after=arguments.stop_after,
        checkpoints=checkpoints,
        options=options,
        progress=progress,
    )
    curves = {"curve": np.array(trained.curve), "losses": np.array(trained.losses)}
    return dict(trained.scorer.tensors()) | curves


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("model", choices=["sasrec", "sasrec-sampled", "two-tower"])
    parser.add_argument("out", type=Path)
    parser.add_argument("--checkpoints", type=Path)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--users", type=int, default=60)
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--stop-after", type=int)
    arguments = parser.parse_args(argv)
    # Every process of a torchrun must end with the same model.
    rank = os.environ.get("RANK", "0")
    with no_narrow_softmax():
        save_file(trained_tensors(arguments), f"{arguments.out}-{rank}")


if __name__ == "__main__":
    main()
