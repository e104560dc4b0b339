"""How a statistical person acts in a session: luck, mood, tiredness, and when to go.

Choice and rating chances come fitted; the rules on mood, tiredness, leaving and the exit interview are set
by hand, for no public data says how real people do these. They are the same for every arm. Of the traits
only activity acts here, on how long somebody stays: conformity, diversity and novelty are already in what
was fitted of the own past.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

import numpy as np

from rec_core import IdMap, UnknownItemError

from .fitting import rating_chances
from .personas import LIKED_FROM
from .types import Leaving, Persona, Reaction

TOLD_LOGIT = 2.2
"""σ(2.2) = .9: how surely somebody takes, unless tired, what the real one did take later."""

_TIRING, _CHEER = 0.15, 0.4
_STAY, _STAY_TIRING, _STAY_MOOD, _STAY_ACTIVE = 1.6, 0.55, 1.2, 1.5
_MEMORY_OF_MOOD = 0.6


@dataclass(frozen=True, kw_only=True)
class Tastes:
    """What is fitted of one person; arrays in catalog order."""

    ids: IdMap
    interest: np.ndarray
    ratings: np.ndarray
    cuts: np.ndarray


class StatisticalPerson:
    """One persona in one session.

    Every item has its own luck, drawn from persona and seed alone: an item that two arms show meets the
    same luck with both, whatever else they showed.
    """

    def __init__(self, persona: Persona, tastes: Tastes, seed: int) -> None:
        self._persona = persona
        self._tastes = tastes
        self._liked = frozenset(persona.hidden_likes)
        self._disliked = frozenset(persona.hidden_dislikes)
        self._history = frozenset(persona.history)
        generator = np.random.default_rng(session_key("person", persona.persona_id, seed))
        self._luck = generator.random((2, len(tastes.ids)), dtype=np.float32)
        self._stay_luck = generator.random(64)
        self._interview_luck = float(generator.normal(0.0, 0.4))
        self._pages = 0
        self._mood = 0.0
        self._values: list[float] = []

    def look(self, shown: Sequence[str]) -> tuple[Reaction, ...]:
        """Take or leave each item; items of the history are not taken again. Raises UnknownItemError."""
        reactions = tuple(self._reaction(item_id) for item_id in shown)
        self._pages += 1
        value = _value_of(reactions)
        self._values.append(value)
        self._mood = _MEMORY_OF_MOOD * self._mood + (1 - _MEMORY_OF_MOOD) * value
        return reactions

    def leave_or_stay(self) -> Leaving:
        """The active and the cheerful stay longer; every page tires."""
        wish = _STAY - _STAY_TIRING * (self._pages - 1) + _STAY_MOOD * self._mood
        wish += _STAY_ACTIVE * (self._persona.traits.activity - 0.5)
        luck = self._stay_luck[self._pages % len(self._stay_luck)]
        return "next" if luck < _chance(wish) else "leave"

    def satisfaction(self) -> float:
        """1 to 10, a whole number, from what the pages were worth on average."""
        if not self._values:
            return 1.0
        mean = sum(self._values) / len(self._values)
        return float(round(1 + 9 * _chance(-1.0 + 3.0 * mean + self._interview_luck)))

    def _reaction(self, item_id: str) -> Reaction:
        if item_id not in self._tastes.ids:
            raise UnknownItemError(f"No item has the id {item_id!r}.")
        row = self._tastes.ids.row(item_id)
        if item_id in self._history or self._luck[0, row] >= self._take_chance(item_id, row):
            return Reaction(item_id=item_id, watched=False)
        rating = self._rating(item_id, row)
        return Reaction(item_id=item_id, watched=True, rating=rating, liked=rating >= LIKED_FROM)

    def _take_chance(self, item_id: str, row: int) -> float:
        logit = float(self._tastes.interest[row])
        if item_id in self._liked or item_id in self._disliked:
            logit = max(logit, TOLD_LOGIT)
        return _chance(logit + _CHEER * self._mood - _TIRING * self._pages)

    def _rating(self, item_id: str, row: int) -> int:
        chances = rating_chances(self._tastes.ratings[row : row + 1], self._tastes.cuts)[0]
        if item_id in self._liked:
            chances[: int(LIKED_FROM) - 1] = 0.0
        elif item_id in self._disliked:
            chances[int(LIKED_FROM) - 1 :] = 0.0
        up_to = np.cumsum(chances)
        # Never past the last star, whatever rounding does.
        place = int(np.searchsorted(up_to, self._luck[1, row] * up_to[-1], side="right"))
        return min(place, len(chances) - 1) + 1


def session_key(*parts: object) -> list[int]:
    """Seed words for a generator, from a stable hash of the parts: order and processes change nothing."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return [int.from_bytes(digest[start : start + 4], "big") for start in range(0, 16, 4)]


def _value_of(reactions: Sequence[Reaction]) -> float:
    """What a page was worth, -1..1: a liked item 1, a disappointing one -.5, a passed one -.25, mean."""
    if not reactions:
        return -1.0
    worth = [
        -0.25 if not reaction.watched else 1.0 if reaction.liked else -0.5 for reaction in reactions
    ]
    return sum(worth) / len(worth)


def _chance(logit: float) -> float:
    return 1.0 / (1.0 + exp(-logit))
