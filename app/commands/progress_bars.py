"""Progress bars on stderr for the stages of a long job."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rec_core.runtime import Progress


@contextmanager
def progress_bars(*, quiet: bool = False) -> Iterator[Progress]:
    """Yield a callback that keeps one bar for each stage it is told of.

    Where nobody watches (stderr is no terminal) each finished stage is one plain line; `quiet`
    says nothing at all.
    """
    from rich.console import Console

    from rec_core.runtime import no_progress

    console = Console(stderr=True)
    if quiet:
        yield no_progress
    elif console.is_terminal:
        yield from _bars(console)
    else:
        yield from _lines(console)


def _bars(console) -> Iterator[Progress]:  # noqa: ANN001 (rich is imported lazily)
    from rich.progress import BarColumn, Progress as Bars, TaskID, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:<24}"), BarColumn(), TimeElapsedColumn())
    with Bars(*columns, console=console) as bars:
        tasks: dict[str, TaskID] = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage)
            bars.update(tasks[stage], completed=done, total=total)

        yield report


def _lines(console) -> Iterator[Progress]:  # noqa: ANN001
    finished: set[str] = set()

    def report(stage: str, done: int, total: int) -> None:
        if done >= total and stage not in finished:
            finished.add(stage)
            console.print(f"  {stage}: done", highlight=False)

    yield report
