"""Words of a text, folded for comparison: the one place that decides what a word is."""

from __future__ import annotations

import re
import threading
import unicodedata
from functools import lru_cache

import Stemmer

_WORD = re.compile(r"\w+")
_APOSTROPHES = re.compile(r"(?<=\w)['’`´](?=\w)")
_LOCAL = threading.local()  # a PyStemmer object must not be shared between threads


def listed(text: str) -> list[str]:
    """The words of a list written as running text."""
    return text.split()


def word_set(text: str) -> frozenset[str]:
    """The same as a set."""
    return frozenset(listed(text))


STOP_WORDS = word_set(
    """a about all also am an and any are as at be been but by can could did do does for from had
    has have he her him his i if in into is it its just like me my no not of on or our out
    please she so some such than that the their them then there these they this those to too
    us very was we were what when where which while who why will with would you your film
    films movie movies show want something anything recommend"""
)


@lru_cache(maxsize=65_536)
def fold(text: str) -> str:
    """Lower-case without accents, apostrophes inside words removed: "Amélie's" → "amelies"."""
    decomposed = unicodedata.normalize("NFKD", text)
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    return _APOSTROPHES.sub("", plain).casefold()


def words(text: str) -> list[str]:
    """Folded words of a text in order."""
    return _WORD.findall(fold(text).replace("_", " "))


def stems(text: str) -> list[str]:
    """English stems of the words that carry meaning; may be empty."""
    stemmer = getattr(_LOCAL, "stemmer", None)
    if stemmer is None:
        stemmer = _LOCAL.stemmer = Stemmer.Stemmer("english")
    return stemmer.stemWords([word for word in words(text) if word not in STOP_WORDS])
