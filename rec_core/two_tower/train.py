"""Training the two towers on next-item steps with in-batch negatives."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from ..batches import shuffled_ties
from ..checkpoints import (
    Checkpoint,
    CheckpointFolder,
    restore_training,
    resume_point,
    training_state,
)
from ..distributed import World, world
from ..errors import DataError
from ..event_source import EventSource, MemorySource
from ..interactions import Interactions
from ..runtime import DEFAULT_RUN, Progress, RunOptions, no_progress
from .batches import WindowBatch, blocked_pairs, window_batches
from .config import TwoTowerConfig
from .frequency import StreamingFrequency, target_shares
from .loss import Candidates, in_batch_softmax
from .model import TwoTower
from .retriever import TwoTowerRetriever

Validate = Callable[[TwoTowerRetriever], float]
"""Gives the validation metric (higher is better) of a snapshot."""

_EXPORT_CHUNK = 65_536
_BEST = "best/"
_STREAMING = "streaming/"


@dataclass(frozen=True, kw_only=True)
class TrainedTwoTower:
    """The outcome: the best snapshot, when it was taken, and the curve of the validation metric."""

    retriever: TwoTowerRetriever
    epochs: int
    curve: tuple[float, ...]


def train_two_tower(
    interactions: Interactions | EventSource,
    content: np.ndarray | None,
    config: TwoTowerConfig,
    *,
    validate: Validate | None = None,
    stop_after: int | None = None,
    options: RunOptions = DEFAULT_RUN,
    progress: Progress = no_progress,
    checkpoints: CheckpointFolder | None = None,
    user_features: np.ndarray | None = None,
) -> TrainedTwoTower:
    """Fit on every next-item step: the history before it against its item.

    Under `torchrun` every process takes its share of each batch's windows, with the whole batch's
    targets as candidates; all of them return the same outcome.

    Args:
        interactions: What to learn from, in memory or as a source of blocks.
        content: (n_items, d) from `item_content`; None learns ids alone, so that an item without
            events says nothing.
        config: Shape and recipe.
        validate: When given, the snapshot with the best value is returned and training stops
            after `config.patience` epochs without a better one.
        stop_after: Epochs to run when there is nothing to validate on (schedule as for
            `config.max_epochs`).
        options: Seed, device, threads.
        progress: Told after every epoch.
        checkpoints: Where each epoch is saved, and from where a run that was cut off goes on.
        user_features: (n_users, f) float32 by user row; only for interactions in memory.

    Raises:
        DataError: There are user features, but no interactions in memory that they belong to.
    """
    if user_features is not None and not isinstance(interactions, Interactions):
        raise DataError(
            "User features were given with interactions that are read from a file.",
            "Load the interactions into memory, or train without user features.",
        )
    source = MemorySource(interactions) if isinstance(interactions, Interactions) else interactions
    with world(options) as together, options.seeded_torch("two-tower"):
        run = _Run(source, (content, user_features), config, options, together)
        run.resume(checkpoints)
        n_epochs = config.max_epochs if stop_after is None else min(stop_after, config.max_epochs)
        while run.epoch < n_epochs and not (validate is not None and run.is_stale):
            run.learn_epoch()
            if validate is not None:
                run.note(validate)
            run.save(checkpoints)
            if together.is_main:
                done = n_epochs if validate is not None and run.is_stale else run.epoch
                progress("two-tower", done, n_epochs)
        return TrainedTwoTower(
            retriever=run.best or run.snapshot(),
            epochs=run.best_epoch or run.epoch,
            curve=tuple(run.curve),
        )


class _Run:
    """One training under way: parameters, optimisers, randomness, what validation said so far."""

    def __init__(
        self,
        source: EventSource,
        features: tuple[np.ndarray | None, np.ndarray | None],
        config: TwoTowerConfig,
        options: RunOptions,
        together: World,
    ) -> None:
        self.source, self.config, self.together = source, config, together
        self.content, self.user_features = (
            None if values is None else torch.from_numpy(values).to(together.device)
            for values in features
        )
        self.model = TwoTower(
            torch.from_numpy(source.item_counts > 0),
            config,
            n_content=0 if self.content is None else self.content.shape[1],
            n_user_features=0 if self.user_features is None else self.user_features.shape[1],
        ).to(together.device)
        self.optimisers = self.model.optimisers()
        together.separate_randomness(options, "two-tower")
        self.generator = options.generator("two-tower/windows")
        self.shares = target_shares(source)
        self.streaming = None
        if config.frequency == "streaming":
            self.streaming = StreamingFrequency(
                2 * source.n_items + 1,
                rate=config.frequency_rate,
                generator=options.generator("two-tower/hashes"),
            )
        self.n_steps = max(1, source.n_events - int(source.first_counts.sum()))
        self.epoch, self.best_epoch = 0, 0
        self.best: TwoTowerRetriever | None = None
        self.curve: list[float] = []

    @property
    def is_stale(self) -> bool:
        """Whether validation has waited long enough for something better."""
        return self.epoch - self.best_epoch >= self.config.patience and bool(self.curve)

    def learn_epoch(self) -> None:
        """Every next-item step once."""
        config, n_done = self.config, 0
        self.model.train()
        for block in self.source.blocks(self.generator):
            rows = block.item_rows
            if config.shuffle_ties and block.timestamps is not None:
                rows = shuffled_ties(rows, block.user_rows, block.timestamps, self.generator)
            for batch in window_batches(
                rows,
                block.offsets,
                window=config.window,
                max_length=config.max_length,
                batch_size=config.batch_size,
                generator=self.generator,
            ):
                self._set_rate((self.epoch + n_done / self.n_steps) / config.max_epochs)
                self._learn(batch)
                n_done += len(batch.targets)
        self.epoch += 1

    def note(self, validate: Validate) -> None:
        """Validate in the main process; all hear what it says."""
        snapshot = self.snapshot()
        value = validate(snapshot) if self.together.is_main else 0.0
        self.curve.append(self.together.broadcast(value))
        if self.best is None or self.curve[-1] > self.curve[self.best_epoch - 1]:
            self.best, self.best_epoch = snapshot, self.epoch

    def snapshot(self) -> TwoTowerRetriever:
        """The model as it is, with the vectors of all items."""
        self.model.eval()
        n_items, chunks = self.source.n_items, []
        with torch.inference_mode():
            for start in range(0, n_items, _EXPORT_CHUNK):
                rows = torch.arange(
                    start, min(start + _EXPORT_CHUNK, n_items), device=self.together.device
                )
                chunks.append(self.model.item_tower(rows, self._content_of(rows)).cpu().numpy())
        user = {
            name: value.detach().cpu().numpy().copy()
            for name, value in self.model.user_tower.state_dict().items()
        }
        return TwoTowerRetriever(np.concatenate(chunks), user, self.config)

    def _set_rate(self, share_done: float) -> None:
        rate = 0.5 * (1.0 + math.cos(math.pi * min(share_done, 1.0)))
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = self.config.learning_rate * rate

    def _learn(self, batch: WindowBatch) -> None:
        loss = in_batch_softmax(*self._forward(batch))
        for optimiser in self.optimisers:
            optimiser.zero_grad(set_to_none=True)
        (loss / len(batch.targets)).backward()
        self.together.sum_gradients(self.model)
        for optimiser in self.optimisers:
            optimiser.step()
        if self.streaming is not None:
            self.streaming.update(batch.targets)

    def _forward(self, batch: WindowBatch) -> tuple[torch.Tensor, Candidates]:
        """User vectors of this process's windows, and the candidates of the whole batch."""
        columns, owners = self._columns(batch)
        windows = np.arange(len(batch.users))[self.together.share(len(batch.users))]
        mine = np.flatnonzero(np.isin(batch.step_windows, windows))
        read = batch.items[windows]
        vectors, places = self._item_vectors(np.concatenate([columns, read.ravel()]))
        looked_up = functional.embedding(places, vectors)
        known = None
        if self.user_features is not None:
            known = self.user_features[self._tensor(batch.users[windows])]
        users = self.model.user_tower(
            looked_up[len(columns) :].view(*read.shape, -1),
            self._tensor(batch.n_before[windows]),
            known,
        )
        steps, blocked = blocked_pairs((columns[mine], owners[mine]), (columns, owners))
        candidates = Candidates(
            vectors=looked_up[: len(columns)],
            log_expected=self._tensor(self._log_expected(columns, len(batch.targets))),
            own=self._tensor(mine),
            blocked=(self._tensor(steps), self._tensor(blocked)),
        )
        return users / self.config.temperature, candidates

    def _columns(self, batch: WindowBatch) -> tuple[np.ndarray, np.ndarray]:
        """Items and users of the candidates: all targets of the batch, then nobody's items."""
        n_uniform = self.config.uniform_negatives
        uniform = self.generator.integers(0, self.source.n_items, n_uniform)
        return (
            np.concatenate([batch.targets, uniform]),
            np.concatenate([batch.users[batch.step_windows], np.full(n_uniform, -1)]),
        )

    def _item_vectors(self, items: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """Vectors of the distinct items after a row of zeros for item -1, and each one's place."""
        distinct, places = np.unique(np.append(items, -1), return_inverse=True)
        rows = self._tensor(distinct[1:])
        vectors = self.model.item_tower(rows, self._content_of(rows))
        return functional.pad(vectors, (0, 0, 1, 0)), self._tensor(places[:-1])

    def _content_of(self, rows: torch.Tensor) -> torch.Tensor | None:
        return None if self.content is None else self.content[rows]

    def _log_expected(self, columns: np.ndarray, n_targets: int) -> np.ndarray:
        """(n_columns,) float32: log of how often an item is expected among targets and the rest."""
        if self.config.frequency == "none":
            return np.zeros(len(columns), dtype=np.float32)
        if self.streaming is None:
            shares = self.shares[columns]
        else:
            shares = self.streaming.shares(columns)
        uniform = self.config.uniform_negatives / self.source.n_items
        return np.log(n_targets * shares + uniform).astype(np.float32)

    def _tensor(self, values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(values).to(self.together.device)

    def save(self, checkpoints: CheckpointFolder | None) -> None:
        """Keep the state after this epoch."""
        if checkpoints is None:
            return
        tensors, state = training_state(
            self.model, self.optimisers, {"windows": self.generator}, self.together
        )
        if self.best is not None:
            best = self.best.tensors()
            tensors |= {_BEST + name: torch.from_numpy(value) for name, value in best.items()}
        if self.streaming is not None:
            estimate = self.streaming.tensors()
            tensors |= {
                _STREAMING + name: torch.from_numpy(value) for name, value in estimate.items()
            }
        state |= {"curve": self.curve, "best_epoch": self.best_epoch}
        if self.together.is_main:
            checkpoints.save(self.epoch, tensors=tensors, state=state)

    def resume(self, checkpoints: CheckpointFolder | None) -> None:
        """Go on after the last saved epoch, if there is one."""
        checkpoint = resume_point(checkpoints, self.together)
        if checkpoint is None:
            return
        restore_training(
            checkpoint, self.model, self.optimisers, {"windows": self.generator}, self.together
        )
        self.epoch = checkpoint.epoch
        self.curve = list(checkpoint.state["curve"])
        self.best_epoch = checkpoint.state["best_epoch"]
        if self.best_epoch:
            self.best = TwoTowerRetriever.from_tensors(_under(_BEST, checkpoint), self.config)
        if self.streaming is not None:
            self.streaming.restore(_under(_STREAMING, checkpoint))


def _under(prefix: str, checkpoint: Checkpoint) -> dict[str, np.ndarray]:
    return {
        name.removeprefix(prefix): value.numpy()
        for name, value in checkpoint.tensors.items()
        if name.startswith(prefix)
    }
