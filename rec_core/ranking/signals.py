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
from ..catalog_storage import FieldValues
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
        together = self._neighbours.mean_roots(item_rows, share)
        parts = {
            "together": weights.together * standardised(together),
            "genres": weights.genres * standardised(_overlap(self._genres, item_rows, share)),
            "text": weights.text
            * standardised(_overlap(self._search.item_vectors, item_rows, share)),
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
            near = _overlap(self._item_vectors, item_rows, share)
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
        return rare_values(self._catalog.values_of("directors", "cast"))

    @cached_property
    def _tags(self) -> sparse.csr_array:
        return rare_values(self._catalog.values_of("tags"))

    @cached_property
    def _genres(self) -> np.ndarray:
        """(n_items, n_genres) unit rows: sharing Western says more than sharing Drama."""
        return rare_values(self._catalog.values_of("genres")).toarray()

    def _era(self, item_rows: np.ndarray, share: np.ndarray) -> np.ndarray:
        """Standardised closeness in years; unknown years are as far as 30 years."""
        known, places = self._years
        distance = np.abs(known[places[item_rows]][:, None] - known).astype(np.float32)
        unknown = (known[places[item_rows]][:, None] < 0) | (known < 0)
        distance = np.where(unknown, 30.0, np.minimum(distance, 30.0)).astype(np.float32)
        return standardised(-(share @ distance)[places])

    @cached_property
    def _years(self) -> tuple[np.ndarray, np.ndarray]:
        """The different years, and (n_items,) which of them each item has."""
        return np.unique(self._catalog.years, return_inverse=True)


def _overlap(vectors: np.ndarray, item_rows: np.ndarray, share: np.ndarray) -> np.ndarray:
    """(n_items,) mean product of every vector with those of the given items, weighted by share."""
    return vectors @ (share @ vectors[item_rows])


def rare_values(found: FieldValues) -> sparse.csr_array:
    """(n_items, n_values) float32, rows of length 1 (or 0): rare values weigh more.

    The weight of a value is log(n_items / number of items that have it); the product of two rows
    is the cosine of what they share.
    """
    n_values = len(found.values)
    rarity = np.log(found.n_items / np.maximum(np.bincount(found.codes, minlength=n_values), 1))
    weights = rarity[found.codes]
    lengths = np.sqrt(np.bincount(found.rows, weights=weights**2, minlength=found.n_items))
    weights = (weights / np.maximum(lengths, 1e-9)[found.rows]).astype(np.float32)
    shape = (found.n_items, max(1, n_values))
    return sparse.csr_array((weights, (found.rows, found.codes)), shape=shape)


def recency_importance(count: int, power: float = 0.5) -> np.ndarray:
    """(count,) weights 1 / p^power for the p-th from the end."""
    return np.arange(count, 0, -1, dtype=np.float32) ** np.float32(-power)


def rows_of(catalog: Catalog, item_ids: Sequence[str]) -> np.ndarray:
    """Rows of the ids in their order, without repeats.

    Raises:
        UnknownItemError: for an id that the catalog does not have.
    """
    return np.array([catalog.row(item_id) for item_id in dict.fromkeys(item_ids)], dtype=np.int64)
