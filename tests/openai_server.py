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
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "a-test-key"
MODEL = "scripted-model"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What to send: a status with a body, whole (`hang` seconds late) or byte by byte (`drip`).

    A good completion is sent as a stream to who asks for one, unless it is `whole`. `close` hangs up:
    before anything, or, with a body, in the middle of it (the length promised is longer).
    """

    status: int = 200
    body: bytes = b""
    hang: float = 0.0
    drip: float = 0.0
    close: bool = False
    whole: bool = False
    kind: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


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


def frames(*data: Any, done: bool = True) -> Reply:
    """A stream of these events, JSON values or text as it is; ends with [DONE] when it is done."""
    texts = [one if isinstance(one, str) else json.dumps(one) for one in data]
    lines = [f"data: {text}\n\n" for text in (*texts, *(["[DONE]"] if done else []))]
    return Reply(body="".join(lines).encode(), kind="text/event-stream")


def piece(delta: dict[str, Any], *, finish: str | None = None, **more: Any) -> dict[str, Any]:
    """One event of a stream."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": MODEL,
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    } | more


def streamed(reply: Reply) -> Reply:
    """A good completion as a stream, its words a few letters at a time; anything else as it is."""
    try:
        body = json.loads(reply.body)
        choice = body["choices"][0]
        deltas = _deltas(choice["message"])
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return reply
    last = piece({}, finish=choice.get("finish_reason"))
    usage = piece({}, usage=body["usage"]) | {"choices": []} if "usage" in body else None
    sent = frames(*(piece(delta) for delta in deltas), last, *([usage] if usage else []))
    return replace(reply, body=sent.body, kind=sent.kind)


def _deltas(message: dict[str, Any]) -> list[dict[str, Any]]:
    text = message.get("content") or ""
    size = max(7, len(text) // 50)
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": text[at : at + size]} for at in range(0, len(text), size)]
    for index, one in enumerate(message.get("tool_calls") or []):
        name, arguments = one["function"]["name"], one["function"]["arguments"]
        half = len(arguments) // 2
        begun = {"name": name, "arguments": arguments[:half]}
        head = {"index": index, "id": one["id"], "type": "function", "function": begun}
        rest = {"index": index, "function": {"arguments": arguments[half:]}}
        deltas += [{"tool_calls": [head]}, {"tool_calls": [rest]}]
    return deltas


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
    can_stream: bool = True
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
        reply = scripted if isinstance(scripted, Reply) else scripted(request)
        wants_stream = request.get("stream") and self.can_stream and not reply.whole
        return streamed(reply) if wants_stream and reply.status == 200 else reply

    def _send(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        try:
            self._closing.wait(reply.hang)
            if reply.close and not reply.body:
                handler.connection.close()
                return
            handler.send_response(reply.status)
            handler.send_header("content-type", reply.kind)
            for name, value in reply.headers:
                handler.send_header(name, value)
            promised = len(reply.body) + (100 if reply.close else 0)
            handler.send_header("content-length", str(promised))
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
