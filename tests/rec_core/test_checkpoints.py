from __future__ import annotations

import json
import logging
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from rec_core import RunOptions, StorageError
from rec_core.checkpoints import (
    CheckpointFolder,
    restore_training,
    resume_point,
    training_state,
)


def folder_in(place: Path, **description: object) -> CheckpointFolder:
    return CheckpointFolder(place / "run", description=description or {"seed": 0})


def save_epochs(checkpoints: CheckpointFolder, *epochs: int) -> None:
    for epoch in epochs:
        checkpoints.save(epoch, tensors={"value": np.full(3, float(epoch))}, state={"at": epoch})


def latest_epoch(checkpoints: CheckpointFolder) -> int | None:
    checkpoint = checkpoints.latest()
    if checkpoint is None:
        return None
    assert checkpoint.state == {"at": checkpoint.epoch}
    assert checkpoint.tensors["value"].tolist() == [float(checkpoint.epoch)] * 3
    return checkpoint.epoch


def test_tensors_and_state_come_back_as_they_were(tmp_path: Path) -> None:
    tensors = {
        "numpy": np.array([[1, 2], [3, 4]], dtype=np.int64),
        "half": torch.tensor([0.1, -2.0], dtype=torch.bfloat16),
        "bytes": torch.arange(5, dtype=torch.uint8),
        "scalar": torch.tensor(7.0),
        "columns": torch.arange(6.0).view(2, 3).T,
        "none": torch.empty(0, 4),
    }
    state = {"curve": [0.1, 1 / 3, 1e-300], "name": "two-tower/é", "step": 2**70, "best": None}
    checkpoints = folder_in(tmp_path)
    checkpoints.save(4, tensors=tensors, state=state)
    checkpoint = checkpoints.latest()
    assert checkpoint is not None
    assert checkpoint.epoch == 4
    assert checkpoint.state == state
    assert checkpoint.tensors.keys() == tensors.keys()
    for name, value in tensors.items():
        torch.testing.assert_close(checkpoint.tensors[name], torch.as_tensor(value), rtol=0, atol=0)


def test_weights_that_share_memory_are_saved_under_both_names(tmp_path: Path) -> None:
    weight = torch.arange(12.0).view(4, 3)
    checkpoints = folder_in(tmp_path)
    checkpoints.save(1, tensors={"items": weight, "head": weight, "tail": weight[2:]}, state={})
    checkpoint = checkpoints.latest()
    assert checkpoint is not None
    assert torch.equal(checkpoint.tensors["head"], weight)
    assert torch.equal(checkpoint.tensors["tail"], weight[2:])


def test_nothing_was_saved_yet(tmp_path: Path) -> None:
    checkpoints = folder_in(tmp_path)
    assert checkpoints.latest() is None
    checkpoints.clear()
    assert not checkpoints.folder.exists()


def test_the_last_two_are_kept(tmp_path: Path) -> None:
    checkpoints = folder_in(tmp_path)
    save_epochs(checkpoints, 1, 2, 3, 4)
    assert sorted(path.name for path in checkpoints.folder.iterdir()) == [
        "epoch-000003.json",
        "epoch-000003.safetensors",
        "epoch-000004.json",
        "epoch-000004.safetensors",
    ]
    assert latest_epoch(checkpoints) == 4


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def flip_last_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def write_a_list(path: Path) -> None:
    path.write_text("[1, 2]")


@pytest.mark.parametrize(
    ("suffix", "damage"),
    [
        (".safetensors", truncate),
        (".safetensors", flip_last_byte),
        (".safetensors", Path.unlink),
        (".json", truncate),
        (".json", write_a_list),
        (".json", Path.unlink),
    ],
)
def test_after_a_damaged_one_the_one_before_is_taken(
    tmp_path: Path, suffix: str, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    checkpoints = folder_in(tmp_path)
    save_epochs(checkpoints, 1, 2)
    newest = checkpoints.folder / f"epoch-000002{suffix}"
    damage(newest)
    with caplog.at_level(logging.WARNING):
        assert latest_epoch(checkpoints) == 1
    without_record = suffix == ".json" and not newest.exists()
    assert ("epoch-000002" in caplog.text) != without_record
    # The run goes on and comes to the same epoch again.
    save_epochs(checkpoints, 2, 3)
    assert latest_epoch(checkpoints) == 3
    assert len(list(checkpoints.folder.iterdir())) == 4


def test_both_damaged_means_to_begin_anew(tmp_path: Path) -> None:
    checkpoints = folder_in(tmp_path)
    save_epochs(checkpoints, 1, 2)
    for path in checkpoints.folder.glob("*.safetensors"):
        truncate(path)
    assert checkpoints.latest() is None


def test_a_checkpoint_of_another_run_is_never_read_and_goes_at_the_first_save(
    tmp_path: Path,
) -> None:
    save_epochs(folder_in(tmp_path, seed=0, shape=(2, 3)), 8, 9)
    assert latest_epoch(folder_in(tmp_path, seed=0, shape=(2, 3))) == 9
    other = folder_in(tmp_path, seed=1, shape=(2, 3))
    assert other.latest() is None
    save_epochs(other, 1)
    assert latest_epoch(other) == 1
    assert folder_in(tmp_path, seed=0, shape=(2, 3)).latest() is None
    assert len(list(other.folder.iterdir())) == 2


def test_clear_removes_checkpoints_and_nothing_else(tmp_path: Path) -> None:
    checkpoints = folder_in(tmp_path)
    save_epochs(checkpoints, 1, 2)
    (checkpoints.folder / ".epoch-000003.json.abcd.tmp").touch()
    (checkpoints.folder / "notes.txt").touch()
    checkpoints.clear()
    assert [path.name for path in checkpoints.folder.iterdir()] == ["notes.txt"]
    (checkpoints.folder / "notes.txt").unlink()
    checkpoints.clear()
    assert not checkpoints.folder.exists()


def test_what_json_cannot_hold_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    checkpoints = folder_in(tmp_path)
    with pytest.raises(TypeError):
        checkpoints.save(1, tensors={}, state={"value": np.float32(1)})
    assert not checkpoints.folder.exists()


class Cut(BaseException):
    """The process ends here."""


@contextmanager
def cut_off_at(step: int) -> Iterator[list[str]]:
    """End at the given call of those that change the disk, counted from 0; gives those before."""
    done: list[str] = []
    patch = pytest.MonkeyPatch()

    def counted(place: object, name: str) -> None:
        real = getattr(place, name)

        def call(*args: object, **kwargs: object) -> object:
            if len(done) >= step:  # after its end a process does nothing any more
                raise Cut
            done.append(name)
            return real(*args, **kwargs)

        patch.setattr(place, name, call)

    for name in ("write_text", "chmod", "replace", "unlink"):
        counted(Path, name)
    counted(os, "fsync")
    try:
        yield done
    finally:
        patch.undo()


def test_cut_off_at_any_step_of_saving_a_whole_checkpoint_is_left(tmp_path: Path) -> None:
    with cut_off_at(10_000) as all_steps:
        save_epochs(folder_in(tmp_path / "whole"), 1, 2, 3)
    assert {"write_text", "replace", "unlink", "fsync"} <= set(all_steps)
    seen = set()
    for step in range(len(all_steps) + 1):
        checkpoints = folder_in(tmp_path / str(step))
        saved = 0
        with cut_off_at(step):
            try:
                for epoch in (1, 2, 3):
                    save_epochs(checkpoints, epoch)
                    saved = epoch
            except Cut:
                pass
        found = latest_epoch(checkpoints) or 0
        assert found in (saved, saved + 1)
        seen.add(found)
        save_epochs(checkpoints, found + 1)
        assert latest_epoch(checkpoints) == found + 1
        assert len(list(checkpoints.folder.iterdir())) == min(4, 2 * (found + 1))
    assert seen == {0, 1, 2, 3}


@contextmanager
def files_no_larger_than(n_bytes: int) -> Iterator[None]:
    """As on a full disk: the system refuses to write more into any file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("what", ["tensors", "state"])
def test_a_full_disk_is_said_and_the_earlier_checkpoint_is_intact(
    tmp_path: Path, what: str
) -> None:
    checkpoints = folder_in(tmp_path)
    save_epochs(checkpoints, 1)
    tensors = {"value": torch.zeros(100_000 if what == "tensors" else 1)}
    state = {"at": "x" * (100_000 if what == "state" else 1)}
    with pytest.raises(StorageError, match="full"), files_no_larger_than(50_000):
        checkpoints.save(2, tensors=tensors, state=state)
    assert latest_epoch(checkpoints) == 1
    assert not list(checkpoints.folder.glob(".epoch-*"))


class Small(nn.Module):
    """Tied weights, a buffer, dropout and a parameter without gradient."""

    def __init__(self) -> None:
        super().__init__()
        self.items = nn.Embedding(20, 4)
        self.norm = nn.BatchNorm1d(4)
        self.drop = nn.Dropout(0.3)
        self.head = nn.Linear(4, 20, bias=False)
        self.head.weight = self.items.weight
        self.idle = nn.Parameter(torch.ones(2))

    def forward(self, items: torch.Tensor) -> torch.Tensor:
        return self.head(self.drop(self.norm(self.items(items))))


def adamw(model: nn.Module, *, fused: bool) -> torch.optim.Optimizer:
    matrices = [parameter for parameter in model.parameters() if parameter.dim() >= 2]
    vectors = [parameter for parameter in model.parameters() if parameter.dim() < 2]
    groups = [{"params": matrices}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=0.01, betas=(0.9, 0.98), fused=fused)


def sgd(model: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)


def train(
    make_optimiser: Callable[[nn.Module], torch.optim.Optimizer],
    checkpoints: CheckpointFolder,
    n_epochs: int,
) -> dict[str, torch.Tensor]:
    """A trainer as the real ones are built; gives the parameters."""
    options = RunOptions(seed=3)
    with options.seeded_torch("small"):
        model = Small()
        optimiser = make_optimiser(model)
        generators = {
            "order": options.generator("small/order"),
            "noise": options.torch_generator("small/noise"),
        }
        done = 0
        checkpoint = resume_point(checkpoints)
        if checkpoint is not None:
            restore_training(checkpoint, model, [optimiser], generators)
            done = checkpoint.epoch
        model.train()
        for epoch in range(done + 1, n_epochs + 1):
            order = torch.from_numpy(generators["order"].permutation(20))
            noise = torch.rand((), generator=generators["noise"])
            for group in optimiser.param_groups:
                group["lr"] *= 0.9
            loss = nn.functional.cross_entropy(model(order), (order + 1) % 20) * (1 + noise)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            tensors, state = training_state(model, [optimiser], generators)
            checkpoints.save(epoch, tensors=tensors, state=state)
        return {name: value.detach().clone() for name, value in model.state_dict().items()}


@pytest.mark.parametrize(
    "make_optimiser",
    [lambda model: adamw(model, fused=True), lambda model: adamw(model, fused=False), sgd],
    ids=["fused", "plain", "momentum"],
)
def test_a_resumed_run_has_the_very_parameters_of_an_uninterrupted_one(
    tmp_path: Path, make_optimiser: Callable[[nn.Module], torch.optim.Optimizer]
) -> None:
    whole = train(make_optimiser, folder_in(tmp_path / "whole"), 6)
    for cut in range(1, 6):
        checkpoints = folder_in(tmp_path / str(cut))
        train(make_optimiser, checkpoints, cut)
        torch.rand(cut)  # another process: torch's generator is anywhere
        resumed = train(make_optimiser, checkpoints, 6)
        assert resumed.keys() == whole.keys()
        assert all(torch.equal(resumed[name], whole[name]) for name in whole)


def test_the_record_is_json_that_one_can_read(tmp_path: Path) -> None:
    checkpoints = folder_in(tmp_path, data="ml-100k")
    train(sgd, checkpoints, 1)
    record = json.loads((checkpoints.folder / "epoch-000001.json").read_text())
    assert record["epoch"] == 1
    assert record["description"] == {"data": "ml-100k"}
    assert record["state"]["training"]["numpy"]["order"]["bit_generator"] == "PCG64"


def test_without_checkpoints_a_run_begins_anew() -> None:
    assert resume_point(None) is None
