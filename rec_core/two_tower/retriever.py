"""A trained two-tower model as a scorer: item vectors are ready, users are computed on demand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from .config import TwoTowerConfig

if TYPE_CHECKING:
    from .model import UserTower

_CHUNK = 2048


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

    @property
    def n_user_features(self) -> int:
        """Columns of the user features that the model was trained with; 0 = none."""
        weight = self._user_tensors.get("features.weight")
        return 0 if weight is None else weight.shape[1]

    @cached_property
    def _user_tower(self) -> UserTower:
        import torch

        from .model import UserTower

        tower = UserTower(self.config, self.n_user_features)
        tower.load_state_dict(
            {name: torch.from_numpy(array) for name, array in self._user_tensors.items()}
        )
        return tower.eval()

    def user_vectors(
        self, histories: Sequence[np.ndarray], features: np.ndarray | None = None
    ) -> np.ndarray:
        """Vectors of users from what they took.

        Args:
            histories: Item rows, oldest first; may be empty.
            features: (n_histories, n_user_features) float32; a row of zeros, or None for all, says
                that nothing is known.

        Returns:
            (n_histories, d) float32 unit vectors; zeros for an empty history.
        """
        vectors = np.zeros((len(histories), self.config.dimension), dtype=np.float32)
        filled = np.array([row for row, history in enumerate(histories) if len(history)], int)
        for start in range(0, len(filled), _CHUNK):
            rows = filled[start : start + _CHUNK]
            some = None if features is None else features[rows]
            vectors[rows] = self._encoded([histories[row] for row in rows], some)
        return vectors

    def _encoded(self, histories: list[np.ndarray], features: np.ndarray | None) -> np.ndarray:
        import torch

        length = self.config.max_length
        recent = [history[-length:] for history in histories]
        n_before = np.array([len(history) for history in recent])
        read = np.zeros((len(recent), length, self.item_vectors.shape[1]), dtype=np.float32)
        is_event = np.arange(length) >= length - n_before[:, None]
        read[is_event] = self.item_vectors[np.concatenate(recent)]
        known = None if features is None else torch.from_numpy(features)
        with torch.inference_mode():
            vectors = self._user_tower(
                torch.from_numpy(read), torch.from_numpy(n_before)[:, None], known
            )
        return vectors.numpy()

    def score(self, histories: Sequence[np.ndarray]) -> np.ndarray:
        """(n_histories, n_items) float32."""
        return self.user_vectors(histories) / self.config.temperature @ self.item_vectors.T
