"""What simulated people are, what they face, and what a session leaves behind.

People and arms know each other through these types alone: an arm never sees a persona's hidden likes, and a
person never sees scores, explanations' evidence or anything else that an arm knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Leaving = Literal["next", "leave"]
"""What somebody does after a page: look at the next one, or go."""

Ending = Literal["accepted", "left", "out_of_turns", "out_of_pages", "failed"]
"""Why a session was over."""


@dataclass(frozen=True, kw_only=True)
class Traits:
    """How a person behaves, each in 0..1, as places among all people of the data.

    Attributes:
        activity: How much they take.
        conformity: How near their ratings are to everybody's.
        diversity: Over how many genres their taste is spread.
        novelty: How little known the items are that they take.
    """

    activity: float
    conformity: float
    diversity: float
    novelty: float


@dataclass(frozen=True, kw_only=True)
class Persona:
    """A simulated person, drawn from a real user's past.

    Attributes:
        persona_id: Unique in a study.
        user_id: The user of the data set; not shown to arms that learned from all users' events.
        history: Item ids taken before the split, oldest first: what an arm may know.
        ratings: Ratings of `history`, same order; None where unknown.
        hidden_likes: Item ids liked after the split: the truth an arm must find, never given to one.
        hidden_dislikes: Item ids taken after the split and not liked.
        traits: Behaviour.
    """

    persona_id: str
    user_id: str
    history: tuple[str, ...]
    ratings: tuple[float | None, ...]
    hidden_likes: tuple[str, ...]
    hidden_dislikes: tuple[str, ...]
    traits: Traits


@dataclass(frozen=True, kw_only=True)
class Reaction:
    """What a person did with one item shown.

    Attributes:
        item_id: The item.
        watched: Whether they took it.
        rating: 1 to 5 of what they took; None otherwise.
        liked: Whether it was a good one; None when they did not take it.
    """

    item_id: str
    watched: bool
    rating: int | None = None
    liked: bool | None = None


@dataclass(frozen=True, kw_only=True)
class PageVisit:
    """One page and what came of it. `shown` is in the order of the page; a reaction for each."""

    page: int
    shown: tuple[str, ...]
    reactions: tuple[Reaction, ...]
    leaving: Leaving


@dataclass(frozen=True, kw_only=True)
class ArmReply:
    """What an arm answers to a sentence.

    Attributes:
        text: Its words.
        item_ids: What it shows, best first; may be empty.
        choices: Clickable answers when it asked something back.
        model_calls, tokens, seconds: What it cost.
    """

    text: str
    item_ids: tuple[str, ...]
    choices: tuple[str, ...] = ()
    model_calls: int = 0
    tokens: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One turn of a talk: what the person said, what came back."""

    said: str
    reply: ArmReply


@dataclass(frozen=True, kw_only=True)
class SessionRecord:
    """All that is kept of one session; equal inputs and seeds give equal records, `seconds` aside.

    Attributes:
        arm, persona_id, seed: Which session it is.
        protocol: "browse" or "seek".
        visits: Pages of a browsing session.
        exchanges: Turns of a talk.
        target_id: What a seeking person had in mind.
        hit_turn: 1-based turn in which the target was shown; None if never.
        satisfaction: 1 to 10, from the exit interview; None where none was held.
        ending: Why it was over.
        leaks: How many sentences were stopped by the leak guard (they were said again otherwise).
        failure: What went wrong, in words; "" if nothing did.
        person_calls, person_tokens: What the person cost, where a language model played them.
    """

    arm: str
    persona_id: str
    seed: int
    protocol: str
    visits: tuple[PageVisit, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    target_id: str | None = None
    hit_turn: int | None = None
    satisfaction: float | None = None
    ending: Ending = "left"
    leaks: int = 0
    failure: str = ""
    person_calls: int = 0
    person_tokens: int = 0


class ArmSession(Protocol):
    """One person in front of one recommender."""

    def page(self, size: int) -> tuple[str, ...]:
        """The next `size` item ids, best first, none shown before in this session."""
        ...

    def learn(self, reactions: Sequence[Reaction]) -> None:
        """Take note of what the person did with the last page."""
        ...

    def say(self, text: str) -> ArmReply:
        """Answer a sentence. Raises NotImplementedError where `Arm.converses` is False."""
        ...


class Arm(Protocol):
    """A recommender that people of a study face; picklable by its description, not by its models."""

    @property
    def name(self) -> str:
        """Unique in a study."""
        ...

    @property
    def converses(self) -> bool:
        """Whether `say` works."""
        ...

    def open(self, persona_id: str, history: tuple[str, ...], seed: int) -> ArmSession:
        """A new session; equal arguments give equal sessions."""
        ...
