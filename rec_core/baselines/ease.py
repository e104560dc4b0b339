"""EASE: a linear item-item model in closed form, with a recency weight on the history.

Steck, "Embarrassingly Shallow Autoencoders for Sparse Data" (WWW 2019): with G = XᵀX + λI and
P = G⁻¹, B = I - P / diag(P). We differ in one thing: a history is not scored as a set but with
weight 1 / p for its p-th item from the end, which is what next-item tasks need.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import linalg, sparse

from ..interactions import Interactions
from .histories import recency_matrix

MAX_ITEMS = 20_000
"""Above this the dense n_items × n_items inverse needs more than 3 GB."""
MAX_SERVED_ITEMS = 6_000
"""Above this the dense weights (144 MB here) are no longer part of what is saved and served."""


class Ease:
    """Scores items by a closed-form regression on the items of a history."""

    def __init__(
        self, weights: np.ndarray, *, regularisation: float = 1000.0, history_power: float = 1.0
    ) -> None:
        self._weights = weights
        self.regularisation = regularisation
        self.history_power = history_power

    @classmethod
    def fit(
        cls,
        interactions: Interactions,
        *,
        regularisation: float = 1000.0,
        history_power: float = 1.0,
    ) -> Ease:
        """Solve for the weights; ratings are not used, only that something was consumed.

        Raises:
            ValueError: when the catalog has more than MAX_ITEMS items.
        """
        n_items = interactions.n_items
        if n_items > MAX_ITEMS:
            message = f"EASE needs a dense {n_items} × {n_items} matrix; the limit is {MAX_ITEMS}"
            raise ValueError(message)
        ones = np.ones(len(interactions), dtype=np.float32)
        consumed = sparse.csr_array(
            (ones, (interactions.user_rows, interactions.item_rows)),
            shape=(interactions.n_users, n_items),
        )
        consumed.data[:] = 1.0
        gram = (consumed.T @ consumed).toarray().astype(np.float64)
        gram[np.diag_indices(n_items)] += regularisation
        inverse = linalg.inv(gram, overwrite_a=True, check_finite=False)
        weights = -inverse / np.diag(inverse)
        np.fill_diagonal(weights, 0.0)
        return cls(
            weights.astype(np.float32), regularisation=regularisation, history_power=history_power
        )

    def with_history_power(self, power: float) -> Ease:
        """The same weights with another recency weight on the history."""
        return Ease(self._weights, regularisation=self.regularisation, history_power=power)

    def tensors(self) -> dict[str, np.ndarray]:
        """The array to save."""
        return {"weights": self._weights}

    def score(self, histories: Sequence[np.ndarray]) -> np.ndarray:
        """(n_histories, n_items) float32; may be negative."""
        matrix = recency_matrix(histories, len(self._weights), power=self.history_power)
        return matrix @ self._weights
