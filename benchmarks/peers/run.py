"""This project's models and those of RecTools, RecBole and implicit: same split, same machine, in turns.

    python benchmarks/peers/run.py --interactions ml1m.parquet --min-item-events 5

The first call makes the peers' environments from the package index (some minutes, 2 GB). Then every
contestant gets a process of its own, one thread, and the same file with the events; the fingerprint of
the training data that its library really holds must equal ours. They take turns:

1. Speed, --rounds times: each trains for --piece-seconds CPU-seconds (ours to the end of an epoch),
   then gives everybody ten unseen items. Seconds an epoch are extrapolated where an epoch is
   longer than all pieces together: `epochs_measured` in the JSON says how much was run. The machine's
   floor is measured in every round as well. The figures are medians.
2. Quality: each peer trains for --peer-seconds, ours for each of --our-seconds, with validation on the
   way that is not on the clock. Then, once, the test part.

Leave-one-out: the last event of a user tests, the one before validates, the rest trains; the whole
catalog is ranked, seen items removed, and the lists that a library returns are judged by our metrics.
All seconds are CPU-seconds of the contestant's process. Nothing is selected on test, and not on
validation either: what a model is at the end of its budget counts.

Finished pieces are kept in --out: a second call goes on, and a third only prints.
Written there: results.json, table.md, quality.png, logs/.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks.peers.contestants import CONTESTANTS
from benchmarks.peers.environments import HERE, interpreter
from benchmarks.peers.report import chosen, results, table
from benchmarks.peers.rounds import Plan, quality, quality_runs, speed
from benchmarks.peers.split_files import Events, write_events
from benchmarks.sequences import load_sequences
from rec_core import DataError


def load_events(path: Path, min_item_events: int) -> Events:
    """The events of a sequence file, see `benchmarks/sequences.py`.

    Raises:
        DataError: A user has fewer than three events, so the libraries would split differently.
    """
    interactions = load_sequences(path, min_item_events=min_item_events)
    if np.diff(interactions.offsets).min() < 3:
        raise DataError(
            "Some users have fewer than three events.",
            "Leave them out: leave-one-out needs a training, a validation and a test event.",
        )
    return Events(interactions.user_rows, interactions.item_rows, interactions.n_items)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--interactions", type=Path, required=True, help="parquet: user_id, item_id, pos")
    add("--min-item-events", type=int, default=1, help="leave rarer items out (ML-1M: 5)")
    out = ROOT / ".rapport" / "peers"
    add("--out", type=Path, default=out, help="what is written, and kept (.rapport/peers)")
    add("--environments", type=Path, help="of the peers (environments/ in --out)")
    names = [contestant.name for contestant in CONTESTANTS]
    add("--only", nargs="+", choices=names, default=[], help="these, and ours beside them")
    add("--rounds", type=int, default=3, help="of the speed half")
    add("--piece-seconds", type=float, default=15.0, help="training in a speed piece")
    add("--peer-seconds", type=float, default=600.0, help="training of a peer for quality")
    add("--our-seconds", type=float, nargs="+", default=[60.0, 360.0], help="the same of ours")
    add("--seeds", type=int, nargs="+", default=[0], help="of the quality half")
    add("--minutes", type=float, default=math.inf, help="wall limit of the quality half, a seed")
    add("--speed-only", action="store_true", help="leave the quality half out")
    add("--json", action="store_true", help="print results.json instead of the table")
    return parser.parse_args()


def main() -> None:
    """Measure what is missing, then print and draw."""
    arguments = _arguments()
    plan = Plan(
        events=load_events(arguments.interactions, arguments.min_item_events),
        out=arguments.out.resolve(),
        environments=(arguments.environments or arguments.out / "environments").resolve(),
        rounds=arguments.rounds,
        piece_seconds=arguments.piece_seconds,
        peer_seconds=arguments.peer_seconds,
        our_seconds=tuple(arguments.our_seconds),
        seeds=tuple(arguments.seeds),
        minutes=arguments.minutes,
    )
    contestants = chosen(arguments.only)
    for environment in {contestant.environment for contestant in contestants} | {"peers"}:
        interpreter(environment, plan.environments)
    write_events(plan.events, plan.places.events)
    speed(plan, contestants)
    runs = [] if arguments.speed_only else quality_runs(plan, contestants)
    quality(plan, runs)
    found = results(plan, contestants, runs)
    _write(plan, found)
    print(json.dumps(found) if arguments.json else table(found))


def _write(plan: Plan, found: dict[str, object]) -> None:
    source = plan.out / "results.json"
    source.write_text(json.dumps(found, indent=1), encoding="utf-8")
    (plan.out / "table.md").write_text(table(found) + "\n", encoding="utf-8")
    if found["curves"]:
        python = interpreter("peers", plan.environments)
        picture = plan.out / "quality.png"
        command = [str(python), str(HERE / "plot.py"), str(source), str(picture)]
        subprocess.run(command, check=True)  # noqa: S603  the arguments are this project's own


if __name__ == "__main__":
    main()
