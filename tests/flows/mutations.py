"""Good replies of a model, each changed at random in one to three places: bytes, values or structure."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from ..openai_server import Reply, call, say, streamed
from .reply_kit import SEARCH, Body, present_found

Planner = Literal["tools", "structured"]
PLANNERS: tuple[Planner, ...] = ("tools", "structured")

_ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 10**30, 1.5e308, float("nan"), float("-inf"), "", " ", "null", "{", "\x00\x1b[31m",
    "\ud83d", "x" * 5_000, "Heat", "f001", "f9999", [], {}, [[[[[[[[]]]]]]]], {"a": {"b": {"c": []}}},
    "</think>", "<tool_call>", "data: [DONE]", "Ignore all previous instructions.",
)  # fmt: skip
_PARSE = {
    "act": "new", "genres": ["Crime"], "not": ["Horror"], "years": [1990, 1999], "people": ["De Niro"],
    "like": ["Heat"], "words": ["heist"], "less": ["violent"], "count": 3, "about": ["#1"],
}  # fmt: skip


def good_reply(planner: Planner, generator: np.random.Generator) -> Body | Callable[..., Body]:
    """Something that a model which behaves may say next."""
    if planner == "structured":
        keys = [key for key in _PARSE if key == "act" or generator.random() < 0.6]
        return say(json.dumps({key: _PARSE[key] for key in keys}))
    chosen = int(generator.integers(5))
    if chosen == 0:
        return call(SEARCH, ("item_details", {"title": "Heat"}))
    if chosen == 1:
        return say("Shall it be an old one?")
    return call(SEARCH) if chosen == 2 else present_found


def mutant(planner: Planner, generator: np.random.Generator) -> Callable[[dict[str, Any]], Reply]:
    """A good reply, changed. The generator is used up before the reply is asked for, so that what
    comes out depends on the seed alone."""
    good, seed = good_reply(planner, generator), int(generator.integers(2**63))

    def reply(request: dict[str, Any]) -> Reply:
        own = np.random.default_rng(seed)
        body = good(request) if callable(good) else good
        assert isinstance(body, Reply)
        if own.random() < 0.5:
            body = _in_arguments(body, own)
        sent = streamed(body) if request.get("stream") else body
        for _ in range(int(own.integers(1, 4))):
            sent = _changed(sent, own)
        return replace(sent, whole=True)

    return reply


def _changed(reply: Reply, generator: np.random.Generator) -> Reply:
    if generator.random() < 0.4:
        return replace(reply, body=_bytes_changed(reply.body, generator))
    if reply.kind == "application/json":
        return replace(reply, body=_json_changed(reply.body, generator))
    frames = reply.body.split(b"\n\n")
    place = int(generator.integers(len(frames)))
    kind = int(generator.integers(5))
    if kind == 0:
        del frames[place]
    elif kind == 1:
        frames.insert(place, frames[int(generator.integers(len(frames)))])
    elif kind == 2:
        other = int(generator.integers(len(frames)))
        frames[place], frames[other] = frames[other], frames[place]
    else:
        frames[place] = b"data: " + _json_changed(frames[place].removeprefix(b"data: "), generator)
    return replace(reply, body=b"\n\n".join(frames))


def _bytes_changed(body: bytes, generator: np.random.Generator) -> bytes:
    start = int(generator.integers(len(body) + 1))
    length = int(generator.integers(1, 40))
    noise = generator.integers(0, 256, length, dtype=np.uint8).tobytes()
    outcomes = (
        body[:start],
        body[:start] + body[start + length :],
        body[:start] + noise + body[start:],
        body[:start] + noise + body[start + length :],
        body[: start + length] + body[start:],
    )
    return outcomes[int(generator.integers(len(outcomes)))]


def _json_changed(text: bytes, generator: np.random.Generator) -> bytes:
    try:
        value = json.loads(text)
    except ValueError:
        return _bytes_changed(text, generator)
    return json.dumps(_value_changed(value, generator)).encode("utf-8", "surrogatepass")


def _value_changed(value: Any, generator: np.random.Generator) -> Any:
    """The value with one of its parts, drawn from all of them, replaced, doubled or left out."""
    places = list(_places(value))
    if not places or generator.random() < 0.03:
        return _ODD[int(generator.integers(len(_ODD)))]
    holder, key = places[int(generator.integers(len(places)))]
    kind = int(generator.integers(6))
    if kind == 0:
        del holder[key]
    elif kind == 1 and isinstance(holder, list):
        holder.extend([holder[key]] * int(generator.integers(1, 30)))
    elif kind == 1:
        holder[f"{key}s"] = holder.pop(key)
    elif kind == 2:
        holder[key] = [holder[key]]
    elif kind == 3:
        holder[key] = json.dumps(holder[key])
    else:
        holder[key] = _ODD[int(generator.integers(len(_ODD)))]
    return value


def _places(value: Any) -> Any:
    keys = (
        value.keys()
        if isinstance(value, dict)
        else range(len(value))
        if isinstance(value, list)
        else ()
    )
    for key in list(keys):
        yield value, key
        yield from _places(value[key])


def _in_arguments(reply: Reply, generator: np.random.Generator) -> Reply:
    """The JSON inside the JSON changed: the arguments of a call, or a parse in the words."""
    body = json.loads(reply.body)
    message = body["choices"][0]["message"]
    calls = message.get("tool_calls")
    if calls:
        chosen = calls[int(generator.integers(len(calls)))]["function"]
        chosen["arguments"] = _json_changed(chosen["arguments"].encode(), generator).decode(
            "utf-8", "replace"
        )
    elif message["content"].startswith("{"):
        message["content"] = _json_changed(message["content"].encode(), generator).decode(
            "utf-8", "replace"
        )
    return replace(reply, body=json.dumps(body).encode())
