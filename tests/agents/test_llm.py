"""The seam to models: what is sent, what is recorded, what becomes of trouble, calls inside text."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import ormsgpack
import pytest
from hypothesis import given, strategies as st
from langchain_core.messages import HumanMessage

from agents import (
    BudgetMeter,
    ChatModel,
    Ledger,
    LLMOptions,
    ModelCall,
    ModelFailed,
    TurnLimits,
    Usage,
)
from agents.budget import TurnStopped
from agents.llm.chat import ModelReply, RequestedCall
from agents.llm.raw_calls import tamed, with_calls_in_text
from tools import default_toolbox

from ..openai_server import (
    KEY,
    MODEL,
    OpenAIServer,
    Reply,
    completion,
    fault,
    free_port_url,
    say,
)


def chat(url: str, *, ledger: Ledger | None = None, **options) -> ChatModel:
    pauses: list[float] = []
    fields = {"base_url": url, "model": MODEL, "api_key": KEY, "timeout": 5.0} | options
    model = ChatModel(LLMOptions(**fields), ledger=ledger, sleep=pauses.append)
    model.pauses = pauses  # type: ignore[attr-defined]
    return model


def ask(model: ChatModel, meter: BudgetMeter | None = None, tools=()) -> ModelReply:
    meter = meter or BudgetMeter(TurnLimits())
    return model.reply(
        [HumanMessage("Hello")], tools=tools, prompt=("greeting", "abc"), meter=meter
    )


def test_a_call_is_recorded_with_prompt_tokens_and_price() -> None:
    ledger, meter = Ledger(), BudgetMeter(TurnLimits())
    with OpenAIServer([completion({"content": " Hi! "}, tokens=(1_000, 500))]) as server:
        reply = ask(chat(server.url, ledger=ledger, price_in=2.0, price_out=4.0), meter)
    assert reply == ModelReply(text="Hi!")
    (record,) = ledger.calls
    assert (record.prompt, record.prompt_sha, record.outcome) == ("greeting", "abc", "ok")
    assert (record.tokens_in, record.tokens_out, record.usd) == (1_000, 500, 0.004)
    assert meter.usage.tokens == ledger.usage().tokens == 1_500
    assert meter.usage.usd == 0.004


def test_tokens_are_estimated_when_the_server_does_not_count() -> None:
    ledger = Ledger()
    body = completion({"content": "x" * 400})
    with OpenAIServer([Reply(body=body.body.replace(b'"usage"', b'"usgae"'))]) as server:
        ask(chat(server.url, ledger=ledger))
    (record,) = ledger.calls
    assert record.tokens_in == 1
    assert record.tokens_out == 101


def test_tools_are_offered_as_functions() -> None:
    with OpenAIServer([say("Hi.")]) as server:
        ask(chat(server.url), tools=default_toolbox().specs())
        offered = [tool["function"]["name"] for tool in server.requests[0]["tools"]]
    assert offered == list(default_toolbox().names)


def test_one_retry_after_an_uneven_pause_and_no_more() -> None:
    ledger, meter = Ledger(), BudgetMeter(TurnLimits())
    with OpenAIServer([fault(500), fault(503)]) as server:
        model = chat(server.url, ledger=ledger)
        with pytest.raises(ModelFailed, match="had a fault"):
            ask(model, meter)
    assert [one.outcome for one in ledger.calls] == ["server", "server"]
    assert meter.usage.model_calls == 2
    (pause,) = model.pauses  # type: ignore[attr-defined]
    assert 0.1 <= pause <= 0.4


def test_no_retry_when_no_call_is_left() -> None:
    with OpenAIServer([fault(500)]) as server, pytest.raises(ModelFailed):
        ask(chat(server.url), BudgetMeter(TurnLimits(model_calls=1)))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_what_a_retry_cannot_mend_is_not_retried(status: int) -> None:
    with OpenAIServer([fault(status)]) as server, pytest.raises(ModelFailed):
        ask(chat(server.url))


def test_nobody_listening() -> None:
    with pytest.raises(ModelFailed) as caught:
        ask(chat(free_port_url()))
    assert caught.value.kind == "unreachable"


def test_stop_does_not_wait_for_the_model() -> None:
    meter = BudgetMeter(TurnLimits())

    def stopped_meanwhile(_: object) -> Reply:
        meter.stop()
        return Reply(hang=30)

    with OpenAIServer([stopped_meanwhile]) as server:
        started = time.monotonic()
        with pytest.raises(TurnStopped):
            ask(chat(server.url, timeout=30), meter)
        assert time.monotonic() - started < 20


def test_the_key_is_in_no_representation() -> None:
    options = LLMOptions(base_url="http://x/v1", model="m", api_key="very-secret")
    model = ChatModel(options)
    assert "very-secret" not in f"{options} {options!r} {model!r} {vars(model)}"


def test_failures_do_not_carry_the_servers_words() -> None:
    with OpenAIServer([fault(400, "very-secret")]) as server, pytest.raises(ModelFailed) as caught:
        ask(chat(server.url))
    assert "very-secret" not in str(caught.value)


def test_the_ledger_sums_by_prompt_and_forgets_no_sum() -> None:
    ledger = Ledger()
    call_made = ModelCall(
        model="m", prompt="a", prompt_sha="", outcome="ok", tokens_in=2, tokens_out=1,
        seconds=0.5, usd=0.25,
    )  # fmt: skip
    for _ in range(3):
        ledger.add(call_made)
    ledger.add(replace(call_made, prompt="b", outcome="timeout"))
    assert ledger.usage() == Usage(model_calls=4, tokens=12, seconds=2.0, usd=1.0)
    assert ledger.usage(prompt="b") == Usage(model_calls=1, tokens=3, seconds=0.5, usd=0.25)
    for _ in range(10_000):
        ledger.add(call_made)
    assert len(ledger.calls) == 10_000
    assert ledger.usage().model_calls == 10_004


CALL = RequestedCall(name="recommend", arguments={"k": 3})


@pytest.mark.parametrize(
    "text",
    [
        '<tool_call>{"name": "recommend", "arguments": {"k": 3}}</tool_call>',
        'Sure! <tool_call>\n{"name": "recommend", "arguments": "{\\"k\\": 3}"}\n',
        '{"name": "recommend", "parameters": {"k": 3}}',
        '[{"name": "recommend", "arguments": {"k": 3}}]',
        '```json\n{"function": {"name": "recommend", "arguments": {"k": 3}}}\n```',
        '<function_call>{"tool": "recommend", "arguments": {"k": 3}}</function_call>',
    ],
)
def test_calls_in_text_are_read(text: str) -> None:
    assert with_calls_in_text(ModelReply(text=text)) == ModelReply(text="", calls=(CALL,))


@pytest.mark.parametrize(
    "text", ["<tool_call>{", "[TOOL_CALLS] recommend", '{"name": 3}', "```\nx\n```"]
)
def test_rubble_of_calls_is_no_answer(text: str) -> None:
    reply = with_calls_in_text(ModelReply(text=text))
    assert reply.text == ""
    assert [one.arguments for one in reply.calls] == [None]


def test_words_and_real_calls_stay_as_they_are() -> None:
    for reply in (
        ModelReply(text="Hello {you}."),
        ModelReply(text=""),
        ModelReply(text="{", calls=(CALL,)),
    ):
        assert with_calls_in_text(reply) is reply


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4)
    ),
    max_leaves=30,
)


@given(st.dictionaries(st.text(max_size=9), json_values, max_size=5))
def test_tamed_arguments_are_storable_json(arguments: dict) -> None:
    calm = tamed(arguments)
    json.dumps(calm, allow_nan=False).encode()
    ormsgpack.packb(calm)


@given(st.text(max_size=200))
def test_no_text_breaks_the_reading_of_calls(text: str) -> None:
    for mark in ("", "<tool_call>", "{", "```json\n"):
        with_calls_in_text(ModelReply(text=mark + text))
