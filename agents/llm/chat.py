"""The one seam to language models: any OpenAI-compatible server, asked through one door.

Retries, the circuit breaker, the record of every call, the tape and what is learnt about the server are
here and nowhere else. What comes back is untrusted; what goes wrong becomes `ModelFailed`.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from langchain_core.messages import BaseMessage

from tools import ToolSpec

from ..budget import BudgetMeter, TurnStopped
from ..errors import BudgetExceeded
from .abilities import AbilityBook
from .answers import (
    Answer,
    ModelReply as ModelReply,
    RequestedCall as RequestedCall,
)
from .breaker import CircuitBreaker
from .cassette import Cassette
from .exchange import Exchange, LLMOptions as LLMOptions, Request, as_function
from .failures import (
    FailureKind as FailureKind,
    ModelFailed as ModelFailed,
    RefusedPart,
    kind_of,
    refused_part,
    rest_asked_for,
)
from .ledger import Ledger, ModelCall

_LOG = logging.getLogger(__name__)

_RETRIED: frozenset[FailureKind] = frozenset({"unreachable", "busy", "server", "unusable"})
_CHARACTERS_PER_TOKEN = 4

Hear = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Purpose:
    """What a call is for.

    Attributes:
        prompt: Name and hash of the prompt in use, for the ledger.
        meter: Charged for every try; also tells when the turn was stopped.
        hear: Gets the text piece by piece as it comes, from another thread; of the first try only.
        retry: Whether a try that failed is made once more where that can help.
        taped: Whether the answer may come from the tape, and go on it.
    """

    prompt: tuple[str, str]
    meter: BudgetMeter
    hear: Hear | None = None
    retry: bool = True
    taped: bool = True


class ChatModel:
    """Asks one model. Safe to share between threads.

    Args:
        options: Where it is.
        ledger: Gets every call, beside the turn's own count.
        book: What is known of the server; what a call shows is added to it.
        breaker: Says when the server is to be left alone.
        cassette: Recorded answers; None asks for everything.
        exchange: Carries the requests, where several models share a connection or a test stands in.
        generator: Makes the pause before a retry uneven, so that many clients do not come back at once.
        sleep: Waits between tries.
    """

    def __init__(
        self,
        options: LLMOptions,
        *,
        ledger: Ledger | None = None,
        book: AbilityBook | None = None,
        breaker: CircuitBreaker | None = None,
        cassette: Cassette | None = None,
        exchange: Exchange | None = None,
        generator: np.random.Generator | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.options = options
        self.ledger = ledger or Ledger()
        self.book = book or AbilityBook(options)
        self.breaker = breaker or CircuitBreaker()
        self._cassette = cassette
        self._exchange = exchange or Exchange(options)
        self._generator = generator or np.random.default_rng()
        self._sleep = sleep
        self._refuses_tools = False
        self._refuses_temperature = False

    @property
    def may_ask(self) -> bool:
        """False when answers come from the tape alone."""
        return self._cassette is None or self._cassette.may_ask

    def reply(
        self,
        messages: Sequence[BaseMessage],
        *,
        tools: Sequence[ToolSpec],
        prompt: tuple[str, str],
        meter: BudgetMeter,
        hear: Hear | None = None,
        tool_choice: str = "",
    ) -> ModelReply:
        """One answer in words or tool calls, with at most one retry where a retry can help.

        Args:
            messages: The conversation.
            tools: What the model may call.
            prompt: Name and hash of the prompt in use, for the ledger.
            meter: Charged for every try; also tells when the turn was stopped.
            hear: Gets the text piece by piece as it comes.
            tool_choice: "required" to insist on a call, where the server is known to heed it.

        Raises:
            ModelFailed: No usable answer.
            BudgetExceeded, TurnStopped: From the meter.
        """
        heeds_choice = self.book.abilities.tool_choice is True
        request = Request(
            messages=tuple(messages),
            tools=tuple(as_function(one.name, one.description, one.schema) for one in tools),
            tool_choice=tool_choice if heeds_choice else "",
        )
        answer = self.answer(request, Purpose(prompt=prompt, meter=meter, hear=hear))
        return ModelReply(text=answer.text, calls=answer.calls)

    def answer(self, request: Request, purpose: Purpose) -> Answer:
        """One answer to a whole request; from the tape where it has one.

        Raises:
            ModelFailed: No usable answer; `ReplayMissed` when only the tape may be used.
            BudgetExceeded, TurnStopped: From the meter.
        """
        tape = self._cassette if purpose.taped else None
        if tape is not None:
            recorded = tape.find(self.options.model, request)
            if recorded is not None:
                return self._replayed(request, recorded, purpose)
        if request.tools and self._refuses_tools:
            raise ModelFailed("no_tools")
        if not self.breaker.allows():
            raise ModelFailed("resting")
        try:
            answer = self._asked(request, purpose)
        except (BudgetExceeded, TurnStopped):
            self.breaker.gave_up()
            raise
        self.breaker.succeeded()
        if tape is not None:
            tape.keep(self.options.model, request, answer)
        return answer

    def _asked(self, request: Request, purpose: Purpose) -> Answer:
        """Two tries at most, the second one whole; how the last one failed is told to the breaker."""
        streamed = self.book.abilities.streams is not False
        try:
            answer = self._try(request, purpose, streamed=streamed)
        except ModelFailed as fault:
            rest = rest_asked_for(fault.__cause__)
            is_mendable = fault.kind in _RETRIED or bool(refused_part(fault.__cause__))
            if not purpose.retry or not is_mendable or rest or not purpose.meter.model_calls_left:
                self.breaker.failed(fault.kind, asked_rest=rest)
                raise
            return self._asked_again(request, purpose, fault, was_streamed=streamed)
        if streamed:
            self.book.learn(streams=True)
        return answer

    def _asked_again(
        self, request: Request, purpose: Purpose, first: ModelFailed, *, was_streamed: bool
    ) -> Answer:
        part = refused_part(first.__cause__)
        self._heed(part)
        if first.kind != "rejected":
            self._sleep(float(self._generator.uniform(0.1, 0.4)))
        try:
            answer = self._try(request, replace(purpose, hear=None), streamed=False)
        except ModelFailed as fault:
            self.breaker.failed(fault.kind, asked_rest=rest_asked_for(fault.__cause__))
            raise
        is_news = first.kind == "unusable" and self.book.abilities.streams is None
        if was_streamed and (part == "stream" or is_news):
            self.book.learn(streams=False)
        return answer

    def _heed(self, part: RefusedPart) -> None:
        """Leave out from now on what the server refuses."""
        if part == "max_completion_tokens":
            self.book.learn(limit_name="max_tokens")
        elif part == "max_tokens":
            self.book.learn(limit_name="max_completion_tokens")
        elif part == "temperature":
            self._refuses_temperature = True

    def _try(self, request: Request, purpose: Purpose, *, streamed: bool) -> Answer:
        request = self._adapted(request)
        estimate = _estimated_tokens(request)
        meter = purpose.meter
        meter.charge_model_call(prompt_tokens=estimate)
        seconds = max(0.05, min(self.options.timeout, meter.seconds_left))
        started = time.monotonic()
        try:
            answer = self._exchange.ask(
                request, seconds=seconds, meter=meter, hear=purpose.hear, streamed=streamed
            )
        except TurnStopped:
            raise
        # What a server sends makes the client library fail in every way there is.
        except Exception as fault:
            kind = kind_of(fault, has_tools=bool(request.tools))
            _LOG.warning("model call failed: %s (%s)", kind, type(fault).__name__)
            self._record(purpose, kind, Answer(tokens_in=0, tokens_out=0), 0, started)
            if kind == "no_tools":
                self._refuses_tools = True
                self.book.learn(tools=False)
            raise ModelFailed(kind) from fault
        record = self._record(purpose, "ok", answer, estimate, started)
        meter.charge_tokens(record.tokens, record.usd)
        return answer

    def _adapted(self, request: Request) -> Request:
        """The request in the words that this server understands."""
        request = replace(request, limit_name=self.book.abilities.limit_name)
        return replace(request, temperature=None) if self._refuses_temperature else request

    def _replayed(self, request: Request, answer: Answer, purpose: Purpose) -> Answer:
        """An answer from the tape: counted like any other, but free."""
        estimate = _estimated_tokens(request)
        purpose.meter.charge_model_call(prompt_tokens=estimate)
        record = self._record(purpose, "replayed", answer, estimate, time.monotonic())
        purpose.meter.charge_tokens(record.tokens)
        if purpose.hear is not None and answer.text:
            purpose.hear(answer.text)
        return answer

    def _record(
        self, purpose: Purpose, outcome: str, answer: Answer, estimate: int, started: float
    ) -> ModelCall:
        n_in = estimate if answer.tokens_in is None else answer.tokens_in
        n_out = _said_tokens(answer) if answer.tokens_out is None else answer.tokens_out
        options = self.options
        usd = (n_in * options.price_in + n_out * options.price_out) / 1e6
        record = ModelCall(
            model=options.model,
            prompt=purpose.prompt[0],
            prompt_sha=purpose.prompt[1],
            outcome=outcome,
            tokens_in=n_in,
            tokens_out=n_out,
            seconds=time.monotonic() - started,
            usd=0.0 if outcome == "replayed" else usd,
        )
        self.ledger.add(record)
        return record


def _said_tokens(answer: Answer) -> int:
    said = sum(len(call.raw) + len(str(call.arguments or "")) for call in answer.calls)
    return (len(answer.text) + said) // _CHARACTERS_PER_TOKEN + 1


def _estimated_tokens(request: Request) -> int:
    characters = sum(
        len(message.text) + len(json.dumps(getattr(message, "tool_calls", [])))
        for message in request.messages
    )
    characters += sum(len(json.dumps(tool)) for tool in request.tools)
    characters += len(json.dumps(request.response_format)) if request.response_format else 0
    return characters // _CHARACTERS_PER_TOKEN
