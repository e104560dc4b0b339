"""The seam between people and sessions: who answers for a persona, whatever moves them.

Engines are statistical or a language model; sessions know these protocols alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from ..errors import AgentError
from .types import Leaving, Persona, Reaction


class PersonFailed(AgentError):
    """A simulated person could not go on; `reason` is one plain phrase. The session ends as failed."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@runtime_checkable
class Costly(Protocol):
    """A person played by a model, who counts calls and tokens."""

    @property
    def model_calls(self) -> int:
        """Calls so far."""
        ...

    @property
    def tokens(self) -> int:
        """Tokens so far."""
        ...


class Person(Protocol):
    """One persona in one session: has a mood, gets tired."""

    def look(self, shown: Sequence[str]) -> tuple[Reaction, ...]:
        """Take or leave each item of the next page; a reaction for each, in order."""
        ...

    def leave_or_stay(self) -> Leaving:
        """What to do after the last page looked at."""
        ...

    def satisfaction(self) -> float:
        """The exit interview: 1 to 10."""
        ...


class PeopleEngine(Protocol):
    """Makes people."""

    @property
    def name(self) -> str:
        """Names engine and model in reports: "statistical", "llm:<model>"."""
        ...

    def open(self, persona: Persona, seed: int) -> Person:
        """The person at the start of a session. Equal arguments give people who act equally.

        The arm is no argument: one person meets every arm with the same luck, which makes paired
        comparisons of arms sharper.
        """
        ...
