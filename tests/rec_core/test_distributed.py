from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from rec_core import RunOptions
from rec_core.distributed import ALONE, World, world


def test_without_torchrun_there_is_a_world_of_one() -> None:
    with world(RunOptions(device="cpu")) as together:
        assert together == ALONE
        assert together.is_main
        assert together.sum(2.5) == 2.5
        assert together.broadcast("value") == "value"
        assert together.gather("value") == ["value"]
        assert not torch.distributed.is_initialized()


def test_a_world_of_one_works_where_the_options_say() -> None:
    with world(RunOptions(device="meta")) as together:
        assert together.device == "meta"


def test_alone_gradients_stay_as_they_are() -> None:
    model = nn.Linear(2, 1)
    gradient = model.weight.grad = torch.ones(1, 2)
    ALONE.sum_gradients(model)
    assert model.weight.grad is gradient
    assert model.bias.grad is None


@pytest.mark.parametrize("n", [0, 1, 2, 7, 32])
@pytest.mark.parametrize("size", [1, 2, 3, 8])
def test_every_row_is_in_exactly_one_share_and_shares_are_equally_long(n: int, size: int) -> None:
    rows = np.arange(n)
    shares = [rows[World(rank=rank, size=size).share(n)] for rank in range(size)]
    np.testing.assert_array_equal(np.sort(np.concatenate(shares)), rows)
    lengths = [len(share) for share in shares]
    assert max(lengths) - min(lengths) <= 1


def test_the_main_process_draws_as_it_would_alone_and_the_others_differ() -> None:
    options = RunOptions(seed=7)
    drawn = []
    for rank in (0, 1, 2):
        with options.seeded_torch("test"):
            World(rank=rank, size=3).separate_randomness(options, "test")
            drawn.append(float(torch.rand(())))
    with options.seeded_torch("test"):
        assert drawn[0] == float(torch.rand(()))
    assert len(set(drawn)) == 3
