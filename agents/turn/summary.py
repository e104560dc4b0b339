"""What a long conversation has come to, in facts: for a planner that sees only its newest turns. Pure.

Made from typed state, preferences and results of code, never from prose that a model wrote, so that nothing
wrong can creep in and stay. Each fact in force is there once; what was withdrawn is not there.

**Length.** A text over the limit loses facts in this order, oldest first within each: notices, likes,
what is known already, the open question, soft wishes. Never dropped: hard conditions and
refusals, even if they alone are longer than the limit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from rec_core import Catalog

from ..memory import TurnRecord
from ..state import ConversationState, Preference, Wish

FactKind = Literal["condition", "refused", "soft", "question", "seen", "liked", "notice"]

DEFAULT_LIMIT = 2_400
MOST_NOTICES = 5
# Dropped from the left; the two kinds that are not in it are never dropped.
DROPPED_FIRST: tuple[FactKind, ...] = ("notice", "liked", "seen", "question", "soft")
_ORDER: tuple[FactKind, ...] = (
    "condition", "refused", "soft", "question", "seen", "liked", "notice",
)  # fmt: skip
_HEADS: dict[FactKind, str] = {
    "condition": "Must hold",
    "refused": "Refused",
    "soft": "Wished for, if possible",
    "question": "Open question of yours",
    "seen": "Known to them already",
    "liked": "Liked",
    "notice": "They were told",
}
_CONDITIONS = (
    ("year_min", "from year"),
    ("year_max", "up to year"),
    ("genres_all", "genre"),
    ("genres_any", "one of the genres"),
    ("genres_none", "no genre"),
    ("people_all", "with"),
    ("people_none", "without"),
)


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One thing that holds.

    Attributes:
        kind: What sort of fact; an item is named by its id in `subject`.
        subject: What it is about, unique within its kind.
        turn: Number of the turn that it came from, from 1; 0 when that is not known.
    """

    kind: FactKind
    subject: str
    turn: int = 0


def facts_in_force(
    turns: Sequence[TurnRecord], state: ConversationState, preferences: Iterable[Preference]
) -> tuple[Fact, ...]:
    """Every fact of a conversation that holds now, by kind, oldest first within a kind.

    Args:
        turns: All committed turns, oldest first.
        state: The state now: clicks may have changed it since the newest turn.
        preferences: Long-term preferences in force; likes that were said in these turns are taken.
    """
    number = {turn.turn_id: place for place, turn in enumerate(turns, start=1)}
    refused = [*_dated(turns, state, "rejected_item_ids")]
    gone = {one.subject for one in refused}
    facts = [*_conditions(turns, state.wish), *refused]
    facts += [
        Fact(kind="refused", subject=f"like {item_id}", turn=_since_wish(turns, item_id))
        for item_id in state.wish.unlike_item_ids
        if item_id not in gone
    ]
    facts += _soft(state.wish)
    if state.asked and turns:
        offered = " / ".join(turns[-1].result.suggestions)
        facts.append(Fact(kind="question", subject=offered or "asked", turn=len(turns)))
    facts += [one for one in _dated(turns, state, "seen_item_ids") if one.subject not in gone]
    facts += [
        Fact(kind="liked", subject=one.value, turn=number[one.source_turn_id])
        for one in preferences
        if one.subject == "item" and one.kind == "like" and one.source_turn_id in number
        if one.value not in gone
    ]
    facts += _notices(turns)
    return tuple(sorted(dict.fromkeys(facts), key=lambda one: (_ORDER.index(one.kind), one.turn)))


def summary_text(facts: Sequence[Fact], catalog: Catalog, *, limit: int = DEFAULT_LIMIT) -> str:
    """The facts as lines, one per kind, at most `limit` characters as far as they may be dropped."""
    kept = list(facts)
    text = _lines(kept, catalog)
    for kind in DROPPED_FIRST:
        while len(text) > limit:
            oldest = next((one for one in kept if one.kind == kind), None)
            if oldest is None:
                break
            kept.remove(oldest)
            text = _lines(kept, catalog)
    return text


def fact_words(fact: Fact, catalog: Catalog) -> str:
    """A fact as it stands in the text: "Heat (1995) [turn 3]"."""
    start, _, item_id = fact.subject.rpartition(" ")
    words = fact.subject
    if fact.kind in ("refused", "seen", "liked", "soft") and item_id in catalog:
        words = f"{start} {catalog[item_id].label}".strip()
    return f"{words} [turn {fact.turn}]" if fact.turn else words


def _lines(facts: Sequence[Fact], catalog: Catalog) -> str:
    lines = []
    for kind in _ORDER:
        told = [fact_words(one, catalog) for one in facts if one.kind == kind]
        if told:
            lines.append(f"{_HEADS[kind]}: {'; '.join(told)}")
    return "\n".join(lines)


def _conditions(turns: Sequence[TurnRecord], wish: Wish) -> Iterable[Fact]:
    for name, words in _CONDITIONS:
        value = getattr(wish, name)
        values = value if isinstance(value, tuple) else (() if value is None else (value,))
        if name == "genres_any" and len(values) > 1:
            values = (" or ".join(values),)
        for one in values:
            turn = _since(turns, lambda past, name=name, one=one: _states(past, name, one))
            yield Fact(kind="condition", subject=f"{words} {one}", turn=turn)


def _states(wish: Wish, name: str, one: object) -> bool:
    """Whether a wish has this value in a hard field."""
    value = getattr(wish, name)
    if name == "genres_any":
        return one in (*value, " or ".join(value))
    return one in value if isinstance(value, tuple) else one == value


def _since(turns: Sequence[TurnRecord], holds: Callable[[Wish], bool]) -> int:
    """Number of the turn from which on something held of the wish without a break; 0 when never."""
    first = 0
    for number in range(len(turns), 0, -1):
        if not holds(turns[number - 1].state.wish):
            break
        first = number
    return first


def _since_wish(turns: Sequence[TurnRecord], item_id: str) -> int:
    return _since(turns, lambda past: item_id in past.unlike_item_ids)


def _soft(wish: Wish) -> Iterable[Fact]:
    for item_id in wish.like_item_ids:
        yield Fact(kind="soft", subject=f"like {item_id}")
    for genre, weight in wish.genre_weights.items():
        yield Fact(kind="soft", subject=f"{'more' if weight > 0 else 'less'} {genre}")
    if wish.query:
        yield Fact(kind="soft", subject=f"about: {wish.query}")
    if wish.avoid:
        yield Fact(kind="soft", subject=f"rather not: {wish.avoid}")
    if wish.count is not None:
        yield Fact(kind="soft", subject=f"{wish.count} at a time")


def _dated(
    turns: Sequence[TurnRecord],
    state: ConversationState,
    name: Literal["rejected_item_ids", "seen_item_ids"],
) -> Iterable[Fact]:
    """Items of a list of the state with the turn that put them there for good."""
    since: dict[str, int] = {}
    for number, turn in enumerate(turns, start=1):
        there = set(getattr(turn.state, name))
        since = {item_id: first for item_id, first in since.items() if item_id in there}
        for item_id in there:
            since.setdefault(item_id, number)
    kind: FactKind = "refused" if name == "rejected_item_ids" else "seen"
    for item_id in dict.fromkeys(getattr(state, name)):
        yield Fact(kind=kind, subject=item_id, turn=since.get(item_id, 0))


def _notices(turns: Sequence[TurnRecord]) -> list[Fact]:
    """The newest notices, each once, with the last turn that told it."""
    told: dict[str, int] = {}
    for number, turn in enumerate(turns, start=1):
        for notice in turn.result.notices:
            told.pop(notice, None)
            told[notice] = number
    newest = list(told.items())[-MOST_NOTICES:]
    return [Fact(kind="notice", subject=notice, turn=number) for notice, number in newest]
