"""Answers that come in pieces: what is heard on the way, what is put together, what is never shown."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, strategies as st
from langchain_core.messages import AIMessageChunk, HumanMessage

from agents import ChatModel, ModelFailed
from agents.llm.answers import assembled
from agents.llm.chat import ModelReply, RequestedCall
from agents.llm.live import LiveWords
from agents.llm.thinking import SpokenStream, spoken
from tools import default_toolbox

from ..openai_server import Reply, call, completion, fault, frames, piece, say
from .model_kit import Server, a_meter, chat_with


def ask(chat: ChatModel, **more) -> ModelReply:
    fields = {"tools": (), "prompt": ("p", ""), "meter": a_meter()} | more
    return chat.reply([HumanMessage("Hello")], **fields)


def test_words_are_heard_as_they_come() -> None:
    heard: list[str] = []
    reply = ask(chat_with(Server([say("Good evening to you.")])), hear=heard.append)
    assert reply.text == "Good evening to you." == "".join(heard)
    assert len(heard) > 2


def test_the_usage_of_a_stream_is_counted() -> None:
    meter = a_meter()
    server = Server([completion({"content": "Hi."}, tokens=(70, 7))])
    ask(chat_with(server), meter=meter)
    assert meter.usage.tokens == 77
    assert server.requests[0]["stream_options"] == {"include_usage": True}


def test_calls_in_pieces_are_put_together() -> None:
    server = Server([call(("recommend", {"k": 3}), ("search_items", {"query": "heist"}))])
    reply = ask(chat_with(server), tools=default_toolbox().specs())
    assert reply.calls == (
        RequestedCall(name="recommend", arguments={"k": 3}),
        RequestedCall(name="search_items", arguments={"query": "heist"}),
    )


def test_half_of_the_arguments_is_no_arguments() -> None:
    chunk = AIMessageChunk(
        "", tool_call_chunks=[{"name": "f", "args": '{"k": 3, "que', "id": "1", "index": 0}]
    )
    assert assembled([chunk]).calls == (
        RequestedCall(name="f", arguments=None, raw='{"k": 3, "que'),
    )


def test_a_server_that_does_not_stream_is_asked_whole_from_then_on() -> None:
    server = Server([say("a"), say("b"), say("c")], can_stream=False)
    chat = chat_with(server)
    assert ask(chat).text == "b"
    assert ask(chat).text == "c"
    assert [bool(one.get("stream")) for one in server.requests] == [True, False, False]
    assert chat.book.abilities.streams is False


def test_a_stream_that_breaks_once_is_not_held_against_a_server_that_streams() -> None:
    broken = Reply(body=b"data: {broken\n\n", kind="text/event-stream", whole=True)
    server = Server([say("a"), broken, say("b"), say("c")])
    chat = chat_with(server)
    assert [ask(chat).text for _ in range(3)] == ["a", "b", "c"]
    assert [bool(one.get("stream")) for one in server.requests] == [True, True, False, True]


@pytest.mark.parametrize(
    ("words", "before", "after"),
    [
        ("max_completion_tokens is not supported", "max_completion_tokens", "max_tokens"),
        ("stream_options: unknown field", "stream", None),
    ],
)
def test_what_a_server_refuses_by_name_is_left_out(words: str, before: str, after: str) -> None:
    server = Server([fault(400, words), say("Hi."), say("Hi.")])
    chat = chat_with(server)
    assert ask(chat).text == ask(chat).text == "Hi."
    assert before in server.requests[0]
    for request in server.requests[1:]:
        assert not request.get(before)
        assert after is None or after in request


def test_an_answer_without_an_end_is_given_up_early() -> None:
    flood = frames(*[piece({"content": "x" * 2_000})] * 200, done=False)
    endless = Reply(body=flood.body, kind=flood.kind, whole=True)
    server = Server([endless, endless])
    started = time.monotonic()
    with pytest.raises(ModelFailed, match="could not be used"):
        ask(chat_with(server))
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("<think>Hm.</think>Heat.", "Heat."),
        ("<think>Hm.", ""),
        ("Hm.</think>\nHeat.", "Heat."),
        ("[THINK]Hm.[/THINK] Heat.", "Heat."),
        ("<Reasoning effort='1'>a</reasoning>b<thinking>c</thinking>d", "bd"),
        ("<|channel|>analysis<|message|>Hm.<|end|><|channel|>final<|message|>Heat.", "Heat."),
        ("I think <b>Heat</b> fits.", "I think <b>Heat</b> fits."),
    ],
)
def test_thoughts_are_not_spoken(text: str, left: str) -> None:
    assert spoken(text) == left
    assert ask(chat_with(Server([say(text)]))).text == left


@given(st.lists(st.integers(1, 9), min_size=30, max_size=30))
def test_no_piece_of_a_thought_is_told_however_it_is_cut(sizes: list[int]) -> None:
    text = "Well. <think>SECRET thought</think>Heat, or [maybe] <i>Casino</i>."
    stream, told, place = SpokenStream(), "", 0
    for size in sizes:
        told += stream.hear(text[place : place + size])
        place += size
    told += stream.hear(text[place:]) + stream.end()
    assert told == spoken(text)
    assert "SECRET" not in told


def test_refused_requests_carry_nothing_of_the_server() -> None:
    secret = json.dumps({"error": {"message": "very-secret"}})
    bad = Reply(body=f"data: {secret}\n\n".encode(), kind="text/event-stream", whole=True)
    with pytest.raises(ModelFailed) as caught:
        ask(chat_with(Server([bad, bad])))
    assert "very-secret" not in str(caught.value)


def live(text: str, *, bad: str = "\0", size: int = 4) -> tuple[list[str], LiveWords]:
    """What is told of a text that comes in pieces, where sentences with `bad` in them do not pass."""
    told: list[str] = []
    words = LiveWords(lambda shown: shown.replace(bad, ""), told.append)
    for start in range(0, len(text), size):
        words.hear(text[start : start + size])
    return told, words


def test_whole_sentences_are_told_while_the_rest_still_comes() -> None:
    told, words = live("Good choice. It is by Michael Mann! Shall I look for more of")
    assert told == ["Good choice.", " It is by Michael Mann!"]
    assert words.told == "Good choice. It is by Michael Mann!"


def test_nothing_is_told_from_the_first_sentence_that_does_not_pass() -> None:
    told, _ = live("Good choice. Blorp is better. It is short. Really.", bad="Blorp")
    assert told == ["Good choice."]


def test_thoughts_and_markup_are_not_told() -> None:
    told, _ = live(
        "<think>One. Two. Three.</think>**Heat** is long. [Here](http://x.test) it is. End"
    )
    assert "".join(told) == "Heat is long. Here it is."
