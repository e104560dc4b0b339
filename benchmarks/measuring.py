"""What every benchmark says beside its figures: CPU-seconds, peak memory, the machine."""

from __future__ import annotations

import os
import platform
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Stopwatch:
    """CPU-seconds of this process and wall seconds of a `with measured()` block."""

    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0


@contextmanager
def measured() -> Iterator[Stopwatch]:
    """Time a block; the stopwatch is filled in when the block ends."""
    watch = Stopwatch()
    cpu, wall = time.process_time(), time.perf_counter()
    try:
        yield watch
    finally:
        watch.cpu_seconds = time.process_time() - cpu
        watch.wall_seconds = time.perf_counter() - wall


def peak_megabytes() -> float:
    """Most memory that this process ever held (resident), in 10^6 bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def machine() -> dict[str, object]:
    """What the figures were measured on; load is the number of runnable processes just now."""
    import torch

    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "load": os.getloadavg()[0],
    }


def _processor() -> str:
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as lines:
            return next(
                line.split(":")[1].strip() for line in lines if line.startswith("model name")
            )
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
