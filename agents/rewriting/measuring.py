"""From rankings to the table: NDCG@100 and R@10 of every row, intervals over groups, paired differences.

Definitions, excluded items taken out before ranking:

* ndcg@100: mean over tasks; binary gains, ideal list of the task's distinct targets.
* r@10: targets in the first ten places over all targets, pooled over tasks.

Turns of one dialogue resemble each other, so whole groups are resampled (a cluster bootstrap; Davison
and Hinkley, "Bootstrap Methods and their Application", 1997, section 3.8). All rows share the
resamples, so that differences are paired.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from .environment import RankingEnvironment, Retriever
from .rewards import REPORT_DEPTH, ndcg, target_ranks
from .tasks import RewriteTask

Measure = Literal["ndcg@100", "r@10"]
MEASURES: tuple[Measure, ...] = ("ndcg@100", "r@10")
_SHORT = 10
_BLOCK = 100
_TAILS = (0.025, 0.975)

Range = tuple[float, float]
Key = tuple[str, Retriever]


@dataclass(frozen=True, kw_only=True)
class TaskScore:
    """One ranking judged: NDCG@100, targets in the first ten places, and how many targets there are."""

    ndcg: float
    hits: int
    targets: int


@dataclass(frozen=True, kw_only=True)
class RewriteRow:
    """One row of the table for one retriever.

    Attributes:
        row, retriever: Which.
        values, ci: Measure → value, and its 95 % interval over groups.
        n: Tasks.
        n_groups: Dialogues, users or items.
    """

    row: str
    retriever: Retriever
    values: Mapping[Measure, float]
    ci: Mapping[Measure, Range]
    n: int
    n_groups: int


@dataclass(frozen=True, kw_only=True)
class RewriteDifference:
    """One row less another on the same tasks.

    Attributes:
        row, minus, retriever: Which.
        values, ci: Measure → difference, and its 95 % interval.
        p: Measure → two-sided bootstrap p-value: twice the smaller share of resamples on one side
            of zero, at least one over their number.
    """

    row: str
    minus: str
    retriever: Retriever
    values: Mapping[Measure, float]
    ci: Mapping[Measure, Range]
    p: Mapping[Measure, float]


@dataclass(frozen=True, kw_only=True)
class RewriteTable:
    """All rows, retriever by retriever, and the differences of the compared row."""

    rows: tuple[RewriteRow, ...]
    differences: tuple[RewriteDifference, ...]


def score_queries(
    environment: RankingEnvironment, tasks: Sequence[RewriteTask], queries: Sequence[str]
) -> tuple[TaskScore, ...]:
    """Judge the ranking of each query by its task's targets."""
    ranked = environment.rank(queries, [task.excluded for task in tasks])
    scores = []
    for task, rows in zip(tasks, ranked, strict=True):
        targets = environment.rows(task.targets)
        places = target_ranks(rows, targets)
        scores.append(
            TaskScore(
                ndcg=ndcg(rows, targets, depth=REPORT_DEPTH),
                hits=int((places < _SHORT).sum()),
                targets=len(places),
            )
        )
    return tuple(scores)


def rewrite_table(
    tasks: Sequence[RewriteTask],
    scores: Mapping[Key, Sequence[TaskScore]],
    *,
    generator: np.random.Generator,
    compared: str = "grpo",
    n_resamples: int = 2000,
) -> RewriteTable:
    """Put the table together.

    Args:
        tasks: What was scored; at least one.
        scores: (row, retriever) → scores in the order of `tasks`.
        generator: Source of the resampling.
        compared: The row that every other one of its retriever is subtracted from, where it is there.
        n_resamples: Resamples of the groups.
    """
    names, group = np.unique([task.group_id for task in tasks], return_inverse=True)
    weights = _weights(len(names), n_resamples, generator)
    whole: dict[Key, np.ndarray] = {}
    drawn: dict[Key, np.ndarray] = {}
    for key, of in scores.items():
        sums = _sums(of, group, len(names))
        whole[key] = _values(sums.sum(axis=0))
        drawn[key] = _values(weights @ sums)
    rows = tuple(
        RewriteRow(
            row=key[0],
            retriever=key[1],
            values=_named(whole[key]),
            ci=_ranges(drawn[key]),
            n=len(tasks),
            n_groups=len(names),
        )
        for key in scores
    )
    differences = tuple(
        _difference((compared, key[1]), key, whole, drawn)
        for key in scores
        if key[0] != compared and (compared, key[1]) in scores
    )
    return RewriteTable(rows=rows, differences=differences)


def _sums(scores: Sequence[TaskScore], group: np.ndarray, n_groups: int) -> np.ndarray:
    """(n_groups, 4): tasks, NDCG, targets and hits, summed by group."""
    parts = np.array([(1.0, one.ndcg, one.targets, one.hits) for one in scores])
    sums = np.zeros((n_groups, 4))
    np.add.at(sums, group, parts)
    return sums


def _values(sums: np.ndarray) -> np.ndarray:
    """(…, 4) sums → (…, 2) measures."""
    return np.stack([sums[..., 1] / sums[..., 0], sums[..., 3] / sums[..., 2]], axis=-1)


def _weights(n_groups: int, count: int, generator: np.random.Generator) -> np.ndarray:
    """(count, n_groups): how often each group is drawn in each resample."""
    even = np.full(n_groups, 1.0 / n_groups)
    blocks = [
        generator.multinomial(n_groups, even, size=min(_BLOCK, count - start))
        for start in range(0, count, _BLOCK)
    ]
    return np.concatenate(blocks).astype(np.float64)


def _difference(
    key: Key, other: Key, whole: Mapping[Key, np.ndarray], drawn: Mapping[Key, np.ndarray]
) -> RewriteDifference:
    resampled = drawn[key] - drawn[other]
    n = len(resampled)
    sides = np.minimum((resampled <= 0).sum(axis=0), (resampled >= 0).sum(axis=0))
    return RewriteDifference(
        row=key[0],
        minus=other[0],
        retriever=key[1],
        values=_named(whole[key] - whole[other]),
        ci=_ranges(resampled),
        p=_named(np.clip(2 * sides / n, 1 / n, 1.0)),
    )


def _named(values: np.ndarray) -> dict[Measure, float]:
    return dict(zip(MEASURES, values.tolist(), strict=True))


def _ranges(resampled: np.ndarray) -> dict[Measure, Range]:
    low, high = np.quantile(resampled, _TAILS, axis=0)
    return dict(zip(MEASURES, zip(low.tolist(), high.tolist(), strict=True), strict=True))
