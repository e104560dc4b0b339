"""Training SASRec: all windows, softmax over the catalog, early stop on validation."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from ..batches import SequenceBatch, sequence_batches, shuffled_ties
from ..interactions import Interactions
from ..runtime import DEFAULT_RUN, Progress, RunOptions, no_progress
from .config import SasrecConfig
from .loss import catalog_cross_entropy
from .model import Sasrec
from .scorer import SasrecScorer

Validate = Callable[[SasrecScorer], float]
"""Gives the validation metric (higher is better) of a snapshot."""


@dataclass(frozen=True, kw_only=True)
class TrainedSasrec:
    """The outcome: the best snapshot, when it was taken, and the curve of the validation metric."""

    scorer: SasrecScorer
    epochs: int
    curve: tuple[float, ...]
    losses: tuple[float, ...]


def train_sasrec(
    interactions: Interactions,
    config: SasrecConfig,
    *,
    validate: Validate | None = None,
    stop_after: int | None = None,
    options: RunOptions = DEFAULT_RUN,
    progress: Progress = no_progress,
) -> TrainedSasrec:
    """Fit on every next-item step of the interactions.

    Args:
        interactions: What to learn from; users with fewer than two events add nothing.
        config: Shape and recipe.
        validate: When given, the snapshot with the best value is returned and training stops
            after `config.patience` epochs without a better one.
        stop_after: Epochs to run when there is nothing to validate on; the schedule is still that
            of `config.max_epochs`, so a refit repeats the steps that led to a chosen epoch.
        options: Seed, device, threads.
        progress: Told after every epoch.
    """
    n_epochs = config.max_epochs if stop_after is None else min(stop_after, config.max_epochs)
    with options.seeded_torch("sasrec"):
        model = Sasrec(interactions.n_items, config).to(options.device)
        optimiser = _optimiser(model, config)
        generator = options.generator("sasrec/windows")
        curve, losses, best, best_epoch = [], [], None, 0
        step, total_steps = 0, 0
        for epoch in range(1, n_epochs + 1):
            batches = list(_epoch(interactions, config, generator))
            total_steps = total_steps or max(1, len(batches) * config.max_epochs)
            model.train()
            epoch_loss = 0.0
            for batch in batches:
                for group in optimiser.param_groups:
                    group["lr"] = config.learning_rate * _schedule(step / total_steps, config)
                epoch_loss += _train_step(model, optimiser, batch)
                step += 1
            losses.append(epoch_loss / max(1, len(batches)))
            progress("sasrec", epoch, n_epochs)
            if validate is None:
                continue
            snapshot = _snapshot(model)
            curve.append(validate(snapshot))
            if best is None or curve[-1] > curve[best_epoch - 1]:
                best, best_epoch = snapshot, epoch
            elif epoch - best_epoch >= config.patience:
                progress("sasrec", n_epochs, n_epochs)
                break
        return TrainedSasrec(
            scorer=best or _snapshot(model),
            epochs=best_epoch or n_epochs,
            curve=tuple(curve),
            losses=tuple(losses),
        )


def _epoch(
    interactions: Interactions, config: SasrecConfig, generator: np.random.Generator
) -> list[SequenceBatch]:
    rows = shuffled_ties(interactions, generator) if config.shuffle_ties else interactions.item_rows
    return list(
        sequence_batches(
            rows,
            interactions.offsets,
            length=config.max_length,
            batch_size=config.batch_size,
            padding=interactions.n_items,
            generator=generator,
        )
    )


def _train_step(model: Sasrec, optimiser: torch.optim.Optimizer, batch: SequenceBatch) -> float:
    device = model.items.weight.device
    items = torch.from_numpy(batch.items).to(device)
    real = torch.from_numpy(batch.real).to(device)
    targets = torch.from_numpy(batch.targets).to(device)
    loss = catalog_cross_entropy(model(items)[real], model.item_vectors, targets)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimiser.step()
    return float(loss.detach())


def _optimiser(model: Sasrec, config: SasrecConfig) -> torch.optim.Optimizer:
    matrices = [parameter for parameter in model.parameters() if parameter.dim() >= 2]
    vectors = [parameter for parameter in model.parameters() if parameter.dim() < 2]
    groups = [
        {"params": matrices, "weight_decay": config.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=config.learning_rate, betas=(0.9, 0.98), fused=True)


def _schedule(done: float, config: SasrecConfig) -> float:
    """Linear warm-up, then a cosine from 1 to 0; `done` is the share of all steps."""
    if done < config.warmup:
        return (done + 1e-3) / (config.warmup + 1e-3)
    rest = (done - config.warmup) / (1.0 - config.warmup)
    return 0.5 * (1.0 + math.cos(math.pi * min(rest, 1.0)))


def _snapshot(model: Sasrec) -> SasrecScorer:
    tensors = {
        name: value.detach().cpu().numpy().copy() for name, value in model.state_dict().items()
    }
    return SasrecScorer(tensors, model.config)
