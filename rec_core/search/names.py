"""Names in words: tokens with their place in the text, and keys under which spellings meet."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rapidfuzz.distance import OSA

from .vocabulary import SPOKEN_WORDS
from .words import fold, listed

_TOKEN = re.compile(r"(?:[^\W\d_]\.){2,}|[^\W_]+(?:['’`´][^\W_]+)*|&")
_ARTICLES = frozenset({"the", "a", "an"})
_NUMBERED = frozenset({"part", "episode", "chapter", "volume", "vol", "number", "no"})
_LITTLE = frozenset({"the", "a", "an", "of", "and"})
_ROMAN = {
    name: str(value)
    for value, name in enumerate(
        listed("ii iii iv v vi vii viii ix x xi xii xiii xiv xv xvi"), start=2
    )
}
_AMBIGUOUS_ROMAN = frozenset({"v", "x"})
_NUMBER_WORDS = {
    name: str(value)
    for value, name in enumerate(
        listed(
            """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen
    fifteen sixteen seventeen eighteen nineteen twenty"""
        )
    )
}


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a text: `form` is folded, `start`/`end` its characters, `capital` as written."""

    form: str
    start: int
    end: int
    capital: bool


def tokenise(text: str) -> list[Token]:
    """Words in order. "E.T." is one word, "&" is "and", apostrophes do not split."""
    found = []
    for match in _TOKEN.finditer(text):
        raw = match.group()
        form = "and" if raw == "&" else fold(raw.replace(".", ""))
        found.append(Token(form, match.start(), match.end(), raw[0].isupper()))
    return found


def key_tokens(forms: Sequence[str]) -> tuple[str, ...]:
    """Folded words brought to the form under which equal titles meet.

    Leading articles go, roman numerals and number words become digits, "part" before a number goes.
    """
    forms = list(forms)
    if len(forms) > 1 and forms[0] in _ARTICLES:
        forms = forms[1:]
    out: list[str] = []
    for position, form in enumerate(forms):
        number = _number(form, last=position > 0 and position == len(forms) - 1)
        if number is not None and out and out[-1] in _NUMBERED:
            out.pop()
        out.append(number if number is not None else form)
    return tuple(out) or tuple(forms)


def _number(form: str, *, last: bool) -> str | None:
    if form.isdecimal():
        return form
    if form in _ROMAN and (last or form not in _AMBIGUOUS_ROMAN):
        return _ROMAN[form]
    return _NUMBER_WORDS.get(form)


def without_little_words(key: Sequence[str]) -> tuple[str, ...]:
    """A key without "the", "a", "of", "and": what people leave out."""
    return tuple(word for word in key if word not in _LITTLE)


def edits_allowed(length: int) -> int:
    """How many typing errors a name of that many characters may carry and still be itself."""
    if length < 5:
        return 0
    return 1 if length < 8 else 2 if length < 13 else 3 if length < 20 else 4


def is_typo_of(word: str, target: str) -> bool:
    """True when `word` is `target` with a typing error or two; swapped neighbours count as one."""
    if word == target or word.isdecimal() or target.isdecimal():
        return False
    shorter = min(len(word), len(target))
    allowed = 1 if shorter < 6 else 2
    if shorter < 4 and sorted(word) != sorted(target):
        return False
    distance = OSA.distance(word, target, score_cutoff=allowed)
    return distance <= allowed and (word[0] == target[0] or distance == 1)


@cache
def everyday_ranks() -> dict[str, int]:
    """Everyday English words -> rank by frequency (0 = most frequent)."""
    text = (Path(__file__).parent / "everyday_words.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {word: rank for rank, word in enumerate(" ".join(lines).split())}


def is_everyday(word: str) -> bool:
    """True for words that mean something in any sentence, so that they alone name nothing."""
    ranks = everyday_ranks()
    return word in ranks or word in SPOKEN_WORDS or (word.endswith("s") and word[:-1] in ranks)
