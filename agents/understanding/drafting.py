"""From words and how they are wanted to the parts of a wish that this message states."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from .lexicon import Lexicon, Match
from .polarity import Cue, Polarity, polarity_at
from .text import Span, Utterance, words_of

_LONG_MESSAGE = 10
_MOST_QUERY_WORDS = 10
_STRONGER = (
    1.6  # "funnier" and "less violent" must be seen in the slate; "funny" alone is hard anyway
)
_TOPIC_CUE = re.compile(
    r"\b(?:about|featuring|involving|involves|set (?:in|on|at|during|around)|based on|taking place in|dealing with|deals with"
    r"|(?:film|movie|something|anything|one|story|comed(?:y|ies)|thrillers?|dramas?|westerns?|horror) (?:with|in|where|on|for))"
    r"\s+(?:(?:a|an|the|some|lots of|many|any|people in|and)\s+)*(?:[^\W\d_]+ ){0,2}$"
)
_IN_SENTENCE = re.compile(r"\b(?:in|around|near|across|from|of|set)\s(?:the\s)?$")
_BEFORE_NOUN = re.compile(r"^\s*(?:films?|movies?|flicks?|story|stories|thing|stuff|pictures?)\b")
# "a creepy role", "funny teeth": said of somebody in it, so it is no kind of film
_OF_SOMEBODY = re.compile(
    r"^ (?:\w+ )?(?:roles?|parts?|characters?|performances?|sidekicks?|voices?|accents?|teeth|hair|faces?|eyes|clowns?|villains?)\b"
)
_OR = re.compile(r"\b(?:or|either|and/or)\b|/")
_ONLY = re.compile(
    r"\b(?:only|instead|make it|make that|rather|actually|just|switch to|(?:swap|replace|trade|switch|exchange) (?:him|her|them|it|that|those|\ue001+) (?:for|with|out for)|in place of|change (?:it )?to|nothing but|i meant|i mean)\b"
)
# "make it a comedy as well", "actually, the same but for kids": what stands stays, whatever else is said
_KEEPS = re.compile(
    r"\b(?:as well|also|too|same (?:thing|again|but|as before)|on top(?: of that)?|keep (?:it|the|that|this|everything)|(?:everything|all the rest|the rest) (?:else )?(?:stays|the same|as before))\b(?! (?:much|many|violent|scary|long|old|dark|sad))"
)
_INSTEAD = re.compile(r"\b(?:instead|only|rather)\b")
_ALSO = re.compile(r"\b(?:also|and|plus|too|as well|add|with|still|both|more|some|even)\b")
_LITOTES = r"(?:(?:wouldn't|won't|would not|will not|never|can't|cannot|couldn't|could never|can never|would never|hard to)(?: ever| really)? (?:say no to|turn down|object to|pass up|resist)|(?:not|never) (?:averse|opposed) to|(?:nothing|don't have anything|have nothing) against)"
# phrases whose words mean nothing of their own; "wouldn't say no to" is no refusal
SET_PHRASES = re.compile(
    rf"\b(?:{_LITOTES}|(?:heart|brain|mind|head)(?: is|'s)?(?: still)? racing|(?:drives?|driving|drove) (?:me|us) (?:nuts|mad|crazy|insane)|for the love of (?:god|all)|god help me|as good as|so much|by the way|good enough|well done|of course|tonight's|right now|long story short|good (?:grief|heavens|god|lord)|sick to death|(?:his|her|their) (?:stupid |silly |smug |ugly )*(?:face|mug|voice|guts)|(?:the |our |my )?(?:kids?|children|little ones?|bab(?:y|ies)|toddlers?) (?:is|are|'re|have|has)(?: \w+){0, 2} (?:asleep|in bed|away|gone|sleeping|out)|when i was (?:a kid|a child|little|young|small|ten)|(?:roll|throw) the dice|(?:before|after|between|since) the (?:two |world )?wars?|(?:other|more|any|new|better|different|fresh|further|some) ideas?)\b"
)


@dataclass(kw_only=True)
class Draft:
    """The parts of a wish stated by one message. Lists keep the order of speech.

    Attributes:
        genres: Hard, wanted. `any_of` = one of them is enough. `kinds` = at least one is a noun.
        refused: Hard, ruled out.
        weights, query, avoid, notes: Soft parts, as in `Wish`.
        unhardened: Genres said softly ("more action"); they lift a ban on the same genre.
        demoted: Genres said to be too much ("less romantic"): no longer demanded.
        freed: Genres and people that need not be ("doesn't have to be a thriller"): neither wanted nor refused.
        clash: Genres both wanted and refused; the refusal holds.
        plain_mood: A mood was said as such ("something tense"), not as more or less of it.
        alone: "only", "instead": replaces the slot; `added`: "also", "and": adds to it.
    """

    genres: list[str] = field(default_factory=list)
    any_of: bool = False
    kinds: bool = False
    refused: list[str] = field(default_factory=list)
    weights: dict[str, float] = field(default_factory=dict)
    query: list[str] = field(default_factory=list)
    avoid: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unhardened: list[str] = field(default_factory=list)
    demoted: list[str] = field(default_factory=list)
    freed: list[str] = field(default_factory=list)
    clash: tuple[str, ...] = ()
    people: list[str] = field(default_factory=list)
    people_refused: list[str] = field(default_factory=list)
    plain_mood: bool = False
    alone: bool = False
    added: bool = False
    plural_more: bool = False

    @property
    def is_empty(self) -> bool:
        """True when the message states no part of a wish but years and titles."""
        return not (
            self.genres or self.refused or self.weights or self.query or self.avoid or self.notes
            or self.people or self.people_refused or self.freed
        )  # fmt: skip

    @property
    def query_words(self) -> str:
        """Search words and words to avoid, as one text."""
        return " ".join((*self.query, *self.avoid))

    def pull(self, weights: dict[str, float], factor: float) -> None:
        """Add soft genre weights, kept within [-1, 1]."""
        for genre, weight in weights.items():
            total = self.weights.get(genre, 0.0) + factor * weight
            self.weights[genre] = round(max(-1.0, min(1.0, total)), 3)


def draft_words(plain: str, matches: Sequence[Match], cues: Sequence[Cue]) -> Draft:
    """Turn lexicon matches into wish parts according to how each is wanted."""
    keeps = bool(_KEEPS.search(plain)) and not _INSTEAD.search(plain)
    alone = bool(_ONLY.search(plain)) and not keeps
    draft = Draft(alone=alone, added=keeps or bool(_ALSO.search(plain)))
    wanted: list[Match] = []
    for match in matches:
        polarity = polarity_at(plain, cues, match.start, name=match.entry.names_thing)
        if polarity == "want" and not match.entry.noun and _OF_SOMEBODY.match(plain[match.end :]):
            polarity = "more"
        if _put(draft, match, polarity):
            wanted.append(match)
    _quiet_about_situations(draft, matches, wanted)
    draft.any_of = _is_choice(plain, wanted)
    draft.refused = list(dict.fromkeys(draft.refused))
    draft.clash = tuple(sorted(set(draft.genres) & set(draft.refused)))
    for match in wanted:
        # "Scary but not horror": what else is in the mood still pulls.
        if not match.entry.noun and set(match.entry.genre) & set(draft.clash):
            draft.pull({g: w for g, w in match.entry.weights.items() if g not in draft.clash}, 2.0)
    draft.genres = [genre for genre in dict.fromkeys(draft.genres) if genre not in draft.refused]
    for genre in draft.genres:  # "sci-fi without robots" still wants sci-fi
        if draft.weights.get(genre, 0.0) < 0:
            del draft.weights[genre]
    return draft


def _quiet_about_situations(
    draft: Draft, matches: Sequence[Match], wanted: Sequence[Match]
) -> None:
    """Whoever says a mood or a kind need not be told what was made of the bad day as well."""
    told = [match for match in matches if match.entry.tells]
    if len(told) < len(matches) and (wanted or len(draft.notes) > len(told)):
        said = {_said(match, "want") for match in told}
        draft.notes = [note for note in draft.notes if note not in said]


def _put(draft: Draft, match: Match, polarity: Polarity) -> bool:
    """Add one match; True when it became a hard wish for its genres."""
    entry, phrase = match.entry, match.phrase
    if polarity == "free":
        draft.freed += entry.genre
        return False
    words = entry.searched(_positive(phrase) if match.comparative else phrase)
    shunned = phrase if entry.tells or not entry.avoid else f"{phrase} {entry.avoid}"
    if polarity == "more" and entry.noun and phrase.endswith("s") and entry.genre:
        draft.plural_more, polarity = True, "want"
    if polarity == "refuse" and match.comparative:
        polarity = "less"
    if polarity == "refuse":
        draft.refused += entry.refuse
        if not entry.refuse:
            draft.pull(entry.weights, -_STRONGER)
            draft.notes.append(f"{'no' if phrase.endswith('s') else 'not'} {phrase}")
        if not entry.refuse or entry.avoid:
            draft.avoid.append(shunned)
        return False
    if polarity == "less":
        draft.pull(entry.weights, -_STRONGER)
        draft.demoted += entry.genre
        draft.avoid.append(shunned)
        draft.notes.append(f"less {phrase}" if not match.comparative else f"not {phrase}")
        return False
    if entry.genre and polarity == "want" and not match.comparative:
        draft.genres += entry.genre
        draft.kinds = draft.kinds or entry.noun
        if words:
            draft.query.append(words)
        return True
    draft.pull(entry.weights, _STRONGER)
    draft.unhardened += [genre for genre, weight in entry.weights.items() if weight >= 0.3]
    if words:
        draft.query.append(words)
    draft.plain_mood = draft.plain_mood or (polarity == "want" and not match.comparative)
    draft.notes.append(_said(match, polarity))
    return False


def _said(match: Match, polarity: Polarity) -> str:
    """How the answer repeats a mood: "funnier", "more action", "on the dark side"."""
    if match.comparative:
        return match.phrase
    if polarity == "more":
        return f"more {match.phrase}"
    return match.entry.label.replace("$", match.phrase) or f"with “{match.phrase}” in mind"


def _positive(phrase: str) -> str:
    """What a comparative is said of: "more upbeat" -> "upbeat"; other forms as they are."""
    return phrase.removeprefix("more ").removeprefix("less ")


def _is_choice(plain: str, wanted: Sequence[Match]) -> bool:
    """True for "action or comedy", "comedies and thrillers"; False for "funny film for kids"."""
    for left, right in pairwise(wanted):
        gap = plain[left.end : right.start]
        if _OR.search(gap) and len(gap) < 25:
            return True
        plural = all(m.entry.noun and m.phrase.endswith("s") for m in (left, right))
        if plural and re.fullmatch(r"\s*(?:,|and|&|plus|,? and)(?: some)?\s*", gap):
            return True
    return False


def draft_rest(
    draft: Draft, utterance: Utterance, used: Iterable[Span], cues: Sequence[Cue], lexicon: Lexicon
) -> None:
    """Put the content words that no reader understood into the text query (or `avoid`).

    In long messages only words that follow a topic cue ("about", "set in") or stand before
    "film" count: the rest is the story around the wish.
    """
    plain = SET_PHRASES.sub(lambda match: " " * len(match[0]), utterance.plain)
    plain = utterance.masked(used).plain if plain == utterance.plain else _masked(plain, used)
    long = len(words_of(utterance.text)) > _LONG_MESSAGE
    kept = 0
    for word, start, end in words_of(plain):
        if kept >= _MOST_QUERY_WORDS or not _is_content(word, lexicon):
            continue
        polarity = polarity_at(utterance.plain, cues, start, name=True)
        topical = _TOPIC_CUE.search(plain[:start]) or _BEFORE_NOUN.search(plain[end:])
        said = utterance.text[start:end]
        topical = topical or (said.istitle() and bool(_IN_SENTENCE.search(utterance.text[:start])))
        if polarity == "free" or (long and not topical and polarity not in ("refuse", "less")):
            continue
        kept += 1
        target = draft.avoid if polarity in ("refuse", "less") else draft.query
        target.append(word)
        if polarity in ("refuse", "less"):
            no = "no" if word.endswith("s") else "not"
            draft.notes.append(f"{no if polarity == 'refuse' else 'less'} {word}")


def _masked(plain: str, spans: Iterable[Span]) -> str:
    characters = list(plain)
    for start, end in spans:
        characters[start:end] = " " * (end - start)
    return "".join(characters)


def _is_content(word: str, lexicon: Lexicon) -> bool:
    bare = word.removesuffix("'s")
    if re.search(r"'(?:ve|re|ll|d|m)$", bare):
        return False
    return (
        len(bare) > 2
        and not bare.isdigit()
        and not lexicon.is_filler(bare)
        and bare not in lexicon.first_names
    )
