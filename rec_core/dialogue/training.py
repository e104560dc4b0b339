"""Learning the scoring function: softmax over candidates, first the sum, then the networks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ..runtime import Progress


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How the scoring function is learned; other settings tried are in docs/log.md."""

    linear_epochs: int = 4
    linear_rate: float = 0.03
    linear_decay: float = 1e-3
    networks: int = 3
    units: int = 32
    epochs: int = 3
    rate: float = 2e-3
    dropout: float = 0.3
    weight_decay: float = 0.05
    batch: int = 16


@dataclass(frozen=True, kw_only=True)
class CandidateBatch:
    """Candidates of the training examples: E examples of C candidates with F features.

    Attributes:
        features: (E, C, F) float16, standardised.
        offsets: (E, C) float32: log of how many items a sampled candidate stands for.
        is_target: (E, C) bool.
        situations: (E, S) float32, standardised.
    """

    features: np.ndarray
    offsets: np.ndarray
    is_target: np.ndarray
    situations: np.ndarray

    def __len__(self) -> int:
        return len(self.features)


def fit_linear(
    candidates: CandidateBatch, config: TrainingConfig, generator: np.random.Generator
) -> np.ndarray:
    """Weights (F,) of the sum: Adam on the softmax, rate halved each epoch."""
    weights = torch.zeros(candidates.features.shape[2], requires_grad=True)
    optimiser = torch.optim.Adam([weights], lr=config.linear_rate)
    batches = _Batches(candidates)
    for _ in range(config.linear_epochs):
        for rows in _shuffled(len(candidates), config.batch, generator):
            features, offsets, is_target, _ = batches.take(rows)
            loss = _softmax_loss(features @ weights + offsets, is_target)
            loss = loss + config.linear_decay * (weights * weights).sum()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        for group in optimiser.param_groups:
            group["lr"] /= 2
    return weights.detach().numpy().copy()


class _Correction(torch.nn.Module):
    """The sum, started at known weights, plus one hidden layer."""

    def __init__(
        self, linear: np.ndarray, n_situation: int, config: TrainingConfig, seed: torch.Generator
    ) -> None:
        super().__init__()
        n_features, units = len(linear), config.units
        bound = n_features**-0.5

        def uniform(*shape: int, scale: float) -> torch.nn.Parameter:
            return torch.nn.Parameter((torch.rand(*shape, generator=seed) * 2 - 1) * scale)

        self.linear = torch.nn.Parameter(torch.from_numpy(linear.copy()))
        self.item_weights = uniform(n_features, units, scale=bound)
        self.bias = uniform(units, scale=bound)
        self.situation_weights = uniform(n_situation, units, scale=n_situation**-0.5)
        self.output = uniform(units, scale=0.1 * units**-0.5)

    def forward(
        self, features: torch.Tensor, situations: torch.Tensor, kept: torch.Tensor
    ) -> torch.Tensor:
        """(B, C) scores; `kept` (B, C, H) is the dropout mask, already scaled."""
        moment = self.bias + situations @ self.situation_weights
        hidden = torch.relu(features @ self.item_weights + moment[:, None, :]) * kept
        return features @ self.linear + hidden @ self.output


def fit_networks(
    candidates: CandidateBatch,
    linear: np.ndarray,
    config: TrainingConfig,
    generator: np.random.Generator,
    progress: Progress,
) -> dict[str, np.ndarray]:
    """The parts of a ScoringModel that networks add; `linear` becomes the mean of theirs."""
    found: list[dict[str, np.ndarray]] = []
    for number in range(config.networks):
        network = _fit_network(candidates, linear, config, generator)
        found.append({name: value.detach().numpy() for name, value in network.named_parameters()})
        progress("networks", number + 1, config.networks)
    stacked = {name: np.stack([one[name] for one in found]) for name in found[0]}
    return {**stacked, "linear": stacked["linear"].mean(axis=0)}


def _fit_network(
    candidates: CandidateBatch,
    linear: np.ndarray,
    config: TrainingConfig,
    generator: np.random.Generator,
) -> _Correction:
    seed = torch.Generator().manual_seed(int(generator.integers(2**62)))
    network = _Correction(linear, candidates.situations.shape[1], config, seed)
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=config.rate, weight_decay=config.weight_decay
    )
    steps = config.epochs * -(-len(candidates) // config.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, config.rate, total_steps=steps + 1)
    batches = _Batches(candidates)
    for _ in range(config.epochs):
        for rows in _shuffled(len(candidates), config.batch, generator):
            features, offsets, is_target, situations = batches.take(rows)
            shape = (*features.shape[:2], config.units)
            kept = (torch.rand(shape, generator=seed) >= config.dropout) / (1 - config.dropout)
            loss = _softmax_loss(network(features, situations, kept) + offsets, is_target)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return network


class _Batches:
    """Candidates as tensors, half precision until they are needed."""

    def __init__(self, candidates: CandidateBatch) -> None:
        self._parts = (
            torch.from_numpy(candidates.features),
            torch.from_numpy(candidates.offsets),
            torch.from_numpy(candidates.is_target),
            torch.from_numpy(candidates.situations),
        )

    def take(
        self, rows: np.ndarray
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        features, offsets, is_target, situations = self._parts
        chosen = torch.from_numpy(rows)
        return features[chosen].float(), offsets[chosen], is_target[chosen], situations[chosen]


def _softmax_loss(scores: torch.Tensor, is_target: torch.Tensor) -> torch.Tensor:
    """Mean over examples of the summed negative log-likelihood of their targets."""
    likelihood = torch.log_softmax(scores, dim=1)
    return -(likelihood * is_target).sum() / len(scores)


def _shuffled(count: int, batch: int, generator: np.random.Generator) -> list[np.ndarray]:
    order = generator.permutation(count)
    return [order[start : start + batch] for start in range(0, count, batch)]
