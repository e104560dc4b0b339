"""The same work on Ray: an engine for many machines, with the same answers as the local one.

Ray is an optional extra; without it there is a sentence that says how to get it.
"""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, Self

from rec_core import DataError, SettingsError

from ..evaluation.engines import Answer, Work

_TOO_SLOW = "timed out during startup"


def has_ray() -> bool:
    """Whether Ray is installed."""
    return importlib.util.find_spec("ray") is not None


class RayEngine:
    """An `Engine` whose workers are Ray actors, each with its own copy of the source.

    Args:
        source: Picklable recipe for what the work needs.
        count: Actors, one processor each.
        address: A running cluster; "" starts one on this machine that listens to it alone.

    Raises:
        SettingsError: Ray is not installed.
        DataError: (when work is handed out) Ray does not start.
    """

    def __init__(self, source: object, count: int, *, address: str = "") -> None:
        if not has_ray():
            raise SettingsError(
                "The engine 'ray' needs Ray, which is not installed.",
                "Run: pip install 'rapport[scale]' (or pip install ray), or leave out --engine ray.",
            )
        self._source = source
        self._count = count
        self._address = address
        self._actors: list[Any] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._actors:
            import ray  # pyright: ignore[reportMissingImports]

            self._actors = []
            ray.shutdown()

    def each(
        self, work: Callable[[Any, Work], Answer], arguments: Sequence[Work]
    ) -> Iterator[Answer]:
        """As the protocol says; each actor has one piece of work at a time."""
        if not arguments:
            return
        import ray  # pyright: ignore[reportMissingImports]

        actors = self._started()
        left = iter(arguments)
        busy = {
            actor.run.remote(work, one): actor for actor, one in zip(actors, left, strict=False)
        }
        try:
            while busy:
                ready, _ = ray.wait(list(busy), num_returns=1)
                actor = busy.pop(ready[0])
                answer = ray.get(ready[0])
                for one in left:
                    busy[actor.run.remote(work, one)] = actor
                    break
                yield answer
        except ray.exceptions.RayActorError as fault:
            raise DataError(
                "A Ray worker was ended from outside, perhaps for want of memory.",
                "Run the same command again, which goes on where this one was.",
            ) from fault
        except ray.exceptions.RayTaskError as fault:
            raise fault.cause from fault

    def _started(self) -> list[Any]:
        if self._actors:
            return self._actors
        import ray  # pyright: ignore[reportMissingImports]

        if not ray.is_initialized():
            try:
                ray.init(**self._options())
            except Exception as fault:  # Ray has no kind of its own for this one
                if _TOO_SLOW not in str(fault):
                    raise
                raise DataError(
                    "Ray did not start in the time that it allows itself (30 seconds).",
                    "Run the same command again when the machine is less busy, or leave out --engine ray.",
                ) from fault
        actor = ray.remote(num_cpus=1)(_Worker)
        source = ray.put(self._source)
        self._actors = [actor.remote(source) for _ in range(self._count)]
        return self._actors

    def _options(self) -> dict[str, Any]:
        quiet = {"logging_level": logging.ERROR, "log_to_driver": False}
        if self._address:
            return {"address": self._address, **quiet}
        return {
            "num_cpus": self._count,
            "include_dashboard": False,
            "_node_ip_address": "127.0.0.1",
            **quiet,
        }


class _Worker:
    """Lives in a Ray process and keeps the source."""

    def __init__(self, source: object) -> None:
        self._source = source

    def run(self, work: Callable[[Any, Work], Answer], argument: Work) -> Answer:
        """One piece of work."""
        return work(self._source, argument)
