from __future__ import annotations

import torch

from rec_core import RunOptions


def test_a_stream_repeats_under_its_seed_and_differs_from_others() -> None:
    first = RunOptions(seed=1).generator("a").integers(0, 2**60, 4)
    again = RunOptions(seed=1).generator("a").integers(0, 2**60, 4)
    other_stream = RunOptions(seed=1).generator("b").integers(0, 2**60, 4)
    other_seed = RunOptions(seed=2).generator("a").integers(0, 2**60, 4)
    assert first.tolist() == again.tolist()
    assert first.tolist() != other_stream.tolist()
    assert first.tolist() != other_seed.tolist()


def test_torch_generators_repeat() -> None:
    options = RunOptions(seed=3)
    first = torch.rand(3, generator=options.torch_generator("x"))
    assert torch.equal(first, torch.rand(3, generator=options.torch_generator("x")))


def test_seeding_torch_leaves_no_trace() -> None:
    threads = torch.get_num_threads()
    before = torch.get_rng_state()
    with RunOptions(seed=5, threads=1).seeded_torch("layer"):
        inside = torch.rand(2)
        assert torch.get_num_threads() == 1
    assert torch.equal(before, torch.get_rng_state())
    assert torch.get_num_threads() == threads
    with RunOptions(seed=5).seeded_torch("layer"):
        assert torch.equal(inside, torch.rand(2))
