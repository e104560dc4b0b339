"""Progress bars for long work, on stderr so that stdout stays clean for results."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Progress(Protocol):
    """Told how far a long job is: `done` of `total` steps of the named stage."""

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Called as often as the job likes; the last call of a stage has `done == total`."""
        ...


_STAGES = {
    "download": "Downloading the data",
    "parse": "Reading the data",
    "save": "Saving the data",
    "catalog": "Reading the catalog",
    "interactions": "Reading the interactions",
    "texts": "Encoding the texts",
}


@contextmanager
def progress_bars(*, quiet: bool = False) -> Iterator[Progress]:
    """A callback `(stage, done, total)` that draws one bar a stage; with `quiet` it draws nothing."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress as Bars,
        TextColumn,
        TimeElapsedColumn,
    )

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description:<34}"),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    tasks: dict[str, int] = {}
    with Bars(*columns, console=console, disable=quiet) as bars:

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                label = _STAGES.get(stage, stage[:1].upper() + stage[1:].replace("_", " "))
                tasks[stage] = bars.add_task(label, total=total)
            bars.update(tasks[stage], completed=done, total=max(total, 1))  # type: ignore[arg-type]

        yield report


@contextmanager
def timed_bars(
    label: str | None = None, *, speed_seconds: float, quiet: bool = False
) -> Iterator[Progress]:
    """Bars with the time that is left, which counts what this run did, not what was there before.

    Args:
        label: What every bar is called; None names each after its stage.
        speed_seconds: Over how long the speed is averaged.
        quiet: Draw nothing.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress as Bars,
        TaskID,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description:<12}"),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TextColumn("time left"),
        TimeRemainingColumn(compact=True),
    )
    tasks: dict[str, TaskID] = {}
    with Bars(
        *columns,
        console=Console(stderr=True),
        disable=quiet,
        speed_estimate_period=speed_seconds,
    ) as bars:

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                name = label or stage.capitalize()
                tasks[stage] = bars.add_task(name, total=total, completed=done)
            bars.update(tasks[stage], completed=done)

        yield report
