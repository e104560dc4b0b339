"""Turns: order of events, the commit, replay, fallback, stop, locks and resuming."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agents import (
    NotYours,
    Plan,
    PlannerFailed,
    Preference,
    SlateReady,
    TextDelta,
    ToolFinished,
    TurnFinished,
    TurnLimits,
    TurnStarted,
    TurnView,
    Wish,
)
from tools import ToolRetry, default_toolbox

from ..film_world import film_id
from .turn_kit import (
    ScriptedPlanner,
    a_plan,
    an_agent,
    film_recommender,
    kinds,
    presenting,
    recommending,
    said,
)

HEAT, CASINO, ALIEN = film_id("Heat"), film_id("Casino"), film_id("Alien")


def test_events_come_in_order_and_add_up_to_the_result() -> None:
    agent = an_agent(ScriptedPlanner(a_plan(recommending(k=3))))
    events = list(agent.stream(said()))
    names = kinds(events)
    assert names[:5] == ["TurnStarted", "PlanMade", "ToolStarted", "ToolFinished", "Grounded"]
    assert names[5] == "SlateReady"
    assert set(names[6:-1]) == {"TextDelta"}
    last = events[-1]
    assert isinstance(last, TurnFinished)
    assert last.result.text == "".join(e.text for e in events if isinstance(e, TextDelta))
    slates = [event.items for event in events if isinstance(event, SlateReady)]
    assert slates == [last.result.items]
    assert len(last.result.items) == 3
    assert last.result.usage.tool_calls == 1


def test_finished_is_told_only_after_the_commit() -> None:
    agent = an_agent(ScriptedPlanner(a_plan(recommending())))
    for event in agent.stream(said()):
        committed = [turn.turn_id for turn in agent.store.turns("ada", "talk")]
        assert committed == (["t1"] if isinstance(event, TurnFinished) else [])


def test_a_committed_turn_is_replayed_and_not_planned_again() -> None:
    planner = ScriptedPlanner(a_plan(recommending(k=2)))
    agent = an_agent(planner)
    first = agent.reply(said())
    again = list(agent.stream(said()))
    assert kinds(again)[:2] == ["TurnStarted", "SlateReady"]
    assert isinstance(again[-1], TurnFinished)
    assert again[-1].result == first
    assert len(agent.store.turns("ada", "talk")) == 1


def test_state_goes_from_turn_to_turn() -> None:
    planner = ScriptedPlanner(
        a_plan(recommending(k=2), rejected_item_ids=(ALIEN,)),
        a_plan(say="Hello!", intent="chat", asks=True),
    )
    agent = an_agent(planner)
    shown = tuple(item.item_id for item in agent.reply(said()).items)
    agent.reply(said("hello", "t2"))
    second = planner.views[1]
    assert second.state.last_slate == second.state.shown_item_ids == shown
    assert second.state.rejected_item_ids == (ALIEN,)
    assert [one.user_text for one in second.exchanges] == ["a film"]
    state = agent.store.state("ada", "talk")
    assert (state.turn_count, state.asked, state.last_slate) == (2, True, shown)


def test_a_planner_that_gives_up_is_followed_by_the_next_who_starts_clean() -> None:
    model = ScriptedPlanner(
        a_plan(recommending(k=9), planner="tool_calling", final=False),
        PlannerFailed("the language model did not answer in time"),
        name="tool_calling",
    )
    rules = ScriptedPlanner(a_plan(recommending(k=2)))
    result = an_agent(model, rules).reply(said())
    assert rules.views[0].outcomes == ()
    assert len(result.items) == 2
    assert result.planner == "rules"
    assert result.notices == (
        "The language model did not answer in time, so I used my built-in rules.",
    )


def test_a_planner_with_a_bug_is_followed_by_the_core() -> None:
    result = an_agent(ScriptedPlanner(KeyError("secret"))).reply(said("crime"))
    assert result.planner == "core"
    assert result.items
    assert result.notices == (
        "My built-in rules could not handle that, so here is what suits you in general.",
    )
    assert "secret" not in result.model_dump_json()


def test_the_last_resort_tries_what_is_left() -> None:
    real = default_toolbox()

    class NoRecommendations:
        names = real.names

        def run(self, call, context):
            if call.tool == "recommend":
                raise ZeroDivisionError
            return real.run(call, context)

    result = an_agent(toolbox=NoRecommendations()).reply(said("crime"))
    assert result.planner == "core"
    assert len(result.items) == 6
    assert result.usage.tool_calls == 3


def test_the_last_resort_leaves_out_what_is_disliked_for_good() -> None:
    agent = an_agent(ScriptedPlanner(PlannerFailed("the planner is ill")))
    hates_crime = Preference(
        preference_id="p1", kind="dislike", subject="genre", value="Crime", label="Crime",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    agent.store.save_preference("ada", hates_crime)
    result = agent.reply(said("a heist in los angeles"))
    assert result.planner == "core"
    assert result.items
    assert not [item for item in result.items if "Crime" in item.genres]


def test_with_no_tool_at_all_there_are_still_words() -> None:
    class Nothing:
        names = ()

        def run(self, call, context):
            raise ZeroDivisionError

    result = an_agent(toolbox=Nothing()).reply(said("crime"))
    assert result.text == "I could not find anything just now. Please try other words."


def test_a_planner_that_never_ends_is_stopped() -> None:
    endless = ScriptedPlanner(*[a_plan(final=False)] * 20)
    result = an_agent(endless).reply(said())
    assert result.planner == "core"
    assert len(endless.views) == 8


def test_a_tool_with_a_bug_is_an_outcome_and_not_the_end() -> None:
    class Broken:
        names = ("recommend",)

        def run(self, call: object, context: object) -> None:
            raise ZeroDivisionError("secret")

    planner = ScriptedPlanner(
        a_plan(recommending(), final=False), a_plan(say="Sorry.", intent="chat")
    )
    agent = an_agent(planner, toolbox=Broken())
    events = list(agent.stream(said()))
    assert [e.ok for e in events if isinstance(e, ToolFinished)] == [False]
    assert "secret" not in " ".join(str(event) for event in events)
    assert planner.views[1].outcomes[0].error == "The tool is out of order in this turn."


def test_tool_errors_meant_for_models_are_not_told_to_people() -> None:
    events = list(
        an_agent(
            ScriptedPlanner(a_plan(("item_details", {"item_id": "zz9"})), name="rules")
        ).stream(said())
    )
    (finished,) = [event for event in events if isinstance(event, ToolFinished)]
    assert not finished.ok
    assert "zz9" not in finished.summary


def test_tools_get_identity_and_history_from_the_store() -> None:
    seen = []
    real = default_toolbox()

    class Spy:
        names = real.names

        def run(self, call, context):
            seen.append(context)
            return real.run(call, context)

    planner = ScriptedPlanner(a_plan(recommending(k=3)), a_plan(recommending(k=3)))
    agent = an_agent(planner, toolbox=Spy())
    first = agent.reply(said())
    shown = tuple(item.item_id for item in first.items)
    agent.store.record_feedback("ada", "talk", "f1", shown[0], "x", "dislike")
    agent.store.record_feedback("ada", "talk", "f2", shown[1], "x", "like")
    second = agent.reply(said("more", "t2"))
    context = seen[1]
    assert (context.user_id, context.shown, context.last_slate) == ("ada", shown, shown)
    assert context.disliked == (shown[0],)
    assert context.history == (shown[1],)
    assert not {item.item_id for item in second.items} & set(shown)


def test_another_users_conversation_cannot_be_used() -> None:
    agent = an_agent(ScriptedPlanner())
    with pytest.raises(NotYours):
        agent.reply(said(user_id="bob"))


def test_closing_the_stream_leaves_nothing_and_frees_the_conversation() -> None:
    planner = ScriptedPlanner(a_plan(recommending()), a_plan(recommending(k=1)))
    agent = an_agent(planner)
    events = agent.stream(said())
    assert isinstance(next(events), TurnStarted)
    assert type(next(events)).__name__ == "PlanMade"
    events.close()
    assert agent.store.turns("ada", "talk") == ()
    assert len(agent.reply(said()).items) == 1


def test_turns_of_one_conversation_wait_for_each_other_and_a_double_click_is_one_turn() -> None:
    planner = ScriptedPlanner(a_plan(recommending(k=2)), a_plan(recommending(k=2)))
    agent = an_agent(planner)
    results = []

    def send(turn_id: str) -> None:
        results.append(agent.reply(said("a film", turn_id)))

    threads = [
        threading.Thread(target=send, args=(name,)) for name in ("t1", "t1", "t2", "t2", "t1")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(turn.turn_id for turn in agent.store.turns("ada", "talk")) == ["t1", "t2"]
    assert len(results) == 5
    assert planner.is_done


class TwoRounds:
    """Looks, then speaks; counts how often it was asked."""

    name = "rules"

    def __init__(self) -> None:
        self.n_plans = 0

    def plan(self, view: TurnView) -> Plan:
        self.n_plans += 1
        if view.outcomes:
            return a_plan(say="There.")
        return a_plan(recommending(k=4), final=False)


@pytest.mark.parametrize(
    ("crash_at", "n_plans"),
    [("PlanMade", 2), ("ToolFinished", 1), ("Grounded", 0), ("SlateReady", 0)],
)
def test_an_interrupted_turn_is_finished_once_by_a_later_process(
    tmp_path: Path, crash_at: str, n_plans: int
) -> None:
    agent = an_agent(TwoRounds(), home=tmp_path)
    # A process that dies cannot tidy up.
    agent._checkpointer.delete_thread = lambda thread_id: None  # type: ignore[method-assign]
    events = agent.stream(said())
    for event in events:
        if type(event).__name__ == crash_at:
            break
    events.close()
    assert agent.store.turns("ada", "talk") == ()

    planner = TwoRounds()
    later = an_agent(planner, home=tmp_path)
    result = later.reply(said())
    assert result.text == "There."
    assert len(result.items) == 4
    assert result.usage.tool_calls == 1 or crash_at in {"PlanMade", "ToolFinished"}
    # Every plan that was checkpointed is used again instead of being made again.
    assert planner.n_plans <= n_plans
    assert len(later.store.turns("ada", "talk")) == 1
    assert later._checkpointer.get_tuple({"configurable": {"thread_id": "t1"}}) is None


def test_an_interrupted_turn_starts_anew_when_the_conversation_went_on(tmp_path: Path) -> None:
    first = an_agent(ScriptedPlanner(a_plan(recommending(k=4), final=False)), home=tmp_path)
    first._checkpointer.delete_thread = lambda thread_id: None  # type: ignore[method-assign]
    events = first.stream(said())
    for event in events:
        if isinstance(event, ToolFinished):
            break
    events.close()

    planner = ScriptedPlanner(a_plan(recommending(k=2)), a_plan(recommending(k=3)))
    later = an_agent(planner, home=tmp_path)
    between = later.reply(said("something else", "t2"))
    later.reply(said())
    assert planner.views[1].outcomes == ()
    assert planner.views[1].state.last_slate == tuple(item.item_id for item in between.items)
    assert later.store.state("ada", "talk").turn_count == 2


def test_what_is_paused_is_not_learned() -> None:
    remember = ("remember_preference", {
        "kind": "like", "subject": "genre", "value": "Crime", "quote": "love crime",
    })  # fmt: skip
    plans = [a_plan(remember, say="Noted.", intent="remember") for _ in range(2)]
    agent = an_agent(ScriptedPlanner(*plans))
    agent.store.set_paused("ada", True)
    result = agent.reply(said("I love crime"))
    assert result.saved == ()
    assert any("paused" in notice for notice in result.notices)
    assert agent.store.preferences("ada") == ()
    agent.store.set_paused("ada", False)
    assert agent.reply(said("I love crime", "t2")).saved == ("You like crime",)
    assert [one.value for one in agent.store.preferences("ada")] == ["Crime"]


def test_a_newer_like_in_words_outranks_the_dislike_button() -> None:
    love = ("remember_preference", {
        "kind": "like", "subject": "item", "value": HEAT, "quote": "I love Heat after all",
    })  # fmt: skip
    planner = ScriptedPlanner(
        a_plan(("item_details", {"item_id": HEAT}), presenting(HEAT), say="This one."),
        a_plan(love, say="Noted.", intent="remember"),
        a_plan(("item_details", {"item_id": HEAT}), presenting(HEAT), say="This one."),
    )
    agent = an_agent(planner)
    agent.store.record_feedback("ada", "talk", "click", HEAT, "Heat (1995)", "dislike")
    assert agent.reply(said("a film")).items == ()
    agent.reply(said("I love Heat after all", "t2"))
    shown = agent.reply(said("a film", "t3")).items
    assert [item.item_id for item in shown] == [HEAT]


def test_a_click_while_learning_is_paused_counts_in_its_conversation() -> None:
    planner = ScriptedPlanner(
        a_plan(("item_details", {"item_id": HEAT}), presenting(HEAT), say="This one.")
    )
    agent = an_agent(planner)
    agent.store.set_paused("ada", True)
    agent.store.record_feedback("ada", "talk", "click", HEAT, "Heat (1995)", "dislike")
    assert agent.reply(said("a film")).items == ()


def test_what_is_forgotten_goes_with_the_commit() -> None:
    remember = ("remember_preference", {
        "kind": "like", "subject": "genre", "value": "Crime", "quote": "love crime",
    })  # fmt: skip
    forget = ("forget_preference", {"subject": "genre", "value": "crime"})
    agent = an_agent(
        ScriptedPlanner(
            a_plan(remember, say="Noted.", intent="remember"),
            a_plan(forget, say="Gone.", intent="remember"),
        )
    )
    agent.reply(said("I love crime"))
    agent.reply(said("forget that", "t2"))
    assert agent.store.preferences("ada") == ()


def test_text_that_no_database_can_keep_is_no_trouble() -> None:
    agent = an_agent(ScriptedPlanner(a_plan(say="Hello.", intent="chat")))
    agent.reply(said("a\x00b\ud800" + "x" * 100_000))
    (turn,) = agent.store.turns("ada", "talk")
    assert turn.text.startswith("a\ufffdb\ufffdx")
    assert len(turn.text) == 8_000


def test_a_limit_on_tool_calls_ends_in_an_answer() -> None:
    greedy = ScriptedPlanner(*[a_plan(*[recommending()] * 6, final=False)] * 3)
    result = an_agent(greedy, limits=TurnLimits(tool_calls=7)).reply(said())
    assert result.planner == "core"
    assert result.items
    assert result.usage.tool_calls == 8  # seven, and one of the last resort


def test_slates_of_rules_are_grounded_too() -> None:
    plan = a_plan(recommending(k=3), ("item_details", {"item_id": HEAT}), presenting(HEAT))
    agent = an_agent(ScriptedPlanner(plan, plan))
    agent.reply(said())
    agent.store.record_feedback("ada", "talk", "f1", HEAT, "Heat", "dislike")
    result = agent.reply(said("again", "t2"))
    assert HEAT not in [item.item_id for item in result.items]


def test_the_retry_error_of_tools_is_what_planners_see() -> None:
    planner = ScriptedPlanner(
        a_plan(("no_such_tool", {}), final=False), a_plan(say="Fine.", intent="chat")
    )
    an_agent(planner).reply(said())
    (outcome,) = planner.views[1].outcomes
    assert outcome.retryable
    with pytest.raises(ToolRetry):
        default_toolbox().run(outcome.call, None)  # type: ignore[arg-type]


def test_the_world_is_as_the_tests_think() -> None:
    assert CASINO in film_recommender().catalog


@pytest.mark.parametrize(("notices", "n_items"), [(("I let go of the years.",), 1), ((), 0)])
def test_a_condition_is_relaxed_only_when_it_is_told(
    notices: tuple[str, ...], n_items: int
) -> None:
    plan = a_plan(
        ("item_details", {"item_id": HEAT}),
        presenting(HEAT),
        wish=Wish(year_min=1970, year_max=1979),
        relaxed=("year_min", "year_max"),
        notices=notices,
    )
    result = an_agent(ScriptedPlanner(plan)).reply(said())
    assert len(result.items) == n_items
    assert bool([one for one in result.notices if "left out one pick" in one]) == (not n_items)
