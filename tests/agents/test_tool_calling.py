"""What the tool-calling planner tells its model, and what it makes of the answers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agents import (
    BudgetMeter,
    ChatModel,
    ConversationState,
    Exchange,
    LLMOptions,
    Plan,
    PlannerFailed,
    Preference,
    Reader,
    ToolCallingPlanner,
    ToolOutcome,
    TurnLimits,
    TurnView,
    Wish,
)
from tools import ToolCall, ToolResult, default_toolbox

from ..film_world import film_catalog, film_id
from ..openai_server import KEY, MODEL, OpenAIServer, Scripted, call, say
from .turn_kit import film_recommender

HEAT, CASINO = film_id("Heat"), film_id("Casino")
HORROR = Preference(
    preference_id="p", kind="must_not", subject="genre", value="Horror", label="Horror",
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)  # fmt: skip


def plan_of(script: list[Scripted], **view) -> tuple[Plan, list[dict]]:
    """The plan, and the requests that led to it."""
    with OpenAIServer(script) as server:
        options = LLMOptions(base_url=server.url, model=MODEL, api_key=KEY, timeout=5)
        planner = ToolCallingPlanner(
            chat=ChatModel(options),
            toolbox=default_toolbox(),
            catalog=film_catalog(),
            reader=Reader(film_recommender()),
        )
        fields = {
            "turn_id": "t", "text": "a crime film", "state": ConversationState(),
            "meter": BudgetMeter(TurnLimits()),
        }  # fmt: skip
        plan = planner.plan(TurnView(**(fields | view)))
    return plan, server.requests


def test_the_model_is_told_what_is_known() -> None:
    state = ConversationState(
        wish=Wish(genres_all=("Crime",)),
        last_slate=(HEAT,),
        shown_item_ids=(HEAT,),
        rejected_item_ids=(CASINO,),
    )
    past = Exchange(user_text="crime please", reply_text="Here.", item_ids=(HEAT,))
    _, (request,) = plan_of([say("Hm?")], state=state, preferences=(HORROR,), exchanges=(past,))
    system, asked, told, now = request["messages"]
    assert system["role"] == "system"
    for part in (
        "- must_not genre: Horror",
        f"1. {HEAT} = Heat (1995)",
        f"{CASINO} = Casino (1995)",
        '{"genres_all": ["Crime"]}',
        "You have 3 answers in this turn",
    ):
        assert part in system["content"]
    assert (asked["content"], now["content"]) == ("crime please", "a crime film")
    assert told["content"] == f"Here. (shown: 1. {HEAT} = Heat (1995))"


def test_calls_are_numbered_by_round_and_presenting_comes_last() -> None:
    present, find = ("present_slate", {"item_ids": [HEAT]}), ("search_items", {"query": "heist"})
    plan, _ = plan_of([call(present, find)])
    assert [(one.tool, one.call_id) for one in plan.calls] == [
        ("search_items", "call_1_1"),
        ("present_slate", "call_1_2"),
    ]
    assert plan.final
    assert plan.intent == "recommend"
    assert plan.summary == "Search the catalog, then show the choice."


def test_earlier_rounds_are_told_again_call_by_call() -> None:
    outcomes = (
        ToolOutcome(
            call=ToolCall(tool="search_items", arguments={"query": "x"}, call_id="call_1_1"),
            result=ToolResult(text="c1: nothing"),
        ),
        ToolOutcome(
            call=ToolCall(tool="nonsense", call_id="call_1_2"),
            error="No such tool.",
            retryable=True,
        ),
        ToolOutcome(
            call=ToolCall(tool="recommend", call_id="call_2_1"), result=ToolResult(text="c2: Heat")
        ),
    )
    plan, (request,) = plan_of([call(("recommend", {}))], outcomes=outcomes)
    roles = [message["role"] for message in request["messages"]]
    assert roles == ["system", "user", "assistant", "tool", "tool", "assistant", "tool"]
    assert request["messages"][4]["content"] == "Error: No such tool."
    assert [one.call_id for one in plan.calls] == ["call_3_1"]
    assert not plan.final


def test_the_last_answer_may_only_present() -> None:
    meter = BudgetMeter(TurnLimits(model_calls=2))
    meter.charge_model_call(prompt_tokens=1)
    _, (request,) = plan_of([say("Sorry?")], meter=meter)
    assert [tool["function"]["name"] for tool in request["tools"]] == ["present_slate"]
    assert "last answer" in request["messages"][-1]["content"]


def test_what_grounding_found_is_sent_back() -> None:
    _, (request,) = plan_of([say("Sorry.")], repair="f999 was not found.")
    assert "f999 was not found." in request["messages"][-1]["content"]


def test_the_wish_is_read_from_the_persons_own_words() -> None:
    wrong = ("recommend", {"filter": {"year_min": 1960, "genres_all": ["Western"]}})
    plan, _ = plan_of([call(wrong)], text="a crime film from the 90s, no horror")
    assert plan.wish is not None
    assert (plan.wish.year_min, plan.wish.year_max) == (1990, 1999)
    assert plan.wish.genres_all == ("Crime",)
    assert "Horror" in plan.wish.genres_none


def test_arguments_that_cannot_be_read_become_a_call_that_the_toolbox_explains() -> None:
    plan, _ = plan_of([call(("recommend", "{'k': 3"))])
    (one,) = plan.calls
    assert one.tool == "recommend"
    assert list(one.arguments) == ["arguments_that_are_no_json_object"]


def test_an_empty_answer_is_asked_for_again_once() -> None:
    plan, requests = plan_of([say(""), say("Hello!")], text="hello")
    assert plan.say == "Hello!"
    assert plan.intent == "chat"
    assert "It was empty." in requests[1]["messages"][-1]["content"]
    with pytest.raises(PlannerFailed, match="could not be used"):
        plan_of([say(""), say(None)])


def test_a_question_back_is_noted() -> None:
    plan, _ = plan_of([say("For an evening with children?")])
    assert plan.asks


def test_words_about_items_without_a_look_into_the_catalog_are_sent_back_once() -> None:
    from_memory = say("Watch Heat, it is wonderful.")
    plan, requests = plan_of([from_memory, call(("recommend", {}))])
    assert [one.tool for one in plan.calls] == ["recommend"]
    assert requests[1]["messages"][-2]["content"] == "Watch Heat, it is wonderful."
    assert "looked nothing up" in requests[1]["messages"][-1]["content"]
    with pytest.raises(PlannerFailed, match="backed by the catalog"):
        plan_of([from_memory, from_memory])


@pytest.mark.parametrize("words", ["An old one?", "古い映画ですか？"])
def test_a_question_back_needs_no_look_into_the_catalog(words: str) -> None:
    plan, _ = plan_of([say(words)])
    assert plan.say == words


def test_facts_of_earlier_turns_and_what_matters_now_are_told() -> None:
    other = HORROR.model_copy(update={"preference_id": "q", "label": "Westerns"})
    _, (request,) = plan_of(
        [say("Hm?")],
        preferences=(HORROR, other),
        relevant=(other,),
        summary="The person has two children.",
    )
    system = request["messages"][0]["content"]
    assert "The person has two children." in system
    assert "Westerns" in system
    assert "Horror" not in system
