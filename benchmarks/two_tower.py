"""Two-tower retrieval: quality for a budget of CPU-seconds, and on items that nobody took yet.

Leave-one-out by place: a user's last event is the test target, the one before it is held out as
well; models are fitted on the events before these, and rank the whole catalog after the history
without the test event, seen items left out, ties counted against the model. Nothing is chosen here.

Each two-tower row has the same number of epochs: as many whole ones as fit into --seconds of one
thread for the first row, measured on a tenth of the users (or --epochs). Its CPU-seconds are those
of the training alone. Text vectors are made once, before; their time is shown by itself, and
--text-vectors FILE.npy keeps them.

  two-tower             logQ correction from counts: the default configuration
  no logQ               the same without the correction
  streaming frequency   frequencies estimated while training (Yi et al. 2019, algorithm 2)
  mixed negatives       256 uniform negatives beside the batch's own
  ids only, text only   one part of the item tower alone (text: with genres, decade, people)
  user features         gender, age and occupation beside the history; only with --users

The second table holds a tenth of the items (other ones for each seed) out of training altogether,
and ranks the test targets that are among them, among the held-out items and in the whole catalog.
Popularity in training knows nothing of such items; "of their genres" is the mean popularity of the
items that share the most genres; "if it were known" counts the events that were held out.

  python benchmarks/two_tower.py --interactions events.parquet --items films.jsonl.gz --json
"""

from __future__ import annotations

import argparse
import gzip
import json
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pandas as pd

from benchmarks.measuring import machine, measured, peak_megabytes
from benchmarks.sequences import load_sequences
from rec_core import Catalog, Interactions, Item, RunOptions
from rec_core.baselines.popularity import Popularity
from rec_core.baselines.transitions import Transitions
from rec_core.evaluation import RankingTask, Scorer, per_user_metrics, rank_targets, ranking_task
from rec_core.splits import Split, leave_one_out
from rec_core.text_vectors import default_encoder, text_vectors
from rec_core.two_tower.config import TwoTowerConfig
from rec_core.two_tower.content import item_attributes, item_content
from rec_core.two_tower.retriever import TwoTowerRetriever
from rec_core.two_tower.train import train_two_tower

METRICS = ("recall@100", "recall@10", "ndcg@10")
HELD_OUT = 0.1
Part = Literal["valid", "test"]
_OUTSIDE = np.float32(-1e9)


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One two-tower row: what differs from the default."""

    name: str
    config: TwoTowerConfig
    content: bool = True
    features: bool = False


@dataclass(frozen=True, kw_only=True)
class World:
    """Everything that is measured on."""

    split: Split
    content: np.ndarray
    genres: np.ndarray
    features: np.ndarray | None
    encoding_seconds: float | None


class Among:
    """A scorer that puts all items outside a mask last."""

    def __init__(self, scorer: Scorer, mask: np.ndarray) -> None:
        self._scorer = scorer
        self._mask = mask

    def score(self, histories: Sequence[np.ndarray]) -> np.ndarray:
        """As the scorer it stands for."""
        return np.where(self._mask, self._scorer.score(histories), _OUTSIDE)


class WithFeatures:
    """A retriever that looks up what is known of the users of one task, in the task's order."""

    def __init__(self, retriever: TwoTowerRetriever, features: np.ndarray) -> None:
        self._retriever = retriever
        self._features = features
        self._next = 0

    def score(self, histories: Sequence[np.ndarray]) -> np.ndarray:
        """Scores of the next users of the task."""
        some = self._features[self._next : self._next + len(histories)]
        self._next += len(histories)
        return self._retriever.user_vectors(histories, some) @ self._retriever.item_vectors.T


def read_catalog(path: Path, interactions: Interactions) -> Catalog:
    """Items in the order of the interactions; tags are left out, as later users wrote them."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    key = "movie_id" if "movie_id" in records[0] else "item_id"
    by_id = {str(record[key]): record for record in records}
    return Catalog([_item(item_id, by_id[item_id]) for item_id in interactions.catalog_ids.ids])


def _item(item_id: str, record: Mapping) -> Item:
    texts = {name: text for name, text in record.items() if name.startswith("text_") and text}
    return Item(
        item_id=item_id,
        title=record.get("title") or item_id,
        year=record.get("year"),
        texts={name: text for name, text in texts.items() if name != "text_id"},
        **{name: tuple(record.get(name) or ()) for name in ("genres", "directors", "cast")},
    )


def read_users(path: Path, interactions: Interactions) -> np.ndarray:
    """(n_users, f) float32 of 0 and 1: a column for each value of gender, age and occupation."""
    table = pd.read_csv(path, dtype=str).set_index("user_id")
    columns = [
        name for name in table.columns if name.split("_")[0] in ("gender", "age", "occupation")
    ]
    flags = pd.get_dummies(table[columns])
    return flags.reindex(list(interactions.users.ids), fill_value=False).to_numpy(np.float32)


def open_world(options: argparse.Namespace) -> World:
    """Read the files; make or read the text vectors."""
    interactions = load_sequences(options.interactions, min_item_events=options.min_item_events)
    catalog = read_catalog(options.items, interactions)
    seconds = None
    if options.text_vectors and options.text_vectors.exists():
        vectors = np.load(options.text_vectors)
    else:
        with measured() as watch:
            vectors = text_vectors(catalog, default_encoder())
        seconds = watch.cpu_seconds
        if options.text_vectors:
            np.save(options.text_vectors, vectors)
    return World(
        split=leave_one_out(interactions),
        content=item_content(vectors, catalog.genre_matrix, item_attributes(catalog)),
        genres=catalog.genre_matrix,
        features=read_users(options.users, interactions) if options.users else None,
        encoding_seconds=seconds,
    )


def variants(world: World, epochs: int) -> list[Variant]:
    """The rows of the main table."""
    base = replace(TwoTowerConfig(), max_epochs=epochs)
    rows = [
        Variant(name="two-tower", config=base),
        Variant(name="no logQ", config=replace(base, frequency="none")),
        Variant(name="streaming frequency", config=replace(base, frequency="streaming")),
        Variant(name="mixed negatives", config=replace(base, uniform_negatives=256)),
        Variant(name="ids only", config=replace(base, id_dropout=0.0), content=False),
        Variant(name="text only", config=replace(base, id_dropout=1.0)),
    ]
    if world.features is not None:
        rows.append(Variant(name="user features", config=base, features=True))
    return rows


def epochs_within(world: World, seconds: float) -> int:
    """Whole epochs (at least one) of the default that fit, by the pace on a tenth of the users."""
    train = world.split.train
    tenth = train.take(train.user_rows < train.n_users // 10)
    with measured() as watch:
        train_two_tower(
            tenth,
            world.content,
            replace(TwoTowerConfig(), max_epochs=1),
            options=RunOptions(threads=1),
        )
    return max(1, int(seconds / (watch.cpu_seconds * len(train) / max(1, len(tenth)))))


def quality(task: RankingTask, scorer: Scorer) -> dict[str, float]:
    """Means over the users of the task."""
    values = per_user_metrics(rank_targets(task, scorer), task)
    return {name: float(values[name].mean()) for name in METRICS}


def summary(runs: Sequence[Mapping[str, float]]) -> dict[str, object]:
    """Metric -> mean, standard deviation over the seeds, and the values."""
    return {
        name: {
            "mean": round(statistics.fmean(run[name] for run in runs), 4),
            "sd": round(statistics.stdev(run[name] for run in runs), 4) if len(runs) > 1 else None,
            "values": [round(run[name], 4) for run in runs],
        }
        for name in runs[0]
    }


def baseline_row(name: str, fit: Callable[[], Scorer], task: RankingTask) -> dict[str, object]:
    """A model without a seed."""
    with measured() as watch:
        scorer = fit()
    result = quality(task, scorer) | {"cpu_seconds": watch.cpu_seconds}
    return {"model": name, **summary([result])}


def variant_row(world: World, task: RankingTask, variant: Variant, seeds: int) -> dict[str, object]:
    """One two-tower row over the seeds."""
    runs = []
    features = world.features if variant.features else None
    for seed in range(seeds):
        with measured() as watch:
            retriever = train_two_tower(
                world.split.train,
                world.content if variant.content else None,
                variant.config,
                options=RunOptions(seed=seed, threads=1),
                user_features=features,
            ).retriever
        scorer = (
            retriever if features is None else WithFeatures(retriever, features[task.user_rows])
        )
        runs.append(quality(task, scorer) | {"cpu_seconds": watch.cpu_seconds})
        _say(f"{variant.name}, seed {seed}: {runs[-1]}")
    return {"model": variant.name, "config": asdict(variant.config), **summary(runs)}


def genre_popularity(genres: np.ndarray, counts: np.ndarray, held_out: np.ndarray) -> np.ndarray:
    """(n_items,) mean training count of the other items, weighted by the genres shared (cosine)."""
    unit = genres / np.maximum(np.linalg.norm(genres, axis=1, keepdims=True), 1.0)
    # To the power 8, so that items with the very same genres lead.
    alike = (unit @ unit[~held_out].T) ** 8
    return alike @ counts[~held_out] / np.maximum(alike.sum(axis=1), 1e-9)


def cold_scorers(world: World, held_out: np.ndarray, epochs: int, seed: int) -> dict[str, Scorer]:
    """Models fitted without a single event of the held-out items, and popularities."""
    everything = world.split.train
    train = everything.take(~held_out[everything.item_rows])
    base = replace(TwoTowerConfig(), max_epochs=epochs)
    scorers: dict[str, Scorer] = {
        "popularity in training": Popularity(train.item_counts),
        "popularity of their genres": Popularity(
            genre_popularity(world.genres, train.item_counts, held_out)
        ),
        "popularity if it were known": Popularity(everything.item_counts),
    }
    for name, config in (("text only", replace(base, id_dropout=1.0)), ("two-tower", base)):
        options = RunOptions(seed=seed, threads=1)
        scorers[name] = train_two_tower(train, world.content, config, options=options).retriever
    return scorers


def cold_rows(world: World, epochs: int, seeds: int, part: Part) -> list[dict[str, object]]:
    """The table of items never seen in training."""
    runs: dict[str, list[dict[str, float]]] = {}
    for seed in range(seeds):
        n_items = world.split.train.n_items
        generator = RunOptions(seed=seed).generator("held-out items")
        held_out = np.zeros(n_items, dtype=bool)
        held_out[generator.choice(n_items, int(n_items * HELD_OUT), replace=False)] = True
        task = targets_among(ranking_task(world.split, part), held_out)
        for name, scorer in cold_scorers(world, held_out, epochs, seed).items():
            among = {
                f"{metric} among held-out": value
                for metric, value in quality(task, Among(scorer, held_out)).items()
                if metric != "recall@100"
            }
            runs.setdefault(name, []).append(quality(task, scorer) | among)
            _say(f"{name}, held-out items of seed {seed}: {runs[name][-1]}")
    return [{"model": name, **summary(values)} for name, values in runs.items()]


def targets_among(task: RankingTask, mask: np.ndarray) -> RankingTask:
    """The users whose one target is in the mask."""
    chosen = np.flatnonzero(mask[task.targets])
    return RankingTask(
        histories=[task.histories[index] for index in chosen],
        user_rows=task.user_rows[chosen],
        targets=task.targets[chosen],
        target_users=np.arange(len(chosen)),
        n_items=task.n_items,
    )


def report_of(options: argparse.Namespace) -> dict[str, object]:
    """All that is measured."""
    world = open_world(options)
    task = ranking_task(world.split, options.part)
    epochs = options.epochs or epochs_within(world, options.seconds)
    train = world.split.train
    rows = [
        baseline_row("popularity", lambda: Popularity.fit(train), task),
        baseline_row("transitions", lambda: Transitions.fit(train), task),
        *(
            variant_row(world, task, one, options.seeds)
            for one in variants(world, epochs)
            if not options.only or one.name in options.only
        ),
    ]
    return {
        "split": world.split.name,
        "split_hash": world.split.fingerprint,
        "part": options.part,
        "users": task.n_users,
        "items": train.n_items,
        "events": len(train),
        "seeds": options.seeds,
        "epochs": epochs,
        "seconds_allowed": options.seconds,
        "text_encoding_cpu_seconds": world.encoding_seconds,
        "rows": rows,
        "held_out_share": HELD_OUT,
        "cold_rows": cold_rows(world, epochs, options.seeds, options.part),
        "peak_megabytes": round(peak_megabytes()),
        "machine": machine(),
    }


def print_tables(report: Mapping) -> None:
    """For people."""
    print(
        f"{report['split']} ({report['part']}), {report['users']:,} users, {report['items']:,} items, "
        f"{report['epochs']} epoch(s), mean ± sd of {report['seeds']} seeds, "
        f"split {report['split_hash'][:12]}"
    )
    _print_rows(report["rows"])
    print(f"\nItems never seen in training ({report['held_out_share']:.0%} of the catalog):")
    _print_rows(report["cold_rows"])
    encoded = report["text_encoding_cpu_seconds"]
    print("text vectors:", "from file" if encoded is None else f"{encoded:.1f} CPU-seconds")
    print("peak MB:", report["peak_megabytes"], " machine:", report["machine"])


def _print_rows(rows: Sequence[Mapping]) -> None:
    names = [name for name in rows[0] if name not in ("model", "config")]
    print(f"{'':28}" + "".join(f"{name:>26}" for name in names))
    for row in rows:
        cells = (
            f"{row[name]['mean']:.4f}"
            + ("" if row[name]["sd"] is None else f" ± {row[name]['sd']:.4f}")
            for name in names
        )
        print(f"{row['model']:28}" + "".join(f"{cell:>26}" for cell in cells))


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--interactions",
        type=Path,
        required=True,
        help="parquet: user_id, item_id or movie_id, pos",
    )
    parser.add_argument(
        "--items",
        type=Path,
        required=True,
        help="JSON lines, may be gzipped: the id, title, year, genres, directors, cast, text_*",
    )
    parser.add_argument(
        "--users", type=Path, help="CSV: user_id, gender, age…, occupation…; adds a row"
    )
    parser.add_argument(
        "--text-vectors", type=Path, help=".npy to read text vectors from, or to keep them in"
    )
    parser.add_argument(
        "--min-item-events", type=int, default=5, help="items with fewer are left out"
    )
    parser.add_argument("--seconds", type=float, default=40.0, help="CPU-seconds of training a row")
    parser.add_argument("--epochs", type=int, help="instead of as many as fit into --seconds")
    parser.add_argument("--seeds", type=int, default=3, help="seeds 0, 1, … of every row")
    parser.add_argument(
        "--part", choices=("valid", "test"), default="test", help="valid to choose on"
    )
    parser.add_argument("--only", nargs="+", metavar="ROW", help="two-tower rows to measure")
    parser.add_argument("--json", action="store_true", help="everything as JSON on stdout")
    return parser.parse_args(arguments)


def main() -> None:
    """Measure and print."""
    import torch

    options = parse()
    torch.set_num_threads(1)
    report = report_of(options)
    if options.json:
        print(json.dumps(report, indent=1))
    else:
        print_tables(report)


if __name__ == "__main__":
    main()
