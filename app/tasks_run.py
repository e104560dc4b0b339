"""One run of `rapport eval tasks`: read, check keys, hold every trial, tabulate. And making suites."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from agents.evaluation.tasks import (
    KeyedTask,
    Suite,
    SuiteFile,
    TasksReport,
    build_table,
    check_keys,
    find_suite,
    generate_suite,
    is_tau_rec,
    read_suite,
    read_tau_suite,
    run_all,
    shipped_suites,
    write_suite,
)
from rec_core import DataError, RunOptions

from .progress import Progress
from .settings import Settings
from .tasks_world import SCRIPTED, TaskWorld

_WORK = "work"


@dataclass(frozen=True, kw_only=True)
class TasksOptions:
    """What to evaluate and how.

    Attributes:
        suites: Files, or names of shipped suites; none takes the shipped ones for the data set.
        settings: Where models are; names the data set.
        catalog: A catalog file in place of the data set; None for none.
        planners: Rows of the real agent.
        trials, seed: Of each task.
        limit: Tasks of each suite, drawn at random; None for all.
        processes: Side by side.
        out: Folder of the results.
        rekey: Take the catalog's own answers where they are not the stored ones.
    """

    suites: tuple[str, ...]
    settings: Settings
    catalog: Path | None
    planners: tuple[str, ...]
    trials: int
    seed: int
    limit: int | None
    processes: int
    out: Path
    rekey: bool = False


def run_tasks(options: TasksOptions, progress: Progress) -> TasksReport:
    """Hold all trials and put the report together; nothing but the journal is written.

    Raises:
        DataError: Files that cannot be used; keys that do not fit the catalog.
        SettingsError, ArtifactError: Nothing usable is set up for the data set.
    """
    world = TaskWorld(options.settings, options.catalog, options.out / _WORK)
    found = [_read(path, world) for path in _paths(options)]
    run = RunOptions(seed=options.seed)
    tasks: list[KeyedTask] = []
    for suite, _ in found:
        checked = check_keys(suite, world.facts, rekey=options.rekey)
        tasks += _sample(checked, options.limit, run.generator(f"tasks sample {suite.name}"))
    rows = (*options.planners, *SCRIPTED)
    for row in rows:  # what is missing is told before anything is done
        world.contestant(row)
    trials = run_all(
        world,
        tasks,
        rows=rows,
        trials=options.trials,
        seed=options.seed,
        folder=options.out,
        processes=options.processes,
        progress=progress,
    )
    return TasksReport(
        rows=build_table(tasks, trials, generator=run.generator("tasks bootstrap")),
        tasks=tuple(tasks),
        trials=trials,
        seed=options.seed,
        limit=options.limit,
        suites=tuple(file for _, file in found),
        catalog_name=world.catalog_name,
        catalog_hash=world.facts.catalog.fingerprint,
        n_items=len(world.facts.catalog),
        agents={row: world.fingerprint(row) for row in rows},
        machine=f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}",
        scripted=SCRIPTED,
    )


def make_suite(
    settings: Settings, catalog: Path | None, path: Path, *, count: int, seed: int, about: str = ""
) -> Suite:
    """Generate a suite on a catalog and write it.

    Raises:
        DataError: The catalog cannot be used.
    """
    world = TaskWorld(settings, catalog, path.parent)
    name = path.name.split(".")[0]
    label = settings.data if catalog is None else catalog.name.split(".")[0]
    suite = generate_suite(
        world.facts,
        name=name,
        catalog=label,
        count=count,
        generator=RunOptions(seed=seed).generator("tasks generate"),
        popularity=world.popularity,
        about=about or f"Generated from the catalog {label!r} with seed {seed}.",
    )
    write_suite(suite, path)
    return suite


def _paths(options: TasksOptions) -> tuple[Path, ...]:
    if options.suites:
        return tuple(find_suite(name) for name in options.suites)
    shipped = shipped_suites()
    if options.catalog is None:
        found = [p for p in shipped.values() if read_suite(p).catalog == options.settings.data]
        if found:
            return tuple(found)
    raise DataError(
        "No tasks are named, and none come with Rapport for this catalog.",
        f"Name a file, or one of {', '.join(shipped)}; or make some with --generate.",
    )


def _read(path: Path, world: TaskWorld) -> tuple[Suite, SuiteFile]:
    if is_tau_rec(path):
        suite, notes = read_tau_suite(path, world.facts)
    else:
        suite, notes = read_suite(path), ()
    file = SuiteFile(
        name=suite.name,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        n_tasks=len(suite.tasks),
        about=suite.about,
        notes=notes,
    )
    return suite, file


def _sample(
    tasks: Sequence[KeyedTask], limit: int | None, generator: np.random.Generator
) -> list[KeyedTask]:
    if limit is None or limit >= len(tasks):
        return list(tasks)
    places = sorted(generator.choice(len(tasks), size=limit, replace=False).tolist())
    return [tasks[place] for place in places]
