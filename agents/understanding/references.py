"""Pointing instead of naming: "the second one", "the first two", "it", "these"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..state import ConversationState
from .numbers import ITEM_NOUNS, number_of
from .reading import Mention
from .text import Span, overlaps

_ORDINALS = {
    "first": 0, "1st": 0, "top": 0, "second": 1, "2nd": 1, "third": 2, "3rd": 2, "fourth": 3, "4th": 3, "fifth": 4,
    "5th": 4, "sixth": 5, "6th": 5, "seventh": 6, "7th": 6, "eighth": 7, "8th": 7, "ninth": 8, "9th": 8,
    "tenth": 9, "10th": 9, "last": -1, "final": -1, "bottom": -1,
}  # fmt: skip
_ORDINAL = "|".join(_ORDINALS)
_SEVERAL = re.compile(
    rf"\b(?:the )?(?P<o>first|last) (?P<n>two|three|four|five|couple|few|2|3|4|5)(?: {ITEM_NOUNS})?\b(?! \w+ (?:years|decades))(?! (?:years|decades|months|weeks))"
)
_SINGLE = re.compile(
    rf"\b(?:the |your |that )?(?P<o>{_ORDINAL}) (?:one|film|movie|title|pick|suggestion|recommendation|option|card|item)\b"
    rf"|\bthe (?P<p>{_ORDINAL})(?=\s*(?:$|[.,!?;]|(?:and|or|with|to|is|was|are|were|looks?|sounds?|seems?|but|please|from|too|already|instead|then|though|tho|compares?|differs?|beats?|stack|had|did|bored|sounded|looked)\b))"
    r"|(?:(?<=first and )|(?<=second and )|(?<=third and )|(?<=fourth and )|(?<=first or )|(?<=second or ))(?P<q>second|third|fourth|fifth|last)\b(?! (?:one|film|movie|two|three))"
    r"|\bthe (?P<r>first|second|third)(?= (?:and|or) (?:the )?(?:second|third|fourth|fifth|last)\b)"
    r"|(?:\b(?:number|no\.?|nr\.?|option|film|movie)|#) ?(?P<d>\d{1,2})\b(?!s)"
    r"|\b(?:number|option) (?P<w>one|two|three|four|five|six|seven|eight)\b"
    r"|(?:^|[.,;!?] (?:and |but )?|^(?:nah|no|ok|well),? )(?P<e>[1-9])(?=(?:,? (?:and|&|or) [1-9])*,? (?:i|i've|we|we've|is|was|were|are|looks?|sounds?|seems?|seen|bored|sucked|put|left|did|didn't|please|too|instead)\b)"
    r"|(?<=\d and )(?P<f>[1-9])(?=,? (?:i|i've|we|we've|is|was|were|are|looks?|sounds?|seem|seen|bored|sucked)\b)"
)
_NUMBERS = re.compile(
    r"^(?:compare|why|more like|like)? ?(?P<a>\d) ?(?:and|&|vs\.?|with|,|or) ?(?P<b>\d)\W*$"
)
# "loved 1 and 2", "not 3": bare places after a verb of opinion or a "no"
_BARE = re.compile(
    r"\b(?:loved|liked|hated|enjoyed|seen|saw|watched|know|like|love|hate|skip|drop|not|no to|yes to|keep|try|watch|between)(?: (?:both|all|numbers?|nos?\.?))* #?(?P<a>[1-9])(?:(?:,? and|,? or| &|,| to) #?(?P<b>[1-9]))?(?:(?:,? and|,? or| &|,) #?(?P<c>[1-9]))?(?=\s*(?:$|[.,!?;:]|(?:and|but|were|was|are|is|already|please|too|yet)\b))"
)
_WHOLE = re.compile(
    rf"\b(?:(?:all|any|each|most|some|every (?:single )?one|each one) of (?:them|these|those)|both(?: of (?:them|these|those))?|(?:these|those)(?: {ITEM_NOUNS})?|them(?: all)?|either of them)\b"
)
_IT = re.compile(
    r"\b(?:that|this) (?:one|film|movie|title|pick|suggestion|recommendation)\b|(?<!\bkeep )(?<!\bmake )(?<!\bmade )(?<!\bhave )(?<!\btone )(?<!\bcan )(?<!\bcould )\bit(?:'s)?\b(?! (?:down|up|when|if|that|'d)\b)"
    r"|\b(?:that|this)(?=\s*(?:$|[.,!?;]|(?:but|and|because|please|too|already|yet|one)\b))"
)


@dataclass(frozen=True, kw_only=True)
class References:
    """What was pointed at, and what was pointed at in vain ("the ninth one")."""

    mentions: tuple[Mention, ...] = ()
    missing: tuple[str, ...] = ()
    missing_spans: tuple[Span, ...] = ()


def read_references(
    plain: str, state: ConversationState, titles: Sequence[Mention] = ()
) -> References:
    """Resolve pointing against the last slate (places count from one) and the item in focus.

    Args:
        plain: Lower-case text with titles and names masked.
        state: Before this message.
        titles: What the message names; "it" after a title means that title.
    """
    mentions: list[Mention] = []
    missing: list[tuple[str, Span]] = []
    for pattern in (_SEVERAL, _SINGLE, _NUMBERS, _BARE):
        for match in pattern.finditer(plain):
            places = "a" in match.groupdict()
            last = next((g for g in ("c", "b", "a") if match.groupdict().get(g)), "")
            span = (match.start("a"), match.end(last)) if places else match.span()
            if overlaps(span, [(m.start, m.end) for m in mentions]):
                continue
            item_ids = _pointed(match, state.last_slate)
            if item_ids:
                mentions.append(
                    Mention(item_ids=item_ids, start=span[0], end=span[1], pointed=True)
                )
            else:
                missing.append((match[0].strip(), span))
    named = sorted((*titles, *mentions), key=lambda m: m.start)
    mentions += _by_word(plain, state, [(m.start, m.end) for m in mentions], named)
    return References(
        mentions=tuple(sorted(mentions, key=lambda m: m.start)),
        missing=tuple(words for words, _ in missing),
        missing_spans=tuple(span for _, span in missing),
    )


def _pointed(match: re.Match[str], slate: tuple[str, ...]) -> tuple[str, ...]:
    groups = match.groupdict()
    if "n" in groups:
        number = number_of(groups["n"]) or {"couple": 2, "few": 3}[groups["n"]]
        chosen = slate[-number:] if groups["o"] == "last" else slate[:number]
        return chosen if len(chosen) == number else ()
    if "a" in groups:
        said = (groups["a"], groups["b"], groups.get("c"))
        places = [int(place) - 1 for place in said if place]
    elif number := groups["d"] or groups["e"] or groups["f"] or groups["w"]:
        places = [(number_of(number) or 0) - 1]
    else:
        place = _ORDINALS[groups["o"] or groups["p"] or groups["q"] or groups["r"]]
        places = [len(slate) - 1 if place == -1 else place]
    return (
        tuple(slate[place] for place in places) if all(0 <= p < len(slate) for p in places) else ()
    )


def _by_word(
    plain: str, state: ConversationState, taken: list[Span], titles: Sequence[Mention]
) -> list[Mention]:
    """Pronouns. "It" is the title named just before in the same message, else the item in focus."""
    found: list[Mention] = []
    focus = state.focus_item_id or (state.last_slate[0] if state.last_slate else None)
    for pattern in (_WHOLE, _IT):
        for match in pattern.finditer(plain):
            item_ids = state.last_slate
            named = [title.item_ids for title in titles if title.end <= match.start()]
            if pattern is _IT:
                item_ids = named[-1] if named else (focus,) if focus else ()
            elif named and not match[0].startswith(("all", "these")):
                item_ids = tuple(dict.fromkeys(one for ids in named for one in ids))
            elif match[0].startswith(("both", "either", "neither")):
                item_ids = item_ids[:2]
            if overlaps(match.span(), taken) or not item_ids:
                continue
            taken.append(match.span())
            found.append(
                Mention(
                    item_ids=item_ids, start=match.start(), end=match.end(), pointed=True, by_word=True
                )
            )  # fmt: skip
    return found
