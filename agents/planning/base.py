"""The one output type of all planners, and what a planner gets to see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from tools import ToolCall, ToolResult

from ..budget import BudgetMeter
from ..state import ConversationState, Preference, Wish

Intent = Literal[
    "recommend",  # a wish, new or refined, leads to a slate
    "more",  # the same wish, other items
    "explain",  # why was this shown
    "compare",
    "details",  # look up facts of an item
    "feedback",  # liked / disliked / seen something
    "remember",  # "forget that", "remember that I …", "what do you know about me"
    "ask",  # a question back
    "chat",  # thanks, hello, help
    "unknown",
]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to do next in this turn.

    Attributes:
        planner: Name of the planner that made it.
        intent: What the person is after.
        summary: One line for people, shown in the accordion.
        calls: Tool calls, run in order.
        wish: The wish as understood now; becomes the conversation's wish. None = unchanged.
        say: Text for the person that needs no slate (small talk, a question). May be "".
        learned: Long-term preferences stated in the person's own words.
        rejected_item_ids: Items the person refused in this turn.
        seen_item_ids: Items the person said to know already.
        notices: Things to be told ("I don't know a film called X").
        suggestions: Short replies to click next.
        final: True when the answer can be grounded after `calls`; False = plan again with results.
        relaxed: Names of hard Wish fields that `notices` say were not held to in this slate
            ("year_min", "genres_all", …). "not …" fields are never in here.
        focus_item_id: The item this turn is about; "it" means this one next. None = unchanged.
        asks: True when the answer ends in a question to the person (next state's `asked`).
        asks_about: The attribute that a question with clickable answers is about ("genre", …), "" for
            none. `say` holds the question; where `say` is empty, the answer's template gets it.
    """

    planner: str
    intent: Intent
    summary: str
    calls: tuple[ToolCall, ...] = ()
    wish: Wish | None = None
    say: str = ""
    learned: tuple[Preference, ...] = ()
    rejected_item_ids: tuple[str, ...] = ()
    seen_item_ids: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()
    final: bool = True
    relaxed: tuple[str, ...] = ()
    focus_item_id: str | None = None
    asks: bool = False
    asks_about: str = ""


@dataclass(frozen=True, kw_only=True)
class ToolOutcome:
    """A call with what came of it: a result, or an error text (`retryable` for ToolRetry)."""

    call: ToolCall
    result: ToolResult | None = None
    error: str = ""
    retryable: bool = False


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """An earlier turn of this conversation, for context."""

    user_text: str
    reply_text: str
    item_ids: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TurnView:
    """All that a planner may know in one turn.

    Attributes:
        turn_id: The turn's stable id.
        text: What the person just said.
        state: Short-term state before this turn.
        preferences: Long-term preferences in force.
        relevant: Those of them that matter for this turn, rules first; all when they are few.
        exchanges: Earlier turns, oldest first, trimmed.
        summary: Facts of the turns before these, for a model; "" in a short conversation.
        outcomes: Tool outcomes of this turn so far, in order.
        repair: What grounding found wrong with the last attempt; "" at first.
        meter: What this turn may still cost; a planner that asks a model charges it.
        hear: Takes a model's words piece by piece while they come, from another thread; what of
            them is backed already is told at once. None when nobody listens.
    """

    turn_id: str
    text: str
    state: ConversationState
    preferences: tuple[Preference, ...] = ()
    relevant: tuple[Preference, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    summary: str = ""
    outcomes: tuple[ToolOutcome, ...] = ()
    repair: str = ""
    meter: BudgetMeter | None = None
    hear: Callable[[str], None] | None = None


class Planner(Protocol):
    """Turns a view into a plan. Raises `PlannerFailed` when it cannot; the turn then falls back."""

    @property
    def name(self) -> str:
        """The name that results carry: "rules", "structured" or "tool_calling"."""
        ...

    def plan(self, view: TurnView) -> Plan:
        """What to do next; called again with the outcomes while a plan is not final."""
        ...
