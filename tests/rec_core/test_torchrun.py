"""Several processes on one machine against one process: slow, as each imports torch anew."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.rec_core import training_process

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]


def torchrun(module: str, *arguments: object, n: int = 2) -> subprocess.CompletedProcess[str]:
    """Run a module of the tests in `n` processes on this machine."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += [f"--nproc-per-node={n}", "-m", f"tests.rec_core.{module}", *map(str, arguments)]
    return subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def difference(first: Path, second: Path) -> float:
    """The largest difference within any tensor, curves and losses too, relative to its largest."""
    one, other = load_file(first), load_file(second)
    assert one.keys() == other.keys()
    differences = [
        float(np.abs(one[name] - other[name]).max() / np.abs(one[name]).max())
        for name in one
        if one[name].any()
    ]
    assert all(one[name].any() == other[name].any() for name in one)
    return max(differences)


@pytest.mark.parametrize(
    "arguments",
    [
        ["sasrec"],
        ["sasrec", "--users", "3", "--batch-size", "1"],  # the second process has nothing to do
        ["sasrec-sampled"],
        ["two-tower"],
    ],
    ids=" ".join,
)
def test_two_processes_train_the_model_of_one(tmp_path: Path, arguments: list[str]) -> None:
    training_process.main([*arguments, str(tmp_path / "one")])
    outcome = torchrun("training_process", *arguments, tmp_path / "two")
    assert outcome.returncode == 0, outcome.stderr
    assert difference(tmp_path / "two-0", tmp_path / "two-1") == 0
    # Additions in another order: about 1e-6, and 1e-4 in the biases of attention keys, whose
    # gradient is nothing but rounding.
    assert difference(tmp_path / "one-0", tmp_path / "two-0") < 1e-3


@pytest.mark.parametrize("model", ["sasrec", "two-tower"])
def test_two_processes_resume_with_the_dropout_of_each(tmp_path: Path, model: str) -> None:
    def trained(name: str, *more: object) -> Path:
        arguments = [model, tmp_path / name, "--dropout", "0.3", *more]
        outcome = torchrun("training_process", *arguments)
        assert outcome.returncode == 0, outcome.stderr
        return tmp_path / f"{name}-0"

    whole = trained("whole")
    checkpoints = ["--checkpoints", tmp_path / "checkpoints"]
    trained("part", *checkpoints, "--stop-after", 3)
    assert difference(whole, trained("rest", *checkpoints)) == 0


def test_what_the_others_have_comes_to_every_process(tmp_path: Path) -> None:
    outcome = torchrun("collective_process", "values", tmp_path)
    assert outcome.returncode == 0, outcome.stderr
    main, other = (json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1))
    assert (main["rank"], main["size"], main["is_main"], main["share"]) == (0, 2, True, [0, 2, 4])
    assert (other["rank"], other["size"], other["is_main"], other["share"]) == (1, 2, False, [1, 3])
    assert main["drawn"] != other["drawn"]
    for found in (main, other):
        assert found["again"] == found["rank"]
        assert found["sum"] == 2.0
        assert found["broadcast"] == {"best": 0, "curve": [0.1, 1 / 3]}
        assert found["gather"] == ["process 0", "process 1"]
        assert found["gradients"] == {
            "everywhere": [[3.0] * 3] * 2,
            "main_only": [1.0] * 4,
            "idle": None,
            "frozen": None,
            # Row 0 by the main process, row 1 by the other with weight 2, row 3 twice by both.
            "rows.weight": [[1.0] * 2, [2.0] * 2, [0.0] * 2, [6.0] * 2, [0.0] * 2],
            "main_rows.weight": [[0.0] * 2, [0.0] * 2, [1.0] * 2, [0.0] * 2, [0.0] * 2],
        }
    # A thread that outlives the group can abort the process at its very end.
    for rank in (0, 1):
        assert not json.loads((tmp_path / f"threads-{rank}.json").read_text())


@pytest.mark.parametrize("what", ["failing", "frozen"])
def test_nobody_waits_for_a_process_that_is_gone(tmp_path: Path, what: str) -> None:
    started = time.monotonic()
    outcome = torchrun("collective_process", what, tmp_path)
    assert time.monotonic() - started < 150  # the frozen one sleeps for 600 s
    assert outcome.returncode != 0
    if what == "failing":
        assert "this process has a fault of its own" in outcome.stderr
    else:
        assert "does not answer" in (tmp_path / "fault.txt").read_text()
