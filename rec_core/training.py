"""From a data set to artifacts: first models that never saw the test part, then the one that serves.

Two folders lie side by side. `<name>-evaluation` has models fitted on the training part, and every
choice (transitions, epochs, blend) made on the validation part; `evaluate_dataset` opens the test
part with these. `<name>` has models fitted on all interactions with the same choices, the text
index and the data: it is what `Recommender.load` opens. A folder that is there and was made from
the same data, configuration and seed is not made again.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from .artifacts import Artifact, ArtifactWriter, read_artifact
from .baselines.ease import MAX_ITEMS, MAX_SERVED_ITEMS, Ease
from .baselines.neighbours import Neighbours
from .baselines.popularity import Popularity
from .baselines.transitions import Transitions
from .catalog import Catalog
from .datasets import Dataset
from .errors import ArtifactError, DataError
from .evaluation import EvaluationReport, Scorer, evaluate, ranking_task
from .interactions import Interactions
from .model_files import SEARCH_FOLDER, TrainedParts, read_parts, write_parts
from .pipeline import HistoryScorer
from .runtime import DEFAULT_RUN, Progress, RunOptions, no_progress
from .search import SearchEngine, TextEncoder
from .selection import (
    DEFAULT_PIPELINE,
    Choices,
    PipelineConfig,
    choose_blend,
    choose_ease,
    choose_transitions,
    mean_metrics,
    validation_task,
)
from .splits import Split, global_time, leave_one_out
from .text_vectors import RememberedTexts, default_encoder, text_vectors

SplitName = Literal["leave-one-out", "global-time"]

_FORMAT = 2


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
        encoder: Makes the text vectors; the default is `default_encoder()`.
        config: What to train.
        options: Seed, device, threads.
        progress: Told of the stages "texts", "transitions", "two-tower", "sasrec", "blend",
            then of the same again on all data, and "index".

    Raises:
        StorageError: when the disk is full or may not be written.
    """
    encoder = RememberedTexts(encoder or default_encoder())
    described = _description(dataset, encoder, config, options)
    ready = _ready(folder, "pipeline", described)
    if ready is not None:
        return ready
    vectors = text_vectors(dataset.catalog, encoder, progress)
    choices = Choices()
    if _can_validate(dataset, config):
        selected = evaluation_parts(
            dataset,
            evaluation_folder(folder, "leave-one-out"),
            encoder=encoder,
            config=config,
            options=options,
            progress=progress,
        )
        choices = selected.choices
    parts = _refit(dataset, vectors, choices, config, options, progress)
    neighbours = Neighbours.fit(dataset.interactions)
    rebuildable = (f"{SEARCH_FOLDER}/chroma",)
    with ArtifactWriter(
        folder, kind="pipeline", config=described, rebuildable=rebuildable
    ) as writer:
        write_parts(writer, parts)
        writer.add_tensors("neighbours", neighbours.tensors())
        dataset.catalog.save(writer.path("catalog.parquet"))
        dataset.interactions.save(writer.path("interactions.parquet"))
        search_folder = writer.path(SEARCH_FOLDER)
        SearchEngine.build(
            dataset.catalog, encoder, search_folder, partial(progress, "Search index")
        )
        writer.add_metrics({"validation": choices.validation})
    return read_artifact(folder, kind="pipeline")


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
    described = {**_description(dataset, encoder, config, options), "split": split_name}
    ready = _ready(folder, "evaluation", described)
    if ready is not None:
        return read_parts(ready)
    split = split_of(dataset.interactions, split_name)
    vectors = text_vectors(dataset.catalog, encoder, progress)
    parts = _select(split, dataset.catalog, vectors, config, options, progress)
    with ArtifactWriter(folder, kind="evaluation", config=described) as writer:
        write_parts(writer, parts)
        writer.add_metrics({"validation": parts.choices.validation})
    return parts


def evaluate_dataset(
    dataset: Dataset,
    folder: Path,
    *,
    encoder: TextEncoder | None = None,
    config: PipelineConfig = DEFAULT_PIPELINE,
    split_name: SplitName = "leave-one-out",
    options: RunOptions = DEFAULT_RUN,
    progress: Progress = no_progress,
) -> EvaluationReport:
    """The table of one data set: every baseline, every model, the whole pipeline, on the test part.

    Args:
        dataset: What to evaluate on.
        folder: The serving artifact's folder; evaluation models are kept beside it.
        encoder: Makes the text vectors; the default is `default_encoder()`.
        config: What to train.
        split_name: How train, validation and test are cut.
        options: Seed, device, threads.
        progress: Told of every stage.

    Raises:
        DataError: when there are too few interactions to hold any out.
    """
    split = split_of(dataset.interactions, split_name)
    if not ranking_task(split, "valid").n_users or not ranking_task(split, "test").n_users:
        raise DataError(
            f"The data set {dataset.name!r} has no user with enough interactions to hold some out.",
            "Import more interactions, or choose another data set with --data.",
        )
    parts = evaluation_parts(
        dataset,
        evaluation_folder(folder, split_name),
        encoder=encoder or default_encoder(),
        config=config,
        split_name=split_name,
        options=options,
        progress=progress,
    )
    scorers: dict[str, Scorer] = {"popularity": Popularity.fit(split.train)}
    if parts.ease is not None:
        scorers["ease"] = parts.ease
    elif dataset.interactions.n_items <= MAX_ITEMS:
        scorers["ease"] = choose_ease(split, validation_task(split, config, options), config)
    scorers["transitions"] = parts.transitions
    if parts.two_tower is not None and parts.sasrec is not None:
        scorers |= {"two_tower": parts.two_tower, "sasrec": parts.sasrec}
    scorers["pipeline"] = parts.pipeline
    return evaluate(split, scorers, dataset=dataset.name, options=options, progress=progress)


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


def _ready(folder: Path, kind: str, described: Mapping[str, object]) -> Artifact | None:
    """The finished artifact of the same description, if there is one."""
    try:
        artifact = read_artifact(folder, kind=kind)
    except ArtifactError:
        return None
    return artifact if artifact.config == dict(described) else None


def _can_validate(dataset: Dataset, config: PipelineConfig) -> bool:
    try:
        split = leave_one_out(dataset.interactions)
    except DataError:
        return False
    return ranking_task(split, "valid").n_users >= config.min_users


def _select(
    split: Split,
    catalog: Catalog,
    vectors: np.ndarray,
    config: PipelineConfig,
    options: RunOptions,
    progress: Progress,
) -> TrainedParts:
    """Fit on the training part; choose on the validation part."""
    from .sasrec.train import train_sasrec
    from .two_tower.train import item_content, train_two_tower

    task = validation_task(split, config, options)
    progress("transitions", 0, 1)
    transitions, chosen = choose_transitions(split, task, config)
    progress("transitions", 1, 1)
    if task.n_users < config.min_users:
        return TrainedParts(transitions=transitions, choices=Choices(transitions=chosen))
    two_tower = train_two_tower(
        split.train,
        item_content(vectors, catalog.genre_matrix),
        config.two_tower,
        validate=lambda model: mean_metrics(task, model)["recall@100"],
        options=options,
        progress=progress,
    )
    sasrec = train_sasrec(
        split.train,
        config.sasrec,
        validate=lambda model: mean_metrics(task, model)["ndcg@10"],
        options=options,
        progress=progress,
    )
    progress("blend", 0, 1)
    models: dict[str, HistoryScorer] = {
        "sasrec": sasrec.scorer,
        "two_tower": two_tower.retriever,
    }
    ease = None
    if split.train.n_items <= MAX_SERVED_ITEMS:
        ease = models["ease"] = choose_ease(split, task, config)
    weights = choose_blend(task, transitions, models)
    parts = TrainedParts(
        transitions=transitions,
        choices=Choices(
            transitions=chosen,
            weights=weights,
            ease_regularisation=0.0 if ease is None else ease.regularisation,
            ease_history_power=0.0 if ease is None else ease.history_power,
            sasrec_epochs=sasrec.epochs,
            two_tower_epochs=two_tower.epochs,
        ),
        sasrec=sasrec.scorer,
        two_tower=two_tower.retriever,
        ease=ease,
    )
    measured = {"transitions": transitions, **models, "pipeline": parts.pipeline}
    validation = {name: mean_metrics(task, model) for name, model in measured.items()}
    progress("blend", 1, 1)
    return parts.with_validation(validation)


def _refit(
    dataset: Dataset,
    vectors: np.ndarray,
    choices: Choices,
    config: PipelineConfig,
    options: RunOptions,
    progress: Progress,
) -> TrainedParts:
    """Fit on everything with the choices made before."""
    transitions = Transitions.fit(dataset.interactions, choices.transitions)
    if not choices.sasrec_epochs:
        return TrainedParts(transitions=transitions, choices=choices)
    from .sasrec.train import train_sasrec
    from .two_tower.train import item_content, train_two_tower

    two_tower = train_two_tower(
        dataset.interactions,
        item_content(vectors, dataset.catalog.genre_matrix),
        config.two_tower,
        stop_after=choices.two_tower_epochs,
        options=options,
        progress=lambda stage, done, total: progress(f"{stage}, all data", done, total),
    )
    sasrec = train_sasrec(
        dataset.interactions,
        config.sasrec,
        stop_after=choices.sasrec_epochs,
        options=options,
        progress=lambda stage, done, total: progress(f"{stage}, all data", done, total),
    )
    ease = None
    if choices.ease_regularisation:
        ease = Ease.fit(
            dataset.interactions,
            regularisation=choices.ease_regularisation,
            history_power=choices.ease_history_power,
        )
    return TrainedParts(
        transitions=transitions,
        choices=choices,
        sasrec=sasrec.scorer,
        two_tower=two_tower.retriever,
        ease=ease,
    )
