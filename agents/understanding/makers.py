"""People who are pointed at instead of named: "that director", "something else with him", "from the guy who made Heat".

They are the makers or the lead of an item that the message names, points at, or that is in focus. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from rec_core import Catalog, ItemFilter, NameMatch

from ..state import ConversationState
from .reading import Mention
from .text import REFERENCE_MARK, TITLE_MARK, Span, overlaps

_M = f"[{TITLE_MARK}{REFERENCE_MARK}]+(?: \\(?\\d{{4}}\\)?)?"
_WHO = r"(?:director|filmmaker|film-maker|film maker|guy|guys|man|woman|people|person|one|team|bloke|fella|dude|folks|brothers)"
_FROM = r"(?:by|from|of|with|like|except|but not)"
# The maker of a title that stands right there: "from the guy who made …", "by the director of …", "by …'s director".
_MAKER_OF = re.compile(
    rf"\b{_FROM} (?:(?:the )?(?:same )?{_WHO} (?:who|that|which|behind|of|from)(?: (?:has |have |had )?(?:made|directed|did|gave us|brought us|wrote|shot|was behind|is behind))?"
    rf"|who(?:ever)? (?:made|directed|did)) (?:the )?(?P<t>{_M})|\b{_FROM} (?P<u>{_M})(?:'s)? (?:director|maker|makers|filmmaker)\b"
    rf"|\bsame (?:director|filmmaker|maker|guy|team|people) (?:as|who (?:made|directed|did)|that (?:made|directed|did)|behind|of) (?:the )?(?P<v>{_M})"
)
_LEAD_OF = re.compile(
    rf"\b(?:with|starring|featuring) (?:the )?(?:same )?(?:lead|star|actor|actress|guy|girl|woman|man|main actor|main actress) (?:from|in|of|as in) (?:the )?(?P<t>{_M})"
    rf"|\bsame (?:lead|star|actor|actress)(?: as)?(?: in| from| of)? (?P<u>{_M})"
)
# The maker of what was talked about.
_SAME_MAKER = re.compile(
    r"\b(?:by|from|of|does|has|did) (?:the same|that|this|its|their) (?:director|filmmaker|film-maker|guy|person|man|woman)\b|\b(?:the )?same (?:director|filmmaker|maker)s?\b(?! (?:as|who|that|behind|of)\b)"
    r"|\b(?:what|anything|something|everything|more|others?|films?|movies?|stuff|ones?)(?: \w+){0,2}? (?:did |has |have |have they |that |which )?(?:he|she|they)(?:'s|'ve| has| have)? (?:\w+ )?(?:do|done|did|make|made|direct|directed|filmed|shot)\b"
    r"|\b(?:films?|movies?|one|ones|two|three|more|some|others?|stuff|something|anything|else|another|of|directed|else's) (?:of his|of hers|by (?:him|her|them)|of theirs)\b|\bthe director's (?:other|best|earlier|later|early)\b"
    r"|\b(?:his|her) (?:films?|movies?|works?)\b|\b(?:his|her|their) (?:other|earlier|later|best|early|late|newer|older|first|last|new|old) (?:films?|movies?|work|works|stuff|ones?|one|things?)\b|\bwhat (?:else|other films) (?:did|has|have) (?:he|she|they)\b"
)
_SAME_LEAD = re.compile(
    r"\b(?:the )?same (?:actor|actress|lead|star|main (?:actor|actress|character))s?\b(?! (?:as|in|from|of)\b)|\b(?:with|starring|featuring) (?:that|this|the) (?:actor|actress|lead|star|guy)\b"
    r"|\b(?:with|starring|featuring|has|have) (?:him|her)\b(?! (?:in mind|own|mum|mom|dad|wife|husband|kids?|friends?|and i\b))"
)
_OTHER_PEOPLE = re.compile(
    r"\b(?:with|by|starring|from|has|have|try|but) (?:(?:some )?(?:other|different|another|a different) (?:actor|actress|actresse|director|lead|star|filmmaker|people|person)s?\b|(?:someone|somebody|anyone|anybody) else\b)"
)


_BY = re.compile(
    r"\b(?:by|director|filmmaker|directors)(?: (?:director|the (?:great )?director))?:? $"
)
_MAKES = re.compile(r"\b(?:direct(?:ed|s|or|ors)?|made|filmmaker|film-maker|shot)\b")
_DIRECTS = re.compile(
    r"^,? (?:directing|as (?:the )?director|behind the camera|in the director's chair)\b"
)
_THEIR_FILMS = re.compile(
    r"^(?:'s|s')? (?:films?|movies?|flicks?|pictures?|work|works|filmography)\b"
)
_MOSTLY = (
    2  # "a Fellini film" means the director when at least twice as many were directed as acted in
)


def people_pointed_at(
    plain: str, mentions: Sequence[Mention], state: ConversationState, catalog: Catalog, taken: Sequence[NameMatch]
) -> tuple[tuple[NameMatch, ...], tuple[Mention, ...]]:  # fmt: skip
    """The people pointed at, and the mentions that only served to point at them.

    Args:
        plain: Lower-case text; titles and pointing are masked.
        mentions: What is named and pointed at, in order.
        state: Before this message.
        catalog: Knows who made what.
        taken: People who are named; "him" is then one of them.
    """
    found: list[NameMatch] = []
    used: list[Mention] = []
    for pattern, role in ((_MAKER_OF, "directors"), (_LEAD_OF, "cast")):
        for match in pattern.finditer(plain):
            place = next(
                match.span(name) for name, said in match.groupdict().items() if said is not None
            )
            items = [m for m in mentions if overlaps((m.start, m.end), [place])]
            names = _credited([i for m in items for i in m.item_ids], role, catalog)
            found += [_named(name, match.span()) for name in names]
            used += items if names else []
    told = state.last_slate or state.focus_item_id or state.wish.people_all
    if found or taken or not (told or mentions):
        return tuple(found), tuple(used)
    for pattern, role in ((_SAME_MAKER, "directors"), (_SAME_LEAD, "cast")):
        if (match := pattern.search(plain)) is not None:
            items = [m for m in mentions if m.pointed and not (m.by_word and len(m.item_ids) > 1)]
            items = items or [m for m in mentions if not m.pointed]
            names = _meant(items, role, state, catalog)
            used = [m for m in items if m.pointed and not m.by_word] if names else []
            return tuple(_named(name, match.span()) for name in names), tuple(used)
    return (), ()


def credits_of(name: str, catalog: Catalog) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Ids of what somebody directed, and of what somebody else directed with them in it; catalog order."""
    rows = np.flatnonzero(catalog.mask(ItemFilter(people_all=(name,))))
    items = [catalog.at(int(row)) for row in rows]
    directed = tuple(item.item_id for item in items if name in item.directors)
    return directed, tuple(item.item_id for item in items if name not in item.directors)


def is_wanted_as_director(plain: str, span: Span, name: str, catalog: Catalog) -> bool:
    """True for "directed by Clint Eastwood", "a Fellini film", where the catalog has films of both roles.

    Args:
        plain: Lower-case text.
        span: Where the person stands in it.
        name: The catalog's name.
        catalog: Knows who made what. Says False where the role makes no difference.
    """
    by = _BY.search(plain[: span[0]]) or _MAKES.search(plain[span[0] : span[1]])
    by = by or _DIRECTS.match(plain[span[1] :])
    theirs = _THEIR_FILMS.match(plain[span[1] :])
    if not (by or theirs):
        return False
    directed, acted = credits_of(name, catalog)
    known_for_it = bool(by) or len(directed) >= _MOSTLY * len(acted)
    return bool(directed and acted) and known_for_it


def asks_for_others(plain: str) -> bool:
    """True for "with other actresses", "by somebody else": the people so far are not wanted again."""
    return bool(_OTHER_PEOPLE.search(plain))


def _meant(
    items: Sequence[Mention], role: str, state: ConversationState, catalog: Catalog
) -> tuple[str, ...]:
    """Whom a pronoun means: of the item pointed at, else of the wish, else of the item in focus."""
    if items:
        return _credited(items[-1].item_ids[:1], role, catalog)
    if state.wish.people_all:
        return state.wish.people_all[-1:]
    focus = state.focus_item_id or next(iter(state.last_slate), None)
    return _credited([focus], role, catalog) if focus is not None else ()


def _credited(item_ids: Sequence[str], role: str, catalog: Catalog) -> tuple[str, ...]:
    """The makers, two at most, or the lead of the items; () where the catalog does not say."""
    names: list[str] = []
    for item in (catalog[i] for i in item_ids if i in catalog):
        names += item.directors[:2] if role == "directors" else item.cast[:1]
    return tuple(dict.fromkeys(names))[:2]


def _named(name: str, span: Span) -> NameMatch:
    return NameMatch(name=name, confidence=0.9, start=span[0], end=span[1])
