"""The meter: what goes over is refused before it is spent."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given, strategies as st

from agents import BudgetExceeded, BudgetMeter, TurnLimits, Usage
from agents.budget import TurnStopped


class Timer:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def exceeded(limit: str):
    return pytest.raises(BudgetExceeded, match=limit)


def test_model_calls_are_counted_and_capped() -> None:
    assert TurnLimits(model_calls=1_000).model_calls == 8
    meter = BudgetMeter(TurnLimits(model_calls=2))
    meter.charge_model_call(prompt_tokens=1)
    meter.charge_model_call(prompt_tokens=1)
    assert meter.model_calls_left == 0
    with exceeded("model_calls"):
        meter.charge_model_call(prompt_tokens=1)
    assert meter.usage.model_calls == 2


def test_a_prompt_that_would_not_fit_is_not_sent() -> None:
    meter = BudgetMeter(TurnLimits(tokens=1_000))
    meter.charge_tokens(900, usd=0.5)
    meter.charge_model_call(prompt_tokens=100)
    with exceeded("tokens"):
        meter.charge_model_call(prompt_tokens=101)
    assert (meter.usage.tokens, meter.usage.usd, meter.usage.model_calls) == (900, 0.5, 1)


def test_a_third_of_the_tool_calls_is_kept_for_the_last_planner() -> None:
    meter = BudgetMeter(TurnLimits(tool_calls=12))
    for _ in range(8):
        meter.charge_tool_call()
    with exceeded("tool_calls"):
        meter.charge_tool_call()
    meter.is_last_planner = True
    for _ in range(4):
        meter.charge_tool_call()
    with exceeded("tool_calls"):
        meter.charge_tool_call()


def test_time_runs_out_for_models_but_not_for_the_last_planner() -> None:
    timer = Timer()
    meter = BudgetMeter(TurnLimits(seconds=45), timer=timer)
    assert meter.seconds_left == 42
    timer.now += 42
    with exceeded("seconds"):
        meter.charge_model_call(prompt_tokens=1)
    with exceeded("seconds"):
        meter.charge_tool_call()
    meter.is_last_planner = True
    meter.charge_tool_call()
    assert meter.usage.seconds == 42


def test_a_resumed_turn_goes_on_counting() -> None:
    meter = BudgetMeter(
        TurnLimits(model_calls=3), spent=Usage(model_calls=3, seconds=7), timer=Timer()
    )
    with exceeded("model_calls"):
        meter.charge_model_call(prompt_tokens=1)
    assert meter.usage.seconds == 7


def test_a_stopped_turn_spends_nothing_more() -> None:
    meter = BudgetMeter(TurnLimits())
    meter.check_stopped()
    meter.stop()
    for spend in (meter.charge_tool_call, lambda: meter.charge_model_call(prompt_tokens=1)):
        with pytest.raises(TurnStopped):
            spend()
    assert meter.usage.tool_calls == 0


@given(
    limit=st.integers(0, 50),
    spent=st.integers(0, 12),
    charges=st.lists(st.sampled_from(["call", "tool", "tokens"]), max_size=60),
)
def test_no_turn_ever_makes_more_than_eight_model_calls(limit, spent, charges) -> None:
    meter = BudgetMeter(TurnLimits(model_calls=limit), spent=Usage(model_calls=spent))
    made = 0
    for charge in charges:
        try:
            if charge == "call":
                meter.charge_model_call(prompt_tokens=1)
                made += 1
            elif charge == "tool":
                meter.charge_tool_call()
            else:
                meter.charge_tokens(10)
        except BudgetExceeded:
            continue
    assert made <= max(0, min(limit, 8) - spent)
    assert meter.model_calls_left == max(0, min(limit, 8) - meter.usage.model_calls)


def test_a_turn_makes_three_model_calls_unless_somebody_allows_more() -> None:
    # So the median over any turns whatever is three at most.
    meter = BudgetMeter(TurnLimits())
    for _ in range(3):
        meter.charge_model_call(prompt_tokens=1)
    with exceeded("model_calls"):
        meter.charge_model_call(prompt_tokens=1)


def test_threads_that_charge_at_once_do_not_pass_the_limit() -> None:
    meter = BudgetMeter(TurnLimits(model_calls=8))
    refused: list[str] = []

    def spend() -> None:
        for _ in range(5):
            try:
                meter.charge_model_call(prompt_tokens=1)
            except BudgetExceeded as fault:
                refused.append(fault.limit)

    threads = [threading.Thread(target=spend) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert meter.usage.model_calls == 8
    assert refused == ["model_calls"] * 12
