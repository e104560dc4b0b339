"""Training SASRec: next-item steps of whole histories, early stop on validation, resume.

An epoch goes through the blocks of an event source, so a file larger than memory trains like a
small one. Under torchrun every process takes its share of each batch and gradients are summed, so
that the steps are those of one process.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from ..batches import (
    UNKNOWN_GAP,
    SequenceBatch,
    all_windows,
    bucketed_batches,
    last_windows,
    sequence_batch,
    shuffled_ties,
)
from ..checkpoints import CheckpointFolder, restore_training, resume_point, training_state
from ..distributed import World, world
from ..event_source import EventBlock, EventSource, MemorySource
from ..interactions import Interactions
from ..runtime import DEFAULT_RUN, Progress, RunOptions, no_progress
from .config import SasrecConfig
from .loss import catalog_cross_entropy, sampled_cross_entropy
from .model import Sasrec
from .proposal import Proposal
from .scorer import SasrecScorer
from .warm_start import warm_item_vectors

Validate = Callable[[SasrecScorer], float]
"""Gives the validation metric (higher is better) of a snapshot."""

_MOMENTS = (0.9, 0.98)
_BEST = "best/"


@dataclass(frozen=True, kw_only=True)
class TrainedSasrec:
    """The outcome: the best snapshot, when it was taken, and the curve of the validation metric."""

    scorer: SasrecScorer
    epochs: int
    curve: tuple[float, ...]
    losses: tuple[float, ...]


def train_sasrec(
    events: Interactions | EventSource,
    config: SasrecConfig,
    *,
    validate: Validate | None = None,
    stop_after: int | None = None,
    checkpoints: CheckpointFolder | None = None,
    options: RunOptions = DEFAULT_RUN,
    progress: Progress = no_progress,
) -> TrainedSasrec:
    """Fit on the next-item steps of the events.

    Args:
        events: What to learn from; users with fewer than two events add nothing.
        config: Shape and recipe.
        validate: When given, the snapshot with the best value is returned and training stops
            after `config.patience` epochs without a better one.
        stop_after: Epochs to run when there is nothing to validate on; the schedule is still that
            of `config.max_epochs`, so a refit repeats the steps that led to a chosen epoch.
        checkpoints: Where every epoch is kept; a run that was interrupted goes on after its last
            complete epoch and ends with the same parameters.
        options: Seed, device, threads.
        progress: Told after every epoch.
    """
    source = MemorySource(events) if isinstance(events, Interactions) else events
    n_epochs = config.max_epochs if stop_after is None else min(stop_after, config.max_epochs)
    with options.seeded_torch("sasrec"), world(options) as ranks:
        run = _Run(source, config, options, ranks)
        if not run.resume(checkpoints) and config.warm_start:
            run.warm_start(options.generator("sasrec/warm-start"))
        while run.epoch < n_epochs and not run.is_over:
            progress("sasrec", run.epoch, n_epochs)
            run.train_epoch()
            if validate is not None:
                run.note(ranks.broadcast(validate(run.snapshot()) if ranks.is_main else 0.0))
            run.save(checkpoints)
        progress("sasrec", n_epochs, n_epochs)
        return run.outcome()


@dataclass
class _Best:
    """The validation curve so far and the snapshot at its highest point."""

    curve: list[float] = field(default_factory=list)
    epoch: int = 0
    tensors: dict[str, np.ndarray] = field(default_factory=dict)


class _Run:
    """One training run between its epochs: all that a checkpoint keeps."""

    def __init__(
        self, source: EventSource, config: SasrecConfig, options: RunOptions, ranks: World
    ) -> None:
        self.source, self.config, self.ranks = source, config, ranks
        self.model = Sasrec(source.n_items, config, sparse=self._samples).to(ranks.device)
        self.optimisers = _optimisers(self.model, config)
        self.generator = options.generator("sasrec/windows")
        self.proposal = (
            Proposal(source.item_counts - source.first_counts) if self._samples else None
        )
        self.epoch = 0
        self.losses: list[float] = []
        self.best = _Best()
        ranks.separate_randomness(options, "sasrec")

    @property
    def _samples(self) -> bool:
        return self.source.n_items > self.config.full_softmax_up_to

    @property
    def is_over(self) -> bool:
        """Whether validation has not improved for as long as the configuration waits."""
        return bool(self.best.epoch) and self.epoch - self.best.epoch >= self.config.patience

    def train_epoch(self) -> None:
        """Every step of every block once."""
        self.model.train()
        losses = [self._step(batch, share) for share, batch in self._batches()]
        self.epoch += 1
        self.losses.append(self.ranks.sum(sum(losses)) / max(1, len(losses)))

    def _batches(self) -> Iterator[tuple[float, SequenceBatch]]:
        """The epoch's batches, each with the share of the whole schedule that is done before it."""
        done = 0
        for block in self.source.blocks(self.generator):
            if len(block.item_rows) > 1:
                rows, batches = _cut(block, self.config, self.generator)
                times = block.timestamps if self.config.time_gaps else None
                for index, (starts, counts) in enumerate(batches):
                    passed = done + len(block.item_rows) * index / len(batches)
                    share = (self.epoch + passed / self.source.n_events) / self.config.max_epochs
                    yield (
                        share,
                        sequence_batch(
                            rows, starts, counts, padding=self.source.n_items, timestamps=times
                        ),
                    )
            done += len(block.item_rows)

    def _step(self, batch: SequenceBatch, share: float) -> float:
        """One update; returns this process's part of the batch's mean loss."""
        rate = self.config.learning_rate * _schedule(share, self.config)
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = rate
            optimiser.zero_grad(set_to_none=True)
        sampled = None if self.proposal is None else self._draw()
        n_targets = len(batch.targets)
        own = batch.share(self.ranks.rank, self.ranks.size)
        loss = self._loss(own, sampled) * (len(own.targets) / n_targets)
        loss.backward()
        self.ranks.sum_gradients(self.model)
        nn.utils.clip_grad_norm_(self.model.dense_parameters(), 1.0)
        for optimiser in self.optimisers:
            optimiser.step()
        return float(loss.detach())

    def _draw(self) -> tuple[Tensor, Tensor]:
        assert self.proposal is not None
        rows, log_expected = self.proposal.draw(self.config.sampled_items, self.generator)
        return torch.from_numpy(rows), torch.from_numpy(log_expected)

    def _loss(self, batch: SequenceBatch, sampled: tuple[Tensor, Tensor] | None) -> Tensor:
        device = self.model.positions.weight.device
        items = torch.from_numpy(batch.items).to(device)
        gaps = None if batch.gaps is None else self._some_hidden(batch.gaps).to(device)
        if not len(batch.targets):  # a process without rows still takes part in the sum
            return self.model(items, gaps).sum() * 0.0
        states = self.model(items, gaps)[torch.from_numpy(batch.real).to(device)]
        targets = torch.from_numpy(batch.targets).to(device)
        if sampled is None:
            return catalog_cross_entropy(states, self.model.item_vectors, targets)
        rows, log_expected = (tensor.to(device) for tensor in sampled)
        return sampled_cross_entropy(
            states,
            self.model.items(targets),
            self.model.items(rows),
            collisions=targets[:, None] == rows,
            log_expected=log_expected,
        )

    def _some_hidden(self, gaps: np.ndarray) -> Tensor:
        hidden = torch.rand(len(gaps), 1) < self.config.gap_dropout
        return torch.from_numpy(gaps).masked_fill(hidden, UNKNOWN_GAP)

    def note(self, value: float) -> None:
        """Take down the validation metric of the epoch just trained."""
        self.best.curve.append(value)
        if not self.best.epoch or value > self.best.curve[self.best.epoch - 1]:
            self.best.epoch, self.best.tensors = self.epoch, _tensors(self.model)

    def save(self, checkpoints: CheckpointFolder | None) -> None:
        """Keep all that the next epoch depends on; every process takes part, the main one writes."""
        if checkpoints is None:
            return
        tensors, state = training_state(
            self.model, self.optimisers, {"windows": self.generator}, self.ranks
        )
        if self.ranks.is_main:
            best = {_BEST + name: value for name, value in self.best.tensors.items()}
            state |= {
                "losses": self.losses,
                "curve": self.best.curve,
                "best_epoch": self.best.epoch,
            }
            checkpoints.save(self.epoch, tensors={**tensors, **best}, state=state)

    def warm_start(self, generator: np.random.Generator) -> None:
        """Begin with item vectors that know what is taken together; a large catalog begins anyhow."""
        if self.proposal is None:
            vectors = warm_item_vectors(self.source, self.config.dimension, generator)
            known = torch.from_numpy(np.flatnonzero(vectors.any(axis=1)))
            with torch.no_grad():
                items = self.model.items.weight
                items[known.to(items.device)] = torch.from_numpy(vectors)[known].to(items.device)

    def resume(self, checkpoints: CheckpointFolder | None) -> bool:
        """Go on from the last complete epoch; False where there is none."""
        found = resume_point(checkpoints, self.ranks)
        if found is None:
            return False
        restore_training(
            found, self.model, self.optimisers, {"windows": self.generator}, self.ranks
        )
        self.epoch, self.losses = found.epoch, list(found.state["losses"])
        best = {
            name.removeprefix(_BEST): tensor.numpy()
            for name, tensor in found.tensors.items()
            if name.startswith(_BEST)
        }
        self.best = _Best(
            curve=list(found.state["curve"]), epoch=found.state["best_epoch"], tensors=best
        )
        return True

    def snapshot(self) -> SasrecScorer:
        """The model as it is now."""
        return SasrecScorer(_tensors(self.model), self.config)

    def outcome(self) -> TrainedSasrec:
        """The best snapshot, or the last where nothing was validated."""
        scorer = SasrecScorer(self.best.tensors, self.config) if self.best.epoch else None
        return TrainedSasrec(
            scorer=scorer or self.snapshot(),
            epochs=self.best.epoch or self.epoch,
            curve=tuple(self.best.curve),
            losses=tuple(self.losses),
        )


def _cut(
    block: EventBlock, config: SasrecConfig, generator: np.random.Generator
) -> tuple[np.ndarray, Sequence[tuple[np.ndarray, np.ndarray]]]:
    """The block's item rows in the order of this epoch, and (starts, counts) of each batch."""
    rows = block.item_rows
    if config.shuffle_ties and block.timestamps is not None:
        rows = shuffled_ties(rows, block.user_rows, block.timestamps, generator)
    if config.all_windows:
        starts, counts = all_windows(block.offsets, length=config.max_length, generator=generator)
    else:
        starts, counts = last_windows(block.offsets, length=config.max_length)
    batches = bucketed_batches(counts, batch_size=config.batch_size, generator=generator)
    return rows, [(starts[batch], counts[batch]) for batch in batches]


def _optimisers(model: Sasrec, config: SasrecConfig) -> tuple[torch.optim.Optimizer, ...]:
    """AdamW; rows of a sampled catalog, most of which a step does not touch, get a sparse Adam."""
    dense = model.dense_parameters()
    groups = [
        {
            "params": [parameter for parameter in dense if parameter.dim() >= 2],
            "weight_decay": config.weight_decay,
        },
        {"params": [parameter for parameter in dense if parameter.dim() < 2], "weight_decay": 0.0},
    ]
    rate = config.learning_rate
    adam = torch.optim.AdamW(groups, lr=rate, betas=_MOMENTS, fused=True)
    if not model.items.sparse:
        return (adam,)
    return adam, torch.optim.SparseAdam([model.items.weight], lr=rate, betas=_MOMENTS)


def _schedule(done: float, config: SasrecConfig) -> float:
    """Linear warm-up, then a cosine from 1 to 0; `done` is the share of all steps."""
    if done < config.warmup:
        return (done + 1e-3) / (config.warmup + 1e-3)
    rest = (done - config.warmup) / (1.0 - config.warmup)
    return 0.5 * (1.0 + math.cos(math.pi * min(rest, 1.0)))


def _tensors(model: Sasrec) -> dict[str, np.ndarray]:
    return {name: value.detach().cpu().numpy().copy() for name, value in model.state_dict().items()}
