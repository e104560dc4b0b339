"""Finding out what a model's server can do, by asking it small things: at most eight short calls.

Never part of a turn: it runs for `rapport doctor --llm`, or beside the first turn in a thread of its
own, and its outcome is kept in the ability book for a week.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from ..budget import BudgetMeter, TurnLimits
from ..errors import BudgetExceeded
from .abilities import Abilities, PlannerChoice
from .answers import Answer
from .chat import ChatModel, ModelFailed, Purpose
from .exchange import LimitName, Request, as_function
from .served import object_in_text

_LOG = logging.getLogger(__name__)

LIMITS = TurnLimits(model_calls=8, tokens=8_000, seconds=60.0)
_PROMPT = ("probe", "")
_AFTER_SECONDS = 3.0
# Room for a model that thinks before it speaks.
_ANSWER_TOKENS = 500
# Few enough that a server which ignores them is found out at once.
_SHORT = 6
_SCHEMA = {
    "type": "object",
    "properties": {"colour": {"type": "string", "enum": ["blue", "red", "green"]}},
    "required": ["colour"],
    "additionalProperties": False,
}
_COLOUR = as_function("say_colour", "Tells the colour of a thing.", _SCHEMA)
_ASK_TOOL = "Which colour has the sky on a clear day? Answer by calling the tool."
_ASK_JSON = 'Which colour has the sky on a clear day? Answer in JSON, like {"colour": "red"}.'
# Asks for no colour and for no JSON: what comes nevertheless was enforced.
_ASK_NOTHING = "Say hello."
_ASK_LONG = "Count from one to sixty in words."


@dataclass(frozen=True, kw_only=True)
class ModelProbe:
    """What a model was seen to do. `problem` is a plain phrase, "" when all is well.

    Attributes:
        answers: It answered at all.
        calls_tools: It called the tool that it was offered.
        abilities: All that was found out.
        n_calls, tokens, seconds: What the probe cost.
    """

    answers: bool
    calls_tools: bool
    problem: str = ""
    abilities: Abilities = field(default_factory=Abilities)
    n_calls: int = 0
    tokens: int = 0
    seconds: float = 0.0

    @property
    def planner(self) -> PlannerChoice:
        """The planner that suits such a server."""
        return self.abilities.planner

    @property
    def findings(self) -> tuple[str, ...]:
        """One plain phrase per ability, for people."""
        known = self.abilities
        said = [
            _phrase(known.tools, "calls tools", "does not call tools"),
            _phrase(known.tool_choice, "can be made to call one", "cannot be made to call one"),
            _phrase(known.json_schema, "keeps to a JSON schema", "does not keep to a JSON schema"),
            _phrase(known.json_object, "answers in JSON", "has no JSON mode"),
            _phrase(known.streams, "streams its answer", "does not stream"),
            f"takes {known.limit_name} as the limit of an answer" if known.answers else "",
        ]
        return tuple(one for one in said if one)


def probe_model(chat: ChatModel) -> ModelProbe:
    """Ask for small things and look at what comes; the outcome goes into the model's ability book.

    Bounded by eight calls, 8,000 tokens and a minute; what could not be asked stays unknown.
    """
    probe = _Probe(chat)
    problem = probe.run()
    # Whether it streams, every call has shown on the way.
    streams = chat.book.abilities.streams
    known, usage = probe.abilities.model_copy(update={"streams": streams}), probe.meter.usage
    if known.answers:
        chat.book.settle(known)
    if known.answers and not problem and known.tools is False:
        problem = "the model answered without calling the tool"
    return ModelProbe(
        answers=bool(known.answers),
        calls_tools=bool(known.tools),
        problem=problem,
        abilities=known,
        n_calls=usage.model_calls,
        tokens=usage.tokens,
        seconds=usage.seconds,
    )


def probe_in_background(
    chat: ChatModel, *, after_seconds: float = _AFTER_SECONDS
) -> threading.Thread | None:
    """Probe beside whatever else happens; None when nothing is to be found out.

    It begins a little later: a small server answers one at a time, and nobody should wait behind the
    probe; and a process that is about to end, like `rapport ask`, spends nothing on it.
    """
    if not (chat.book.is_stale and chat.book.is_kept and chat.may_ask):
        return None

    def run() -> None:
        try:
            probe_model(chat)
        # The edge of a thread: nobody is there to hear of it, and the next start tries again.
        except Exception as fault:  # noqa: BLE001
            _LOG.warning("the probe of the model came to nothing (%s)", type(fault).__name__)

    timer = threading.Timer(after_seconds, run)
    timer.name, timer.daemon = "rapport-model-probe", True
    timer.start()
    return timer


class _Probe:
    """One run of the probe; each step finds out one thing and may fail on its own."""

    def __init__(self, chat: ChatModel) -> None:
        self._chat = chat
        self.meter = BudgetMeter(LIMITS)
        self.abilities = Abilities(limit_name=chat.book.abilities.limit_name)

    def run(self) -> str:
        """All steps in order; what was in the way, as a plain phrase."""
        problem = self._first()
        if not self.abilities.answers:
            return problem
        steps: tuple[Callable[[], None], ...] = (
            self._round_trip,
            self._choice,
            self._schema,
            self._json,
            self._length,
        )
        try:
            for step in steps:
                step()
        except BudgetExceeded:
            _LOG.info("the probe of the model ended early")
        return problem

    def _first(self) -> str:
        """Does it answer, does it call the tool?"""
        try:
            # With a retry: a server that ignores "stream" shows here, and is asked whole from then on.
            answer = self._ask(_ASK_TOOL, retry=True, tools=(_COLOUR,))
        except ModelFailed as fault:
            is_choosy = fault.kind in ("no_tools", "rejected", "server", "unusable")
            if is_choosy and self._speaks():
                self._note(answers=True, tools=False)
                return fault.phrase if fault.kind == "no_tools" else ""
            self._note(answers=False)
            return fault.phrase
        # Cut off while it still thought: that says nothing about tools.
        is_cut = answer.finish == "length" and not answer.calls
        self._note(answers=True, tools=None if is_cut else _has_called(answer))
        return ""

    def _speaks(self) -> bool:
        try:
            return bool(self._ask(_ASK_NOTHING).text)
        except (ModelFailed, BudgetExceeded):
            return False

    def _round_trip(self) -> None:
        """Does it go on when it is given the tool's result?"""
        if not self.abilities.tools:
            return
        call = {"name": "say_colour", "args": {"colour": "blue"}, "id": "call_1_1"}
        past: list[BaseMessage] = [
            AIMessage("", tool_calls=[call | {"type": "tool_call"}]),
            ToolMessage("Noted: blue.", tool_call_id="call_1_1"),
        ]
        answer = self._tried(_ASK_TOOL, past=past, tools=(_COLOUR,))
        self._note(tools=answer is not None and bool(answer.text or answer.calls))

    def _choice(self) -> None:
        """Is "required" held to where nothing asks for the tool?"""
        if self.abilities.tools is not None:
            answer = self._tried(_ASK_NOTHING, tools=(_COLOUR,), tool_choice="required")
            self._note(tool_choice=answer is not None and _has_called(answer))

    def _schema(self) -> None:
        schema = {"type": "json_schema", "json_schema": {"name": "colour", "schema": _SCHEMA}}
        answer = self._tried(_ASK_NOTHING, response_format=schema)
        found = object_in_text(answer.text) if answer is not None else None
        allowed = _SCHEMA["properties"]["colour"]["enum"]
        is_held_to = found is not None and set(found) == {"colour"} and found["colour"] in allowed
        self._note(json_schema=is_held_to)

    def _json(self) -> None:
        answer = self._tried(_ASK_JSON, response_format={"type": "json_object"})
        self._note(json_object=answer is not None and object_in_text(answer.text) is not None)

    def _length(self) -> None:
        """Which of the two names of the limit is held to? Where neither is, the newer one stays."""
        for name in ("max_completion_tokens", "max_tokens"):
            self._note(limit_name=name)
            self._chat.book.learn(limit_name=name)
            answer = self._tried(_ASK_LONG, answer_tokens=_SHORT)
            if answer is not None and _is_short(answer):
                return
        self._note(limit_name="max_completion_tokens")

    def _tried(
        self,
        text: str,
        *,
        past: list[BaseMessage] | None = None,
        **more: Any,  # noqa: ANN401 fields of Request
    ) -> Answer | None:
        try:
            return self._ask(text, past=past, **more)
        except ModelFailed:
            return None

    def _ask(
        self,
        text: str,
        *,
        past: list[BaseMessage] | None = None,
        retry: bool = False,
        **more: Any,  # noqa: ANN401 fields of Request
    ) -> Answer:
        messages = (HumanMessage(text), *(past or ()))
        request = Request(**({"messages": messages, "answer_tokens": _ANSWER_TOKENS} | more))
        return self._chat.answer(
            request, Purpose(prompt=_PROMPT, meter=self.meter, retry=retry, taped=False)
        )

    def _note(self, **news: bool | LimitName | None) -> None:
        self.abilities = self.abilities.model_copy(update=news)


def _has_called(answer: Answer) -> bool:
    return any(call.name == "say_colour" and call.arguments is not None for call in answer.calls)


def _is_short(answer: Answer) -> bool:
    if answer.finish == "length":
        return True
    counted = answer.tokens_out
    return len(answer.text) <= _SHORT * 8 if counted is None else counted <= _SHORT * 2


def _phrase(known: bool | None, yes: str, no: str) -> str:
    return "" if known is None else yes if known else no
