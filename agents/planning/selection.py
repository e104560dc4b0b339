"""Which planners a conversation gets, best first, by what is configured and what the model can do."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from rec_core import Recommender
from tools import Toolbox

from ..llm.chat import ChatModel, LLMOptions
from ..llm.ledger import Ledger
from ..llm.models import ModelChoices, PlannerSetting
from ..llm.probing import (
    ModelProbe as ModelProbe,
    probe_in_background,
    probe_model as probe_model,
)
from ..llm.served import ServedModel
from ..llm.structured import StructuredModel
from ..understanding import Reader
from .base import Plan, Planner, TurnView
from .rules import RulesPlanner
from .tool_calling import ToolCallingPlanner, ToolsRefused

_REMEMBERED_TURNS = 1_000


class ServedPlanner:
    """The best planner that a server allows: by tool calls, or by JSON under a schema.

    Which one is known from a probe, or comes out when the server refuses tools: then the other one
    takes over in the same turn. A turn that was begun by one is ended by it.

    Args:
        chat: The model.
        calling: Plans by tool calls.
        structured: Makes the planner by JSON, once and only when it is needed.
    """

    def __init__(
        self, *, chat: ChatModel, calling: Planner, structured: Callable[[], Planner]
    ) -> None:
        self._chat = chat
        self._calling = calling
        self._make_structured = structured
        self._was_probed = False
        self._lock = threading.Lock()
        self._begun: OrderedDict[str, Planner] = OrderedDict()

    @property
    def name(self) -> str:
        """The name of the planner that a turn would get now."""
        return "structured" if self._is_structured else "tool_calling"

    def plan(self, view: TurnView) -> Plan:
        """The plan of the planner in use.

        Raises:
            PlannerFailed: It cannot plan.
            BudgetExceeded: A limit of the turn ran out.
        """
        try:
            plan = self._planner_of(view).plan(view)
        except ToolsRefused:
            self._remember(view.turn_id, self._structured)
            plan = self._structured.plan(view)
        if plan.final and not self._was_probed:
            self._was_probed = True
            probe_in_background(self._chat)
        return plan

    @cached_property
    def _structured(self) -> Planner:
        return self._make_structured()

    @property
    def _is_structured(self) -> bool:
        return self._chat.book.abilities.planner == "structured"

    def _best(self) -> Planner:
        return self._structured if self._is_structured else self._calling

    def _planner_of(self, view: TurnView) -> Planner:
        with self._lock:
            begun = self._begun.get(view.turn_id)
        if begun is None or not (view.outcomes or view.repair):
            begun = self._best()
            self._remember(view.turn_id, begun)
        return begun

    def _remember(self, turn_id: str, planner: Planner) -> None:
        with self._lock:
            self._begun[turn_id] = planner
            while len(self._begun) > _REMEMBERED_TURNS:
                self._begun.popitem(last=False)


def build_planners(
    *,
    recommender: Recommender,
    toolbox: Toolbox,
    llm: LLMOptions | None = None,
    ledger: Ledger | None = None,
    models: ModelChoices | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> tuple[Planner, ...]:
    """The planners in order of ability; each is the fallback of the one before, the rules the last.

    Args:
        recommender: The core.
        toolbox: What a model may call.
        llm: Where the model is; None when there is none. A short way of saying `models`.
        ledger: Gets every model call made by way of `llm`.
        models: What models there are, and who is to plan; wins over `llm`.
        clock: When preferences are dated.
    """
    if models is None:
        models = ModelChoices(chat=ChatModel(llm, ledger=ledger) if llm is not None else None)
    rules = RulesPlanner(recommender, clock=clock)
    if models.setting == "rules":
        return (rules,)
    makers = _Makers(recommender, toolbox, clock)
    planners: list[Planner] = []
    if models.chat is not None and models.setting != "embedded":
        planners.append(makers.served(models.chat, models.setting))
    if models.embedded is not None:
        planners.append(makers.structured(models.embedded))
    return (*planners, rules)


@dataclass(frozen=True)
class _Makers:
    """Makes planners around the same parts."""

    recommender: Recommender
    toolbox: Toolbox
    clock: Callable[[], datetime]

    def served(self, chat: ChatModel, setting: PlannerSetting) -> Planner:
        if setting == "structured":
            return self.structured(ServedModel(chat))
        calling = ToolCallingPlanner(
            chat=chat,
            toolbox=self.toolbox,
            catalog=self.recommender.catalog,
            reader=Reader(self.recommender),
        )
        if setting == "tools":
            return calling
        return ServedPlanner(
            chat=chat, calling=calling, structured=lambda: self.structured(ServedModel(chat))
        )

    def structured(self, model: StructuredModel) -> Planner:
        from .structured import StructuredPlanner  # only where a model writes JSON

        return StructuredPlanner(self.recommender, model, clock=self.clock)
