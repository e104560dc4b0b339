"""What this machine can do at best: the floor under every training and search time.

    python benchmarks/machine_floor.py                a table
    python benchmarks/machine_floor.py --json         one JSON object

Rates are work over CPU-seconds of this process on one thread, medians over rounds that alternate all
measurements (in each the best of three), so that another program's load or a changing clock rate shows as spread and not as bias:

    GEMM       2·m·n·k / seconds, float32 and bfloat16, for a large square product and for the products
               of a SASRec step (512 states × 64 × catalog, its two gradients, and the body's layers)
    read       bytes / seconds of summing a float32 array far larger than the caches
    copy       bytes read and written / seconds of copying it
    exp        numbers / seconds of exp on an array that stays in cache: a softmax needs one a logit

`--targets N --items N --length L` adds the floor of one training epoch: its products (see
`training_flops`) over the float32 GEMM rate, the square one ("floor") and the one of its own shapes.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.measuring import machine

SQUARE = "square 1024"
HEAD = ("logits", "state gradient", "item gradient")


def training_flops(
    *,
    targets: int,
    n_items: int,
    dimension: int = 64,
    n_layers: int = 2,
    widening: int = 1,
    mean_context: float,
) -> dict[str, float]:
    """Floating-point operations of the matrix products that one epoch of SASRec can not do without.

    head = 3 products × 2·d·n_items a target: logits, gradient of the states, gradient of the items.
    body = 3 × forward, the backward pass being two products for each one of the forward pass;
    forward a position = n_layers × (8·d² for queries, keys, values and output
    + 4·widening·d² for the feed-forward part + 4·d·mean_context for attention).

    Norms, softmax, dropout and the optimiser are left out, and so is padding: this is a floor.

    Args:
        targets: Next items learnt in an epoch; one position each.
        n_items: Size of the catalog.
        dimension: Width of states and item vectors.
        n_layers: Transformer blocks.
        widening: Width of the feed-forward part over `dimension`.
        mean_context: Mean number of positions that a position attends to, itself included.

    Returns:
        "head", "body" and "total".
    """
    head = 3 * 2.0 * dimension * n_items * targets
    layer = (8 + 4 * widening) * dimension**2 + 4 * dimension * mean_context
    body = 3.0 * n_layers * layer * targets
    return {"head": head, "body": body, "total": head + body}


def gemm_shapes(n_items: int, dimension: int) -> dict[str, tuple[int, int, int]]:
    """Name -> (m, k, n) of the products that are measured."""
    d = dimension
    return {
        SQUARE: (1024, 1024, 1024),
        HEAD[0]: (512, d, n_items),
        HEAD[1]: (512, n_items, d),
        HEAD[2]: (n_items, 512, d),
        "queries, keys, values": (6400, d, 3 * d),
        "feed-forward": (6400, d, d),
    }


def measure(*, n_items: int, dimension: int, rounds: int, seconds: float) -> dict[str, object]:
    """All rates; about `seconds` of CPU time a round."""
    torch.set_num_threads(1)
    tasks = _tasks(n_items, dimension)
    samples: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(rounds):
        for name, (work, run) in tasks.items():
            samples[name].append(work / _fastest(run, seconds / len(tasks)))
    rates = {name: statistics.median(values) for name, values in samples.items()}
    gemm = {
        kind: {shape: _round(rates[f"{kind}/{shape}"]) for shape in gemm_shapes(n_items, dimension)}
        for kind in ("float32", "bfloat16")
    }
    return {
        "gemm_gflops": gemm,
        "read_gb_per_second": _round(rates["read"]),
        "copy_gb_per_second": _round(rates["copy"]),
        "exp_giga_per_second": _round(rates["exp"]),
        "spread": _round(max(max(values) / min(values) for values in samples.values())),
        "rounds": rounds,
        "n_items": n_items,
        "dimension": dimension,
    }


def _tasks(n_items: int, dimension: int) -> dict[str, tuple[float, Callable[[], object]]]:
    """Name -> (10^9 operations or bytes, what does them)."""
    tasks: dict[str, tuple[float, Callable[[], object]]] = {}
    for kind, precision in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        for shape, (m, k, n) in gemm_shapes(n_items, dimension).items():
            left = torch.randn(m, k).to(precision)
            right = torch.randn(n, k).to(precision).T if shape != HEAD[1] else None
            other = right if right is not None else torch.randn(k, n).to(precision)
            out = torch.empty(m, n, dtype=precision)
            tasks[f"{kind}/{shape}"] = (2.0 * m * k * n / 1e9, _product(left, other, out))
    large, target = torch.randn(1 << 26), torch.empty(1 << 26)  # 256 MiB each
    small = torch.randn(1 << 16)
    held = torch.empty_like(small)
    tasks["read"] = (large.nbytes / 1e9, large.sum)
    tasks["copy"] = (2 * large.nbytes / 1e9, lambda: target.copy_(large))
    tasks["exp"] = (small.numel() / 1e9, lambda: torch.exp(small, out=held))
    return tasks


def _product(left: torch.Tensor, right: torch.Tensor, out: torch.Tensor) -> Callable[[], object]:
    return lambda: torch.mm(left, right, out=out)


def _fastest(run: Callable[[], object], seconds: float) -> float:
    """CPU-seconds of one call: the best of several batches, each long enough for the clock."""
    run()
    started = time.process_time()
    run()
    once = max(time.process_time() - started, 1e-6)
    calls = max(1, int(seconds / 4 / once))
    best = float("inf")
    for _ in range(3):
        started = time.process_time()
        for _ in range(calls):
            run()
        best = min(best, (time.process_time() - started) / calls)
    return best


def epoch_floor(rates: Mapping[str, object], flops: Mapping[str, float]) -> dict[str, float]:
    """CPU-seconds that the products of an epoch take at the measured float32 and bfloat16 rates.

    "float32" and "bfloat16" are at the rate of the square product; "float32 shapes" takes each
    product at the rate of its own shape.
    """
    gemm = rates["gemm_gflops"]
    assert isinstance(gemm, Mapping)
    single = gemm["float32"]
    head = sum(flops["head"] / 3 / single[name] for name in HEAD)
    body = flops["body"] / statistics.mean(
        [single["queries, keys, values"], single["feed-forward"]]
    )
    return {
        "float32": flops["total"] / single[SQUARE] / 1e9,
        "float32 shapes": (head + body) / 1e9,
        "bfloat16": flops["total"] / gemm["bfloat16"][SQUARE] / 1e9,
    }


def _round(value: float) -> float:
    return float(f"{value:.4g}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", type=int, default=3416, help="catalog size (ML-1M: 3416)")
    parser.add_argument("--dimension", type=int, default=64, help="width of the vectors")
    parser.add_argument("--rounds", type=int, default=5, help="medians are over these")
    parser.add_argument("--seconds", type=float, default=3.0, help="CPU-seconds a round, about")
    parser.add_argument("--targets", type=int, help="next items learnt in an epoch")
    parser.add_argument("--length", type=int, default=50, help="context; half of it is the mean")
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--widening", type=int, default=1, help="feed-forward width over dimension")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser.parse_args()


def main() -> None:
    """Measure and print."""
    arguments = _arguments()
    result = measure(
        n_items=arguments.items,
        dimension=arguments.dimension,
        rounds=arguments.rounds,
        seconds=arguments.seconds,
    )
    if arguments.targets:
        flops = training_flops(
            targets=arguments.targets,
            n_items=arguments.items,
            dimension=arguments.dimension,
            n_layers=arguments.layers,
            widening=arguments.widening,
            mean_context=(arguments.length + 1) / 2,
        )
        result["epoch_gflop"] = {name: _round(value / 1e9) for name, value in flops.items()}
        floors = epoch_floor(result, flops)
        result["epoch_floor_seconds"] = {name: _round(value) for name, value in floors.items()}
    result["machine"] = machine()
    if arguments.json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        for inner, rate in value.items() if isinstance(value, dict) else [("", value)]:
            print(f"{name:<22} {inner:<12} {rate}")


if __name__ == "__main__":
    main()
