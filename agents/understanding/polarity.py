"""How something is wanted: plainly, not at all, less or more of it.

A cue ("no", "less", "more", …) reaches to the right until its clause ends. What ends it:
punctuation, "but", a new request ("I want", "something", "give me"), or a preposition that starts a new
thought ("no horror *with* …"). "or" and "nor" carry it on; "and" carries it on between names
("without Tom Cruise and Brad Pitt") but not between adjectives ("not scary and funny"); a comma
carries it on only inside a list that ends in "or" / "nor".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from .text import words_of

Polarity = Literal["want", "refuse", "less", "more", "free"]


@dataclass(frozen=True, kw_only=True)
class Cue:
    """A word that turns what follows it."""

    start: int
    end: int
    polarity: Polarity


# Phrases that look like cues and are none; they are blanked before cues are read.
_NEUTRAL = re.compile(
    r"\bnot (?:only|just|sure|bad|really sure|necessarily|quite|sorry|even sure|a problem|yet)\b|\bno (?:pressure|biggie|offen[cs]e|big deal|joke|kidding)\b|\bno (?:matter|problem|idea|preference|worries|rush|clue|doubt)\b"
    r"|\b(?:don't|do not|doesn't|dont) (?:mind|care|know|matter|worry)\b|\bwhy (?:not|don't)\b|\bcan't (?:wait|decide|think|choose|remember)\b"
    r"|\b(?:the moment|as soon as|if|when|whenever|unless) (?:there(?:'s| is| are)|it has|it's got|they have) (?:no|not)\b|\bwhether or not\b|\bif not\b|\bor not\b|^no[,.!]|^nope\b[,.!]?|^no (?=(?:i|give|show|make|something|more|rather|actually)\b)"
    r"|\bno (?:thanks|thank you)\b|\bmore or less\b|\bnot to mention\b|\bnone the less\b|\bonce more\b|\bme too\b|\bhaven't\b|\bnot (?:yet )?seen\b"
    r"|\btoo\b(?=\W*$)|\bmore (?=(?:of (?:the same|those|these|that|this|it)|like|ideas|please|options)\b)"
)
_WANTING = r"(?:want|like|feel like|need|show|give|recommend|suggest|enjoy|watch|include|fancy|care for|wanna)"
_OBJECT = r"(?: (?:anything|something|any|another|one|stuff|films?|movies?)(?= (?!like\b)))*"
_LESS = (
    r"less of an?|less|fewer|\bnot (?:really|all|quite|exactly)(?= [a-z])|\bnot (?:too|so|very|that|as|overly|super|particularly|all that|quite so|really that)(?: (?:much|many))?"
    r"|\b(?:isn't|isnt|aren't|is not|are not|wasn't|without being|nothing|don't be|not be) (?:too|so|very|overly|that)(?: much)?"
    rf"|\b(?:don't|do not|dont) {_WANTING}(?: (?:it|anything|something|them))?(?: to be)? (?:too|so|very|overly)(?: much)?"
    r"|without too (?:much|many)|no too|not too|too(?: much| many)?|tone down(?: the)?|easy on(?: the)?"
    r"|cut down on(?: the)?|a bit less|a little less|much less|way less|far less|hardly any|reduce(?: the)?"
    r"|(?:a tad|a touch|slightly|somewhat|bit|lot) less|ease (?:up|off) on(?: the)?|easier on(?: the)?|(?:turn|tone|dial|bring|take)(?= (?:the )?[\w-]+(?: (?:part|side|stuff|bits?|thing|level))? down\b)(?: the)?|(?:turn|dial|bring) down(?: the)?|lighter on(?: the)?|light on|low on|minimal|not much(?: of)?|barely any|way too(?: much| many)?"
    r"|(?:that's|they're|they are) all(?: just| only| the same)?"
    r"|(?<!if )(?<!wish )(?<!\ue002)\ue002+(?:'re| are| is| was| were| look| looks| seem| seems| sound| sounds| feel| feels)(?: (?:all|both|a bit|a little|a tad|pretty|kind of|kinda|sort of|rather|so|too|very|really|way|quite|mostly|just|much))*"
)
_REFUSE = (
    rf"(?:don't|do not|dont|didn't|did not|doesn't|does not|never|wouldn't|won't) (?:really |ever |even )?(?:want to |wanna )?{_WANTING}(?: me| us)?(?: to (?:see|watch|be|have))?"
    r"|(?:anyone|anybody|everyone|everybody|everything|all|whatever|anywhere|everywhere|any (?:country|place|decade|era|year|language)) (?:but|except|other than)|(?:anything|something) other than|nobody|no one|no-one|zero|not a single|not one|ain't|shouldn't be|must not be|mustn't be|can't have|shouldn't have|mustn't have|not be"
    r"|(?:had|have|got) (?:my|our|enough|too many)(?: fill)? of|enough with(?: the)?|done with|spare me(?: the)?|hold the|lay off(?: the)?|steer clear of|keep (?:out|away)|cut(?: out)? the|lose the|ditch(?: the)?|scrap(?: the)?|forget(?: about)?(?: the)?|unlike|isn't about|not about|far from|devoid of|free from|as opposed to|nothing to do with"
    r"|(?:my |the )?(?:wife|husband|kids?|son|daughter|mum|mom|mother|dad|father|girlfriend|boyfriend|partner|sister|brother|friends?|she|he|they) (?:really |absolutely |just )?(?:hates?|can't stand|dislikes?|can't handle|doesn't like|don't like)"
    r"|not (?:a|much of a|really a|a big) fan of|not (?:really |that |much )?(?:into|in the mood for|up for|keen on|after|looking for)|no more|not|no|without|w/o|sans|except(?: for)?|nothing|none of|never|neither|isn't|isnt|aren't|don't|dont|doesn't|can't be|anything but"
    r"|(?:swap|replace|trade)(?: out)?(?: the)?(?= (?!him|her|them|it)[a-z-]+ (?:for|with)\b)|rather than|other than|apart from|aside from|besides|avoid(?:ing)?|exclude|excluding|skip|minus|leave out|leaving out"
    r"|sick of|tired of|bored (?:of|with|by)|enough of|had enough|fed up with|over with|drop|remove|ban|free of|stay away from|keep away from"
    r"|i (?:really |absolutely |just |do )?(?:hate|detest|loathe|dislike|despise)|(?:can't|cannot|can not|couldn't|don't|doesn't|won't|not) (?:really )?(?:do|handle|take|deal with|stomach|stand|bear|tolerate|abide)|hate|allergic to"
    r""
)
_MORE = (
    r"(?:turn|crank|ramp|dial)(?= (?:the )?[\w-]+(?: (?:part|side|stuff|bits?|thing|level))? up\b)(?: the)?|(?:turn|crank|ramp|dial) up(?: the)?|more|a bit more|a tad more|a tad|slightly more|somewhat more|a little more|a lot more|extra|lots of|plenty of|a lot of|tons of|loads of|with some|with a (?:bit|touch|dash|hint|pinch|little) of"
    r"|a bit of|a touch of|not enough|heavy on|preferably|ideally|slightly|a bit|a little|kinda|somewhat|more of an?"
)
# "that is not for kids" complains of what was shown: it is wanted
_MISSED = (
    r"(?:\ue002+|(?:^|(?<=[.;!?] ))(?:(?:but|no|well|sorry),? )?(?:that|this|these|those|they))(?:(?:'s|'re| is| are| was| were)(?: really| quite| even| exactly| at all)? not|(?: is| are| was| were)n't)"
    r"(?: (?:really|quite|even|exactly|at all|actually|that|particularly|very))*"
)
_FREE = (
    r"(?:it |they |that )?(?:does|do|need)(?:n't| not|nt)?(?: really| even| necessarily)? (?:have to|need to|got to)(?: really| even| necessarily)? (?:be|have|star|feature)(?: (?:with|by|from|about))?"
    r"|(?:it |they )?need(?:n't| not) (?:be|have)|(?:it's|it is|that's|i'm|i am) (?:fine|ok|okay|good|happy|cool) (?:without|with no)|instead of"
)
# "not see any more of him": the "more" is none
_ANY_MORE = re.compile(
    r"(?:\b(?:not|never|without|no need to|nor)|n't)(?: \w+){0,3}? any (?P<c>more)\b"
)
_ANY_MORE_IN_GAP = re.compile(r" any more\b")
_CUES = re.compile(
    rf"(?<![\w'])(?:(?P<missed>{_MISSED})|(?P<free>{_FREE})|(?P<less>{_LESS})|(?P<refuse>(?:{_REFUSE})(?:{_OBJECT}))|(?P<more>{_MORE}))(?![\w'])"
)
_NEGATED = re.compile(r"n't|\bnot\b|nt\b|without|with no|instead of")
_REFUSED_AFTER = re.compile(
    r"^(?:[,:]? (?:no|nope|nah|never)(?: (?:more|thanks|thank you|way))?[^\w\ue000-\ue002]*(?:$|[.!;]|,? and\b|,? but\b))|^[^.!?]{0,14}\b(?:anything|everything|whatever|all) but (?:that|those|it|them)\b|^[^\w\ue000-\ue002]*(?:(?:excluded|aside|barred)\b|(?:is not|isn't|isnt|are not|aren't|ain't|'s not|not being) (?:in|involved|part of|around|anywhere|on)\b|(?:is|are|was|'s)(?: \w+)? (?:banned|out|off the table|off limits|not allowed|forbidden|a no(?:-| )?go|a no|a hard no|a dealbreaker|excluded)\b|need not apply\b|(?:drives|drive|gets|get) (?:me|us) (?:nuts|crazy|mad|on my nerves)\b|(?:can|could) stay (?:home|away)\b|free\b)"
)
_RATHER_THAN = re.compile(
    r"\bmore (?:about |of |on )?[a-z][a-z -]{2,30}? (?P<c>than)(?= [a-z])(?! (?:that|this|the (?:first|last|other)|it|these|those|usual))"
)
_THINGS_ONLY = re.compile(r"(?:no|without|minus|sans|w/o|excluding|zero)$")
_NOUN_LIST = re.compile(
    r"^\W*[\w'-]+(?: [\w'-]+)?(?:, [\w'-]+(?: [\w'-]+)?)*,? (?:and|or|nor|&) [\w'-]+"
)
_ENDS = re.compile(
    r"[.;!?:()]|\b(?:but|however|though|although|please|instead|just|only|rather|because|since|while|when|then|also|i|i'd|i'm|we|let's"
    r"|give|show|recommend|suggest|find|want|need|prefer|something|anything|somewhat|more|still|make|how|what|yes)\b"
)
# "Leave out the comedies. And the dramas too.": the second sentence goes on with the first
_ALSO_SO = re.compile(
    r"[.;!]\s*(?P<c>and|also|plus|same for|same goes for)\b(?! (?:an?|some|something|i|we|give|show|let)\b)(?: (?:the|all|any|those|these))* [^.;!?]{2,60}?\b(?:too|as well|either)\b(?=,? ?(?:please|pls|thanks|thank you)?\W*(?:$|[.;!]))"
)
_STARTS_ALSO_SO = re.compile(
    r"^(?:oh,? |ah,? |right,? |ok,? )*(?P<c>and|also) (?:the|all|any|those|these) [^.;!?]{2,60}?\b(?:too|as well|either)\b,? ?(?:please|pls|thanks|thank you)?\W*$"
)
_OF_THEM = re.compile(
    r"(?:\bof |^)\W*(?:them|these|those|which|the \w+|\ue002+)?\W*(?:with|by|from|starring|featuring|about) "
)
_OPENERS = frozenset(
    (
        "with",
        "from",
        "by",
        "for",
        "starring",
        "about",
        "in",
        "like",
        "set",
        "featuring",
        "that",
        "which",
    )
)
_CARRIES = frozenset(
    (
        "or",
        "nor",
        "any",
        "a",
        "an",
        "the",
        "and",
        "of",
        "too",
        "so",
        "very",
        "really",
        "anything",
        "films",
        "movies",
        "stuff",
        "being",
        "be",
        "set",
        "to",
        "much",
        "many",
    )
)


def read_cues(plain: str, *, goes_on_refusing: bool = False) -> tuple[Cue, ...]:
    """All cues from left to right. Expects titles and names masked, so that none hides in them.

    Args:
        plain: Lower-case text.
        goes_on_refusing: What was said before refused something; "and the dramas too" then does as well.
    """
    blanked = _NEUTRAL.sub(lambda match: " " * len(match[0]), plain)
    for match in _ANY_MORE.finditer(blanked):
        blanked = f"{blanked[: match.start('c')]}    {blanked[match.end('c') :]}"
    cues: list[Cue] = [
        Cue(start=match.start("c"), end=match.end("c"), polarity="less")
        for match in _RATHER_THAN.finditer(blanked)
    ]
    for match in _CUES.finditer(blanked):
        polarity: Polarity = "more"
        if match["missed"]:
            polarity = "want"
        elif match["free"]:
            polarity = "free" if _NEGATED.search(match["free"]) else "want"
        elif match["less"] or match["refuse"]:
            polarity = "less" if match["less"] else "refuse"
        cues.append(Cue(start=match.start(), end=match.end(), polarity=polarity))
    cues += _carried(plain, cues, goes_on_refusing=goes_on_refusing)
    return tuple(sorted(cues, key=lambda cue: cue.start))


def _carried(plain: str, cues: Iterable[Cue], *, goes_on_refusing: bool) -> list[Cue]:
    """Cues for "and … too" after a refusal, in the sentence before or in the message before."""
    refusals = [cue.start for cue in cues if cue.polarity == "refuse"]
    found = []
    for match in _ALSO_SO.finditer(plain):
        start_before = max(plain.rfind(mark, 0, match.start()) for mark in ".;!?")
        if any(start_before < start < match.start() for start in refusals):
            found.append(match.span("c"))
    if goes_on_refusing and (start := _STARTS_ALSO_SO.match(plain)) is not None:
        found.append(start.span("c"))
    return [Cue(start=start, end=end, polarity="refuse") for start, end in found]


def polarity_at(plain: str, cues: Iterable[Cue], position: int, *, name: bool) -> Polarity:
    """How the thing that starts at `position` is wanted.

    Args:
        plain: The text in which the cues were read.
        cues: What `read_cues` found.
        position: Where the mention starts.
        name: True for genres, people and titles, False for adjectives ("and" ends those).
    """
    if name and _REFUSED_AFTER.search(re.sub("^[\ue001\\w'-]+", "", plain[position:], count=1)):
        return "refuse"
    governing = None
    for cue in cues:
        if cue.start < position and not _ended(plain, cue, position, name=name):
            governing = cue
    return governing.polarity if governing is not None else "want"


def negated_before(plain: str, position: int) -> bool:
    """True when a "not" that is no cue of taste governs the position ("haven't seen …")."""
    return bool(
        re.search(r"\b(?:haven't|hasn't|not|never|didn't|don't)(?: \w+){0,2} ?$", plain[:position])
    )


def _ended(plain: str, cue: Cue, position: int, *, name: bool) -> bool:
    gap = _ANY_MORE_IN_GAP.sub(" any", plain[cue.end : position])
    if plain[cue.start : cue.end].endswith("none of"):
        gap = _OF_THEM.sub("", gap, count=1)
    if _ENDS.search(gap) or len(gap) > 80:
        return True
    return _ended_by_word(gap, name=name) or _ended_by_comma(plain, gap, position, name=name)


def _ended_by_word(gap: str, *, name: bool) -> bool:
    previous = ""
    for index, (word, _, _) in enumerate(words_of(gap)):
        if word in _OPENERS and previous not in _CARRIES and index > 0:
            return True
        if word == "and" and not name:
            return True
        previous = word
    return False


def _ended_by_comma(plain: str, gap: str, position: int, *, name: bool) -> bool:
    if "," not in gap:
        return False
    clause = re.split(r"[.;!?]|\bbut\b", plain[position:], maxsplit=1)[0]
    listed = _NOUN_LIST.search(plain[position - len(gap) :])
    if name and listed and position < position - len(gap) + listed.end():
        return False
    return not re.search(r"\b(?:or|nor)\b", gap.rpartition(",")[2] + clause)
