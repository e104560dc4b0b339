"""The two halves of a comparison: speed in alternating rounds, then quality against CPU time.

Every finished piece is a JSON file that is kept, so a comparison that was interrupted goes on where it
was. A piece remembers what it was made from: data, settings, and the library with its version or, for
ours, its source. When that changes it is made anew.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.contestants import Contestant
from benchmarks.peers.environments import HERE, REQUIREMENTS, interpreter
from benchmarks.peers.judging import LIST_LENGTH, judge
from benchmarks.peers.processes import ONE_THREAD, ContestantFailed, Places, Process
from benchmarks.peers.split_files import Events, last_hash, order_hash, set_hash

FLOOR = HERE.parent / "machine_floor.py"
LIBRARY = HERE.parents[1] / "rec_core"
_OURS = ("sasrec/*.py", "baselines/*.py", "batches.py")
_WARM_UP = 0.001  # one batch (an epoch of ours): it sets up what later ones reuse
_TO_THE_END = 1e9
_FIRST_POINT = 5.0
_STEP = 40.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is measured, and how much.

    Attributes:
        events: The split.
        out: Folder of everything that is written.
        environments: Folder of the peers' environments.
        rounds: Speed pieces of each contestant.
        piece_seconds: CPU-seconds of training in a speed piece, at least; ours go on to the end of an epoch.
        peer_seconds: Training budget of a peer in the quality half.
        our_seconds: Training budgets of ours, each with a schedule of that length.
        seeds: Of the quality half.
        minutes: Wall minutes for one seed of the quality half; runs that are not over then end where they are.
    """

    events: Events
    out: Path
    environments: Path
    rounds: int
    piece_seconds: float
    peer_seconds: float
    our_seconds: tuple[float, ...]
    seeds: tuple[int, ...]
    minutes: float = math.inf

    @property
    def places(self) -> Places:
        """Where things lie."""
        return Places(
            events=self.out / "events.npz", work=self.out / "work", logs=self.out / "logs"
        )

    def piece(self, name: str) -> Path:
        """The file of a finished piece."""
        return self.out / "pieces" / f"{name}.json"


@dataclass(frozen=True, kw_only=True)
class QualityRun:
    """One training to the end of a budget."""

    contestant: Contestant
    seed: int
    budget: float
    settings: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Of its piece."""
        return f"quality-{self.contestant.name}-{self.budget:g}s-seed{self.seed}"


def expected_hashes(events: Events, names: Sequence[str]) -> dict[str, str]:
    """The fingerprints of the training data that a contestant's own must equal."""
    train = events.history("valid")
    hashes = {}
    for name in names:
        if name.startswith("last "):
            hashes[name] = last_hash(train, int(name.removeprefix("last ")))
        else:
            function = {"set": set_hash, "order": order_hash}[name]
            hashes[name] = function(train.users, train.items)
    return hashes


def start(
    plan: Plan, contestant: Contestant, *, name: str, seed: int, settings: Mapping[str, Any]
) -> Process:
    """Start a contestant; ContestantFailed unless it holds the very same training data."""
    python = interpreter(contestant.environment, plan.environments)
    task = {"name": name, "seed": seed, **settings}
    process = Process(contestant, task, python=python, places=plan.places)
    try:
        theirs = process.introduction["hashes"]
        if "set" not in theirs or theirs != expected_hashes(plan.events, list(theirs)):
            raise ContestantFailed(f"{contestant.label} does not train on the same data")
    except ContestantFailed:
        process.close()
        raise
    return process


def speed(plan: Plan, contestants: Sequence[Contestant]) -> None:
    """Alternate the contestants and the floor, `rounds` times: seconds an epoch, users a second."""
    with ExitStack() as running:
        processes: dict[str, Process] = {}
        for number in range(plan.rounds):
            measure_floor(plan, number)
            for contestant in contestants:
                name = f"speed-{contestant.name}-{number}"
                description = _description(plan, contestant, contestant.settings)
                if finished(plan.piece(name), description):
                    continue
                _say(name)
                work = partial(_speed_piece, plan, contestant, processes, running)
                save(plan.piece(name), _attempt(work) or {}, description)


def _speed_piece(
    plan: Plan, contestant: Contestant, processes: dict[str, Process], running: ExitStack
) -> dict[str, Any]:
    process = processes.get(contestant.name)
    if process is None:
        settings = _with_schedule(contestant, 1000)
        name = f"speed-{contestant.name}"
        process = start(plan, contestant, name=name, seed=plan.seeds[0], settings=settings)
        running.callback(process.close)
        if not contestant.fixed:
            process.train(_WARM_UP)
            processes[contestant.name] = process
    before = process.progress
    after = process.train(_TO_THE_END if contestant.fixed else plan.piece_seconds)
    served = process.ask("serve", k=10)
    if contestant.fixed:
        process.close()
    epochs = after["epochs"] - before["epochs"]
    seconds = after["train_cpu_seconds"] - before["train_cpu_seconds"]
    return {
        "epochs": epochs,
        "cpu_seconds": seconds,
        "seconds_per_epoch": seconds / epochs,
        "users_per_second": served["users"] / served["cpu_seconds"],
        "fit_peak_megabytes": after["peak_megabytes"],
        "prepare_cpu_seconds": process.introduction["prepare_cpu_seconds"],
        "versions": process.introduction["versions"],
        "load": os.getloadavg()[0],
    }


def measure_floor(plan: Plan, number: int) -> None:
    """One piece of `machine_floor.py`, on the catalog of the split."""
    n_items = plan.events.n_items
    piece, description = plan.piece(f"floor-{number}"), f"floor {n_items}"
    if finished(piece, description):
        return
    _say(piece.stem)
    command = [
        *("env", *ONE_THREAD, sys.executable, str(FLOOR), "--json"),
        *("--items", str(n_items), "--rounds", "2", "--seconds", "3"),
    ]
    answer = subprocess.run(  # noqa: S603  the arguments are this project's own
        command, check=True, capture_output=True, text=True
    )
    save(piece, json.loads(answer.stdout), description)


def quality_runs(plan: Plan, contestants: Sequence[Contestant]) -> list[QualityRun]:
    """Every training to the end; those of ours with a schedule as long as their budget.

    The length of a schedule in epochs follows from the seconds an epoch took in the speed half.
    """
    runs = []
    for contestant in contestants:
        if not contestant.quality:
            continue
        seconds = median_of(plan, contestant.name, "seconds_per_epoch")
        if math.isnan(seconds):
            continue
        scheduled = "config" in contestant.settings
        budgets = plan.our_seconds if scheduled else (plan.peer_seconds,)
        for budget in (0.0,) if contestant.fixed else budgets:
            settings = contestant.settings
            if scheduled:
                settings = _with_schedule(contestant, max(1, int(budget / seconds)))
            runs += [
                QualityRun(contestant=contestant, seed=seed, budget=budget, settings=settings)
                for seed in plan.seeds
            ]
    return runs


def quality(plan: Plan, runs: Sequence[QualityRun]) -> None:
    """Train all unfinished runs of one seed in turns, each to its budget; validation on the way."""
    for seed in plan.seeds:
        until = time.monotonic() + 60 * plan.minutes
        with ExitStack() as running:
            active = []
            for run in runs:
                piece, description = plan.piece(run.name), _run_description(plan, run)
                if run.seed != seed or finished(piece, description):
                    continue
                active.append(Turns(plan, run, running, until=until))
            while active:
                active = [turns for turns in active if not turns.take()]


class Turns:
    """One run of the quality half: trains a bit further at each turn, the last one after `until`."""

    def __init__(
        self, plan: Plan, run: QualityRun, running: ExitStack, *, until: float = math.inf
    ) -> None:
        self._plan, self._run, self._running = plan, run, running
        self._until = until
        self._process: Process | None = None
        self._curve: list[dict[str, float]] = []
        self._next = _FIRST_POINT

    def take(self) -> bool:
        """Train to the next point of the curve; whether the run is over, well or badly."""
        _say(f"{self._run.name}: to {self._next:.0f} s")
        piece = _attempt(self._advance)
        if piece is None:
            return False
        save(self._plan.piece(self._run.name), piece, _run_description(self._plan, self._run))
        if self._process is not None:
            self._process.close()
        return True

    def _advance(self) -> dict[str, Any] | None:
        run = self._run
        if self._process is None:
            self._process = start(
                self._plan, run.contestant, name=run.name, seed=run.seed, settings=run.settings
            )
            self._running.callback(self._process.close)
        process = self._process
        so_far = process.progress["train_cpu_seconds"]
        # Ours runs to the end of its schedule, which is as long as the budget, within an epoch.
        target = self._next if self._has_schedule else min(self._next, run.budget)
        progress = process.train(max(target - so_far, _WARM_UP))
        trained = progress["train_cpu_seconds"]
        self._next = max(trained, self._next) + min(max(0.3 * trained, _FIRST_POINT), _STEP)
        seconds = process.introduction["prepare_cpu_seconds"] + trained
        if not self._curve or self._curve[-1]["epochs"] < progress["epochs"]:
            point = {"cpu_seconds": seconds, "epochs": progress["epochs"]}
            self._curve.append({**point, **self._judge("valid")})
        over = progress["finished"] or (trained >= run.budget and not self._has_schedule)
        over = over or time.monotonic() >= self._until
        return self._outcome(progress, seconds) if over else None

    @property
    def _has_schedule(self) -> bool:
        return self._run.contestant.fixed or "config" in self._run.settings

    def _outcome(self, progress: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        return {
            "curve": self._curve,
            "test": self._judge("test"),
            "fit_cpu_seconds": seconds,
            "epochs": progress["epochs"],
            "loss": progress["loss"],
            "peak_megabytes": progress["peak_megabytes"],
            "seed": self._run.seed,
            "budget": self._run.budget,
            "contestant": self._run.contestant.name,
        }

    def _judge(self, part: str) -> dict[str, float]:
        assert self._process is not None
        file = self._plan.out / "work" / f"{self._run.name}-{part}.npy"
        file.parent.mkdir(parents=True, exist_ok=True)
        self._process.ask("recommend", part=part, k=LIST_LENGTH, file=str(file))
        return judge(np.load(file), self._plan.events, part)


def pieces(plan: Plan, name: str) -> list[dict[str, Any]]:
    """Speed pieces (or "floor") of a contestant that worked."""
    prefix = "floor" if name == "floor" else f"speed-{name}"
    files = [plan.piece(f"{prefix}-{number}") for number in range(plan.rounds)]
    found = [json.loads(file.read_text(encoding="utf-8")) for file in files if file.exists()]
    return [piece for piece in found if "failed" not in piece]


def median_of(plan: Plan, name: str, figure: str) -> float:
    """Median of one figure over the speed pieces of a contestant; NaN when there are none."""
    values = [piece[figure] for piece in pieces(plan, name)]
    return statistics.median(values) if values else float("nan")


def finished(piece: Path, description: str) -> bool:
    """Whether the piece is there, worked, and was made from the same things."""
    if not piece.exists():
        return False
    content = json.loads(piece.read_text(encoding="utf-8"))
    return content.get("made_from") == description and "failed" not in content


def save(piece: Path, content: Mapping[str, Any], description: str) -> None:
    """Write a piece at once or not at all."""
    piece.parent.mkdir(parents=True, exist_ok=True)
    part = piece.with_suffix(".part")
    text = json.dumps({**content, "made_from": description}, indent=1)
    part.write_text(text, encoding="utf-8")
    part.replace(piece)


def _attempt(work: Callable[[], dict[str, Any] | None]) -> dict[str, Any] | None:
    """The piece, or one that says why there is none: the other contestants go on."""
    try:
        return work()
    except ContestantFailed as fault:
        _say(str(fault))
        return {"failed": str(fault)}


def _with_schedule(contestant: Contestant, epochs: int) -> Mapping[str, Any]:
    """Ours learns at a rate that falls to zero over a known number of epochs; a peer's is constant."""
    if "config" not in contestant.settings:
        return contestant.settings
    config = {**contestant.settings["config"], "max_epochs": epochs, "patience": epochs}
    return {**contestant.settings, "config": config}


def _run_description(plan: Plan, run: QualityRun) -> str:
    settings = dict(run.settings)
    if "config" in settings:  # the schedule follows from measured speed, so it varies a little
        varying = ("max_epochs", "patience")
        config = settings["config"].items()
        settings["config"] = {name: value for name, value in config if name not in varying}
    return _description(plan, run.contestant, {**settings, "budget": run.budget, "seed": run.seed})


def _description(plan: Plan, contestant: Contestant, settings: Mapping[str, Any]) -> str:
    """Fingerprint of data, settings, the contestant's script, and the library behind it."""
    digest = hashlib.sha256(order_hash(plan.events.users, plan.events.items).encode())
    digest.update(json.dumps(settings, sort_keys=True).encode())
    digest.update((HERE / contestant.script).read_bytes())
    if contestant.environment in REQUIREMENTS:
        digest.update((HERE / REQUIREMENTS[contestant.environment]).read_bytes())
    else:
        for source in sorted(path for part in _OURS for path in LIBRARY.glob(part)):
            digest.update(source.read_bytes())
    return digest.hexdigest()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
