"""A chat model whose server is a function in this process; a request too many fails the test."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import httpx2

from agents import BudgetMeter, ChatModel, LLMOptions, TurnLimits
from agents.llm.abilities import AbilityBook
from agents.llm.exchange import Exchange

from ..openai_server import Reply, streamed

OPTIONS = LLMOptions(base_url="http://model.test/v1", model="m", api_key="our-key", timeout=5)

Scripted = Reply | Exception | Callable[[dict[str, Any]], Reply]


class Server:
    """Plays its script in order. `can_stream` False answers whole even to who asks for a stream."""

    def __init__(self, script: Sequence[Scripted], *, can_stream: bool = True) -> None:
        self.script = list(script)
        self.can_stream = can_stream
        self.requests: list[dict[str, Any]] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        asked = json.loads(request.content)
        self.requests.append(asked)
        assert self.script, f"request {len(self.requests)} is not in the script"
        scripted = self.script.pop(0)
        if isinstance(scripted, Exception):
            raise scripted
        reply = scripted(asked) if callable(scripted) else scripted
        if asked.get("stream") and self.can_stream and not reply.whole and reply.status == 200:
            reply = streamed(reply)
        headers = {"content-type": reply.kind, **dict(reply.headers)}
        return httpx2.Response(reply.status, content=reply.body, headers=headers)


def chat_with(server: Server, *, options: LLMOptions = OPTIONS, **parts: Any) -> ChatModel:
    """A chat model at the server, which waits for nothing between tries."""
    exchange = Exchange(options, transport=httpx2.MockTransport(server))
    parts = {"book": AbilityBook(options), "sleep": lambda _: None} | parts
    return ChatModel(options, exchange=exchange, **parts)


def a_meter(**limits: Any) -> BudgetMeter:
    return BudgetMeter(TurnLimits(**limits))
