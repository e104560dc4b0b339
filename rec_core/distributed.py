"""Several processes that train one model: started by `torchrun`, or one alone.

Every process has all parameters and draws the same global batches; each works on its share of a
batch, and the gradients are summed. A process divides its loss by the positions of the *global* batch,
so the sum is the gradient that one process would have, up to the order of additions.

    with world(options) as together:
        rows = batch[together.share(len(batch))]
        loss = loss_sum(model, rows) / n_positions_of_the_whole_batch
        loss.backward()
        together.sum_gradients(model)
        optimiser.step()
"""

from __future__ import annotations

import atexit
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from .errors import RapportError
from .runtime import RunOptions

if TYPE_CHECKING:
    from torch import Tensor, nn

_Value = TypeVar("_Value")

PATIENCE = timedelta(minutes=30)
"""How long a process waits for a frozen one; one that has ended is noticed at once."""


class LostProcessError(RapportError):
    """Another process of the run has failed or does not answer."""


@dataclass(frozen=True, kw_only=True)
class World:
    """Who trains together. Methods that say "all" must be called by every process.

    Attributes:
        rank: Of this process, from 0.
        size: Number of processes.
        device: Torch device of this process.
    """

    rank: int = 0
    size: int = 1
    device: str = "cpu"

    @property
    def is_main(self) -> bool:
        """The one process that writes files and shows progress."""
        return self.rank == 0

    def share(self, n: int) -> slice:
        """This process's rows of a batch of `n`: every `size`-th one.

        In a batch sorted by length the shares are then equally long.
        """
        return slice(self.rank, n, self.size)

    def separate_randomness(self, options: RunOptions, stream: str) -> None:
        """Give torch's generator in every process but the main one a seed of its own.

        To be called after the parameters were drawn (alike everywhere): rows of one batch then do
        not meet the same dropout in every process, and the main one draws as it would alone.
        """
        if self.is_main:
            return
        import torch

        torch.manual_seed(options.stream_seed(f"{stream}/process {self.rank}"))

    def sum_gradients(self, model: nn.Module) -> None:
        """All: replace every gradient by its sum over the processes.

        Dense gradients go in one exchange; those of an embedding with `sparse=True` stay sparse. A
        parameter that no process has a gradient for keeps None, as in a world of one, so that the
        optimiser leaves it alone.
        """
        if self.size == 1:
            return
        sparse = _sparse_parameters(model)
        _sum_dense(
            [
                parameter
                for parameter in model.parameters()
                if parameter.requires_grad and all(parameter is not other for other in sparse)
            ]
        )
        for parameter in sparse:
            _sum_sparse(parameter)

    def sum(self, value: float) -> float:
        """All: the sum of everyone's value."""
        if self.size == 1:
            return value
        import torch
        from torch import distributed

        total = torch.tensor(value, dtype=torch.float64, device=self.device)
        with _peer_faults():
            distributed.all_reduce(total)
        return float(total)

    def broadcast(self, value: _Value) -> _Value:
        """All: the main process's value; what the others give is not looked at."""
        if self.size == 1:
            return value
        from torch import distributed

        values = [value]
        with _peer_faults():
            distributed.broadcast_object_list(values, src=0)
        return values[0]

    def gather(self, value: _Value) -> list[_Value]:
        """All: everyone's value, by rank."""
        if self.size == 1:
            return [value]
        from torch import distributed

        values: list[_Value] = [value] * self.size
        with _peer_faults():
            distributed.all_gather_object(values, value)
        return values


ALONE = World()
"""One process on the CPU."""


@contextmanager
def world(options: RunOptions, *, patience: timedelta = PATIENCE) -> Iterator[World]:
    """Join the processes that `torchrun` started; without it, a world of one.

    They stay joined until the process ends: a block inside or after another gets the same world.
    Messages go through gloo on a CPU and nccl on CUDA, where each process takes the device of its
    local rank.

    Args:
        options: Says which kind of device.
        patience: How long to wait for a process that does not answer; that of the first block.

    Raises:
        LostProcessError: Inside the block, when another process has failed or does not answer.
    """
    from torch import distributed

    if not (distributed.is_available() and distributed.is_torchelastic_launched()):
        yield World(device=options.device)
        return
    if not distributed.is_initialized():
        _join(options, patience)
    yield _joined(options)


def _join(options: RunOptions, patience: timedelta) -> None:
    # Functions of this module take the group that exists at its import as a default argument. Were
    # it imported later (the first optimiser does), the group's threads would outlive it and could
    # abort the process at its end.
    import torch.distributed.nn.functional  # noqa: F401
    from torch import distributed

    with _peer_faults():
        distributed.init_process_group(
            "nccl" if options.device.startswith("cuda") else "gloo", timeout=patience
        )
    # Not at the end of a block: torch cannot join the same processes twice, as what they noted of
    # their addresses the first time is still there.
    atexit.register(distributed.destroy_process_group)


def _sparse_parameters(model: nn.Module) -> list[Tensor]:
    """Those whose gradients hold only the rows that a step touched."""
    from torch import nn

    embeddings = (module for module in model.modules() if isinstance(module, nn.Embedding))
    return [module.weight for module in embeddings if module.sparse]


def _sum_dense(parameters: Sequence[Tensor]) -> None:
    import torch
    from torch import distributed

    has_gradient = [float(parameter.grad is not None) for parameter in parameters]
    parts = [
        (torch.zeros_like(parameter) if parameter.grad is None else parameter.grad).reshape(-1)
        for parameter in parameters
    ]
    flat = torch.cat([*parts, parts[0].new_tensor(has_gradient)])
    with _peer_faults():
        distributed.all_reduce(flat)
    *sums, counts = flat.split([*(len(part) for part in parts), len(parts)])
    for parameter, total, count in zip(parameters, sums, counts.tolist(), strict=True):
        parameter.grad = total.view_as(parameter) if count else None


def _sum_sparse(parameter: Tensor) -> None:
    import torch
    from torch import distributed

    gradient = parameter.grad
    if gradient is None:
        gradient = torch.sparse_coo_tensor(
            torch.empty(1, 0, dtype=torch.int64, device=parameter.device),
            parameter.new_empty(0, parameter.shape[1]),
            parameter.shape,
        )
    # nccl sums dense tensors only; gloo on a CPU sums the rows.
    total = gradient.to_dense() if parameter.is_cuda else gradient.coalesce()
    with _peer_faults():
        distributed.all_reduce(total)
    parameter.grad = total.to_sparse(1) if parameter.is_cuda else total


def _joined(options: RunOptions) -> World:
    import torch
    from torch import distributed
    from torch.distributed.distributed_c10d import get_node_local_rank

    device = options.device
    if device.startswith("cuda"):
        device = f"cuda:{get_node_local_rank()}"
        torch.cuda.set_device(device)  # where nccl sends Python objects from
    return World(rank=distributed.get_rank(), size=distributed.get_world_size(), device=device)


@contextmanager
def _peer_faults() -> Iterator[None]:
    """What torch says when a process is gone, in words of our own."""
    try:
        yield
    except RuntimeError as fault:
        raise LostProcessError(
            "Another process of this training run has failed or does not answer.",
            "Its own message says why. Start the run again: it goes on from its last checkpoint.",
        ) from fault
