"""Years and decades in somebody's words: "the early 90s", "before 2000", "nothing older than 1980".

A *point* is a year or a decade, read as the span of years that it covers. Every rule is written on
points, so that "before the 90s", "before 1990" and "before nineteen ninety" are one rule.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from .text import Span

OLD_UNTIL = 1979
RECENT_SPAN = 5
FAR_FROM_OLD = 20
_NEWEST_SHORT = 29  # '29 is 2029, '30 is 1930

Relative = Literal["newer", "older", "same_year", "same_decade"]
Bounds = tuple[int | None, int | None]

_TENS = {
    "twent": 20, "thirt": 30, "fort": 40, "fift": 50, "sixt": 60, "sevent": 70, "eight": 80,
    "ninet": 90,
}  # fmt: skip
_ONES = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS = (
    "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen",
    "eighteen", "nineteen",
)  # fmt: skip
_TEN_WORDS = "|".join(f"{stem}y" for stem in _TENS)
_DECADE_WORDS = "|".join(f"{stem}ies" for stem in _TENS)

_YEAR = (
    r"(?:(?<![\d$#.,])(?:1[89]\d\d|20[0-4]\d)(?![\d%]|'?s\b|[.,]\d)"
    r"|(?<![\w$])'\d\d(?!'?s\b|[\d.,]\d)"
    rf"|nineteen[ -](?:hundred(?: and)?[ -])?(?:{_TEN_WORDS})(?:[ -](?:{'|'.join(_ONES)}))?\b"
    rf"|nineteen[ -](?:{'|'.join(_TEENS)})\b"
    rf"|two thousand(?: and)?(?: (?:{'|'.join(_ONES + _TEENS)}))?\b"
    rf"|twenty[ -](?:{'|'.join(_TEENS)})\b)"
)
_DECADE = (
    r"(?:(?:the )?(?:very )?(?:early|mid|late|end of the|beginning of the|start of the)?[ -]?(?:the )?"
    r"(?:(?<!\d)(?:1[89]|20)\d0'?s\b|(?<![\w$])'?\d0'?s\b"
    r"|(?<!\d)(?:1[89]\d|20\d)0ern?\b|(?<!\d)\d0ern?\b"
    rf"|(?:nineteen[ -])?(?:{_DECADE_WORDS})\b|noughties\b|aughts\b|two thousands\b|años (?:19)?\d0\b"
    r"|années (?:19)?\d0\b|anni '?(?:19)?\d0\b|anos (?:19)?\d0\b))"
)
_ABOUT = r"(?:(?:about|around|roughly|circa|like|say) )?"
POINT = rf"(?:(?:the )?(?:years? )?{_DECADE}|(?:the )?(?:years? )?{_YEAR})"

_FILLER = r"(?: (?:watch|see|like|want|show me|give me|ever|films?|movies?|anything|stuff|ones?|things?|something|made|released|from|was|were|is|are|that|the|any|more))*"
_NOT = rf"\b(?:not|no|nothing|never|none|without|(?:don't|do not|won't|can't) (?:want|like|do|show|watch|take|need|give (?:me|us)|see)|isn't|aren't|avoid|(?:shouldn't|mustn't|can't|must not|should not|cannot|may not|not) be|nowhere){_FILLER}(?: an?)?"
_OLDER = r"(?:older than|earlier than|before|prior to|pre[ -]?)"
_NEWER = r"(?:newer than|later than|more recent than|after|past|post[ -]?|younger than)"
_NOT_AFTER = rf"(?:from )?{_NEWER}"
_TO = r"(?:and|to|till?|until|through|thru|-|/|bis|up to)"

_RULES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("not_before", rf"{_NOT} {_OLDER} ?{_ABOUT}(?P<a>{POINT})"),
        ("not_after", rf"{_NOT} {_NOT_AFTER} ?{_ABOUT}(?P<a>{POINT})"),
        (
            "range",
            rf"\b(?:between|from|in|of)? ?(?P<a>{_YEAR}) ?{_TO} ?(?P<b>\d\d)(?![\d'%]|s\b| \w)",
        ),
        (
            "range",
            rf"\b(?:between|from|in|of)? ?(?P<a>{POINT}) ?{_TO} ?(?P<b>{POINT})",
        ),
        ("union", rf"(?P<a>{_DECADE}|{_YEAR}),? (?:or|and|&) (?:the )?(?P<b>{_DECADE}|{_YEAR})"),
        ("before", rf"\b{_OLDER} ?{_ABOUT}(?P<a>{POINT})"),
        ("after", rf"\b{_NEWER} ?{_ABOUT}(?P<a>{POINT})"),
        ("since", rf"\b(?:since|starting (?:in|from|with)|no older than) (?P<a>{POINT})"),
        ("until", rf"\b(?:until|till?|up to|by|no newer than|at the latest) (?P<a>{POINT})"),
        (
            "since",
            rf"(?:\b(?:from|in) )?(?P<a>{POINT}) ?(?:(?:or|and) (?:later|newer|after|up|above|beyond|more recent)|on\b|onwards?|forward|at the earliest|\+)",
        ),
        (
            "until",
            rf"(?:\b(?:from|in) )?(?P<a>{POINT}) ?(?:(?:or|and) (?:earlier|older|before|below)|at the latest|and back|back\b|backwards)",
        ),
        ("outside", rf"{_NOT} (?:in |from )?(?P<a>{POINT})"),
        ("topic", rf"\b(?:about|on) (?:the )?(?P<a>{_DECADE})"),
        ("around", rf"\b(?:around|circa|about|roughly|approximately|near|ca\.?|~) ?(?P<a>{POINT})"),
        ("around", rf"(?P<a>{POINT}) ?(?:-?ish\b|or so\b|or thereabouts\b)"),
        ("within", rf"(?:\b(?:from|in|of|made in|during|out of) )?(?P<a>{POINT})"),
    )
)
_SELF = re.compile(r"\b(?:my|his|her|their|your|our)\s*(?:early |mid |late )?\s*$")
_HOW_ABOUT = re.compile(r"\b(?:what|how) about\b")
_DATE = re.compile(r"\b(?:born|married|turned|since i was|turning) (?:in )?$")
_LAST_YEARS = re.compile(
    r"\b(?:in|from|of|over|within)? ?(?:the )?(?:last|past) (?P<n>\d{1,2}|two|three|five|ten|fifteen|twenty|few|couple of|couple) (?:years|yrs)(?: or so)?\b"
    r"|\b(?:the )?(?:last|past) decade(?: or so)?\b|\b(?:the )?(?:last|past) (?P<d>two|three|few|couple of) decades(?: or so)?\b"
)
_CENTURY = re.compile(
    r"\b(?:from |in |of |the )*(?P<c>last|previous|past|20th|twentieth|this|current|21st|twenty[- ]first|new) (?:century|millennium)\b"
)
_ANY = re.compile(
    r"(?:\b(?:doesn't|does not|don't|needn't|need not) (?:have|need) to be (?:from )?(?:in )?(?:the )?'?[\w']+(?: films?)?,? ?(?:though)?,? ?)?\b(?:any|whatever|whichever|every) (?:year|decade|era|age|time|period)\b"
    r"|\b(?:doesn't|does not|don't|needn't|need not) (?:have|need) to be (?:from )?(?:the )?'?(?:19|20)?\d0'?s\b|\b(?:older|newer|old|new) or (?:newer|older|new|old)\b"
    r"|\b(?:the )?(?:years?|decades?|era|age|dates?) (?:does not|doesn't|don't|isn't|is not) (?:matter|important)\b"
    r"|\b(?:never mind|forget|drop|ignore|skip) the (?:years?|decades?|era|dates?)\b|\bfrom any ?(?:time|where|when)\b(?! (?:but|except|other than)\b)"
)
_ITEM = r"(?: \w+){0,2}? (?:films?|movies?|ones?|releases?|stuff|titles?|flicks?|books?|games?|things?|cinema)"
_NO_OLD = re.compile(
    r"\b(?:not|nothing|no|isn't|aren't|without)(?: (?:too|so|very|that|any|really))* old\b(?! man| school)"
    r"|\b(?:not|nothing|no|without)(?: (?:any|in))? (?:classics?|oldies?|vintage)\b"
)
_SHOWN = r"(?:\b(?:these|those|they|it|that)|\ue002+)(?:'re| are| is|'s| look| seem| feel| sound)(?: (?:all|a bit|kind of|kinda|rather|so|too|very|really|way|quite|pretty|just|mostly|a little|both|far)){0,3}"
_NEWER_WORD = re.compile(
    rf"{_SHOWN} (?:old|dated|ancient|old[ -]fashioned)\b|\b(?:newer|more recent|more modern|less old|later ones?)\b"
)
_OLDER_WORD = re.compile(
    rf"{_SHOWN} (?:new|recent|modern)\b|\b(?:(?<!year )(?<!years )older|earlier ones?|less recent|less modern)\b"
    r"(?! (?:kids?|children|people|audience|man|woman|men|women|brother|sister|viewers?|than (?:me|us|my|i)\b))"
)
_SAME = re.compile(
    r"\b(?:from |of |in )?(?:the |that )?same (?P<w>year|decade|era|time|period|age)s?\b(?: as)?"
    r"|\bof (?:the|that) (?:era|time|period)\b"
)
_RECENT = re.compile(
    rf"\b(?:recent(?:ly)?|latest|newest|modern|contemporary|current|brand[ -]new|up[ -]to[ -]date)\b|\bnew{_ITEM}\b|\bnew releases?\b"
)
_OLD = re.compile(
    rf"(?<!cult )(?<!instant )(?<!modern )\b(?:classics?|oldies?|vintage|golden age|old[ -]school|old[ -]time|old[ -]fashioned)\b|\bold{_ITEM}\b|\bsomething (?:really |very |quite )?old\b|^(?:old|something old|older stuff)$"
)


@dataclass(frozen=True, kw_only=True)
class YearReading:
    """What was said about years.

    Attributes:
        year_min, year_max: Bounds, inclusive; None = not bounded on that side.
        relative: A comparison that needs something to compare with.
        position: Where the comparison ends; what it compares with stands after it.
        cleared: True when any year will do again.
        said: How an inexact word was taken ("recent"), for the answer; "" when nothing was guessed.
        outside: A decade to leave out that cannot be said as bounds without a guess.
        spans: What was used up.
    """

    year_min: int | None = None
    year_max: int | None = None
    relative: Relative | None = None
    position: int = 0
    cleared: bool = False
    said: str = ""
    outside: Bounds = (None, None)
    spans: tuple[Span, ...] = ()

    @property
    def bounded(self) -> bool:
        """True when at least one bound was said."""
        return self.year_min is not None or self.year_max is not None


def point_years(words: str) -> tuple[int, int]:
    """The first and last year of a point: "early 90s" -> (1990, 1993), "1994" -> (1994, 1994).

    Raises:
        ValueError: the words are no point.
    """
    text = words.strip().removeprefix("the ").strip()
    if match := re.search(r"(?<!\d)(\d{4})(?!\d|'?s\b|er\b)", text):
        return int(match[1]), int(match[1])
    if match := re.fullmatch(r"'?(\d\d)", text):
        year = int(match[1]) + (2000 if int(match[1]) <= _NEWEST_SHORT else 1900)
        return year, year
    decade = _decade_start(text)
    if decade is not None:
        if re.search(r"\b(?:early|beginning|start)\b", text):
            return decade, decade + 3
        if re.search(r"\bmid\b", text):
            return decade + 3, decade + 6
        if re.search(r"\b(?:late|end of)\b", text):
            return decade + 6, decade + 9
        return decade, decade + 9
    year = _year_in_words(text)
    if year is None:
        raise ValueError(f"{words!r} names no year")
    return year, year


def read_years(plain: str, *, oldest: int, newest: int) -> YearReading:
    """Read everything said about years.

    Args:
        plain: Lower-case text in which titles and names are masked.
        oldest: First year of the catalog.
        newest: Last year of the catalog; "recent" is measured from it, not from the clock.
    """
    if match := _ANY.search(plain):
        rest = plain[: match.start()] + " " * len(match[0]) + plain[match.end() :]
        beside = _points(rest)  # "one from every era, but let's start before 1980"
        if beside is None or not beside.bounded:
            return YearReading(cleared=True, spans=(match.span(),))
        return replace(beside, spans=(*beside.spans, match.span()))
    reading = _points(plain) or _centuries(plain, newest)
    if reading is not None:
        return reading
    return _words(plain, oldest=oldest, newest=newest)


def _points(plain: str) -> YearReading | None:
    found = YearReading()
    plain = _HOW_ABOUT.sub(lambda match: " " * len(match[0]), plain)
    for name, rule in _RULES:
        for match in rule.finditer(plain):
            if _SELF.search(plain[: match.start("a")]) or _DATE.search(plain[: match.start("a")]):
                continue
            if name != "topic":  # a film about the sixties need not be from the sixties
                found = _narrowed(found, name, match)
            plain = plain[: match.start()] + " " * len(match[0]) + plain[match.end() :]
    return found if found.spans else None


def _narrowed(found: YearReading, name: str, match: re.Match[str]) -> YearReading:
    first, last = point_years(match["a"])
    spans = (*found.spans, match.span())
    if name == "outside":
        return replace(found, outside=(first, last), spans=spans)
    if name in ("range", "union"):
        second_first, second_last = point_years(match["b"])
        bounds: Bounds = (min(first, second_first), max(last, second_last))
    elif name == "around":
        bounds = (first - 2, last + 2) if first == last else (first, last)
    else:
        bounds = {
            "not_before": (first, None), "not_after": (None, last), "before": (None, first - 1),
            "after": (last + 1, None), "since": (first, None), "until": (None, last),
            "within": (first, last),
        }[name]  # fmt: skip
    low = bounds[0] if bounds[0] is not None else found.year_min
    high = bounds[1] if bounds[1] is not None else found.year_max
    return replace(found, year_min=low, year_max=high, spans=spans)


def _centuries(plain: str, newest: int) -> YearReading | None:
    if match := _LAST_YEARS.search(plain):
        number = match["n"] or {"two": "twenty", "couple of": "twenty"}.get(match["d"], "ten")
        years = {
            "few": 3, "couple of": 2, "couple": 2, "two": 2, "three": 3, "five": 5, "ten": 10, "fifteen": 15, "twenty": 20,
        }.get(number)  # fmt: skip
        low = newest - (years if years is not None else int(number)) + 1
        return YearReading(year_min=low, said=match[0].strip(), spans=(match.span(),))
    if match := _CENTURY.search(plain):
        if match["c"] in ("this", "current", "21st", "new") or match["c"].endswith("first"):
            return YearReading(year_min=2000, spans=(match.span(),))
        return YearReading(year_max=1999, spans=(match.span(),))
    return None


def _words(plain: str, *, oldest: int, newest: int) -> YearReading:
    newer, older = (list(pattern.finditer(plain)) for pattern in (_NEWER_WORD, _OLDER_WORD))
    if newer or older:
        # "we've seen the newer ones, have you something older?": the last one said is what is wanted
        spans = tuple(match.span() for match in (*newer, *older))
        position = max(end for _, end in spans)
        relative: Relative = "newer" if newer and newer[-1].end() == position else "older"
        return YearReading(relative=relative, position=position, spans=spans)
    if match := _SAME.search(plain):
        same: Relative = "same_year" if match["w"] == "year" else "same_decade"
        return YearReading(relative=same, position=match.end(), spans=(match.span(),))
    if match := _NO_OLD.search(plain):
        low = newest - FAR_FROM_OLD
        said = "not old" if match[0].endswith("old") else match[0]
        return YearReading(year_min=low, said=said, spans=(match.span(),))
    if match := _RECENT.search(plain):
        low = newest - RECENT_SPAN
        return YearReading(year_min=low, said=match[0].strip(), spans=(_adjective(match),))
    if match := _OLD.search(plain):
        high = OLD_UNTIL if oldest <= OLD_UNTIL - 10 else (oldest + newest) // 2
        return YearReading(year_max=high, said=match[0].strip(), spans=(_adjective(match),))
    return YearReading()


def _adjective(match: re.Match[str]) -> Span:
    """Only the first word of "new … films": what stands between may be a genre."""
    first = re.match(r"(?:new|old)\b", match[0])
    return (match.start(), match.start() + first.end()) if first else match.span()


def _decade_start(text: str) -> int | None:
    if match := re.search(r"(\d{3})0(?:'?s|ern?)\b", text):
        return int(match[1]) * 10
    if match := re.search(
        r"(?:'|\b)(\d)0(?:'?s|ern?)\b|(?:años|années|anos|anni) '?(?:19)?(\d)0", text
    ):
        tens = int(match[1] or match[2])
        return (2000 if tens < 2 else 1900) + 10 * tens
    if re.search(r"noughties|aughts|two thousands", text):
        return 2000
    for stem, tens in _TENS.items():
        if re.search(rf"\b{stem}ies\b", text):
            return 1900 + tens
    return None


def _year_in_words(text: str) -> int | None:
    words = re.findall(r"[a-z]+", text)
    if words[:2] == ["two", "thousand"]:
        return 2000 + _below_hundred([word for word in words[2:] if word != "and"])
    if words[:1] == ["nineteen"]:
        return 1900 + _below_hundred([word for word in words[1:] if word not in ("hundred", "and")])
    if words[:1] == ["twenty"]:
        return 2000 + _below_hundred(words[1:])
    return None


def _below_hundred(words: list[str]) -> int:
    total = 0
    for word in words:
        if word in _TEENS:
            total += 10 + _TEENS.index(word)
        elif word in _ONES:
            total += 1 + _ONES.index(word)
        elif word.endswith("y") and word[:-1] in _TENS:
            total += _TENS[word[:-1]]
    return total
