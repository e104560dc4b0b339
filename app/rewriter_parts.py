"""A catalog file made ready for rewriting: the chat's own search over it, and facts about its films."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from agents.rewriting.environment import Retriever, SearchEnvironment
from agents.rewriting.facts import FactFinder
from rec_core import Catalog, HashEncoder, MiniLMEncoder, Progress, SearchEngine, no_progress

from .crs_parts import read_catalog

if TYPE_CHECKING:
    import numpy as np

    from rec_core import TextEncoder


class RewriterParts:
    """Search and facts over one catalog.

    Args:
        path: Anything that `rapport data import` takes.
        cache_folder: Keeps sentence vectors of items from one run to the next.
        progress: Told about reading and encoding.
    """

    def __init__(self, path: Path, cache_folder: Path, progress: Progress = no_progress) -> None:
        progress("catalog", 0, 1)
        self.catalog, self.popularity = read_catalog(path)
        progress("catalog", 1, 1)
        self._cache_folder = cache_folder
        self._progress = progress

    catalog: Catalog
    popularity: np.ndarray | None

    def environment(self, retriever: Retriever) -> SearchEnvironment:
        """The search with one of its rankings."""
        engine = self.keyword_engine if retriever == "bm25" else self.engine
        return SearchEnvironment(engine, retriever=retriever)

    @cached_property
    def engine(self) -> SearchEngine:
        """The whole search; sentence vectors that are not in the cache take minutes."""
        encoder: TextEncoder = (
            MiniLMEncoder(self._cache_folder) if MiniLMEncoder.is_available() else HashEncoder()
        )
        return _engine(self.catalog, encoder, self.popularity, self._progress)

    @cached_property
    def keyword_engine(self) -> SearchEngine:
        """The search for BM25 alone: its cosines mean nothing, and it is ready in seconds."""
        return _engine(self.catalog, HashEncoder(2), self.popularity, no_progress)

    @cached_property
    def finder(self) -> FactFinder:
        """Facts about the films that conversations name."""
        return FactFinder.over(self.catalog, self.popularity)


def _engine(
    catalog: Catalog, encoder: TextEncoder, popularity: np.ndarray | None, progress: Progress
) -> SearchEngine:
    return SearchEngine.in_memory(
        catalog,
        encoder,
        lambda done, total: progress("texts", done, total),
        popularity=popularity,
    )
