"""A scripted OpenAI-compatible server on loopback: the real client talks to it over real HTTP.

Strict: it answers what the script says and nothing else. A request that the script does not foresee, or
one that a real server would refuse (unknown path, tool results without calls, no model), is answered
with 418 and fails the test when the server closes.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "a-test-key"
MODEL = "scripted-model"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What to send: a status with a body, whole (`hang` seconds late) or byte by byte (`drip`)."""

    status: int = 200
    body: bytes = b""
    hang: float = 0.0
    drip: float = 0.0
    close: bool = False


Scripted = Reply | Callable[[dict[str, Any]], Reply]


def completion(
    message: dict[str, Any], *, tokens: tuple[int, int] = (100, 10), **more: Any
) -> Reply:
    """A chat completion with one choice."""
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": MODEL,
        "choices": [
            {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", **message}}
        ],
        "usage": {
            "prompt_tokens": tokens[0],
            "completion_tokens": tokens[1],
            "total_tokens": sum(tokens),
        },
    }
    return Reply(body=json.dumps(body | more).encode())


def say(text: str | None) -> Reply:
    """An answer in words."""
    return completion({"content": text})


def call(
    *calls: tuple[str, Any], text: str | None = None, ids: Sequence[str] | None = None
) -> Reply:
    """Tool calls; arguments given as text are sent as they are."""
    entries = [
        {
            "id": ids[place] if ids else f"server-{place}",
            "type": "function",
            "function": {
                "name": name,
                "arguments": arguments if isinstance(arguments, str) else json.dumps(arguments),
            },
        }
        for place, (name, arguments) in enumerate(calls)
    ]
    return completion({"content": text, "tool_calls": entries})


def fault(status: int, message: str = "no") -> Reply:
    """An error as OpenAI words it."""
    error = {"error": {"message": message, "type": "error", "param": None, "code": None}}
    return Reply(status=status, body=json.dumps(error).encode())


def tool_results(request: dict[str, Any]) -> list[str]:
    """The tool results in a request, oldest first."""
    return [one["content"] for one in request["messages"] if one["role"] == "tool"]


@dataclass
class OpenAIServer:
    """Context manager; `script` is played in order, its last entry for ever when `endless`."""

    script: Sequence[Scripted]
    endless: bool = False
    may_be_unused: bool = False
    requests: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def __enter__(self) -> OpenAIServer:
        self._lock = threading.Lock()
        self._closing = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                server._answer(self)

            def log_message(self, *args: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
        if kind is None:
            assert not self.problems, self.problems
            used = len(self.requests)
            assert self.may_be_unused or used >= len(self.script), f"only {used} requests came"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}/v1"

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["content-length"] or 0))
        if handler.headers["authorization"] != f"Bearer {KEY}":
            with self._lock:
                self.requests.append({})
            self._send(handler, fault(401, f"Incorrect API key provided: {KEY[:3]}***"))
            return
        self._send(handler, self._next(handler.path, body))

    def _next(self, path: str, body: bytes) -> Reply:
        with self._lock:
            try:
                request = json.loads(body)
                _check(path, request)
            except (AssertionError, KeyError, ValueError) as problem:
                self.problems.append(f"bad request to {path}: {problem!r}")
                return fault(418)
            place = len(self.requests)
            self.requests.append(request)
            if place >= len(self.script) and not self.endless:
                self.problems.append(f"request {place + 1} is not in the script")
                return fault(418)
            scripted = self.script[min(place, len(self.script) - 1)]
        return scripted if isinstance(scripted, Reply) else scripted(request)

    def _send(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        try:
            self._closing.wait(reply.hang)
            if reply.close:
                handler.connection.close()
                return
            handler.send_response(reply.status)
            handler.send_header("content-type", "application/json")
            handler.send_header("content-length", str(len(reply.body)))
            handler.end_headers()
            for start in range(0, len(reply.body), 1 if reply.drip else max(len(reply.body), 1)):
                stop = start + 1 if reply.drip else len(reply.body)
                handler.wfile.write(reply.body[start:stop])
                handler.wfile.flush()
                if reply.drip and self._closing.wait(reply.drip):
                    return
        except OSError:
            return  # the client gave up, as some scripts want it to


def _check(path: str, request: dict[str, Any]) -> None:
    """What every real server insists on."""
    assert path == "/v1/chat/completions", path
    assert request["model"] == MODEL
    assert not request.get("stream")
    open_calls: list[str] = []
    seen: set[str] = set()
    for message in request["messages"]:
        role = message["role"]
        assert role in {"system", "user", "assistant", "tool"}, role
        if role == "tool":
            assert message["tool_call_id"] in open_calls, "a result without its call"
            open_calls.remove(message["tool_call_id"])
            continue
        assert not open_calls, "a call without its result"
        open_calls = [one["id"] for one in message.get("tool_calls") or []]
        assert not seen.intersection(open_calls), "a call id used twice"
        seen.update(open_calls)
        for one in message.get("tool_calls") or []:
            json.loads(one["function"]["arguments"])
    assert not open_calls
    for tool in request.get("tools", []):
        assert tool["type"] == "function"
        assert tool["function"]["parameters"]["type"] == "object"


def free_port_url() -> str:
    """An address at which nobody listens."""
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        port = server.server_port
    time.sleep(0)
    return f"http://127.0.0.1:{port}/v1"
