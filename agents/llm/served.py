"""A `StructuredModel` over any OpenAI-compatible server: JSON that fits a schema, however it is got.

Best first: the server holds the model to the schema; it holds it to JSON; the model is only asked for
JSON and the object is cut out of what it says. What a server turns down is not asked for again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from jsonschema import Draft202012Validator, SchemaError
from jsonschema.exceptions import best_match
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from prompts import read_prompt

from ..budget import BudgetMeter
from .answers import Answer
from .chat import ChatModel, FailureKind, ModelFailed, Purpose
from .exchange import Request
from .raw_calls import tamed

Way = Literal["json_schema", "json_object", "plain"]

_TURNED_DOWN: frozenset[FailureKind] = frozenset({"rejected", "server", "unusable"})
_FENCED = re.compile(r"```[a-z]{0,10}\s*(.*?)\s*(?:```|\Z)", re.S | re.I)
_MOST_BRACES = 40
_LONGEST_READ = 50_000
_LONGEST_QUOTE = 1_500
_LONGEST_PROBLEM = 300
_ANSWER_TOKENS = 600


class ServedModel:
    """Completes JSON through a chat model. Safe to share between threads."""

    def __init__(self, chat: ChatModel) -> None:
        self._chat = chat

    @property
    def name(self) -> str:
        """The model's name at its server."""
        return self._chat.options.model

    @property
    def way(self) -> Way:
        """How the server is asked now, by what is known of it."""
        known = self._chat.book.abilities
        if known.json_schema is not False:
            return "json_schema"
        return "json_object" if known.json_object else "plain"

    def complete(
        self,
        messages: Sequence[BaseMessage],
        *,
        schema: Mapping[str, Any],
        prompt: tuple[str, str],
        meter: BudgetMeter,
    ) -> str:
        """JSON text that fits the schema; an answer that does not is sent back once.

        Raises:
            ModelFailed: No such answer.
            BudgetExceeded, TurnStopped: From the meter.
        """
        asked = list(messages)
        answer = self._ask(asked, schema, prompt, meter)
        found, problem = _checked(answer, schema)
        if problem and meter.model_calls_left:
            # An empty answer of the assistant is what some servers refuse.
            asked += [AIMessage(answer.text[:_LONGEST_QUOTE])] if answer.text else []
            repair = read_prompt("json_repair").render(problem=problem[:_LONGEST_PROBLEM])
            asked.append(HumanMessage(repair))
            found, problem = _checked(self._ask(asked, schema, prompt, meter), schema)
        if problem:
            raise ModelFailed("unusable")
        return json.dumps(found, ensure_ascii=False, separators=(",", ":"))

    def _ask(
        self,
        messages: Sequence[BaseMessage],
        schema: Mapping[str, Any],
        prompt: tuple[str, str],
        meter: BudgetMeter,
    ) -> Answer:
        while True:
            way = self.way
            request = _request(messages, schema, way)
            purpose = Purpose(prompt=prompt, meter=meter, retry=way == "plain")
            try:
                answer = self._chat.answer(request, purpose)
            except ModelFailed as fault:
                if way == "plain" or fault.kind not in _TURNED_DOWN or not meter.model_calls_left:
                    raise
                self._chat.book.learn(**{way: False})
                continue
            if way != "plain" and _object_in(answer) is None and answer.finish != "length":
                # It was answered, so the server does not hold its model to what it was asked.
                self._chat.book.learn(**{way: False})
            return answer


def object_in_text(text: str) -> dict[str, Any] | None:
    """The JSON object in a model's words: all of them, in a fence, or the largest one among them.

    Returns None when there is none that can be read. NaN and infinities become null.
    """
    text = text[:_LONGEST_READ].strip()
    fenced = [match[1] for match in _FENCED.finditer(text)]
    for candidate in (text, *fenced):
        value = _loaded(candidate)
        if isinstance(value, dict):
            return tamed(value)
    places = [match.start() for match in re.finditer(r"\{", text)][:_MOST_BRACES]
    found: list[tuple[int, dict[str, Any]]] = []
    reader = json.JSONDecoder(strict=False)
    reached = -1
    for place in places:
        if place < reached:
            continue
        try:
            value, end = reader.raw_decode(text, place)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            found.append((end - place, value))
            reached = end
    return tamed(max(found, key=lambda one: one[0])[1]) if found else None


def _loaded(text: str) -> object:
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None


def _object_in(answer: Answer) -> dict[str, Any] | None:
    """The object in words, or in the call of a tool that nobody offered."""
    found = object_in_text(answer.text)
    if found is not None:
        return found
    calls = (call.arguments for call in answer.calls if call.arguments is not None)
    return next((tamed(arguments) for arguments in calls), None)


def _checked(answer: Answer, schema: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """The object, and what is wrong with it in words for a model; "" when nothing is."""
    found = _object_in(answer)
    if found is None:
        return {}, "it holds no JSON object that can be read."
    try:
        Draft202012Validator.check_schema(dict(schema))
        fault = best_match(Draft202012Validator(dict(schema)).iter_errors(found))
    except SchemaError as wrong:
        message = "the schema itself is no JSON schema"
        raise ValueError(message) from wrong
    if fault is None:
        return found, ""
    place = ".".join(str(part) for part in fault.absolute_path) or "the object"
    return {}, f"{place}: {fault.message}"


def _request(messages: Sequence[BaseMessage], schema: Mapping[str, Any], way: Way) -> Request:
    formats: dict[Way, dict[str, Any] | None] = {
        "json_schema": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": dict(schema)},
        },
        "json_object": {"type": "json_object"},
        "plain": None,
    }
    told = tuple(messages) if way == "json_schema" else _told_schema(messages, schema)
    return Request(
        messages=told,
        response_format=formats[way],
        temperature=0.0,
        answer_tokens=_ANSWER_TOKENS,
    )


def _told_schema(
    messages: Sequence[BaseMessage], schema: Mapping[str, Any]
) -> tuple[BaseMessage, ...]:
    """The messages with the schema in the system message: many templates know only one of these."""
    text = json.dumps(schema, ensure_ascii=False, separators=(",", ":"))
    told = read_prompt("json_answer").render(schema=text)
    if messages and isinstance(messages[0], SystemMessage):
        return (SystemMessage(f"{messages[0].text}\n\n{told}"), *messages[1:])
    return (SystemMessage(told), *messages)
