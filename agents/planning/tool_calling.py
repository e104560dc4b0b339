"""The planner that lets a language model call tools: one bounded answer of the model per plan.

Stateless between plans: the conversation with the model is rebuilt from the turn's outcomes, so that a
resumed turn goes on with the same words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from prompts import read_prompt
from rec_core import Catalog
from tools import Toolbox, ToolCall, field_text

from ..budget import CALLS_PER_MESSAGE, BudgetMeter, TurnLimits
from ..errors import PlannerFailed
from ..llm.chat import ChatModel, ModelFailed, ModelReply, RequestedCall
from ..llm.raw_calls import tamed, with_calls_in_text
from ..state import Preference, Wish
from ..understanding import Reader, Reading
from .base import Intent, Plan, ToolOutcome, TurnView

SYSTEM_PROMPT = "tool_calling_system"
_DEFAULT_COUNT = 6
_LONGEST_MESSAGE = 2_000
_LONGEST_RESULT = 3_000
_EXCHANGES = 4
_MOST_PREFERENCES = 30
_LONGEST_SUMMARY = 1_500
# Characters; a person reads no longer answer than this in a chat.
_LONGEST_ANSWER = 6000
_PRESENT = "present_slate"
_FEW_WORDS = 1
_UNREADABLE = "It was a tool call written as text that cannot be read."
_NOT_LOOKED_UP = "The person wants to see items, and you looked nothing up: call a tool first."
_CALL_ID = re.compile(r"call_(\d+)_\d+")
_DOING = {
    "search_items": "search the catalog",
    "recommend": "ask for recommendations",
    "similar_items": "look for similar ones",
    "rank_candidates": "rank them",
    "item_details": "look it up",
    "compare_items": "compare",
    "why_recommended": "check the reasons",
    "remember_preference": "note a preference",
    "forget_preference": "forget a preference",
    "present_slate": "show the choice",
}
_INTENTS: dict[str, Intent] = {
    "compare_items": "compare",
    "why_recommended": "explain",
    "item_details": "details",
    "remember_preference": "remember",
    "forget_preference": "remember",
}


class ToolsRefused(PlannerFailed):
    """The server offers no tool calls; another way of asking the same model may do."""


class ToolCallingPlanner:
    """Plans by a model with native tool calls.

    Args:
        chat: The model.
        toolbox: What it may call.
        catalog: For the titles of what was shown.
        reader: Reads the hard conditions out of the person's own words; whatever the model does,
            what it presents has to meet them.
    """

    name = "tool_calling"

    def __init__(
        self, *, chat: ChatModel, toolbox: Toolbox, catalog: Catalog, reader: Reader
    ) -> None:
        self._chat = chat
        self._specs = toolbox.specs()
        self._catalog = catalog
        self._reader = reader

    def plan(self, view: TurnView) -> Plan:
        """The model's next step. One unusable answer is sent back; a second one ends it.

        Raises:
            PlannerFailed: The model cannot be used in this turn.
            BudgetExceeded: A limit of the turn ran out.
        """
        meter = view.meter or BudgetMeter(TurnLimits())
        messages = self._messages(view, meter)
        reading = self._reader.read(view.text, view.state)
        needs_tools = reading.wants_slate and not view.outcomes and not view.repair
        try:
            # Where items are wanted, words before the slate are only a preamble.
            hear = None if reading.wants_slate else view.hear
            reply = self._reply(messages, meter, hear=hear)
            problem = _problem(reply, needs_tools=needs_tools)
            if problem:
                messages += _sent_back(reply, problem)
                insist = "required" if problem == _NOT_LOOKED_UP else ""
                reply = self._reply(messages, meter, tool_choice=insist)
        except ModelFailed as fault:
            failed = ToolsRefused if fault.kind == "no_tools" else PlannerFailed
            raise failed(fault.phrase) from fault
        problem = _problem(reply, needs_tools=needs_tools)
        if problem == _NOT_LOOKED_UP:
            raise PlannerFailed("the language model's answer could not be backed by the catalog")
        if problem:
            raise PlannerFailed("the language model gave an answer that could not be used")
        return self._plan_of(reply, view, reading)

    def _reply(
        self,
        messages: Sequence[BaseMessage],
        meter: BudgetMeter,
        *,
        tool_choice: str = "",
        hear: Callable[[str], None] | None = None,
    ) -> ModelReply:
        tools, asked = self._specs, list(messages)
        if meter.model_calls_left == 1 and meter.spent.model_calls:
            tools = tuple(spec for spec in self._specs if spec.name == _PRESENT)
            asked.append(SystemMessage(read_prompt("last_answer").render()))
            tool_choice = ""
        prompt = read_prompt(SYSTEM_PROMPT)
        reply = self._chat.reply(
            asked,
            tools=tools,
            prompt=(prompt.name, prompt.sha),
            meter=meter,
            tool_choice=tool_choice,
            hear=hear,
        )
        return with_calls_in_text(reply)

    def _plan_of(self, reply: ModelReply, view: TurnView, reading: Reading) -> Plan:
        number = _rounds(view.outcomes) + 1
        calls = tuple(
            ToolCall(
                tool=call.name[:100],
                arguments=_arguments(call),
                call_id=f"call_{number}_{place}",
            )
            for place, call in enumerate(_in_order(reply.calls), start=1)
        )
        return Plan(
            planner=self.name,
            intent=_intent(calls, view, reading),
            summary=_summary(calls),
            calls=calls,
            wish=reading.wish,
            say=reply.text if not calls or _ends(calls) else "",
            rejected_item_ids=tuple(dict.fromkeys(reading.disliked_item_ids)),
            seen_item_ids=reading.seen_item_ids,
            final=not calls or _ends(calls),
            focus_item_id=_focus(calls, view, self._catalog),
            asks=not calls and reply.text.rstrip().endswith("?"),
        )

    def _messages(self, view: TurnView, meter: BudgetMeter) -> list[BaseMessage]:
        system = read_prompt(SYSTEM_PROMPT).render(
            count=str(view.state.wish.count or _DEFAULT_COUNT),
            calls=str(meter.limits.model_calls),
        )
        messages: list[BaseMessage] = [SystemMessage(f"{system}\n\n{self._context(view)}")]
        for exchange in view.exchanges[-_EXCHANGES:]:
            messages.append(HumanMessage(exchange.user_text))
            messages.append(AIMessage(self._told(exchange.reply_text, exchange.item_ids)))
        messages.append(HumanMessage(view.text[:_LONGEST_MESSAGE] or "(nothing)"))
        messages += _past_rounds(view.outcomes)
        if view.repair:
            messages.append(HumanMessage(read_prompt("repair").render(problems=view.repair)))
        return messages

    def _context(self, view: TurnView) -> str:
        state = view.state
        return read_prompt("conversation_context").render(
            preferences="\n".join(map(_line, _told_preferences(view))) or "none",
            last_slate=self._listed(state.last_slate) or "nothing yet",
            refused=self._listed((*state.rejected_item_ids, *state.seen_item_ids)[-20:], "; ")
            or "nothing",
            wish=_wish_json(state.wish),
            summary=view.summary[:_LONGEST_SUMMARY] or "nothing that is not said above",
        )

    def _listed(self, item_ids: Iterable[str], separator: str = "\n") -> str:
        known = [self._catalog[one] for one in item_ids if one in self._catalog]
        lines = (
            f"{place}. {item.item_id} = {field_text(item.label)}"
            for place, item in enumerate(known, 1)
        )
        return separator.join(lines)

    def _told(self, text: str, item_ids: Sequence[str]) -> str:
        listed = self._listed(item_ids, "; ")
        return f"{text} (shown: {listed})" if listed else text or "(no words)"


def _told_preferences(view: TurnView) -> Sequence[Preference]:
    """What matters for this turn, where somebody has chosen it; else the newest."""
    return (view.relevant or view.preferences)[-_MOST_PREFERENCES:]


def _problem(reply: ModelReply, *, needs_tools: bool) -> str:
    """What is wrong with an answer, in words for the model; "" when nothing is."""
    if reply.calls:
        return "" if any(call.name for call in reply.calls) else _UNREADABLE
    if not reply.text:
        return "It was empty."
    if len(reply.text) > _LONGEST_ANSWER:
        return "It was far too long."
    if _breaks_off(reply.text):
        return "It broke off in the middle of a sentence."
    # A question back is an answer; anything else about items has to come from the catalog.
    return _NOT_LOOKED_UP if needs_tools and reply.text.rstrip()[-1] not in "?？؟" else ""


def _breaks_off(text: str) -> bool:
    """Whether words end as only a cut does; one word needs no full stop."""
    end = text.rstrip()[-1:]
    return len(text.split()) > _FEW_WORDS and (end.isalnum() or end in ",;:-–(")


def _sent_back(reply: ModelReply, problem: str) -> list[BaseMessage]:
    """What to say to an answer with a problem."""
    raw = reply.calls[0].raw[:500] if reply.calls else ""
    said = raw or (reply.text[:500] if problem == _NOT_LOOKED_UP else "")
    repair = HumanMessage(read_prompt("repair").render(problems=problem))
    return [AIMessage(said), repair] if said else [repair]


def _in_order(calls: Sequence[RequestedCall]) -> Sequence[RequestedCall]:
    """As many calls as one answer may make, presenting last: it needs the other results."""
    presenting = [call for call in calls if call.name == _PRESENT][-1:]
    others = [call for call in calls if call.name != _PRESENT]
    return [*others[: CALLS_PER_MESSAGE - len(presenting)], *presenting]


def _arguments(call: RequestedCall) -> dict[str, object]:
    if call.arguments is None:
        # No tool has this argument: the toolbox answers with what the tool does take.
        return {"arguments_that_are_no_json_object": call.raw[:200]}
    return tamed(call.arguments)


def _ends(calls: Sequence[ToolCall]) -> bool:
    return any(call.tool == _PRESENT for call in calls)


def _intent(calls: Sequence[ToolCall], view: TurnView, reading: Reading) -> Intent:
    """Showing items is a recommendation; else the last telling tool says what the turn was about."""
    presented = any(
        outcome.call.tool == _PRESENT and outcome.result is not None for outcome in view.outcomes
    )
    if presented or _ends(calls):
        return "more" if reading.intent == "more" else "recommend"
    used = [*(outcome.call.tool for outcome in view.outcomes), *(call.tool for call in calls)]
    for tool in reversed(used):
        if tool in _INTENTS:
            return _INTENTS[tool]
    if reading.wants_slate and (calls or view.outcomes):
        return "more" if reading.intent == "more" else "recommend"
    return "chat"


def _focus(calls: Sequence[ToolCall], view: TurnView, catalog: Catalog) -> str | None:
    """The one item that was looked up in this turn."""
    for call in reversed([*(outcome.call for outcome in view.outcomes), *calls]):
        item_id = call.arguments.get("item_id")
        if isinstance(item_id, str) and item_id in catalog:
            return item_id
    return None


def _summary(calls: Sequence[ToolCall]) -> str:
    doing = [_DOING.get(call.tool, "try something else") for call in calls]
    words = ", then ".join(dict.fromkeys(doing)) if doing else "answer in words"
    return f"{words[:1].upper()}{words[1:]}."


def _rounds(outcomes: Sequence[ToolOutcome]) -> int:
    numbers = [_round_of(outcome) for outcome in outcomes]
    return max(numbers, default=0)


def _round_of(outcome: ToolOutcome) -> int:
    match = _CALL_ID.fullmatch(outcome.call.call_id)
    return int(match[1]) if match else 0


def _past_rounds(outcomes: Sequence[ToolOutcome]) -> list[BaseMessage]:
    """The model's earlier calls of this turn with their results, in the order it made them."""
    messages: list[BaseMessage] = []
    for number in dict.fromkeys(map(_round_of, outcomes)):
        done = [outcome for outcome in outcomes if _round_of(outcome) == number]
        calls = [
            {
                "name": outcome.call.tool or "unknown",
                "args": dict(outcome.call.arguments),
                "id": outcome.call.call_id,
                "type": "tool_call",
            }
            for outcome in done
        ]
        messages.append(AIMessage("", tool_calls=calls))
        messages += [
            ToolMessage(_result_text(outcome), tool_call_id=outcome.call.call_id)
            for outcome in done
        ]
    return messages


def _result_text(outcome: ToolOutcome) -> str:
    text = outcome.result.text if outcome.result is not None else f"Error: {outcome.error}"
    return text[:_LONGEST_RESULT]


def _line(preference: Preference) -> str:
    return f"- {preference.kind} {preference.subject}: {field_text(preference.label)}"


def _wish_json(wish: Wish) -> str:
    return json.dumps(wish.model_dump(exclude_defaults=True), ensure_ascii=False)
