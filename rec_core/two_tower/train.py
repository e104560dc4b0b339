"""Training the two towers on next-item examples with in-batch negatives."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch

from ..interactions import Interactions
from ..runtime import DEFAULT_RUN, Progress, RunOptions, no_progress
from .config import TwoTowerConfig
from .loss import in_batch_softmax
from .model import TwoTower
from .retriever import TwoTowerRetriever

Validate = Callable[[TwoTowerRetriever], float]
"""Gives the validation metric (higher is better) of a snapshot."""


@dataclass(frozen=True, kw_only=True)
class TrainedTwoTower:
    """The outcome: the best snapshot, when it was taken, and the curve of the validation metric."""

    retriever: TwoTowerRetriever
    epochs: int
    curve: tuple[float, ...]


def item_content(text_vectors: np.ndarray, genre_matrix: np.ndarray) -> np.ndarray:
    """(n_items, d_text + n_genres) float32: unit text vectors beside unit genre vectors."""
    norms = np.maximum(np.linalg.norm(genre_matrix, axis=1, keepdims=True), 1.0)
    scale = text_vectors.shape[1] ** 0.5
    return np.hstack([text_vectors * scale, genre_matrix / norms * 3.0]).astype(np.float32)


def log_frequencies(interactions: Interactions) -> np.ndarray:
    """(n_items,) float32: log of each item's share of all next-item targets.

    A user's first event is never a target. Items that are never one get the share of half a target.
    """
    first = interactions.offsets[:-1][np.diff(interactions.offsets) > 0]
    counts = interactions.item_counts.astype(np.float64)
    counts = counts - np.bincount(interactions.item_rows[first], minlength=len(counts))
    counts = np.maximum(counts, 0.5)
    return np.log(counts / counts.sum()).astype(np.float32)


def train_two_tower(
    interactions: Interactions,
    content: np.ndarray,
    config: TwoTowerConfig,
    *,
    validate: Validate | None = None,
    stop_after: int | None = None,
    options: RunOptions = DEFAULT_RUN,
    progress: Progress = no_progress,
) -> TrainedTwoTower:
    """Fit on every next-item step: the history before it against its item.

    Args:
        interactions: What to learn from.
        content: (n_items, d) from `item_content`.
        config: Shape and recipe.
        validate: When given, the snapshot with the best value is returned and training stops
            after `config.patience` epochs without a better one.
        stop_after: Epochs to run when there is nothing to validate on (schedule as for
            `config.max_epochs`).
        options: Seed, device, threads.
        progress: Told after every epoch.
    """
    n_epochs = config.max_epochs if stop_after is None else min(stop_after, config.max_epochs)
    with options.seeded_torch("two-tower"):
        model = _new_model(interactions, content, config)
        optimiser = torch.optim.AdamW(
            model.parameters(),
            lr=config.learning_rate,
            weight_decay=config.weight_decay,
            betas=(0.9, 0.98),
            fused=True,
        )
        frequency = torch.from_numpy(log_frequencies(interactions))
        generator = options.generator("two-tower/examples")
        curve, best, best_epoch, step, total_steps = [], None, 0, 0, 0
        for epoch in range(1, n_epochs + 1):
            batches = list(example_batches(interactions, config.batch_size, generator))
            total_steps = total_steps or max(1, len(batches) * config.max_epochs)
            model.train()
            for places in batches:
                rate = 0.5 * (1.0 + math.cos(math.pi * min(step / total_steps, 1.0)))
                for group in optimiser.param_groups:
                    group["lr"] = config.learning_rate * rate
                _train_step(model, optimiser, interactions, places, frequency)
                step += 1
            progress("two-tower", epoch, n_epochs)
            if validate is None:
                continue
            snapshot = _snapshot(model)
            curve.append(validate(snapshot))
            if best is None or curve[-1] > curve[best_epoch - 1]:
                best, best_epoch = snapshot, epoch
            elif epoch - best_epoch >= config.patience:
                progress("two-tower", n_epochs, n_epochs)
                break
        return TrainedTwoTower(
            retriever=best or _snapshot(model), epochs=best_epoch or n_epochs, curve=tuple(curve)
        )


def example_batches(
    interactions: Interactions, batch_size: int, generator: np.random.Generator
) -> Iterator[np.ndarray]:
    """One epoch of event positions that have something before them, in random order."""
    is_target = np.ones(len(interactions), dtype=bool)
    is_target[interactions.offsets[:-1][np.diff(interactions.offsets) > 0]] = False
    places = generator.permutation(np.flatnonzero(is_target))
    for start in range(0, len(places), batch_size):
        batch = places[start : start + batch_size]
        if len(batch) > 1:  # one example alone has no negative
            yield batch


def _new_model(interactions: Interactions, content: np.ndarray, config: TwoTowerConfig) -> TwoTower:
    known = torch.from_numpy(interactions.item_counts > 0)
    return TwoTower(torch.from_numpy(content), known, config)


def _train_step(
    model: TwoTower,
    optimiser: torch.optim.Optimizer,
    interactions: Interactions,
    places: np.ndarray,
    frequency: torch.Tensor,
) -> None:
    starts = interactions.offsets[interactions.user_rows[places]]
    lengths = np.minimum(places - starts, model.config.max_length)
    offsets = np.arange(int(lengths.max()))
    index = np.where(offsets < lengths[:, None], (places - lengths)[:, None] + offsets, 0)
    histories = torch.from_numpy(interactions.item_rows[index])
    targets = torch.from_numpy(interactions.item_rows[places])
    logits = model(histories, torch.from_numpy(lengths), targets)
    corrected = frequency[targets] if model.config.frequency_correction else None
    loss = in_batch_softmax(logits, targets, corrected)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    optimiser.step()


def _snapshot(model: TwoTower) -> TwoTowerRetriever:
    model.eval()
    with torch.inference_mode():
        items = model.all_items().numpy().copy()
    user = {
        name: value.detach().numpy().copy() for name, value in model.user_tower.state_dict().items()
    }
    return TwoTowerRetriever(items, user, model.config)
