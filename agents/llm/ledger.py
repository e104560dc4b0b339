"""Every call to a model, written down: what a turn, a study or an evaluation adds up."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from ..events import Usage


@dataclass(frozen=True, kw_only=True)
class ModelCall:
    """One call to a model.

    Attributes:
        model: The model's name at its server.
        prompt: Name of the prompt file; `prompt_sha` its content.
        outcome: "ok", or what went wrong, as in `ModelFailed.kind`.
        tokens_in, tokens_out: As the server counted them; estimated when it did not say.
        seconds: Wall-clock time.
        usd: By the prices in the settings; 0 when they are unknown.
    """

    model: str
    prompt: str
    prompt_sha: str
    outcome: str
    tokens_in: int
    tokens_out: int
    seconds: float
    usd: float

    @property
    def tokens(self) -> int:
        """Prompt plus completion."""
        return self.tokens_in + self.tokens_out


class Ledger:
    """An append-only list of model calls, safe between threads."""

    def __init__(self) -> None:
        self._calls: list[ModelCall] = []
        self._lock = threading.Lock()

    def add(self, call: ModelCall) -> None:
        """Write a call down."""
        with self._lock:
            self._calls.append(call)

    @property
    def calls(self) -> tuple[ModelCall, ...]:
        """All calls, oldest first."""
        with self._lock:
            return tuple(self._calls)

    def usage(self) -> Usage:
        """The sum of all calls; seconds are the calls' own, one after another."""
        calls = self.calls
        return Usage(
            model_calls=len(calls),
            tokens=sum(call.tokens for call in calls),
            seconds=sum(call.seconds for call in calls),
            usd=sum(call.usd for call in calls),
        )
