"""Scoring all examples with all rows: in this process or in several, each result kept at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import connection, get_context, parent_process
from pathlib import Path
from typing import Protocol, TypeVar

from rec_core import DataError, Progress, no_progress

from .examples import CrsExample
from .journal import Journal, ResultKey, open_journal
from .recommenders import CrsRecommender
from .scoring import ExampleScore, score_example

_CHUNK = 16
_FEW = 4  # pieces of work; for so few, starting processes costs more than it gains
_Work = TypeVar("_Work")
_Answer = TypeVar("_Answer")


class RowSource(Protocol):
    """Makes the recommender of each row. Must be picklable: each process gets its own copy."""

    @property
    def n_items(self) -> int:
        """Size of the catalog."""
        ...

    def prepare(self, fold: int) -> None:
        """Fit and keep on disk what the rows of a fold need; at once done where it is there."""
        ...

    def fingerprint(self, row: str, fold: int) -> str:
        """Changes with anything that the row's rankings depend on; the fold is prepared."""
        ...

    def recommender(self, row: str, fold: int) -> CrsRecommender:
        """The recommender of a row for the examples of a fold; the fold is prepared."""
        ...


@dataclass(frozen=True, kw_only=True)
class Task:
    """Some examples of one fold, all to be scored by the same rows."""

    fold: int
    examples: tuple[CrsExample, ...]
    rows: tuple[str, ...]


Scores = dict[str, list[ExampleScore]]
"""Row → scores, in the order of the examples."""


def score_all(
    source: RowSource,
    examples: Sequence[CrsExample],
    fold_of: Callable[[CrsExample], int],
    *,
    rows: Sequence[str],
    folder: Path,
    workers: int = 1,
    progress: Progress = no_progress,
) -> Scores:
    """Score every example with every row; the figures do not depend on `workers`.

    Results go to the journal in `folder` as they come; those that are there are not made again.

    Args:
        source: Makes the recommenders.
        examples: What to score.
        fold_of: Which fold's model may score an example.
        rows: Names of rows.
        folder: Where the journal lies.
        workers: Processes.
        progress: Told of the stages "fitting" (folds) and "scoring" (examples times rows).

    Raises:
        DataError: A process died, or another run is writing to the folder.
    """
    folds = sorted({fold_of(example) for example in examples})
    with open_journal(folder) as journal, _staff(source, workers) as staff:
        progress("fitting", 0, len(folds))
        for number, _ in enumerate(staff.each(_prepare, folds, few=1), 1):
            progress("fitting", number, len(folds))
        models = {(row, fold): source.fingerprint(row, fold) for row in rows for fold in folds}
        keys = {
            (row, example.example_id): ResultKey(
                example_id=example.example_id,
                row=row,
                model=models[row, fold_of(example)],
                file=example.file_hash,
            )
            for example in examples
            for row in rows
        }
        _fill(journal, keys, _tasks(journal, keys, examples, fold_of, rows), staff, progress)
        order = [keys[row, example.example_id] for example in examples for row in rows]
        journal.finish(order, {example.example_id: example for example in examples})
        return {
            row: [journal.done[keys[row, example.example_id]] for example in examples]
            for row in rows
        }


def _tasks(
    journal: Journal,
    keys: dict[tuple[str, str], ResultKey],
    examples: Sequence[CrsExample],
    fold_of: Callable[[CrsExample], int],
    rows: Sequence[str],
) -> list[Task]:
    """What is still to be done, folds one after the other so that few models are in memory."""
    waiting: dict[tuple[int, tuple[str, ...]], list[CrsExample]] = {}
    for example in examples:
        open_rows = tuple(r for r in rows if keys[r, example.example_id] not in journal.done)
        if open_rows:
            waiting.setdefault((fold_of(example), open_rows), []).append(example)
    return [
        Task(fold=fold, examples=tuple(some[start : start + _CHUNK]), rows=open_rows)
        for (fold, open_rows), some in sorted(waiting.items(), key=lambda entry: entry[0])
        for start in range(0, len(some), _CHUNK)
    ]


def _fill(
    journal: Journal,
    keys: dict[tuple[str, str], ResultKey],
    tasks: Sequence[Task],
    staff: _Staff,
    progress: Progress,
) -> None:
    total = len(keys)
    done = total - sum(len(task.examples) * len(task.rows) for task in tasks)
    progress("scoring", done, total)
    for scores in staff.each(_score, tasks, few=_FEW):
        journal.append((keys[score.row, score.example_id], score) for score in scores)
        done += len(scores)
        progress("scoring", done, total)


def _prepare(source: RowSource, fold: int) -> None:
    source.prepare(fold)


def _score(source: RowSource, task: Task) -> list[ExampleScore]:
    made = {row: source.recommender(row, task.fold) for row in task.rows}
    return [
        score_example(made[row], example, row=row, n_items=source.n_items)
        for example in task.examples
        for row in task.rows
    ]


class _Staff(Protocol):
    """Runs a function on many arguments, here or elsewhere."""

    def each(
        self, work: Callable[[RowSource, _Work], _Answer], arguments: Sequence[_Work], *, few: int
    ) -> Iterator[_Answer]:
        """Answers in the order in which they are ready; `few` pieces of work are done here."""
        ...


class _Here:
    """Everything in this process."""

    def __init__(self, source: RowSource) -> None:
        self._source = source

    def each(
        self, work: Callable[[RowSource, _Work], _Answer], arguments: Sequence[_Work], *, few: int
    ) -> Iterator[_Answer]:
        """One after the other."""
        del few
        return (work(self._source, argument) for argument in arguments)


class _Pool:
    """Several processes, started when there is work enough for them."""

    def __init__(self, source: RowSource, workers: int) -> None:
        self._here = _Here(source)
        self._workers = workers
        self._source = source
        self._pool: ProcessPoolExecutor | None = None

    def each(
        self, work: Callable[[RowSource, _Work], _Answer], arguments: Sequence[_Work], *, few: int
    ) -> Iterator[_Answer]:
        """As the processes deliver."""
        if len(arguments) <= few:
            yield from self._here.each(work, arguments, few=few)
            return
        pool = self._started()
        waiting: set[Future[_Answer]] = {
            pool.submit(_work_with_source, work, argument) for argument in arguments
        }
        try:
            while waiting:
                ready, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in ready)
        except BrokenProcessPool as fault:
            raise DataError(
                "A worker process was ended from outside, perhaps for want of memory.",
                "Run the same command again, which goes on where this one was, with fewer --workers.",
            ) from fault
        finally:
            for future in waiting:
                future.cancel()

    def close(self) -> None:
        """End the processes."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self._workers,
                mp_context=get_context("spawn"),
                initializer=_start_worker,
                initargs=(self._source,),
            )
        return self._pool


@contextmanager
def _staff(source: RowSource, workers: int) -> Iterator[_Staff]:
    if workers <= 1:
        yield _Here(source)
        return
    pool = _Pool(source, workers)
    try:
        yield pool
    finally:
        pool.close()


_SOURCE: list[RowSource] = []  # of a worker process, which has one all its life


def _start_worker(source: RowSource) -> None:
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))  # Ctrl-C is the parent's to report
    _SOURCE.append(source)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A killed parent cannot end its workers, so they watch for it."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _work_with_source(work: Callable[[RowSource, _Work], _Answer], argument: _Work) -> _Answer:
    return work(_SOURCE[0], argument)
