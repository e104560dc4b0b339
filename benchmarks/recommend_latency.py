"""How long one answer takes: `Recommender.recommend` end to end, and where the time goes.

    python benchmarks/recommend_latency.py --data ml-1m
    python benchmarks/recommend_latency.py --items movies.jsonl --interactions ratings.parquet --json

Requests of five kinds take turns, ten items each: a known user, a history that comes with the
request (20 items), words, a history with five dislikes, and a known user with a filter on genre and
years. All are drawn with the seed from the data's own users, items and genres, and no two are the
same on purpose, so that nothing is answered from a cache. Twenty requests of each kind warm up
first; the very first request of the process is timed apart, because it loads torch and the text
encoder.

Then as many new requests go through with a stopwatch around each stage. A stage's time is
its own, in CPU milliseconds: what another stage inside it takes is counted there. "everything else" is the rest of
`recommend`. The last line says by how much the mean differs from that without stopwatches.

Milliseconds are wall time, as a user feels it; CPU milliseconds stand beside them, because a busy
machine stretches the one and not the other. Set OMP_NUM_THREADS=1 for figures of one thread.

`--data` takes a set that `rapport train` has made a model for. With `--items` and `--interactions`
the files are imported as `rapport data import` does it and a model is trained on them with a small
budget; `--home` keeps both for the next time.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from app.environment import prepare_environment

prepare_environment()

from app.settings import load_settings
from benchmarks.measuring import machine, measured, peak_megabytes
from rec_core import (
    HashEncoder,
    ItemFilter,
    Recommender,
    RapportError,
    RecommendRequest,
    RunOptions,
    SettingsError,
    TextEncoder,
    import_dataset,
    load_dataset,
    train_pipeline,
)
from rec_core.selection import DEFAULT_PIPELINE, PipelineConfig
from rec_core.text_vectors import default_encoder

KINDS = ("known user", "history", "words", "history, dislikes", "known user, filter")
_HISTORY, _DISLIKED = 20, 5
_NAME = "latency"

# What is timed, and under which name: "module:attribute". Several targets may share a name.
STAGES: tuple[tuple[str, str], ...] = (
    ("filter", "rec_core.catalog:Catalog.mask"),
    ("score: transitions", "rec_core.baselines.transitions:Transitions.score"),
    ("score: two-tower", "rec_core.two_tower.retriever:TwoTowerRetriever.score"),
    ("score: SASRec", "rec_core.sasrec.scorer:SasrecScorer.score"),
    ("score: EASE", "rec_core.baselines.ease:Ease.score"),
    ("blend the models", "rec_core.pipeline:Pipeline.log_probabilities"),
    ("likeness to items", "rec_core.ranking.signals:Signals.similar"),
    ("words: encode", "rec_core.search.encoder:MiniLMEncoder.encode"),
    ("words: encode", "rec_core.search.encoder:HashEncoder.encode"),
    ("words: meaning", "rec_core.search.engine:SearchEngine.text_scores"),
    ("words: search", "rec_core.search.engine:SearchEngine.search"),
    ("add up the parts", "rec_core.ranking.scoring:Scoring.parts"),
    ("retrieve the best", "rec_core.recommender:best_rows"),
    ("diversify", "rec_core.ranking.signals:Signals.pairwise"),
    ("diversify", "rec_core.recommender:diversify"),
    ("everything else", "rec_core.recommender:Recommender.recommend"),
)


@dataclass(frozen=True, kw_only=True)
class Timed:
    """Milliseconds of one request."""

    kind: str
    wall: float
    cpu: float


@dataclass
class Stopwatches:
    """Own CPU time of each stage in milliseconds; stages nest."""

    spent: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    _inner: list[float] = field(default_factory=list)

    def around(self, stage: str, function: Callable[..., object]) -> Callable[..., object]:
        """The function, with its own time added to the stage."""

        def watched(*arguments: object, **options: object) -> object:
            self._inner.append(0.0)
            started = time.process_time()
            try:
                return function(*arguments, **options)
            finally:
                total = time.process_time() - started
                self.spent[stage] += 1e3 * (total - self._inner.pop())
                if self._inner:
                    self._inner[-1] += total

        return watched


@contextmanager
def stopwatches() -> Iterator[Stopwatches]:
    """Put a stopwatch around every stage inside the block.

    Raises:
        AttributeError: a stage of the table is not there any more: mend the table.
    """
    watches = Stopwatches()
    with ExitStack() as stack:
        for stage, target in STAGES:
            module_name, _, path = target.partition(":")
            *parents, name = path.split(".")
            owner: object = importlib.import_module(module_name)
            for parent in parents:
                owner = getattr(owner, parent)
            original = getattr(owner, name)
            setattr(owner, name, watches.around(stage, original))
            stack.callback(setattr, owner, name, original)
        yield watches


def make_requests(
    recommender: Recommender, count: int, generator: np.random.Generator
) -> list[tuple[str, RecommendRequest]]:
    """`count` requests with their kinds, which take turns."""
    catalog, interactions = recommender.catalog, recommender.interactions
    lengths = np.diff(interactions.offsets)
    users = np.flatnonzero(lengths > min(_HISTORY, int(lengths.max()) - 1))
    item_ids = catalog.ids.ids
    requests = []
    for place in range(count):
        kind = KINDS[place % len(KINDS)]
        user = int(generator.choice(users))
        history = tuple(item_ids[row] for row in interactions.history(user)[-_HISTORY:])
        request = RecommendRequest(k=10)
        if kind.startswith("known user"):
            request = replace(request, user_id=interactions.users.ids[user])
        elif kind.startswith("history"):
            request = replace(request, history=history)
        if kind == "words":
            request = replace(request, query=_wish(recommender, generator))
        elif kind == "history, dislikes":
            rows = generator.choice(len(item_ids), _DISLIKED, replace=False)
            disliked = tuple(item_ids[row] for row in rows if item_ids[row] not in history)
            request = replace(request, disliked=disliked)
        elif kind == "known user, filter":
            request = replace(request, item_filter=_filter(recommender, generator))
        requests.append((kind, request))
    return requests


def _wish(recommender: Recommender, generator: np.random.Generator) -> str:
    """Words as people type them: a genre, and what an item of the catalog is about."""
    catalog = recommender.catalog
    item = catalog.at(int(generator.integers(len(catalog))))
    about = " ".join([item.title, *item.texts.values()]).split()
    start = int(generator.integers(max(1, len(about) - 5)))
    genre = str(generator.choice(catalog.genres)) if catalog.genres else ""
    return f"a {genre} about {' '.join(about[start : start + 5])}"


def _filter(recommender: Recommender, generator: np.random.Generator) -> ItemFilter:
    """One of the more common genres, and a span of years that has half of the items."""
    catalog = recommender.catalog
    common = catalog.genres[: max(1, len(catalog.genres) // 2)]
    years = catalog.years[catalog.years > 0]
    genres = (str(generator.choice(common)),) if common else ()
    if not len(years):
        return ItemFilter(genres_any=genres)
    low = float(generator.uniform(0.0, 0.5))
    first, last = (int(np.quantile(years, share)) for share in (low, low + 0.5))
    return ItemFilter(genres_any=genres, year_min=first, year_max=last)


def timed(recommender: Recommender, kind: str, request: RecommendRequest) -> Timed:
    """Answer one request and say how long it took."""
    with measured() as watch:
        recommender.recommend(request)
    return Timed(kind=kind, wall=1e3 * watch.wall_seconds, cpu=1e3 * watch.cpu_seconds)


def latencies(times: Sequence[Timed]) -> dict[str, dict[str, float]]:
    """Kind ("all" for all together) -> number, p50 and p99 in milliseconds, wall and CPU."""
    figures = {}
    for kind in ("all", *KINDS):
        chosen = [one for one in times if kind in ("all", one.kind)]
        if not chosen:
            continue
        wall, cpu = [one.wall for one in chosen], [one.cpu for one in chosen]
        figures[kind] = {
            "requests": len(chosen),
            "p50_ms": round(float(np.percentile(wall, 50)), 3),
            "p99_ms": round(float(np.percentile(wall, 99)), 3),
            "p50_cpu_ms": round(float(np.percentile(cpu, 50)), 3),
            "p99_cpu_ms": round(float(np.percentile(cpu, 99)), 3),
        }
    return figures


def stage_times(
    recommender: Recommender, requests: Sequence[tuple[str, RecommendRequest]]
) -> dict[str, dict[str, float]]:
    """Kind -> stage -> mean CPU milliseconds a request of that kind, the largest stage first."""
    figures = {}
    for kind in KINDS:
        chosen = [request for name, request in requests if name == kind]
        if not chosen:
            continue
        with stopwatches() as watches:
            for request in chosen:
                recommender.recommend(request)
        means = {stage: spent / len(chosen) for stage, spent in watches.spent.items()}
        figures[kind] = {
            stage: round(mean, 3) for stage, mean in sorted(means.items(), key=lambda one: -one[1])
        }
    return figures


def measure(recommender: Recommender, *, count: int, warm_up: int, seed: int) -> dict[str, object]:
    """All figures of one recommender."""
    generator = np.random.default_rng(seed)
    first, *warming = make_requests(recommender, 1 + warm_up * len(KINDS), generator)
    first_time = timed(recommender, *first)
    for _, request in warming:
        recommender.recommend(request)
    requests = make_requests(recommender, count, generator)
    times = [timed(recommender, kind, request) for kind, request in requests]
    stages = stage_times(recommender, make_requests(recommender, count, generator))
    watched = sum(sum(of_kind.values()) for of_kind in stages.values()) / len(stages)
    plain = float(np.mean([one.cpu for one in times]))
    return {
        "items": len(recommender.catalog),
        "users": recommender.interactions.n_users,
        "interactions": len(recommender.interactions),
        "seed": seed,
        "first_ms": round(first_time.wall, 1),
        "latency": latencies(times),
        "mean_cpu_ms": round(plain, 3),
        "stages_cpu_ms": stages,
        "stopwatches_cpu_ms": round(watched - plain, 3),
    }


def small_budget(config: PipelineConfig = DEFAULT_PIPELINE) -> PipelineConfig:
    """The default pipeline with few epochs and small grids: as fast to ask, quicker to make."""
    return replace(
        config,
        sasrec=replace(config.sasrec, max_epochs=1),
        two_tower=replace(config.two_tower, max_epochs=1),
        windows=config.windows[:1],
        row_powers=config.row_powers[-1:],
        column_powers=config.column_powers[:1],
        backward=config.backward[:1],
        regularisations=config.regularisations[:1],
        history_powers=config.history_powers[-1:],
        validation_users=500,
    )


def trained_on_files(options: argparse.Namespace, home: Path) -> Recommender:
    """Import the files and train on them in `home`; what is there already is kept."""
    if not (home / "data" / _NAME).exists():
        import_dataset(
            _NAME,
            home,
            catalog_path=options.items,
            interactions_path=options.interactions,
            columns=dict(pair.split("=", 1) for pair in options.column),
            join_on=options.join_on,
        )
    encoder: TextEncoder = HashEncoder() if options.encoder == "hash" else default_encoder()
    folder = home / "models" / _NAME
    train_pipeline(
        load_dataset(home / "data" / _NAME),
        folder,
        encoder=encoder,
        config=small_budget(),
        options=RunOptions(seed=options.seed),
    )
    return Recommender.load(folder)


def open_recommender(options: argparse.Namespace, stack: ExitStack) -> Recommender:
    """The recommender that the options name."""
    if options.data:
        settings = load_settings(data=options.data, home=options.home)
        return Recommender.load(settings.model_folder)
    if not (options.items and options.interactions):
        raise SettingsError(
            "There is nothing to measure on.", "Give --data NAME, or --items and --interactions."
        )
    home = options.home or Path(stack.enter_context(tempfile.TemporaryDirectory()))
    return trained_on_files(options, home)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", help="a data set with a trained model in the Rapport home")
    parser.add_argument("--home", type=Path, help="Rapport home; kept for files, too")
    parser.add_argument("--items", type=Path, help="catalog file to import")
    parser.add_argument("--interactions", type=Path, help="interactions file to import")
    parser.add_argument("--join-on", help="catalog column with the ids that the interactions use")
    parser.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="FIELD=COLUMN",
        help="as for `rapport data import`; repeatable",
    )
    parser.add_argument(
        "--encoder",
        choices=("default", "hash"),
        default="default",
        help="text encoder of the model that is trained on files (hash: no download, no meaning)",
    )
    parser.add_argument("--requests", type=int, default=2000, help="how many are timed")
    parser.add_argument("--warm-up", type=int, default=20, help="of each kind before that")
    parser.add_argument("--seed", type=int, default=0, help="of requests, and of the training")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser.parse_args(arguments)


def print_tables(figures: Mapping[str, object]) -> None:
    """The figures for people."""
    print(
        f"{figures['items']:,} items, {figures['users']:,} users, "
        f"{figures['interactions']:,} interactions; first request {figures['first_ms']:.0f} ms\n"
    )
    heads = ("p50_ms", "p99_ms", "p50_cpu_ms", "p99_cpu_ms")
    print(f"{'kind':<22}{'requests':>10}" + "".join(f"{head:>12}" for head in heads))
    latency: Mapping[str, Mapping[str, float]] = figures["latency"]  # type: ignore[assignment]
    for kind, values in latency.items():
        cells = "".join(f"{values[head]:>12.2f}" for head in heads)
        print(f"{kind:<22}{values['requests']:>10,}{cells}")
    stages: Mapping[str, Mapping[str, float]] = figures["stages_cpu_ms"]  # type: ignore[assignment]
    names = list(dict.fromkeys(name for of_kind in stages.values() for name in of_kind))
    names.sort(key=lambda name: -sum(of_kind.get(name, 0.0) for of_kind in stages.values()))
    print(f"\n{'own CPU ms':<22}" + "".join(f"{kind:>20}" for kind in stages))
    for name in names:
        cells = "".join(f"{of_kind.get(name, 0.0):>20.3f}" for of_kind in stages.values())
        print(f"{name:<22}{cells}")
    print(f"\nwith stopwatches: {figures['stopwatches_cpu_ms']:+.3f} CPU ms a request")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    options = parse(arguments)
    with ExitStack() as stack:
        recommender = open_recommender(options, stack)
        figures = measure(
            recommender, count=options.requests, warm_up=options.warm_up, seed=options.seed
        )
    figures |= {"peak_megabytes": round(peak_megabytes()), "machine": machine()}
    if options.json:
        print(json.dumps(figures))
    else:
        print_tables(figures)


if __name__ == "__main__":
    try:
        main()
    except RapportError as fault:
        sys.exit(str(fault))
