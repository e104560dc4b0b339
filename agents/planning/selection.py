"""Which planners a conversation gets, best first, by what the model can do.

A planner for small models under a schema ("structured") becomes one more line in `build_planners`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from langchain_core.messages import HumanMessage

from rec_core import Recommender
from tools import Toolbox, ToolSpec

from ..budget import BudgetMeter, TurnLimits
from ..llm.chat import ChatModel, LLMOptions, ModelFailed
from ..llm.ledger import Ledger
from ..understanding import Reader
from .base import Planner
from .rules import RulesPlanner
from .tool_calling import ToolCallingPlanner

_PROBE = ToolSpec(
    name="say_colour",
    description="Tells the colour of a thing.",
    schema={
        "type": "object",
        "properties": {"colour": {"type": "string", "description": "One word."}},
        "required": ["colour"],
    },
)
_QUESTION = "Which colour has the sky on a clear day? Answer by calling the tool."


@dataclass(frozen=True, kw_only=True)
class ModelProbe:
    """What a model was seen to do. `problem` is a plain phrase, "" when it answered."""

    answers: bool
    calls_tools: bool
    problem: str = ""


def build_planners(
    *,
    recommender: Recommender,
    toolbox: Toolbox,
    llm: LLMOptions | None = None,
    ledger: Ledger | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> tuple[Planner, ...]:
    """The planners in order of ability; each is the fallback of the one before.

    Without a model the rules alone. With one, tool calling first: whether the model can is found out
    by asking it in the first turn, and a server that offers no tools is not asked again.

    Args:
        recommender: The core.
        toolbox: What a model may call.
        llm: Where the model is; None when there is none.
        ledger: Gets every model call.
        clock: When preferences are dated.
    """
    rules = RulesPlanner(recommender, clock=clock)
    if llm is None:
        return (rules,)
    calling = ToolCallingPlanner(
        chat=ChatModel(llm, ledger=ledger),
        toolbox=toolbox,
        catalog=recommender.catalog,
        reader=Reader(recommender),
    )
    return (calling, rules)


def probe_model(chat: ChatModel) -> ModelProbe:
    """Ask for one tool call and look at what comes: what `rapport doctor` reports."""
    meter = BudgetMeter(TurnLimits(model_calls=2))
    message = HumanMessage(_QUESTION)
    try:
        reply = chat.reply([message], tools=[_PROBE], prompt=("probe", ""), meter=meter)
    except ModelFailed as fault:
        return ModelProbe(answers=False, calls_tools=False, problem=fault.phrase)
    calls_tools = any(call.name == _PROBE.name for call in reply.calls)
    problem = "" if calls_tools else "the model answered without calling the tool"
    return ModelProbe(answers=True, calls_tools=calls_tools, problem=problem)
