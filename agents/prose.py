"""A model's prose as plain text: no markup, no links, nothing hidden; and its sentences.

Pure. Apart from grounding because it knows no catalog.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

Span = tuple[int, int]

LONGEST_PROSE = 1_500
_LONGEST_READ = 6_000
_PASSES = 5
_IMAGE = re.compile(r"!\[[^\]]*\]\s*(?:\([^)]*\)|\[[^\]]*\])")
_LINK = re.compile(r"\[([^\]]*)\]\s*(?:\([^)]*\)|\[[^\]]*\])")
_REFERENCE = re.compile(r"^\s*\[[^\]]+\]:.*$", re.MULTILINE)
_ADDRESS = re.compile(
    r"<?(?:\b[a-z][a-z0-9+.-]{1,20}:)?//[^\s<>]+>?|\b(?:javascript|data|mailto):\S+", re.I
)
_HIDDEN_BLOCK = re.compile(
    r"<(script|style|think|thinking|tool_call|iframe|svg)\b.*?(?:</\1\s*>|\Z)", re.I | re.S
)
_TAG = re.compile(r"</?[a-z!][^<>]*(?:>|\Z)", re.I)
_FENCE = re.compile(r"```.*?(?:```|\Z)", re.S)
_LIST_MARK = re.compile(r"^[ \t]*(?:[-*+•]|\d{1,2}[.)])[ \t]+", re.MULTILINE)
_HEADING = re.compile(r"^[ \t]*(?:#{1,6}|>+)[ \t]+", re.MULTILINE)
_RULER = re.compile(r"^[ \t]*(?:[-*_=]{3,}|\|.*\|)[ \t]*$", re.MULTILINE)
_EMPHASIS = re.compile(r"\*{1,3}([^*\n]{2,120})\*{1,3}")
_MARKS = re.compile(r"[*`]+")
_UNDERSCORED = re.compile(r"(?<!\w)_{1,3}(?=\S)([^_\n]{1,120})(?<=\S)_{1,3}(?!\w)")
_END = re.compile(r"(?<=[^\W\d_])[.!?…][\"'”’)\]]*\s+|(?<=[\d)\]\"'”’])[.!?…][\"'”’)\]]*\s+|\n+")
_ABBREVIATIONS = re.compile(
    r"(?:\b(?:mr|mrs|ms|dr|st|vs|vol|no|jr|sr|etc|e\.g|i\.e)|\b[A-Z])$", re.I
)


def emphasised(text: str) -> tuple[str, ...]:
    """What stands in asterisks or underscores: in prose about films these are titles as a rule."""
    read = text[:_LONGEST_READ]
    return (*_EMPHASIS.findall(read), *_UNDERSCORED.findall(read))


def plain(text: str, *, limit: int = LONGEST_PROSE) -> str:
    """The words alone: images, addresses, HTML, code and markup gone, links only as their text.

    Cut at a sentence's end when it is longer than `limit` characters.
    """
    result = unicodedata.normalize("NFC", text[:_LONGEST_READ])
    result = "".join(c for c in result if c == "\n" or unicodedata.category(c)[0] != "C")
    # What is taken out may bring together what was written apart to get through.
    for _ in range(_PASSES):
        before, result = result, _stripped(result)
        if result == before:
            break
    lines = (" ".join(line.split()) for line in result.split("\n"))
    return _shortened("\n".join(line for line in lines if line), limit)


def _stripped(text: str) -> str:
    for pattern in (_FENCE, _HIDDEN_BLOCK, _IMAGE, _REFERENCE):
        text = pattern.sub(" ", text)
    text = _LINK.sub(r"\1", text)
    for pattern in (_ADDRESS, _TAG, _RULER, _HEADING, _LIST_MARK):
        text = pattern.sub("", text)
    return _UNDERSCORED.sub(r"\1", _MARKS.sub("", text))


def sentences(text: str, *, unbroken: Iterable[Span] = ()) -> list[Span]:
    """Spans of the sentences and lines of a text, in order, together the whole of it.

    No sentence ends inside one of the `unbroken` spans ("Airplane! is …").
    """
    closed = list(unbroken)
    result: list[Span] = []
    start = 0
    for match in _END.finditer(text):
        inside = any(low <= match.start() < high for low, high in closed)
        if inside or ("\n" not in match[0] and _ABBREVIATIONS.search(text[start : match.start()])):
            continue
        result.append((start, match.end()))
        start = match.end()
    if start < len(text):
        result.append((start, len(text)))
    return result


def without(
    text: str, bad: Sequence[Span], *, unbroken: Iterable[Span] = ()
) -> tuple[str, tuple[str, ...]]:
    """The text without the sentences that touch a bad span, and the sentences that went."""
    kept: list[str] = []
    gone: list[str] = []
    for start, end in sentences(text, unbroken=(*unbroken, *bad)):
        touched = any(start < high and low < end for low, high in bad)
        (gone if touched else kept).append(text[start:end])
    return "".join(kept).strip(), tuple(sentence.strip() for sentence in gone)


def _shortened(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    whole = [end for _, end in sentences(text[:limit])[:-1]]
    return text[: whole[-1]].strip() if whole else text[: limit - 1].rstrip() + "…"
