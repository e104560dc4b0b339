"""From ranks and lists to the table: means, intervals, paired differences, groups, other columns.

Several seeds are several trainings on the same split. Their per-user values are averaged first and
users are resampled after that, so an interval says how much other users would change the figure;
how much another seed would, the per-seed means beside it say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from .beyond_accuracy import (
    ItemFeatures,
    catalog_coverage,
    gini_index,
    history_popularity,
    list_diversity,
    list_novelty,
    list_popularity,
    popularity_lift,
    recommendation_counts,
)
from .metrics import METRICS, TIE_POLICY, bootstrap_means, percentile_interval, user_metrics
from .runtime import RunOptions
from .splits import Split
from .target_groups import COLD_BELOW, TargetGroup, target_groups

if TYPE_CHECKING:
    from .evaluation import Ranked, RankingTask

REFERENCES = ("transitions", "popularity")
"""Rows that every other row is compared with, user by user, where they are in the table."""


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A mean over users with its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float

    def as_json(self) -> dict[str, object]:
        """Rounded to five digits."""
        return {
            "mean": round(self.mean, 5),
            "interval95": [round(self.low, 5), round(self.high, 5)],
        }


@dataclass(frozen=True, kw_only=True)
class GroupRow:
    """One model on part of the targets; see `target_groups`."""

    kind: str
    name: str
    n_users: int
    n_targets: int
    metrics: Mapping[str, Interval]


@dataclass(frozen=True, kw_only=True)
class ModelRow:
    """One line of the table.

    Attributes:
        name: The model.
        metrics: Metric name -> mean and interval.
        seconds: Time to score and rank all users (wall), mean over seeds.
        per_user: Metric name -> (n_users,) values, mean over seeds, in the order of the task; not
            in the JSON.
        per_seed: Seed -> metric name -> mean over users.
        against: Reference -> metric name -> this model minus the reference, paired by user.
        beyond: Column name -> value on the first ten, mean over seeds; see `beyond_accuracy`.
        groups: The same metrics on parts of the targets.
    """

    name: str
    metrics: Mapping[str, Interval]
    seconds: float
    per_user: Mapping[str, np.ndarray] = field(repr=False)
    per_seed: Mapping[int, Mapping[str, float]] = field(repr=False)
    against: Mapping[str, Mapping[str, Interval]] = field(repr=False)
    beyond: Mapping[str, float] = field(repr=False)
    groups: tuple[GroupRow, ...] = field(repr=False)

    def as_json(self) -> dict[str, object]:
        """Plain JSON values."""
        return {
            "model": self.name,
            "seconds": round(self.seconds, 3),
            **_rounded(self.metrics),
            "per_seed": {
                str(seed): {name: round(value, 5) for name, value in values.items()}
                for seed, values in self.per_seed.items()
            },
            "against": {name: _rounded(values) for name, values in self.against.items()},
            "beyond@10": {
                name: None if np.isnan(value) else round(value, 5)
                for name, value in self.beyond.items()
            },
            "groups": [
                {
                    "kind": group.kind,
                    "name": group.name,
                    "n_users": group.n_users,
                    "n_targets": group.n_targets,
                    **_rounded(group.metrics),
                }
                for group in self.groups
            ],
        }


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
    seeds: tuple[int, ...]
    diversity_by: str | None
    rows: tuple[ModelRow, ...]

    @property
    def seed(self) -> int:
        """The first seed."""
        return self.seeds[0]

    def row(self, name: str) -> ModelRow:
        """The line of one model; KeyError when it is not there."""
        return {row.name: row for row in self.rows}[name]

    def as_json(self) -> dict[str, object]:
        """Plain JSON values; figures rounded to five digits."""
        head = {
            name: getattr(self, name)
            for name in (
                *("dataset", "split", "split_hash", "part", "n_users", "n_items"),
                *("rank_ties", "time_ties", "leaks", "seed", "diversity_by"),
            )
        }
        return {**head, "seeds": list(self.seeds), "models": [row.as_json() for row in self.rows]}


def build_report(
    split: Split,
    task: RankingTask,
    rankings: Mapping[int, Mapping[str, Ranked]],
    *,
    dataset: str,
    part: str,
    options: RunOptions,
    features: ItemFeatures | None = None,
) -> EvaluationReport:
    """Put the table together.

    Args:
        split: What the models were fitted on.
        task: The users and targets that were ranked.
        rankings: Seed -> model -> what it ranked on `task`; every seed has the same models.
        dataset: Name for the head.
        part: "valid" or "test", for the head.
        options: The seed of the resampling of users; all rows share the resamples.
        features: What the diversity of lists is measured by; None leaves the column out.

    Raises:
        ValueError: when the seeds do not have the same models, or there is no seed.
    """
    names = list(next(iter(rankings.values()), {}))
    if not rankings or any(set(models) != set(names) for models in rankings.values()):
        raise ValueError("every seed needs the same models")
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
        seeds=tuple(rankings),
        diversity_by=None if features is None else features.name,
        rows=_rows(split, task, rankings, names, options, features),
    )


def _rows(
    split: Split,
    task: RankingTask,
    rankings: Mapping[int, Mapping[str, Ranked]],
    names: Sequence[str],
    options: RunOptions,
    features: ItemFeatures | None,
) -> tuple[ModelRow, ...]:
    by_model = {name: [models[name] for models in rankings.values()] for name in names}
    per_seed = {
        name: [_metric_values(ranked, task) for ranked in of_seeds]
        for name, of_seeds in by_model.items()
    }
    everybody = _Sample.drawn(
        {name: np.mean(values, axis=0) for name, values in per_seed.items()},
        options.generator("bootstrap"),
    )
    counts = split.train.item_counts
    groups = _group_rows(task, by_model, counts, options)
    of_histories = history_popularity(task.histories, counts)
    references = [name for name in REFERENCES if name in by_model]
    return tuple(
        ModelRow(
            name=name,
            metrics=everybody.intervals(name),
            seconds=float(np.mean([ranked.seconds for ranked in of_seeds])),
            per_user=dict(zip(METRICS, everybody.values[name].T, strict=True)),
            per_seed={
                seed: dict(zip(METRICS, values.mean(axis=0).tolist(), strict=True))
                for seed, values in zip(rankings, per_seed[name], strict=True)
                if task.n_users
            },
            against={
                other: everybody.intervals(name, minus=other)
                for other in references
                if other != name
            },
            beyond=_beyond([one.lists for one in of_seeds], counts, of_histories, features),
            groups=groups[name],
        )
        for name, of_seeds in by_model.items()
    )


@dataclass(frozen=True, kw_only=True)
class _Sample:
    """Per-user values of all models and their means under the same resamples of users.

    Attributes:
        values: Model -> (n_users, n_metrics).
        means: Model -> (n_resamples, n_metrics); None without users.
    """

    values: Mapping[str, np.ndarray]
    means: Mapping[str, np.ndarray] | None

    @classmethod
    def drawn(cls, values: Mapping[str, np.ndarray], generator: np.random.Generator) -> _Sample:
        """Resample the users once for all models."""
        if not all(len(block) for block in values.values()):
            return cls(values=values, means=None)
        means = bootstrap_means(np.hstack(list(values.values())), generator)
        blocks = np.split(means, len(values), axis=1)
        return cls(values=values, means=dict(zip(values, blocks, strict=True)))

    def intervals(self, name: str, *, minus: str | None = None) -> dict[str, Interval]:
        """Metric -> mean and interval of one model, or of its paired difference to another."""
        if self.means is None:
            nothing = Interval(mean=float("nan"), low=float("nan"), high=float("nan"))
            return dict.fromkeys(METRICS, nothing)
        center, resampled = self.values[name].mean(axis=0), self.means[name]
        if minus is not None:
            center = center - self.values[minus].mean(axis=0)
            resampled = resampled - self.means[minus]
        found = {}
        for column, metric in enumerate(METRICS):
            low, high = percentile_interval(resampled[:, column])
            found[metric] = Interval(mean=float(center[column]), low=low, high=high)
        return found


def _metric_values(
    ranked: Ranked, task: RankingTask, group: TargetGroup | None = None
) -> np.ndarray:
    """(n_users, n_metrics) values of all users, or of a group's users on the group's targets."""
    ranks, users, n_users = ranked.ranks, task.target_users, task.n_users
    if group is not None:
        ranks, users, n_users = ranks[group.places], group.users, group.n_users
    return np.column_stack(list(user_metrics(ranks, users, n_users=n_users).values()))


def _group_rows(
    task: RankingTask,
    by_model: Mapping[str, Sequence[Ranked]],
    item_counts: np.ndarray,
    options: RunOptions,
) -> dict[str, tuple[GroupRow, ...]]:
    """Model -> its line in every group."""
    rows: dict[str, list[GroupRow]] = {name: [] for name in by_model}
    groups = target_groups(
        task.histories, task.targets, task.target_users, item_counts, cold_below=COLD_BELOW
    )
    for group in groups:
        values = {
            name: np.mean([_metric_values(ranked, task, group) for ranked in of_seeds], axis=0)
            for name, of_seeds in by_model.items()
        }
        sample = _Sample.drawn(values, options.generator(f"bootstrap/{group.name}"))
        for name, lines in rows.items():
            lines.append(
                GroupRow(
                    kind=group.kind,
                    name=group.name,
                    n_users=group.n_users,
                    n_targets=len(group.places),
                    metrics=sample.intervals(name),
                )
            )
    return {name: tuple(lines) for name, lines in rows.items()}


def _beyond(
    lists_of_seeds: Sequence[np.ndarray],
    item_counts: np.ndarray,
    of_histories: np.ndarray,
    features: ItemFeatures | None,
) -> dict[str, float]:
    """Column -> value, mean over seeds; nan where there is nothing to take a mean of."""
    columns: dict[str, list[float]] = {}
    for lists in lists_of_seeds:
        counts = recommendation_counts(lists, len(item_counts))
        found = {
            "coverage": catalog_coverage(counts),
            "novelty": _mean(list_novelty(lists, item_counts)),
            "gini": gini_index(counts),
            "popularity_lift": popularity_lift(list_popularity(lists, item_counts), of_histories),
        }
        if features is not None:
            found["diversity"] = _mean(list_diversity(lists, features))
        for name, value in found.items():
            columns.setdefault(name, []).append(value)
    return {name: float(np.mean(values)) for name, values in columns.items()}


def _mean(values: np.ndarray) -> float:
    """Mean of what is not nan."""
    there = values[~np.isnan(values)]
    return float(there.mean()) if len(there) else float("nan")


def _rounded(metrics: Mapping[str, Interval]) -> dict[str, object]:
    return {name: value.as_json() for name, value in metrics.items()}
