"""One process of a world, started by torchrun: notes as JSON what it got from the others."""

from __future__ import annotations

import atexit
import json
import sys
import time
from datetime import timedelta
from pathlib import Path

import torch
from torch import nn

from rec_core import RapportError, RunOptions
from rec_core.distributed import World, world


class Parts(nn.Module):
    """One parameter of each kind that `sum_gradients` tells apart."""

    def __init__(self) -> None:
        super().__init__()
        self.everywhere = nn.Parameter(torch.zeros(2, 3))
        self.main_only = nn.Parameter(torch.zeros(4))
        self.idle = nn.Parameter(torch.zeros(1))
        self.frozen = nn.Parameter(torch.zeros(1), requires_grad=False)
        self.rows = nn.Embedding(5, 2, sparse=True)
        self.main_rows = nn.Embedding(5, 2, sparse=True)


def gradients(together: World) -> dict[str, object]:
    """Each process weighs its part with its rank + 1."""
    model = Parts()
    weight = together.rank + 1.0
    loss = (model.everywhere * weight).sum()
    loss = loss + (model.rows(torch.tensor([together.rank, 3, 3])) * weight).sum()
    if together.is_main:
        loss = loss + model.main_only.sum() + model.main_rows(torch.tensor([2])).sum()
    torch.optim.SGD(model.parameters())  # the first optimiser imports much of torch
    loss.backward()
    together.sum_gradients(model)
    found = dict(model.named_parameters())
    assert found["rows.weight"].grad is not None
    assert found["rows.weight"].grad.is_sparse
    return {
        name: None if value.grad is None else value.grad.to_dense().tolist()
        for name, value in found.items()
    }


def values(together: World) -> dict[str, object]:
    options = RunOptions()
    with options.seeded_torch("test"):
        together.separate_randomness(options, "test")
        drawn = float(torch.rand(()))
    with world(options) as inner:
        assert inner == together
    return {
        "rank": together.rank,
        "size": together.size,
        "is_main": together.is_main,
        "share": list(range(5))[together.share(5)],
        "sum": together.sum(together.rank + 0.5),
        "broadcast": together.broadcast({"best": together.rank, "curve": [0.1, 1 / 3]}),
        "gather": together.gather(f"process {together.rank}"),
        "drawn": drawn,
        "gradients": gradients(together),
    }


def note_threads(path: Path) -> None:
    """Which threads of torch's messages still run (as Linux tells them)."""
    names = [(task / "comm").read_text() for task in Path("/proc/self/task").iterdir()]
    path.write_text(json.dumps([name for name in names if "gloo" in name]))


def main() -> None:
    what, out = sys.argv[1], Path(sys.argv[2])
    options = RunOptions()
    if what == "values":
        atexit.register(lambda: note_threads(out / f"threads-{rank}.json"))
        with world(options) as together:
            rank = together.rank
            found = values(together)
        with world(options) as together:
            found["again"] = together.gather(together.rank)[rank]
        (out / f"{rank}.json").write_text(json.dumps(found))
        return
    with world(options, patience=timedelta(seconds=3 if what == "frozen" else 120)) as together:
        if not together.is_main:
            if what == "frozen":
                time.sleep(600)
            message = "this process has a fault of its own"
            raise ValueError(message)
        try:
            together.sum(1.0)
        except RapportError as fault:
            (out / "fault.txt").write_text(str(fault))
            raise


if __name__ == "__main__":
    main()
