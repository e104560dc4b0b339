"""A model's answer as plain values: from one message, or put together from the pieces of a stream.

Pure. Stricter than the client library where that guesses: half a JSON object is no arguments.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk

from .thinking import spoken

_LONGEST_ARGUMENTS = 8_000
_MOST_CALLS = 64
_MOST_TOKENS = 10_000_000


@dataclass(frozen=True, kw_only=True)
class RequestedCall:
    """A tool call that a model asked for. `arguments` is None when they were not a JSON object.

    `call_id` is the server's own id, "" when it gave none; ours are made anew in each turn.
    """

    name: str
    arguments: Mapping[str, Any] | None
    raw: str = ""
    call_id: str = field(default="", compare=False)


@dataclass(frozen=True, kw_only=True)
class ModelReply:
    """What a model said: text, tool calls in its order, or neither."""

    text: str
    calls: tuple[RequestedCall, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back.

    Attributes:
        text: Words without the model's reasoning.
        calls: Tool calls, in the model's order, those that cannot be read last.
        tokens_in, tokens_out: As the server counted them; None when it did not.
        finish: Why the model stopped ("stop", "length", "tool_calls" …), "" when it was not said.
        n_pieces: In how many pieces it came; 1 when it was not streamed.
    """

    text: str = ""
    calls: tuple[RequestedCall, ...] = ()
    tokens_in: int | None = None
    tokens_out: int | None = None
    finish: str = ""
    n_pieces: int = 1


@dataclass
class _Growing:
    """A tool call whose pieces still come."""

    call_id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)


def whole_answer(message: AIMessage) -> Answer:
    """The answer in one message."""
    good = [
        RequestedCall(name=call["name"], arguments=call["args"], call_id=call["id"] or "")
        for call in message.tool_calls
    ]
    bad = [
        RequestedCall(
            name=call["name"] or "",
            arguments=None,
            raw=(call["args"] or "")[:_LONGEST_ARGUMENTS],
            call_id=call["id"] or "",
        )
        for call in message.invalid_tool_calls
    ]
    tokens = _tokens([message])
    return Answer(
        text=spoken(_whole_characters(message.text)),
        calls=(*good, *bad)[:_MOST_CALLS],
        tokens_in=tokens[0],
        tokens_out=tokens[1],
        finish=str(message.response_metadata.get("finish_reason") or "")[:40],
    )


def assembled(chunks: Iterable[AIMessageChunk]) -> Answer:
    """The answer in the pieces of a stream."""
    pieces = list(chunks)
    calls = [_read(one) for one in _grown(pieces)]
    good = [call for call in calls if call.arguments is not None]
    bad = [call for call in calls if call.arguments is None]
    tokens = _tokens(pieces)
    finishes = [str(one.response_metadata.get("finish_reason") or "") for one in pieces]
    return Answer(
        text=spoken(_whole_characters("".join(one.text for one in pieces))),
        calls=(*good, *bad),
        tokens_in=tokens[0],
        tokens_out=tokens[1],
        finish=next((one[:40] for one in reversed(finishes) if one), ""),
        n_pieces=len(pieces),
    )


def _grown(pieces: Iterable[AIMessageChunk]) -> list[_Growing]:
    """The calls that the deltas add up to.

    A delta belongs to the call of its index. One with a new id begins another call, because some
    servers give every call the index 0; so does, where ids are missing, a name after whole arguments.
    """
    calls: list[_Growing] = []
    at: dict[object, _Growing] = {}
    for piece in pieces:
        for delta in piece.tool_call_chunks:
            name, call_id = delta["name"] or "", delta["id"] or ""
            growing = at.get(delta["index"])
            if growing is None or _begins(growing, name, call_id):
                growing = at[delta["index"]] = _Growing()
                calls.append(growing)
            growing.call_id = growing.call_id or call_id
            growing.name = growing.name or name
            growing.arguments.append(delta["args"] or "")
    return calls[:_MOST_CALLS]


def _begins(growing: _Growing, name: str, call_id: str) -> bool:
    if call_id and growing.call_id:
        return call_id != growing.call_id
    return bool(name and growing.name) and _is_whole("".join(growing.arguments))


def _is_whole(arguments: str) -> bool:
    try:
        json.loads(arguments)
    except (ValueError, RecursionError):
        return False
    return True


def _read(growing: _Growing) -> RequestedCall:
    raw = "".join(growing.arguments)
    try:
        # Many servers send nothing for a call without arguments.
        arguments = json.loads(raw or "{}", strict=False)
    except (ValueError, RecursionError):
        arguments = None
    is_object = isinstance(arguments, dict)
    return RequestedCall(
        name=growing.name,
        arguments=arguments if is_object else None,
        raw="" if is_object else raw[:_LONGEST_ARGUMENTS],
        call_id=growing.call_id,
    )


def _tokens(messages: Iterable[AIMessage]) -> tuple[int | None, int | None]:
    """The last count that makes sense."""
    counted: tuple[int | None, int | None] = (None, None)
    for message in messages:
        usage = message.usage_metadata
        if usage is not None:
            n_in, n_out = usage.get("input_tokens"), usage.get("output_tokens")
            if _is_count(n_in) and _is_count(n_out) and n_in + n_out:
                counted = (n_in, n_out)
    return counted


def _whole_characters(text: str) -> str:
    """The text as it can be stored and sent: JSON lets half a surrogate pair through."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _is_count(value: object) -> bool:
    return isinstance(value, int) and 0 <= value <= _MOST_TOKENS
