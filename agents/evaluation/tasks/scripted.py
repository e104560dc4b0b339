"""Agents that know everything or nothing: they show what a suite, its person and its scoring are worth."""

from __future__ import annotations

import hashlib

import numpy as np

from .facts import FactTable
from .keys import KeyedTask
from .listening import Answer
from .person import ScriptedPerson
from .trial import Contestant, Session

_FOOLS_SLATE = 6


class Oracle(Contestant):
    """Knows the answers and what the person is thinking: must pass every trial."""

    def __init__(self, facts: FactTable) -> None:
        self._facts = facts

    def open(self, keyed: KeyedTask, name: str, person: ScriptedPerson) -> Session:
        """A session that looks into the person's head."""
        del name
        return _OracleSession(keyed, person, self._facts)


class _OracleSession(Session):
    def __init__(self, keyed: KeyedTask, person: ScriptedPerson, facts: FactTable) -> None:
        self._keyed = keyed
        self._person = person
        self._facts = facts

    def reply(self, text: str) -> Answer:
        """One right item; while more is to come, one that fits what was said so far."""
        del text
        if not self._person.has_steps:
            right = sorted(self._keyed.valid - self._person.rejected)
            return _showing(right[0]) if right else _NOTHING
        return next((_showing(one) for one in self._facts.rows if self._is_fine(one)), _NOTHING)

    def _is_fine(self, item_id: str) -> bool:
        row = self._facts.rows[item_id]
        genres = row.get("genres")
        kinds = {one.casefold() for one in genres} if isinstance(genres, tuple) else set()
        return (
            all(one.holds(row) for one in self._person.said)
            and item_id not in self._keyed.history | self._keyed.forbidden
            and item_id not in self._person.rejected
            and kinds.isdisjoint(one.casefold() for one in self._person.task.forbidden.genres)
        )


class Fool(Contestant):
    """Shows six items at random, whatever is said, and is pleased with them."""

    def __init__(self, facts: FactTable) -> None:
        self._ids = tuple(facts.rows)

    def open(self, keyed: KeyedTask, name: str, person: ScriptedPerson) -> Session:
        """A session whose chance is in the trial's name."""
        del keyed, person
        seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
        return _FoolSession(self._ids, np.random.default_rng(seed))


class _FoolSession(Session):
    def __init__(self, ids: tuple[str, ...], generator: np.random.Generator) -> None:
        self._ids = ids
        self._generator = generator

    def reply(self, text: str) -> Answer:
        """Six at random."""
        del text
        number = min(_FOOLS_SLATE, len(self._ids))
        places = self._generator.choice(len(self._ids), size=number, replace=False)
        return Answer(
            text="Here are some films that you will love.",
            item_ids=tuple(self._ids[int(place)] for place in places),
        )


class Refuser(Contestant):
    """Says that there is nothing, always: what it passes, an agent may pass for the wrong reason."""

    def open(self, keyed: KeyedTask, name: str, person: ScriptedPerson) -> Session:
        """The same session for everybody."""
        del keyed, name, person
        return _RefuserSession()


class _RefuserSession(Session):
    def reply(self, text: str) -> Answer:
        """Nothing."""
        del text
        return _NOTHING


_NOTHING = Answer(text="I am sorry, nothing in the catalog fits all of that.")


def _showing(item_id: str) -> Answer:
    return Answer(text="Here is one for you.", item_ids=(item_id,))
