"""Choosing the weights of a blend on the validation part.

Every model scores the whole catalog, a few users at a time; kept are only the rows that a retriever
proposed, for no other row can be recommended. Trying a weight is then a sum over these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from .baselines.transitions import Transitions
from .evaluation import RankingTask, per_user_metrics
from .pipeline import BlendWeights, HistoryScorer, Pipeline, log_shares

_STEPS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0)
_FLOORS = (0.005, 0.02, 0.1)
_SCORES_AT_ONCE = 8_000_000


def choose_blend(
    task: RankingTask, transitions: Transitions, models: Mapping[str, HistoryScorer]
) -> BlendWeights:
    """Weights by coordinate ascent on NDCG@10, from equal weights; a tie keeps what was there."""
    names = ["transitions", *models]
    weights = replace(BlendWeights(), **dict.fromkeys(names, 1.0))
    pool = _pool(task, Pipeline(transitions=transitions, models=models, weights=weights))

    def value(candidate: BlendWeights) -> float:
        return float(per_user_metrics(pool.ranks(candidate), task)["ndcg@10"].mean())

    for _ in range(2):
        for name in names:
            weights = _best_of(weights, name, _STEPS, value)
        weights = _best_of(weights, "floor", _FLOORS, value)
    return weights


@dataclass(frozen=True, kw_only=True)
class _Pool:
    """The rows retrieved for every target, one after the other.

    Attributes:
        parts: Model name -> (n_rows,) log-probability; the transitions by floor as well.
        starts: (n_targets,) where each target's rows begin; the first of them is the target itself.
        missed: (n_targets,) bool; the target was not retrieved.
        n_items: Size of the catalog.
    """

    parts: Mapping[str, np.ndarray]
    starts: np.ndarray
    missed: np.ndarray
    n_items: int

    def ranks(self, weights: BlendWeights) -> np.ndarray:
        """(n_targets,) int64 rank of each target with these weights; n_items when not retrieved."""
        total = np.zeros(len(next(iter(self.parts.values()))), dtype=np.float32)
        for name, part in self.parts.items():
            model, _, floor = name.partition("@")
            if not floor or float(floor) == weights.floor:
                total += np.float32(weights.of(model)) * part
        lengths = np.diff(self.starts, append=len(total))
        ahead = total >= np.repeat(total[self.starts], lengths)
        ranks = np.add.reduceat(ahead.astype(np.int64), self.starts) - 1
        return np.where(self.missed, self.n_items, ranks)


def _pool(task: RankingTask, pipeline: Pipeline) -> _Pool:
    size = max(1, _SCORES_AT_ONCE // task.n_items)
    parts: dict[str, list[np.ndarray]] = {}
    lengths: list[int] = []
    missed: list[bool] = []
    for start in range(0, task.n_users, size):
        histories = task.histories[start : start + size]
        scores = pipeline.log_probabilities(histories)
        retrieved = pipeline.retrieved(scores, histories)
        del scores["transitions"]
        shares = pipeline.transitions.score(histories)
        scores |= {f"transitions@{floor}": log_shares(shares, floor) for floor in _FLOORS}
        places = (task.target_users >= start) & (task.target_users < start + len(histories))
        for place in np.flatnonzero(places):
            user, target = int(task.target_users[place]) - start, int(task.targets[place])
            unseen = retrieved[user].copy()
            unseen[histories[user]] = False
            missed.append(not unseen[target])
            unseen[target] = False
            rows = np.concatenate([[target], np.flatnonzero(unseen)])
            lengths.append(len(rows))
            for name, values in scores.items():
                parts.setdefault(name, []).append(values[user, rows])
    return _Pool(
        parts={name: np.concatenate(values) for name, values in parts.items()},
        starts=np.cumsum(lengths) - np.array(lengths),
        missed=np.array(missed),
        n_items=task.n_items,
    )


def _best_of(
    weights: BlendWeights,
    name: str,
    values: tuple[float, ...],
    value_of: Callable[[BlendWeights], float],
) -> BlendWeights:
    best, best_value = weights, value_of(weights)
    for number in values:
        candidate = replace(weights, **{name: number})
        value = value_of(candidate)
        if value > best_value + 1e-9:
            best, best_value = candidate, value
    return best
