"""Ranking evaluation over the full catalog: every model sees the same users, targets and rules."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np

from .metrics import TIE_POLICY, bootstrap_interval, ndcg_at, ranks_of_targets, recall_at
from .runtime import DEFAULT_RUN, Progress, RunOptions, no_progress
from .splits import Split

METRICS: dict[str, tuple[Callable[..., np.ndarray], int]] = {
    "recall@10": (recall_at, 10),
    "ndcg@10": (ndcg_at, 10),
    "recall@100": (recall_at, 100),
}
_BATCH = 256


class Scorer(Protocol):
    """A model that scores the whole catalog for histories."""

    def score(self, histories: Sequence[np.ndarray]) -> np.ndarray:
        """Score every item for each history.

        Args:
            histories: Item rows, oldest first; may be empty.

        Returns:
            (n_histories, n_items) floats without NaN; higher is better. Seen items are scored like
            any other: the evaluation takes them out.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class RankingTask:
    """Users with a history and the items they took next.

    Attributes:
        histories: Item rows of each user, oldest first, never empty.
        user_rows: (n_users,) rows of these users in the interactions.
        targets: (n_targets,) item rows.
        target_users: (n_targets,) index into `histories`, ascending.
    """

    histories: list[np.ndarray]
    user_rows: np.ndarray
    targets: np.ndarray
    target_users: np.ndarray

    @property
    def n_users(self) -> int:
        """How many users are evaluated."""
        return len(self.histories)

    def sample(self, count: int, generator: np.random.Generator) -> RankingTask:
        """At most `count` random users of the task, in their old order."""
        if self.n_users <= count:
            return self
        chosen = np.sort(generator.choice(self.n_users, count, replace=False))
        new_index = np.full(self.n_users, -1)
        new_index[chosen] = np.arange(count)
        kept = new_index[self.target_users] >= 0
        return RankingTask(
            histories=[self.histories[index] for index in chosen],
            user_rows=self.user_rows[chosen],
            targets=self.targets[kept],
            target_users=new_index[self.target_users[kept]],
        )


def ranking_task(split: Split, part: Literal["valid", "test"]) -> RankingTask:
    """The task of one part: for "valid" the history is train, for "test" train and valid.

    Users without a target in the part, or without a history before it, are not in the task.
    """
    target_part = split.valid if part == "valid" else split.test
    n_targets = np.diff(target_part.offsets)
    histories, user_rows = [], []
    for user in np.flatnonzero(n_targets).tolist():
        history = split.train.history(user)
        if part == "test":
            history = np.concatenate([history, split.valid.history(user)])
        if len(history):
            histories.append(history)
            user_rows.append(user)
    users = np.array(user_rows, dtype=np.int64)
    targets = [target_part.history(user) for user in users]
    return RankingTask(
        histories=histories,
        user_rows=users,
        targets=np.concatenate([*targets, np.empty(0, dtype=np.int64)]),
        target_users=np.repeat(np.arange(len(users)), n_targets[users]),
    )


def rank_targets(task: RankingTask, scorer: Scorer) -> np.ndarray:
    """(n_targets,) rank of every target with seen items left out, 0 = best."""
    ranks = np.zeros(len(task.targets), dtype=np.int64)
    for start in range(0, task.n_users, _BATCH):
        histories = task.histories[start : start + _BATCH]
        scores = scorer.score(histories)
        places = np.flatnonzero(
            (task.target_users >= start) & (task.target_users < start + len(histories))
        )
        ranks[places] = ranks_in_scores(
            scores, histories, task.target_users[places] - start, task.targets[places]
        )
    return ranks


def ranks_in_scores(
    scores: np.ndarray, histories: Sequence[np.ndarray], users: np.ndarray, targets: np.ndarray
) -> np.ndarray:
    """Ranks of targets given ready scores (n_histories, n_items); `users` indexes the histories."""
    seen = np.zeros(scores.shape, dtype=bool)
    for row, history in enumerate(histories):
        seen[row, history] = True
    return ranks_of_targets(scores[users], targets, seen[users])


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A mean over users with its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class ModelRow:
    """One line of the table.

    Attributes:
        name: The model.
        metrics: Metric name -> mean and interval.
        seconds: Time to score all users (wall).
        per_user: Metric name -> (n_users,) values, in the order of the task; not in the JSON.
    """

    name: str
    metrics: Mapping[str, Interval]
    seconds: float
    per_user: Mapping[str, np.ndarray] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class EvaluationReport:
    """All lines, and what one must know to compare them with others."""

    dataset: str
    split: str
    split_hash: str
    part: str
    n_users: int
    n_items: int
    rank_ties: str
    time_ties: str
    leaks: str
    seed: int
    rows: tuple[ModelRow, ...]

    def row(self, name: str) -> ModelRow:
        """The line of one model; KeyError when it is not there."""
        return {row.name: row for row in self.rows}[name]

    def as_json(self) -> dict[str, object]:
        """Plain JSON values; metrics rounded to five digits."""
        head = {
            name: getattr(self, name)
            for name in (
                *("dataset", "split", "split_hash", "part", "n_users", "n_items"),
                *("rank_ties", "time_ties", "leaks", "seed"),
            )
        }
        models = [
            {
                "model": row.name,
                "seconds": round(row.seconds, 3),
                **{
                    name: {
                        "mean": round(value.mean, 5),
                        "interval95": [round(value.low, 5), round(value.high, 5)],
                    }
                    for name, value in row.metrics.items()
                },
            }
            for row in self.rows
        ]
        return {**head, "models": models}


def evaluate(
    split: Split,
    scorers: Mapping[str, Scorer],
    *,
    dataset: str = "",
    part: Literal["valid", "test"] = "test",
    options: RunOptions = DEFAULT_RUN,
    progress: Progress = no_progress,
) -> EvaluationReport:
    """Rank the targets of one part with every scorer; full catalog, seen items left out.

    The intervals of all rows use the same resamples of users, so that rows can be compared.
    """
    task = ranking_task(split, part)
    rows = []
    for done, (name, scorer) in enumerate(scorers.items()):
        progress("evaluate", done, len(scorers))
        rows.append(_model_row(name, scorer, task, options))
    progress("evaluate", len(scorers), len(scorers))
    return EvaluationReport(
        dataset=dataset,
        split=split.name,
        split_hash=split.fingerprint,
        part=part,
        n_users=task.n_users,
        n_items=split.train.n_items,
        rank_ties=TIE_POLICY,
        time_ties=split.tie_policy,
        leaks=split.leaks,
        seed=options.seed,
        rows=tuple(rows),
    )


def per_user_metrics(ranks: np.ndarray, task: RankingTask) -> dict[str, np.ndarray]:
    """Metric name -> (n_users,) values."""
    return {
        name: metric(ranks, task.target_users, k=k, n_users=task.n_users)
        for name, (metric, k) in METRICS.items()
    }


def _model_row(name: str, scorer: Scorer, task: RankingTask, options: RunOptions) -> ModelRow:
    started = time.perf_counter()
    ranks = rank_targets(task, scorer)
    seconds = time.perf_counter() - started
    per_user = per_user_metrics(ranks, task)
    metrics = {}
    for metric, values in per_user.items():
        low, high = bootstrap_interval(values, options.generator("bootstrap"))
        mean = float(values.mean()) if len(values) else float("nan")
        metrics[metric] = Interval(mean=mean, low=low, high=high)
    return ModelRow(name=name, metrics=metrics, seconds=seconds, per_user=per_user)
