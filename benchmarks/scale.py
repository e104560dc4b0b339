"""From files to recommendations on a made-up catalog of any size: time and peak memory of every step.

    python benchmarks/scale.py --folder FOLDER                          100,000 items, 1,000,000 events
    python benchmarks/scale.py --folder FOLDER --items 100000 1000000   both, and how each step grows
    python benchmarks/scale.py --folder FOLDER --items 10000 --steps generate import --json

Each step runs in a process of its own, so that its peak memory is its own; it uses one thread unless
--threads says otherwise (set OMP_NUM_THREADS as well). A finished step is kept under FOLDER and not run
again unless --again is given. The steps:

    generate  write items.jsonl and events.parquet (not part of the system)
    import    `rapport data import`: both files to a data set
    split     hold out the last two events of every user; the rest goes to a parquet file
    train     SASRec with a sampled softmax, streaming from that file, --epochs epochs, resumable
    quality   NDCG@10 and recall of SASRec, transitions and popularity on 1,000 held-out users, whole catalog
    index     transitions, neighbours and search index; everything into the folder that serves
    score     `rapport score`: the best ten of every user to parquet
    query     open the recommender, then single requests of four kinds: p50, p99, where the time goes

CPU-seconds are what to compare on a shared machine; wall seconds are beside them.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

_NAME = "synthetic"
_EVENTS_PER_ITEM = 10
_EVENTS_PER_USER = 20
_QUALITY_USERS = 1000
_QUERIES = 40
_WINDOW = 5


@dataclass(frozen=True, kw_only=True)
class Job:
    """One size of the world and how to run on it.

    Attributes:
        folder: Where everything of this size lies.
        n_items, n_events, n_users, seed: The world.
        epochs, batch_size, learning_rate, sampled_items: Of SASRec.
        threads: Of torch.
        score_users: How many users the step "score" takes; None = all.
    """

    folder: Path
    n_items: int
    n_events: int
    n_users: int
    seed: int
    epochs: int
    batch_size: int
    learning_rate: float
    sampled_items: int
    threads: int
    score_users: int | None

    @property
    def home(self) -> Path:
        """Rapport's folder."""
        return self.folder / "home"

    @property
    def model(self) -> Path:
        """The serving artifact."""
        return self.folder / "home" / "artifacts" / _NAME


@dataclass
class Account:
    """What a step says beside its time and memory."""

    facts: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """CPU-seconds of a part of the step."""
        started = time.process_time()
        yield
        self.seconds[name] = round(time.process_time() - started, 2)


def generate(job: Job, account: Account) -> None:
    """Write the files that a user would bring."""
    from synthetic import World, write_events, write_items

    world = World(n_items=job.n_items, n_events=job.n_events, n_users=job.n_users, seed=job.seed)
    write_items(world, job.folder / "items.jsonl")
    account.facts["events"] = write_events(world, job.folder / "events.parquet")


def import_(job: Job, account: Account) -> None:
    """Files to a data set."""
    from rec_core import import_dataset

    dataset, report = import_dataset(
        _NAME,
        job.home,
        catalog_path=job.folder / "items.jsonl",
        interactions_path=job.folder / "events.parquet",
        replace=True,
    )
    account.facts |= {
        "items": report.n_items,
        "events": report.n_interactions,
        "users": report.n_users,
        "fingerprint": dataset.fingerprint,
    }


def split(job: Job, account: Account) -> None:
    """Hold the last two events of every user out."""
    from rec_core import leave_one_out

    with account.part("load"):
        interactions = _dataset(job).interactions
    with account.part("split"):
        parts = leave_one_out(interactions)
    with account.part("save"):
        parts.train.save(job.folder / "train.parquet")
    account.facts["split"] = parts.fingerprint


def train(job: Job, account: Account) -> None:
    """SASRec from the parquet file."""
    from rec_core.checkpoints import CheckpointFolder
    from rec_core.event_source import ParquetSource
    from rec_core.sasrec.train import train_sasrec
    from safetensors.numpy import save_file

    config = _config(job)
    checkpoints = CheckpointFolder(
        job.folder / "checkpoints", description={"epochs": job.epochs, "seed": job.seed}
    )
    with account.part("scan"):
        source = ParquetSource(job.folder / "train.parquet", n_items=job.n_items)
    with account.part("epochs"):
        trained = train_sasrec(source, config, checkpoints=checkpoints, options=_options(job))
    save_file(trained.scorer.tensors(), job.folder / "sasrec.safetensors")
    checkpoints.clear()
    account.facts |= {"events": source.n_events, "losses": [round(x, 3) for x in trained.losses]}


def quality(job: Job, account: Account) -> None:
    """Did it learn anything?"""
    from rec_core import leave_one_out
    from rec_core.baselines.popularity import Popularity
    from rec_core.baselines.transitions import Transitions, TransitionsConfig
    from rec_core.evaluation import ranking_task
    from rec_core.selection import mean_metrics

    parts = leave_one_out(_dataset(job).interactions)
    task = ranking_task(parts, "test").sample(_QUALITY_USERS, _options(job).generator("quality"))
    scorers = {
        "popularity": Popularity.fit(parts.train),
        "transitions": Transitions.fit(parts.train, TransitionsConfig(window=_WINDOW)),
        "sasrec": _scorer(job),
    }
    for name, scorer in scorers.items():
        with account.part(name):
            found = mean_metrics(task, scorer)
        account.facts[name] = {key: round(value, 4) for key, value in found.items()}


def index(job: Job, account: Account) -> None:
    """Everything that serves, in one artifact."""
    from rec_core import ArtifactWriter, HashEncoder, SearchEngine
    from rec_core.baselines.neighbours import Neighbours
    from rec_core.baselines.transitions import Transitions, TransitionsConfig
    from rec_core.model_files import SEARCH_FOLDER, TrainedParts, write_parts
    from rec_core.pipeline import BlendWeights
    from rec_core.selection import Choices, PipelineConfig

    with account.part("load"):
        dataset = _dataset(job)
    window = TransitionsConfig(window=_WINDOW)
    with account.part("transitions"):
        transitions = Transitions.fit(dataset.interactions, window)
    with account.part("neighbours"):
        neighbours = Neighbours.fit(dataset.interactions)
    encoder = HashEncoder()
    config = {
        "dataset": _NAME,
        "data_fingerprint": dataset.fingerprint,
        "encoder": encoder.name,
        "pipeline": PipelineConfig(sasrec=_config(job)).as_json(),
    }
    parts = TrainedParts(
        transitions=transitions,
        choices=Choices(transitions=window, weights=BlendWeights(sasrec=1.0)),
        sasrec=_scorer(job),
    )
    with ArtifactWriter(
        job.model, kind="pipeline", config=config, rebuildable=(f"{SEARCH_FOLDER}/chroma",)
    ) as writer:
        with account.part("models"):
            write_parts(writer, parts)
            writer.add_tensors("neighbours", neighbours.tensors())
        with account.part("data"):
            dataset.catalog.save(writer.path("catalog.parquet"))
            dataset.interactions.save(writer.path("interactions.parquet"))
        with account.part("search"):
            SearchEngine.build(dataset.catalog, encoder, writer.path(SEARCH_FOLDER))


def score(job: Job, account: Account) -> None:
    """The best ten of every user."""
    from rec_core.batch_scoring import score_artifact

    users = None if job.score_users is None else _some_users(job, job.score_users)
    started = time.process_time()
    report = score_artifact(job.model, job.folder / "lists", method="vectors", user_ids=users)
    seconds = time.process_time() - started
    account.facts |= {
        "users": report.n_scored,
        "users_per_second": round(report.n_scored / max(seconds, 1e-9), 1),
        "files": report.n_parts,
    }


def _some_users(job: Job, count: int) -> list[str]:
    """Users spread evenly over the file."""
    from rec_core import read_artifact
    from rec_core.batch_scoring import StoredHistories

    artifact = read_artifact(job.model, kind="pipeline")
    users = StoredHistories(artifact.path("interactions.parquet")).user_ids
    return users[:: max(1, len(users) // count)][:count]


def query(job: Job, account: Account) -> None:
    """Single requests, after one of each kind to warm up."""
    import numpy as np

    from rec_core import Recommender, RecommendRequest

    with account.part("open"):
        recommender = Recommender.load(job.model)
    generator = _options(job).generator("queries")
    users = generator.choice(recommender.interactions.n_users, _QUERIES, replace=False)
    ids = [recommender.interactions.users.ids[row] for row in users]
    seeds = [recommender.user_history(user)[-1] for user in ids]
    kinds: dict[str, Callable[[int], RecommendRequest]] = {
        "known user": lambda n: RecommendRequest(user_id=ids[n]),
        "similar": lambda n: RecommendRequest(seeds=(seeds[n],)),
        "words": lambda n: RecommendRequest(query=recommender.catalog[seeds[n]].title),
        "popular": lambda n: RecommendRequest(),  # noqa: ARG005
    }
    for name, request_of in kinds.items():
        with account.part(f"first {name}"):
            recommender.recommend(request_of(0))
        walls = []
        for number in range(_QUERIES):
            started = time.process_time()
            recommender.recommend(request_of(number))
            walls.append(1000 * (time.process_time() - started))
        account.facts[name] = {
            "p50_ms": round(float(np.percentile(walls, 50)), 1),
            "p99_ms": round(float(np.percentile(walls, 99)), 1),
        }
    with account.part("first title"):
        recommender.search.find_title(recommender.catalog[seeds[0]].title)
    walls = []
    for seed in seeds:
        started = time.process_time()
        recommender.search.find_title(recommender.catalog[seed].title)
        walls.append(1000 * (time.process_time() - started))
    account.facts["title look-up"] = {"p50_ms": round(float(np.percentile(walls, 50)), 1)}


STEPS: dict[str, Callable[[Job, Account], None]] = {
    "generate": generate,
    "import": import_,
    "split": split,
    "train": train,
    "quality": quality,
    "index": index,
    "score": score,
    "query": query,
}


def _dataset(job: Job) -> Any:  # noqa: ANN401
    from rec_core import dataset_folder, load_dataset

    return load_dataset(dataset_folder(_NAME, job.home))


def _config(job: Job) -> Any:  # noqa: ANN401
    from rec_core.sasrec.config import SasrecConfig

    return SasrecConfig(
        max_epochs=job.epochs,
        batch_size=job.batch_size,
        learning_rate=job.learning_rate,
        sampled_items=job.sampled_items,
        full_softmax_up_to=0,
        max_length=32,
    )


def _options(job: Job) -> Any:  # noqa: ANN401
    from rec_core import RunOptions

    return RunOptions(seed=job.seed, threads=job.threads)


def _scorer(job: Job) -> Any:  # noqa: ANN401
    from rec_core.sasrec.scorer import SasrecScorer
    from safetensors.numpy import load_file

    return SasrecScorer(load_file(job.folder / "sasrec.safetensors"), _config(job))


def run_here(step: str, job: Job) -> dict[str, Any]:
    """Run one step in this process and measure it."""
    if step in ("train", "quality", "score", "query"):
        import torch

        torch.set_num_threads(job.threads)
    account = Account()
    started = time.perf_counter()
    STEPS[step](job, account)
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "step": step,
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 2),
        "wall_seconds": round(time.perf_counter() - started, 2),
        "peak_megabytes": round(used.ru_maxrss * 1024 / 1e6),
        "parts": account.seconds,
        **account.facts,
    }


def run_apart(step: str, job: Job, arguments: list[str], *, again: bool) -> dict[str, Any]:
    """Run one step in a process of its own, or take what an earlier run found."""
    kept = job.folder / "results" / f"{step}.json"
    if kept.is_file() and not again:
        return json.loads(kept.read_text(encoding="utf-8"))
    kept.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, __file__, *arguments, "--items", str(job.n_items), "--only", step]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603
    if ended.returncode:
        raise SystemExit(f"The step {step!r} failed with exit code {ended.returncode}.")
    found = json.loads(ended.stdout.splitlines()[-1])
    kept.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return found


def growth(small: list[dict[str, Any]], large: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Step -> how many times more CPU-seconds and memory the larger world took."""
    before = {row["step"]: row for row in small}
    return {
        row["step"]: {
            name: round(row[name] / max(before[row["step"]][name], 0.01), 1)
            for name in ("cpu_seconds", "peak_megabytes")
        }
        for row in large
        if row["step"] in before
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    add = parser.add_argument
    add("--folder", type=Path, required=True, help="where files, models and results are kept")
    add("--items", type=int, nargs="+", default=[100_000], help="sizes of the catalog")
    add("--events", type=int, help=f"events; default {_EVENTS_PER_ITEM} an item")
    add("--users", type=int, help=f"users; default one for {_EVENTS_PER_USER} events")
    add("--steps", nargs="+", choices=STEPS, default=list(STEPS), help="which steps, in order")
    add("--epochs", type=int, default=1, help="epochs of SASRec")
    add("--batch-size", type=int, default=128, help="windows a step of SASRec")
    add("--learning-rate", type=float, default=0.01, help="highest rate of SASRec")
    add("--sampled-items", type=int, default=2048, help="items the softmax is estimated on")
    add("--score-users", type=int, help="score this many users; default all")
    add("--threads", type=int, default=1, help="threads of torch")
    add("--seed", type=int, default=0)
    add("--again", action="store_true", help="run steps again that are done")
    add("--json", action="store_true", help="print one JSON object")
    add("--only", choices=STEPS, help=argparse.SUPPRESS)  # how a step's own process is started
    return parser


def _job(arguments: argparse.Namespace, n_items: int) -> Job:
    n_events = arguments.events or _EVENTS_PER_ITEM * n_items
    return Job(
        folder=arguments.folder / f"items-{n_items}",
        n_items=n_items,
        n_events=n_events,
        n_users=arguments.users or n_events // _EVENTS_PER_USER,
        seed=arguments.seed,
        epochs=arguments.epochs,
        batch_size=arguments.batch_size,
        learning_rate=arguments.learning_rate,
        sampled_items=arguments.sampled_items,
        threads=arguments.threads,
        score_users=arguments.score_users,
    )


def _passed_on(arguments: argparse.Namespace) -> list[str]:
    """The arguments of a step's own process."""
    names = (
        "folder",
        "events",
        "users",
        "epochs",
        "batch_size",
        "learning_rate",
        "score_users",
        "sampled_items",
        "threads",
        "seed",
    )
    given = {name: getattr(arguments, name) for name in names}
    pairs = [(f"--{n.replace('_', '-')}", str(v)) for n, v in given.items() if v is not None]
    return [part for pair in pairs for part in pair]


def _print(row: dict[str, Any]) -> None:
    known = ("step", "cpu_seconds", "wall_seconds", "peak_megabytes")
    rest = {name: value for name, value in row.items() if name not in known and value}
    print(
        f"{row['step']:10}{row['cpu_seconds']:>10.1f} s CPU{row['wall_seconds']:>10.1f} s wall"
        f"{row['peak_megabytes']:>8} MB   {json.dumps(rest) if rest else ''}",
        flush=True,
    )


def main() -> int:
    """Run and print."""
    arguments = _parser().parse_args()
    if arguments.only:
        print(json.dumps(run_here(arguments.only, _job(arguments, arguments.items[0]))))
        return 0
    tables: dict[int, list[dict[str, Any]]] = {}
    for n_items in arguments.items:
        job = _job(arguments, n_items)
        rows = tables[n_items] = []
        if not arguments.json:
            print(f"{job.n_items:,} items, {job.n_events:,} events, {job.n_users:,} users")
        for step in arguments.steps:
            rows.append(run_apart(step, job, _passed_on(arguments), again=arguments.again))
            if not arguments.json:
                _print(rows[-1])
    sizes = sorted(tables)
    grown = growth(tables[sizes[0]], tables[sizes[-1]]) if len(sizes) > 1 else {}
    if arguments.json:
        print(json.dumps({"tables": {str(n): rows for n, rows in tables.items()}, "growth": grown}))
        return 0
    for step, times in grown.items():
        print(f"{step:10} × {times['cpu_seconds']} CPU, × {times['peak_megabytes']} memory")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
