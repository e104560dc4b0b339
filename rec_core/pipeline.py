"""The sequence side of the recommender: several models of "what comes next", one blend.

Retrieve: the union of the best rows of the transitions and of the two-tower retriever. Rank: a
weighted sum of log-probabilities. The weights are chosen on validation (`training`), never here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from .baselines.transitions import Transitions

BEYOND = np.float32(-1e9)
"""Score of an item that no retriever proposed: behind all that were, yet finite."""

# The trained models give logits; EASE gives regression values of about 0 to 0.3.
_SHARPNESS = {"ease": np.float32(40.0)}


class HistoryScorer(Protocol):
    """Scores every item for each history: (n_histories, n_items), higher is better."""

    def score(self, histories: Sequence[np.ndarray]) -> np.ndarray:
        """As `evaluation.Scorer.score`."""
        ...


@dataclass(frozen=True, kw_only=True)
class BlendWeights:
    """How log-probabilities add up: the score is sum over models of weight * log p.

    Attributes:
        transitions, sasrec, two_tower, ease: Weights; 0 leaves a model out.
        floor: Share of the transitions' mass that is spread evenly before taking the logarithm.
        n_retrieved: Rows proposed by each retriever.
    """

    transitions: float = 1.0
    sasrec: float = 0.0
    two_tower: float = 0.0
    ease: float = 0.0
    floor: float = 0.02
    n_retrieved: int = 300

    def of(self, name: str) -> float:
        """The weight of the named model."""
        table = {
            "transitions": self.transitions,
            "sasrec": self.sasrec,
            "two_tower": self.two_tower,
            "ease": self.ease,
        }
        return table[name]


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """Transitions always, the trained models where there are any."""

    transitions: Transitions
    models: Mapping[str, HistoryScorer] = field(default_factory=dict)
    weights: BlendWeights = field(default_factory=BlendWeights)

    def log_probabilities(self, histories: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Per model (n_histories, n_items) float32, each row a log-distribution over the catalog.

        A model whose weight is 0 is not run.
        """
        result = {"transitions": log_shares(self.transitions.score(histories), self.weights.floor)}
        for name, model in self.models.items():
            if self.weights.of(name):
                result[name] = log_softmax(model.score(histories) * _SHARPNESS.get(name, 1.0))
        return result

    def blend(self, parts: Mapping[str, np.ndarray]) -> np.ndarray:
        """The weighted sum of `log_probabilities`."""
        total = np.zeros_like(parts["transitions"])
        for name, part in parts.items():
            total += np.float32(self.weights.of(name)) * part
        return total

    def score(self, histories: Sequence[np.ndarray]) -> np.ndarray:
        """Blend of the retrieved rows; `BEYOND` for the rest. Seen items count as retrieved or not
        like any other; whoever evaluates takes them out.
        """
        parts = self.log_probabilities(histories)
        return np.where(self.retrieved(parts, histories), self.blend(parts), BEYOND)

    def retrieved(
        self, parts: Mapping[str, np.ndarray], histories: Sequence[np.ndarray]
    ) -> np.ndarray:
        """(n_histories, n_items) bool: each retriever's best rows that a history does not have."""
        marks = np.zeros(parts["transitions"].shape, dtype=bool)
        for name in ("transitions", "two_tower"):
            if name in parts:
                mark_best(marks, _without_seen(parts[name], histories), self.weights.n_retrieved)
        return marks


def log_softmax(scores: np.ndarray) -> np.ndarray:
    """Row-wise log-softmax, float32."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    normaliser = np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return (shifted - normaliser).astype(np.float32)


def log_shares(scores: np.ndarray, floor: float) -> np.ndarray:
    """Row-wise log of non-negative scores as shares, mixed with `floor` of the uniform share."""
    sums = scores.sum(axis=1, keepdims=True)
    shares = scores / np.where(sums > 0, sums, 1.0)
    return np.log((1.0 - floor) * shares + floor / scores.shape[1]).astype(np.float32)


def mark_best(marks: np.ndarray, scores: np.ndarray, n_best: int) -> None:
    """Set marks (n, n_items) at the `n_best` highest scores of each row."""
    n_items = scores.shape[1]
    if n_best >= n_items:
        marks[:] = True
        return
    best = np.argpartition(scores, n_items - n_best, axis=1)[:, n_items - n_best :]
    np.put_along_axis(marks, best, values=True, axis=1)


def _without_seen(scores: np.ndarray, histories: Sequence[np.ndarray]) -> np.ndarray:
    result = scores.copy()
    for row, history in enumerate(histories):
        result[row, history] = -np.inf
    return result
