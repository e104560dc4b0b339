"""What a named or pointed-at item is to the wish: an example, its opposite, seen, liked, disliked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from .polarity import Cue, negated_before, polarity_at
from .reading import Mention, Role
from .text import Span

_ARTICLES = re.compile(
    r"(?:\b(?:the|a|an|film|movie|called|also|both|all|watching|of)\s+|[\"'(,:]\s*)+$"
)
_THAN_YEAR = re.compile(
    r"\b(?:newer|older|earlier|later|recent|before|after|year|decade|era|time|as)(?: than| as)?\s*$"
)
_THAN = re.compile(r"\bthan\s*$")
_SIMILAR = re.compile(
    r"\b(?:films?|movies?|flicks?|something|anything|stuff|things?|ones?|more|just|much|shows?|books?|games?|exactly|bit|sort of|kind of|similar(?: \w+)?"
    r"|look|feel|feels|works|vibes?|thrillers?|comed(?:y|ies)|dramas?|tone|style|mood|classics?|westerns?|musicals?|else|them|it|picks?) like\s*$"
    r"|^like\s*$|\b(?:similar|close|akin|comparable|closer) to\s*$|\bin the (?:vein|style|spirit|mood|manner) of\s*$|\balong the lines of\s*$"
    r"|\b(?:such as|à la|a la|reminds? me of|reminiscent of|inspired by|like)\s*$"
)
_NOT_SIMILAR = re.compile(r"\bunlike\s*$|\b(?:opposite of|far from)\s*$")
_SUBJECT = r"(?:\bi|\bwe|\bi've|\bwe've)"
_ADVERBS = r"(?: (?:really|absolutely|just|also|totally|truly|do|did|have|already|quite|both|so|always|recently|much|very|all|completely|even|actually|only))*"
_LIKED = re.compile(
    rf"{_SUBJECT}{_ADVERBS} (?:love|loved|like|liked|enjoy|enjoyed|adore|adored|dig|dug)(?: (?:watching|seeing))?\s*$"
    r"|(?:^|[.!;,] ?|\band |\bbut )(?:really |absolutely |already )?(?:loved|liked|enjoyed|adored|love)\s*$"
    r"|\bfavou?rites?(?: (?:films?|movies?|ones?))?(?: of (?:mine|all time))?(?: (?:is|are|was|would be|include)|:)?\s*$"
    r"|\b(?:a )?(?:big |huge )?fan of\s*$|\b(?:loved|enjoyed|liked)\s*$"
)
_DISLIKED = re.compile(
    r"\b(?:hate|hated|dislike|disliked|detest|detested|loathe|loathed|despise|couldn't stand|can't stand|bored by|disappointed by|walked out of|couldn't finish)\s*$"
    r"|\b(?:didn't|did not|don't|do not|never) (?:really |even )?(?:like|love|enjoy|care for|get|dig)\s*$"
    r"|\bnot (?:a|much of a|a big|really a) fan of\s*$"
)
_SEEN = re.compile(
    r"\b(?:seen|watched|saw|rewatched|finished|know|own)(?: (?:already|just|recently|all|both))*\s*$"
)
_AFTER_GOOD = re.compile(
    r"^\W*(?:is|was|are|were) (?:my (?:\w+ )?favou?rites?|(?:so |really |very |absolutely |just )*(?:great|amazing|brilliant|fantastic|awesome|wonderful|excellent|perfect|good|superb|lovely|fun))\b"
)
_AFTER_BAD = re.compile(
    r"^\W*(?:is|was|are|were) (?:so |really |very |just |a bit |too |absolutely )*(?:terrible|boring|awful|bad|crap|rubbish|horrible|dull|stupid|shit|lame|overrated|disappointing|a disappointment|trash|long)\b"
    r"|^ (?:really |totally |just )?(?:sucks|sucked|stinks|bored me|bores me)\b"
)
_AFTER_SEEN = re.compile(
    r"^,? ?(?:(?:i've|i have|we've|we have) (?:already )?(?:seen|watched)|already seen|seen (?:it|that))\b"
)
_LIST_GAP = re.compile(r"^\s*(?:,|and|or|&|,? and|,? or|as well as|plus|/)\s*(?:also |the )?$")
_REFUSED_LIKE = re.compile(r"\b(?:like|similar to|in the vein of|style of)\s*$")


def assign_roles(
    plain: str, mentions: Sequence[Mention], cues: Sequence[Cue]
) -> tuple[Mention, ...]:
    """Give every mention its role. In a list ("Heat and Fargo") the first one's role holds for all.

    Args:
        plain: Lower-case text with the mentions masked.
        mentions: In order of appearance.
        cues: What `polarity.read_cues` found in `plain`.
    """
    done: list[Mention] = []
    for mention in mentions:
        if done and _LIST_GAP.search(plain[done[-1].end : mention.start]):
            role = done[-1].role
        else:
            role = _role(plain, mention, cues)
        done.append(replace(mention, role=role))
    return tuple(done)


def follows_similarity(plain: str, mention: Mention) -> bool:
    """True when "like", "similar to" or the like stands right before the mention."""
    before = _ARTICLES.sub("", plain[: mention.start])
    return bool(_SIMILAR.search(before)) and not _LIKED.search(before)


def _role(plain: str, mention: Mention, cues: Sequence[Cue]) -> Role:
    before = _ARTICLES.sub("", plain[: mention.start])
    after = plain[mention.end :]
    if _THAN_YEAR.search(before):
        return "than"
    if _DISLIKED.search(before) or _AFTER_BAD.search(after):
        return "disliked"
    if _NOT_SIMILAR.search(before):
        return "unlike"
    if polarity_at(plain, cues, mention.start, name=True) == "refuse":
        return _refused(before, plain)
    if _SIMILAR.search(before) and not _LIKED.search(before):
        return "seed"
    if _LIKED.search(before) or _AFTER_GOOD.search(after):
        return "liked"
    if _SEEN.search(before) or _AFTER_SEEN.search(after):
        return "plain" if negated_before(plain, _start_of_verb(before)) else "seen"
    return "plain" if _THAN.search(before) and mention.by_word else "seed"


def judging_spans(plain: str, mentions: Sequence[Mention]) -> tuple[Span, ...]:
    """Where a verdict on a mention stands ("… was boring"): these words are no wish."""
    spans = []
    for mention in mentions:
        after = plain[mention.end :]
        match = _AFTER_BAD.search(after) or _AFTER_GOOD.search(after)
        if match and mention.role in ("liked", "disliked"):
            spans.append((mention.end + match.start(), mention.end + match.end()))
    return tuple(spans)


def _refused(before: str, plain: str) -> Role:
    if _REFUSED_LIKE.search(before):
        return "unlike"
    if _SEEN.search(before):
        return "plain" if negated_before(plain, _start_of_verb(before)) else "seen"
    return "exclude"


def _start_of_verb(before: str) -> int:
    match = _SEEN.search(before)
    return match.start() if match else len(before)
