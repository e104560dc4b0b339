"""Recommenders as people of a study face them: a page of items at a time, or answers to sentences.

An arm learned from what is visible alone. A session holds what it was told in that session and nothing
of any other, so sessions may be held in any order and anywhere.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

from rec_core import IdMap, Recommender, RecommendRequest, Scorer

from ..simulation.types import ArmReply, Reaction

if TYPE_CHECKING:
    from ..agent import ConversationalRecommender
    from ..events import TurnResult

SHOWN_A_TURN = 5
"""How many items count of the answer to a sentence, for every arm."""


def _nothing() -> None:
    """No check."""


class RankingArm(Protocol):
    """An arm that can put the whole catalog in order."""

    def scores(self, persona_id: str, history: tuple[str, ...], seed: int) -> np.ndarray:
        """(n_items,) higher is better; items of the history are scored like any other."""
        ...


@dataclass(frozen=True)
class ScorerArm:
    """A model that scores the catalog for a history; what people take is added to it.

    It hears no words: in a talk it shows its next items whatever is said, which is the mark that words
    must beat.
    """

    name: str
    scorer: Scorer
    ids: IdMap
    converses: bool = False

    def open(self, persona_id: str, history: tuple[str, ...], seed: int) -> ScorerSession:
        """A session that starts from the history; nothing is random."""
        del persona_id, seed
        return ScorerSession(self, history)

    def scores(self, persona_id: str, history: tuple[str, ...], seed: int) -> np.ndarray:
        """As `RankingArm`."""
        del persona_id, seed
        return self.scorer.score([rows_of(self.ids, history)])[0]


class ScorerSession:
    """Goes down the ranking, which is made anew when the person has taken something."""

    def __init__(self, arm: ScorerArm, history: tuple[str, ...]) -> None:
        self._arm = arm
        self._taken = list(rows_of(arm.ids, history))
        self._left_out = set(self._taken)
        self._order: np.ndarray | None = None

    def page(self, size: int) -> tuple[str, ...]:
        """The next items; ties by catalog order."""
        if self._order is None:
            history = np.array(self._taken, dtype=np.int64)
            self._order = np.argsort(-self._arm.scorer.score([history])[0], kind="stable")
        return _next_items(self._order, self._left_out, self._arm.ids, size)

    def learn(self, reactions: Sequence[Reaction]) -> None:
        """What was taken becomes the newest part of the history, liked or not: as a log would have it."""
        taken = [self._arm.ids.row(one.item_id) for one in reactions if one.watched]
        if taken:
            self._taken += taken
            self._order = None

    def say(self, text: str) -> ArmReply:
        """The next items, whatever was said. Raises NotImplementedError in an arm for pages."""
        if not self._arm.converses:
            raise NotImplementedError
        del text
        return ArmReply(text="What about these?", item_ids=self.page(SHOWN_A_TURN))


@dataclass(frozen=True)
class RandomArm:
    """Any items, all alike: the bad recommender that a sound study must find bad."""

    name: str
    ids: IdMap
    converses: bool = False

    def open(self, persona_id: str, history: tuple[str, ...], seed: int) -> RandomSession:
        """A session in an order of its own."""
        return RandomSession(self, history, self.scores(persona_id, history, seed))

    def scores(self, persona_id: str, history: tuple[str, ...], seed: int) -> np.ndarray:
        """As `RankingArm`; drawn from seed, person and name, so that nothing else draws the same."""
        del history
        salt = zlib.crc32(f"{self.name}/{persona_id}".encode())
        return np.random.default_rng([seed, salt]).random(len(self.ids))


class RandomSession:
    """Goes down a random order."""

    def __init__(self, arm: RandomArm, history: tuple[str, ...], scores: np.ndarray) -> None:
        self._arm = arm
        self._left_out = set(rows_of(arm.ids, history))
        self._order = np.argsort(-scores, kind="stable")

    def page(self, size: int) -> tuple[str, ...]:
        """The next items."""
        return _next_items(self._order, self._left_out, self._arm.ids, size)

    def learn(self, reactions: Sequence[Reaction]) -> None:
        """Nothing is learned."""

    def say(self, text: str) -> ArmReply:
        """The next items, whatever was said. Raises NotImplementedError in an arm for pages."""
        if not self._arm.converses:
            raise NotImplementedError
        del text
        return ArmReply(text="What about these?", item_ids=self.page(SHOWN_A_TURN))


@dataclass(frozen=True)
class SearchArm:
    """The recommender with all that was said as the query, and no dialogue: words without an agent."""

    name: str
    recommender: Recommender
    converses: bool = True

    def open(self, persona_id: str, history: tuple[str, ...], seed: int) -> SearchSession:
        """A session that starts from the history; nothing is random."""
        del persona_id, seed
        return SearchSession(self.recommender, history)


class SearchSession:
    """Asks the recommender for the next items that fit the history and everything said so far."""

    def __init__(self, recommender: Recommender, history: tuple[str, ...]) -> None:
        self._recommender = recommender
        self._history = tuple(one for one in history if one in recommender.catalog)
        self._disliked: tuple[str, ...] = ()
        self._said: tuple[str, ...] = ()
        self._shown: tuple[str, ...] = ()

    def page(self, size: int) -> tuple[str, ...]:
        """The next items."""
        found = self._recommender.recommend(
            RecommendRequest(
                k=len(self._shown) + size,
                history=self._history,
                disliked=self._disliked,
                query=" ".join(self._said),
                diversity=0.0,
            )
        )
        fresh = [one.item_id for one in found.candidates if one.item_id not in self._shown][:size]
        self._shown += tuple(fresh)
        return tuple(fresh)

    def learn(self, reactions: Sequence[Reaction]) -> None:
        """What was taken is history."""
        self._history += tuple(one.item_id for one in reactions if one.watched)

    def say(self, text: str) -> ArmReply:
        """The next items for all that was said."""
        self._said += (text,)
        return ArmReply(text="What about these?", item_ids=self.page(SHOWN_A_TURN))


class AgentSource(Protocol):
    """Opens agents for sessions."""

    def __call__(self) -> ConversationalRecommender:
        """An agent whose memory is empty and belongs to the caller alone."""
        ...


@dataclass(frozen=True)
class AgentArm:
    """The whole agent, as people talk to it, each session with a memory of its own.

    Attributes:
        name: In the study.
        new_agent: Opens it.
        users: Persona → user of the visible data, whose history the agent looks up itself.
        planner: Who is to plan, as `TurnResult.planner` names it.
        check_turn: Called after every turn; raises when the turn must not count.
        fallbacks: Who planned instead, turn by turn of the session that was opened last; empty when the
            planner did all of it.
    """

    name: str
    new_agent: AgentSource
    users: Mapping[str, str]
    planner: str
    check_turn: Callable[[], None] = _nothing
    fallbacks: list[str] = field(default_factory=list)
    converses: bool = True

    def open(self, persona_id: str, history: tuple[str, ...], seed: int) -> AgentSession:
        """A new conversation; the agent knows the visible history from its data."""
        del history, seed
        self.fallbacks.clear()
        return AgentSession(self, self.users.get(persona_id, persona_id))


class AgentSession:
    """One conversation of one person with the agent."""

    def __init__(self, arm: AgentArm, user_id: str) -> None:
        self._arm = arm
        self._agent = agent = arm.new_agent()
        self._user_id = user_id
        self._turns = self._clicks = 0
        self._shown: set[str] = set()
        self._conversation_id = agent.store.create_conversation(
            user_id, conversation_id="study"
        ).conversation_id

    def page(self, size: int) -> tuple[str, ...]:
        """Asked for in words, as a page has no other way with an agent."""
        text = f"show me {size} more" if self._shown else f"recommend {size} for me"
        return self.say(text).item_ids[:size]

    def learn(self, reactions: Sequence[Reaction]) -> None:
        """Told by the buttons under what was shown."""
        for one in reactions:
            if one.liked is not None:
                kind = "like" if one.liked else "dislike"
                self._clicks += 1
                self._agent.store.record_feedback(
                    self._user_id,
                    self._conversation_id,
                    f"study-click-{self._clicks}",
                    one.item_id,
                    self._agent.recommender.catalog[one.item_id].label,
                    kind,
                )

    def say(self, text: str) -> ArmReply:
        """The agent's turn; what it had shown before does not count again, nor more than all arms show."""
        from ..agent import UserMessage  # costs the whole turn, which few arms need

        self._turns += 1
        result = self._agent.reply(
            UserMessage(
                user_id=self._user_id,
                conversation_id=self._conversation_id,
                turn_id=f"study-{self._turns}",
                text=text,
            )
        )
        self._arm.check_turn()
        if result.planner != self._arm.planner:
            self._arm.fallbacks.append(result.planner)
        state = self._agent.store.state(self._user_id, self._conversation_id)
        return self._reply(result, is_question=state.asked)

    def _reply(self, result: TurnResult, *, is_question: bool) -> ArmReply:
        fresh = tuple(one.item_id for one in result.items if one.item_id not in self._shown)
        fresh = fresh[:SHOWN_A_TURN]
        self._shown.update(fresh)
        return ArmReply(
            text=result.text,
            item_ids=fresh,
            choices=result.suggestions if is_question else (),
            model_calls=result.usage.model_calls,
            tokens=result.usage.tokens,
            seconds=result.usage.seconds,
        )


def rows_of(ids: IdMap, item_ids: Sequence[str]) -> np.ndarray:
    """Catalog rows of those item ids that the catalog has, order kept."""
    return np.array([ids.row(one) for one in item_ids if one in ids], dtype=np.int64)


def _next_items(order: np.ndarray, left_out: set[int], ids: IdMap, size: int) -> tuple[str, ...]:
    """The first `size` rows of an order that were not left out, which are left out from now on."""
    found: list[int] = []
    for row in order.tolist():
        if len(found) == size:
            break
        if row not in left_out:
            found.append(row)
    left_out.update(found)
    return tuple(ids.ids[row] for row in found)
