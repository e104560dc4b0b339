"""From a data set to artifacts: first models that never saw the test part, then the one that serves.

Two folders lie side by side. `<name>-evaluation` has models fitted on the training part, and every
choice (transitions, epochs, blend) made on the validation part; `evaluation_runs` opens the test
part with these. `<name>` has models fitted on all interactions with the same choices, the text
index and the data: it is what `Recommender.load` opens. A folder that is there and was made from
the same data, configuration and seed is not made again; while one is being made, every epoch is kept
in `<folder>-checkpoints`, so that a run that was cut off goes on with the next. Under torchrun all
processes train, the main one alone writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from .artifacts import Artifact, ArtifactWriter, read_artifact
from .baselines.ease import MAX_SERVED_ITEMS, Ease
from .baselines.neighbours import Neighbours
from .baselines.transitions import Transitions
from .blending import choose_blend
from .catalog import Catalog
from .checkpoints import CheckpointFolder
from .datasets import Dataset
from .dialogue import describe_vectors
from .distributed import World, world
from .errors import ArtifactError, DataError
from .evaluation import ranking_task
from .interactions import Interactions
from .model_files import DIALOGUE_VECTORS, SEARCH_FOLDER, TrainedParts, read_parts, write_parts
from .pipeline import HistoryScorer
from .runtime import DEFAULT_RUN, Progress, RunOptions, no_progress
from .sasrec.scorer import SasrecScorer
from .search import MiniLMEncoder, SearchEngine, TextEncoder
from .selection import (
    DEFAULT_PIPELINE,
    Choices,
    PipelineConfig,
    choose_ease,
    choose_transitions,
    mean_metrics,
    validation_task,
)
from .splits import Split, global_time, leave_one_out
from .text_vectors import RememberedTexts, default_encoder, text_vectors
from .two_tower.retriever import TwoTowerRetriever

SplitName = Literal["leave-one-out", "global-time"]

_FORMAT = 4


def train_pipeline(
    dataset: Dataset,
    folder: Path,
    *,
    encoder: TextEncoder | None = None,
    config: PipelineConfig = DEFAULT_PIPELINE,
    options: RunOptions = DEFAULT_RUN,
    progress: Progress = no_progress,
) -> Artifact:
    """Make the artifact that `Recommender.load` opens; what is already made is kept.

    Args:
        dataset: Catalog and interactions (which may be few or none: then the training-free parts
            serve alone).
        folder: Where the artifact shall lie; the evaluation models go beside it.
        encoder: Makes the text vectors; the default is `default_encoder` of the size.
        config: What to train.
        options: Seed, device, threads.
        progress: Told of the stages "texts", "transitions", "two-tower", "sasrec", "blend",
            then of the same again on all data, and "index".

    Raises:
        StorageError: when the disk is full or may not be written.
    """
    encoder = RememberedTexts(encoder or default_encoder(n_items=len(dataset.catalog)))
    config = fitted_config(config, dataset)
    described = _description(dataset, encoder, config, options)
    if _is_made(folder, "pipeline", described):  # looked up first, for `world` imports torch
        return read_artifact(folder, kind="pipeline")
    with world(options) as ranks:
        job = _Job(
            folder=folder,
            described=described,
            config=config,
            options=options,
            progress=progress if ranks.is_main else no_progress,
            ranks=ranks,
        )
        if not job.is_done("pipeline"):  # by another process of this run, in the meantime
            _make_pipeline(dataset, encoder, job)
        return read_artifact(folder, kind="pipeline")


@dataclass(frozen=True, kw_only=True)
class _Job:
    """What the making of one artifact needs beside the data."""

    folder: Path
    described: Mapping[str, object]
    config: PipelineConfig
    options: RunOptions
    progress: Progress
    ranks: World

    def is_done(self, kind: str) -> bool:
        """Whether the artifact of this description is there already."""
        return self.ranks.broadcast(_is_made(self.folder, kind, self.described))

    @contextmanager
    def writer(self, kind: str, *, rebuildable: tuple[str, ...] = ()) -> Iterator[ArtifactWriter]:
        """Write the artifact; when it is whole, its checkpoints are of no more use."""
        with ArtifactWriter(
            self.folder, kind=kind, config=dict(self.described), rebuildable=rebuildable
        ) as writer:
            yield writer
        for stage in ("two-tower", "sasrec"):
            self.checkpoints(stage).clear()
        with suppress(OSError):  # something else lies in it
            self.checkpoint_folder.rmdir()

    @property
    def checkpoint_folder(self) -> Path:
        """Where the epochs of all its models are kept while it is being made."""
        return self.folder.with_name(f"{self.folder.name}-checkpoints")

    def checkpoints(self, stage: str) -> CheckpointFolder:
        """Where the epochs of one model are kept."""
        return CheckpointFolder(self.checkpoint_folder / stage, description=self.described)


def _make_pipeline(dataset: Dataset, encoder: RememberedTexts, job: _Job) -> None:
    choices = Choices()
    if _can_validate(dataset, job.config):
        choices = _evaluation_parts(
            dataset,
            encoder,
            "leave-one-out",
            replace(job, folder=evaluation_folder(job.folder, "leave-one-out")),
        ).choices
    content = _content(dataset.catalog, encoder, job)
    parts = _refit(dataset, content, choices, job)
    if job.ranks.is_main:
        rebuildable = (f"{SEARCH_FOLDER}/chroma",)
        with job.writer("pipeline", rebuildable=rebuildable) as writer:
            write_parts(writer, parts)
            writer.add_tensors("neighbours", Neighbours.fit(dataset.interactions).tensors())
            dataset.catalog.save(writer.path("catalog.parquet"))
            dataset.interactions.save(writer.path("interactions.parquet"))
            index = partial(job.progress, "Search index")
            SearchEngine.build(dataset.catalog, encoder, writer.path(SEARCH_FOLDER), index)
            if encoder.name == MiniLMEncoder.name:  # what ships was fitted with its vectors
                heard = describe_vectors(dataset.catalog, encoder, job.progress)
                writer.add_tensors(DIALOGUE_VECTORS, {"vectors": heard})
            writer.add_metrics({"validation": choices.validation})
    job.ranks.broadcast(None)  # nobody reads before it is written


def evaluation_folder(folder: Path, split_name: SplitName) -> Path:
    """Where the evaluation models of an artifact folder lie."""
    suffix = "-evaluation" if split_name == "leave-one-out" else f"-evaluation-{split_name}"
    return folder.with_name(folder.name + suffix)


def evaluation_parts(
    dataset: Dataset,
    folder: Path,
    *,
    encoder: TextEncoder,
    config: PipelineConfig = DEFAULT_PIPELINE,
    split_name: SplitName = "leave-one-out",
    options: RunOptions = DEFAULT_RUN,
    progress: Progress = no_progress,
) -> TrainedParts:
    """Models fitted on the training part with choices made on validation; kept in `folder`."""
    config = fitted_config(config, dataset)
    with world(options) as ranks:
        job = _Job(
            folder=folder,
            described=_description(dataset, encoder, config, options),
            config=config,
            options=options,
            progress=progress if ranks.is_main else no_progress,
            ranks=ranks,
        )
        return _evaluation_parts(dataset, encoder, split_name, job)


def _evaluation_parts(
    dataset: Dataset, encoder: TextEncoder, split_name: SplitName, job: _Job
) -> TrainedParts:
    job = replace(job, described={**job.described, "split": split_name})
    if job.is_done("evaluation"):
        return read_parts(read_artifact(job.folder, kind="evaluation"))
    split = split_of(dataset.interactions, split_name)
    parts = _select(split, _content(dataset.catalog, encoder, job), job)
    if job.ranks.is_main:
        with job.writer("evaluation") as writer:
            write_parts(writer, parts)
            writer.add_metrics({"validation": parts.choices.validation})
    job.ranks.broadcast(None)
    return parts


def split_of(interactions: Interactions, name: SplitName) -> Split:
    """The named split with its default parameters."""
    return leave_one_out(interactions) if name == "leave-one-out" else global_time(interactions)


def _description(
    dataset: Dataset, encoder: TextEncoder, config: PipelineConfig, options: RunOptions
) -> dict[str, object]:
    """All that the outcome depends on; equal descriptions mean that the work is done."""
    return {
        "format": _FORMAT,
        "dataset": dataset.name,
        "data_fingerprint": dataset.fingerprint,
        "encoder": encoder.name,
        "pipeline": config.as_json(),
        "seed": options.seed,
    }


def _content(catalog: Catalog, encoder: TextEncoder, job: _Job) -> np.ndarray:
    """What the item tower reads of every item; one process encodes for all."""
    from .two_tower.content import item_content

    vectors = text_vectors(catalog, encoder, job.progress) if job.ranks.is_main else None
    shared = job.ranks.broadcast(vectors)
    assert shared is not None
    return item_content(shared, catalog.genre_matrix)


def _is_made(folder: Path, kind: str, described: Mapping[str, object]) -> bool:
    try:
        return read_artifact(folder, kind=kind).config == dict(described)
    except ArtifactError:
        return False


def fitted_config(config: PipelineConfig, dataset: Dataset) -> PipelineConfig:
    """The configuration as it fits the size of the data set."""
    interactions = dataset.interactions
    return config.for_data(n_items=interactions.n_items, n_events=len(interactions))


def _can_validate(dataset: Dataset, config: PipelineConfig) -> bool:
    try:
        split = leave_one_out(dataset.interactions)
    except DataError:
        return False
    return ranking_task(split, "valid").n_users >= config.min_users


def _select(split: Split, content: np.ndarray, job: _Job) -> TrainedParts:
    """Fit on the training part; choose on the validation part."""
    config, progress = job.config, job.progress
    task = validation_task(split, config, job.options)
    progress("transitions", 0, 1)
    transitions, chosen = choose_transitions(split, task, config)
    progress("transitions", 1, 1)
    if task.n_users < config.min_users:
        return TrainedParts(transitions=transitions, choices=Choices(transitions=chosen))
    two_tower, two_tower_epochs = _two_tower(
        split.train, content, job, validate=lambda model: mean_metrics(task, model)["recall@100"]
    )
    sasrec, sasrec_epochs = _sasrec(
        split.train, job, validate=lambda model: mean_metrics(task, model)["ndcg@10"]
    )
    progress("blend", 0, 1)
    models: dict[str, HistoryScorer] = {"sasrec": sasrec, "two_tower": two_tower}
    ease = None
    if split.train.n_items <= MAX_SERVED_ITEMS:
        ease = models["ease"] = choose_ease(split, task, config)
    parts = TrainedParts(
        transitions=transitions,
        choices=Choices(
            transitions=chosen,
            weights=choose_blend(task, transitions, models),
            ease_regularisation=0.0 if ease is None else ease.regularisation,
            ease_history_power=0.0 if ease is None else ease.history_power,
            sasrec_epochs=sasrec_epochs,
            two_tower_epochs=two_tower_epochs,
        ),
        sasrec=sasrec,
        two_tower=two_tower,
        ease=ease,
    )
    measured = {"transitions": transitions, **models, "pipeline": parts.pipeline}
    validation = {name: mean_metrics(task, model) for name, model in measured.items()}
    progress("blend", 1, 1)
    return parts.with_validation(validation)


def _refit(dataset: Dataset, content: np.ndarray, choices: Choices, job: _Job) -> TrainedParts:
    """Fit on everything with the choices made before."""
    interactions = dataset.interactions
    transitions = Transitions.fit(interactions, choices.transitions)
    if not choices.sasrec_epochs:
        return TrainedParts(transitions=transitions, choices=choices)
    told = replace(
        job, progress=lambda stage, done, total: job.progress(f"{stage}, all data", done, total)
    )
    two_tower, _ = _two_tower(interactions, content, told, stop_after=choices.two_tower_epochs)
    sasrec, _ = _sasrec(interactions, told, stop_after=choices.sasrec_epochs)
    ease = None
    if choices.ease_regularisation:
        ease = Ease.fit(
            interactions,
            regularisation=choices.ease_regularisation,
            history_power=choices.ease_history_power,
        )
    return TrainedParts(
        transitions=transitions, choices=choices, sasrec=sasrec, two_tower=two_tower, ease=ease
    )


def _two_tower(
    interactions: Interactions,
    content: np.ndarray,
    job: _Job,
    *,
    validate: Callable[[TwoTowerRetriever], float] | None = None,
    stop_after: int | None = None,
) -> tuple[TwoTowerRetriever, int]:
    """The retriever and its number of epochs; torch is imported here."""
    from .two_tower.train import train_two_tower

    trained = train_two_tower(
        interactions,
        content,
        job.config.two_tower,
        validate=validate,
        stop_after=stop_after,
        checkpoints=job.checkpoints("two-tower"),
        options=job.options,
        progress=job.progress,
    )
    return trained.retriever, trained.epochs


def _sasrec(
    interactions: Interactions,
    job: _Job,
    *,
    validate: Callable[[SasrecScorer], float] | None = None,
    stop_after: int | None = None,
) -> tuple[SasrecScorer, int]:
    """The ranker and its number of epochs; torch is imported here."""
    from .sasrec.train import train_sasrec

    trained = train_sasrec(
        interactions,
        job.config.sasrec,
        validate=validate,
        stop_after=stop_after,
        checkpoints=job.checkpoints("sasrec"),
        options=job.options,
        progress=job.progress,
    )
    return trained.scorer, trained.epochs
