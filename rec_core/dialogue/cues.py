"""What the words around titles say: liking, refusing, eras, genres in everyday language."""

from __future__ import annotations

import re
from typing import Literal

from ..search.words import stems

Feeling = Literal[-1, 0, 1]

_DISLIKED = re.compile(
    r"\b(?:hate[ds]?|dislike[ds]?|awful|terrible|boring|worst|overrated|stupid"
    r"|(?:did|do|does|was|is|were|am)(?:n['’]?t| not)(?: \w+){0,3}? "
    r"(?:like|love|enjoy|good|great|fan|into|care)"
    r"|not (?:a |my |really |too |that )*(?:fan|good|great|into|favou?rite|cup|big))\b",
    re.IGNORECASE,
)
_LIKED = re.compile(
    r"\b(?:love[ds]?|like[ds]?|enjoy(?:ed)?|favou?rites?|great|awesome|amazing|good|excellent"
    r"|fantastic|hilarious|best|fun|funny)\b",
    re.IGNORECASE,
)
_REFUSAL = re.compile(
    r"\b(?:not|don['’]?t|didn['’]?t|doesn['’]?t|hate[ds]?|dislike|never|no more|nothing)\b",
    re.IGNORECASE,
)
_NEW = re.compile(
    r"\b(?:new|newer|recent|recently|latest|current|theat\w*|now|this year)\b", re.IGNORECASE
)
_OLD = re.compile(r"\b(?:old|older|classics?|vintage)\b", re.IGNORECASE)
_DECADE = re.compile(r"\b(?:19)?([3-9]0)['’]?s\b|\b(thir|for|fif|six|seven|eigh|nine)ties\b", re.I)
_NEW_CENTURY = re.compile(r"\b20[0-2]0['’]?s\b", re.IGNORECASE)
_SPOKEN_DECADES = {
    "thir": 30,
    "for": 40,
    "fif": 50,
    "six": 60,
    "seven": 70,
    "eigh": 80,
    "nine": 90,
}
_CLAUSE = re.compile(r"[.!?;,\n]|\bbut\b", re.IGNORECASE)
_LAST_YEAR = 9999

# Stem of a word in everyday language → the genre it asks for, in lower case; a catalog's own genre
# names are understood without being listed.
_GENRE_OF_STEM = {
    stem: genre
    for genre, words in {
        "comedy": "funny laugh hilarious humor goofy silly romcom",
        "horror": "scary creepy zombie ghost slasher terrifying spooky",
        "romance": "romantic romcom chick",
        "children": "kid kids family children",
        "animation": "animated cartoon disney pixar anime",
        "sci-fi": "sci scifi science futuristic space alien",
        "thriller": "suspense suspenseful thrilling",
        "crime": "gangster mafia heist mob",
        "drama": "dramatic",
        "western": "cowboy",
        "war": "military",
        "musical": "music musical",
        "action": "superhero marvel explosions",
        "mystery": "mystery detective whodunit",
    }.items()
    for word in words.split()
    for stem in stems(word)
}


def feeling_of(text: str) -> Feeling:
    """1 when the text speaks well of something, -1 when it speaks ill, 0 when it does neither."""
    if _DISLIKED.search(text):
        return -1
    return 1 if _LIKED.search(text) else 0


def sentence_around(text: str, start: int, end: int) -> str:
    """The sentence that holds characters start..end, with these taken out."""
    first = max(text.rfind(sign, 0, start) for sign in ".!?\n") + 1
    ends = [place for sign in ".!?\n" if (place := text.find(sign, end)) >= 0]
    return f"{text[first:start]} _ {text[end : min(ends, default=len(text))]}"


def genre_stems(genre: str) -> tuple[str, ...]:
    """The stems that name a genre of the catalog, in order: "Sci-Fi" → ("sci", "fi")."""
    return tuple(stems(genre))


def clauses(text: str) -> list[tuple[str, bool]]:
    """Parts of a text between signs and "but", each with whether it refuses something."""
    parts = [part.strip() for part in _CLAUSE.split(text)]
    return [(part, bool(_REFUSAL.search(part))) for part in parts if part]


def genres_meant(stem: str) -> str | None:
    """The genre, in lower case, that a stem of everyday language asks for."""
    return _GENRE_OF_STEM.get(stem)


def wants_new(text: str) -> bool:
    """True when the text speaks of something recent."""
    return bool(_NEW.search(text))


def wants_old(text: str) -> bool:
    """True when the text speaks of something old."""
    return bool(_OLD.search(text))


def eras_of(text: str) -> tuple[tuple[int, int], ...]:
    """Decades that the text names, as (first year, last year): "90's" → ((1990, 1999),)."""
    found = []
    for match in _DECADE.finditer(text):
        decade = int(match[1]) if match[1] else _SPOKEN_DECADES[match[2].casefold()]
        found.append((1900 + decade, 1909 + decade))
    if _NEW_CENTURY.search(text):
        found.append((2000, _LAST_YEAR))
    return tuple(dict.fromkeys(found))
