"""How a run goes, apart from what is being run: seed, device, threads, progress.

The one place where torch's global generator may be touched, so that nothing else has to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    import torch


class Progress(Protocol):
    """Told how far a long job is: `done` of `total` steps of the named stage."""

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Note the state; called often, so it must be quick."""
        ...


def no_progress(stage: str, done: int, total: int) -> None:
    """A `Progress` that tells nobody."""


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How to run: never part of what a model is.

    Attributes:
        seed: Every generator of the run is derived from it and from the name of its stream, so
            that one stage drawing more numbers does not change another stage.
        device: A torch device name.
        threads: Threads for torch; None leaves torch's own choice.
    """

    seed: int = 0
    device: str = "cpu"
    threads: int | None = None

    def stream_seed(self, stream: str) -> int:
        """A 63-bit seed for the named stream."""
        digest = hashlib.sha256(f"{self.seed}/{stream}".encode()).digest()
        return int.from_bytes(digest[:8], "little") >> 1

    def generator(self, stream: str) -> np.random.Generator:
        """A fresh numpy generator for the named stream; the same one for the same seed."""
        return np.random.default_rng(self.stream_seed(stream))

    def torch_generator(self, stream: str) -> torch.Generator:
        """A fresh torch CPU generator for the named stream."""
        import torch

        return torch.Generator().manual_seed(self.stream_seed(stream))

    @contextmanager
    def seeded_torch(self, stream: str) -> Iterator[None]:
        """Seed torch's global generator inside the block (layer initialisation and dropout use it).

        The generator's state and the thread count are put back afterwards.
        """
        import torch

        threads = torch.get_num_threads()
        with torch.random.fork_rng(devices=self._cuda_devices()):
            torch.manual_seed(self.stream_seed(stream))
            if self.threads is not None:
                torch.set_num_threads(self.threads)
            try:
                yield
            finally:
                torch.set_num_threads(threads)

    def _cuda_devices(self) -> list[int]:
        import torch

        return list(range(torch.cuda.device_count())) if self.device.startswith("cuda") else []


@cache
def has_fast_bfloat16() -> bool:
    """Whether this processor has instructions for bfloat16 products; elsewhere they are slower."""
    import torch

    features = torch.cpu.get_capabilities()
    native = any(bool(features.get(name)) for name in ("avx512_bf16", "amx_bf16", "bf16"))
    return native and torch.backends.mkldnn.is_available()


DEFAULT_RUN = RunOptions()
"""Seed 0 on the CPU, with torch's own number of threads."""
