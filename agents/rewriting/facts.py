"""What the catalog says about the films that a conversation names, found by code from its words alone.

A small model knows few films; it is shown what it may choose from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from rec_core import Catalog
from rec_core.dialogue import DialogueLinker, DialogueReading, read_dialogue

if TYPE_CHECKING:
    from rec_core.dialogue import Utterance

_REMEMBERED = 8_192
_PEOPLE = 3
_TAGS = 5


@dataclass(frozen=True, kw_only=True)
class FilmFacts:
    """A film that the conversation names.

    Attributes:
        row, title, year: Of the catalog.
        genres: All.
        people: The first director and the first actors, three at most.
        tags: The first five.
        feeling: 1 the person likes it, -1 dislikes it, 0 nothing is known.
        by: Who named it first.
    """

    row: int
    title: str
    year: int | None
    genres: tuple[str, ...]
    people: tuple[str, ...]
    tags: tuple[str, ...]
    feeling: Literal[-1, 0, 1]
    by: Literal["user", "assistant"]

    @property
    def decade(self) -> str:
        """Such as "1990s"; empty when the year is unknown."""
        return "" if self.year is None else f"{self.year // 10 * 10}s"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that code finds in a conversation.

    Attributes:
        films: In the order of first mention.
        people: Catalog names of people who are named, each once.
        wishes: What the person said, message by message, with the titles taken out.
        reading: The conversation as the dialogue ranker reads it.
    """

    films: tuple[FilmFacts, ...]
    people: tuple[str, ...]
    wishes: tuple[str, ...]
    reading: DialogueReading


class FactFinder:
    """Finds facts; answers for recent conversations are remembered. Thread-safe.

    Args:
        catalog: The items.
        linker: Finds titles and people; `over` makes one.
    """

    def __init__(self, catalog: Catalog, linker: DialogueLinker) -> None:
        self.catalog = catalog
        self._linker = linker
        self._find = lru_cache(maxsize=_REMEMBERED)(self._facts)

    @classmethod
    def over(cls, catalog: Catalog, popularity: np.ndarray | None = None) -> FactFinder:
        """A finder with a linker of its own.

        Args:
            catalog: The items.
            popularity: (n_items,) counts: of equal titles the best known is meant.
        """
        counts = np.zeros(len(catalog)) if popularity is None else popularity
        return cls(catalog, DialogueLinker(catalog, counts))

    def facts(self, context: Sequence[Utterance]) -> Facts:
        """What a conversation names, the oldest message first."""
        return self._find(tuple(context))

    def _facts(self, context: tuple[Utterance, ...]) -> Facts:
        reading = read_dialogue(context, self._linker)
        return Facts(
            films=tuple(
                self._film(mention.row, mention.feeling, mention.role)
                for mention in reading.mentions
            ),
            people=tuple(dict.fromkeys(name for name, _ in reading.people)),
            wishes=tuple(
                " ".join(self._linker.link(said.text).without_titles(said.text).split())
                for said in context
                if said.role == "user"
            ),
            reading=reading,
        )

    def _film(
        self, row: int, feeling: Literal[-1, 0, 1], by: Literal["user", "assistant"]
    ) -> FilmFacts:
        item = self.catalog.at(row)
        people = tuple(dict.fromkeys((*item.directors[:1], *item.cast)))
        return FilmFacts(
            row=row,
            title=item.title,
            year=item.year,
            genres=item.genres,
            people=people[:_PEOPLE],
            tags=item.tags[:_TAGS],
            feeling=feeling,
            by=by,
        )
