"""Keyword search: BM25 over everything an item says about itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import ArtifactError
from ..types import Item
from .words import stems

if TYPE_CHECKING:
    import bm25s

    from ..catalog import Catalog

_TITLE_WEIGHT = 3
_NAME_WEIGHT = 2
_TEXT_LIMIT = 4_000


class KeywordIndex:
    """BM25 (Lucene's variant) over title, other titles, people, genres, tags and texts.

    Field weights are made by repeating tokens: titles three times, people and genres twice.
    """

    def __init__(self, index: bm25s.BM25) -> None:
        self._index = index

    @classmethod
    def build(cls, catalog: Catalog) -> KeywordIndex:
        """Index every item; row order is the catalog's."""
        import bm25s

        index = bm25s.BM25(method="lucene", backend="numpy")
        index.index([item_tokens(item) for item in catalog], show_progress=False)
        return cls(index)

    def scores(self, query: str) -> np.ndarray:
        """(n_items,) float32 BM25 scores; all 0 when no word of the query is known."""
        known = [stem for stem in stems(query) if stem in self._index.vocab_dict]
        if not known:
            return np.zeros(int(self._index.scores["num_docs"]), dtype=np.float32)
        return self._index.get_scores(known)

    def save(self, folder: Path) -> None:
        """Write arrays and vocabulary under `folder`."""
        self._index.save(folder, show_progress=False)

    @classmethod
    def load(cls, folder: Path) -> KeywordIndex:
        """Read what `save` wrote. Raises ArtifactError when it is missing or damaged."""
        import bm25s

        try:
            return cls(bm25s.BM25.load(folder))
        except (OSError, ValueError, KeyError, json.JSONDecodeError) as fault:
            raise ArtifactError(
                f"The keyword index in {folder} is missing or damaged.",
                "Run `rapport train` again.",
            ) from fault


def item_tokens(item: Item) -> list[str]:
    """The stems of one item, repeated by field weight."""
    title = stems(" ".join((item.title, *item.alt_titles, str(item.year or ""))))
    names = stems(" ".join((*item.people, *item.genres)))
    texts = " ".join(text[:_TEXT_LIMIT] for text in item.texts.values())
    return title * _TITLE_WEIGHT + names * _NAME_WEIGHT + stems(" ".join((*item.tags, texts)))
