"""The scoring function: a weighted sum of features plus small networks that correct it.

    score(i) = w · x_i + mean over the networks of  o · relu(A x_i + C c)

with x_i the standardised features of item i and c those of the situation. Plain numpy, so that
answering needs no torch. Several networks from different starts are averaged: one alone changes
more from start to start than it gains.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np

from .features import FIT_FEATURES, SITUATION_FEATURES
from .knowledge import ITEM_FEATURES
from .memory import MEMORY_FEATURES

FEATURES = (*FIT_FEATURES, *MEMORY_FEATURES, *ITEM_FEATURES)
"""Names of the features of an item, in the order of the weights."""

N_CHANGING = len(FIT_FEATURES) + len(MEMORY_FEATURES)
"""How many of these change from dialogue to dialogue; the others belong to the item alone."""

_LIMIT = 8.0


@dataclass(frozen=True, kw_only=True)
class ItemPart:
    """What items add to scores by themselves: `total` (n_items,), `hidden` (n_items, N · H)."""

    total: np.ndarray
    hidden: np.ndarray


@dataclass(frozen=True, kw_only=True)
class ScoringModel:
    """Learned numbers; F features, S situation features, N networks of H units.

    Attributes:
        mean, scale: (F,) of the features over training candidates.
        situation_mean, situation_scale: (S,).
        linear: (F,) weights of the sum.
        item_weights: (N, F, H), bias: (N, H), situation_weights: (N, S, H), output: (N, H).
    """

    mean: np.ndarray
    scale: np.ndarray
    situation_mean: np.ndarray
    situation_scale: np.ndarray
    linear: np.ndarray
    item_weights: np.ndarray
    bias: np.ndarray
    situation_weights: np.ndarray
    output: np.ndarray

    def scores(self, features: np.ndarray, situation: np.ndarray) -> np.ndarray:
        """(n_items,) float32 from (F, n_items) features and (S,) of the situation, both raw."""
        return self.scores_with(
            features[:N_CHANGING], situation, self.item_part(features[N_CHANGING:].T)
        )

    def item_part(self, item_features: np.ndarray) -> ItemPart:
        """What the features that belong to an item alone add, for any dialogue; raw (n_items, I)."""
        items = self._standardised(item_features, slice(N_CHANGING, None))
        weights = self._wide(self.item_weights)[N_CHANGING:]
        return ItemPart(total=items @ self.linear[N_CHANGING:], hidden=items @ weights)

    def scores_with(
        self, features: np.ndarray, situation: np.ndarray, items: ItemPart
    ) -> np.ndarray:
        """As `scores`, from the (F - I, n_items) features that change and the part of the items."""
        changing = self._standardised(features.T, slice(N_CHANGING))
        moment = self.standardise_situation(situation)
        hidden = changing @ self._wide(self.item_weights)[:N_CHANGING]
        hidden += items.hidden
        hidden += self.bias.ravel() + moment @ self._wide(self.situation_weights)
        np.maximum(hidden, 0.0, out=hidden)
        corrected = hidden @ (self.output.ravel() / max(len(self.output), 1))
        total = changing @ self.linear[:N_CHANGING] + items.total + corrected
        return total.astype(np.float32)

    @staticmethod
    def _wide(weights: np.ndarray) -> np.ndarray:
        """(N, inputs, H) as (inputs, N · H): all networks in one product."""
        return weights.transpose(1, 0, 2).reshape(weights.shape[1], -1)

    def _standardised(self, features: np.ndarray, part: slice) -> np.ndarray:
        standard = (features - self.mean[part]) / self.scale[part]
        return np.clip(standard, -_LIMIT, _LIMIT, dtype=np.float32)

    def standardise(self, features: np.ndarray) -> np.ndarray:
        """(…, F) float32 with mean 0 and scale 1 over training, cut at 8."""
        return self._standardised(features, slice(None))

    def standardise_situation(self, situation: np.ndarray) -> np.ndarray:
        """(…, S) float32, likewise."""
        return ((situation - self.situation_mean) / self.situation_scale).astype(np.float32)

    def tensors(self) -> dict[str, np.ndarray]:
        """The arrays to save."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray]) -> ScoringModel:
        """The counterpart of `tensors`. Raises KeyError when one is missing, ValueError for a
        model of other features.
        """
        model = cls(**{field.name: tensors[field.name] for field in fields(cls)})
        if model.linear.shape != (len(FEATURES),) or model.situation_mean.shape != (
            len(SITUATION_FEATURES),
        ):
            message = f"{model.linear.shape} weights for {len(FEATURES)} features"
            raise ValueError(message)
        return model
