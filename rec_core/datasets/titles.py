"""Film titles as MovieLens writes them ("Matrix, The (1999)") turned into what people say."""

from __future__ import annotations

import re
import unicodedata

_YEAR = re.compile(r"\s*\(\s*(\d{4})(?:\s*[-–]\s*\d{0,4})?\s*\)\s*$")
_LAST_PARENTHESES = re.compile(r"\s*\(([^()]*)\)\s*$")
_ARTICLES = (
    "the an a le la les l' un une il lo i gli el los las o os as der die das den det de ett en het"
)
_ARTICLE_LAST = re.compile(
    rf"^(?P<rest>.+), (?P<article>{'|'.join(sorted(_ARTICLES.split(), key=len, reverse=True))})$",
    re.IGNORECASE,
)
_ALSO_KNOWN_AS = re.compile(r"^(?:a\.?k\.?a\.?:?|original title:?)\s+", re.IGNORECASE)
# What stands before the parentheses shows that they belong to the title: "Birdman: Or (The …)".
_OPEN_ENDS = (" or", ":", "&", " and")
_SHORTEST_OTHER_TITLE = 3  # shorter ones are marks such as "(V)" for video


def parse_title(text: str, year: int | None = None) -> tuple[str, int | None, tuple[str, ...]]:
    """Take a MovieLens title apart.

    Args:
        text: Such as "City of Lost Children, The (Cité des enfants perdus, La) (1995)".
        year: The year, when it is known from elsewhere; else it is read from the end.

    Returns:
        Title in reading order, year or None, other titles in reading order.
    """
    rest = " ".join(text.split())
    found = _YEAR.search(rest)
    if found:
        year = int(found.group(1)) if year is None else year
        rest = rest[: found.start()]
    others: list[str] = []
    while match := _LAST_PARENTHESES.search(rest):
        before = rest[: match.start()].rstrip()
        if not before or before.casefold().endswith(_OPEN_ENDS):
            break
        others.insert(0, _ALSO_KNOWN_AS.sub("", match.group(1).strip()))
        rest = before
    title = in_reading_order(rest)
    readable = dict.fromkeys(
        in_reading_order(other) for other in others if len(other) >= _SHORTEST_OTHER_TITLE
    )
    readable.pop(title, None)
    return title, year, tuple(readable)


def in_reading_order(title: str) -> str:
    """Put an article at the end where it is spoken: "Matrix, The" becomes "The Matrix"."""
    match = _ARTICLE_LAST.match(title)
    if match is None:
        return title
    article, rest = match["article"], match["rest"]
    return f"{article}{rest}" if article.endswith("'") else f"{article} {rest}"


def title_key(title: str) -> str:
    """A form in which two spellings of one title are equal: no case, accents, articles or signs."""
    spread = unicodedata.normalize("NFKD", in_reading_order(title).casefold())
    plain = "".join(sign for sign in spread if not unicodedata.combining(sign))
    words = re.findall(r"[^\W_]+", re.sub(r"['’]", "", plain.replace("&", " and ")))
    if len(words) > 1 and words[0] in ("the", "a", "an"):
        words = words[1:]
    return " ".join(words)
