"""The vocabulary between those who call tools and the tools: calls, results, hidden context."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict

from rec_core import Candidate, Recommender
from rec_core.dialogue import Utterance

from .bus import CandidateBus


class ToolArguments(BaseModel):
    """Base of every tool's argument model: unknown arguments are an error, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, kw_only=True)
class ToolCall:
    """A request to run one tool. `call_id` ties the result to a model's call; empty otherwise."""

    tool: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    call_id: str = ""


@dataclass(frozen=True, kw_only=True)
class ToolResult:
    """What a tool found, for two readers.

    Attributes:
        text: For a model to read: short, item ids with titles, no prose from item texts beyond a capped quote.
        data: For the program: plain JSON values.
        items: The candidates it put on the bus, best first.
        handle: The bus handle of those candidates ("c1"), or "".
    """

    text: str
    data: Mapping[str, Any] = field(default_factory=dict)
    items: tuple[Candidate, ...] = ()
    handle: str = ""


class PreferenceWriter(Protocol):
    """Where remember_preference and forget_preference put what they were told (agents implement it).

    Nothing is saved before the turn commits; both return a sentence that says what will be noted.
    """

    def remember(self, *, kind: str, subject: str, value: str, quote: str) -> str:
        """Note a preference to be saved with the turn."""
        ...

    def forget(self, *, subject: str, value: str) -> str:
        """Note that a preference is to be dropped with the turn."""
        ...


@dataclass(frozen=True, kw_only=True)
class ToolContext:
    """Identity and state that tools get at run time and no model can set.

    Attributes:
        user_id: Who is speaking; decided by the app layer.
        recommender: The core.
        bus: This conversation's candidate sets.
        history: Item ids this person is known to have liked, oldest first.
        disliked: Item ids never to be shown to this person.
        shown: Item ids shown earlier in this conversation.
        preferences: Where typed preferences go.
        last_slate: Item ids of the last slate, in order, for "the second one".
        dialogue: What was said in this conversation, the new message last.
        rewrite: What a rewriter made of it for the search; "" without one.
    """

    user_id: str
    recommender: Recommender
    bus: CandidateBus
    history: tuple[str, ...] = ()
    disliked: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    last_slate: tuple[str, ...] = ()
    dialogue: tuple[Utterance, ...] = ()
    rewrite: str = ""
    preferences: PreferenceWriter | None = None


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A named function with typed arguments. `description` is written for a model to read."""

    name: str
    description: str
    arguments: type[ToolArguments]
    run: Callable[[Any, ToolContext], ToolResult]


@dataclass(frozen=True, kw_only=True)
class ToolSpec:
    """A tool as a model server wants it: name, description and JSON schema of the arguments."""

    name: str
    description: str
    schema: Mapping[str, Any]
