"""Kill the process with SIGKILL in the middle of turns, and count what was lost or doubled.

    python benchmarks/kill9.py                     200 kills: store and whole agent, one and two clients
    python benchmarks/kill9.py --kills 20 --json

The client keeps a turn's id and repeats whatever was not acknowledged, as the page does; what it was
told is compared with what is in the database afterwards (tests/flows/test_kill9.py has the parts).

killed inside a turn  kills after which a turn lay begun and not committed
lost     turns and clicks that were acknowledged and are not there
doubled  turns and clicks that are there more often than once
The exit code is 1 when anything was lost or doubled.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from app.environment import prepare_environment

prepare_environment()

from tests.flows.test_kill9 import (
    ARRANGEMENTS,
    check_nothing_lost_or_doubled,
    kill_often,
    lost_and_doubled,
)


def measure(kind: str, names: tuple[str, ...], kills: int, seed: int) -> dict[str, object]:
    """One arrangement, killed so many times; figures and whether every other check held."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="rapport-kill9-") as folder:
        hit = kill_often(Path(folder), kind, names, seed, kills)
        lost, doubled = lost_and_doubled(Path(folder), names, hit["turns"])
        try:
            check_nothing_lost_or_doubled(Path(folder), kind, names, hit["turns"])
            fault = ""
        except AssertionError as found:
            fault = str(found)[:500]
    return {
        "kind": kind,
        "clients": len(names),
        "kills": kills,
        "inside_a_turn": hit["inside a turn"],
        "turns": hit["turns"] * len(names),
        "lost": lost,
        "doubled": doubled,
        "fault": fault,
        "seconds": round(time.perf_counter() - started, 1),
    }


def main() -> int:
    """Run all arrangements, print, and say by the exit code whether anything was wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200, help="in all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    share = [options.kills // len(ARRANGEMENTS)] * len(ARRANGEMENTS)
    share[-1] += options.kills - sum(share)
    rows = [
        measure(kind, names, kills, options.seed)
        for (kind, names), kills in zip(ARRANGEMENTS, share, strict=True)
    ]
    names = ("kills", "inside_a_turn", "turns", "lost", "doubled")
    total = {name: sum(int(str(row[name])) for row in rows) for name in names}
    if options.json:
        print(json.dumps({**total, "rows": rows}, indent=1))
    else:
        for row in (*rows, total):
            print("  ".join(f"{name} {value}" for name, value in row.items()))
    return 1 if total["lost"] or total["doubled"] or any(row["fault"] for row in rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())
