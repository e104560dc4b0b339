"""All trials of all rows: in this process or in several, each kept at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rec_core import Progress, no_progress

from ..engines import InProcess, Processes
from .facts import FactTable
from .journal import Journal, TrialKey, open_journal
from .keys import KeyedTask, key_of
from .trial import Contestant, TrialResult, run_trial

_FEW = 12  # trials; for so few, starting processes costs more than it gains

Trials = dict[str, dict[tuple[str, str], tuple[TrialResult, ...]]]
"""Row → (suite, task id) → its trials in order."""


class World(Protocol):
    """Makes the agents under test. Must be picklable: each process gets its own copy."""

    @property
    def facts(self) -> FactTable:
        """Of the catalog."""
        ...

    def fingerprint(self, row: str) -> str:
        """Changes with anything that the row's answers depend on."""
        ...

    def contestant(self, row: str) -> Contestant:
        """The agent of a row; made once a process."""
        ...


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Trials of one task with one row that are still to be done."""

    row: str
    keyed: KeyedTask
    keys: tuple[TrialKey, ...]


def run_all(
    world: World,
    tasks: Sequence[KeyedTask],
    *,
    rows: Sequence[str],
    trials: int,
    seed: int,
    folder: Path,
    processes: int = 1,
    progress: Progress = no_progress,
) -> Trials:
    """Hold every trial; what comes out does not depend on `processes`.

    Args:
        world: Makes the agents.
        tasks: With their answers.
        rows: Agents.
        trials: Of each task with each row.
        seed: Of the person's wording and order.
        folder: Where the journal lies; trials that are there are not held again.
        processes: How many work side by side.
        progress: Told of the stage "trials".

    Raises:
        DataError: A process died, or another run is writing to the folder.
    """
    with open_journal(folder) as journal:
        agents = {row: world.fingerprint(row) for row in rows}
        keys = {
            (row, one.suite, one.task.id): tuple(
                _key(row, agents[row], one, seed, trial) for trial in range(trials)
            )
            for row in rows
            for one in tasks
        }
        pieces = [
            Piece(row=row, keyed=one, keys=left)
            for row in rows
            for one in tasks
            if (
                left := tuple(
                    key for key in keys[row, one.suite, one.task.id] if key not in journal.done
                )
            )
        ]
        _fill(journal, pieces, world, processes, len(keys) * trials, progress)
        return {
            row: {
                (one.suite, one.task.id): tuple(
                    journal.done[key] for key in keys[row, one.suite, one.task.id]
                )
                for one in tasks
            }
            for row in rows
        }


def _key(row: str, agent: str, one: KeyedTask, seed: int, trial: int) -> TrialKey:
    return TrialKey(
        row=row,
        agent=agent,
        suite=one.suite,
        task_id=one.task.id,
        task=f"{one.task.digest}-{key_of(one).sha256}",
        seed=seed,
        trial=trial,
    )


def _fill(
    journal: Journal,
    pieces: Sequence[Piece],
    world: World,
    processes: int,
    total: int,
    progress: Progress,
) -> None:
    left = sum(len(piece.keys) for piece in pieces)
    done = total - left
    progress("trials", done, total)
    several = processes > 1 and left > _FEW
    with Processes(world, processes) if several else InProcess(world) as engine:
        for found in engine.each(_held, pieces):
            journal.append(found)
            done += len(found)
            progress("trials", done, total)


_Found = list[tuple[TrialKey, TrialResult]]


def _held(world: World, piece: Piece) -> _Found:
    contestant = world.contestant(piece.row)
    return [
        (
            key,
            run_trial(
                piece.keyed,
                world.facts,
                contestant,
                seed=key.seed,
                trial=key.trial,
                name=f"{key.suite}-{key.task_id}-{key.seed}-{key.trial}",
            ),
        )
        for key in piece.keys
    ]
