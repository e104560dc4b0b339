"""The one seam to language models: LangChain's ChatOpenAI at any OpenAI-compatible server.

Time-outs, the one retry, the record of every call and the taming of what servers answer are here and
nowhere else. What comes back is untrusted; what goes wrong becomes `ModelFailed` with a plain phrase.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from langchain_core.messages import AIMessage, BaseMessage
from langchain_openai import ChatOpenAI
from openai import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    NotFoundError,
    PermissionDeniedError,
)
from pydantic import SecretStr

from tools import ToolSpec

from ..budget import BudgetMeter
from .ledger import Ledger, ModelCall

_LOG = logging.getLogger(__name__)

FailureKind = Literal[
    "unreachable", "timeout", "key", "model", "rejected", "no_tools", "busy", "server", "unusable"
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
}
_RETRIED: frozenset[FailureKind] = frozenset({"unreachable", "busy", "server", "unusable"})
_POLL_SECONDS = 0.05
_ANSWER_TOKENS = 1_000
_CHARACTERS_PER_TOKEN = 4
_LONGEST_ARGUMENTS = 8_000


class ModelFailed(Exception):
    """A call to a model came to nothing; `phrase` is fit for people, the cause only for the log."""

    def __init__(self, kind: FailureKind) -> None:
        self.kind = kind
        self.phrase = _PHRASES[kind]
        super().__init__(self.phrase)


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
class RequestedCall:
    """A tool call that a model asked for. `arguments` is None when they were not a JSON object."""

    name: str
    arguments: Mapping[str, Any] | None
    raw: str = ""


@dataclass(frozen=True, kw_only=True)
class ModelReply:
    """What a model said: text, tool calls in its order, or neither."""

    text: str
    calls: tuple[RequestedCall, ...] = ()


class ChatModel:
    """Asks one model. Safe to share between threads.

    Args:
        options: Where it is.
        ledger: Gets every call, beside the turn's own count.
        generator: Makes the pause before a retry uneven, so that many clients do not come back at once.
        sleep: Waits between tries.
    """

    def __init__(
        self,
        options: LLMOptions,
        *,
        ledger: Ledger | None = None,
        generator: np.random.Generator | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.options = options
        self.ledger = ledger or Ledger()
        self._generator = generator or np.random.default_rng()
        self._sleep = sleep
        self._has_no_tools = False

    def reply(
        self,
        messages: Sequence[BaseMessage],
        *,
        tools: Sequence[ToolSpec],
        prompt: tuple[str, str],
        meter: BudgetMeter,
    ) -> ModelReply:
        """One answer, with at most one retry where a retry can help.

        Args:
            messages: The conversation.
            tools: What the model may call.
            prompt: Name and hash of the prompt in use, for the ledger.
            meter: Charged for every try; also tells when the turn was stopped.

        Raises:
            ModelFailed: No usable answer.
            BudgetExceeded, TurnStopped: From the meter.
        """
        if tools and self._has_no_tools:
            raise ModelFailed("no_tools")
        try:
            return self._try(messages, tools, prompt, meter)
        except ModelFailed as fault:
            if fault.kind not in _RETRIED or not meter.model_calls_left:
                raise
        self._sleep(float(self._generator.uniform(0.1, 0.4)))
        return self._try(messages, tools, prompt, meter)

    @cached_property
    def _client(self) -> ChatOpenAI:
        return ChatOpenAI(
            base_url=self.options.base_url,
            model=self.options.model,
            # Servers without keys still want the header.
            api_key=SecretStr(self.options.api_key or "none"),
            timeout=self.options.timeout,
            max_retries=0,
            max_completion_tokens=_ANSWER_TOKENS,
            use_responses_api=False,
        )

    def _try(
        self,
        messages: Sequence[BaseMessage],
        tools: Sequence[ToolSpec],
        prompt: tuple[str, str],
        meter: BudgetMeter,
    ) -> ModelReply:
        estimate = _estimated_tokens(messages, tools)
        meter.charge_model_call(prompt_tokens=estimate)
        seconds = max(0.05, min(self.options.timeout, meter.seconds_left))
        started = time.monotonic()
        record = ModelCall(
            model=self.options.model, prompt=prompt[0], prompt_sha=prompt[1], outcome="ok",
            tokens_in=0, tokens_out=0, seconds=0.0, usd=0.0,
        )  # fmt: skip
        try:
            message = self._invoke(messages, tools, seconds, meter)
        except ModelFailed as fault:
            took = time.monotonic() - started
            self.ledger.add(replace(record, outcome=fault.kind, seconds=took))
            raise
        record = replace(
            self._priced(record, message, estimate), seconds=time.monotonic() - started
        )
        self.ledger.add(record)
        meter.charge_tokens(record.tokens, record.usd)
        return _reply_of(message)

    def _invoke(
        self,
        messages: Sequence[BaseMessage],
        tools: Sequence[ToolSpec],
        seconds: float,
        meter: BudgetMeter,
    ) -> AIMessage:
        arguments: dict[str, Any] = {"timeout": seconds}
        if tools:
            arguments["tools"] = [_as_function(tool) for tool in tools]
        try:
            message = _within(
                seconds, meter, lambda: self._client.invoke(list(messages), **arguments)
            )
        # What a server sends makes the client library fail in every way there is.
        except Exception as fault:
            kind = _kind_of(fault, has_tools=bool(tools))
            _LOG.warning("model call failed: %s (%s)", kind, type(fault).__name__)
            self._has_no_tools = self._has_no_tools or kind == "no_tools"
            raise ModelFailed(kind) from fault
        if not isinstance(message, AIMessage):
            raise ModelFailed("unusable")
        return message

    def _priced(self, record: ModelCall, message: AIMessage, estimate: int) -> ModelCall:
        usage = message.usage_metadata
        tokens_in = usage["input_tokens"] if usage else estimate
        said = len(message.text) // _CHARACTERS_PER_TOKEN + 1
        tokens_out = usage["output_tokens"] if usage else said
        options = self.options
        usd = (tokens_in * options.price_in + tokens_out * options.price_out) / 1e6
        return replace(record, tokens_in=tokens_in, tokens_out=tokens_out, usd=usd)


def _within(seconds: float, meter: BudgetMeter, call: Callable[[], Any]) -> Any:  # noqa: ANN401
    """The call's outcome, or TimeoutError: a server that drips bytes never trips a socket's time-out.

    The call runs in a thread of its own, which is left behind when time is up or the turn stops.
    """
    outcomes: queue.Queue[tuple[Any, BaseException | None]] = queue.Queue()

    def run() -> None:
        try:
            outcomes.put((call(), None))
        # Handed over to the thread that waits.
        except BaseException as fault:  # noqa: BLE001
            outcomes.put((None, fault))

    threading.Thread(target=run, name="rapport-model-call", daemon=True).start()
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        meter.check_stopped()
        try:
            value, fault = outcomes.get(timeout=min(_POLL_SECONDS, left))
        except queue.Empty:
            continue
        if fault is not None:
            raise fault
        return value
    raise TimeoutError


def _kind_of(fault: Exception, *, has_tools: bool) -> FailureKind:
    if isinstance(fault, TimeoutError | APITimeoutError):
        return "timeout"
    if isinstance(fault, APIConnectionError):
        return "unreachable"
    if isinstance(fault, AuthenticationError | PermissionDeniedError):
        return "key"
    if isinstance(fault, NotFoundError):
        return "model"
    if isinstance(fault, APIStatusError):
        if fault.status_code == 429:
            return "busy"
        if fault.status_code >= 500:
            return "server"
        return "no_tools" if has_tools and "tool" in str(fault).lower() else "rejected"
    return "unusable"


def _as_function(tool: ToolSpec) -> dict[str, Any]:
    function = {
        "name": tool.name,
        "description": tool.description,
        "parameters": dict(tool.schema),
    }
    return {"type": "function", "function": function}


def _reply_of(message: AIMessage) -> ModelReply:
    good = [RequestedCall(name=call["name"], arguments=call["args"]) for call in message.tool_calls]
    bad = [
        RequestedCall(
            name=call["name"] or "", arguments=None, raw=(call["args"] or "")[:_LONGEST_ARGUMENTS]
        )
        for call in message.invalid_tool_calls
    ]
    return ModelReply(text=message.text.strip(), calls=(*good, *bad))


def _estimated_tokens(messages: Sequence[BaseMessage], tools: Sequence[ToolSpec]) -> int:
    characters = sum(
        len(message.text) + len(json.dumps(getattr(message, "tool_calls", [])))
        for message in messages
    )
    characters += sum(len(tool.description) + len(json.dumps(tool.schema)) for tool in tools)
    return characters // _CHARACTERS_PER_TOKEN
