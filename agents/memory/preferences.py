"""How statements about a person's taste become the preferences in force. Pure: no clock, no I/O.

Everything a person ever said or clicked is kept as a dated statement. What counts today is a
function of those statements alone, so that taking one back (undo) brings back what it replaced.

Rules, in order of date (statements of one date in the order given):

* A *slot* is a subject with a value ("genre", "horror"); case and spacing of names do not matter.
* The same kind said again in the same slot is one preference: first id, newest date, highest
  confidence, newest words.
* like and must are for, dislike and must_not are against. A statement supersedes every contrary
  one in its slot; both stay, with dates. like and must (or dislike and must_not) stand together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..state import Preference

_FOR = frozenset({"like", "must"})


class Resolution(NamedTuple):
    """What new statements change: what comes into force (or is refreshed), what is superseded."""

    added: tuple[Preference, ...]
    superseded: tuple[Preference, ...]


@dataclass(frozen=True, kw_only=True)
class _Group:
    """One preference as shown, with the ids of the statements merged into it."""

    preference: Preference
    members: tuple[str, ...]
    last: int


def slot_of(preference: Preference) -> tuple[str, str]:
    """What a preference is about: subject and value, names without regard to case and spacing."""
    if preference.subject == "item":
        return preference.subject, preference.value.strip()
    return preference.subject, " ".join(preference.value.casefold().split())


def contradict(first: Preference, second: Preference) -> bool:
    """Whether both cannot be in force: the same slot, one for and one against."""
    return slot_of(first) == slot_of(second) and (first.kind in _FOR) != (second.kind in _FOR)


def settle(statements: Iterable[Preference]) -> tuple[Preference, ...]:
    """Every preference that the statements amount to, oldest first, superseded ones marked.

    Marks already on the statements are ignored and made anew.
    """
    return tuple(group.preference for group in _groups(statements))


def in_force(statements: Iterable[Preference]) -> tuple[Preference, ...]:
    """The settled preferences that no newer contrary one has superseded, oldest first."""
    return tuple(one for one in settle(statements) if one.superseded_at is None)


def resolve(existing: Sequence[Preference], new: Sequence[Preference]) -> Resolution:
    """What `new` statements change when they are added to `existing` ones.

    Newest wins by date; at equal dates what is later in the sequence, and `new` is after
    `existing`. A new statement older than a contrary existing one comes out as superseded.
    """
    before = settle(existing)
    after = settle((*existing, *new))
    gone_before = {one.preference_id for one in before if one.superseded_at is not None}
    added = tuple(one for one in after if one.superseded_at is None and one not in before)
    superseded = tuple(
        one
        for one in after
        if one.superseded_at is not None and one.preference_id not in gone_before
    )
    return Resolution(added, superseded)


def named(statements: Iterable[Preference], preference_id: str) -> Preference | None:
    """The settled preference with this id, or that a statement with this id was merged into."""
    for group in _groups(statements):
        if preference_id in group.members:
            return group.preference
    return None


def removed_with(statements: Sequence[Preference], preference_id: str) -> frozenset[str]:
    """Ids of all statements that must go so that a preference is forgotten and nothing comes back.

    These are its repetitions and, when it is in force, everything superseded in its slot before:
    whoever deletes "dislikes horror" does not ask for the old "likes horror". Empty when the id
    is unknown.
    """
    groups = _groups(statements)
    target = next((group for group in groups if preference_id in group.members), None)
    if target is None:
        return frozenset()
    gone = set(target.members)
    if target.preference.superseded_at is None:
        slot = slot_of(target.preference)
        for group in groups:
            past = group.preference.superseded_at is not None and group.last < target.last
            if past and slot_of(group.preference) == slot:
                gone.update(group.members)
    return frozenset(gone)


def _groups(statements: Iterable[Preference]) -> list[_Group]:
    """Merge and supersede in order of date; result in order of each group's newest statement."""
    closed: list[_Group] = []
    live: dict[tuple[str, str], dict[str, _Group]] = {}
    ordered = sorted(statements, key=lambda one: one.created_at)
    for position, statement in enumerate(ordered):
        standing = live.setdefault(slot_of(statement), {})
        for kind, group in list(standing.items()):
            if contradict(group.preference, statement):
                closed.append(_superseded(standing.pop(kind), by=statement))
        standing[statement.kind] = _merged(standing.get(statement.kind), statement, position)
    standing_groups = [group for kinds in live.values() for group in kinds.values()]
    return sorted((*closed, *standing_groups), key=lambda group: group.last)


def _merged(group: _Group | None, statement: Preference, position: int) -> _Group:
    fresh = statement.model_copy(update={"superseded_at": None})
    if group is None:
        return _Group(preference=fresh, members=(statement.preference_id,), last=position)
    old = group.preference
    # The words and the turn they were said in belong together; a click has neither.
    said = fresh if fresh.quote or not old.quote else old
    merged = fresh.model_copy(
        update={
            "preference_id": old.preference_id,
            "label": fresh.label or old.label,
            "quote": said.quote,
            "source_turn_id": said.source_turn_id,
            "confidence": max(old.confidence, fresh.confidence),
        }
    )
    members = (*group.members, statement.preference_id)
    return _Group(preference=merged, members=members, last=position)


def _superseded(group: _Group, *, by: Preference) -> _Group:
    marked = group.preference.model_copy(update={"superseded_at": by.created_at})
    return _Group(preference=marked, members=group.members, last=group.last)
