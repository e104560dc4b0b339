"""The turn as a LangGraph graph: recall → plan → act ⟲ → ground → answer → remember.

Planners only plan; order, budget, fallback, grounding and the commit belong to the graph.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from rec_core import Recommender

from ..budget import CALLS_PER_MESSAGE, ROUNDS_PER_PLANNER
from ..constraints import conditions_of
from ..errors import BudgetExceeded, PlannerFailed
from ..events import (
    Grounded,
    PlanMade,
    SlateReady,
    TextDelta,
    TurnEvent,
    TurnFinished,
    TurnResult,
)
from ..grounding import Grounds, Verdict, ground, named_items
from ..llm.live import LiveWords
from ..memory import ConversationStore
from ..planning.base import Plan, Planner
from ..planning.core import CorePlanner
from ..state import ConversationState, Preference, Wish
from .learning import plan_learning, read_learning
from .outcome import Draft, outcome_of
from .run import TurnContext, recall
from .state import Json, TurnChange, TurnState, dump_calls, dump_plan, load_calls, load_plan
from .wording import cut_notice, fallback_notice, limit_reason, set_aside_notice

_LOG = logging.getLogger(__name__)

# The structured planner's words, slates and calls are made by code from what the model read.
MODEL_PLANNERS = frozenset({"tool_calling"})
_DEFAULT_SLATE = 6
_SLATE_INTENTS = frozenset({"recommend", "more"})
_GIVEN_ITEMS_INTENTS = frozenset({"explain", "compare", "details"})
_WORDS_PER_DELTA = 3
_PIECE = re.compile(rf"(?:\S+\s*){{1,{_WORDS_PER_DELTA}}}|\s+")

TurnGraph = CompiledStateGraph[TurnState, TurnContext, TurnState, TurnState]


@dataclass(frozen=True, kw_only=True)
class TurnParts:
    """What all turns share."""

    recommender: Recommender
    store: ConversationStore
    planners: tuple[Planner, ...]


def build_graph(parts: TurnParts, checkpointer: BaseCheckpointSaver[Any]) -> TurnGraph:
    """Compile the graph; a turn runs under its turn id as thread id."""
    nodes = TurnNodes(parts)
    graph = StateGraph(TurnState, context_schema=TurnContext)
    graph.add_node("recall", nodes.recall)
    graph.add_node("plan", nodes.plan)
    graph.add_node("act", nodes.act)
    graph.add_node("ground", nodes.ground)
    graph.add_node("answer", nodes.answer)
    graph.add_node("remember", nodes.remember)
    graph.add_edge(START, "recall")
    graph.add_edge("recall", "plan")
    graph.add_edge("plan", "act")
    graph.add_conditional_edges("act", _step, ["plan", "ground"])
    graph.add_conditional_edges("ground", _step, ["plan", "answer"])
    graph.add_edge("answer", "remember")
    graph.add_edge("remember", END)
    return graph.compile(checkpointer=checkpointer)


def _step(state: TurnState) -> str:
    return state["step"]


class TurnNodes:
    """The nodes. Each reads the checkpointed state and the run, and returns what it changed."""

    def __init__(self, parts: TurnParts) -> None:
        self._parts = parts
        self._planners: tuple[Planner, ...] = (*parts.planners, CorePlanner())

    def recall(self, state: TurnState, runtime: Runtime[TurnContext]) -> TurnChange:
        """Load conversation, preferences and clicks."""
        del state
        self._recall(runtime.context)
        base = runtime.context.run.recalled.state.turn_count
        return {"base": base, "planner": 0, "repair": "", "repaired": False}

    def plan(self, state: TurnState, runtime: Runtime[TurnContext]) -> TurnChange:
        """Ask the planner in use; when it cannot, the next one."""
        context, run = runtime.context, runtime.context.run
        self._catch_up(state, context)
        index, repair, notices = state["planner"], state["repair"], []
        while True:
            run.meter.check_stopped()
            run.meter.is_last_planner = index >= len(self._parts.planners) - 1
            if run.planner_index != index:
                run.begin_attempt(index, context)
            if self._planners[index].name in MODEL_PLANNERS and not repair:
                run.live = self._live_words(index, context, runtime.stream_writer)
            plan, reason = self._ask(index, context, repair, n_rounds=_rounds_of(state, index))
            if run.live is not None:
                run.live.stop()
            if plan is not None:
                break
            notices.append(fallback_notice(self._planners[index].name, self._next(index), reason))
            index, repair = index + 1, ""
        tools = tuple(call.tool for call in plan.calls)
        runtime.stream_writer(
            PlanMade(planner=plan.planner, intent=plan.intent, summary=plan.summary, tools=tools)
        )
        return {
            "plan": dump_plan(plan),
            "planner": index,
            "notices": notices,
            "repair": "",
            "spent": run.meter.usage.model_dump(),
        }

    def act(self, state: TurnState, runtime: Runtime[TurnContext]) -> TurnChange:
        """Run the plan's tool calls."""
        context, run = runtime.context, runtime.context.run
        self._catch_up(state, context)
        plan, index = load_plan(state["plan"]), state["planner"]
        run.heed(plan)
        done, fault = [], ""
        outcomes = []
        for call in plan.calls[:CALLS_PER_MESSAGE]:
            try:
                if index < len(self._parts.planners):
                    run.meter.charge_tool_call()
                else:
                    run.meter.count_tool_call()
            except BudgetExceeded as limit:
                fault = limit_reason(limit.limit, run.meter.limits)
                break
            outcomes.append(run.act(call, context, runtime.stream_writer))
            done.append(call)
        changes: TurnChange = {
            "rounds": [{"planner": index, "calls": dump_calls(tuple(done))}],
            "spent": run.meter.usage.model_dump(),
        }
        if fault:
            notice = fallback_notice(plan.planner, self._next(index), fault)
            return {**changes, "step": "plan", "planner": index + 1, "notices": [notice]}
        mendable = plan.planner in MODEL_PLANNERS and any(one.retryable for one in outcomes)
        return {**changes, "step": "ground" if plan.final and not mendable else "plan"}

    def ground(self, state: TurnState, runtime: Runtime[TurnContext]) -> TurnChange:
        """Check slate and text; send a model back once, cut what is left wrong."""
        context, run = runtime.context, runtime.context.run
        self._catch_up(state, context)
        plan = load_plan(state["plan"])
        is_model = plan.planner in MODEL_PLANNERS
        grounds = self._grounds(plan, context)
        wanted, text = self._proposal(plan, context, grounds)
        verdict = ground(wanted, text, grounds, is_model_prose=is_model)
        if is_model and verdict.problems and not state["repaired"] and run.meter.model_calls_left:
            return {"step": "plan", "repaired": True, "repair": "\n".join(verdict.problems)}
        if is_model and _is_useless(plan, wanted, verdict):
            reason = "the language model's answer could not be backed by the catalog"
            notice = fallback_notice(plan.planner, self._next(state["planner"]), reason)
            return {"step": "plan", "planner": state["planner"] + 1, "notices": [notice]}
        notices = [*cut_notice(verdict)]
        if grounds.conditions is not None and verdict.item_ids:
            notices += set_aside_notice(grounds.conditions.set_aside)
        runtime.stream_writer(Grounded(cut=verdict.cut, notices=tuple(notices)))
        draft = {"item_ids": list(verdict.item_ids), "text": verdict.text}
        return {"step": "answer", "draft": draft, "notices": notices}

    def answer(self, state: TurnState, runtime: Runtime[TurnContext]) -> TurnChange:
        """Put text, cards and reasons together and stream them."""
        context = runtime.context
        self._catch_up(state, context)
        context.run.meter.check_stopped()
        outcome = self._outcome(state, context)
        result = TurnResult.model_validate(outcome["result"])
        if result.items:
            runtime.stream_writer(SlateReady(items=result.items))
        # What was told while the model spoke is not told again.
        told = context.run.live.told if context.run.live is not None else ""
        rest = result.text[len(told) :] if result.text.startswith(told) else result.text
        for piece in text_pieces(rest):
            runtime.stream_writer(TextDelta(text=piece))
        return {"outcome": outcome}

    def remember(self, state: TurnState, runtime: Runtime[TurnContext]) -> TurnChange:
        """Commit. Only what is committed is told as finished."""
        context, outcome = runtime.context, state["outcome"]
        context.run.meter.check_stopped()
        usage = context.run.meter.usage
        result = TurnResult.model_validate(outcome["result"]).model_copy(update={"usage": usage})
        self._parts.store.commit_turn(
            context.user_id,
            context.conversation_id,
            context.turn_id,
            result,
            ConversationState.model_validate(outcome["state"]),
            [Preference.model_validate(one) for one in outcome["learned"]],
            outcome["forgotten"],
            paused={"pause": True, "resume": False}.get(outcome.get("learning", "")),
        )
        runtime.stream_writer(TurnFinished(result=result))
        return {}

    def _recall(self, context: TurnContext) -> None:
        parts, run = self._parts, context.run
        run.recalled = recall(
            parts.store,
            parts.recommender,
            context.user_id,
            context.conversation_id,
            now=run.now(),
        )
        run.was_recalled = True

    def _catch_up(self, state: TurnState, context: TurnContext) -> None:
        """In a process that did not begin this turn: recall, and run the recorded calls again."""
        run = context.run
        if run.was_recalled:
            return
        self._recall(context)
        index = state["planner"]
        run.meter.is_last_planner = index >= len(self._parts.planners) - 1
        run.begin_attempt(index, context)
        if state.get("plan"):
            run.heed(load_plan(state["plan"]))
        for past in state.get("rounds", []):
            if past["planner"] == index:
                for call in load_calls(past["calls"]):
                    run.redo(call, context)

    def _ask(
        self, index: int, context: TurnContext, repair: str, *, n_rounds: int
    ) -> tuple[Plan | None, str]:
        """A plan, or None and the reason why not."""
        run, planner = context.run, self._planners[index]
        is_core = index == len(self._planners) - 1
        try:
            if n_rounds >= ROUNDS_PER_PLANNER:
                return None, "planning went round in circles"
            command = self._learning_plan(context)
            if command is not None:
                return command, ""
            if planner.name in MODEL_PLANNERS:
                run.look_back(self._parts.store, context)
            return planner.plan(run.view(context, repair)), ""
        except PlannerFailed as fault:
            return None, fault.reason
        except BudgetExceeded as fault:
            return None, limit_reason(fault.limit, run.meter.limits)
        # The outermost edge of a planner: a fault of ours must not end the conversation.
        except Exception as fault:
            run.meter.check_stopped()
            if is_core:
                raise
            _LOG.exception("planner %s failed (%s)", planner.name, type(fault).__name__)
            return None, "something went wrong while planning"

    def _learning_plan(self, context: TurnContext) -> Plan | None:
        """The plan for "stop learning about me" and its like, whoever the planner is."""
        command = read_learning(context.text)
        if command is None:
            return None
        store = self._parts.store
        newest = store.turns(context.user_id, context.conversation_id, limit=1)
        just_noted = [
            one
            for one in context.run.recalled.preferences
            if newest and one.source_turn_id == newest[-1].turn_id
        ]
        is_paused = store.is_paused(context.user_id)
        return plan_learning(command, is_paused=is_paused, just_noted=just_noted)

    def _next(self, index: int) -> str:
        return self._planners[min(index + 1, len(self._planners) - 1)].name

    def _live_words(
        self, index: int, context: TurnContext, write: Callable[[TurnEvent], None]
    ) -> LiveWords:
        """Tells a model's sentences as they come, as far as the catalog backs them already."""
        chatting = Plan(planner=self._planners[index].name, intent="chat", summary="")
        grounds = self._grounds(chatting, context)

        def check(text: str) -> str:
            return ground((), text, grounds, is_model_prose=True).text

        return LiveWords(check, lambda piece: write(TextDelta(text=piece)))

    def _grounds(self, plan: Plan, context: TurnContext) -> Grounds:
        recalled, run = context.run.recalled, context.run
        state = recalled.state
        # Whoever presents items recommends them, whatever else the turn was about.
        given = plan.intent in _GIVEN_ITEMS_INTENTS and run.bus.presented is None
        wish = plan.wish or state.wish
        # A relaxed condition that is not told is not relaxed.
        relaxed = plan.relaxed if plan.notices else ()
        is_core = plan.planner == CorePlanner.name
        # The last resort has not read the wish; what is to be left out for good it leaves out.
        conditions = conditions_of(
            Wish() if is_core else wish, recalled.preferences, relaxed=relaxed
        )
        refused = {*recalled.disliked, *plan.rejected_item_ids, *wish.unlike_item_ids}
        refused |= {*state.seen_item_ids, *plan.seen_item_ids}
        is_more = plan.intent == "more"
        seen = {*state.shown_item_ids, *recalled.liked} if is_more or is_core else set()
        return Grounds(
            recommender=self._parts.recommender,
            bus=run.bus,
            found=run.found_item_ids(),
            conditions=None if given else conditions,
            refused=frozenset() if given else frozenset(refused),
            seen=frozenset() if given else frozenset(seen),
            known=frozenset((*state.shown_item_ids, *recalled.liked, *wish.like_item_ids)),
            user_text=context.text,
        )

    def _proposal(
        self, plan: Plan, context: TurnContext, grounds: Grounds
    ) -> tuple[tuple[str, ...], str]:
        """What the planner wants to show and say."""
        bus = context.run.bus
        is_model = plan.planner in MODEL_PLANNERS
        text = plan.say or bus.message
        if bus.presented is not None:
            return bus.presented, text
        if is_model:
            return (named_items(text, grounds) if plan.intent in _SLATE_INTENTS else ()), text
        if plan.intent in _SLATE_INTENTS and bus.latest is not None:
            count = (plan.wish or context.run.recalled.state.wish).count or _DEFAULT_SLATE
            return tuple(one.item_id for one in bus.get(bus.latest))[:count], text
        return (), text

    def _outcome(self, state: TurnState, context: TurnContext) -> Json:
        plan, draft = load_plan(state["plan"]), state["draft"]
        grounded = Draft(
            plan=plan,
            item_ids=draft["item_ids"],
            text=draft["text"],
            notices=state.get("notices", []),
            is_model=plan.planner in MODEL_PLANNERS,
        )
        return outcome_of(grounded, context, self._parts.recommender, self._parts.store)


def text_pieces(text: str) -> Sequence[str]:
    """The text in small pieces that add up to it."""
    return _PIECE.findall(text)


def _rounds_of(state: TurnState, index: int) -> int:
    return sum(1 for past in state.get("rounds", []) if past["planner"] == index)


def _is_useless(plan: Plan, wanted: Sequence[str], verdict: Verdict) -> bool:
    """Whether too little is left of a model's answer: no words, or none of the items it wanted."""
    if verdict.item_ids:
        return False
    return not verdict.text or bool(wanted) or plan.intent in _SLATE_INTENTS
