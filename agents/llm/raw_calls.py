"""Tool calls that arrive as text, from servers that do not parse what their model writes.

Pure. Everything read here is untrusted and is checked by the toolbox like any other call.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from .answers import ModelReply, RequestedCall

_MARKED = re.compile(r"<(tool_call|function_call)>\s*(.*?)\s*(?:</\1>|\Z)", re.S | re.I)
_FENCED = re.compile(r"```(?:json|tool_code|tool_call)?\s*(.*?)\s*(?:```|\Z)", re.S | re.I)
_TRACES = re.compile(r"<\|?/?(?:tool_calls?|function_calls?|python_tag)\|?>|\[TOOL_CALLS\]", re.I)
_DEEPEST = 8
_LONGEST_LIST = 200
_LONGEST_TEXT = 4_000
_SAFE_INTEGER = 2**53


def with_calls_in_text(reply: ModelReply) -> ModelReply:
    """The reply with calls that stood in its text as calls. One that has real calls stays as it is.

    What looks like a call and cannot be read becomes a call with `arguments` None.
    """
    if reply.calls or not reply.text:
        return reply
    found = [match[2] for match in _MARKED.finditer(reply.text)]
    if not found and reply.text.lstrip().startswith(("{", "[", "```")):
        found = [match[1] for match in _FENCED.finditer(reply.text)] or [reply.text]
    calls = tuple(call for text in found for call in _calls_of(text))
    if calls:
        return ModelReply(text="", calls=calls)
    if found or _TRACES.search(reply.text):
        return ModelReply(text="", calls=(RequestedCall(name="", arguments=None, raw=reply.text),))
    return reply


def tamed(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments as plain JSON of sane size: what is too deep, too long or not a number goes."""
    return {str(name)[:100]: _tamed(value, 0) for name, value in list(arguments.items())[:50]}


def _calls_of(text: str) -> list[RequestedCall]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return []
    entries = value if isinstance(value, list) else [value]
    return [call for entry in entries if (call := _call_of(entry)) is not None]


def _call_of(entry: object) -> RequestedCall | None:
    if not isinstance(entry, dict):
        return None
    inner = entry.get("function")
    entry = inner if isinstance(inner, dict) else entry
    name = entry.get("name", entry.get("tool"))
    arguments = entry.get("arguments", entry.get("parameters"))
    if not isinstance(name, str) or arguments is None:
        return None
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except (ValueError, RecursionError):
            arguments = None
    return RequestedCall(name=name, arguments=arguments if isinstance(arguments, dict) else None)


def _tamed(value: object, depth: int) -> object:
    if depth > _DEEPEST:
        return None
    if isinstance(value, str):
        return value[:_LONGEST_TEXT].encode("utf-8", "replace").decode()
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return (
            value
            if abs(value) < _SAFE_INTEGER
            else str(value)[:40]
            if abs(value) < 10**40
            else None
        )
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        inner = list(value.items())[:_LONGEST_LIST]
        return {str(name)[:100]: _tamed(part, depth + 1) for name, part in inner}
    if isinstance(value, list | tuple):
        return [_tamed(part, depth + 1) for part in value[:_LONGEST_LIST]]
    return None
