"""What somebody would take: eleven signals of how an item fits a past, from counts, likeness and facts.

Matching (genres, years, words and people in common), similarity (damped cosine of co-takers, of all and of
late items; a truncated singular value decomposition) and statistics (popularity early and late, activity).
None of the arms' models is used, and none is fitted the way these are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from rec_core import Catalog, Interactions

SIGNALS = (
    "popularity", "late popularity", "early popularity", "co-takers", "co-takers of late items",
    "latent", "genres", "years", "words and people", "activity",
    "fame",
)  # fmt: skip
"""The columns of `TasteSignals.of`."""

_MOST_DENSE = 6_000
_RANK = 48
_LATE_ITEMS = 15
_YEAR_WIDTH = 3.0
_PER_ITEM_PEOPLE, _PER_ITEM_TAGS = 7, 15


@dataclass(frozen=True, kw_only=True)
class _Facts:
    """What the catalog says of items, as matrices.

    Attributes:
        genres: (n_items, n_genres) of 0 and 1.
        years: (n_items, n_years): each item's year smeared over its neighbours.
        year_of: (n_items,) column of each item's year; items without one share the middle column.
        words: (n_items, n_words) rows of length 1, weighted by rarity.
    """

    genres: np.ndarray
    years: np.ndarray
    year_of: np.ndarray
    words: sparse.csr_array


class TasteSignals:
    """Signals for all items and some users at once, from the events it was made of."""

    def __init__(self, catalog: Catalog, events: Interactions, *, seed: int = 0) -> None:
        self._facts = _facts(catalog)
        self._takes = _takes(events, np.ones(len(events), dtype=bool))
        lengths = np.diff(events.offsets)
        place = np.arange(len(events)) - events.offsets[events.user_rows]
        share = place / np.maximum(lengths[events.user_rows], 1)
        from_end = lengths[events.user_rows] - place
        self._late = _takes(events, from_end <= _LATE_ITEMS)
        self._n_taken = np.maximum(np.diff(self._takes.indptr), 1).astype(np.float64)
        self._counts = events.item_counts.astype(np.float64)
        self._popularity = np.stack(
            [
                np.log1p(np.bincount(events.item_rows[mask], minlength=events.n_items))
                for mask in (share >= 0, share >= 0.7, share < 0.3)
            ]
        )
        self._dense = np.sort(np.argsort(-self._counts, kind="stable")[:_MOST_DENSE])
        self._together = self._cosines()
        self._latent = self._decomposed(np.random.default_rng(seed))

    @property
    def counts(self) -> np.ndarray:
        """How many took each item, (n_items,)."""
        return self._counts

    def _cosines(self) -> np.ndarray:
        """Damped cosine of who took both: a user with many items says less about each pair."""
        own = sparse.csr_array(self._takes[:, self._dense])
        weight = 1.0 / np.sqrt(1.0 + self._n_taken)
        damped = sparse.csr_array(sparse.diags_array(weight) @ own)
        together = np.asarray((damped.T @ damped).toarray(), dtype=np.float32)
        sizes = np.sqrt(np.diag(together))
        together /= np.outer(sizes, sizes) + 0.05
        np.fill_diagonal(together, 0.0)
        return together

    def _decomposed(self, generator: np.random.Generator) -> np.ndarray:
        """Right singular vectors of the damped matrix, (n_items, rank), by subspace iteration.

        Halko, Martinsson and Tropp (2011), algorithm 4.4, three iterations.
        """
        damped = sparse.csr_array(
            sparse.diags_array(1.0 / np.sqrt(1.0 + self._n_taken))
            @ self._takes
            @ sparse.diags_array(self._item_damping)
        )
        rank = min(_RANK, len(self._n_taken), len(self._counts))
        width = min(rank + 10, len(self._counts))
        basis = generator.standard_normal((len(self._counts), width))
        for _ in range(4):
            basis, _ = np.linalg.qr(damped.T @ np.asarray(damped @ basis))
        left, _, right = np.linalg.svd(np.asarray(damped @ basis), full_matrices=False)
        del left
        return np.asarray(basis @ right[:rank].T, dtype=np.float32)

    @property
    def _item_damping(self) -> np.ndarray:
        return (self._counts + 5.0) ** -0.35

    def of(self, users: np.ndarray) -> np.ndarray:
        """(len(users), n_items, 11) float32 for user rows; columns as in `SIGNALS`."""
        takes, late = sparse.csr_array(self._takes[users]), sparse.csr_array(self._late[users])
        taken, n_items = self._n_taken[users][:, None], len(self._counts)
        n_late = np.maximum(np.diff(late.indptr), 1)[:, None]
        columns = [
            *(np.broadcast_to(row, (len(users), n_items)) for row in self._popularity),
            np.log(self._near(takes) / taken + 1e-4),
            np.log(self._near(late) / n_late + 1e-4),
            self._latent_fit(takes, taken),
            *self._facts_fit(takes, taken),
            np.broadcast_to(np.log(taken), (len(users), n_items)),
            self._fame_fit(takes, taken),
        ]
        return np.stack(columns, axis=-1).astype(np.float32)

    def _fame_fit(self, takes: sparse.csr_array, taken: np.ndarray) -> np.ndarray:
        """Likes famous items more than others do × how famous this one is."""
        fame = self._popularity[0]
        weights = self._counts / max(self._counts.sum(), 1.0)
        usual = float(weights @ fame)
        leaning = np.asarray(takes @ fame[:, None]) / taken - usual
        return leaning * (fame - usual)

    def _near(self, takes: sparse.csr_array) -> np.ndarray:
        near = np.zeros((len(takes.indptr) - 1, len(self._counts)), dtype=np.float32)
        near[:, self._dense] = takes[:, self._dense] @ self._together
        return near

    def _latent_fit(self, takes: sparse.csr_array, taken: np.ndarray) -> np.ndarray:
        inside = np.asarray(takes @ (self._latent * self._item_damping[:, None])) / np.sqrt(
            1.0 + taken
        )
        fit = (inside @ self._latent.T) / self._item_damping
        return np.sign(fit) * np.log1p(100.0 * np.abs(fit))

    def _facts_fit(self, takes: sparse.csr_array, taken: np.ndarray) -> list[np.ndarray]:
        facts, weights = self._facts, self._counts / max(self._counts.sum(), 1.0)
        usual = np.maximum(weights @ facts.genres, 1e-6)
        held = np.asarray(takes @ facts.genres)
        leaning = np.log((held + 2 * usual) / ((taken + 2) * usual))
        genres = leaning @ facts.genres.T / np.maximum(facts.genres.sum(axis=1), 1)
        spread = np.asarray(takes @ facts.years) / taken
        usual_years = weights @ facts.years
        years = np.log((spread + 1e-3) / (usual_years + 1e-3))[:, facts.year_of]
        words = (sparse.csr_array(takes @ facts.words) @ facts.words.T).toarray() / taken
        return [genres, years, np.log(words + 1e-3)]


def _takes(events: Interactions, mask: np.ndarray) -> sparse.csr_array:
    ones = np.ones(int(mask.sum()), dtype=np.float32)
    matrix = sparse.csr_array(
        (ones, (events.user_rows[mask], events.item_rows[mask])),
        shape=(events.n_users, events.n_items),
    )
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    return matrix


def _facts(catalog: Catalog) -> _Facts:
    years = catalog.years.astype(np.int64)
    known = years[years >= 0]
    first, middle = (int(known.min()), int(np.median(known))) if len(known) else (0, 0)
    year_of = np.where(years < 0, middle, years) - first
    span = np.arange(int(year_of.max(initial=0)) + 1)
    smear = np.exp(-0.5 * ((span[:, None] - span[None]) / _YEAR_WIDTH) ** 2)
    smear /= smear.sum(axis=1, keepdims=True)
    return _Facts(
        genres=catalog.genre_matrix.astype(np.float64),
        years=smear[year_of],
        year_of=year_of,
        words=_words(catalog),
    )


def _words(catalog: Catalog) -> sparse.csr_array:
    """Tags and people of each item, rare ones heavier, rows of length 1; (n_items, n_words)."""
    column_of: dict[str, int] = {}
    rows, columns = [], []
    for row, item in enumerate(catalog):
        names = {*item.people[:_PER_ITEM_PEOPLE], *item.tags[:_PER_ITEM_TAGS]}
        for name in sorted(names):
            rows.append(row)
            columns.append(column_of.setdefault(name, len(column_of)))
    shape = (len(catalog), max(len(column_of), 1))
    matrix = sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)
    rarity = np.log(len(catalog) / np.maximum(np.asarray(matrix.sum(axis=0)).ravel(), 1))
    weighted = sparse.csr_array(matrix @ sparse.diags_array(rarity))
    lengths = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    scale = sparse.diags_array(1.0 / np.maximum(lengths, 1e-9))
    return sparse.csr_array(scale @ weighted, dtype=np.float64)
