"""How fast the 100 best of a million items are found, and how near that is to what must be done.

Measured, each on one thread and in CPU-milliseconds a query, the methods taking turns in several
rounds (medians are shown, so that a busy machine hits all alike):

  read floor    the fastest way found to read the item matrix once (a sum or a maximum over it):
                no exact float32 search of one query can be faster without fewer bytes
  GEMM floor    float32 scores of 64 queries in cache-sized blocks, thrown away at once
  ours          rec_core.top_k: batch 1 and batch 64, over a prepared ItemMatrix (made once; its
                seconds are shown) with and without the int8 copy
  numpy, torch  scores, then argpartition / topk
  faiss flat    IndexFlatIP
  faiss ivf, pq FaissIndex.query with ids, one query a call, with its recall of the exact answer

Approximate search depends on the vectors: random ones are the hardest, clustered ones flatter it.
Give trained vectors for figures that mean something; peers/als_vectors.py writes such files:

  python benchmarks/peers/als_vectors.py --folder FOLDER
  python benchmarks/top_k.py --vectors FOLDER/items.npy --queries FOLDER/users.npy --normalise

Recall is over 1,000 queries, of which 64 are timed.
Without --queries, item vectors drawn at random, each with noise of a tenth of its length, ask.
Without --vectors, items and queries are random unit vectors; --clusters N draws items around N
random centres.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import faiss
import numpy as np
import torch
from threadpoolctl import threadpool_limits

from benchmarks.measuring import machine, peak_megabytes
from rec_core.int8_codes import has_fast_int8
from rec_core.search.faiss_index import FaissConfig, FaissIndex
from rec_core.search import VectorHit
from rec_core.top_k import ItemMatrix, top_k

BATCH = 64
ASKED = 1_000  # queries that recall is measured with; the first 64 of them are timed


@dataclass(frozen=True, kw_only=True)
class Method:
    """One way to search, or one floor."""

    name: str
    run: Callable[[], object]
    queries: int
    floor: str  # which floor it is compared with
    recall: float | None = None
    note: str = ""


def main() -> None:
    """Measure and print."""
    arguments = read_arguments()
    torch.set_num_threads(1)
    faiss.omp_set_num_threads(1)
    threadpool_limits(1)  # numpy's BLAS
    items, queries, origin = vectors_of(arguments)
    methods, build_seconds = all_methods(items, queries, arguments)
    times = measure(methods, arguments.rounds)
    report = {
        "vectors": origin,
        "items": len(items),
        "dimension": items.shape[1],
        "k": arguments.k,
        "rounds": arguments.rounds,
        "seed": arguments.seed,
        "build_cpu_seconds": build_seconds,
        "results": rows_of(methods, times),
        "peak_megabytes": round(peak_megabytes()),
        "machine": machine(),
    }
    if arguments.json:
        print(json.dumps(report, indent=1))
    else:
        print_table(report)


def read_arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", type=int, default=1_000_000, help="how many random items")
    parser.add_argument("--dimension", type=int, default=64, help="numbers in a random vector")
    parser.add_argument("--clusters", type=int, default=0, help="0: no clusters")
    parser.add_argument("--vectors", type=Path, metavar="FILE.npy", help="(n, d) item vectors")
    parser.add_argument("--queries", type=Path, metavar="FILE.npy", help="(q, d), 1,000 or more")
    parser.add_argument("--normalise", action="store_true", help="scale vectors to length one")
    parser.add_argument("--k", type=int, default=100)
    parser.add_argument("--probes", type=int, nargs="+", default=[32, 96, 256], help="for IVF")
    parser.add_argument(
        "--candidates", type=int, nargs="+", default=[8, 32], help="for PQ, per hit"
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def vectors_of(arguments: argparse.Namespace) -> tuple[np.ndarray, np.ndarray, str]:
    """Items, `ASKED` queries, and where they came from."""
    generator = np.random.default_rng(arguments.seed)
    if arguments.vectors is not None:
        items = np.ascontiguousarray(np.load(arguments.vectors), dtype=np.float32)
        origin = arguments.vectors.name
    else:
        items = random_items(arguments, generator)
        origin = f"random around {arguments.clusters} centres" if arguments.clusters else "random"
    if arguments.queries is not None:
        asked = np.load(arguments.queries)
        asked = asked[generator.choice(len(asked), ASKED, replace=len(asked) < ASKED)]
        origin += f", asked by {arguments.queries.name}"
    elif arguments.vectors is None and not arguments.clusters:
        asked = generator.standard_normal((ASKED, items.shape[1]))
    else:
        asked = items[generator.choice(len(items), ASKED)]
        noise = generator.standard_normal(asked.shape)
        noise *= 0.1 * (np.linalg.norm(asked, axis=1) / np.linalg.norm(noise, axis=1))[:, None]
        asked = asked + noise
        origin += ", asked by items with noise"
    queries = np.ascontiguousarray(asked, dtype=np.float32)
    if arguments.normalise or arguments.vectors is None:
        items, queries = unit(items), unit(queries)
    return items, queries, origin


def random_items(arguments: argparse.Namespace, generator: np.random.Generator) -> np.ndarray:
    """Unit normal vectors, or such around random centres with half their spread."""
    items = generator.standard_normal((arguments.items, arguments.dimension), dtype=np.float32)
    if arguments.clusters:
        centres = generator.standard_normal((arguments.clusters, arguments.dimension))
        of_item = generator.integers(arguments.clusters, size=arguments.items)
        items = 0.5 * items + centres.astype(np.float32)[of_item]
    return items


def unit(vectors: np.ndarray) -> np.ndarray:
    """Rows scaled to length one; zero rows stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)


def all_methods(
    items: np.ndarray, queries: np.ndarray, arguments: argparse.Namespace
) -> tuple[list[Method], dict[str, float]]:
    """Floors and methods, everything built beforehand, and what the building took."""
    methods = floors(items, queries[:BATCH]) + plain(items, queries[:BATCH], arguments.k)
    built: dict[str, float] = {}
    copies = [("float32", False)] + ([("int8 first", True)] if has_fast_int8() else [])
    for name, coarse in copies:
        start = time.process_time()
        matrix = ItemMatrix(items, coarse=coarse)
        built[f"ours {name}"] = round(time.process_time() - start, 3)
        for number in (1, BATCH):
            methods.append(
                Method(
                    name=f"ours {name}, batch {number}",
                    run=lambda matrix=matrix, number=number: top_k(
                        queries[:number], matrix, arguments.k
                    ),
                    queries=number,
                    floor="read" if number == 1 else "gemm",
                    recall=1.0,
                )
            )
    return methods + approximate(items, queries, arguments, built), built


def floors(items: np.ndarray, queries: np.ndarray) -> list[Method]:
    """Reading everything once, and scoring everything in blocks."""
    matrix, weights = torch.from_numpy(items), torch.from_numpy(queries).T
    block = 4_096
    scores = torch.empty((block, len(queries)))

    def multiply() -> None:
        for start in range(0, len(items), block):
            part = matrix[start : start + block]
            torch.mm(part, weights, out=scores[: len(part)])

    return [
        Method(name="read: torch sum", run=matrix.sum, queries=1, floor="read"),
        Method(name="read: torch max", run=matrix.amax, queries=1, floor="read"),
        Method(name="read: numpy sum", run=items.sum, queries=1, floor="read"),
        Method(name="gemm float32, 64", run=multiply, queries=BATCH, floor="gemm"),
    ]


def plain(items: np.ndarray, queries: np.ndarray, k: int) -> list[Method]:
    """What one would write without us."""
    matrix, weights = torch.from_numpy(items), torch.from_numpy(queries)
    flat = faiss.IndexFlatIP(items.shape[1])
    flat.add(items)

    def by_numpy(number: int) -> np.ndarray:
        scores = queries[:number] @ items.T
        return np.argpartition(scores, len(items) - k, axis=1)[:, len(items) - k :]

    def by_torch(number: int) -> torch.Tensor:
        return torch.topk(weights[:number] @ matrix.T, k).indices

    def by_faiss(number: int) -> np.ndarray:
        return flat.search(queries[:number], k)[1]

    return [
        Method(
            name=f"{name}, batch {number}",
            run=lambda search=search, number=number: search(number),
            queries=number,
            floor="read" if number == 1 else "gemm",
            recall=1.0,
        )
        for name, search in (("numpy", by_numpy), ("torch", by_torch), ("faiss flat", by_faiss))
        for number in (1, BATCH)
    ]


def approximate(
    items: np.ndarray,
    queries: np.ndarray,
    arguments: argparse.Namespace,
    built: dict[str, float],
) -> list[Method]:
    """faiss, trained once for each kind and then searched narrowly and widely."""
    exact = top_k(queries, items, arguments.k).rows
    ids = [str(row) for row in range(len(items))]
    methods = []
    for config in (FaissConfig(kind="ivf"), FaissConfig(kind="pq")):
        start = time.process_time()
        index = FaissIndex(items.shape[1], config)
        index.add(ids, items)
        built[f"faiss {config.kind}"] = round(time.process_time() - start, 3)
        if config.kind == "ivf":
            settings = [(probes, config.candidates_per_hit) for probes in arguments.probes]
        else:
            settings = [(config.n_probe, number) for number in arguments.candidates]
        methods += [one_by_one(index, config.kind, wide, queries, exact) for wide in settings]
    return methods


def one_by_one(
    index: FaissIndex,
    kind: str,
    wide: tuple[int, int | None],
    queries: np.ndarray,
    exact: np.ndarray,
) -> Method:
    """One query a call, 64 in turn; `wide` is (probes, candidates for each hit)."""

    def search(number: int = BATCH) -> list[tuple[VectorHit, ...]]:
        index.adjust(n_probe=wide[0], candidates_per_hit=wide[1])
        return [index.query(query[None], exact.shape[1])[0] for query in queries[:number]]

    shared = sum(
        len({int(hit.id) for hit in hits} & set(rows.tolist()))
        for hits, rows in zip(search(len(queries)), exact, strict=True)
    )
    label = f"{wide[0]} probes" if kind == "ivf" else f"{wide[1]} candidates a hit"
    return Method(
        name=f"faiss {kind}, {label}",
        run=search,
        queries=BATCH,
        floor="read",
        recall=round(shared / exact.size, 4),
        note="" if index.is_trained else "not trained: exact",
    )


def measure(methods: list[Method], rounds: int) -> list[float]:
    """Median CPU-milliseconds a query; the first round only warms up."""
    taken: list[list[float]] = [[] for _ in methods]
    for _ in range(rounds + 1):
        for method, times in zip(methods, taken, strict=True):
            start = time.process_time()
            method.run()
            times.append((time.process_time() - start) * 1e3 / method.queries)
    return [statistics.median(times[1:]) for times in taken]


def rows_of(methods: list[Method], times: list[float]) -> list[dict[str, object]]:
    """A row for each method, with its ratio to the floor that applies."""
    floor = {
        "read": min(t for m, t in zip(methods, times, strict=True) if m.name.startswith("read:")),
        "gemm": min(t for m, t in zip(methods, times, strict=True) if m.name.startswith("gemm")),
    }
    return [
        {
            "method": method.name,
            "cpu_ms_per_query": round(taken, 3),
            "floor": method.floor,
            "ratio_to_floor": round(taken / floor[method.floor], 3),
            "recall": method.recall,
            "note": method.note,
        }
        for method, taken in zip(methods, times, strict=True)
    ]


def print_table(report: dict) -> None:
    """For people."""
    print(
        f"{report['items']:,} × {report['dimension']}, top {report['k']}; vectors: "
        f"{report['vectors']}; median of {report['rounds']} rounds, one thread"
    )
    print(f"{'method':36} {'CPU-ms/query':>12} {'÷ floor':>8}  {'floor':5} {'recall':>7}")
    for row in report["results"]:
        recall = "" if row["recall"] is None else f"{row['recall']:.4f}"
        print(
            f"{row['method']:36} {row['cpu_ms_per_query']:12.3f} {row['ratio_to_floor']:8.2f}  "
            f"{row['floor']:5} {recall:>7} {row['note']}"
        )
    print("built in CPU-seconds:", report["build_cpu_seconds"])
    print("peak MB:", report["peak_megabytes"], " machine:", report["machine"])


if __name__ == "__main__":
    main()
