"""Numbers in words, and how many items somebody wants."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .text import PERSON_MARK, Span, overlaps

MOST_ITEMS = 10
AT_A_TIME = " at a time"  # ends the note that a number of items holds for every wish to come

UNITS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "fifteen": 15, "twenty": 20,
}  # fmt: skip
_AMOUNTS = {
    **UNITS, "a couple of": 2, "a couple": 2, "couple of": 2, "couple": 2, "a pair of": 2,
    "a few": 3, "a handful of": 4, "a handful": 4, "several": 4, "half a dozen": 6, "a dozen": 12,
    "a single": 1, "a trio of": 3, "a trio": 3,
}  # fmt: skip
# How many is left to us: enough to show, not a condition.
_VAGUE = frozenset({"a few", "a handful of", "a handful", "several"})
_NUMBER = "|".join(sorted(map(re.escape, _AMOUNTS), key=len, reverse=True)) + r"|\d{1,3}"
ITEM_NOUNS = (
    r"(?:films?|movies?|flicks?|titles?|ones?|recommendations?|recs?|suggestions?|picks?|ideas?"
    r"|options?|choices|things?|books?|games?|songs?|albums?|shows?|series|items?|features?)"
)
_UNIT_NOUNS = (
    r"(?:(?:hours?|hrs?|h|minutes?|mins?|years?|yrs?|days?|weeks?|nights?|kids?|children|people|friends?|women|men|girls?|boys?|guys|adults|teens|grown|laughs|hrs|bits?|things"
    r"|of (?:us|them|these|those|the|my)|stars?|times?|oscars?|decades?|parts?|sequels?)\b|-|/|'|%|\.\d)"
)
_BRACKETED = re.compile(r"\(\d{1,2}[!?]*\)|\b\d{1,2}(?:\.\d)?(?:/| out of )(?:5|10|100)\b")
# "two or three", "3-4": the larger one is still welcome
_BETWEEN = re.compile(
    rf"\b(?:{_NUMBER})(?: ?(?:-|–|/) ?| or (?:maybe |even )?| to )(?P<n>{_NUMBER})\b(?= (?!{_UNIT_NOUNS})(?:[^\W\d_][\w'-]*,? ){{0,4}}?(?:{ITEM_NOUNS[3:-1]}|will|would|please|is|are|max)\b| ?(?:$|[.,!?]))"
)
_BILL = re.compile(r"\b(?P<n>double|triple)[ -](?:bill|feature|header)\b")
_OF_THEIRS = re.compile(
    rf"(?:^|[.,;:!?] ?|\b(?:me|us|want|watch|see|pick|maybe|just|any) )(?P<n>{_NUMBER}) (?:of|by|from) (?:his|hers|theirs|him|her|that kind|that sort)\b"
)
# "get four of them with …", "scarier. three of them": of what is asked for
_OF_THEM = re.compile(
    rf"(?:^|[.,;:!?] ?|\b(?:get|want|need|give me|show me|have) )(?:like |maybe |say |just |about )*(?!one\b)(?P<n>{_NUMBER}) of (?:them|those|these|\ue002+)(?= (?:with|by|from|starring|please|pls)\b|\W*$)"
)
# "two Hitchcocks": a name counted; "less famous ones, four maybe": a number thrown in at the end
_OF_PERSON = re.compile(
    rf"\b(?P<n>{_NUMBER}) (?:(?:early|late|old|classic|good|more) )?{PERSON_MARK}"
)
_AT_END = re.compile(
    rf"[,;-] ?(?:maybe |say |just |like |perhaps )?(?P<n>{_NUMBER})(?: maybe| perhaps| tops| max| please| pls| will do| or so)?\W*$"
)
_HABIT = re.compile(
    r"\b(?:always|usually|every|each|once|tradition\w*|annual|yearly)\b[^.!?]{0,30}$"
)
_MORE = re.compile(
    rf"\banother (?P<a>{_NUMBER})\b(?! {_UNIT_NOUNS})|\b(?P<b>{_NUMBER}) (?:more|others?|other ones|new ones|different ones)\b"
)
_ANOTHER = re.compile(r"\b(?:another(?: one)?|one more|a different one|a new one|the next one)\b")
_BEFORE_NOUN = re.compile(
    rf"(?<![\d#.])\b(?<!for )(?<!the )(?<!my )(?<!your )(?<!these )(?<!those )(?<!other )(?<!never )(?<!my top )(?<!our top )(?<!single )(?P<n>{_NUMBER})(?! one of)(?! (?:more|{_UNIT_NOUNS}))(?: (?!(?:and|or|of|for|here|who|with|but|is|are|was|in|to)\b)[^\W\d_][\w'-]*,?){{0,4}}? {ITEM_NOUNS}\b"
)
_ASKED = re.compile(
    rf"(?<!my )(?<!our )(?<!all time )\b(?:top|best|just|only|exactly|give me|show me|recommend|suggest|pick|name|list|find me)"
    rf"(?: me| us)? (?P<n>{_NUMBER})\b(?! (?:more|{_UNIT_NOUNS}))(?! ?{_UNIT_NOUNS})"
)
_LIMIT = re.compile(
    rf"\b(?:(?:not|no) more than|at most|max(?:imum)?(?: of)?) (?P<n>{_NUMBER})\b(?! {_UNIT_NOUNS})"
)
_ENOUGH = re.compile(
    rf"\b(?P<n>{_NUMBER}) (?:will|would|'ll|should|is|are|ought to)(?: be| quite| just)? (?:do|enough|plenty|fine|suffice|sufficient)\b"
    rf"|^\W*(?:just |only )?(?P<m>{_NUMBER}) (?:by|from|with|starring|directed|about|good|great|please)\b(?! {_UNIT_NOUNS})"
)
_AT_A_TIME = re.compile(
    rf"\b(?P<n>{_NUMBER})(?: {ITEM_NOUNS})? at (?:a|one) time\b|\b(?:only ever|always|never more than|from now on(?: just| only)?) (?:show |give |suggest |recommend )?(?:me |us )?(?:just |only )?(?P<m>{_NUMBER})\b(?! {_UNIT_NOUNS})"
)
_ALONE = re.compile(rf"^\W*(?P<n>{_NUMBER})(?: please)?\W*$")
_PATTERNS = (
    _AT_A_TIME, _BETWEEN, _LIMIT, _ENOUGH, _ASKED, _OF_THEIRS, _OF_THEM, _OF_PERSON, _BEFORE_NOUN, _ALONE, _AT_END,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Count:
    """How many items were asked for.

    Attributes:
        value: 1 .. `MOST_ITEMS`.
        asked: The number as said; larger than `value` when it was cut.
        more: True when it counts further items ("two more", "another one").
        vague: True when the number is left to us ("a few").
        span: Where it was said.
    """

    value: int
    asked: int
    more: bool
    span: Span
    vague: bool = False


def number_of(words: str) -> int | None:
    """The number that the words name ("three", "a couple", "12"), or None."""
    return int(words) if words.isdigit() else _AMOUNTS.get(words)


def at_a_time(count: int) -> str:
    """The note that a number holds for every wish to come: "one at a time"."""
    return next((word for word, n in UNITS.items() if n == count), str(count)) + AT_A_TIME


def holds_for_all(plain: str) -> bool:
    """True when a number is to hold for the whole conversation: "one at a time", "only ever show me one"."""
    return bool(_AT_A_TIME.search(plain))


def read_count(plain: str, genre_spans: tuple[Span, ...] = ()) -> Count | None:
    """How many items are asked for, or None.

    Args:
        plain: Lower-case text with titles, references and years masked.
        genre_spans: Where genre words stand: "two comedies" counts like "two films".
    """
    plain = _BRACKETED.sub(lambda match: " " * len(match[0]), plain)
    if match := _MORE.search(plain):
        return _count(match, match["a"] or match["b"], more=True)
    if match := _ANOTHER.search(plain):
        return Count(value=1, asked=1, more=True, span=match.span())
    if match := _BILL.search(plain):
        number = 2 if match["n"] == "double" else 3
        return Count(value=number, asked=number, more=False, span=match.span())
    for pattern in _PATTERNS:
        if match := pattern.search(plain):
            if pattern is _BEFORE_NOUN and match["n"] == "one" and " one" in match[0][-4:]:
                continue
            if pattern is _BEFORE_NOUN and _HABIT.search(plain[: match.start()]):
                continue
            said = next(words for words in match.groups() if words)
            return _count(match, said, more=False)
    return _before_genre(plain, genre_spans)


def _count(match: re.Match[str], words: str, *, more: bool) -> Count | None:
    asked = number_of(words)
    if asked is None or asked < 1:
        return None
    group = next(name for name in match.groupdict() if name != "gap" and match[name] is not None)
    span = match.span() if more else match.span(group)
    return Count(
        value=min(asked, MOST_ITEMS), asked=asked, more=more, span=span, vague=words in _VAGUE
    )


def _before_genre(plain: str, genre_spans: tuple[Span, ...]) -> Count | None:
    pattern = rf"\b(?<!the )(?<!my )(?<!your )(?<!these )(?<!those )(?P<n>{_NUMBER})(?! {_UNIT_NOUNS})(?P<gap>(?: [^\W\d_][\w'-]*){{0,3}}?) "
    for match in re.finditer(pattern, plain):
        clause = re.search(r"\b(?:wants?|likes?|loves?|for|of|or|and|is|are|to|in)\b", match["gap"])
        after = [span for span in genre_spans if span[0] >= match.end("n")]  # not "one location"
        if not clause and overlaps((match.end(), match.end() + 1), after):
            return _count(match, match["n"], more=False)
    return None
