"""What one turn may cost, enforced in one place: everything that costs asks the meter first.

Apart from the turn because planners, the model seam and the graph all charge the same meter.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from .errors import BudgetExceeded
from .events import Usage

MODEL_CALLS_CAP = 8
CALLS_PER_MESSAGE = 6
ROUNDS_PER_PLANNER = 8
_RESERVED_TOOL_CALLS = 4
_RESERVED_SECONDS = 3.0


@dataclass(frozen=True, kw_only=True)
class TurnLimits:
    """The most that one turn may use.

    Attributes:
        model_calls: Calls to a language model, retries counted; never more than 8.
        tool_calls: Tool runs. A third of them (4 at most) is kept back for the built-in rules,
            so that a model cannot use up what the fallback needs.
        tokens: Prompt plus completion, summed over the calls.
        seconds: Wall-clock time until a model may no longer be asked; the answer by rules comes
            on top and takes no waiting.
    """

    model_calls: int = 3
    tool_calls: int = 12
    tokens: int = 20_000
    seconds: float = 45.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "model_calls", max(0, min(self.model_calls, MODEL_CALLS_CAP)))

    @property
    def reserved_tool_calls(self) -> int:
        """Tool calls that only the last planner of a turn may use."""
        return min(_RESERVED_TOOL_CALLS, self.tool_calls // 3)


class TurnStopped(Exception):
    """The person stopped the turn; whatever is running should end without a trace."""


@dataclass
class BudgetMeter:
    """Counts what a turn uses and refuses what goes over. One per turn, safe between threads.

    Attributes:
        limits: The limits.
        spent: What was used before this process took the turn up (a resumed turn).
        timer: Monotonic seconds.
        is_last_planner: True once nothing is left to fall back to: the reserve is open, and time
            no longer counts, because nothing that is left has to be waited for.
    """

    limits: TurnLimits
    spent: Usage = field(default_factory=Usage)
    timer: Callable[[], float] = time.monotonic
    is_last_planner: bool = False

    def __post_init__(self) -> None:
        self._started = self.timer()
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    @property
    def usage(self) -> Usage:
        """Everything used so far, time included."""
        with self._lock:
            return self.spent.model_copy(update={"seconds": round(self._seconds(), 3)})

    @property
    def model_calls_left(self) -> int:
        """How many more calls to a model may be made."""
        return max(0, self.limits.model_calls - self.spent.model_calls)

    @property
    def seconds_left(self) -> float:
        """How long a model may still be waited for; a little is kept back for the answer."""
        reserve = min(_RESERVED_SECONDS, self.limits.seconds / 4)
        return max(0.0, self.limits.seconds - reserve - self._seconds())

    @property
    def is_stopped(self) -> bool:
        """True once the person pressed stop."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """End the turn at the next point where it asks."""
        self._stopped.set()

    def check_stopped(self) -> None:
        """Raise `TurnStopped` when the person pressed stop."""
        if self.is_stopped:
            raise TurnStopped

    def charge_model_call(self, *, prompt_tokens: int) -> None:
        """Count a call that is about to be made.

        Args:
            prompt_tokens: An estimate; the call is refused when it would not fit.

        Raises:
            BudgetExceeded: "model_calls", "tokens" or "seconds".
            TurnStopped: The person pressed stop.
        """
        self.check_stopped()
        with self._lock:
            if self.spent.model_calls >= self.limits.model_calls:
                raise BudgetExceeded("model_calls")
            if self.spent.tokens + prompt_tokens > self.limits.tokens:
                raise BudgetExceeded("tokens")
            if self.seconds_left <= 0:
                raise BudgetExceeded("seconds")
            self._add(model_calls=1)

    def charge_tokens(self, tokens: int, usd: float = 0.0) -> None:
        """Count what a finished call used."""
        with self._lock:
            self._add(tokens=tokens, usd=usd)

    def charge_tool_call(self) -> None:
        """Count a tool that is about to run.

        Raises:
            BudgetExceeded: "tool_calls", or "seconds" where another planner could still answer.
            TurnStopped: The person pressed stop.
        """
        self.check_stopped()
        reserved = 0 if self.is_last_planner else self.limits.reserved_tool_calls
        with self._lock:
            if self.spent.tool_calls >= self.limits.tool_calls - reserved:
                raise BudgetExceeded("tool_calls")
            if not self.is_last_planner and self.seconds_left <= 0:
                raise BudgetExceeded("seconds")
            self._add(tool_calls=1)

    def count_tool_call(self) -> None:
        """Count a tool run of the last resort, which no limit stops: it makes three at most."""
        with self._lock:
            self._add(tool_calls=1)

    def _seconds(self) -> float:
        return self.spent.seconds + self.timer() - self._started

    def _add(
        self, *, model_calls: int = 0, tool_calls: int = 0, tokens: int = 0, usd: float = 0.0
    ) -> None:
        spent = self.spent
        self.spent = spent.model_copy(
            update={
                "model_calls": spent.model_calls + model_calls,
                "tool_calls": spent.tool_calls + tool_calls,
                "tokens": spent.tokens + tokens,
                "usd": spent.usd + usd,
            }
        )
