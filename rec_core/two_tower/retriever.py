"""A trained two-tower model as a scorer: item vectors are ready, users are computed on demand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ..batches import padded_histories
from .config import TwoTowerConfig

if TYPE_CHECKING:
    from .model import UserTower


class TwoTowerRetriever:
    """Scores items by the dot product of user and item vectors over the temperature.

    An empty history has no vector: it scores every item 0.

    Args:
        item_vectors: (n_items, d) float32 unit rows, cold items included.
        user_tensors: Parameters of the user tower.
        config: Shape.
    """

    def __init__(
        self,
        item_vectors: np.ndarray,
        user_tensors: Mapping[str, np.ndarray],
        config: TwoTowerConfig,
    ) -> None:
        self.item_vectors = item_vectors
        self.config = config
        self._user_tensors = dict(user_tensors)

    def tensors(self) -> dict[str, np.ndarray]:
        """The arrays to save; "item_vectors" beside the user tower's."""
        return {"item_vectors": self.item_vectors, **self._user_tensors}

    @classmethod
    def from_tensors(
        cls, tensors: Mapping[str, np.ndarray], config: TwoTowerConfig
    ) -> TwoTowerRetriever:
        """The counterpart of `tensors`."""
        user = {name: array for name, array in tensors.items() if name != "item_vectors"}
        return cls(tensors["item_vectors"], user, config)

    @cached_property
    def _user_tower(self) -> UserTower:
        import torch

        from .model import UserTower

        tower = UserTower(self.config)
        tower.load_state_dict(
            {name: torch.from_numpy(array) for name, array in self._user_tensors.items()}
        )
        return tower.eval()

    def user_vectors(self, histories: Sequence[np.ndarray]) -> np.ndarray:
        """(n_histories, d) float32 unit vectors; zeros for an empty history."""
        import torch

        padded, lengths = padded_histories(
            list(histories), length=self.config.max_length, padding=0
        )
        with torch.inference_mode():
            read = torch.from_numpy(self.item_vectors[padded])
            vectors = self._user_tower(read, torch.from_numpy(np.maximum(lengths, 1))).numpy()
        vectors[lengths == 0] = 0.0
        return vectors

    def score(self, histories: Sequence[np.ndarray]) -> np.ndarray:
        """(n_histories, n_items) float32."""
        return self.user_vectors(histories) @ self.item_vectors.T / self.config.temperature
