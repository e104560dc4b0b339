"""One request to an OpenAI-compatible server and its answer, whole or streamed, with nothing trusted.

Apart from `chat.py`, which decides what to ask and what to do when it fails; here is only how to ask:
LangChain's ChatOpenAI, under a clock, with a bound on bytes, and put together by ourselves from pieces.
"""

from __future__ import annotations

import queue
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import httpx2
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_openai import ChatOpenAI
from openai import DefaultHttpxClient
from pydantic import SecretStr

from ..budget import BudgetMeter
from .answers import Answer, assembled, whole_answer
from .failures import StreamBroken

LimitName = Literal["max_completion_tokens", "max_tokens"]

_POLL_SECONDS = 0.05
_MOST_BYTES = 4_000_000
_MOST_CHARACTERS = 100_000
_MOST_PIECES = 20_000
_ANSWER_TOKENS = 1_000
# The client library warns of odd values by quoting them: what a server said would end in the log.
warnings.filterwarnings("ignore", message="Pydantic serializer warnings", category=UserWarning)
# Set in the thread of a call: tells its connection that nobody waits any longer.
_ABANDONED: ContextVar[threading.Event | None] = ContextVar("abandoned", default=None)


@dataclass(frozen=True, kw_only=True)
class LLMOptions:
    """Where the model is and what it costs.

    Attributes:
        base_url: An OpenAI-compatible server, ending in /v1 as a rule.
        model: The model's name there.
        api_key: May be empty for local servers.
        timeout: Seconds to wait for one answer, from first to last byte.
        price_in, price_out: US dollars per million tokens; 0 when unknown.
    """

    base_url: str
    model: str
    api_key: str = ""
    timeout: float = 30.0
    price_in: float = 0.0
    price_out: float = 0.0

    def __repr__(self) -> str:
        return f"LLMOptions(base_url={self.base_url!r}, model={self.model!r})"


@dataclass(frozen=True, kw_only=True)
class Request:
    """All that decides an answer.

    Attributes:
        messages: The conversation.
        tools: Functions as OpenAI words them.
        tool_choice: "" leaves it to the server; "required", or the name of a tool.
        response_format: As OpenAI words it; None for free text.
        temperature: None leaves it to the server.
        answer_tokens: The most that the answer may have.
        limit_name: Under which name that limit is sent.
    """

    messages: tuple[BaseMessage, ...]
    tools: tuple[Mapping[str, Any], ...] = ()
    tool_choice: str = ""
    response_format: Mapping[str, Any] | None = None
    temperature: float | None = None
    answer_tokens: int = _ANSWER_TOKENS
    limit_name: LimitName = "max_completion_tokens"


class Exchange:
    """Asks one server. Safe to share between threads.

    Args:
        options: Where it is.
        transport: Carries the requests; None goes over the network.
    """

    def __init__(
        self, options: LLMOptions, *, transport: httpx2.BaseTransport | None = None
    ) -> None:
        self._options = options
        self._transport = transport

    def ask(
        self,
        request: Request,
        *,
        seconds: float,
        meter: BudgetMeter,
        hear: Callable[[str], None] | None = None,
        streamed: bool = True,
    ) -> Answer:
        """One answer.

        Args:
            request: What to ask.
            seconds: From first to last byte.
            meter: Asked whether the turn was stopped.
            hear: Gets the text piece by piece while it comes, in another thread.
            streamed: Whether the server is asked to stream.

        Raises:
            TimeoutError: Time is up.
            StreamBroken: The answer grew too large, or no stream came where one was asked for.
            TurnStopped: From the meter.
            Exception: Whatever the client library raises; `failures.kind_of` names it.
        """

        def run(abandoned: threading.Event) -> Answer:
            arguments = self._arguments(request, seconds)
            if not streamed:
                message = self._client.invoke(list(request.messages), **arguments)
                return whole_answer(message) if isinstance(message, AIMessage) else Answer()
            pieces = self._client.stream(list(request.messages), stream_usage=True, **arguments)
            answer = assembled(_bounded(_chunks(pieces), abandoned, hear))
            if _is_missing_something(answer):
                raise StreamBroken("calls were announced and none came")
            return answer

        return _within(seconds, meter, run)

    @cached_property
    def _client(self) -> ChatOpenAI:
        return ChatOpenAI(
            base_url=self._options.base_url,
            model=self._options.model,
            # Servers without keys still want the header.
            api_key=SecretStr(self._options.api_key or "none"),
            timeout=self._options.timeout,
            max_retries=0,
            use_responses_api=False,
            http_client=DefaultHttpxClient(
                transport=self._transport, event_hooks={"response": [_bound_body]}
            ),
        )

    @staticmethod
    def _arguments(request: Request, seconds: float) -> dict[str, Any]:
        # The client would rename one limit to the other and parse structured answers itself.
        body: dict[str, Any] = {request.limit_name: request.answer_tokens}
        if request.response_format is not None:
            body["response_format"] = dict(request.response_format)
        arguments: dict[str, Any] = {"timeout": seconds, "extra_body": body}
        if request.temperature is not None:
            arguments["temperature"] = request.temperature
        if request.tools:
            arguments["tools"] = [dict(tool) for tool in request.tools]
        if request.tools and request.tool_choice:
            named = {"type": "function", "function": {"name": request.tool_choice}}
            is_word = request.tool_choice in {"auto", "required", "none"}
            arguments["tool_choice"] = request.tool_choice if is_word else named
        return arguments


class _BoundedBody(httpx2.SyncByteStream):
    """A response's bytes, up to a bound, and only as long as somebody waits for them."""

    def __init__(self, body: httpx2.SyncByteStream) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        n_bytes, abandoned = 0, _ABANDONED.get()
        for piece in self._body:
            n_bytes += len(piece)
            if n_bytes > _MOST_BYTES:
                raise StreamBroken("the answer is too large")
            if abandoned is not None and abandoned.is_set():
                raise StreamBroken("nobody waits for the answer")
            yield piece

    def close(self) -> None:
        self._body.close()


def _bound_body(response: httpx2.Response) -> None:
    if isinstance(response.stream, httpx2.SyncByteStream):
        response.stream = _BoundedBody(response.stream)


def _chunks(pieces: Iterable[BaseMessage]) -> Iterator[AIMessageChunk]:
    """The pieces that an assistant said, whatever role a server writes beside them."""
    for piece in pieces:
        if isinstance(piece, AIMessageChunk):
            yield piece
        else:
            yield AIMessageChunk(content=piece.text)


def _is_missing_something(answer: Answer) -> bool:
    """Whether nothing came where the end says that calls did, or where no end was told at all."""
    is_empty = not answer.text and not answer.calls
    return is_empty and answer.finish in ("", "tool_calls", "function_call")


def _bounded(
    chunks: Iterable[AIMessageChunk],
    abandoned: threading.Event,
    hear: Callable[[str], None] | None,
) -> Iterator[AIMessageChunk]:
    n_characters = n_pieces = 0
    for chunk in chunks:
        said = chunk.text
        n_pieces += 1
        n_characters += len(said)
        n_characters += sum(len(call["args"] or "") for call in chunk.tool_call_chunks)
        if abandoned.is_set() or n_characters > _MOST_CHARACTERS or n_pieces > _MOST_PIECES:
            raise StreamBroken("the answer is too long")
        if hear is not None and said:
            hear(said)
        yield chunk
    if not n_pieces:
        raise StreamBroken("no stream came")


def _within(
    seconds: float, meter: BudgetMeter, call: Callable[[threading.Event], Answer]
) -> Answer:
    """The call's outcome, or TimeoutError: a server that drips bytes never trips a socket's time-out.

    The call runs in a thread of its own, which is told and left behind when time is up or the turn
    stops.
    """
    outcomes: queue.Queue[tuple[Answer | None, BaseException | None]] = queue.Queue()
    abandoned = threading.Event()

    def run() -> None:
        _ABANDONED.set(abandoned)
        try:
            outcomes.put((call(abandoned), None))
        # Handed over to the thread that waits.
        except BaseException as fault:  # noqa: BLE001
            outcomes.put((None, fault))

    # In the caller's context: whoever hears the words may look around in it.
    target = copy_context().run
    threading.Thread(target=target, args=(run,), name="rapport-model-call", daemon=True).start()
    deadline = time.monotonic() + seconds
    try:
        while (left := deadline - time.monotonic()) > 0:
            meter.check_stopped()
            try:
                value, fault = outcomes.get(timeout=min(_POLL_SECONDS, left))
            except queue.Empty:
                continue
            if value is not None:
                return value
            raise fault or TimeoutError
    finally:
        abandoned.set()
    raise TimeoutError


def as_function(name: str, description: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """A tool as OpenAI words it."""
    function = {"name": name, "description": description, "parameters": dict(schema)}
    return {"type": "function", "function": function}
