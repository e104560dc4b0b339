"""Long-term preferences in somebody's own words: "I hate horror", "I love Tom Hanks", "I never watch …".

A wish for tonight ("no horror") is not long-term; it needs a feeling or a habit of the speaker.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rec_core import Catalog, NameMatch

from ..state import PreferenceKind, PreferenceSubject
from .lexicon import Match
from .reading import Mention, PreferenceDraft
from .text import Utterance
from .years import YearReading

_FIRST_YEAR, _LAST_YEAR = 1800, 2100  # a range open on one side is written with these
_ADVERBS = r"(?: (?:really|absolutely|just|also|totally|truly|do|always|all|very much|generally|usually|normally|so))*"
_THING = r"(?:(?: (?:watching|seeing|a good|good|any|all|most|films?|movies?|anything|with|by|about|the|my|a|an|old|those|these|kind of|sort of))*\s*)$"
_NOT_NOW = re.compile(
    r"\b(?:today|tonight|right now|this time|at the moment|this evening|for now)\b"
)
_HATES = re.compile(
    rf"\b(?:i|we){_ADVERBS} (?:hate|detest|loathe|dislike|despise|never (?:ever )?(?:(?:want|wish|care|need|wanna)(?: to)? )?(?:ever )?(?:watch|see|like|enjoy)(?: again)?|can't stand|cannot stand|can't bear)\b{_THING}"
    rf"|\b(?:i|we){_ADVERBS} (?:don't|do not|dont|never){_ADVERBS} (?:like|enjoy|care for|watch|do|get)\b{_THING}"
    rf"|\b(?:i'm|i am|we're) (?:not|never)(?: \w+){{0,2}} (?:fan of|into|fond of)\b{_THING}|\b(?:i'm|i am) (?:allergic to|scared of|afraid of|tired of|sick of)\b{_THING}"
    rf"|\b(?:from now on|never|please never|always leave out|never show me|never recommend)(?: \w+){{0,2}} (?:no|without|show me|recommend|any)\b{_THING}|(?:^|[,.;!] ?|\band |\bbut )(?:hate|can't stand)\b{_THING}|\bremember,? (?:that )?(?:no|never)\b{_THING}"
    rf"|(?:^|[,.;:!] ?|\band |\bbut |\bthat )(?:please )?never(?: (?:ever|again))?\b{_THING}"
)
_NEVER = re.compile(r"\b(?:never|(?:don't|do not) ever|always leave out|from now on)\b")
_LOVES = re.compile(
    rf"\b(?:i|we){_ADVERBS} (?:love|adore|like|enjoy|prefer)\b{_THING}|\b(?:i'm|i am|we're) (?:a )?(?:\w+ ){{0,2}}(?:fan of|into|fond of|crazy about|mad about|obsessed with)\b{_THING}"
    rf"|\bmy favou?rite (?:\w+ )?(?:is|are)\b{_THING}|(?:^|[,.;!] ?|\band |\bbut )(?:love|always love)\b{_THING}|\bi (?:always|mostly|mainly|usually|only) watch\b{_THING}"
)
_JOIN = re.compile(r"^\s*(?:,|and|or|&|,? and|,? or|nor)\s*(?:also )?(?:films?|movies?)?\s*$")
_HABIT = re.compile(
    r"\bi (?:only|never|always)(?: ever)? (?:watch|like|want|see|enjoy)\b|\bi (?:don't|do not) (?:watch|like|enjoy)\b|\bfrom now on\b|\bremember\b|\bin general\b"
)
_NOTE = re.compile(
    r"\b(?:remember|note|keep in mind|bear in mind|make a note|don't forget|for (?:the future|next time|future reference))(?:,| that|:)* (?P<n>.{3,140})"
)
# "…, remember that": what is meant stands before it
_NOTE_BEFORE = re.compile(
    r"^(?P<n>.{3,140}?)\s*[,.;:!-]+\s*(?:and |so |please |but )*(?:remember|note|save|don't forget|keep|bear|write|make a note of|put|store)(?: (?:\ue002+|that|this|it))(?: (?:in mind|down|please|well|for me|about me|in (?:your|my) (?:notes|profile|memory)|for (?:the future|next time|later|good)))*\W*$"
)
_AFTER_NAME = re.compile(
    r"^(?: (?:films?|movies?|flicks?|stuff|ones))?\s*(?:is|are) my favou?rites?\b"
)


def learn(
    utterance: Utterance,
    mentions: Sequence[Mention],
    matches: Sequence[Match],
    people: Sequence[NameMatch],
    catalog: Catalog,
) -> tuple[PreferenceDraft, ...]:
    """Preferences on items, genres and people that were said to hold in general."""
    drafts = _about_items(utterance, mentions, catalog)
    if _NOT_NOW.search(utterance.plain):
        return tuple(drafts)
    names = [
        (m.start, m.end, "genre", genre)
        for m in matches
        if m.entry.genre and not m.comparative
        for genre in m.entry.genre
    ]
    names += [(p.start, p.end, "person", p.name) for p in people]
    kind: PreferenceKind | None = None
    last_end = -1
    for start, end, subject, name in sorted(names):
        before = utterance.plain[:start]
        if not (kind and 0 <= last_end <= start and _JOIN.search(utterance.plain[last_end:start])):
            kind = _kind(before, utterance.plain[end:])
        last_end = end
        if kind is not None:
            quote = _sentence(utterance.text, start)
            drafts.append(
                PreferenceDraft(
                    kind=kind, subject="genre" if subject == "genre" else "person",
                    value=name, label=name, quote=quote,
                )
            )  # fmt: skip
    return tuple(dict.fromkeys(drafts))


def learn_refused(
    utterance: Utterance, genres: Sequence[str], people: Sequence[str]
) -> tuple[PreferenceDraft, ...]:
    """What a message refuses that asks to be remembered ("nothing with Al Pacino, remember that")."""
    if _NOT_NOW.search(utterance.plain):
        return ()
    quote = utterance.text[:160]
    subjects: tuple[tuple[PreferenceSubject, Sequence[str]], ...] = (
        ("genre", genres),
        ("person", people),
    )
    return tuple(
        PreferenceDraft(kind="must_not", subject=subject, value=name, label=name, quote=quote)
        for subject, names in subjects
        for name in dict.fromkeys(names)
    )


def learn_years(utterance: Utterance, years: YearReading) -> tuple[PreferenceDraft, ...]:
    """A habit about years ("I never watch anything older than 1980"), as "1980-2100"."""
    if not years.bounded or not _HABIT.search(utterance.plain):
        return ()
    value = f"{years.year_min or _FIRST_YEAR}-{years.year_max or _LAST_YEAR}"
    return (
        PreferenceDraft(
            kind="must", subject="year", value=value, label=year_label(value),
            quote=_sentence(utterance.text, years.spans[0][0]),
        ),
    )  # fmt: skip


def learn_note(utterance: Utterance) -> PreferenceDraft | None:
    """What somebody asked to be remembered and no reader could file, in their own words."""
    match = _NOTE_BEFORE.search(utterance.plain) or _NOTE.search(utterance.plain)
    if match is None:
        return None
    words = utterance.text[match.start("n") : match.end("n")].strip(" .!?,")
    if len(words) < 3:
        return None
    return PreferenceDraft(
        kind="like", subject="note", value=words, label=words, quote=utterance.text[:160]
    )


def year_bounds(value: str) -> tuple[int | None, int | None]:
    """The bounds in a year preference: "1980-2100" -> (1980, None); what is no range bounds nothing."""
    match = re.fullmatch(r"(\d{4})-(\d{4})", value)
    if match is None:
        return None, None
    low, high = int(match[1]), int(match[2])
    return (low if low > _FIRST_YEAR else None, high if high < _LAST_YEAR else None)


def year_label(value: str) -> str:
    """A year preference for people: "1980-2100" -> "1980 or later"."""
    low, high = year_bounds(value)
    if low is not None and high is not None:
        return f"{low} to {high}"
    return f"{low} or later" if low is not None else f"{high} or earlier"


def _kind(before: str, after: str) -> PreferenceKind | None:
    if (hates := _HATES.search(before)) is not None:
        return "must_not" if _NEVER.search(hates[0]) else "dislike"
    return "like" if _LOVES.search(before) or _AFTER_NAME.search(after) else None


def _about_items(
    utterance: Utterance, mentions: Sequence[Mention], catalog: Catalog
) -> list[PreferenceDraft]:
    return [
        PreferenceDraft(
            kind="like" if mention.role == "liked" else "dislike", subject="item", value=item_id,
            label=catalog[item_id].label, quote=_sentence(utterance.text, mention.start),
        )
        for mention in mentions
        if mention.role in ("liked", "disliked")
        for item_id in mention.item_ids
    ]  # fmt: skip


def _sentence(text: str, position: int) -> str:
    """The sentence around a position, at most 160 characters."""
    start = max(text.rfind(mark, 0, position) for mark in ".!?;") + 1
    ends = [end for mark in ".!?;" if (end := text.find(mark, position)) >= 0]
    return text[start : min(ends, default=len(text))].strip()[:160]
