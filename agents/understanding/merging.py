"""How a message changes the wish: does it start a new topic or refine the old one, and slot by slot how.

**New topic or refinement.** The old wish is dropped when the message opens a request ("I want",
"recommend", "how about", "something …") or is a bare title, *and* names a new title, a genre, a
person or a mood ("something tense", not "tenser"), *and* does not begin like a refinement ("but", "only", "also", "less", "more", "make it",
"without", …) or say "also" / "instead". A bare message that states two slots by itself ("westerns from the 60s") counts as opened.
Saying "start over" drops it too. Everything else refines.

**Slots in a refinement.** Years: what is said replaces its bound. Genres: "only" / "instead" and bare
nouns ("westerns") replace; adjectives ("funny") and "also" add. Titles: "also like" adds, otherwise
they replace. Moods add up. Exclusions add up, and what is wanted anew is no longer excluded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..answering import DIRECTING
from ..reasons import FOR_CHILDREN
from ..state import Wish
from .drafting import Draft
from .numbers import AT_A_TIME, at_a_time

_MOST_WORDS = 24
_MOST_NOTES = 6
_OPPOSITES = {
    one: other
    for pair in (("newer", "older"), ("lighter", "darker"), ("funnier", "more serious"), ("faster", "slower"), ("scarier", "less scary"))
    for one, other in (pair, pair[::-1])
}  # fmt: skip
_CONTRARY = -0.9  # "for grown-ups" after "for kids": no longer demanded
_BEGINS_AS_REFINEMENT = re.compile(
    r"^(?:ok(?:ay)?,? |yes,? |hm+,? |no,? |great,? |nice,? |good,? |well,? |please |can you |could you |can i (?:have|get|see) |show me |give me |maybe )*"
    r"(?:but|only|also|and|plus|make (?:it|that|them)|just|less|more|fewer|not|nothing|no|without|w/o|with(?: a bit)? (?:more|less|some)|except|from|then|still|even|rather|instead|actually|a bit|a little|slightly|much|the same|same|too|exclude|leave out|minus|skip|add|drop|remove|newer|older|any|of those|of these|i meant|i mean|let's make it|can it be|could it be|should be|it should|it must|they should|must be|(?:turn|tone|dial|crank|ramp|bring|take) (?:(?:it|the [\w-]+(?: \w+)?|\ue002+) )?(?:up|down)|preferably|ideally)\b"
)
_SAYS_REFINEMENT = re.compile(
    r"\b(?:also|instead|as well|same but)\b|\b(?:of|among) (?:(?:those|these|them|such)\b|\ue002+)"
)
_SAYS_SOMETHING = re.compile(
    r"^(?:ok(?:ay)?,? |now |then |well,? |hm+,? |and now |i guess |maybe )*(?:something|anything|(?:some )?(?:films?|movies?|flicks?)(?= (?:with|by|from|starring|featuring|directed|about|where|set)\b)|a (?:good |nice |really )*(?:film|movie)|make me|cheer me|a|an|some|now|(?:top )?(?:\d+|two|three|four|five|six))\b"
)


@dataclass(frozen=True, kw_only=True)
class YearChange:
    """New year bounds; `clears` drops the old ones first."""

    year_min: int | None = None
    year_max: int | None = None
    clears: bool = False


@dataclass(frozen=True, kw_only=True)
class Change:
    """All that one message changes in a wish."""

    draft: Draft
    seeds: tuple[str, ...] = ()
    unlike: tuple[str, ...] = ()
    years: YearChange = YearChange()
    count: int | None = None
    adds_seeds: bool = False


def is_new_topic(plain: str, change: Change, *, opens: bool, bare_title: bool) -> bool:
    """The rule in this module's head.

    Args:
        plain: Masked text of the message.
        change: What it says.
        opens: A request is opened in it.
        bare_title: It names titles and has no words of refinement around them.
    """
    draft = change.draft
    names = bool(change.seeds or draft.genres or draft.people or draft.plain_mood)
    if not names or draft.plural_more:
        return False
    if _BEGINS_AS_REFINEMENT.search(plain) or _SAYS_REFINEMENT.search(plain):
        return False
    years = change.years.year_min is not None or change.years.year_max is not None
    slots = (bool(change.seeds), draft.kinds, bool(draft.people), years and not change.years.clears)
    return opens or bare_title or sum(slots) > 1 or bool(_SAYS_SOMETHING.search(plain))


def merge(old: Wish, change: Change) -> Wish:
    """The old wish with the change in it; pass an empty wish for a new topic."""
    draft = change.draft
    year_min, year_max = _years(old, change.years)
    genres_all, genres_any = _genres(old, draft)
    wanted = {*draft.genres, *draft.unhardened}
    refused = [
        g for g in (*old.genres_none, *draft.refused) if g not in wanted or g in draft.refused
    ]
    seeds = (
        (*old.like_item_ids, *change.seeds)
        if change.adds_seeds
        else change.seeds or old.like_item_ids
    )
    unlike = tuple(dict.fromkeys((*old.unlike_item_ids, *change.unlike)))
    people = _names(
        () if draft.people and draft.alone else old.people_all,
        draft.people,
        without=[*draft.people_refused, *draft.freed],
    )
    count = change.count if change.count is not None else old.count
    return Wish(
        year_min=year_min,
        year_max=year_max,
        genres_all=genres_all,
        genres_any=genres_any,
        genres_none=tuple(dict.fromkeys(refused)),
        people_all=people,
        people_none=_names(old.people_none, draft.people_refused, without=draft.people),
        like_item_ids=tuple(i for i in dict.fromkeys(seeds) if i not in change.unlike),
        unlike_item_ids=tuple(i for i in unlike if i not in change.seeds),
        genre_weights=_weights(old, draft),
        query=_words(old.query, draft.query, without=draft.avoid),
        avoid=_words(old.avoid, draft.avoid, without=draft.query),
        notes=_in_force(_notes(old.notes, draft.notes), people, count),
        count=count,
    )


def without_genres_asked(wish: Wish, genres: Iterable[str], *, only_refused: bool = False) -> Wish:
    """A copy in which the genres are neither demanded nor refused; or just no longer refused."""
    dropped = set(genres)
    if only_refused:
        kept = tuple(g for g in wish.genres_none if g not in dropped)
        return wish.model_copy(update={"genres_none": kept})
    return wish.model_copy(
        update={
            "genres_all": tuple(g for g in wish.genres_all if g not in dropped),
            "genres_any": tuple(g for g in wish.genres_any if g not in dropped),
            "genres_none": tuple(g for g in wish.genres_none if g not in dropped),
        }
    )


def _years(old: Wish, change: YearChange) -> tuple[int | None, int | None]:
    if change.clears and change.year_min is None and change.year_max is None:
        return None, None
    if change.clears or (change.year_min is not None and change.year_max is not None):
        return change.year_min, change.year_max
    low = change.year_min if change.year_min is not None else old.year_min
    high = change.year_max if change.year_max is not None else old.year_max
    if low is not None and high is not None and low > high:
        return change.year_min, change.year_max
    return low, high


def _genres(old: Wish, draft: Draft) -> tuple[tuple[str, ...], tuple[str, ...]]:
    gone = {*draft.refused, *draft.demoted, *draft.freed}
    gone |= {g for g, w in draft.weights.items() if w <= _CONTRARY and g in FOR_CHILDREN}
    kept_all = [g for g in old.genres_all if g not in gone]
    kept_any = [g for g in old.genres_any if g not in gone]
    if draft.genres:
        adds = not draft.alone and (draft.added or not draft.kinds)
        if not adds:
            kept_all, kept_any = [], []
        if draft.any_of:
            return tuple(kept_all), tuple(dict.fromkeys((*kept_any, *draft.genres)))
        kept_all = list(dict.fromkeys((*kept_all, *draft.genres)))
    return tuple(kept_all), tuple(kept_any)


def _weights(old: Wish, draft: Draft) -> dict[str, float]:
    gone = {*draft.refused, *draft.freed}
    total = {g: w for g, w in old.genre_weights.items() if not (g in gone and w > 0)}
    for genre, weight in draft.weights.items():
        total[genre] = round(max(-1.0, min(1.0, total.get(genre, 0.0) + weight)), 3)
    return {genre: weight for genre, weight in total.items() if weight}


def _names(old: tuple[str, ...], new: list[str], *, without: list[str]) -> tuple[str, ...]:
    return tuple(name for name in dict.fromkeys((*old, *new)) if name not in without)


def _notes(old: tuple[str, ...], new: list[str]) -> tuple[str, ...]:
    """Newer sayings about the same thing replace older ones: "less dark" replaces "darker"."""
    stems = [note.split()[-1].strip("”")[:4] for note in new]
    contrary = {_OPPOSITES.get(note, "") for note in new}
    kept = [n for n in old if n not in contrary and not any(stem in n for stem in stems)]
    return tuple(dict.fromkeys((*kept, *new)))[-_MOST_NOTES:]


def _in_force(
    notes: tuple[str, ...], people: tuple[str, ...], count: int | None
) -> tuple[str, ...]:
    """Notes without those on the role of people no longer wanted, and on a number that is another now."""
    roles = {f"{name}{DIRECTING}" for name in people}
    numbers = {at_a_time(count)} if count is not None else set[str]()
    held = {DIRECTING: roles, AT_A_TIME: numbers}
    return tuple(
        note
        for note in notes
        if all(note in allowed for ending, allowed in held.items() if note.endswith(ending))
    )


def _words(old: str, new: list[str], *, without: list[str]) -> str:
    banned = {word for phrase in without for word in phrase.split()}
    words = [word for word in old.split() if word not in banned]
    words += [word for phrase in new for word in phrase.split()]
    return " ".join(list(dict.fromkeys(words))[-_MOST_WORDS:])
