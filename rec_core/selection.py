"""Choosing on the validation part: which transitions, how many epochs, which blend.

Nothing here ever looks at the test part.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from .baselines.ease import Ease
from .baselines.transitions import Transitions, TransitionsConfig, transition_counts
from .evaluation import (
    RankingTask,
    Scorer,
    per_user_metrics,
    rank_targets,
    ranking_task,
    ranks_in_scores,
)
from .pipeline import BlendWeights, HistoryScorer, Pipeline
from .runtime import RunOptions
from .sasrec.config import SasrecConfig
from .splits import Split
from .two_tower.config import TwoTowerConfig

_BLEND_STEPS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0)
_FLOORS = (0.005, 0.02, 0.1)


@dataclass(frozen=True, kw_only=True)
class PipelineConfig:
    """Everything that decides what a trained pipeline is, apart from the data and the seed.

    Attributes:
        sasrec, two_tower: The trained models.
        windows, row_powers, column_powers, backward: The grid of the transitions model.
        regularisations, history_powers: The grid of EASE.
        validation_users: Most users that choices are made on, drawn with the seed.
        min_users: With fewer users to validate on nothing is trained; the training-free parts serve.
    """

    sasrec: SasrecConfig = field(default_factory=SasrecConfig)
    two_tower: TwoTowerConfig = field(default_factory=TwoTowerConfig)
    windows: tuple[int, ...] = (5, 30)
    row_powers: tuple[float, ...] = (0.5, 0.75)
    column_powers: tuple[float, ...] = (0.2, 0.4)
    backward: tuple[float, ...] = (0.0, 0.5, 1.0)
    regularisations: tuple[float, ...] = (300.0, 1000.0, 3000.0)
    history_powers: tuple[float, ...] = (0.5, 1.0)
    validation_users: int = 2000
    min_users: int = 20

    def as_json(self) -> dict[str, object]:
        """Plain JSON values (tuples as lists), equal after a round trip."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }


DEFAULT_PIPELINE = PipelineConfig()


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What validation decided.

    Attributes:
        transitions: The chosen transitions model.
        weights: The chosen blend.
        ease_regularisation, ease_history_power: The chosen EASE; 0 = none in the blend.
        sasrec_epochs, two_tower_epochs: Epochs to the best snapshot.
        validation: Model -> metric -> mean on the validation users.
    """

    transitions: TransitionsConfig = field(default_factory=TransitionsConfig)
    weights: BlendWeights = field(default_factory=BlendWeights)
    ease_regularisation: float = 0.0
    ease_history_power: float = 0.0
    sasrec_epochs: int = 0
    two_tower_epochs: int = 0
    validation: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Choices:
        """The counterpart of `as_json`. Raises KeyError or TypeError when it is not that."""
        return cls(
            transitions=TransitionsConfig(**value["transitions"]),
            weights=BlendWeights(**value["weights"]),
            ease_regularisation=value["ease_regularisation"],
            ease_history_power=value["ease_history_power"],
            sasrec_epochs=value["sasrec_epochs"],
            two_tower_epochs=value["two_tower_epochs"],
            validation=value["validation"],
        )


def validation_task(split: Split, config: PipelineConfig, options: RunOptions) -> RankingTask:
    """The users that choices are made on."""
    task = ranking_task(split, "valid")
    return task.sample(config.validation_users, options.generator("validation-users"))


def mean_metrics(task: RankingTask, scorer: Scorer) -> dict[str, float]:
    """Metric name -> mean over users."""
    values = per_user_metrics(rank_targets(task, scorer), task)
    return {name: float(value.mean()) for name, value in values.items()}


def choose_transitions(
    split: Split, task: RankingTask, config: PipelineConfig
) -> tuple[Transitions, TransitionsConfig]:
    """The model of the grid with the best NDCG@10; on a tie the earlier one."""
    best: tuple[float, Transitions, TransitionsConfig] | None = None
    for window in config.windows:
        counts = transition_counts(split.train, window=window)
        for rows, columns, backward in itertools.product(
            config.row_powers, config.column_powers, config.backward
        ):
            chosen = TransitionsConfig(
                window=window, row_power=rows, column_power=columns, backward=backward
            )
            model = Transitions.from_counts(counts, chosen)
            value = mean_metrics(task, model)["ndcg@10"]
            if best is None or value > best[0]:
                best = (value, model, chosen)
    assert best is not None
    return best[1], best[2]


def choose_ease(split: Split, task: RankingTask, config: PipelineConfig) -> Ease:
    """The EASE of the grid with the best NDCG@10; on a tie the earlier one."""
    best: tuple[float, Ease] | None = None
    for regularisation in config.regularisations:
        model = Ease.fit(split.train, regularisation=regularisation)
        for power in config.history_powers:
            weighted = model.with_history_power(power)
            value = mean_metrics(task, weighted)["ndcg@10"]
            if best is None or value > best[0]:
                best = (value, weighted)
    assert best is not None
    return best[1]


def choose_blend(
    task: RankingTask, transitions: Transitions, models: Mapping[str, HistoryScorer]
) -> BlendWeights:
    """Weights by coordinate ascent on NDCG@10, from equal weights; a tie keeps what was there."""
    names = ["transitions", *models]
    weights = replace(BlendWeights(), **dict.fromkeys(names, 1.0))
    floors = {
        floor: Pipeline(
            transitions=transitions, weights=BlendWeights(floor=floor)
        ).log_probabilities(task.histories)["transitions"]
        for floor in _FLOORS
    }
    everything = Pipeline(transitions=transitions, models=models, weights=weights)
    parts = everything.log_probabilities(task.histories)

    def value(candidate: BlendWeights) -> float:
        pipeline = Pipeline(transitions=transitions, models=models, weights=candidate)
        blended = pipeline.blend({**parts, "transitions": floors[candidate.floor]})
        ranks = ranks_in_scores(blended, task.histories, task.target_users, task.targets)
        return float(per_user_metrics(ranks, task)["ndcg@10"].mean())

    for _ in range(2):
        for name in names:
            weights = _best_of(weights, name, _BLEND_STEPS, value)
        weights = _best_of(weights, "floor", _FLOORS, value)
    return weights


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
