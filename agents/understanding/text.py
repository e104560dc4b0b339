"""The cleaned view of what somebody typed: same offsets in every layer, so that spans can be masked.

Apart from the readers because each of them works on this view and on nothing else.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace

LENGTH_LIMIT = 1_000
TITLE_MARK = "\ue000"
PERSON_MARK = "\ue001"
REFERENCE_MARK = "\ue002"

Span = tuple[int, int]

_CURLY = str.maketrans("‘’‚‛“”„«»–—−…´`", "''''\"\"\"\"\"---.''")
_TICKS = re.compile(r"(?<!\w)`+|`+(?!\w)")  # marks of code, not apostrophes
_SPACE = re.compile(r"\s+")
_WOULD = re.compile(r"\bid(?= (?:like|love|rather|prefer|want|watch|say)\b)")
_WITH = re.compile(r"\b[wW]/(?P<o>(?:o|out)\b)?")
_WHY = re.compile(r"\b[yY](?= (?:did|do|are|is|would|these|this|that|not)\b)")
_DRAWN_OUT = re.compile(r"([^\W\d_])\1{2,}", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


@dataclass(frozen=True, kw_only=True)
class Utterance:
    """What somebody typed, cleaned.

    Attributes:
        text: Readable characters only, whitespace collapsed, original case.
        plain: Lower case, exactly as long as `text`; spans already understood are masked in it.
        truncated: True when the message was longer than `LENGTH_LIMIT` and its tail was dropped.
    """

    text: str
    plain: str
    truncated: bool = False

    def masked(self, spans: Iterable[Span], mark: str = " ") -> Utterance:
        """A copy in which the characters of the spans are overwritten by `mark` in `plain`."""
        characters = list(self.plain)
        for start, end in spans:
            characters[start:end] = mark * (end - start)
        return replace(self, plain="".join(characters))


def clean(text: str, typos: Mapping[str, str], known: Container[str] = frozenset()) -> Utterance:
    """Make an utterance: no control, invisible or private characters, common slips mended.

    `typos` maps lower-case misspelt everyday words to the right ones; titles are not touched
    by anything but it. Drawn-out words ("heyyy") are shortened to a word of `known`.
    """
    kept = unicodedata.normalize("NFKC", _TICKS.sub(" ", text[: 4 * LENGTH_LIMIT])).translate(
        _CURLY
    )
    visible = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in kept)
    visible = _WITH.sub(lambda match: "without" if match["o"] else "with ", visible)
    visible = _WORD.sub(lambda match: _mended(_shortened(match[0], known), typos), visible)
    flat = _WHY.sub("why", visible)
    flat = _WOULD.sub("I'd", _SPACE.sub(" ", flat).strip())
    short = flat if len(flat) <= LENGTH_LIMIT else flat[:LENGTH_LIMIT].rsplit(" ", 1)[0]
    truncated = len(short) < len(flat) or len(text) > 4 * LENGTH_LIMIT
    return Utterance(text=short, plain=lowered(short), truncated=truncated)


def lowered(text: str) -> str:
    """Lower case of the same length ("İ" and its like stay as they are)."""
    return "".join(low if len(low := c.lower()) == 1 else c for c in text)


def words_of(plain: str) -> list[tuple[str, int, int]]:
    """Words with their spans, in order; marks and punctuation are no words."""
    return [(match[0], match.start(), match.end()) for match in _WORD.finditer(plain)]


def overlaps(span: Span, others: Iterable[Span]) -> bool:
    """True when the span shares a character with any of the others."""
    return any(span[0] < end and start < span[1] for start, end in others)


def _shortened(word: str, known: Container[str]) -> str:
    """The word without drawn-out letters ("heyyy", "goood"), where that makes a known word."""
    if _DRAWN_OUT.search(word) is None:
        return word
    shorter = (_DRAWN_OUT.sub(r"\1\1", word), _DRAWN_OUT.sub(r"\1", word))
    return next((short for short in shorter if short.lower() in known), word)


def _mended(word: str, typos: Mapping[str, str]) -> str:
    right = typos.get(word.lower())
    if right is None:
        return word
    return right.capitalize() if word[0].isupper() else right
