"""Every call to a model, written down: what a turn, a study or an evaluation adds up."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

from ..events import Usage

_KEPT = 10_000


@dataclass(frozen=True, kw_only=True)
class ModelCall:
    """One call to a model.

    Attributes:
        model: The model's name at its server.
        prompt: Name of the prompt file; `prompt_sha` its content.
        outcome: "ok", "replayed" for an answer from a recording, or what went wrong, as in
            `ModelFailed.kind`.
        tokens_in, tokens_out: As the server counted them; estimated when it did not say.
        seconds: Wall-clock time.
        usd: By the prices in the settings; 0 when they are unknown, and for replays.
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
    """An append-only list of model calls, safe between threads.

    Sums cover every call ever added; of the calls themselves the newest 10,000 are kept, so that a
    server that runs for months does not grow.
    """

    def __init__(self) -> None:
        self._calls: deque[ModelCall] = deque(maxlen=_KEPT)
        self._sums: dict[str, Usage] = {}
        self._lock = threading.Lock()

    def add(self, call: ModelCall) -> None:
        """Write a call down."""
        with self._lock:
            self._calls.append(call)
            self._sums[call.prompt] = _added(self._sums.get(call.prompt, Usage()), call)

    @property
    def calls(self) -> tuple[ModelCall, ...]:
        """The newest calls, oldest first."""
        with self._lock:
            return tuple(self._calls)

    def usage(self, *, prompt: str | None = None) -> Usage:
        """The sum of all calls, or of those with one prompt; seconds are the calls' own, one after
        another.
        """
        with self._lock:
            sums = [one for name, one in self._sums.items() if prompt in (None, name)]
        return Usage(
            model_calls=sum(one.model_calls for one in sums),
            tokens=sum(one.tokens for one in sums),
            seconds=sum(one.seconds for one in sums),
            usd=sum(one.usd for one in sums),
        )


def _added(usage: Usage, call: ModelCall) -> Usage:
    return Usage(
        model_calls=usage.model_calls + 1,
        tokens=usage.tokens + call.tokens,
        seconds=usage.seconds + call.seconds,
        usd=usage.usd + call.usd,
    )
