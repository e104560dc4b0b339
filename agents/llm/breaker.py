"""A circuit breaker: a dead server costs one time-out, not one per turn.

Closed, calls pass. Failures in a row open it, and calls are refused at once. After a rest one call may
pass as a probe: success closes it, failure opens it again for twice as long.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from .failures import FailureKind

# One of these says that waiting again would be in vain.
_DEAD: frozenset[FailureKind] = frozenset({"timeout", "unreachable"})
# Several of these in a row say so; anything else (a key, a bad request) has nothing to do with health.
_AILING: frozenset[FailureKind] = frozenset({"server", "busy"})
_MANY = 3


@dataclass(frozen=True, kw_only=True)
class RestTimes:
    """Seconds that a server is left alone: at first, and at most after doubling."""

    first: float = 30.0
    longest: float = 300.0


class CircuitBreaker:
    """Says whether a server may be asked. Safe between threads; one per server.

    Args:
        times: How long it rests.
        timer: Monotonic seconds.
    """

    def __init__(
        self, times: RestTimes | None = None, *, timer: Callable[[], float] = time.monotonic
    ) -> None:
        self._times = times or RestTimes()
        self._timer = timer
        self._lock = threading.Lock()
        self._failures = 0
        self._rest = 0.0
        self._closed_until = 0.0
        self._probing = False

    @property
    def is_open(self) -> bool:
        """True while calls are refused."""
        with self._lock:
            return self._refuses()

    def allows(self) -> bool:
        """Whether a call may be made now. After a rest this is True for one caller, the probe,
        until that caller tells how it went.
        """
        with self._lock:
            if self._refuses():
                return False
            self._probing = self._rest > 0
            return True

    def succeeded(self) -> None:
        """A call got an answer, useful or not: the server lives."""
        with self._lock:
            self._failures, self._rest, self._probing = 0, 0.0, False

    def failed(self, kind: FailureKind, *, asked_rest: float = 0.0) -> None:
        """A call came to nothing.

        Args:
            kind: Why; kinds that are no sign of ill health close the breaker.
            asked_rest: Seconds that the server itself asked for, bounded like any rest.
        """
        if kind not in _DEAD | _AILING:
            self.succeeded()
            return
        with self._lock:
            self._failures += 1
            was_probe, self._probing = self._probing, False
            if kind in _DEAD or was_probe or asked_rest or self._failures >= _MANY:
                doubled = max(self._times.first, self._rest * 2, asked_rest)
                self._rest = min(doubled, self._times.longest)
                self._closed_until = self._timer() + self._rest

    def gave_up(self) -> None:
        """A call ended without telling anything about the server (the turn was stopped)."""
        with self._lock:
            self._probing = False

    def _refuses(self) -> bool:
        return self._rest > 0 and (self._probing or self._timer() < self._closed_until)
