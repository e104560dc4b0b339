"""What can go wrong between us and a model, in kinds that somebody can act on, with a phrase for people.

What a server or a client library says in its own words never leaves this module but as a kind.
"""

from __future__ import annotations

from typing import Literal

from openai import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    NotFoundError,
    PermissionDeniedError,
)

FailureKind = Literal[
    "unreachable",
    "timeout",
    "key",
    "model",
    "rejected",
    "no_tools",
    "busy",
    "server",
    "unusable",
    "resting",
    "unrecorded",
]
_PHRASES: dict[FailureKind, str] = {
    "unreachable": "the language model could not be reached",
    "timeout": "the language model did not answer in time",
    "key": "the language model's server refused the key (check RAPPORT_LLM__API_KEY)",
    "model": "the language model's server does not know the model (check RAPPORT_LLM__MODEL)",
    "rejected": "the language model's server refused the request",
    "no_tools": "the language model's server does not offer tool calls",
    "busy": "the language model is busy",
    "server": "the language model's server had a fault",
    "unusable": "the language model gave an answer that could not be used",
    "resting": "the language model failed a moment ago and is given a rest",
    "unrecorded": "no recorded answer of the language model fits this request",
}
_BUSY, _FAULT = 429, 500
_NO_TOOLS = "tools param"

RefusedPart = Literal["max_completion_tokens", "max_tokens", "temperature", "stream", ""]
_PARTS: tuple[RefusedPart, ...] = ("max_completion_tokens", "max_tokens", "temperature", "stream")


class ModelFailed(Exception):
    """A call to a model came to nothing; `phrase` is fit for people, the cause only for the log."""

    def __init__(self, kind: FailureKind) -> None:
        self.kind: FailureKind = kind
        self.phrase = _PHRASES[kind]
        super().__init__(self.phrase)


class StreamBroken(Exception):
    """A stream ended where it must not, grew beyond all bounds, or was no stream at all."""


def kind_of(fault: Exception, *, has_tools: bool) -> FailureKind:
    """The kind of a fault of the client library; "unusable" for all that it cannot name itself.

    Args:
        fault: What was raised.
        has_tools: Whether tools were offered: a refusal that speaks of tools then means them.
    """
    if isinstance(fault, TimeoutError | APITimeoutError):
        return "timeout"
    if isinstance(fault, APIConnectionError):
        return "unreachable"
    if isinstance(fault, AuthenticationError | PermissionDeniedError):
        return "key"
    if isinstance(fault, APIStatusError):
        return _kind_of_status(fault, has_tools=has_tools)
    # An error event in the middle of a stream.
    return "server" if type(fault) is APIError else "unusable"


def refused_part(fault: BaseException | None) -> RefusedPart:
    """What a server did not like about a request that it refused; "" when that is not known."""
    if not isinstance(fault, APIStatusError) or fault.status_code >= _FAULT:
        return ""
    words = str(fault).lower()
    for part in _PARTS:
        if part in words:
            return part
    return ""


def rest_asked_for(fault: BaseException | None) -> float:
    """Seconds that a busy server asked for by Retry-After; 0 when it did not."""
    if not isinstance(fault, APIStatusError):
        return 0.0
    try:
        return max(0.0, float(fault.response.headers.get("retry-after", "")))
    except ValueError:
        return 0.0


def _kind_of_status(fault: APIStatusError, *, has_tools: bool) -> FailureKind:
    if fault.status_code == _BUSY:
        return "busy"
    words = str(fault).lower()
    if fault.status_code >= _FAULT:
        # llama.cpp's server words a start without its template engine as a fault of its own.
        return "no_tools" if has_tools and ("--jinja" in words or _NO_TOOLS in words) else "server"
    if has_tools and "tool" in words:
        return "no_tools"
    return "model" if isinstance(fault, NotFoundError) else "rejected"
