"""Runs turns beside the web server: each in a thread of its own, watched as throttled snapshots.

The thread owns the agent's generator. So "stop" works while a model is being waited for, and a closed
browser tab does not tear a turn in half: the turn goes on and is there after a reload.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator

from agents import TurnEvent

from ..render import TurnProgress, advance

_MIN_GAP = 0.05
_PATIENCE = 0.1


class RunningTurn:
    """One turn under way. `watch` yields snapshots; `stop` ends it at its next event.

    Args:
        events: The turn itself.
        interrupt: Wakes a turn that waits for something, so that the next event comes soon.
    """

    def __init__(
        self, events: Iterator[TurnEvent], interrupt: Callable[[], None] = lambda: None
    ) -> None:
        self._events = events
        self._interrupt = interrupt
        self._queue: queue.Queue[TurnEvent | BaseException | None] = queue.Queue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._pump, name="rapport-turn", daemon=True)
        self._thread.start()

    @property
    def is_stopped(self) -> bool:
        """True after `stop`: the turn may still have been committed just before."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """Ask the turn to end; it is dropped unless it was committed already. Asking again is fine."""
        self._stopping.set()
        self._interrupt()

    def wait(self, seconds: float) -> bool:
        """Wait for the thread to end; False when it has not in that time."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def watch(self) -> Iterator[TurnProgress]:
        """Snapshots until the turn ends or is stopped, at most twenty a second.

        Raises:
            BaseException: whatever the turn itself raised.
        """
        progress = TurnProgress()
        shown = 0.0
        pending = False
        while not self._stopping.is_set():
            try:
                event = self._queue.get(timeout=_MIN_GAP if pending else _PATIENCE)
            except queue.Empty:
                event = _NOTHING
            if isinstance(event, BaseException):
                raise event
            if event is None:
                break
            if not isinstance(event, _Nothing):
                progress = advance(progress, event)
                pending = True
            if pending and time.monotonic() - shown >= _MIN_GAP:
                yield progress
                shown, pending = time.monotonic(), False
        if pending:
            yield progress

    def _pump(self) -> None:
        try:
            for event in self._events:
                self._queue.put(event)
                if self._stopping.is_set():
                    break
            self._queue.put(None)
        # The watcher raises it again where it can be shown.
        except BaseException as fault:  # noqa: BLE001
            self._queue.put(fault)
        finally:
            close = getattr(self._events, "close", None)
            if close is not None:
                close()


class _Nothing:
    """Marks an empty wait."""


_NOTHING = _Nothing()
