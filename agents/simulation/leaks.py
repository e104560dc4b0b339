"""The leak guard: does a sentence give the sought title away? Asked before the recommender hears it.

Strict on purpose: any telling word of the title or of another name of it counts, misspelt ones too. A
sentence stopped in vain costs nothing, a leak makes a study worthless.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from rec_core import Catalog, Item

from .types import SessionRecord

_WORD = re.compile(r"[^\W_]+")
_ENDING_FROM, _SLIP_FROM, _TWO_SLIPS_FROM = 3, 5, 9
_ALIKE = 85.0
_ALIKE_FROM = 8
# Words that stand in any sentence and give no title away.
_PLAIN = frozenset((
    "a", "about", "after", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be",
    "been", "before", "but", "by", "can", "could", "did", "do", "does", "for", "from", "get",
    "go", "good", "had", "has", "have", "he", "her", "here", "him", "his", "how", "i", "if", "in",
    "into", "is", "it", "its", "just", "like", "little", "made", "make", "me", "more", "my", "no",
    "not", "now", "of", "off", "on", "one", "or", "other", "our", "out", "over", "part", "really",
    "s", "she", "so", "some", "something", "such", "t", "than", "that", "the", "their", "them",
    "then", "there", "these", "they", "thing", "this", "those", "to", "too", "two", "up", "us",
    "very", "want", "was", "we", "were", "what", "when", "where", "which", "who", "why", "will",
    "with", "would", "you", "your", "film", "films", "movie", "movies",
))  # fmt: skip


class LeakGuard:
    """Knows one item's names.

    Args:
        item: The sought one.
    """

    def __init__(self, item: Item) -> None:
        names = [" ".join(_words(name)) for name in (item.title, *item.alt_titles)]
        self._names = tuple(dict.fromkeys(name for name in names if name))
        self._telling = frozenset(
            word for name in self._names for word in name.split() if word not in _PLAIN
        )

    def leaks(self, text: str) -> bool:
        """Whether the text holds a telling word of a name (up to a slip or two), or nearly all of one.

        A name of plain words alone ("It", "Go") counts when the text is nothing else, or puts it in
        quotation marks.
        """
        words = _words(text)
        if any(self._tells(word) for word in words):
            return True
        said = " ".join(words)
        for name in self._names:
            if said == name or _is_quoted(text, name):
                return True
            is_long = _ALIKE_FROM <= len(name) <= len(said)
            if is_long and fuzz.partial_ratio(name, said) >= _ALIKE:
                return True
        return False

    def _tells(self, word: str) -> bool:
        if word in self._telling:
            return True
        return any(
            _is_ending(word, telling) or 0 < OSA.distance(word, telling) <= _slips(telling)
            for telling in self._telling
        )


def leaks_heard(records: Sequence[SessionRecord], catalog: Catalog) -> int:
    """How many sentences that arms heard hold the sought title or another name of it, whole.

    Apart from the guard: looks for whole names with other means, so that a hole in the guard shows.
    """
    found = 0
    for record in records:
        if record.target_id is None:
            continue
        item = catalog[record.target_id]
        names = [f" {' '.join(_words(name))} " for name in (item.title, *item.alt_titles)]
        telling = [name for name in names if set(name.split()) - _PLAIN]
        for exchange in record.exchanges:
            said = f" {' '.join(_words(exchange.said))} "
            found += any(name in said for name in telling)
    return found


def _is_ending(word: str, telling: str) -> bool:
    """Whether the word is the telling one with an ending: "toys" of "toy"."""
    return (
        len(telling) >= _ENDING_FROM and word.startswith(telling) and len(word) <= len(telling) + 2
    )


def _slips(word: str) -> int:
    """How many letters may differ from a telling word for it still to be told."""
    return 0 if len(word) < _SLIP_FROM else 1 if len(word) < _TWO_SLIPS_FROM else 2


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return _WORD.findall(bare.replace("'", "").replace("’", ""))


def _is_quoted(text: str, name: str) -> bool:
    quoted = re.findall(r"[\"“«']([^\"”»']{1,80})[\"”»']", text)
    return any(" ".join(_words(part)) == name for part in quoted)
