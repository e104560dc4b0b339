"""A whole agent whose model answers from a script inside this process, and what must hold after its turns.

The client library, the parsing of streams, the graph and the store are real; only the network is not.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from agents import (
    CheckpointPlace,
    ConversationalRecommender,
    ConversationStore,
    LLMOptions,
    TurnEvent,
    TurnFinished,
    TurnLimits,
    TurnResult,
    UserMessage,
    build_planners,
    open_checkpointer,
)
from agents.llm.chat import ChatModel
from agents.llm.exchange import Exchange
from agents.llm.models import ModelChoices, PlannerSetting
from rec_core import Recommender
from tools import default_toolbox

from ..openai_server import Reply, call, streamed

REQUEST = "a crime film from the 90s"
SEARCH = ("recommend", {"filter": {"year_min": 1990, "year_max": 1999, "genres_all": ["Crime"]}})
SECRET = "sekret-of-the-server"
_OPTIONS = LLMOptions(base_url="http://model.test/v1", model="m", api_key="key-of-ours", timeout=5)
_LIMITS = TurnLimits()
# What only an exception, a library or a server says.
_LEAKS = re.compile(
    rf"Traceback|\b[A-Z]\w*(?:Error|Exception|Fault)\b|site-packages|object at 0x|NoneType"
    rf"|pydantic|openai|httpx|langchain|{SECRET}|key-of-ours|<html|Expecting value|codec can't",
)
# What the person reads holds no machine's writing either.
_MACHINE = re.compile(r"[{}<>]|https?:|tool_call|```|\bnull\b|\bNone\b|\x1b|\x00")


@dataclass(frozen=True, kw_only=True)
class Cut:
    """A streamed body whose connection breaks after it."""

    body: bytes


@dataclass(frozen=True, kw_only=True)
class Endless:
    """A body that goes on with this piece for as long as anybody reads."""

    piece: bytes


Body = Reply | Cut | Endless
Script = Sequence[Body | Callable[[dict[str, Any]], Body]]


@dataclass
class ScriptedTransport:
    """Plays `script` in order, its last entry for ever. `can_stream` False answers whole at all times."""

    script: Script = ()
    can_stream: bool = True
    requests: list[dict[str, Any]] = field(default_factory=list)

    def play(self, script: Script, *, can_stream: bool = True) -> None:
        """Begin a new script."""
        self.script, self.can_stream, self.requests = script, can_stream, []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        asked = json.loads(request.content)
        scripted = self.script[min(len(self.requests), len(self.script) - 1)]
        self.requests.append(asked)
        body = scripted(asked) if callable(scripted) else scripted
        if isinstance(body, Reply):
            wants_stream = asked.get("stream") and self.can_stream and not body.whole
            reply = streamed(body) if wants_stream else body
            return httpx2.Response(
                reply.status,
                content=reply.body,
                headers={"content-type": reply.kind, **dict(reply.headers)},
            )
        headers = {"content-type": "text/event-stream"}
        return httpx2.Response(200, content=_pieces(body), headers=headers)


def _pieces(body: Cut | Endless) -> Iterator[bytes]:
    if isinstance(body, Cut):
        yield body.body
        raise httpx2.RemoteProtocolError(SECRET)
    while True:
        yield body.piece


class ReplyWorld:
    """One agent for many turns, each in a conversation of its own and with a model that is new to it."""

    def __init__(self, recommender: Recommender, home: Path) -> None:
        self.recommender = recommender
        self.home = home
        self.transport = ScriptedTransport()
        self._exchange = Exchange(_OPTIONS, transport=httpx2.MockTransport(self.transport))
        self._saver = open_checkpointer(home / "checkpoints.db")
        self.store = ConversationStore(
            f"sqlite:///{home}/rapport.db", places=[CheckpointPlace(self._saver)]
        )
        self._turns = 0
        self._agents: dict[PlannerSetting, tuple[ConversationalRecommender, _RenewedChat]] = {}

    def turn(
        self,
        script: Script,
        *,
        text: str = REQUEST,
        setting: PlannerSetting = "tools",
        can_stream: bool = True,
    ) -> tuple[TurnResult, list[TurnEvent]]:
        """One turn while the model plays the script."""
        self._turns += 1
        conversation_id = f"talk-{self._turns}"
        self.store.create_conversation("ada", conversation_id=conversation_id)
        self.transport.play(script, can_stream=can_stream)
        message = UserMessage(
            user_id="ada",
            conversation_id=conversation_id,
            turn_id=f"turn-{self._turns}",
            text=text,
        )
        events = list(self._agent(setting).stream(message))
        assert isinstance(events[-1], TurnFinished)
        return events[-1].result, events

    def check(self, result: TurnResult, events: Sequence[TurnEvent]) -> None:
        """What holds after every turn that asked for `REQUEST`, whatever the model did."""
        assert result.text.strip()
        said = "\n".join((result.text, *result.notices, *result.suggestions))
        assert not _MACHINE.search(said), said
        for item in result.items:
            assert item.item_id in self.recommender.catalog
            assert item.reason
            assert 1990 <= (item.year or 0) <= 1999
            assert "Crime" in item.genres
        # Nothing to show is right only where the model asked a question back.
        assert result.items or any(mark in result.text for mark in "?？؟"), result.text
        assert result.usage.model_calls <= _LIMITS.model_calls
        told = "\n".join(event.model_dump_json() for event in events)
        leak = _LEAKS.search(told)
        assert leak is None, told[max(0, leak.start() - 80) : leak.end() + 80]

    def check_stored(self) -> None:
        """No row of any table holds what an exception or a server said; no checkpoint is left."""
        for name in ("rapport.db", "checkpoints.db"):
            with sqlite3.connect(self.home / name) as connection:
                dump = "\n".join(connection.iterdump())
            rows = [line for line in dump.split("\n") if line.startswith("INSERT")]
            leaks = [line for line in rows if _LEAKS.search(line)]
            assert not leaks, leaks[0][:500]
            if name == "checkpoints.db":
                assert not [line for line in rows if '"checkpoints"' in line]

    def _agent(self, setting: PlannerSetting) -> ConversationalRecommender:
        """The agent whose model has just been met: nothing is known of its server."""
        if setting not in self._agents:
            chat = _RenewedChat(_OPTIONS, exchange=self._exchange)
            toolbox = default_toolbox()
            agent = ConversationalRecommender(
                recommender=self.recommender,
                toolbox=toolbox,
                store=self.store,
                planners=build_planners(
                    recommender=self.recommender,
                    toolbox=toolbox,
                    models=ModelChoices(setting=setting, chat=chat),
                ),
                checkpointer=self._saver,
                limits=_LIMITS,
            )
            self._agents[setting] = (agent, chat)
        agent, chat = self._agents[setting]
        chat.renew(self._exchange)
        return agent


class _RenewedChat(ChatModel):
    """Forgets what it learnt between turns; making a whole agent each time would take most of a test."""

    def renew(self, exchange: Exchange) -> None:
        ChatModel.__init__(self, _OPTIONS, exchange=exchange, sleep=lambda _: None)


def present_found(request: dict[str, Any]) -> Reply:
    """Present the first three ids of the first list that was found; search where there is none."""
    results = "\n".join(one["content"] for one in request["messages"] if one["role"] == "tool")
    ids = re.findall(r"^- (f\d+) \|", results, re.MULTILINE)[:3]
    if not ids:
        return call(SEARCH)
    return call(("present_slate", {"item_ids": ids, "message": "Enjoy."}))
