"""Which items are liked by the same people: the collaborative half of "something like …".

similarity(a, b) = n_ab / (sqrt(n_a * n_b) + shrink) * lift^lift_power, where n counts people who
liked an item (or both) and lift = n_ab * n_people / (n_a * n_b) is capped. The cosine keeps rare
coincidences down, the lift keeps blockbusters from being everybody's neighbour.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import sparse

from ..interactions import Interactions

_PAIRS_AT_ONCE = 10_000_000


@dataclass(frozen=True, kw_only=True)
class NeighboursConfig:
    """What counts as liking, and how counts become a similarity.

    Attributes:
        shrink: Added to the cosine's denominator, in people.
        lift_power: 0 = cosine alone; higher favours the specific over the popular.
        max_lift: Cap on the lift.
        per_item: Neighbours kept for each item.
        max_pairs: Neighbours kept in all: where the catalog is too large, fewer for each item.
    """

    shrink: float = 10.0
    lift_power: float = 0.5
    max_lift: float = 20.0
    per_item: int = 300
    max_pairs: int = 60_000_000


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
        counts = np.bincount(liked.indices, minlength=interactions.n_items).astype(np.float64)
        takers = liked.T.tocsr()  # (n_items, n_users)
        per_item = min(config.per_item, max(1, config.max_pairs // max(interactions.n_items, 1)))
        blocks = [sparse.csr_array((0, interactions.n_items), dtype=np.float32)]
        for start, end in _blocks(takers @ np.diff(liked.indptr)):
            together = (takers[start:end] @ liked).tocsr()
            row = np.repeat(np.arange(start, end), np.diff(together.indptr))
            product = counts[row] * counts[together.indices]
            lift = together.data * max(interactions.n_users, 1) / product
            values = together.data / (np.sqrt(product) + config.shrink)
            values *= np.minimum(lift, config.max_lift) ** config.lift_power
            values[row == together.indices] = 0.0
            together.data = values.astype(np.float32)
            together.eliminate_zeros()
            blocks.append(_strongest(together, per_item))
        return cls(sparse.csr_array(sparse.vstack(blocks, format="csr")))

    def scores(self, item_rows: np.ndarray) -> np.ndarray:
        """(len(item_rows), n_items) float32 >= 0: similarity of every item to each given one."""
        return self._similarity[item_rows].toarray()

    def mean_roots(self, item_rows: np.ndarray, share: np.ndarray) -> np.ndarray:
        """(n_items,) float64: sum over the given items of their share times √similarity to each."""
        near = self._similarity[item_rows]
        weights = np.repeat(share, np.diff(near.indptr)) * np.sqrt(near.data)
        return np.bincount(near.indices, weights, minlength=near.shape[1])

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


def _blocks(n_pairs: np.ndarray) -> Iterator[tuple[int, int]]:
    """Ranges of rows that together have about `_PAIRS_AT_ONCE` pairs, at least one row each."""
    block = np.cumsum(n_pairs) // _PAIRS_AT_ONCE
    starts = np.flatnonzero(np.diff(block, prepend=-1)).tolist()
    return pairwise([*starts, len(n_pairs)])


def _strongest(similarity: sparse.csr_array, per_item: int) -> sparse.csr_array:
    """The `per_item` largest values of each row; ties go to the lower column."""
    similarity.sort_indices()
    lengths = np.diff(similarity.indptr)
    kept = np.ones(similarity.nnz, dtype=bool)
    row = np.repeat(np.arange(len(lengths)), lengths)
    crowded = np.flatnonzero((lengths > per_item)[row])
    order = crowded[np.lexsort((np.negative(similarity.data[crowded]), row[crowded]))]
    first = np.searchsorted(row[order], np.arange(len(lengths)))
    kept[order[np.arange(len(order)) - first[row[order]] >= per_item]] = False
    indptr = np.concatenate([[0], np.cumsum(np.bincount(row[kept], minlength=len(lengths)))])
    parts = (similarity.data[kept], similarity.indices[kept], indptr)
    return sparse.csr_array(parts, shape=similarity.shape)
