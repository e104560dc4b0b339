"""What is found out about a server, where it is kept, and which planner comes of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from agents import ChatModel, LLMOptions, PlannerFailed, TurnView, build_planners, probe_model
from agents.llm.abilities import Abilities, AbilityBook
from agents.llm.models import ModelChoices, open_models
from agents.llm.probing import LIMITS, probe_in_background
from agents.state import ConversationState
from tools import default_toolbox

from ..openai_server import Reply, call, completion, fault, say
from .model_kit import OPTIONS, Server, a_meter, chat_with
from .turn_kit import film_recommender

NOW = datetime(2026, 11, 21, tzinfo=UTC)


class AbleServer(Server):
    """A server that can do what is named, and behaves like servers that cannot where it is not."""

    def __init__(self, *abilities: str, refuses: dict[str, Reply] | None = None) -> None:
        super().__init__([], can_stream="streams" in abilities)
        self.abilities = abilities
        self.refuses = refuses or {}

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.script = [self._reply]
        return super().__call__(request)

    def _reply(self, asked: dict[str, Any]) -> Reply:
        wanted = asked.get("response_format", {}).get("type", "tools" if "tools" in asked else "")
        if wanted in self.refuses:
            return self.refuses[wanted]
        if wanted == "tools":
            return self._with_tools(asked)
        if wanted and wanted in self.abilities:
            return say('{"colour": "blue"}')
        if wanted == "json_object":
            return say("Blue.")
        limit = min(asked.get(name, 999) for name in self.abilities if name.startswith("max"))
        words = "one two three four five six seven eight nine ten " * 6
        n_tokens = min(60, limit)
        text = " ".join(words.split()[:n_tokens]) if "sixty" in str(asked["messages"]) else "Hello."
        return completion({"content": text}, tokens=(9, n_tokens))

    def _with_tools(self, asked: dict[str, Any]) -> Reply:
        is_required = asked.get("tool_choice") == "required" and "tool_choice" in self.abilities
        has_result = asked["messages"][-1]["role"] == "tool"
        asks_for_it = "calling the tool" in str(asked["messages"]) and not has_result
        if is_required or ("tools" in self.abilities and asks_for_it):
            return call(("say_colour", {"colour": "blue"}))
        return say("Blue.")


ALL = ("tools", "tool_choice", "json_schema", "json_object", "streams", "max_completion_tokens")


def test_a_server_that_can_do_everything() -> None:
    server = AbleServer(*ALL)
    probe = probe_model(chat_with(server))
    assert (probe.answers, probe.calls_tools, probe.problem, probe.planner) == (
        True,
        True,
        "",
        "tools",
    )
    assert probe.abilities == Abilities(
        answers=True, tools=True, tool_choice=True, json_schema=True, json_object=True, streams=True,
        limit_name="max_completion_tokens",
    )  # fmt: skip
    assert probe.n_calls == len(server.requests) == 6
    assert probe.findings == (
        "calls tools", "can be made to call one", "keeps to a JSON schema", "answers in JSON",
        "streams its answer", "takes max_completion_tokens as the limit of an answer",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("abilities", "refuses", "expected"),
    [
        (("max_tokens",), {}, Abilities(
            answers=True, tools=False, tool_choice=False, json_schema=False, json_object=False,
            streams=False, limit_name="max_tokens")),
        (("json_schema", "json_object", "streams", "max_completion_tokens"),
         {"tools": fault(400, '"auto" tool choice requires --enable-auto-tool-choice')},
         Abilities(answers=True, tools=False, tool_choice=False, json_schema=True, json_object=True,
                   streams=True)),
        (("tools", "json_object", "streams", "max_completion_tokens"),
         {"json_schema": fault(500, "grammar")},
         Abilities(answers=True, tools=True, tool_choice=False, json_schema=False,
                   json_object=True, streams=True)),
        (("streams", "max_completion_tokens"),
         {"tools": fault(500, "tools param requires --jinja flag")},
         Abilities(answers=True, tools=False, tool_choice=False, json_schema=False,
                   json_object=False, streams=True)),
    ],
    ids=["words only", "vLLM without a parser", "llama.cpp with schemas broken", "llama.cpp bare"],
)  # fmt: skip
def test_servers_that_can_do_less(abilities, refuses, expected: Abilities) -> None:
    probe = probe_model(chat_with(AbleServer(*abilities, refuses=refuses)))
    assert probe.abilities == expected
    assert probe.planner == ("tools" if expected.tools else "structured")
    assert probe.n_calls <= LIMITS.model_calls
    assert probe.calls_tools or probe.problem


def test_a_server_that_is_not_there_is_not_noted_as_unable(tmp_path: Path) -> None:
    book = AbilityBook(OPTIONS, folder=tmp_path)
    gone = Server([httpx2.ConnectError("no"), httpx2.ConnectError("no")])
    probe = probe_model(chat_with(gone, book=book))
    assert (probe.answers, probe.planner) == (False, "rules")
    assert "could not be reached" in probe.problem
    assert AbilityBook(OPTIONS, folder=tmp_path).abilities == Abilities()


def test_a_slow_server_stops_the_probe_within_its_limits() -> None:
    server = AbleServer(*ALL)
    chat = chat_with(server)
    costly = completion({"content": "Hello."}, tokens=(LIMITS.tokens, 1))
    server.refuses = {"tools": costly}
    probe = probe_model(chat)
    assert probe.answers
    assert probe.n_calls < 6


class Clock:
    now = NOW

    def __call__(self) -> datetime:
        return self.now


def test_what_was_found_out_is_kept_for_a_week(tmp_path: Path) -> None:
    clock = Clock()
    book = AbilityBook(OPTIONS, folder=tmp_path, clock=clock)
    assert book.is_stale
    book.settle(Abilities(answers=True, tools=False))
    again = AbilityBook(OPTIONS, folder=tmp_path, clock=clock)
    assert again.abilities == Abilities(answers=True, tools=False)
    assert not again.is_stale
    clock.now += timedelta(days=8)
    assert again.is_stale
    other = LLMOptions(base_url=OPTIONS.base_url, model="another")
    assert AbilityBook(other, folder=tmp_path).abilities == Abilities()


def test_a_call_that_proves_the_probe_wrong_makes_it_stale(tmp_path: Path) -> None:
    book = AbilityBook(OPTIONS, folder=tmp_path, clock=lambda: NOW)
    book.settle(Abilities(answers=True, tools=True))
    book.learn(streams=True)
    assert not book.is_stale
    book.learn(tools=False)
    assert book.is_stale
    assert AbilityBook(OPTIONS, folder=tmp_path).abilities.tools is False


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": 99}', "\x00"])
def test_a_damaged_page_is_as_if_there_were_none(tmp_path: Path, content: str) -> None:
    AbilityBook(OPTIONS, folder=tmp_path).settle(Abilities(answers=True))
    (page,) = tmp_path.iterdir()
    page.write_text(content, encoding="utf-8")
    assert AbilityBook(OPTIONS, folder=tmp_path).abilities == Abilities()


def test_the_page_names_neither_address_nor_key(tmp_path: Path) -> None:
    options = LLMOptions(base_url="http://ada:secret@box/v1", model="m", api_key="our-key")
    AbilityBook(options, folder=tmp_path).settle(Abilities(answers=True))
    (page,) = tmp_path.iterdir()
    assert not [one for one in ("secret", "box", "our-key") if one in page.read_text() + page.name]


def test_the_probe_in_the_background_keeps_its_findings(tmp_path: Path) -> None:
    book = AbilityBook(OPTIONS, folder=tmp_path)
    thread = probe_in_background(chat_with(AbleServer(*ALL), book=book), after_seconds=0)
    assert thread is not None
    thread.join()
    assert AbilityBook(OPTIONS, folder=tmp_path).abilities.tools is True
    assert probe_in_background(chat_with(Server([]), book=book), after_seconds=0) is None


def test_what_nobody_keeps_is_not_probed_in_the_background() -> None:
    assert probe_in_background(chat_with(Server([])), after_seconds=0) is None


def planners(chat: ChatModel | None, setting: Any = "auto") -> tuple[str, ...]:
    models = ModelChoices(setting=setting, chat=chat)
    made = build_planners(recommender=film_recommender(), toolbox=default_toolbox(), models=models)
    return tuple(one.name for one in made)


def test_the_planner_follows_what_is_known_and_the_setting_wins() -> None:
    chat = chat_with(Server([]))
    assert planners(None) == ("rules",)
    assert planners(chat) == ("tool_calling", "rules")
    chat.book.learn(tools=False)
    assert planners(chat) == ("structured", "rules")
    assert planners(chat, "tools") == ("tool_calling", "rules")
    assert planners(chat, "structured") == ("structured", "rules")
    assert planners(chat, "rules") == ("rules",)


PARSE = json.dumps({"act": "new", "genres": ["Crime"], "years": [1990, 1999]})


def view(turn_id: str = "t") -> TurnView:
    return TurnView(
        turn_id=turn_id,
        text="a crime film from the 90s",
        state=ConversationState(),
        meter=a_meter(),
    )


def test_a_refusal_of_tools_is_made_good_within_the_turn() -> None:
    refusal = fault(400, "this model does not support tools")
    server = Server([refusal, say(PARSE), say(PARSE)])
    first, *_ = build_planners(
        recommender=film_recommender(),
        toolbox=default_toolbox(),
        models=ModelChoices(chat=chat_with(server)),
    )
    plan = first.plan(view())
    assert plan.planner == first.name == "structured"
    assert plan.wish is not None
    assert plan.wish.genres_all == ("Crime",)
    assert first.plan(view("t2")).planner == "structured"
    assert ["tools" in one for one in server.requests] == [True, False, False]


def test_who_insists_on_tools_gets_a_failure_instead() -> None:
    server = Server([fault(400, "this model does not support tools")])
    first, *_ = build_planners(
        recommender=film_recommender(),
        toolbox=default_toolbox(),
        models=ModelChoices(setting="tools", chat=chat_with(server)),
    )
    with pytest.raises(PlannerFailed, match="does not offer tool calls"):
        first.plan(view())


def test_models_are_opened_without_asking_anybody(tmp_path: Path) -> None:
    models = open_models(OPTIONS, folder=tmp_path, cache="replay")
    assert models.chat is not None
    assert models.embedded is None
    assert not models.chat.may_ask
    assert models.chat.book.is_kept
    assert open_models(None, folder=tmp_path).chat is None
    assert not list(tmp_path.iterdir())
