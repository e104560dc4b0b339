"""The tape: what is recorded is replayed for nothing, what is not says what differs, secrets stay out."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from agents import ChatModel, Ledger, LLMOptions
from agents.llm.answers import Answer, RequestedCall
from agents.llm.cassette import Cassette, CassetteMode, ReplayMissed
from agents.llm.exchange import Request, as_function
from rec_core import StorageError
from tools import default_toolbox

from ..openai_server import call, completion, say
from .model_kit import OPTIONS, Server, a_meter, chat_with

ASKED = Request(
    messages=(SystemMessage("Be brief."), HumanMessage("A film about a PRIVATE matter"))
)
ANSWER = Answer(
    text="Heat.",
    calls=(
        RequestedCall(name="recommend", arguments={"k": 3}, call_id="1"),
        RequestedCall(name="recommend", arguments=None, raw="{broken"),
    ),
    tokens_in=10,
    tokens_out=4,
    finish="stop",
)


def tape(path: Path, mode: CassetteMode = "auto") -> Cassette:
    return Cassette(path / "tape.db", mode)


def test_an_answer_comes_back_as_it_was(tmp_path: Path) -> None:
    tape(tmp_path, "record").keep("m", ASKED, ANSWER)
    assert tape(tmp_path, "replay").find("m", ASKED) == ANSWER


@pytest.mark.parametrize(
    ("mode", "is_found", "is_kept"),
    [("off", False, False), ("record", False, True), ("auto", True, True), ("replay", True, False)],
)
def test_the_modes(tmp_path: Path, mode: CassetteMode, is_found: bool, is_kept: bool) -> None:
    tape(tmp_path, "record").keep("m", ASKED, ANSWER)
    one = tape(tmp_path, mode)
    assert (one.find("m", ASKED) is not None) is is_found
    one.keep("m", replace(ASKED, temperature=1.0), ANSWER)
    assert len(tape(tmp_path)) == 1 + is_kept


TOOLS = tuple(
    as_function(one.name, one.description, one.schema) for one in default_toolbox().specs()
)


@pytest.mark.parametrize(
    ("model", "changed", "told"),
    [
        ("other", ASKED, "the model is 'other', recorded was 'm'"),
        ("m", replace(ASKED, messages=(*ASKED.messages[:1], HumanMessage("B"))),
         r"message 2 of 2 \(from user\) differs"),
        ("m", replace(ASKED, messages=(SystemMessage("x"), *ASKED.messages[1:])),
         r"message 1 of 2 \(from system\) differs"),
        ("m", replace(ASKED, messages=(*ASKED.messages, AIMessage("x"))),
         "there are 3 messages, recorded were 2"),
        ("m", replace(ASKED, tools=TOOLS), "the tools differ"),
        ("m", replace(ASKED, response_format={"type": "json_object"}), "the schema differs"),
        ("m", replace(ASKED, temperature=0.5), "the sampling differs"),
    ],
)  # fmt: skip
def test_a_miss_names_what_differs(tmp_path: Path, model: str, changed: Request, told: str) -> None:
    tape(tmp_path, "record").keep("m", ASKED, ANSWER)
    with pytest.raises(ReplayMissed, match=told) as caught:
        tape(tmp_path, "replay").find(model, changed)
    assert caught.value.phrase == "no recorded answer of the language model fits this request"
    assert "PRIVATE" not in str(caught.value)


def test_an_empty_tape_says_so(tmp_path: Path) -> None:
    with pytest.raises(ReplayMissed, match="nothing is recorded"):
        tape(tmp_path, "replay").find("m", ASKED)


def test_neither_key_nor_address_nor_question_is_on_the_tape(tmp_path: Path) -> None:
    options = LLMOptions(base_url="http://ada:secret@model.test/v1", model="m", api_key="our-key")
    chat = chat_with(Server([say("Heat.")]), options=options, cassette=tape(tmp_path))
    ask(chat)
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"Heat." in content
    for secret in (b"our-key", b"secret", b"model.test", b"Hello"):
        assert secret not in content


def ask(chat: ChatModel, ledger_prompt: str = "p") -> str:
    return chat.reply(
        [HumanMessage("Hello")], tools=(), prompt=(ledger_prompt, ""), meter=a_meter()
    ).text


def test_a_replay_asks_nobody_and_costs_nothing(tmp_path: Path) -> None:
    options = replace(OPTIONS, price_in=2.0, price_out=2.0)
    spoken = completion({"content": "Heat."}, tokens=(1_000, 500))
    ask(chat_with(Server([spoken]), options=options, cassette=tape(tmp_path, "record")))
    ledger = Ledger()
    silent = Server([])
    chat = chat_with(silent, options=options, cassette=tape(tmp_path, "replay"), ledger=ledger)
    heard: list[str] = []
    meter = a_meter()
    again = chat.reply(
        [HumanMessage("Hello")], tools=(), prompt=("p", ""), meter=meter, hear=heard.append
    )
    assert again.text == "Heat." == "".join(heard)
    (record,) = ledger.calls
    assert (record.outcome, record.tokens, record.usd) == ("replayed", 1_500, 0.0)
    assert (meter.usage.model_calls, meter.usage.tokens, meter.usage.usd) == (1, 1_500, 0.0)
    assert not silent.requests


def test_what_was_streamed_replays_like_what_was_whole(tmp_path: Path) -> None:
    asked = {"k": float("inf"), "query": "x"}
    server = Server([call(("recommend", '{"k": Infinity, "query": "x"}'))])
    chat = chat_with(server, cassette=tape(tmp_path))
    first = chat.reply([HumanMessage("Hello")], tools=(), prompt=("p", ""), meter=a_meter())
    again = chat.reply([HumanMessage("Hello")], tools=(), prompt=("p", ""), meter=a_meter())
    assert first.calls[0].arguments == asked
    # What no JSON can hold becomes null, as it does before any tool gets it.
    assert again.calls[0].arguments == {"k": None, "query": "x"}


def test_many_threads_write_one_tape(tmp_path: Path) -> None:
    def write(start: int) -> None:
        for number in range(start, start + 10):
            asked = replace(ASKED, answer_tokens=number)
            tape(tmp_path).keep("m", asked, replace(ANSWER, text=str(number)))

    threads = [threading.Thread(target=write, args=(start,)) for start in range(0, 40, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    replayed = tape(tmp_path, "replay")
    for number in range(40):
        found = replayed.find("m", replace(ASKED, answer_tokens=number))
        assert found is not None
        assert found.text == str(number)


_WRITER = """
import sys
from dataclasses import replace
from pathlib import Path
from tests.agents.test_llm_cassette import ANSWER, ASKED, tape
for number in range(100_000):
    tape(Path(sys.argv[1])).keep("m", replace(ASKED, answer_tokens=number), ANSWER)
    print(number, flush=True)
"""


@pytest.mark.slow
def test_a_tape_survives_kill_9(tmp_path: Path) -> None:
    for _ in range(5):
        writer = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(tmp_path)],
            stdout=subprocess.PIPE, text=True, cwd=Path(__file__).resolve().parents[2],
        )  # fmt: skip
        assert writer.stdout is not None
        told = [int(writer.stdout.readline()) for _ in range(30)]
        os.kill(writer.pid, signal.SIGKILL)
        writer.communicate()
        replayed = tape(tmp_path, "replay")
        for number in told:
            assert replayed.find("m", replace(ASKED, answer_tokens=number)) == ANSWER


def test_a_damaged_tape_is_one_clear_message(tmp_path: Path) -> None:
    (tmp_path / "tape.db").write_bytes(b"no database at all, but long enough" * 100)
    with pytest.raises(StorageError) as caught:
        tape(tmp_path).find("m", ASKED)
    assert "RAPPORT_LLM__CACHE=off" in caught.value.remedy
