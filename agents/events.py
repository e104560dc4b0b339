"""A turn as a stream of typed events: the one currency of page, terminal, API, memory and studies."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from .state import Value

EvidenceKind = Literal["field", "request", "liked_item", "seed_item", "preference", "popularity"]


class Evidence(Value):
    """One checkable ground for a reason.

    `kind` says where it can be looked up; `field`/`value` name it ("genres"/"Crime",
    "year"/"1995"); `item_id` is set when the ground is another item.
    """

    kind: EvidenceKind
    field: str = ""
    value: str = ""
    item_id: str | None = None


class SlateItem(Value):
    """One recommended item as shown. Everything but `reason` is rendered from the catalog."""

    item_id: str
    title: str
    year: int | None
    genres: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    reason: str
    evidence: tuple[Evidence, ...]


class Usage(Value):
    """What a turn cost. `tokens` is prompt plus completion; `usd` 0 when the price is unknown."""

    model_calls: int = 0
    tool_calls: int = 0
    tokens: int = 0
    seconds: float = 0.0
    usd: float = 0.0


class TurnResult(Value):
    """The whole outcome of a turn: what `rapport ask --json` prints and the store keeps.

    Attributes:
        notices: Things the person must be told: relaxed constraints, cut items, fallbacks.
        suggestions: Short replies to click next.
        planner: Which planner made the answer: "rules", "structured" or "tool_calling".
        saved: Preferences that were committed with this turn, as shown to people.
    """

    turn_id: str
    conversation_id: str
    text: str
    items: tuple[SlateItem, ...] = ()
    notices: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()
    saved: tuple[str, ...] = ()
    planner: str
    usage: Usage = Field(default_factory=Usage)


class TurnStarted(Value):
    """The user's message was accepted under this id."""

    type: Literal["turn_started"] = "turn_started"
    turn_id: str
    conversation_id: str
    text: str


class PlanMade(Value):
    """A planner decided what to do next; `summary` is one line for people."""

    type: Literal["plan_made"] = "plan_made"
    planner: str
    intent: str
    summary: str
    tools: tuple[str, ...] = ()


class ToolStarted(Value):
    """A tool is about to run."""

    type: Literal["tool_started"] = "tool_started"
    index: int
    tool: str
    arguments: dict[str, Any] = Field(default_factory=dict)


class ToolFinished(Value):
    """A tool ended; `summary` is one line for people; `ok` False for retry or failure."""

    type: Literal["tool_finished"] = "tool_finished"
    index: int
    tool: str
    ok: bool
    summary: str
    seconds: float


class Grounded(Value):
    """What grounding cut or repaired; both empty when all was well."""

    type: Literal["grounded"] = "grounded"
    cut: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


class TextDelta(Value):
    """A piece of the answer's text, already grounded."""

    type: Literal["text_delta"] = "text_delta"
    text: str


class SlateReady(Value):
    """The slate, already grounded."""

    type: Literal["slate_ready"] = "slate_ready"
    items: tuple[SlateItem, ...]


class TurnFinished(Value):
    """The turn is committed: it survives kill -9 from here on. Always the last event."""

    type: Literal["turn_finished"] = "turn_finished"
    result: TurnResult


TurnEvent = (
    TurnStarted
    | PlanMade
    | ToolStarted
    | ToolFinished
    | Grounded
    | TextDelta
    | SlateReady
    | TurnFinished
)
