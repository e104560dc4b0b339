"""The table of one data set: models of one or several seeds, and the rows they must beat.

Every table has popularity, EASE with a recency weight on the history (where the catalog is small
enough for it), and transitions: a trained model that does not beat these was not worth training.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from .baselines.ease import MAX_ITEMS
from .baselines.popularity import Popularity
from .beyond_accuracy import ItemFeatures
from .catalog import Catalog
from .datasets import Dataset
from .errors import DataError
from .evaluation import EvaluationReport, Scorer, rank_all, ranking_task
from .evaluation_report import build_report
from .model_files import TrainedParts
from .runtime import DEFAULT_RUN, Progress, RunOptions, no_progress
from .search import TextEncoder
from .selection import DEFAULT_PIPELINE, PipelineConfig, choose_ease, validation_task
from .splits import Split
from .text_vectors import RememberedTexts, default_encoder
from .training import SplitName, evaluation_folder, evaluation_parts, fitted_config, split_of


def evaluate_dataset(
    dataset: Dataset,
    folder: Path,
    *,
    encoder: TextEncoder | None = None,
    config: PipelineConfig = DEFAULT_PIPELINE,
    split_name: SplitName = "leave-one-out",
    n_seeds: int = 1,
    options: RunOptions = DEFAULT_RUN,
    progress: Progress = no_progress,
) -> EvaluationReport:
    """Every baseline, every model and the whole pipeline on the test part.

    Models are fitted without the held-out parts and kept, one folder a seed, so that a run that
    was cut off goes on with the seed it had come to.

    Args:
        dataset: What to evaluate on.
        folder: The serving artifact's folder; evaluation models are kept beside it.
        encoder: Makes the text vectors; the default is `default_encoder` of the size.
        config: What to train.
        split_name: How train, validation and test are cut.
        n_seeds: How many trainings: with the seed of `options`, the next one, and so on.
        options: First seed, device, threads.
        progress: Told of every stage; with several seeds the stage says which.

    Raises:
        DataError: when there are too few interactions to hold any out, or `n_seeds` is below 1.
    """
    if n_seeds < 1:
        raise DataError(f"{n_seeds} seeds make no table.", "Ask for at least one.")
    split = split_of(dataset.interactions, split_name)
    task = ranking_task(split, "test")
    if not ranking_task(split, "valid").n_users or not task.n_users:
        raise DataError(
            f"The data set {dataset.name!r} has no user with enough interactions to hold some out.",
            "Import more interactions, or choose another data set with --data.",
        )
    encoder = RememberedTexts(encoder or default_encoder(n_items=len(dataset.catalog)))
    rankings = {}
    for seed in range(options.seed, options.seed + n_seeds):
        told = progress if n_seeds == 1 else partial(_of_seed, progress, seed)
        of_seed = replace(options, seed=seed)
        parts = evaluation_parts(
            dataset,
            seed_folder(folder, split_name, seed=seed, first=options.seed),
            encoder=encoder,
            config=config,
            split_name=split_name,
            options=of_seed,
            progress=told,
        )
        rows = table_rows(split, parts, fitted_config(config, dataset), of_seed)
        rankings[seed] = rank_all(task, rows, told)
    return build_report(
        split,
        task,
        rankings,
        dataset=dataset.name,
        part="test",
        options=options,
        features=genre_features(dataset.catalog),
    )


def table_rows(
    split: Split, parts: TrainedParts, config: PipelineConfig, options: RunOptions
) -> dict[str, Scorer]:
    """Name -> model in the order of the table; what could not be fitted has no row."""
    rows: dict[str, Scorer] = {"popularity": Popularity.fit(split.train)}
    if parts.ease is not None:
        rows["ease"] = parts.ease
    elif split.train.n_items <= MAX_ITEMS:
        rows["ease"] = choose_ease(split, validation_task(split, config, options), config)
    rows["transitions"] = parts.transitions
    if parts.two_tower is not None and parts.sasrec is not None:
        rows |= {"two_tower": parts.two_tower, "sasrec": parts.sasrec}
    return {**rows, "pipeline": parts.pipeline}


def seed_folder(folder: Path, split_name: SplitName, *, seed: int, first: int) -> Path:
    """Where the evaluation models of one seed lie: the first beside the serving ones."""
    base = evaluation_folder(folder, split_name)
    return base if seed == first else base.with_name(f"{base.name}-seed{seed}")


def genre_features(catalog: Catalog) -> ItemFeatures | None:
    """Genres as what lists are varied in; None for a catalog without any."""
    if not catalog.genres:
        return None
    return ItemFeatures(name="genres", vectors=catalog.genre_matrix)


def _of_seed(progress: Progress, seed: int, stage: str, done: int, total: int) -> None:
    progress(f"{stage}, seed {seed}", done, total)
