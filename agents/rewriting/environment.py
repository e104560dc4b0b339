"""What answers a rewrite: the project's own search, frozen, batched and cached.

The rankings are those of `SearchEngine.search`, which serves the chat: the same code, asked for rows
instead of candidates.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from functools import cached_property
from typing import Literal, Protocol

import numpy as np

from rec_core import Catalog, ItemFilter, Recommendation, RecommendRequest, SearchEngine

Retriever = Literal["bm25", "dense", "fused"]
RETRIEVERS: tuple[Retriever, ...] = ("bm25", "dense", "fused")

DEPTH = 1000
"""Rewards look that deep: with a shallow cut nearly every rewrite of a beginner earns nothing."""
_REMEMBERED = 20_000  # rankings of 1,000 rows of four bytes: 80 MB


class RankingEnvironment(Protocol):
    """Ranks the catalog for queries; rewards and evaluations know no more of it."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever a ranking may change."""
        ...

    def rank(self, queries: Sequence[str], excluded: Sequence[Sequence[str]]) -> list[np.ndarray]:
        """Item rows for each query, best first, without the excluded items."""
        ...

    def rows(self, item_ids: Sequence[str]) -> np.ndarray:
        """int64 (n,) rows of items; -1 for one that the catalog lacks."""
        ...


class SearchEnvironment:
    """The search of the chat as an environment.

    Args:
        engine: The search.
        retriever: Which of its rankings.
        depth: Rows of a ranking.

    Attributes:
        asked, found: How many rankings were asked for, and how many of these were remembered.
    """

    def __init__(
        self, engine: SearchEngine, *, retriever: Retriever = "fused", depth: int = DEPTH
    ) -> None:
        self.engine = engine
        self.retriever: Retriever = retriever
        self.depth = depth
        self.asked = self.found = 0
        self._known: OrderedDict[tuple[str, tuple[str, ...]], np.ndarray] = OrderedDict()

    @property
    def fingerprint(self) -> str:
        """sha256 (hex) over catalog, vectors, encoder, retriever and depth."""
        return self._fingerprint

    def rows(self, item_ids: Sequence[str]) -> np.ndarray:
        """int64 (n,) rows of items; -1 for one that the catalog lacks."""
        return _rows(self.engine.catalog, item_ids)

    def rank(self, queries: Sequence[str], excluded: Sequence[Sequence[str]]) -> list[np.ndarray]:
        """Item rows for each query, best first, at most `depth`, ties by row.

        Args:
            queries: A query without a word ranks nothing.
            excluded: For each query the item ids that are taken out before ranking; unknown ids
                are passed over.

        Returns:
            int32 arrays, shared with later calls: not to be changed.
        """
        keys = [(query, tuple(sorted(ids))) for query, ids in zip(queries, excluded, strict=True)]
        missing = [key for key in dict.fromkeys(keys) if key not in self._known]
        self.asked += len(keys)
        self.found += len(keys) - len(missing)
        fresh = self.engine.search_rows(
            [query for query, _ in missing],
            k=self.depth,
            item_filters=[ItemFilter(exclude=ids) for _, ids in missing],
            retriever=self.retriever,
        )
        made = {key: rows.astype(np.int32) for key, rows in zip(missing, fresh, strict=True)}
        found = [made[key] if key in made else self._known[key] for key in keys]
        self._remember(made)
        return found

    @cached_property
    def _fingerprint(self) -> str:
        digest = hashlib.sha256(self.engine.catalog.fingerprint.encode())
        digest.update(np.ascontiguousarray(self.engine.item_vectors).tobytes())
        digest.update(f"{self.engine.encoder.name} {self.retriever} {self.depth}".encode())
        return digest.hexdigest()

    def _remember(self, made: dict[tuple[str, tuple[str, ...]], np.ndarray]) -> None:
        self._known.update(made)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)


class Recommends(Protocol):
    """The whole recommender, as `rec_core.Recommender` is."""

    @property
    def catalog(self) -> Catalog:
        """The items."""
        ...

    def recommend(self, request: RecommendRequest) -> Recommendation:
        """A ranked answer."""
        ...


class RecommenderEnvironment:
    """The full pipeline as an environment: retrieval, ranking and blending, led by the query alone.

    Dearer than search by far; meant for reports and for the last steps of a training.

    Args:
        recommender: Trained.
        fingerprint: Of its artifact.
        depth: Items of a ranking.
    """

    def __init__(self, recommender: Recommends, *, fingerprint: str, depth: int = DEPTH) -> None:
        self._recommender = recommender
        self._known: OrderedDict[tuple[str, tuple[str, ...]], np.ndarray] = OrderedDict()
        self._fingerprint = fingerprint
        self.depth = depth

    @property
    def fingerprint(self) -> str:
        """Of the artifact, with the depth."""
        return f"pipeline {self._fingerprint} {self.depth}"

    def rows(self, item_ids: Sequence[str]) -> np.ndarray:
        """int64 (n,) rows of items; -1 for one that the catalog lacks."""
        return _rows(self._recommender.catalog, item_ids)

    def rank(self, queries: Sequence[str], excluded: Sequence[Sequence[str]]) -> list[np.ndarray]:
        """Item rows for each query, best first, at most `depth`, without the excluded items."""
        return [
            self._ranked(query, tuple(sorted(ids)))
            for query, ids in zip(queries, excluded, strict=True)
        ]

    def _ranked(self, query: str, excluded: tuple[str, ...]) -> np.ndarray:
        if (query, excluded) not in self._known:
            found = self._recommender.recommend(
                RecommendRequest(
                    k=self.depth,
                    query=query,
                    item_filter=ItemFilter(exclude=excluded),
                    diversity=0.0,  # the reward judges the ranking, not the mix of a slate
                )
            )
            rows = self.rows([one.item_id for one in found.candidates]).astype(np.int32)
            self._known[query, excluded] = rows
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return self._known[query, excluded]


def _rows(catalog: Catalog, item_ids: Sequence[str]) -> np.ndarray:
    return np.array(
        [catalog.row(item) if item in catalog else -1 for item in item_ids], dtype=np.int64
    )
