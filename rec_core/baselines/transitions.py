"""Windowed item transitions: which items follow which, soon after; no training.

W[a, b] sums 1 / gap over all places where b comes `gap` <= window places after a in a user's
history. Rows are divided by (row sum)^row_power and columns by (column sum)^column_power, which
damps items that everything leads to. A history scores b by the sum over its last `length` items a,
p places from the end, of W[a, b] / p^history_power.

On data whose order within a sitting is arbitrary (equal time stamps) what comes before says as much
as what comes after: `backward` adds that share of the transposed counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from scipy import sparse

from ..interactions import Interactions
from .histories import recency_matrix

_PAIRS_AT_ONCE = 20_000_000


@dataclass(frozen=True, kw_only=True)
class TransitionsConfig:
    """What a transitions model is; see the module's text for the formula."""

    window: int = 30
    row_power: float = 0.75
    column_power: float = 0.2
    history_power: float = 1.0
    length: int = 50
    backward: float = 0.0


def transition_counts(interactions: Interactions, *, window: int) -> sparse.csr_array:
    """(n_items, n_items) float32: sum of 1 / gap over pairs at most `window` places apart."""
    return windowed_counts(
        interactions.item_rows,
        interactions.user_rows,
        n_items=interactions.n_items,
        window=window,
    )


def windowed_counts(
    item_rows: np.ndarray, user_rows: np.ndarray, *, n_items: int, window: int
) -> sparse.csr_array:
    """As `transition_counts`, for events given as arrays (users together, oldest first).

    Pairs are gathered until there are some ten million, then added up, so that a large data set
    needs memory for that many pairs and for the sums.
    """
    items = item_rows.astype(np.int32)
    total = sparse.csr_array((n_items, n_items), dtype=np.float32)
    waiting: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    last = min(window, len(items) - 1)
    for gap in range(1, last + 1):
        same = user_rows[:-gap] == user_rows[gap:]
        first, second = items[:-gap][same], items[gap:][same]
        waiting.append((np.full(len(first), 1.0 / gap, dtype=np.float32), first, second))
        if gap == last or sum(len(pairs[0]) for pairs in waiting) > _PAIRS_AT_ONCE:
            weights, first, second = (
                np.concatenate(column) for column in zip(*waiting, strict=True)
            )
            total = total + sparse.csr_array((weights, (first, second)), shape=total.shape)
            waiting = []
    return total


class Transitions:
    """Scores items by how often they soon followed the items of a history."""

    def __init__(self, weights: sparse.csr_array, config: TransitionsConfig) -> None:
        self.config = config
        self._weights = weights
        self._n_items = len(weights.indptr) - 1

    @classmethod
    def fit(
        cls, interactions: Interactions, config: TransitionsConfig = TransitionsConfig()
    ) -> Transitions:
        """Count and normalise; nothing random."""
        return cls.from_counts(transition_counts(interactions, window=config.window), config)

    @classmethod
    def from_counts(cls, counts: sparse.csr_array, config: TransitionsConfig) -> Transitions:
        """Normalise counts made by `transition_counts` with the window of the configuration."""
        if config.backward:
            counts = (counts + config.backward * counts.T).tocsr()
        row_sums = np.asarray(counts.sum(axis=1)).ravel()
        column_sums = np.asarray(counts.sum(axis=0)).ravel()
        rows = sparse.diags_array(_inverse_power(row_sums, config.row_power))
        columns = sparse.diags_array(_inverse_power(column_sums, config.column_power))
        return cls((rows @ counts @ columns).tocsr().astype(np.float32), config)

    def score(self, histories: Sequence[np.ndarray]) -> np.ndarray:
        """(n_histories, n_items) float32 >= 0; an item that never followed anything scores 0."""
        matrix = recency_matrix(
            histories,
            self._n_items,
            power=self.config.history_power,
            length=self.config.length,
        )
        return sparse.csr_array(matrix @ self._weights).toarray()

    def contributions(self, history: np.ndarray, item_row: int) -> np.ndarray:
        """(len(history),) float32: what each place of the history adds to the item's score."""
        recent = history[-self.config.length :]
        powers = np.arange(len(recent), 0, -1, dtype=np.float32) ** -self.config.history_power
        column = self._column(item_row)[recent]
        padding = np.zeros(len(history) - len(recent), dtype=np.float32)
        return np.concatenate([padding, column * powers]).astype(np.float32)

    def _column(self, item_row: int) -> np.ndarray:
        """(n_items,) weights of the steps that lead to one item."""
        chosen = np.zeros(self._n_items, dtype=np.float32)
        chosen[item_row] = 1.0
        return self._weights @ chosen

    def tensors(self) -> dict[str, np.ndarray]:
        """The arrays to save."""
        return {
            "indptr": self._weights.indptr.astype(np.int64),
            "indices": self._weights.indices.astype(np.int32),
            "data": self._weights.data,
        }

    @classmethod
    def from_tensors(
        cls, tensors: Mapping[str, np.ndarray], config: TransitionsConfig
    ) -> Transitions:
        """The counterpart of `tensors`."""
        n_items = len(tensors["indptr"]) - 1
        parts = (tensors["data"], tensors["indices"], tensors["indptr"])
        return cls(sparse.csr_array(parts, shape=(n_items, n_items)), config)

    def describe(self) -> dict[str, float | int]:
        """The configuration as JSON values."""
        return asdict(self.config)


def _inverse_power(sums: np.ndarray, power: float) -> np.ndarray:
    """sums^-power, with 0 for empty rows."""
    result = np.zeros(len(sums), dtype=np.float64)
    positive = sums > 0
    result[positive] = sums[positive] ** -power
    return result
