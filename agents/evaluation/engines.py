"""Where the pieces of a long run are worked on: in this process, in several, or elsewhere.

An engine holds a source (a picklable recipe for whatever the work needs) and applies functions to it.
Answers come in the order in which they are ready, so whoever uses an engine must not depend on order.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager
from multiprocessing import connection, get_context, parent_process
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from rec_core import DataError

Source = TypeVar("Source")
Work = TypeVar("Work")
Answer = TypeVar("Answer")


class Engine(Protocol):
    """Applies a function to a source and many arguments."""

    def each(
        self, work: Callable[[Any, Work], Answer], arguments: Sequence[Work]
    ) -> Iterator[Answer]:
        """Answers in the order in which they are ready.

        Args:
            work: A function of a module, called with the source and one argument.
            arguments: Must be picklable, as the answers.

        Raises:
            DataError: A process died.
        """
        ...


EngineContext = AbstractContextManager[Engine]


class InProcess:
    """Everything in this process, one after the other."""

    def __init__(self, source: object) -> None:
        self._source = source

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def each(
        self, work: Callable[[Any, Work], Answer], arguments: Sequence[Work]
    ) -> Iterator[Answer]:
        """As the protocol says."""
        return (work(self._source, argument) for argument in arguments)


class Processes:
    """Processes of this machine, each with its own copy of the source, started at the first use.

    They are spawned, not forked: threads of numeric libraries do not survive a fork.
    """

    def __init__(self, source: object, count: int) -> None:
        self._source = source
        self._count = count
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def each(
        self, work: Callable[[Any, Work], Answer], arguments: Sequence[Work]
    ) -> Iterator[Answer]:
        """As the protocol says; no more is handed out once the iterator is closed."""
        if not arguments:
            return
        pool = self._started()
        waiting: set[Future[Answer]] = {
            pool.submit(_with_source, work, argument) for argument in arguments
        }
        try:
            while waiting:
                ready, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in ready)
        except BrokenProcessPool as fault:
            raise DataError(
                "A worker process was ended from outside, perhaps for want of memory.",
                "Run the same command again, which goes on where this one was, with fewer processes.",
            ) from fault
        finally:
            for future in waiting:
                future.cancel()

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self._count,
                mp_context=get_context("spawn"),
                initializer=_start_worker,
                initargs=(self._source,),
            )
        return self._pool


_SOURCE: list[object] = []  # of a worker process, which has one all its life


def _start_worker(source: object) -> None:
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))  # Ctrl-C is the parent's to report
    _SOURCE.append(source)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A killed parent cannot end its workers, so they watch for it."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _with_source(work: Callable[[Any, Work], Answer], argument: Work) -> Answer:
    return work(_SOURCE[0], argument)
