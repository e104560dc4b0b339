"""How somebody would rate: signals of a rating, from biases, factors, neighbours and facts.

All start from the regularised user-and-item-bias baseline, which is also the row that the people must beat.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from rec_core import Catalog, Interactions

RATING_SIGNALS = (
    "user bias", "item bias", "factors", "neighbours", "genres", "era", "lately", "popularity",
    "year", "activity", "pickiness",
)  # fmt: skip
"""The columns of `RatingSignals.of`."""

_FACTORS, _PENALTY, _ROUNDS = 16, 6.0, 8
_MOST_DENSE = 6_000
_LATE_RATINGS = 10


@dataclass(frozen=True, kw_only=True)
class Biases:
    """rating ≈ mean + user + item, each bias shrunk as if by `shrink` more ratings at zero.

    Koren, "Factor in the neighbors" (2010), equation 1, by alternating means.
    """

    mean: float
    of_users: np.ndarray
    of_items: np.ndarray

    @classmethod
    def fit(cls, events: Interactions, *, shrink: float = 5.0, rounds: int = 5) -> Biases:
        """From all ratings of `events`; nothing random."""
        users, items = events.user_rows, events.item_rows
        ratings = events.weights.astype(np.float64)
        mean = float(ratings.mean())
        n_users = np.bincount(users, minlength=events.n_users)
        n_items = np.bincount(items, minlength=events.n_items)
        of_users, of_items = np.zeros(events.n_users), np.zeros(events.n_items)
        for _ in range(rounds):
            rest = ratings - mean - of_users[users]
            of_items = np.bincount(items, rest, minlength=events.n_items) / (n_items + shrink)
            rest = ratings - mean - of_items[items]
            of_users = np.bincount(users, rest, minlength=events.n_users) / (n_users + shrink)
        return cls(mean=mean, of_users=of_users, of_items=of_items)

    def predict(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        """Expected ratings of pairs, clipped to 1..5."""
        return np.clip(self.mean + self.of_users[users] + self.of_items[items], 1.0, 5.0)


class RatingSignals:
    """Signals for all items and some users at once, from the rated events it was made of."""

    def __init__(self, catalog: Catalog, events: Interactions, *, seed: int = 0) -> None:
        self.biases = Biases.fit(events)
        users, items = events.user_rows, events.item_rows
        expected = self.biases.mean + self.biases.of_users[users] + self.biases.of_items[items]
        rest = (events.weights - expected).astype(np.float32)
        shape = (events.n_users, events.n_items)
        self._rest = sparse.csr_array((rest, (users, items)), shape=shape)
        self._rated = sparse.csr_array((np.ones_like(rest), (users, items)), shape=shape)
        lengths = np.maximum(np.diff(events.offsets), 1)
        late = lengths[users] - np.arange(len(events)) + events.offsets[users] <= _LATE_RATINGS
        self._lately = (
            np.bincount(users[late], rest[late], minlength=events.n_users) / _LATE_RATINGS
        )
        squares = np.bincount(users, rest.astype(np.float64) ** 2, minlength=events.n_users)
        self._pickiness = np.sqrt(squares / lengths)
        self._activity = np.log(lengths)
        self._popularity = np.log1p(events.item_counts)
        self._dense = np.sort(np.argsort(-events.item_counts, kind="stable")[:_MOST_DENSE])
        self._alike = self._likenesses()
        self._of_users, self._of_items = _factorised(
            self._rest, self._rated, np.random.default_rng(seed)
        )
        self._genres = catalog.genre_matrix.astype(np.float64)
        years = np.where(catalog.years < 0, 1990, catalog.years)
        self._years = years / 20.0
        decades = years // 10
        self._eras = np.eye(int(decades.max() - decades.min()) + 1)[decades - decades.min()]

    def _likenesses(self) -> np.ndarray:
        """Shrunk correlation of what is left of two items' ratings; far ones fade by squaring."""
        rest = sparse.csr_array(self._rest[:, self._dense])
        rated = sparse.csr_array(self._rated[:, self._dense])
        alike = np.asarray((rest.T @ rest).toarray(), dtype=np.float32)
        sizes = np.sqrt(np.diag(alike))
        both = np.asarray((rated.T @ rated).toarray(), dtype=np.float32)
        alike *= both / (both + 50.0) / (np.outer(sizes, sizes) + 1e-6)
        alike[alike < 0] *= 0.3
        alike *= np.abs(alike)
        np.fill_diagonal(alike, 0.0)
        return alike

    def of(self, users: np.ndarray) -> np.ndarray:
        """(len(users), n_items, 11) float32 for user rows; columns as in `RATING_SIGNALS`."""
        rest = sparse.csr_array(self._rest[users])
        rated = sparse.csr_array(self._rated[users])
        shape = (len(users), len(self._of_items))
        near, weight = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        near[:, self._dense] = rest[:, self._dense] @ self._alike
        weight[:, self._dense] = rated[:, self._dense] @ np.abs(self._alike)

        def per_user(values: np.ndarray) -> np.ndarray:
            return np.broadcast_to(values[users][:, None], shape)

        columns = [
            per_user(self.biases.of_users),
            np.broadcast_to(self.biases.of_items, shape),
            self._of_users[users] @ self._of_items.T,
            near / (weight + 0.05),
            _leaning(rest, rated, self._genres, shrink=5.0),
            _leaning(rest, rated, self._eras, shrink=8.0),
            per_user(self._lately),
            np.broadcast_to(self._popularity, shape),
            np.broadcast_to(self._years, shape),
            per_user(self._activity),
            per_user(self._pickiness),
        ]
        return np.stack(columns, axis=-1).astype(np.float32)


def _leaning(
    rest: sparse.csr_array, rated: sparse.csr_array, groups: np.ndarray, *, shrink: float
) -> np.ndarray:
    """Mean of what is left over an item's groups, from how the user rated those; (n_users, n_items)."""
    if not groups.shape[1]:
        return np.zeros((len(rest.indptr) - 1, len(groups)))
    leaning = np.asarray(rest @ groups) / (np.asarray(rated @ groups) + shrink)
    return leaning @ groups.T / np.maximum(groups.sum(axis=1), 1)


def _factorised(
    rest: sparse.csr_array, rated: sparse.csr_array, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Alternating least squares of what biases leave: (n_users, 16) and (n_items, 16).

    Koren, Bell and Volinsky (2009), equation 2, solved side by side.
    """
    turned, turned_rated = sparse.csr_array(rest.T), sparse.csr_array(rated.T)
    of_items = generator.normal(0.0, 0.1, (len(turned.indptr) - 1, _FACTORS))
    of_users = np.zeros((len(rest.indptr) - 1, _FACTORS))
    for _ in range(_ROUNDS):
        of_users = _solved(rest, rated, of_items)
        of_items = _solved(turned, turned_rated, of_users)
    return of_users, of_items


def _solved(rest: sparse.csr_array, rated: sparse.csr_array, other: np.ndarray) -> np.ndarray:
    squares = (other[:, :, None] * other[:, None, :]).reshape(len(other), -1)
    grams = np.asarray(rated @ squares).reshape(-1, _FACTORS, _FACTORS)
    grams += _PENALTY * np.eye(_FACTORS)
    return np.linalg.solve(grams, np.asarray(rest @ other)[..., None])[..., 0]
