"""What speaks for an item: one array over the catalog per reason, all on one scale.

Every signal is in units of its own standard deviation over the catalog, so that weights mean the
same everywhere. All are computed from arrays that were made once; a request costs a few
milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from ..baselines.neighbours import Neighbours
from ..catalog import Catalog
from ..interactions import Interactions
from ..search import SearchEngine
from .numbers import percentiles, standardised

_SEARCH_DEPTH = 200


@dataclass(frozen=True, kw_only=True)
class SimilarWeights:
    """What "something like these" is made of."""

    together: float = 1.0
    genres: float = 0.8
    text: float = 0.35
    vectors: float = 0.35
    people: float = 0.4
    tags: float = 0.4
    era: float = 0.1


class Signals:
    """Arrays of shape (n_items,), float32, for every kind of reason.

    Args:
        catalog: The items.
        interactions: Who took what.
        search: Text search over the same catalog.
        neighbours: Who-liked-what similarity.
        item_vectors: (n_items, d) unit rows of a trained model, or None.
    """

    def __init__(
        self,
        *,
        catalog: Catalog,
        interactions: Interactions,
        search: SearchEngine,
        neighbours: Neighbours,
        item_vectors: np.ndarray | None = None,
    ) -> None:
        self._catalog = catalog
        self._interactions = interactions
        self._search = search
        self._neighbours = neighbours
        self._item_vectors = item_vectors
        self._similar_weights = SimilarWeights()

    @cached_property
    def popularity(self) -> np.ndarray:
        """Percentile of the number of interactions, in (0, 1)."""
        return percentiles(self._interactions.item_counts)

    @cached_property
    def prior(self) -> np.ndarray:
        """How good an item is for somebody of whom nothing is known: liked, and by many.

        With ratings the shrunken mean rating counts for more than the number of ratings.
        """
        familiarity = standardised(np.log1p(self._interactions.item_counts))
        if not self._interactions.has_ratings:
            return familiarity
        quality = standardised(self._interactions.item_mean_ratings)
        return standardised(0.6 * quality + 0.4 * familiarity)

    def genres(self, weights: Mapping[str, float]) -> np.ndarray:
        """Sum of the weights of each item's genres (names compare without case)."""
        columns = {genre.casefold(): index for index, genre in enumerate(self._catalog.genres)}
        wish = np.zeros(len(columns), dtype=np.float32)
        for genre, weight in weights.items():
            column = columns.get(genre.casefold())
            if column is not None:
                wish[column] = np.clip(weight, -1.0, 1.0)
        return self._catalog.genre_matrix @ wish

    def text(self, query: str) -> np.ndarray:
        """How well the texts fit words: cosine of meaning, and the fused search's own order."""
        meaning = standardised(self._search.text_scores(query))
        found = np.zeros(len(self._catalog), dtype=np.float32)
        candidates = self._search.search(query, k=_SEARCH_DEPTH)
        if candidates:
            rows = self._catalog.ids.rows(candidate.item_id for candidate in candidates)
            found[rows] = [candidate.score for candidate in candidates]
            found /= max(float(found.max()), 1e-9)
        return (0.6 * meaning + 2.0 * found).astype(np.float32)

    def meaning(self, words: str) -> np.ndarray:
        """Cosine of meaning alone, standardised: what `avoid` looks at."""
        return standardised(self._search.text_scores(words))

    def similar(self, item_rows: np.ndarray, importance: np.ndarray | None = None) -> np.ndarray:
        """Likeness to the given items, standardised; `importance` weights them (equal if None)."""
        parts = self.similar_parts(item_rows, importance)
        return standardised(np.sum(list(parts.values()), axis=0))

    def similar_parts(
        self, item_rows: np.ndarray, importance: np.ndarray | None = None
    ) -> dict[str, np.ndarray]:
        """The weighted components of `similar`: together, genres, text, vectors, era."""
        weights = self._similar_weights
        share = np.ones(len(item_rows)) if importance is None else np.asarray(importance)
        share = (share / share.sum()).astype(np.float32)
        together = share @ np.sqrt(self._neighbours.scores(item_rows))
        parts = {
            "together": weights.together * standardised(together),
            "genres": weights.genres * standardised(share @ self._genre_overlap(item_rows)),
            "text": weights.text * standardised(share @ self._text_overlap(item_rows)),
            "era": weights.era * self._era(item_rows, share),
        }
        for name, weight, shared in (
            ("people", weights.people, self._people),
            ("tags", weights.tags, self._tags),
        ):
            if shared.nnz:
                near = shared @ (shared[item_rows].T @ share)
                parts[name] = weight * standardised(near)
        if self._item_vectors is not None:
            near = share @ (self._item_vectors[item_rows] @ self._item_vectors.T)
            parts["vectors"] = weights.vectors * standardised(near)
        return parts

    def pairwise(self, item_rows: np.ndarray) -> np.ndarray:
        """(n, n) likeness in [0, 1] by genre and text, for diversity."""
        genres = self._genres[item_rows] @ self._genres[item_rows].T
        vectors = self._search.item_vectors[item_rows]
        texts = np.clip(vectors @ vectors.T, 0.0, 1.0)
        return 0.5 * genres + 0.5 * texts

    @cached_property
    def _people(self) -> sparse.csr_array:
        return rare_values([item.people for item in self._catalog])

    @cached_property
    def _tags(self) -> sparse.csr_array:
        return rare_values([item.tags for item in self._catalog])

    @cached_property
    def _genres(self) -> np.ndarray:
        """(n_items, n_genres) unit rows: sharing Western says more than sharing Drama."""
        return rare_values([item.genres for item in self._catalog]).toarray()

    def _genre_overlap(self, item_rows: np.ndarray) -> np.ndarray:
        """(n, n_items) cosine of genres, in [0, 1]; 0 where either has none."""
        return self._genres[item_rows] @ self._genres.T

    def _text_overlap(self, item_rows: np.ndarray) -> np.ndarray:
        vectors = self._search.item_vectors
        return vectors[item_rows] @ vectors.T

    def _era(self, item_rows: np.ndarray, share: np.ndarray) -> np.ndarray:
        """Standardised closeness in years; unknown years are as far as 30 years."""
        years = self._catalog.years.astype(np.float32)
        distance = np.abs(years[item_rows][:, None] - years[None, :])
        unknown = (years[item_rows][:, None] < 0) | (years[None, :] < 0)
        distance = np.where(unknown, 30.0, np.minimum(distance, 30.0))
        return standardised(-(share @ distance.astype(np.float32)))


def rare_values(values_of_items: Sequence[Sequence[str]]) -> sparse.csr_array:
    """(n_items, n_values) float32, rows of length 1 (or 0): rare values weigh more.

    The weight of a value is log(n_items / number of items that have it); the product of two rows
    is the cosine of what they share.
    """
    n_items = len(values_of_items)
    columns: dict[str, int] = {}
    places = [
        (row, columns.setdefault(value, len(columns)))
        for row, values in enumerate(values_of_items)
        for value in dict.fromkeys(values)
    ]
    rows, found = np.array(places, dtype=np.int64).reshape(-1, 2).T
    rarity = np.log(n_items / np.maximum(np.bincount(found, minlength=len(columns)), 1))
    weights = rarity[found]
    lengths = np.sqrt(np.bincount(rows, weights=weights**2, minlength=n_items))
    weights = (weights / np.maximum(lengths, 1e-9)[rows]).astype(np.float32)
    return sparse.csr_array((weights, (rows, found)), shape=(n_items, max(1, len(columns))))


def recency_importance(count: int, power: float = 0.5) -> np.ndarray:
    """(count,) weights 1 / p^power for the p-th from the end."""
    return np.arange(count, 0, -1, dtype=np.float32) ** np.float32(-power)


def rows_of(catalog: Catalog, item_ids: Sequence[str]) -> np.ndarray:
    """Rows of the ids in their order, without repeats.

    Raises:
        UnknownItemError: for an id that the catalog does not have.
    """
    return np.array(
        [catalog.ids.row(catalog[item_id].item_id) for item_id in dict.fromkeys(item_ids)],
        dtype=np.int64,
    )
