"""What the graph keeps between its nodes: plain JSON values only, and as few as a resume needs.

What tools found is not kept: the calls are, and running them again gives the same results.
"""

from __future__ import annotations

from operator import add
from typing import Annotated, Any, TypedDict

from pydantic import TypeAdapter

from tools import ToolCall

from ..planning.base import Plan

Json = dict[str, Any]


class TurnState(TypedDict):
    """The state of one turn's thread.

    Attributes:
        base: `turn_count` of the conversation state it started from; a resume from another one
            would overwrite what happened meanwhile, and is refused.
        planner: Index of the planner in use; one past the last means the core itself.
        plan: The newest plan.
        rounds: Calls that were run, a list per round of acting, each with its planner's index.
        notices: What the person must be told so far.
        repair: What the model has to mend; "" when nothing.
        repaired: Whether the one repair was used up.
        spent: Usage so far.
        draft: The grounded answer: slate, text, what was cut.
        outcome: What the commit takes: result, next state, learned, forgotten.
        step: The node to go to next, where a node decides.
    """

    base: int
    planner: int
    plan: Json
    rounds: Annotated[list[Json], add]
    notices: Annotated[list[str], add]
    repair: str
    repaired: bool
    spent: Json
    draft: Json
    outcome: Json
    step: str


class TurnChange(TypedDict, total=False):
    """What a node changes: some of the values of `TurnState`; of the lists, what is added."""

    base: int
    planner: int
    plan: Json
    rounds: list[Json]
    notices: list[str]
    repair: str
    repaired: bool
    spent: Json
    draft: Json
    outcome: Json
    step: str


_PLAN = TypeAdapter(Plan)
_CALLS = TypeAdapter(tuple[ToolCall, ...])


def dump_plan(plan: Plan) -> Json:
    """The plan as JSON values."""
    return _PLAN.dump_python(plan, mode="json")


def load_plan(value: Json) -> Plan:
    """The plan that `dump_plan` wrote."""
    return _PLAN.validate_python(value)


def dump_calls(calls: tuple[ToolCall, ...]) -> list[Json]:
    """Tool calls as JSON values."""
    return _CALLS.dump_python(calls, mode="json")


def load_calls(value: list[Json]) -> tuple[ToolCall, ...]:
    """The calls that `dump_calls` wrote."""
    return _CALLS.validate_python(value)
