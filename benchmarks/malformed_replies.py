"""Let a model send nothing but malformed replies, through the whole agent, and count what comes of it.

    python benchmarks/malformed_replies.py                   a table
    python benchmarks/malformed_replies.py --json            one JSON object
    python benchmarks/malformed_replies.py --mutations 200   fewer mutations

Every kind of `tests/flows/malformed_replies.py` with both planners, streamed and whole; then random
mutations of good replies, half of them for each planner. A turn fails when it ends without a useful
answer, or when a library's, a server's or an exception's words are in an event or in a row of the
store. The catalog is the small film world of the tests. The exit code is 1 when a turn failed.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from app.environment import prepare_environment

prepare_environment()

from tests.flows.agent_world import build_search, load_recommender
from tests.flows.malformed_replies import KINDS
from tests.flows.mutations import PLANNERS, Planner, mutant
from tests.flows.reply_kit import ReplyWorld, Script

_REPLIES = 3


@dataclass
class Tally:
    """What came of a number of turns."""

    turns: int = 0
    planners: Counter[str] = field(default_factory=Counter)
    slates: int = 0
    model_calls: list[int] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def row(self) -> dict[str, Any]:
        """The figures, for JSON."""
        return {
            "turns": self.turns,
            "useful": self.turns - len(self.failures),
            "slates": self.slates,
            "answered_by": dict(self.planners),
            "model_calls_median": float(np.median(self.model_calls or [0])),
            "model_calls_most": max(self.model_calls, default=0),
            "failures": self.failures[:20],
        }


def play(
    world: ReplyWorld,
    name: str,
    script: Script,
    planner: Planner,
    tally: Tally,
    *,
    can_stream: bool,
) -> None:
    """One turn, judged."""
    tally.turns += 1
    try:
        result, events = world.turn(script, setting=planner, can_stream=can_stream)
        world.check(result, events)
    # Whatever goes wrong is what is counted here.
    except Exception as fault:  # noqa: BLE001
        tally.failures.append(f"{name} ({planner}): {type(fault).__name__} {str(fault)[:300]}")
        return
    tally.planners[result.planner] += 1
    tally.slates += bool(result.items)
    tally.model_calls.append(result.usage.model_calls)


def play_kinds(world: ReplyWorld) -> Tally:
    """Every kind with both planners, streamed and whole."""
    tally = Tally()
    for name, script in KINDS.items():
        for planner in PLANNERS:
            for can_stream in (True, False):
                play(world, name, script, planner, tally, can_stream=can_stream)
    return tally


def play_mutations(world: ReplyWorld, n: int, seed: int, planner: Planner) -> Tally:
    """Turns whose every reply is a mutant of a good one."""
    tally = Tally()
    for number in range(n):
        generator = np.random.default_rng([seed, PLANNERS.index(planner), number])
        script = [mutant(planner, generator) for _ in range(_REPLIES)]
        can_stream = bool(generator.integers(2))
        play(world, f"mutation {number}", script, planner, tally, can_stream=can_stream)
    return tally


def measure(n_mutations: int, seed: int) -> dict[str, Any]:
    """All figures."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        build_search(home / "search")
        world = ReplyWorld(load_recommender(home / "search"), home)
        tallies = {"kinds": play_kinds(world)}
        for planner in PLANNERS:
            n = n_mutations // len(PLANNERS)
            tallies[f"mutations, {planner}"] = play_mutations(world, n, seed, planner)
        try:
            world.check_stored()
            stored = ""
        except AssertionError as fault:
            stored = str(fault)[:500]
        world.store.close()
    return {
        "n_kinds": len(KINDS),
        "seed": seed,
        "rows": {name: tally.row for name, tally in tallies.items()},
        "failures": sum(len(tally.failures) for tally in tallies.values()) + bool(stored),
        "stored_leak": stored,
        "seconds": round(time.monotonic() - started, 1),
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Malformed model replies through the whole agent.")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--mutations", type=int, default=2_000, help="how many; 2,000 by default")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    # What went wrong is counted below; the log would repeat it two thousand times.
    logging.disable(logging.CRITICAL)
    figures = measure(options.mutations, options.seed)
    if options.json:
        print(json.dumps(figures, indent=2, ensure_ascii=False))
    else:
        print(f"{figures['n_kinds']} kinds, seed {figures['seed']}, {figures['seconds']} s")
        for name, row in figures["rows"].items():
            print(
                f"{name:<22} {row['useful']}/{row['turns']} useful, {row['slates']} slates, model calls "
                f"median {row['model_calls_median']:.0f}, most {row['model_calls_most']}; {row['answered_by']}"
            )
            for failure in row["failures"]:
                print(f"  {failure}")
        print(f"failures: {figures['failures']} {figures['stored_leak']}")
    return 1 if figures["failures"] else 0


if __name__ == "__main__":
    sys.exit(main())
