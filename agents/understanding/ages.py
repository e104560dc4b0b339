"""Ages of who watches along: "he is nine" asks for what suits children, as "for a nine year old" does. Pure."""

from __future__ import annotations

import re

from .numbers import UNITS
from .text import Span

_WHO = r"(?:he|she|they|who|(?:grand)?(?:son|daughter|child|kids?|children)|nephew|niece|boys?|girls?|brother|sister)"
_OLDEST_CHILD = 13
_YOUNGEST = 2
_AGE = re.compile(
    rf"\b{_WHO}(?:'s|'re| is| are| will be| turns?| just turned)(?: (?:only|just|about|nearly|almost|now))*"
    rf" (?P<n>{'|'.join(UNITS)}|\d{{1,2}})(?: years?(?: old)?)?(?=\W*(?:$|[.,;!?)]|and\b|so\b|but\b|now\b|years?\b))"
)


def ages_of_children(plain: str) -> tuple[tuple[Span, str], ...]:
    """Where an age of a child is told, and the words that the lexicon has for it ("nine year old")."""
    found = []
    for match in _AGE.finditer(plain):
        age = UNITS.get(match["n"]) or int(match["n"])
        if _YOUNGEST <= age <= _OLDEST_CHILD:
            found.append((match.span(), f"{age} year old"))
    return tuple(found)
