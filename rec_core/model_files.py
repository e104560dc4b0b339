"""Trained parts in an artifact folder, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .artifacts import Artifact, ArtifactWriter
from .baselines.ease import Ease
from .baselines.transitions import Transitions
from .errors import ArtifactError
from .pipeline import HistoryScorer, Pipeline
from .sasrec.config import SasrecConfig
from .sasrec.scorer import SasrecScorer
from .selection import Choices
from .two_tower.config import TwoTowerConfig
from .two_tower.retriever import TwoTowerRetriever

SEARCH_FOLDER = "search"
"""Where the text index lies inside a pipeline's folder."""
DIALOGUE_VECTORS = "dialogue"
"""The items' vectors for the dialogue ranker; absent where the text encoder is not the one it learned with."""


@dataclass(frozen=True, kw_only=True)
class TrainedParts:
    """The models of one pipeline and the choices that go with them.

    `sasrec` and `two_tower` are None where there was too little to train on, `ease` also where the
    catalog is too large for it.
    """

    transitions: Transitions
    choices: Choices = field(default_factory=Choices)
    sasrec: SasrecScorer | None = None
    two_tower: TwoTowerRetriever | None = None
    ease: Ease | None = None

    @property
    def pipeline(self) -> Pipeline:
        """The blend with the chosen weights."""
        models: Mapping[str, HistoryScorer | None] = {
            "sasrec": self.sasrec,
            "two_tower": self.two_tower,
            "ease": self.ease,
        }
        return Pipeline(
            transitions=self.transitions,
            models={name: model for name, model in models.items() if model is not None},
            weights=self.choices.weights,
        )

    def with_validation(self, validation: Mapping[str, Mapping[str, float]]) -> TrainedParts:
        """The same parts with the validation figures noted in the choices."""
        return replace(self, choices=replace(self.choices, validation=validation))


def write_parts(writer: ArtifactWriter, parts: TrainedParts) -> None:
    """Add all tensors and the choices."""
    writer.add_json("choices", parts.choices.as_json())
    writer.add_tensors("transitions", parts.transitions.tensors())
    if parts.sasrec is not None:
        writer.add_tensors("sasrec", parts.sasrec.tensors())
    if parts.two_tower is not None:
        writer.add_tensors("two_tower", parts.two_tower.tensors())
    if parts.ease is not None:
        writer.add_tensors("ease", parts.ease.tensors())


def read_parts(artifact: Artifact) -> TrainedParts:
    """The counterpart of `write_parts`; torch is not imported.

    Raises:
        ArtifactError: when a file is missing or damaged.
    """
    try:
        choices = Choices.from_json(artifact.json("choices"))
        pipeline = artifact.config["pipeline"]
        sasrec_config = SasrecConfig(**pipeline["sasrec"])
        two_tower_config = TwoTowerConfig(**pipeline["two_tower"])
    except (KeyError, TypeError) as fault:
        raise ArtifactError(
            f"The model in {str(artifact.folder)!r} was written by another version of Rapport.",
            "Run `rapport train` again.",
        ) from fault
    sasrec = two_tower = ease = None
    if "sasrec.safetensors" in artifact:
        sasrec = SasrecScorer(artifact.arrays("sasrec"), sasrec_config)
    if "two_tower.safetensors" in artifact:
        two_tower = TwoTowerRetriever.from_tensors(artifact.arrays("two_tower"), two_tower_config)
    if "ease.safetensors" in artifact:
        ease = Ease(
            artifact.arrays("ease")["weights"],
            regularisation=choices.ease_regularisation,
            history_power=choices.ease_history_power,
        )
    return TrainedParts(
        transitions=Transitions.from_tensors(artifact.arrays("transitions"), choices.transitions),
        choices=choices,
        sasrec=sasrec,
        two_tower=two_tower,
        ease=ease,
    )
