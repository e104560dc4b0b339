"""JSON from a served model, in the best way that its server allows."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st
from langchain_core.messages import HumanMessage, SystemMessage

from agents import BudgetExceeded, ModelFailed
from agents.llm.served import ServedModel, object_in_text

from ..openai_server import call, fault, say
from .model_kit import Server, a_meter, chat_with

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"act": {"enum": ["new", "chat"]}, "count": {"type": "integer", "maximum": 20}},
    "required": ["act"],
    "additionalProperties": False,
}
GOOD = '{"act": "new", "count": 3}'
MESSAGES = [SystemMessage("Read the message."), HumanMessage("three films")]


def complete(model: ServedModel, **limits: Any) -> dict[str, Any]:
    text = model.complete(MESSAGES, schema=SCHEMA, prompt=("p", ""), meter=a_meter(**limits))
    return json.loads(text)


def formats(server: Server) -> list[str]:
    return [one.get("response_format", {}).get("type", "plain") for one in server.requests]


def test_a_server_with_schemas_is_held_to_one() -> None:
    server = Server([say(GOOD)])
    assert complete(ServedModel(chat_with(server))) == {"act": "new", "count": 3}
    (request,) = server.requests
    assert request["response_format"]["json_schema"]["schema"] == SCHEMA
    assert request["temperature"] == 0
    # The schema is the server's matter, so the prompt does not repeat it.
    assert request["messages"][0]["content"] == "Read the message."


@pytest.mark.parametrize("status", [400, 500])
def test_a_server_that_turns_schemas_down_is_asked_in_words_from_then_on(status: int) -> None:
    server = Server(
        [fault(status, "response_format"), say(f"Sure!\n```json\n{GOOD}\n```"), say(GOOD)]
    )
    model = ServedModel(chat_with(server))
    assert complete(model) == {"act": "new", "count": 3}
    complete(model)
    assert formats(server) == ["json_schema", "plain", "plain"]
    assert json.dumps(SCHEMA, separators=(",", ":")) in server.requests[1]["messages"][0]["content"]


def test_json_mode_is_used_where_it_is_known_to_work() -> None:
    server = Server([say(GOOD)])
    chat = chat_with(server)
    chat.book.learn(json_schema=False, json_object=True)
    complete(ServedModel(chat))
    assert formats(server) == ["json_object"]


def test_a_server_that_ignores_the_schema_is_found_out() -> None:
    server = Server([say("Three films, of course."), say(GOOD), say(GOOD)])
    model = ServedModel(chat_with(server))
    assert complete(model)["count"] == 3
    assert "no JSON object" in server.requests[1]["messages"][-1]["content"]
    complete(model)
    assert formats(server) == ["json_schema", "plain", "plain"]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ('{"act": "dance"}', "act: 'dance' is not one of"),
        ('{"count": 3}', "'act' is a required property"),
        ('{"act": "new", "count": 99}', "count: 99 is greater"),
        ('{"act": "new", "user": "bob"}', "Additional properties"),
    ],
)
def test_one_repair_tells_what_does_not_fit(wrong: str, told: str) -> None:
    server = Server([say(wrong), say(GOOD)])
    assert complete(ServedModel(chat_with(server)))["act"] == "new"
    assert server.requests[1]["messages"][-2]["content"] == wrong
    assert told in server.requests[1]["messages"][-1]["content"]


def test_a_second_misfit_is_a_failure_and_no_third_call() -> None:
    server = Server([say('{"act": "dance"}'), say('{"act": "sing"}')])
    with pytest.raises(ModelFailed, match="could not be used"):
        complete(ServedModel(chat_with(server)))
    assert len(server.requests) == 2


def test_no_repair_when_no_call_is_left() -> None:
    server = Server([say("{}")])
    with pytest.raises(ModelFailed):
        complete(ServedModel(chat_with(server)), model_calls=1)


def test_the_meter_stops_it() -> None:
    with pytest.raises(BudgetExceeded, match="model_calls"):
        complete(ServedModel(chat_with(Server([]))), model_calls=0)


def test_a_call_that_nobody_offered_is_read_as_the_object() -> None:
    server = Server([call(("answer", GOOD))])
    assert complete(ServedModel(chat_with(server)))["count"] == 3


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (GOOD, {"act": "new", "count": 3}),
        (f"Here you are: {GOOD} Enjoy!", {"act": "new", "count": 3}),
        (f"```json\n{GOOD}\n```", {"act": "new", "count": 3}),
        ('{"a": 1} or rather {"a": 1, "b": {"c": 2}}', {"a": 1, "b": {"c": 2}}),
        ('{"a": NaN, "b": -Infinity}', {"a": None, "b": None}),
        ("{broken {still} {", None),
        ('["a"]', None),
        ("null", None),
        ("", None),
        ("[" * 10_000, None),
        ('{"a":' * 3_000, None),
    ],
)
def test_objects_are_found_in_words(text: str, found: object) -> None:
    assert object_in_text(text) == found


@given(st.text(alphabet='{}[]",:abc01 \n`', max_size=80))
def test_no_text_breaks_the_finding(text: str) -> None:
    found = object_in_text(text)
    assert found is None or json.dumps(found, allow_nan=False)
