"""`rapport train` cut off, and in two processes: the real command in processes of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from typer.testing import CliRunner

from app.cli import application
from rec_core import SettingsError, dataset_folder, read_artifact, save_dataset
from tests.film_world import film_dataset

ROOT = Path(__file__).resolve().parents[2]
TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]


STARTED: list[subprocess.Popen[str]] = []


@pytest.fixture(autouse=True)
def _nothing_is_left_running() -> Iterator[None]:
    """A failure must not leave processes to the tests that follow."""
    yield
    while STARTED:
        process = STARTED.pop()
        if process.poll() is None:
            process.kill()
            process.communicate()


def start(home: Path, *, before: list[str] | None = None) -> subprocess.Popen[str]:
    """`python … -m app train` on the film world, in a new process group."""
    if not home.exists():
        save_dataset(film_dataset(), dataset_folder("film-world", home))
    command = [sys.executable, *(before or []), "-m", "app", "--home", str(home)]
    process = subprocess.Popen(
        [*command, "train", "--data", "film-world", "--json"],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    STARTED.append(process)
    return process


def wait_for(folder: Path, epoch: int, process: subprocess.Popen[str]) -> None:
    """Until this epoch or a later one is kept; the last two are, so one may be gone when we look."""
    while not any(int(path.stem[-6:]) >= epoch for path in folder.glob("epoch-*.json")):
        assert process.poll() is None, "the training was over before it could be cut off"
        time.sleep(0.002)


def models_in(home: Path) -> dict[str, dict[str, np.ndarray]]:
    """All trained tensors of the artifact that serves."""
    artifact = read_artifact(home / "models" / "film-world", kind="pipeline", verify=True)
    names = ("sasrec", "two_tower", "transitions", "ease")
    return {name: load_file(artifact.path(f"{name}.safetensors")) for name in names}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_stopped_by_ctrl_c_and_killed_it_goes_on_and_ends_with_the_same_models(
    tmp_path: Path,
) -> None:
    whole = start(tmp_path / "whole")
    cut = tmp_path / "cut"
    evaluation = cut / "models" / "film-world-evaluation-checkpoints"
    process = start(cut)
    wait_for(evaluation / "sasrec", 2, process)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate()
    assert process.returncode == 130
    assert "goes on" in told
    assert list(evaluation.glob("two-tower/*.json"))
    serving = cut / "models" / "film-world-checkpoints"
    for folder, epoch in ((evaluation / "sasrec", 4), (serving / "sasrec", 2)):
        process = start(cut)
        wait_for(folder, epoch, process)
        process.kill()
        process.communicate()
    process = start(cut)
    process.communicate()
    whole.communicate()
    assert process.returncode == whole.returncode == 0
    expected, found = models_in(tmp_path / "whole"), models_in(cut)
    for name, tensors in expected.items():
        assert tensors.keys() == found[name].keys()
        for tensor, values in tensors.items():
            np.testing.assert_array_equal(found[name][tensor], values, err_msg=f"{name}/{tensor}")
    assert not list(cut.glob("models/*-checkpoints/*/*"))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_processes_make_one_model_and_one_report(tmp_path: Path) -> None:
    home = tmp_path / "home"
    process = start(home, before=TORCHRUN)
    answer, told = process.communicate()
    assert process.returncode == 0, told
    report = json.loads(answer)
    assert report["processes"] == 2
    assert report["validation"]["sasrec"]["ndcg@10"] > 0
    assert models_in(home)["sasrec"]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is CUDA here")
def test_cuda_that_is_not_there_is_said_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAPPORT_HOME", str(tmp_path))
    save_dataset(film_dataset(), dataset_folder("film-world", tmp_path))
    arguments = ["train", "--data", "film-world", "--device", "cuda"]
    result = CliRunner().invoke(application, arguments)
    assert isinstance(result.exception, SettingsError)
    assert "CUDA" in result.exception.problem
    assert not (tmp_path / "models").exists()
