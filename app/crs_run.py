"""One run of `rapport eval crs`: read, audit, score, tabulate."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agents.evaluation.crs import (
    SHIPPED,
    Assignment,
    CrsExample,
    CrsReport,
    ExampleSet,
    LeakAudit,
    assign_folds,
    build_table,
    check_ids,
    read_examples,
    score_all,
)
from rec_core import DataError, RunOptions

from .crs_parts import CatalogParts, read_catalog
from .crs_rows import DialogueRows, shipped_ranker
from .progress import Progress

_WORK = "work"


@dataclass(frozen=True, kw_only=True)
class CrsOptions:
    """What to evaluate and how.

    Attributes:
        examples, catalog: Files.
        train: Files of further examples; with any, all models are fitted anew, on these and on
            the other folds.
        out: Folder of the results; what is kept for the next run lies in its sub-folder "work".
        rows: Which rows.
        limit: How many examples to score, drawn at random; None for all.
        seed: Of the sample, the folds, fitting and resampling.
        folds: Into how many parts the dialogues are cut that the shipped model was trained on;
            0 leaves their examples out.
        workers: Processes.
        cache_folder: Keeps sentence vectors of items between runs.
    """

    examples: tuple[Path, ...]
    catalog: Path
    train: tuple[Path, ...]
    out: Path
    rows: tuple[str, ...]
    limit: int | None
    seed: int
    folds: int
    workers: int
    cache_folder: Path


def run_crs(options: CrsOptions, progress: Progress) -> CrsReport:
    """Score the examples with every row and put the report together; nothing but results is written.

    Raises:
        DataError, DamagedFileError: Files that cannot be used; nothing left to score.
    """
    run = RunOptions(seed=options.seed)
    found = read_examples(options.examples)
    extra = read_examples(options.train).examples
    progress("catalog", 0, 1)
    catalog, popularity = read_catalog(options.catalog)
    unknown = check_ids(found.examples, catalog)
    parts = CatalogParts(options.out / _WORK, options.cache_folder)
    parts.keep(catalog, popularity)
    progress("catalog", 1, 1)
    parts.learn(progress)
    assignment = assign_folds(
        found.examples,
        shipped_ranker(parts),
        n_folds=options.folds,
        generator=run.generator("crs folds"),
        all_anew=bool(extra),
    )
    source = DialogueRows(parts, (*found.examples, *extra), assignment, options.seed)
    scored = _scored(found, assignment, options, run)
    scores = score_all(
        source,
        scored,
        lambda example: assignment.fold_of[example.example_id],
        rows=options.rows,
        folder=options.out,
        workers=options.workers,
        progress=progress,
    )
    return CrsReport(
        table=build_table(scored, scores, generator=run.generator("crs bootstrap")),
        seed=options.seed,
        limit=options.limit,
        files=found.files,
        catalog_name=options.catalog.name,
        catalog_hash=catalog.fingerprint,
        n_items=len(catalog),
        models=_models(source, scored, assignment, options.rows),
        audit=_audit(assignment, scored, n_extra=len(extra)),
        unknown=unknown,
        machine=f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}",
    )


def _scored(
    found: ExampleSet, assignment: Assignment, options: CrsOptions, run: RunOptions
) -> tuple[CrsExample, ...]:
    """The examples that may be scored, or a sample of them."""
    sample = found.sample(options.limit, run.generator("crs sample"))
    scored = tuple(e for e in sample if e.example_id in assignment.fold_of)
    if not scored:
        raise DataError(
            "The shipped model was trained on all of these dialogues, and no folds are wanted.",
            "Leave --folds at 5: the model is then fitted anew without the dialogues it is tested on.",
        )
    return scored


def _models(
    source: DialogueRows,
    scored: Sequence[CrsExample],
    assignment: Assignment,
    rows: Sequence[str],
) -> dict[str, tuple[str, ...]]:
    folds = sorted({assignment.fold_of[example.example_id] for example in scored})
    return {row: tuple(source.fingerprint(row, fold) for fold in folds) for row in rows}


def _audit(assignment: Assignment, scored: Sequence[CrsExample], *, n_extra: int) -> LeakAudit:
    folds = [assignment.fold_of[example.example_id] for example in scored]
    return LeakAudit(
        n_trained_on=assignment.n_trained_on,
        n_cross_validated=sum(fold != SHIPPED for fold in folds),
        n_left_out=len(assignment.left_out),
        n_folds=assignment.n_folds,
        n_extra=n_extra,
    )
