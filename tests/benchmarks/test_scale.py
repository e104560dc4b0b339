from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STEPS = ("generate", "import", "split", "train", "quality", "index", "score", "query")


@pytest.mark.slow
def test_every_step_runs_is_kept_and_growth_is_told(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "scale.py"), "--folder", str(tmp_path)]
    command += ["--items", "300", "600", "--json"]
    told = [
        json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
        for _ in range(2)
    ]
    assert told[0] == told[1]  # the second time nothing is run again
    assert set(told[0]["growth"]) == set(STEPS)
    for rows in told[0]["tables"].values():
        assert [row["step"] for row in rows] == list(STEPS)
        assert all(row["cpu_seconds"] > 0 and row["peak_megabytes"] > 0 for row in rows)
