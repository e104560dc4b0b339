"""A study in a process of its own: `python -m tests.agents.studies_driver FOLDER local|ray PROCESSES`.

Sessions take a while, so that it can be killed in the middle.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from agents.evaluation.engines import Processes
from agents.simulation import SessionRecord
from agents.studies.ray_engine import RayEngine

from .studies_kit import ScriptedSource, hold, report_of


class SlowSource(ScriptedSource):
    """Takes its time over every session."""

    def hold(self, arm: str, persona_id: str, seed: int) -> SessionRecord:
        time.sleep(0.01)
        return super().hold(arm, persona_id, seed)


def main() -> None:
    """Hold all sessions and print the tables."""
    folder, engine, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    opened = RayEngine if engine == "ray" else Processes
    with opened(SlowSource(), count) as running:
        outcome = hold(folder, running)  # type: ignore[arg-type]
    print(json.dumps(report_of(outcome).tables()))


if __name__ == "__main__":
    main()
