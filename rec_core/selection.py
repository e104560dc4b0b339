"""Choosing on the validation part: which transitions, how many epochs, which blend.

Nothing here ever looks at the test part.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
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
)
from .pipeline import BlendWeights
from .runtime import RunOptions
from .sasrec.config import SasrecConfig
from .splits import Split
from .two_tower.config import TwoTowerConfig

SASREC_FOR_MANY_EVENTS = SasrecConfig(
    block="gated",
    dropout=0.1,
    weight_decay=0.01,
    warm_start=True,
    shuffle_ties=False,
    max_epochs=15,
)
"""What ML-1M's validation part chose; on a tenth of the events it overfits."""


@dataclass(frozen=True, kw_only=True)
class PipelineConfig:
    """Everything that decides what a trained pipeline is, apart from the data and the seed.

    Attributes:
        sasrec, two_tower: The trained models.
        windows, row_powers, column_powers, backward: The grid of the transitions model.
        regularisations, history_powers: The grid of EASE.
        many_events: From this many events on SASRec gets `SASREC_FOR_MANY_EVENTS`, unless it was
            configured otherwise.
        large_catalog: Above this many items the grids shrink to the cheapest model of each kind and
            choices are made on a quarter of the users.
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
    many_events: int = 500_000
    large_catalog: int = 50_000
    validation_users: int = 2000
    min_users: int = 20

    def for_data(self, *, n_items: int, n_events: int) -> PipelineConfig:
        """This configuration as it fits a data set: SASRec's default recipe is one for few events,
        and some of the grids are more than a large catalog can afford.
        """
        config = self
        if n_events >= self.many_events and self.sasrec == SasrecConfig():
            config = replace(self, sasrec=SASREC_FOR_MANY_EVENTS)
        if n_items <= self.large_catalog:
            return config
        return replace(
            config,
            windows=self.windows[:1],
            row_powers=self.row_powers[:1],
            backward=self.backward[:1],
            validation_users=max(self.min_users, self.validation_users // 4),
        )

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
