"""Next-item quality of SASRec, alone and blended, for a budget of CPU-seconds.

Leave-one-out by place: a user's last event is the test target, the one before it is held out as
well; models are fitted on the events before these and rank the whole catalog after the history
without the test event, seen items left out, ties counted against the model. Everything that is chosen
(transitions, EASE, blend weights, recipe) is chosen on the events held out before the last.

    python benchmarks/next_item.py --interactions ratings.parquet --recipe movielens --seconds 360
    python benchmarks/next_item.py --interactions beauty.parquet --recipe amazon --epochs 20 --json

The number of epochs is given, or what fits into --seconds of one thread, measured on a tenth of the
users. CPU-seconds are those of the training alone. Rows:

  popularity, ease, transitions   what needs no training; EASE with a recency weight
  sasrec                          the mean over seeds, each seed below
  sasrec + transitions            a weighted sum of log-probabilities, weight chosen on validation
  sasrec with request time        only with --time-gaps: when the next event came is known, as it is
                                  to a recommender that is asked; published figures with "time
                                  features" mean this

--part valid shows the same table for the held-out events before the last: for trying things out.
--ablations trains one seed of each option instead.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from benchmarks.measuring import machine, measured, peak_megabytes
from benchmarks.sequences import load_sequences
from rec_core import Interactions, RunOptions
from rec_core.baselines.ease import MAX_ITEMS, MAX_SERVED_ITEMS
from rec_core.baselines.popularity import Popularity
from rec_core.baselines.transitions import Transitions
from rec_core.batches import gap_classes
from rec_core.blending import choose_blend
from rec_core.evaluation import (
    RankingTask,
    Scorer,
    per_user_metrics,
    rank_targets,
    ranking_task,
)
from rec_core.metrics import TIE_POLICY, bootstrap_interval
from rec_core.pipeline import Pipeline
from rec_core.sasrec.config import SasrecConfig
from rec_core.sasrec.scorer import SasrecScorer
from rec_core.sasrec.train import train_sasrec
from rec_core.selection import (
    DEFAULT_PIPELINE,
    SASREC_FOR_MANY_EVENTS,
    PipelineConfig,
    choose_ease,
    choose_transitions,
    validation_task,
)
from rec_core.splits import Split, leave_one_out

Part = Literal["valid", "test"]
METRICS = ("recall@10", "ndcg@10", "recall@100")

RECIPES = {
    "movielens": SASREC_FOR_MANY_EVENTS,
    "amazon": SasrecConfig(
        n_layers=1,
        dropout=0.5,
        learning_rate=1e-3,
        batch_size=128,
        weight_decay=0.1,
        warm_start=True,
        shuffle_ties=False,
    ),
}

ABLATIONS: dict[str, dict[str, object]] = {
    "the recipe": {},
    "plain blocks": {"block": "plain"},
    "gated blocks": {"block": "gated"},
    "feed-forward twice as wide": {"widening": 2},
    "cold start": {"warm_start": False},
    "last windows only": {"all_windows": False},
    "contexts of 100": {"max_length": 100, "batch_size": 16},
    "two heads": {"n_heads": 2},
    "sampled softmax, 1,024 items": {"full_softmax_up_to": 0, "sampled_items": 1024},
    "time gaps": {"time_gaps": True},
}


@dataclass(frozen=True, kw_only=True)
class Trained:
    """One training: its model, figures and cost."""

    seed: int
    scorer: SasrecScorer
    config: SasrecConfig
    cpu_seconds: float
    epochs: int


def mean_of(ranks: np.ndarray, task: RankingTask) -> dict[str, float]:
    """Metric -> mean over users."""
    values = per_user_metrics(ranks, task)
    return {name: float(values[name].mean()) for name in METRICS}


def row_of(name: str, ranks: np.ndarray, task: RankingTask) -> dict[str, object]:
    """One line of the table with 95 % bootstrap intervals over users."""
    values = per_user_metrics(ranks, task)
    line: dict[str, object] = {"model": name}
    for metric in METRICS:
        low, high = bootstrap_interval(values[metric], np.random.default_rng(0))
        line[metric] = round(float(values[metric].mean()), 4)
        line[f"{metric} interval95"] = [round(low, 4), round(high, 4)]
    return line


def over_seeds(name: str, figures: list[dict[str, float]], **more: object) -> dict[str, object]:
    """Mean, spread and each seed's figures."""
    line: dict[str, object] = {"model": name, "seeds": len(figures), **more}
    for metric in METRICS:
        values = [figure[metric] for figure in figures]
        line[metric] = round(statistics.fmean(values), 4)
        line[f"{metric} by seed"] = [round(value, 4) for value in values]
    return line


def affordable_epochs(train: Interactions, config: SasrecConfig, seconds: float) -> int:
    """Whole epochs that fit into a budget, judged by one epoch on a tenth of the users."""
    tenth = train.take(train.user_rows < max(1, train.n_users // 10))
    once = replace(config, max_epochs=1, warm_start=False)
    for _ in range(2):  # the first time pays for imports and first calls
        with measured() as watch:
            train_sasrec(tenth, once, options=RunOptions(threads=1))
    return max(1, int(seconds / (watch.cpu_seconds * len(train) / len(tenth))))


def trained(
    split: Split, config: SasrecConfig, seed: int, selecting: RankingTask | None = None
) -> Trained:
    """Fit on the training part; with users to select on, the best epoch for them is taken."""
    validating = [0.0]

    def validate(scorer: SasrecScorer) -> float:
        assert selecting is not None
        with measured() as watch:
            value = mean_of(rank_targets(selecting, scorer), selecting)["ndcg@10"]
        validating[0] += watch.cpu_seconds
        print(f"seed {seed}: NDCG@10 {value:.4f} on validation", file=sys.stderr)
        return value

    with measured() as watch:
        result = train_sasrec(
            split.train,
            config,
            validate=None if selecting is None else validate,
            options=RunOptions(seed=seed, threads=1),
        )
    return Trained(
        seed=seed,
        scorer=result.scorer,
        config=config,
        cpu_seconds=round(watch.cpu_seconds - validating[0], 1),
        epochs=result.epochs,
    )


class RequestTimes:
    """A SASRec that is told when each request of some tasks was made.

    Args:
        scorer: Trained with `time_gaps`.
        known: Pairs of a task and its gaps from `request_gaps`.
    """

    def __init__(
        self, scorer: SasrecScorer, known: Sequence[tuple[RankingTask, list[np.ndarray]]]
    ) -> None:
        self._scorer = scorer
        self._tasks = [task for task, _ in known]  # keeps the histories, whose identity is the key
        self._gaps = {
            id(history): gaps
            for task, of_task in known
            for history, gaps in zip(task.histories, of_task, strict=True)
        }

    def score(self, histories: Sequence[np.ndarray]) -> np.ndarray:
        """As every scorer, for histories of the tasks."""
        return self._scorer.score(histories, [self._gaps[id(history)] for history in histories])


def request_gaps(task: RankingTask, split: Split, part: Part) -> list[np.ndarray]:
    """Gap classes of each history, the last one up to the target's time."""
    parts = (
        [split.train, split.valid] if part == "valid" else [split.train, split.valid, split.test]
    )
    gaps = []
    for user in task.user_rows:
        times = np.concatenate(
            [one.timestamps[one.offsets[user] : one.offsets[user + 1]] for one in parts]
        )
        gaps.append(gap_classes(np.maximum(np.diff(times), 0)))
    return gaps


def of_models(
    name: str, scorers: Sequence[Scorer], task: RankingTask, **more: object
) -> dict[str, object]:
    """The line of one model a seed."""
    return over_seeds(name, [mean_of(rank_targets(task, one), task) for one in scorers], **more)


def blended(
    name: str,
    scorers: Sequence[Scorer],
    transitions: Transitions,
    task: RankingTask,
    selecting: RankingTask,
) -> dict[str, object]:
    """The line of each seed's model with the transitions, weights chosen on `selecting`."""
    chosen = [choose_blend(selecting, transitions, {"sasrec": one}) for one in scorers]
    pipelines = [
        Pipeline(
            transitions=transitions,
            models={"sasrec": one},
            weights=replace(weights, n_retrieved=task.n_items),
        )
        for one, weights in zip(scorers, chosen, strict=True)
    ]
    shown = [[weights.transitions, weights.sasrec, weights.floor] for weights in chosen]
    return of_models(name, pipelines, task, weights=shown)


def ease_grid(n_items: int) -> PipelineConfig:
    """Where to look for EASE: one regularisation where solving for each takes minutes."""
    if n_items <= MAX_SERVED_ITEMS:
        return DEFAULT_PIPELINE
    return replace(DEFAULT_PIPELINE, regularisations=DEFAULT_PIPELINE.regularisations[:1])


def table(arguments: argparse.Namespace, split: Split, config: SasrecConfig) -> list[dict]:
    """The lines: baselines, then SASRec in all its forms."""
    part: Part = arguments.part
    task = ranking_task(split, part)
    selecting = validation_task(split, DEFAULT_PIPELINE, RunOptions())
    transitions, _ = choose_transitions(split, selecting, DEFAULT_PIPELINE)
    baselines: dict[str, Scorer] = {"popularity": Popularity.fit(split.train)}
    if split.train.n_items <= MAX_ITEMS:
        baselines["ease"] = choose_ease(split, selecting, ease_grid(split.train.n_items))
    baselines["transitions"] = transitions
    lines = [row_of(name, rank_targets(task, model), task) for name, model in baselines.items()]
    stopping = selecting if arguments.early_stop else None
    runs = [trained(split, config, seed, stopping) for seed in range(arguments.seeds)]
    cost = {
        "cpu_seconds": [run.cpu_seconds for run in runs],
        "epochs": [run.epochs for run in runs],
    }
    scorers = [run.scorer for run in runs]
    lines.append(of_models("sasrec", scorers, task, **cost))
    lines.append(blended("sasrec + transitions", scorers, transitions, task, selecting))
    if config.time_gaps:
        known = [(task, request_gaps(task, split, part))]
        known.append((selecting, request_gaps(selecting, split, "valid")))
        timed = [RequestTimes(run.scorer, known) for run in runs]
        lines.append(of_models("sasrec with request time", timed, task))
        lines.append(blended("… + transitions", timed, transitions, task, selecting))
    return lines


def ablations(arguments: argparse.Namespace, split: Split, config: SasrecConfig) -> list[dict]:
    """One seed of the recipe with one thing changed at a time, all for the same CPU-seconds."""
    task = ranking_task(split, arguments.part)
    lines = []
    for name, change in ABLATIONS.items():
        changed = replace(config, **change)
        if changed == config and change:
            continue
        if changed.time_gaps and not split.train.has_timestamps:
            continue
        if arguments.epochs is None:
            epochs = affordable_epochs(split.train, changed, arguments.seconds)
            changed = replace(changed, max_epochs=epochs)
        run = trained(split, changed, 0)
        figures = mean_of(rank_targets(task, run.scorer), task)
        extra = {"epochs": changed.max_epochs, "cpu_seconds": run.cpu_seconds}
        lines.append(over_seeds(name, [figures], **extra))
        if changed.time_gaps:
            timed = RequestTimes(run.scorer, [(task, request_gaps(task, split, arguments.part))])
            lines.append(of_models(f"{name}, request time known", [timed], task, **extra))
        print(lines[-1], file=sys.stderr)
    return lines


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--interactions", type=Path, required=True, help="parquet with `pos`")
    parser.add_argument("--min-item-events", type=int, default=1, help="leave rarer items out")
    parser.add_argument("--recipe", choices=RECIPES, default="movielens")
    parser.add_argument("--seconds", type=float, default=60.0, help="CPU-seconds of a training")
    parser.add_argument("--epochs", type=int, help="instead of --seconds")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--early-stop",
        action="store_true",
        help="take the best epoch on 2,000 validation users; their time is not counted",
    )
    parser.add_argument("--part", choices=["valid", "test"], default="test")
    parser.add_argument("--time-gaps", action="store_true", help="read gaps between events")
    parser.add_argument("--ablations", action="store_true", help="one row for each option instead")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="other recipe")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    return parser.parse_args()


def main() -> None:
    """Train, measure, print."""
    arguments = parsed()
    interactions = load_sequences(arguments.interactions, min_item_events=arguments.min_item_events)
    split = leave_one_out(interactions)
    config = replace(RECIPES[arguments.recipe], time_gaps=arguments.time_gaps)
    changes = (assignment.partition("=") for assignment in arguments.set)
    config = replace(config, **{name: json.loads(value) for name, _, value in changes})
    if not arguments.ablations:
        epochs = arguments.epochs or affordable_epochs(split.train, config, arguments.seconds)
        config = replace(config, max_epochs=epochs)
    elif arguments.epochs:
        config = replace(config, max_epochs=arguments.epochs)
    lines = (ablations if arguments.ablations else table)(arguments, split, config)
    report = {
        "data": arguments.interactions.name,
        "n_users": interactions.n_users,
        "n_items": interactions.n_items,
        "n_events": len(interactions),
        "part": arguments.part,
        "split_hash": split.fingerprint,
        "time_ties": split.tie_policy,
        "rank_ties": TIE_POLICY,
        "config": asdict(config),
        "rows": lines,
        "peak_megabytes": round(peak_megabytes()),
        "machine": machine(),
    }
    if arguments.json:
        print(json.dumps(report))
        return
    print(f"{report['data']}, {arguments.part} part, split {split.fingerprint[:12]}…, {config}")
    for line in lines:
        cells = "  ".join(f"{metric} {line[metric]:.4f}" for metric in METRICS)
        extra = {name: line[name] for name in ("cpu_seconds", "epochs", "weights") if name in line}
        print(f"{line['model']:<36} {cells}  {extra or ''}")


if __name__ == "__main__":
    main()
