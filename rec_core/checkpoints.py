"""Training that can be cut off at any moment and goes on from its last whole epoch.

A checkpoint is two files: `epoch-000007.safetensors` with all tensors, then `epoch-000007.json` with
the rest and the sha256 of the first. Both are written under another name, flushed to the disk and
renamed, the JSON last: it is what makes the checkpoint count. The last two are kept, so that a
damaged one (a disk that lied, a half-restored backup) costs one epoch and not the whole run.
"""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .distributed import ALONE, World
from .errors import StorageError
from .files import atomic_file, storage_faults

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

_LOG = logging.getLogger(__name__)
_FORMAT = 1
_KEPT = 2
_NAME = re.compile(r"epoch-(\d{6,})\.json")
_SYSTEM_ERROR = re.compile(r"\(os error (\d+)\)")
_MODEL = "training/model/"
_OPTIMISER = "training/optimiser/"
_GENERATOR = "training/generator/"
_TORCH_RANDOM = "training/torch-random/"
_CUDA_RANDOM = "training/cuda-random/"


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """What was saved after an epoch.

    Attributes:
        epoch: Whole epochs done.
        tensors: On the CPU.
        state: JSON values.
    """

    epoch: int
    tensors: dict[str, Tensor]
    state: dict[str, Any]


class CheckpointFolder:
    """The checkpoints of one training run; one process writes to it at a time.

    Args:
        folder: Made at the first `save`.
        description: JSON values on which the outcome depends (data fingerprint, configuration,
            seed, library versions). Checkpoints of another description are never read, and are
            removed at the first `save`.
    """

    def __init__(self, folder: Path, *, description: Mapping[str, object]) -> None:
        self.folder = folder
        # Through JSON and back: a tuple that was saved comes back as a list.
        self.description: dict[str, Any] = json.loads(json.dumps(description))

    def save(
        self,
        epoch: int,
        *,
        tensors: Mapping[str, np.ndarray | Tensor],
        state: Mapping[str, object],
    ) -> None:
        """Write the checkpoint of `epoch`; older ones but the last before it are removed.

        Args:
            epoch: Whole epochs done.
            tensors: Any device; see `training_state`.
            state: JSON values; floats come back bit for bit.

        Raises:
            StorageError: The disk is full or may not be written; earlier checkpoints are intact.
        """
        path = self._path(epoch)
        record = {
            "format": _FORMAT,
            "epoch": epoch,
            "description": self.description,
            "state": dict(state),
        }
        json.dumps(record)  # a value that JSON cannot hold shows before anything is written
        with atomic_file(path.with_suffix(".safetensors")) as temporary:
            _write_tensors(tensors, temporary)
            record["sha256"] = _sha256(temporary)
            _flush(temporary)
        with atomic_file(path) as temporary:
            temporary.write_text(json.dumps(record, indent=1), encoding="utf-8")
            _flush(temporary)
        with storage_faults(self.folder):
            _flush(self.folder)
            self._remove_others(epoch)

    def latest(self) -> Checkpoint | None:
        """The newest usable checkpoint of this description, or None.

        A damaged one is logged as a warning and the one before is taken.
        """
        for epoch in sorted(self._epochs(), reverse=True):
            record = self._record(epoch)
            if record is None or record["description"] != self.description:
                continue
            tensors = self._tensors(epoch, record["sha256"])
            if tensors is not None:
                return Checkpoint(epoch=epoch, tensors=tensors, state=record["state"])
        return None

    def clear(self) -> None:
        """Remove all checkpoints, and the folder when nothing else is in it."""
        if not self.folder.is_dir():
            return
        with storage_faults(self.folder):
            for path in self._files():
                path.unlink(missing_ok=True)
            if not any(self.folder.iterdir()):
                self.folder.rmdir()

    def _path(self, epoch: int) -> Path:
        return self.folder / f"epoch-{epoch:06d}.json"

    def _files(self) -> list[Path]:
        """Everything that `save` ever made here, what a killed process left half-written too."""
        return [*self.folder.glob("epoch-*"), *self.folder.glob(".epoch-*.tmp")]

    def _epochs(self) -> list[int]:
        names = (_NAME.fullmatch(path.name) for path in self.folder.glob("epoch-*.json"))
        return [int(name[1]) for name in names if name is not None]

    def _record(self, epoch: int) -> dict[str, Any] | None:
        """The parsed JSON file, or None when it is damaged."""
        path = self._path(epoch)
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            if record["format"] != _FORMAT:
                return None
            return {name: record[name] for name in ("description", "state", "sha256")}
        except (OSError, ValueError, KeyError, TypeError) as fault:
            _LOG.warning("Checkpoint %s cannot be read and is passed over: %s", path, fault)
            return None

    def _tensors(self, epoch: int, expected: str) -> dict[str, Tensor] | None:
        """All tensors, or None when the file is not the one that was written."""
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        path = self._path(epoch).with_suffix(".safetensors")
        try:
            if _sha256(path) == expected:
                return load_file(path)
            why = "its content was changed"
        except (OSError, SafetensorError) as fault:
            why = str(fault)
        _LOG.warning("Checkpoint %s is damaged (%s): the one before it is taken", path, why)
        return None

    def _remove_others(self, newest: int) -> None:
        kept = {newest}
        for epoch in sorted(self._epochs(), reverse=True):
            if epoch < newest and len(kept) < _KEPT:
                record = self._record(epoch)
                if record is not None and record["description"] == self.description:
                    kept.add(epoch)
        names = {self._path(epoch).stem for epoch in kept}
        for path in self._files():
            if path.stem not in names:
                path.unlink(missing_ok=True)


def resume_point(checkpoints: CheckpointFolder | None, world: World = ALONE) -> Checkpoint | None:
    """The checkpoint to go on from, the same in every process of `world`; None to begin anew.

    Args:
        checkpoints: None when the run keeps none.
        world: Who trains together; all of them must call this.

    Raises:
        StorageError: The processes do not see the same folder.
    """
    checkpoint = None if checkpoints is None else checkpoints.latest()
    epoch = 0 if checkpoint is None else checkpoint.epoch
    if checkpoints is not None and len(set(world.gather(epoch))) > 1:
        raise StorageError(
            f"The processes of this run do not see the same checkpoints in "
            f"{str(checkpoints.folder)!r}.",
            "Put that folder on a disk that all machines of the run share.",
        )
    return checkpoint


def training_state(
    model: nn.Module,
    optimiser: torch.optim.Optimizer | Sequence[torch.optim.Optimizer],
    generators: Mapping[str, np.random.Generator | torch.Generator],
    world: World = ALONE,
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """All that the next epoch depends on, for `CheckpointFolder.save`.

    These are parameters and buffers, the optimisers' moments, steps and group settings, the given
    generators and torch's own (which dropout draws from; one for each process of `world`). With
    `restore_training` a run goes on bit for bit on a CPU. The tensors share the model's memory where
    they can: save them before the next step.

    Args:
        model: With the parameters as they are after the epoch.
        optimiser: Any whose state is tensors and numbers, such as AdamW; or several.
        generators: By name; the same in every process.
        world: Who trains together; all of them must call this, one of them saves.

    Returns:
        (tensors, state), whose names begin with "training".
    """
    import torch

    tensors = {_MODEL + name: value.detach() for name, value in model.state_dict().items()}
    state: dict[str, Any] = {"numpy": {}, "optimisers": []}
    for place, one in enumerate(_several(optimiser)):
        moments, rest = _optimiser_state(one)
        tensors |= {f"{_OPTIMISER}{place}/{name}": value for name, value in moments.items()}
        state["optimisers"].append(rest)
    for name, generator in generators.items():
        if isinstance(generator, np.random.Generator):
            state["numpy"][name] = generator.bit_generator.state
        else:
            tensors[_GENERATOR + name] = generator.get_state()
    device = next(model.parameters()).device
    for rank, random in enumerate(world.gather(torch.get_rng_state())):
        tensors[f"{_TORCH_RANDOM}{rank}"] = random
    if device.type == "cuda":
        for rank, random in enumerate(world.gather(torch.cuda.get_rng_state(device))):
            tensors[f"{_CUDA_RANDOM}{rank}"] = random
    return tensors, {"training": state}


def restore_training(
    checkpoint: Checkpoint,
    model: nn.Module,
    optimiser: torch.optim.Optimizer | Sequence[torch.optim.Optimizer],
    generators: Mapping[str, np.random.Generator | torch.Generator],
    world: World = ALONE,
) -> None:
    """Put everything back that `training_state` took, in place.

    A world that has grown or shrunk since goes on too; only its dropout is then another.

    Args:
        checkpoint: From `resume_point`.
        model: Of the same shape as the one that was saved.
        optimiser: One or several, in the same order, over the same parameters in the same groups.
        generators: Under the same names.
        world: Who trains together.
    """
    import torch

    tensors, state = checkpoint.tensors, checkpoint.state["training"]
    model.load_state_dict(_below(tensors, _MODEL))
    for place, (one, rest) in enumerate(zip(_several(optimiser), state["optimisers"], strict=True)):
        _restore_optimiser(one, _below(tensors, f"{_OPTIMISER}{place}/"), rest)
    for name, generator in generators.items():
        if isinstance(generator, np.random.Generator):
            generator.bit_generator.state = state["numpy"][name]
        else:
            generator.set_state(tensors[_GENERATOR + name].clone())
    if f"{_TORCH_RANDOM}{world.rank}" in tensors:
        torch.set_rng_state(tensors[f"{_TORCH_RANDOM}{world.rank}"].clone())
    device = next(model.parameters()).device
    if device.type == "cuda" and f"{_CUDA_RANDOM}{world.rank}" in tensors:
        torch.cuda.set_rng_state(tensors[f"{_CUDA_RANDOM}{world.rank}"].clone(), device)


def _several(
    optimiser: torch.optim.Optimizer | Sequence[torch.optim.Optimizer],
) -> Sequence[torch.optim.Optimizer]:
    return optimiser if isinstance(optimiser, Sequence) else [optimiser]


def _optimiser_state(
    optimiser: torch.optim.Optimizer,
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """(tensors named "parameter/name", everything else as JSON values)."""
    import torch

    found = optimiser.state_dict()
    tensors: dict[str, Tensor] = {}
    numbers: dict[str, dict[str, Any]] = {}
    for index, values in found["state"].items():
        for name, value in values.items():
            if isinstance(value, torch.Tensor):
                tensors[f"{index}/{name}"] = value.detach()
            else:
                numbers.setdefault(str(index), {})[name] = value
    return tensors, {"numbers": numbers, "groups": found["param_groups"]}


def _restore_optimiser(
    optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor], state: Mapping[str, Any]
) -> None:
    moments: dict[int, dict[str, Any]] = {
        int(index): dict(values) for index, values in state["numbers"].items()
    }
    for name, value in tensors.items():
        index, _, key = name.partition("/")
        moments.setdefault(int(index), {})[key] = value.clone()
    # What JSON made a list and torch expects to be a tuple (the betas of Adam).
    groups = [
        {
            key: tuple(value) if isinstance(old.get(key), tuple) else value
            for key, value in group.items()
        }
        for group, old in zip(state["groups"], optimiser.param_groups, strict=True)
    ]
    optimiser.load_state_dict({"state": moments, "param_groups": groups})


def _below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): value
        for name, value in tensors.items()
        if name.startswith(prefix)
    }


def _write_tensors(tensors: Mapping[str, np.ndarray | Tensor], path: Path) -> None:
    """One safetensors file; a full disk is an OSError as for any other file."""
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    own: dict[str, Tensor] = {}
    seen: set[int] = set()
    for name, value in tensors.items():
        tensor = torch.as_tensor(value).detach().cpu().contiguous()
        # Tied weights share memory, which safetensors refuses: the second gets its own.
        memory = tensor.untyped_storage().data_ptr()
        own[name] = tensor.clone() if memory in seen else tensor
        seen.add(memory)
    try:
        save_file(own, path)
    except SafetensorError as fault:
        number = _SYSTEM_ERROR.search(str(fault))
        if number is None:
            raise
        code = int(number[1])
        raise OSError(code, os.strerror(code), str(path)) from fault


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _flush(path: Path) -> None:
    """Have the disk hold what was written to a file, or the names in a folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as fault:
        if fault.errno not in (errno.EINVAL, errno.ENOTSUP):  # a file system that has no such call
            raise
    finally:
        os.close(handle)
