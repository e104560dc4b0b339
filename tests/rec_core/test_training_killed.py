"""kill -9 at random moments: what is left is whole, and the model in the end is the same."""

from __future__ import annotations

import os
import signal
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


def start(arguments: list[str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.rec_core.training_process", *arguments]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, cwd=ROOT, env=environment)


def epochs_told(log: Path) -> list[int]:
    """Epochs done, as the process said it before each next one."""
    return [int(line) for line in log.read_text().splitlines()] if log.exists() else []


def is_killed(process: subprocess.Popen[bytes], log: Path, delay: float) -> bool:
    """Kill it `delay` seconds after its training began; False when it was done before."""
    while not epochs_told(log) and process.poll() is None:
        time.sleep(0.01)
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    return process.wait() != 0


def difference(first: Path, second: Path) -> list[str]:
    """Names of the tensors that are not the same, bit for bit."""
    one, other = load_file(first), load_file(second)
    assert one.keys() == other.keys()
    return [name for name in one if not np.array_equal(one[name], other[name])]


@pytest.mark.parametrize("model", ["sasrec", "sasrec-sampled", "two-tower"])
def test_a_run_in_three_parts_is_a_whole_run(tmp_path: Path, model: str) -> None:
    arguments = [model, "--dropout", "0.2", "--checkpoints"]
    training_process.main([*arguments, str(tmp_path / "whole"), str(tmp_path / "one")])
    for epochs in ("1", "5", "8"):
        cut = [str(tmp_path / "cut"), str(tmp_path / "other"), "--stop-after", epochs]
        training_process.main([*arguments, *cut])
    assert not difference(tmp_path / "one-0", tmp_path / "other-0")


@pytest.mark.timeout(900)
@pytest.mark.parametrize("model", ["sasrec", "two-tower"])
def test_a_run_killed_again_and_again_ends_with_the_model_of_a_whole_run(
    tmp_path: Path, model: str
) -> None:
    generator = np.random.default_rng(0)
    arguments = [model, "--dropout", "0.2", "--users", "500", "--checkpoints"]
    began = time.monotonic()
    training_process.main([*arguments, str(tmp_path / "whole"), str(tmp_path / "one")])
    seconds = time.monotonic() - began
    arguments += [str(tmp_path / "cut"), str(tmp_path / "other")]
    done = n_kills = 0
    for attempt in range(3):
        log = tmp_path / f"log-{attempt}"
        process = start([*arguments, "--log", str(log)])
        n_kills += is_killed(process, log, generator.uniform(0.0, seconds / 4))
        told = epochs_told(log)
        # What was told before the kill was saved before: an epoch under way is all that is lost.
        assert told[0] >= done
        done = told[-1]
    assert n_kills >= 1
    assert start(arguments).wait() == 0
    assert not difference(tmp_path / "one-0", tmp_path / "other-0")
