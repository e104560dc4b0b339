"""What a catalog says about its items, in the arrays that features are computed from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from ..search.encoder import unit_rows
from ..search.words import stems, words
from .linking import DialogueLinker

if TYPE_CHECKING:
    from ..catalog import Catalog
    from ..runtime import Progress
    from ..search.encoder import TextEncoder
    from ..types import Item
    from .features import Pool

KeywordScores = Callable[[str], np.ndarray]
"""A text → (n_items,) scores >= 0 of items that say its words about themselves, such as BM25."""

GENRES = [
    "action",
    "adventure",
    "animation",
    "children",
    "comedy",
    "crime",
    "documentary",
    "drama",
    "fantasy",
    "film-noir",
    "horror",
    "musical",
    "mystery",
    "romance",
    "sci-fi",
    "thriller",
    "war",
    "western",
]
"""Genres that have an item feature of their own; other catalogs may have none of them."""
# Which sources describe an item tells how well known it is. A third source of the shared catalog
# was collected together with the evaluation dialogues, so its presence would give answers away.
_TELLING_SOURCES = ("wikipedia", "tmdb")
_RECENT_YEARS = (2013, 2016, 2017)
_USUAL_YEAR = 1990
_ENCODE_AT_ONCE = 512
_REMEMBERED_TEXTS = 50_000
_PROSE_LIMIT = 260
_WORDS_LIMIT = 2500
_ARTICLES = ("the", "a", "an")


class ItemKnowledge:
    """A catalog as arrays; made once and shared by every ranker over that catalog.

    Args:
        catalog: The items.
        popularity: (n_items,) counts >= 0, larger = better known.
        encoder: Makes sentence vectors of items and of messages; None leaves that side out.
        progress: Told about the encoding of items.
        vectors: From `describe_vectors` with the same encoder; None makes them now.
        keywords: Finds items by their own words; None leaves that out.

    Attributes:
        linker: Finds items and people in messages.
        vectors: (n_items, d) float32 unit rows; d = 1 and all 0 without an encoder.
        years: (n_items,) float64; 1990 where unknown.
        genres, tags, people, words: (n_items, n_values) sparse, rows of length 1 or 0, values
            weighted by how rare they are.
        item_features: (n_items, len(ITEM_FEATURES)) float32.
    """

    def __init__(
        self,
        catalog: Catalog,
        *,
        popularity: np.ndarray,
        encoder: TextEncoder | None,
        progress: Progress,
        vectors: np.ndarray | None = None,
        keywords: KeywordScores | None = None,
    ) -> None:
        self.catalog = catalog
        self.keywords = keywords
        self.popularity = np.asarray(popularity, dtype=np.float64)
        self.linker = DialogueLinker(catalog, self.popularity)
        self._encoder = encoder
        self.vectors = describe_vectors(catalog, encoder, progress) if vectors is None else vectors
        self.years = np.where(catalog.years < 0, _USUAL_YEAR, catalog.years).astype(np.float64)
        self.genres = _Bag.of(catalog, lambda item: [name.casefold() for name in item.genres])
        self.tags = _Bag.of(catalog, lambda item: [tag.casefold() for tag in item.tags], rare=2)
        self.people = _Bag.of(catalog, lambda item: item.people)
        self.words = _Bag.of(catalog, _words_of, rare=3)
        self.item_features = self._features_of_items()
        self._encoded: dict[str, np.ndarray] = {}

    def __len__(self) -> int:
        return len(self.catalog)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """(n_texts, d) unit vectors of messages; an empty text has the vector 0."""
        found = np.zeros((len(texts), self.vectors.shape[1]), dtype=np.float32)
        if self._encoder is None:
            return found
        known = self._encoded  # another thread may put an empty one in its place meanwhile
        missing = [text for text in dict.fromkeys(texts) if text and text not in known]
        fresh: dict[str, np.ndarray] = {}
        if missing:
            fresh = dict(zip(missing, self._encoder.encode(missing, kind="query"), strict=True))
            if len(known) > _REMEMBERED_TEXTS:
                self._encoded = {}
            self._encoded.update(fresh)
        for row, text in enumerate(texts):
            if text:
                found[row] = fresh[text] if text in fresh else known[text]
        return found

    @cached_property
    def whole_pool(self) -> Pool:
        """Every item of the catalog, ready to be scored."""
        from .features import Pool

        return Pool(self)

    @cached_property
    def series(self) -> Series:
        """Which items share the beginning of their title."""
        return Series([item.title for item in self.catalog])

    @cached_property
    def genre_columns(self) -> dict[str, int]:
        """Stem of a genre's name → its column in `genres`."""
        columns: dict[str, int] = {}
        for name, column in self.genres.column_of.items():
            columns.setdefault(name, column)
            for stem in stems(name):
                columns.setdefault(stem, column)
        return columns

    def _features_of_items(self) -> np.ndarray:
        known = np.log1p(self.popularity)
        age = (self.years - 2000) / 10
        lengths = np.array(
            [
                [np.log1p(len(item.texts.get(source, ""))) for source in _TELLING_SOURCES]
                for item in self.catalog
            ]
        ).reshape(len(self), -1)
        counts = np.array(
            [[len(item.tags), len(item.cast)] for item in self.catalog], dtype=np.float64
        ).reshape(len(self), 2)
        of_genre = self.genres.has(GENRES)
        columns = [known, known**2 / 5, age, age**2]
        columns += [(self.years >= year).astype(np.float64) for year in _RECENT_YEARS]
        columns += [
            *lengths.T,
            *(lengths > 0).T,
            counts[:, 0] > 0,
            *np.log1p(counts).T,
            *of_genre.T,
        ]
        return np.stack([np.asarray(column, dtype=np.float32) for column in columns], axis=1)


ITEM_FEATURES = (
    *("popularity", "popularity squared", "age", "age squared"),
    *(f"since {year}" for year in _RECENT_YEARS),
    *(f"length of {source}" for source in _TELLING_SOURCES),
    *(f"described by {source}" for source in _TELLING_SOURCES),
    *("has tags", "number of tags", "size of cast"),
    *(f"is {genre}" for genre in GENRES),
)
"""Names of the columns of `ItemKnowledge.item_features`."""


def describe_vectors(
    catalog: Catalog, encoder: TextEncoder | None, progress: Progress
) -> np.ndarray:
    """(n_items, d) float32 unit rows of `describe`; d = 1 and all 0 without an encoder."""
    if encoder is None:
        return np.zeros((len(catalog), 1), dtype=np.float32)
    parts = [np.zeros((0, encoder.dimension), dtype=np.float32)]
    for start in range(0, len(catalog), _ENCODE_AT_ONCE):
        rows = range(start, min(start + _ENCODE_AT_ONCE, len(catalog)))
        texts = [describe(catalog.at(row)) for row in rows]
        parts.append(unit_rows(encoder.encode(texts, kind="document")))
        progress("texts", rows.stop, len(catalog))
    return np.concatenate(parts)


def describe(item: Item) -> str:
    """What is encoded of an item: label, genres, three actors, eight tags, some prose."""
    prose = next(
        (item.texts[name] for name in ("tmdb", "imdb", "wikipedia") if name in item.texts), ""
    )
    prose = prose or next(iter(item.texts.values()), "")
    parts = [
        item.label,
        ", ".join(item.genres),
        f"with {', '.join(item.cast[:3])}" if item.cast else "",
        ", ".join(item.tags[:8]),
        prose[:_PROSE_LIMIT],
    ]
    return ". ".join(part for part in parts if part)


def _words_of(item: Item) -> list[str]:
    prose = " ".join(item.texts.values())[:_WORDS_LIMIT]
    return stems(" ".join((*item.genres, *item.tags, prose)))


@dataclass(frozen=True)
class _Bag:
    """Which item has which value: `matrix` is (n_items, n_values) with rows of length 1 or 0."""

    matrix: sparse.csr_array
    column_of: dict[str, int]

    @classmethod
    def of(
        cls, catalog: Catalog, values_of: Callable[[Item], Iterable[str]], *, rare: int = 1
    ) -> _Bag:
        """Each value once an item; values of fewer than `rare` items are left out."""
        rows_of: dict[str, list[int]] = defaultdict(list)
        for row, item in enumerate(catalog):
            for value in set(values_of(item)):
                rows_of[value].append(row)
        kept = sorted(value for value, rows in rows_of.items() if len(rows) >= rare)
        n_items = len(catalog)
        weights = [np.log(1 + n_items / len(rows_of[value])) for value in kept]
        lengths = [len(rows_of[value]) for value in kept]
        rows = np.array([row for value in kept for row in rows_of[value]], dtype=np.int64)
        data = np.repeat(np.array(weights, dtype=np.float32), lengths)
        columns = np.repeat(np.arange(len(kept)), lengths)
        norms = np.sqrt(np.bincount(rows, weights=data**2, minlength=n_items))
        data = (data / np.maximum(norms[rows], 1e-9)).astype(np.float32)
        matrix = sparse.csr_array((data, (rows, columns)), shape=(n_items, len(kept)))
        return cls(matrix, {value: column for column, value in enumerate(kept)})

    def has(self, values: Sequence[str]) -> np.ndarray:
        """(n_items, n_values) bool; a value that no item has is nobody's."""
        found = np.zeros((len(np.asarray(self.matrix.indptr)) - 1, len(values)), dtype=bool)
        by_column = sparse.csc_array(self.matrix)
        for place, value in enumerate(values):
            if value in self.column_of:
                found[stored_rows(by_column, self.column_of[value]), place] = True
        return found


def stored_rows(matrix: sparse.csc_array, column: int) -> np.ndarray:
    """Rows in which a column holds something."""
    first, last = np.asarray(matrix.indptr)[column : column + 2]
    return np.asarray(matrix.indices)[first:last]


class Series:
    """Items whose titles begin alike: "Alien" and "Aliens" do not, "Toy Story" and "Toy Story 2" do.

    Two titles are of one series, with weight 1, when their first two words agree, and with weight
    1/2 when the shorter one is a single word of three letters or more that starts the other.
    Leading articles do not count.
    """

    def __init__(self, titles: Sequence[str]) -> None:
        self._keys = [_series_key(title) for title in titles]
        self._starting_with: dict[str, list[int]] = defaultdict(list)
        for row, key in enumerate(self._keys):
            if key:
                self._starting_with[key[0]].append(row)
        self._known: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def of(self, row: int) -> tuple[np.ndarray, np.ndarray]:
        """Rows of the same series, without `row` itself, and their weights."""
        if row not in self._known:
            self._known[row] = self._of(row)
        return self._known[row]

    def _of(self, row: int) -> tuple[np.ndarray, np.ndarray]:
        key = self._keys[row]
        found: dict[int, float] = {}
        if key and len(key[0]) > 2:
            for other in self._starting_with[key[0]]:
                theirs = self._keys[other]
                if other != row and key[:2] == theirs[:2] and len(key) > 1:
                    found[other] = 1.0
                elif other != row and 1 in (len(key), len(theirs)):
                    found[other] = 0.5
        rows = np.array(list(found), dtype=np.int64)
        return rows, np.array(list(found.values()), dtype=np.float32)


def _series_key(title: str) -> tuple[str, ...]:
    key = words(title)
    return tuple(key[1:] if len(key) > 1 and key[0] in _ARTICLES else key)
