"""Requests with labels: reading them, showing them to a planner, and scoring what it understood.

A file holds one JSON object a line: the message, what was before it, and what a sensible person
concludes from it (fields below). Titles are written "Title (Year)" as in the film catalog.

Soft words are compared by stem. "scary|Horror" allows either word; a name of a genre in it also
allows that genre. What a label allows but does not demand is neither right nor wrong. A planner may
search for more words than were said ("gangster" also finds the mafia), so only what it would tell
the person it has in mind (the wish's notes) can be a soft find too many.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal

import Stemmer
from pydantic import BaseModel, ConfigDict, Field

from agents.planning.base import Exchange, Plan, TurnView
from agents.state import ConversationState, Wish
from rec_core import Catalog

Atom = tuple[str, str]
Intent = Literal[
    "recommend", "more", "explain", "compare", "details", "feedback", "remember", "chat", "unknown"
]
HARD = ("genre", "not genre", "from", "to", "person", "not person", "count")
SOFT = ("word", "less")
_SHORT = 5
_LOOK_UPS = frozenset({"explain", "compare", "details"})
_ITEM_CALLS = frozenset({"compare_items", "item_details", "why_recommended"})
_AGAINST = re.compile(r"(?:less|no|not|without|never)\b")
_TIME = re.compile(r"\b(?:new|newer|recent|modern|old|older|classic|classics)\b")
_EMPTY_WORDS = frozenset(
    [
        "a",
        "an",
        "and",
        "any",
        "bit",
        "film",
        "films",
        "for",
        "in",
        "it",
        "like",
        "less",
        "more",
        "movie",
        "movies",
        "no",
        "not",
        "of",
        "on",
        "or",
        "some",
        "something",
        "that",
        "the",
        "to",
        "very",
        "with",
        "without",
    ]
)


class _Label(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class WishLabel(_Label):
    """What is wanted, as people would note it down."""

    genres: tuple[str, ...] = ()
    genres_not: tuple[str, ...] = ()
    years: tuple[int | None, int | None] = (None, None)
    people: tuple[str, ...] = ()
    people_not: tuple[str, ...] = ()
    like: tuple[str, ...] = ()
    unlike: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    less: tuple[str, ...] = ()
    count: int | None = None


class Before(_Label):
    """What the conversation knew before the message."""

    said: tuple[str, ...] = ()
    slate: tuple[str, ...] = ()
    focus: str | None = None
    asked: bool = False
    wish: WishLabel = WishLabel()


class LabelledRequest(_Label):
    """One message with its labels; without `wish` it leaves the wish as it was."""

    id: str
    kind: str
    before: Before | None = None
    text: str
    intent: Intent
    wish: WishLabel | None = None
    liked: tuple[str, ...] = ()
    disliked: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    unknown_titles: tuple[str, ...] = ()
    note: str = Field(default="", exclude=True)

    @property
    def is_follow_up(self) -> bool:
        """True when the message needs what was before it."""
        return self.before is not None

    @property
    def wish_after(self) -> WishLabel:
        """The wish in force after the message."""
        if self.wish is not None:
            return self.wish
        return self.before.wish if self.before else WishLabel()


def read_requests(path: Path) -> tuple[LabelledRequest, ...]:
    """All requests of a file, checked."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return tuple(LabelledRequest.model_validate(json.loads(line)) for line in lines if line)


class TitleTable:
    """Titles as labels write them → item ids; films of one name and year are all right."""

    def __init__(self, catalog: Catalog) -> None:
        self._ids: dict[str, list[str]] = {}
        for item in catalog:
            self._ids.setdefault(f"{item.title} ({item.year})", []).append(item.item_id)

    def ids(self, label: str) -> tuple[str, ...]:
        """The item ids under this label.

        Raises:
            KeyError: the catalog has no such title.
        """
        return tuple(self._ids[label])

    def first(self, labels: Iterable[str]) -> tuple[str, ...]:
        """One item id for each label."""
        return tuple(self._ids[label][0] for label in labels)


def view_of(request: LabelledRequest, titles: TitleTable) -> TurnView:
    """The request as a planner sees it in a turn."""
    before = request.before or Before()
    slate = titles.first(before.slate)
    state = ConversationState(
        wish=_wish_of(before.wish, titles),
        shown_item_ids=slate,
        last_slate=slate,
        focus_item_id=titles.ids(before.focus)[0] if before.focus else None,
        asked=before.asked,
        turn_count=len(before.said),
    )
    exchanges = tuple(Exchange(user_text=text, reply_text="") for text in before.said)
    return TurnView(turn_id=request.id, text=request.text, state=state, exchanges=exchanges)


def _wish_of(label: WishLabel, titles: TitleTable) -> Wish:
    return Wish(
        year_min=label.years[0],
        year_max=label.years[1],
        genres_all=label.genres,
        genres_none=label.genres_not,
        people_all=label.people,
        people_none=label.people_not,
        like_item_ids=titles.first(label.like),
        unlike_item_ids=titles.first(label.unlike),
        query=" ".join(word.split("|")[0] for word in label.words),
        avoid=" ".join(word.split("|")[0] for word in label.less),
        count=label.count,
    )


@dataclass(frozen=True, kw_only=True)
class Understood:
    """What a planner took from a message, in the terms of the labels."""

    intent: str
    wish: Wish
    items: frozenset[str]


def understood(plan: Plan, view: TurnView) -> Understood:
    """What a plan shows of the planner's understanding.

    Items are those of the wish that were not in it before, those judged, and those looked up.
    """
    wish = view.state.wish if plan.wish is None else plan.wish
    old = {*view.state.wish.like_item_ids, *view.state.wish.unlike_item_ids}
    items = {*wish.like_item_ids, *wish.unlike_item_ids} - old
    items |= {one.value for one in plan.learned if one.subject == "item"}
    items |= {*plan.rejected_item_ids, *plan.seen_item_ids}
    if plan.intent in _LOOK_UPS:
        for call in plan.calls:
            if call.tool in _ITEM_CALLS:
                items |= {*call.arguments.get("item_ids", ())}
                items |= {call.arguments["item_id"]} if "item_id" in call.arguments else set()
    return Understood(intent=_said_intent(plan, view), wish=wish, items=frozenset(items))


def _said_intent(plan: Plan, view: TurnView) -> str:
    """The person's intent behind a plan's, which also says what Rapport is going to do.

    Asking back is an answer to a wish or to small talk; more of a changed wish is a wish, but "three
    more" is still more: a number alone changes nothing about what is wanted.
    """
    before, after = view.state.wish, plan.wish
    if plan.intent == "ask":
        return "recommend" if after is not None and after != before else "chat"
    if plan.intent != "more" or after is None:
        return plan.intent
    return "more" if after.model_copy(update={"count": before.count}) == before else "recommend"


@dataclass
class Tally:
    """Counts of one kind of find: right, too many, missed."""

    right: int = 0
    extra: int = 0
    missed: int = 0

    @property
    def precision(self) -> float:
        """Share of what was found that is right."""
        return self.right / max(self.right + self.extra, 1)

    @property
    def recall(self) -> float:
        """Share of what there was that was found."""
        return self.right / max(self.right + self.missed, 1)

    @property
    def f1(self) -> float:
        """Harmonic mean of both, pooled over all requests."""
        return 2 * self.right / max(2 * self.right + self.extra + self.missed, 1)


@dataclass
class Scores:
    """All counts over a set of requests."""

    requests: int = 0
    intents: int = 0
    whole: int = 0
    fields: dict[str, Tally] = field(default_factory=dict)
    confusions: Counter[tuple[str, str]] = field(default_factory=Counter)

    def tally(self, names: Sequence[str]) -> Tally:
        """The sum over some kinds."""
        found = [self.fields.get(name, Tally()) for name in names]
        return Tally(
            right=sum(one.right for one in found),
            extra=sum(one.extra for one in found),
            missed=sum(one.missed for one in found),
        )


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One request against its labels: wrong finds per kind."""

    request: LabelledRequest
    intent: str
    missed: tuple[Atom, ...]
    extra: tuple[Atom, ...]

    @property
    def is_right(self) -> bool:
        """True when nothing at all is wrong."""
        return self.intent == self.request.intent and not self.missed and not self.extra


def judge(
    request: LabelledRequest, found: Understood, titles: TitleTable, scores: Scores
) -> Verdict:
    """Compare one understanding with its labels and add it to the scores."""
    label = request.wish_after
    demanded, given = _demanded(label), _given(found.wish)
    missed = [atom for atom in demanded if not _matches(atom, given)]
    extra = _extra(label, given)
    _count(scores, demanded, missed, extra)
    item_misses, item_extras = _judge_items(request, found, titles, scores)
    people = {"person", "not person"}
    _add(
        scores.fields.setdefault("people linked", Tally()),
        right=sum(a[0] in people for a in demanded) - sum(a[0] in people for a in missed),
        extra=sum(a[0] in people for a in extra),
        missed=sum(a[0] in people for a in missed),
    )
    verdict = Verdict(
        request=request,
        intent=found.intent,
        missed=(*missed, *item_misses),
        extra=(*extra, *item_extras),
    )
    scores.requests += 1
    scores.intents += found.intent == request.intent
    scores.whole += verdict.is_right
    if found.intent != request.intent:
        scores.confusions[request.intent, found.intent] += 1
    return verdict


def _judge_items(
    request: LabelledRequest, found: Understood, titles: TitleTable, scores: Scores
) -> tuple[list[Atom], list[Atom]]:
    before = request.before.wish if request.before else WishLabel()
    label = request.wish or WishLabel()
    named = [*label.like, *label.unlike]
    new = [one for one in named if one not in before.like and one not in before.unlike]
    new += [*request.liked, *request.disliked, *request.seen, *request.about]
    wanted = {one: titles.ids(one) for one in dict.fromkeys(new)}
    right = {one for ids in wanted.values() for one in ids}
    kept = {i for one in (*before.like, *before.unlike) for i in titles.ids(one)}
    missed = [("title", one) for one, ids in wanted.items() if found.items.isdisjoint(ids)]
    extra = [("title", one) for one in sorted(found.items - right - kept)]
    _add(
        scores.fields.setdefault("titles linked", Tally()),
        right=len(wanted) - len(missed),
        extra=len(extra),
        missed=len(missed),
    )
    return missed, extra


def _demanded(label: WishLabel) -> list[Atom]:
    atoms: list[Atom] = [("genre", one) for one in label.genres]
    atoms += [("not genre", one) for one in label.genres_not]
    atoms += [
        (name, str(year))
        for name, year in zip(("from", "to"), label.years, strict=True)
        if year is not None
    ]
    atoms += [("person", one) for one in label.people]
    atoms += [("not person", one) for one in label.people_not]
    atoms += [("count", str(label.count))] if label.count is not None else []
    atoms += [("word", one) for one in label.words]
    atoms += [("less", one) for one in label.less]
    return atoms


def _allowed(label: WishLabel) -> frozenset[Atom]:
    """What is no mistake: all that is demanded, and the genres that soft words offer instead."""
    offered = [("genre", one) for phrase in label.words for one in phrase.split("|")]
    offered += [("not genre", one) for phrase in label.less for one in phrase.split("|")]
    return frozenset((*_demanded(label), *offered))


def _says_when(label: WishLabel) -> bool:
    """Whether a soft word is about age: "newer" may be kept as a bound, which nobody stated."""
    return any(_TIME.search(phrase) for phrase in label.words)


@dataclass(frozen=True, kw_only=True)
class _Given:
    """A wish as finds: hard ones exactly, soft ones as stems; `told` are the notes, as stems."""

    hard: frozenset[Atom]
    pulled: frozenset[Atom]
    wanted: frozenset[str]
    shunned: frozenset[str]
    told: tuple[frozenset[str], ...]


def _given(wish: Wish) -> _Given:
    hard: set[Atom] = {("genre", g) for g in {*wish.genres_all, *wish.genres_any}}
    hard |= {("not genre", g) for g in wish.genres_none}
    hard |= {("from", str(wish.year_min))} if wish.year_min is not None else set()
    hard |= {("to", str(wish.year_max))} if wish.year_max is not None else set()
    hard |= {("person", one) for one in wish.people_all}
    hard |= {("not person", one) for one in wish.people_none}
    hard |= {("count", str(wish.count))} if wish.count is not None else set()
    weights = wish.genre_weights.items()
    against = [note for note in wish.notes if _AGAINST.match(note)]
    towards = [note for note in wish.notes if note not in against]
    return _Given(
        hard=frozenset(hard),
        pulled=frozenset(("genre" if weight > 0 else "not genre", g) for g, weight in weights),
        wanted=frozenset(_stems(" ".join((wish.query, *towards)))),
        shunned=frozenset(_stems(" ".join((wish.avoid, *against)))),
        told=tuple(frozenset(_stems(note)) for note in wish.notes),
    )


def _extra(label: WishLabel, given: _Given) -> list[Atom]:
    """What nobody asked for: hard finds that the label does not allow, notes that it does not know."""
    allowed = _allowed(label)
    phrases = (*label.words, *label.less, *label.genres, *label.genres_not)
    known = {stem for phrase in phrases for stem in _stems(phrase.replace("|", " "))}
    free = ("from", "to") if _says_when(label) else ()
    extra = [a for a in sorted(given.hard) if a not in allowed and a[0] not in free]
    return extra + [
        ("word", " ".join(sorted(stems))) for stems in given.told if stems.isdisjoint(known)
    ]


def _matches(atom: Atom, given: _Given) -> bool:
    """Whether a demand was found; genres may be a pull instead of a condition."""
    if atom in given.hard or atom in given.pulled:
        return True
    if atom[0] not in SOFT:
        return False
    stems, genre = (given.wanted, "genre") if atom[0] == "word" else (given.shunned, "not genre")
    return any(
        not stems.isdisjoint(_stems(option))
        or not {(genre, option)}.isdisjoint(given.hard | given.pulled)
        for option in atom[1].split("|")
    )


def _count(
    scores: Scores, demanded: Sequence[Atom], missed: Sequence[Atom], extra: Sequence[Atom]
) -> None:
    for name in (*HARD, *SOFT):
        lost = sum(one[0] == name for one in missed)
        _add(
            scores.fields.setdefault(name, Tally()),
            right=sum(one[0] == name for one in demanded) - lost,
            extra=sum(one[0] == name for one in extra),
            missed=lost,
        )


def _add(tally: Tally, *, right: int, extra: int, missed: int) -> None:
    tally.right += right
    tally.extra += extra
    tally.missed += missed


@cache
def _stems(text: str) -> tuple[str, ...]:
    words = re.findall(r"[\w']+", text.casefold())
    kept = [word for word in words if word not in _EMPTY_WORDS]
    stems = Stemmer.Stemmer("english").stemWords([*kept, *map(_positive, kept)])
    return tuple(dict.fromkeys(stems))


def _positive(word: str) -> str:
    """The plain form of a comparative ("darker" → "dark"); other words as they are."""
    if word.endswith("ier") and len(word) > _SHORT:
        return f"{word[:-3]}y"
    return word[:-2] if word.endswith("er") and len(word) > _SHORT else word


def table_row(name: str, scores: Scores) -> Mapping[str, object]:
    """The figures of one planner on one set."""
    hard, soft = scores.tally(HARD), scores.tally(SOFT)
    every = scores.tally((*HARD, *SOFT))
    titles, people = scores.tally(["titles linked"]), scores.tally(["people linked"])
    return {
        "planner": name,
        "requests": scores.requests,
        "intent_accuracy": scores.intents / max(scores.requests, 1),
        "wholly_right": scores.whole / max(scores.requests, 1),
        "constraint_f1": hard.f1,
        "soft_f1": soft.f1,
        "all_f1": every.f1,
        "title_precision": titles.precision,
        "title_recall": titles.recall,
        "person_precision": people.precision,
        "person_recall": people.recall,
        "fields": {
            key: {"f1": one.f1, "right": one.right, "extra": one.extra, "missed": one.missed}
            for key, one in scores.fields.items()
        },
    }
