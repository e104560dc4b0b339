"""A scoring run that a test kills: `python scoring_process.py EVENTS FOLDER`, a part every few moments."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from rec_core.batch_scoring import ScoringJob, StoredHistories

N_ITEMS = 6


class SlowLists:
    """The items after the last one, in order; takes its time."""

    def best(
        self, histories: Sequence[np.ndarray], k: int, *, without: Sequence[np.ndarray] | None
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        time.sleep(0.03)
        steps = np.arange(1, k + 1)
        return [((history[-1] + steps) % N_ITEMS, 1.0 / steps) for history in histories]


def slow_job(events: Path, folder: Path) -> ScoringJob:
    histories = StoredHistories(events)
    return ScoringJob(
        folder,
        lists=SlowLists(),
        histories=histories,
        item_ids=pa.array([f"i{row}" for row in range(N_ITEMS)]),
        user_rows=np.arange(len(histories)),
        k=2,
        description={"model": "slow"},
        part_users=2,
    )


if __name__ == "__main__":
    slow_job(Path(sys.argv[1]), Path(sys.argv[2])).run()
