"""Search over the catalog's texts and names: the one object the rest of the program asks."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from ..errors import ArtifactError
from ..types import Candidate, ItemFilter, NameMatch, TitleMatch
from .encoder import TextEncoder
from .exact_index import top_rows
from .fusion import RRF_K, reciprocal_rank_fusion
from .keyword import KeywordIndex
from .people import GenreIndex, PeopleIndex
from .spotting import TitleSpotter
from .stored_vectors import StoredVectors
from .titles import TitleIndex

if TYPE_CHECKING:
    from ..catalog import Catalog

Steps = Callable[[int, int], None]
Retriever = Literal["bm25", "dense", "fused"]

CHROMA_UP_TO = 50_000
"""Items; filling Chroma takes a millisecond an item and more, so a larger catalog is searched in
memory alone, which is exact."""
CHROMA_FOLDER = "chroma"  # changes in use and can be made anew: not part of any fingerprint

DENSE_WEIGHT = 1.0

_ANYTHING = ItemFilter()
_SCHEMA_VERSION = 1
_CHUNK = 512
_DEPTH = 200
_FEW = 4  # asking for more than a fourth of all items is faster and exact in memory
_QUERY_LIMIT = 1_000
_ENCODED_AT_ONCE = 15  # as exact as a single one: the encoder rounds larger batches
_REMEDY = "Run `rapport train` again to build it."


class SearchEngine:
    """Hybrid search, cosines, and titles, people and genres found in somebody's words.

    Made by `build` or `load`. Thread-safe for reading.

    Args:
        catalog: The items; rows are its order.
        encoder: Must be the encoder that made `item_vectors`.
        item_vectors: (n_items, d) float32, unit length.
        keyword: BM25 over the same items.
        stored: The item vectors in Chroma, for unfiltered search; None searches in memory alone.
        popularity: (n_items,) numbers, larger = better known; settles equal titles. None takes
            catalog order.
    """

    def __init__(
        self,
        catalog: Catalog,
        encoder: TextEncoder,
        *,
        item_vectors: np.ndarray,
        keyword: KeywordIndex,
        stored: StoredVectors | None = None,
        popularity: np.ndarray | None = None,
    ) -> None:
        self.catalog = catalog
        self.encoder = encoder
        self.item_vectors = item_vectors
        self._keyword = keyword
        self._stored = stored
        self._popularity = popularity
        self._query_vector = lru_cache(maxsize=512)(self._encode_query)
        self._encoded_ahead: dict[str, np.ndarray] = {}

    @classmethod
    def build(
        cls,
        catalog: Catalog,
        encoder: TextEncoder,
        folder: Path,
        progress: Steps | None = None,
        *,
        popularity: np.ndarray | None = None,
    ) -> SearchEngine:
        """Encode every item once and write the index into `folder`.

        Args:
            catalog: The items.
            encoder: Its vectors are stored; `load` needs one of the same name.
            folder: Filled with vectors, keyword index and Chroma's folder.
            progress: Called with (steps done, steps in all); an item is two steps.
            popularity: As for the class.
        """
        report = progress or _no_report
        folder.mkdir(parents=True, exist_ok=True)
        vectors = _item_vectors(catalog, encoder, lambda done: report(done, 2 * len(catalog)))
        save_file({"item_vectors": vectors}, folder / "item_vectors.safetensors")
        keyword = KeywordIndex.build(catalog)
        keyword.save(folder / "bm25")
        stored = _stored_vectors(folder, catalog, encoder, vectors)
        if stored is not None:
            stored.fill(lambda done: report(len(catalog) + done, 2 * len(catalog)))
        report(2 * len(catalog), 2 * len(catalog))
        description = json.dumps(_description(catalog, encoder), indent=2)
        (folder / "search.json").write_text(description, encoding="utf-8")
        return cls(
            catalog,
            encoder,
            item_vectors=vectors,
            keyword=keyword,
            stored=stored,
            popularity=popularity,
        )

    @classmethod
    def in_memory(
        cls,
        catalog: Catalog,
        encoder: TextEncoder,
        progress: Steps | None = None,
        *,
        popularity: np.ndarray | None = None,
    ) -> SearchEngine:
        """The same search without files: what `build` would find, exactly. Arguments as there."""
        report = progress or _no_report
        return cls(
            catalog,
            encoder,
            item_vectors=_item_vectors(catalog, encoder, lambda done: report(done, len(catalog))),
            keyword=KeywordIndex.build(catalog),
            popularity=popularity,
        )

    @classmethod
    def load(
        cls,
        catalog: Catalog,
        encoder: TextEncoder,
        folder: Path,
        *,
        popularity: np.ndarray | None = None,
    ) -> SearchEngine:
        """Read what `build` wrote.

        Raises:
            ArtifactError: Missing or damaged files, another encoder or another catalog.
        """
        description = _read_description(folder)
        _check_description(description, catalog, encoder, folder)
        try:
            vectors = load_file(folder / "item_vectors.safetensors")["item_vectors"]
        except (OSError, SafetensorError, KeyError) as fault:
            raise ArtifactError(
                f"The item vectors in {folder} are missing or damaged.", _REMEDY
            ) from fault
        if vectors.shape != (len(catalog), encoder.dimension):
            raise ArtifactError(f"The item vectors in {folder} have a wrong shape.", _REMEDY)
        return cls(
            catalog,
            encoder,
            item_vectors=vectors,
            keyword=KeywordIndex.load(folder / "bm25"),
            stored=_stored_vectors(folder, catalog, encoder, vectors),
            popularity=popularity,
        )

    def search(
        self,
        query: str,
        *,
        k: int = 50,
        item_filter: ItemFilter = _ANYTHING,
        retriever: Retriever = "fused",
    ) -> tuple[Candidate, ...]:
        """Items that fit the words: BM25 and cosine rankings, fused by reciprocal rank.

        The filter holds before ranking, so every item returned satisfies it. `parts` holds the
        contribution of "bm25" and "dense"; ties are broken by catalog order. A query without a
        word gives nothing. `retriever` asks for one of the two rankings alone.
        """
        rankings = self._rankings(query, k, item_filter, retriever)
        return tuple(
            Candidate(item_id=self.catalog.at(row).item_id, score=sum(parts.values()), parts=parts)
            for row, parts in fuse(rankings)[: max(k, 0)]
        )

    def search_rows(
        self,
        queries: Sequence[str],
        *,
        k: int = 50,
        item_filters: Sequence[ItemFilter] | None = None,
        retriever: Retriever = "fused",
    ) -> list[np.ndarray]:
        """What `search` finds for each query, as rows best first; queries are encoded together.

        Args:
            queries: What is looked for.
            k: How many at most.
            item_filters: One for each query; None filters nothing.
            retriever: As for `search`.
        """
        filters = item_filters or [_ANYTHING] * len(queries)
        if retriever != "bm25":
            self._encode_ahead(queries)
        try:
            return [
                _fused_rows(self._rankings(query, k, item_filter, retriever))[: max(k, 0)]
                for query, item_filter in zip(queries, filters, strict=True)
            ]
        finally:
            self._encoded_ahead = {}

    def _rankings(
        self, query: str, k: int, item_filter: ItemFilter, retriever: Retriever
    ) -> dict[str, np.ndarray]:
        """Rows of each list that is to be fused, best first."""
        query = _tidy(query)
        if not query or k <= 0:
            return {}
        mask = self.catalog.mask(item_filter)
        depth = max(_DEPTH, 2 * k)
        rankings: dict[str, np.ndarray] = {}
        if retriever != "dense":
            scores = self._keyword.scores(query)
            rankings["bm25"] = top_rows(scores, depth, mask & (scores > 0))
        if retriever != "bm25":
            whole = None if item_filter.is_empty else mask
            rankings["dense"] = self._dense_rows(query, depth, whole)
        return rankings

    def _encode_ahead(self, queries: Sequence[str]) -> None:
        texts = [text for text in dict.fromkeys(map(_tidy, queries)) if text]
        texts.sort(key=len)
        ahead: dict[str, np.ndarray] = {}
        for start in range(0, len(texts), _ENCODED_AT_ONCE):
            some = texts[start : start + _ENCODED_AT_ONCE]
            ahead.update(zip(some, self.encoder.encode(some, kind="query"), strict=True))
        self._encoded_ahead = ahead

    def _dense_rows(self, query: str, depth: int, mask: np.ndarray | None) -> np.ndarray:
        """Rows by falling cosine: exactly under a filter, through Chroma without one."""
        if mask is None and self._stored is not None and depth * _FEW <= len(self.catalog):
            ids = self._stored.nearest(self._query_vector(_tidy(query)), depth)
            if ids is not None:
                mask = np.zeros(len(self.catalog), dtype=bool)
                mask[self.catalog.ids.rows(ids)] = True  # scored exactly: equal ranks, equal ties
        return top_rows(self.text_scores(query), depth, mask)

    def keyword_scores(self, query: str) -> np.ndarray:
        """(n_items,) float32: BM25 of every item, 0 where no word of the query fits."""
        return self._keyword.scores(_tidy(query))

    def text_scores(self, query: str) -> np.ndarray:
        """(n_items,) float32: cosine of every item's text with the query."""
        return self.item_vectors @ self._query_vector(_tidy(query))

    def wait_for_vector_store(self, seconds: float) -> bool:
        """Wait while Chroma's files are built again; True when it serves unfiltered search."""
        return self._stored is not None and self._stored.wait(seconds)

    def find_title(self, text: str, *, limit: int = 5) -> tuple[TitleMatch, ...]:
        """Items that the whole text may name, best first; () when it is no title we know.

        Case, accents, articles, "&", numerals, punctuation and typing errors do not matter; a year
        at the end picks the right remake. Equal titles: the best known first.
        """
        return self._titles.find(text, limit)

    def spot_titles(self, text: str) -> tuple[TitleMatch, ...]:
        """Titles inside a sentence with their spans, in order, never overlapping.

        Titles that are everyday words count only with a sign: quotes, a capital inside the
        sentence, "like …", "loved …", or another title beside them.
        """
        return self._spotter.spot(text)

    def unknown_titles(self, text: str) -> tuple[str, ...]:
        """Phrases plainly meant as titles ("something like X", quotes) that the catalog lacks."""
        return self._spotter.unknown(text)

    def spot_people(self, text: str) -> tuple[NameMatch, ...]:
        """People of the catalog with their spans: full names, typing errors, lone surnames."""
        return self._people.spot(text)

    def spot_genres(self, text: str) -> tuple[NameMatch, ...]:
        """Catalog genres with their spans: names, plurals, typing errors; no synonyms."""
        return self._genres.spot(text)

    def resolve_person(self, name: str) -> str | None:
        """The catalog person that `name` plainly means, or None."""
        return self._people.resolve(name)

    def close_people(self, name: str, *, limit: int = 3) -> tuple[str, ...]:
        """Catalog people whose names are most like `name`, best first."""
        return self._people.closest(name, limit)

    def resolve_genre(self, name: str) -> str | None:
        """The catalog genre that `name` plainly means, or None."""
        return self._genres.resolve(name)

    @cached_property
    def _titles(self) -> TitleIndex:
        return TitleIndex(self.catalog, self._popularity)

    @cached_property
    def _people(self) -> PeopleIndex:
        return PeopleIndex(self.catalog, self._popularity)

    @cached_property
    def _genres(self) -> GenreIndex:
        return GenreIndex(self.catalog.genres)

    @cached_property
    def _spotter(self) -> TitleSpotter:
        return TitleSpotter(
            self._titles,
            is_genre=self._genres.__contains__,
            name_spans=self._people.full_name_spans,
        )

    def _encode_query(self, query: str) -> np.ndarray:
        ahead = self._encoded_ahead.get(query)
        return self.encoder.encode([query], kind="query")[0] if ahead is None else ahead


def _item_vectors(
    catalog: Catalog, encoder: TextEncoder, progress: Callable[[int], None]
) -> np.ndarray:
    """(n_items, d) float32 unit vectors of the items' texts."""
    vectors = np.zeros((len(catalog), encoder.dimension), dtype=np.float32)
    for start in range(0, len(catalog), _CHUNK):
        rows = range(start, min(start + _CHUNK, len(catalog)))
        texts = [catalog.text_of(row) for row in rows]
        vectors[rows.start : rows.stop] = encoder.encode(texts, kind="document")
        progress(rows.stop)
    return vectors


def fuse(
    rankings: Mapping[str, np.ndarray], dense_weight: float = DENSE_WEIGHT
) -> list[tuple[int, dict[str, float]]]:
    """The "bm25" and "dense" rankings as `SearchEngine.search` joins them."""
    return reciprocal_rank_fusion(rankings, weights={"dense": dense_weight})


def _fused_rows(rankings: Mapping[str, np.ndarray]) -> np.ndarray:
    """The rows of `fuse`, best first, without the parts; sums and ties are the same."""
    if not rankings:
        return np.zeros(0, dtype=np.int64)
    if len(rankings) == 1:
        return next(iter(rankings.values()))
    rows = np.unique(np.concatenate(list(rankings.values())))
    total = np.zeros(len(rows))
    for name, ranked in rankings.items():
        weight = DENSE_WEIGHT if name == "dense" else 1.0
        total[np.searchsorted(rows, ranked)] += weight / (RRF_K + np.arange(1, len(ranked) + 1))
    return rows[np.argsort(-total, kind="stable")]


def _no_report(done: int, total: int) -> None:
    """For a build that nobody watches."""


def _tidy(query: str) -> str:
    """Capped, and without the lone surrogates that no tokenizer can encode."""
    return query.encode("utf-8", "ignore").decode("utf-8").strip()[:_QUERY_LIMIT]


def _description(catalog: Catalog, encoder: TextEncoder) -> dict[str, str | int]:
    return {
        "schema_version": _SCHEMA_VERSION,
        "encoder": encoder.name,
        "dimension": encoder.dimension,
        "catalog_fingerprint": catalog.fingerprint,
    }


def _stored_vectors(
    folder: Path, catalog: Catalog, encoder: TextEncoder, vectors: np.ndarray
) -> StoredVectors | None:
    if len(catalog) > CHROMA_UP_TO:
        return None
    description = {name: str(value) for name, value in _description(catalog, encoder).items()}
    return StoredVectors(folder / CHROMA_FOLDER, catalog.ids.ids, vectors, description)


def _read_description(folder: Path) -> dict[str, object]:
    try:
        description = json.loads((folder / "search.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise ArtifactError(f"There is no readable search index in {folder}.", _REMEDY) from fault
    if not isinstance(description, dict):
        raise ArtifactError(f"The search index in {folder} is damaged.", _REMEDY)
    return description


def _check_description(
    description: dict[str, object], catalog: Catalog, encoder: TextEncoder, folder: Path
) -> None:
    for name, value in _description(catalog, encoder).items():
        if description.get(name) != value:
            raise ArtifactError(
                f"The search index in {folder} was made with another {name} "
                f"({description.get(name)!r}, expected {value!r}).",
                _REMEDY,
            )
