"""Ranking evaluation over the full catalog: every model sees the same users, targets and rules."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from .beyond_accuracy import ItemFeatures
from .evaluation_report import EvaluationReport as EvaluationReport, build_report
from .metrics import check_no_nan, rank_ahead, user_metrics
from .ranking.numbers import best_rows
from .runtime import DEFAULT_RUN, Progress, RunOptions, no_progress
from .splits import Split

LIST_LENGTH = 10
"""How many recommendations a user the columns beyond accuracy look at."""
# Scores of one batch; scorers hold a few arrays of that size beside it.
_BATCH_BYTES = 64_000_000
_MAX_BATCH = 512


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
        n_items: Size of the catalog.
    """

    histories: list[np.ndarray]
    user_rows: np.ndarray
    targets: np.ndarray
    target_users: np.ndarray
    n_items: int

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
            n_items=self.n_items,
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
        n_items=split.train.n_items,
    )


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """What one scorer did with a task.

    Attributes:
        ranks: (n_targets,) int64, 0 = best, seen items left out.
        lists: (n_users, LIST_LENGTH) int64 best unseen item rows, ties by row, -1 beyond the end.
        seconds: Time to score and rank (wall).
    """

    ranks: np.ndarray
    lists: np.ndarray
    seconds: float


def rank_targets(task: RankingTask, scorer: Scorer) -> np.ndarray:
    """(n_targets,) rank of every target with seen items left out, 0 = best.

    Users go through in batches whose scores stay under 64 MB (at least one user at a time).
    """
    return _rank(task, scorer, list_length=0)[0]


def rank_with(task: RankingTask, scorer: Scorer) -> Ranked:
    """Ranks of the targets and the list of every user, in one pass over the scores."""
    started = time.perf_counter()
    ranks, lists = _rank(task, scorer, list_length=LIST_LENGTH)
    return Ranked(ranks=ranks, lists=lists, seconds=time.perf_counter() - started)


def _rank(task: RankingTask, scorer: Scorer, *, list_length: int) -> tuple[np.ndarray, np.ndarray]:
    """Ranks (n_targets,) and lists (n_users, list_length)."""
    ranks = np.zeros(len(task.targets), dtype=np.int64)
    lists = np.full((task.n_users, list_length), -1, dtype=np.int64)
    size = min(max(1, _BATCH_BYTES // (4 * max(task.n_items, 1))), _MAX_BATCH)
    for start in range(0, task.n_users, size):
        histories = task.histories[start : start + size]
        scores = scorer.score(histories)
        first, last = np.searchsorted(task.target_users, [start, start + len(histories)])
        ranks[first:last] = ranks_in_scores(
            scores, histories, task.target_users[first:last] - start, task.targets[first:last]
        )
        for row, history in enumerate(histories) if list_length else ():
            best = best_unseen(scores[row], history, list_length)
            lists[start + row, : len(best)] = best
    return ranks, lists


def ranks_in_scores(
    scores: np.ndarray, histories: Sequence[np.ndarray], users: np.ndarray, targets: np.ndarray
) -> np.ndarray:
    """Ranks of targets given ready scores, seen items left out; pessimistic on ties.

    Row by row with one buffer: nothing as large as the scores is ever made.

    Args:
        scores: (n_histories, n_items), without NaN.
        histories: Item rows that each user has seen.
        users: (n_targets,) index into the histories.
        targets: (n_targets,) item rows.

    Returns:
        (n_targets,) int64 as `metrics.ranks_of_targets`: 0 = best, n_items for a seen target.

    Raises:
        ValueError: on NaN scores.
    """
    check_no_nan(scores)
    ranks = np.empty(len(targets), dtype=np.int64)
    ahead = np.empty(scores.shape[1], dtype=bool)
    for place, (user, target) in enumerate(zip(users.tolist(), targets.tolist(), strict=True)):
        np.greater_equal(scores[user], scores[user, target], out=ahead)
        ahead[histories[user]] = False
        ranks[place] = rank_ahead(ahead, target)
    return ranks


def best_unseen(scores: np.ndarray, history: np.ndarray, count: int) -> np.ndarray:
    """The rows with the highest scores that are not in the history, best first, ties by row.

    Args:
        scores: (n_items,); -inf marks an item that must not be listed.
        history: Item rows to leave out.
        count: Length of the list.

    Returns:
        (at most `count`,) int64 item rows.
    """
    allowed = scores > -np.inf
    allowed[history] = False
    return best_rows(scores, allowed, count)


def evaluate(
    split: Split,
    scorers: Mapping[str, Scorer],
    *,
    dataset: str = "",
    part: Literal["valid", "test"] = "test",
    options: RunOptions = DEFAULT_RUN,
    progress: Progress = no_progress,
    features: ItemFeatures | None = None,
) -> EvaluationReport:
    """Rank the targets of one part with every scorer; full catalog, seen items left out.

    The intervals of all rows use the same resamples of users, so that rows can be compared.

    Args:
        split: What the scorers were fitted on, and the held-out part.
        scorers: Name -> model, in the order of the table.
        dataset: Name for the head of the table.
        part: Which part holds the targets.
        options: The seed for the head and for resampling users.
        progress: Told of the stage "evaluate", one step a scorer.
        features: What the diversity of lists is measured by; None leaves that column out.
    """
    task = ranking_task(split, part)
    ranked = rank_all(task, scorers, progress)
    return build_report(
        split,
        task,
        {options.seed: ranked},
        dataset=dataset,
        part=part,
        options=options,
        features=features,
    )


def rank_all(
    task: RankingTask, scorers: Mapping[str, Scorer], progress: Progress = no_progress
) -> dict[str, Ranked]:
    """`rank_with` for every scorer; `progress` hears of the stage "evaluate"."""
    ranked = {}
    for done, (name, scorer) in enumerate(scorers.items()):
        progress("evaluate", done, len(scorers))
        ranked[name] = rank_with(task, scorer)
    progress("evaluate", len(scorers), len(scorers))
    return ranked


def per_user_metrics(ranks: np.ndarray, task: RankingTask) -> dict[str, np.ndarray]:
    """Metric name -> (n_users,) values, for every metric of `metrics.METRICS`."""
    return user_metrics(ranks, task.target_users, n_users=task.n_users)
