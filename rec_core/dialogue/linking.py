"""Items and people named in dialogue messages, by code: labels are for training alone.

Stands on the spotter of `rec_core.search`, which reads requests, and adds what messages of a
dialogue need: everyday words that happen to be titles of films nobody knows ("Yes", "Well") are
let go, a person's name is not their concert film, and names learned from labelled dialogues
("Jumanji (2017)") come first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ..search.names import is_everyday, tokenise
from ..search.people import GenreIndex, PeopleIndex
from ..search.spotting import TitleSpotter
from ..search.titles import TitleIndex
from ..search.vocabulary import FUNCTION_WORDS, REQUEST_WORDS

if TYPE_CHECKING:
    from ..catalog import Catalog

_REMEMBERED = 20_000
_KNOWN_SHARE = 0.1
"""An item is well known when it is among that share of the most popular ones."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """An item named in a text: its row and the characters that name it."""

    row: int
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Links:
    """All that one text names: items in order, people in order."""

    items: tuple[Link, ...] = ()
    people: tuple[str, ...] = ()

    def without_titles(self, text: str) -> str:
        """The text with the named titles blanked out, so that "Horror Express" wants no horror."""
        for link in self.items:
            text = text[: link.start] + " " * (link.end - link.start) + text[link.end :]
        return text


@dataclass(frozen=True)
class DialogueLinker:
    """Finds items and people in messages; answers for recent texts are remembered.

    Args:
        catalog: The items.
        popularity: (n_items,) numbers, larger = better known.
    """

    catalog: Catalog
    popularity: np.ndarray
    _texts: _TextLinker = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_texts", _TextLinker(self.catalog, self.popularity))

    def link(self, text: str, names: Mapping[str, int] | None = None) -> Links:
        """What the text names.

        Args:
            text: One message.
            names: Learned names, as written without case → row; they win over the catalog's.
        """
        links = self._texts.link(text)
        if not names or not links.items:
            return links
        items = tuple(
            Link(
                row=names.get(text[one.start : one.end].casefold(), one.row),
                start=one.start,
                end=one.end,
            )
            for one in links.items
        )
        return Links(items=items, people=links.people)


class _TextLinker:
    def __init__(self, catalog: Catalog, popularity: np.ndarray) -> None:
        genres = GenreIndex(catalog.genres)
        self._catalog = catalog
        self._people = PeopleIndex(catalog)
        self._spotter = TitleSpotter(
            TitleIndex(catalog, popularity),
            is_genre=lambda word: word in genres,
            name_spans=self._people.full_name_spans,
        )
        n_known = max(1, round(len(catalog) * _KNOWN_SHARE))
        bound = np.sort(popularity)[::-1][n_known - 1] if len(popularity) else 0.0
        self._known = popularity >= max(float(bound), 1.0)
        self.link = lru_cache(maxsize=_REMEMBERED)(self._link)

    def _link(self, text: str) -> Links:
        people = self._people.spot(text)
        full_names = set(self._people.full_name_spans(text))
        found = []
        for match in self._spotter.spot(text):
            row = self._catalog.row(match.item_id)
            if (match.start, match.end) not in full_names and self._is_meant(
                text[match.start : match.end], row
            ):
                found.append(Link(row=row, start=match.start, end=match.end))
        return Links(items=tuple(found), people=tuple(person.name for person in people))

    def _is_meant(self, written: str, row: int) -> bool:
        """False for a lone everyday word that only an obscure item is called by."""
        tokens = tokenise(written)
        content = [token.form for token in tokens if token.form not in ("the", "a", "an")]
        if len(content) != 1 or self._known[row]:
            return True
        word = content[0]
        return not (
            is_everyday(word) or word in REQUEST_WORDS or word in FUNCTION_WORDS or len(word) < 5
        )
