"""Scoring all examples with all rows: in this process or in several, each result kept at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rec_core import Progress, no_progress

from ..engines import Engine, EngineContext, InProcess, Processes
from .examples import CrsExample
from .journal import Journal, ResultKey, open_journal
from .recommenders import CrsRecommender
from .scoring import ExampleScore, score_example

_CHUNK = 16
_FEW = 4  # pieces of work; for so few, starting processes costs more than it gains


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
    with open_journal(folder) as journal, _engine(source, workers) as engine:
        here = InProcess(source)
        progress("fitting", 0, len(folds))
        fitting = engine if len(folds) > 1 else here
        for number, _ in enumerate(fitting.each(_prepare, folds), 1):
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
        tasks = _tasks(journal, keys, examples, fold_of, rows)
        _fill(journal, keys, tasks, engine if len(tasks) > _FEW else here, progress)
        order = [keys[row, example.example_id] for example in examples for row in rows]
        journal.finish(order, {example.example_id: example for example in examples})
        return {
            row: [journal.done[keys[row, example.example_id]] for example in examples]
            for row in rows
        }


def _engine(source: RowSource, workers: int) -> EngineContext:
    return Processes(source, workers) if workers > 1 else InProcess(source)


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
    engine: Engine,
    progress: Progress,
) -> None:
    total = len(keys)
    done = total - sum(len(task.examples) * len(task.rows) for task in tasks)
    progress("scoring", done, total)
    for scores in engine.each(_score, tasks):
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
