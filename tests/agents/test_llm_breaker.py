"""The circuit breaker: a dead server costs one time-out, and is tried again by one caller at a time."""

from __future__ import annotations

import httpx2
import pytest
from langchain_core.messages import HumanMessage

from agents import ChatModel, Ledger, ModelFailed
from agents.llm.breaker import CircuitBreaker, RestTimes

from ..openai_server import Reply, fault, say
from .model_kit import Server, a_meter, chat_with

TIMES = RestTimes(first=30, longest=100)


class Timer:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def timer() -> Timer:
    return Timer()


@pytest.fixture
def breaker(timer: Timer) -> CircuitBreaker:
    return CircuitBreaker(TIMES, timer=timer)


def ask(chat: ChatModel) -> str:
    return chat.reply([HumanMessage("Hello")], tools=(), prompt=("p", ""), meter=a_meter()).text


@pytest.mark.parametrize("kind", ["timeout", "unreachable"])
def test_one_failure_of_a_dead_server_opens_it(breaker, timer, kind) -> None:
    assert breaker.allows()
    breaker.failed(kind)
    timer.now = 29.9
    assert not breaker.allows()
    timer.now = 30
    assert breaker.allows()


def test_three_faults_in_a_row_open_it_and_fewer_do_not(breaker) -> None:
    for kind in ("server", "busy", "server", "server"):
        assert breaker.allows()
        breaker.failed(kind)
        if kind == "busy":
            breaker.succeeded()
    assert breaker.allows()
    breaker.failed("server")
    assert not breaker.allows()


@pytest.mark.parametrize("kind", ["key", "model", "rejected", "no_tools", "unusable"])
def test_what_is_no_sign_of_ill_health_never_opens_it(breaker, kind) -> None:
    for _ in range(10):
        breaker.failed(kind)
    assert breaker.allows()


def test_after_the_rest_one_caller_probes_while_the_others_are_refused(breaker, timer) -> None:
    breaker.failed("timeout")
    timer.now = 31
    assert [breaker.allows() for _ in range(3)] == [True, False, False]
    breaker.succeeded()
    assert breaker.allows()
    assert not breaker.is_open


def test_the_rest_doubles_up_to_a_bound(breaker, timer) -> None:
    rests = []
    for _ in range(4):
        breaker.failed("timeout")
        began = timer.now
        while not breaker.allows():
            timer.now += 1
        rests.append(timer.now - began)
    assert rests == [30, 60, 100, 100]


def test_a_probe_that_was_stopped_says_nothing(breaker, timer) -> None:
    breaker.failed("timeout")
    timer.now = 31
    assert breaker.allows()
    breaker.gave_up()
    assert breaker.allows()


def test_a_dead_server_is_asked_once_and_its_recovery_is_found(breaker, timer) -> None:
    ledger = Ledger()
    server = Server([httpx2.ReadTimeout("late"), say("I am back.")])
    chat = chat_with(server, breaker=breaker, ledger=ledger)
    with pytest.raises(ModelFailed, match="in time"):
        ask(chat)
    for _ in range(5):
        with pytest.raises(ModelFailed) as caught:
            ask(chat)
        assert caught.value.kind == "resting"
    assert len(server.requests) == len(ledger.calls) == 1
    timer.now = 31
    assert ask(chat) == "I am back."


def test_a_busy_server_is_left_alone_for_as_long_as_it_asks(breaker, timer) -> None:
    body = fault(429).body
    busy = Reply(status=429, body=body, headers=(("retry-after", "45"),))
    server = Server([busy, say("Now.")])
    chat = chat_with(server, breaker=breaker)
    with pytest.raises(ModelFailed, match="busy"):
        ask(chat)
    assert len(server.requests) == 1
    timer.now = 44
    with pytest.raises(ModelFailed, match="rest"):
        ask(chat)
    timer.now = 46
    assert ask(chat) == "Now."
