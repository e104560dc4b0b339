"""Which items are liked by the same people: the collaborative half of "something like …".

similarity(a, b) = n_ab / (sqrt(n_a * n_b) + shrink) * lift^lift_power, where n counts people who
liked an item (or both) and lift = n_ab * n_people / (n_a * n_b) is capped. The cosine keeps rare
coincidences down, the lift keeps blockbusters from being everybody's neighbour.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from ..interactions import Interactions


@dataclass(frozen=True, kw_only=True)
class NeighboursConfig:
    """What counts as liking, and how counts become a similarity.

    Attributes:
        shrink: Added to the cosine's denominator, in people.
        lift_power: 0 = cosine alone; higher favours the specific over the popular.
        max_lift: Cap on the lift.
        per_item: Neighbours kept for each item.
    """

    shrink: float = 10.0
    lift_power: float = 0.5
    max_lift: float = 20.0
    per_item: int = 300


class Neighbours:
    """Item-item similarity from who liked what."""

    def __init__(self, similarity: sparse.csr_array) -> None:
        self._similarity = similarity

    @classmethod
    def fit(
        cls, interactions: Interactions, config: NeighboursConfig = NeighboursConfig()
    ) -> Neighbours:
        """Count who liked what; nothing random.

        With ratings, "liked" is a rating of at least the user's own mean; without, any interaction.
        """
        liked = liked_matrix(interactions)
        together = (liked.T @ liked).tocoo()
        row, column, n_both = together.row, together.col, together.data
        counts = np.bincount(liked.indices, minlength=interactions.n_items).astype(np.float64)
        off_diagonal = row != column
        row, column, n_both = row[off_diagonal], column[off_diagonal], n_both[off_diagonal]
        product = counts[row] * counts[column]
        lift = np.minimum(n_both * max(interactions.n_users, 1) / product, config.max_lift)
        values = n_both / (np.sqrt(product) + config.shrink) * lift**config.lift_power
        return cls(_strongest(row, column, values, interactions.n_items, config.per_item))

    def scores(self, item_rows: np.ndarray) -> np.ndarray:
        """(len(item_rows), n_items) float32 >= 0: similarity of every item to each given one."""
        return self._similarity[item_rows].toarray()

    def tensors(self) -> dict[str, np.ndarray]:
        """The arrays to save."""
        return {
            "indptr": self._similarity.indptr.astype(np.int64),
            "indices": self._similarity.indices.astype(np.int32),
            "data": self._similarity.data,
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray]) -> Neighbours:
        """The counterpart of `tensors`."""
        n_items = len(tensors["indptr"]) - 1
        parts = (tensors["data"], tensors["indices"], tensors["indptr"])
        return cls(sparse.csr_array(parts, shape=(n_items, n_items)))


def liked_matrix(interactions: Interactions) -> sparse.csr_array:
    """(n_users, n_items) float32 0/1: what each user liked (see `Neighbours.fit`)."""
    users, items = interactions.user_rows, interactions.item_rows
    if interactions.has_ratings and len(interactions):
        sums = np.bincount(users, weights=interactions.weights, minlength=interactions.n_users)
        counts = np.maximum(np.bincount(users, minlength=interactions.n_users), 1)
        liked = interactions.weights >= (sums / counts)[users]
        users, items = users[liked], items[liked]
    shape = (interactions.n_users, interactions.n_items)
    matrix = sparse.csr_array((np.ones(len(items), dtype=np.float32), (users, items)), shape=shape)
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    return matrix


def _strongest(
    row: np.ndarray, column: np.ndarray, values: np.ndarray, n_items: int, per_item: int
) -> sparse.csr_array:
    """The `per_item` largest values of each row, as float32; ties go to the lower column."""
    order = np.lexsort((column, -values, row))
    row, column, values = row[order], column[order], values[order]
    starts = np.searchsorted(row, np.arange(n_items))
    kept = np.arange(len(row)) - starts[row] < per_item
    parts = (values[kept].astype(np.float32), (row[kept], column[kept]))
    matrix = sparse.csr_array(parts, shape=(n_items, n_items))
    matrix.sort_indices()
    return matrix
