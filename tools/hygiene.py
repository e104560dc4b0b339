"""Text from outside, made fit to be read by a model: no hidden characters, no length surprises.

Item texts, names and words of people are untrusted. They reach a model only through here.
"""

from __future__ import annotations

import re
import unicodedata

_SPACE = re.compile(r"\s+")
# control, format (zero-width, bidi, tags), private use, surrogate, unassigned
_HIDDEN = frozenset({"Cc", "Cf", "Co", "Cs", "Cn"})


def clean_text(text: str, *, limit: int) -> str:
    """Visible characters only, on one line, at most `limit` of them ("…" marks a cut)."""
    visible = "".join(
        " " if character in "\t\n\r\v\f\u2028\u2029\x85" else character
        for character in text[: 20 * limit]
        if character in "\t\n\r\v\f\x85" or unicodedata.category(character) not in _HIDDEN
    )
    line = _SPACE.sub(" ", visible).strip()
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def field_text(text: str, *, limit: int = 120) -> str:
    """A name or value for a line of fields: cleaned, and without the field separator."""
    return clean_text(text, limit=limit).replace("|", "/")


def quoted(text: str, *, limit: int = 300) -> str:
    """A capped quotation: cleaned, in double quotes, with no double quote or "|" inside."""
    inner = field_text(text, limit=limit).replace('"', "'").replace("“", "'").replace("”", "'")
    return f'"{inner}"'
