"""One run of `rapport eval rewriter`: read, audit, rewrite, search, tabulate."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from agents.evaluation.crs import check_ids, read_examples
from agents.rewriting.environment import Retriever
from agents.rewriting.leaks import was_trained_on
from agents.rewriting.measuring import Key, TaskScore, rewrite_table, score_queries
from agents.rewriting.policies import ModelPolicy
from agents.rewriting.tasks import RewriteTask, tasks_from_dialogues
from rec_core import DataError, Progress, RunOptions

from .rewriter_parts import RewriterParts
from .rewriter_report import RewriterReport
from .rewriter_rows import TUNED, ChosenRows, make_policies

_AT_ONCE = 60


@dataclass(frozen=True, kw_only=True)
class RewriterOptions:
    """What to evaluate and how.

    Attributes:
        examples, catalog: Files.
        rows: Who writes.
        retrievers: Who answers.
        limit: How many examples to score, drawn at random from those that may be; None for all.
        seed: Of the sample and the resampling.
        include_trained: Keep what the adapters were trained on.
        cache_folder: Keeps sentence vectors of items, and rewrites, between runs.
    """

    examples: tuple[Path, ...]
    catalog: Path
    rows: ChosenRows
    retrievers: tuple[Retriever, ...]
    limit: int | None
    seed: int
    include_trained: bool
    cache_folder: Path


def run_rewriter(options: RewriterOptions, progress: Progress) -> RewriterReport:
    """Let every row write a query for every example, and judge what each retriever then finds.

    Raises:
        DataError, DamagedFileError: Files that cannot be used; nothing left to score.
        ArtifactError: An adapter does not say what it was trained on.
    """
    run = RunOptions(seed=options.seed)
    found = read_examples(options.examples)
    marks = frozenset() if options.include_trained else options.rows.marks()
    tasks = tasks_from_dialogues(found.examples)
    clean = [task for task in tasks if not (marks and was_trained_on(task, marks))]
    if not clean:
        raise DataError(
            f"The adapters were trained on the dialogues of all {len(tasks):,} examples.",
            "Give other examples; --include-trained scores these all the same, which proves nothing.",
        )
    parts = RewriterParts(options.catalog, options.cache_folder, progress)
    unknown = check_ids(found.examples, parts.catalog)
    sample = _sample(clean, options.limit, run.generator("rewriter sample"))
    queries, failed, writing = _written(options, parts, sample, progress)
    scores, searching = _scored(options, parts, sample, queries, progress)
    return RewriterReport(
        table=rewrite_table(
            sample,
            scores,
            generator=run.generator("rewriter bootstrap"),
            compared=_last_tuned(scores),
        ),
        tasks=sample,
        queries=queries,
        scores=scores,
        seed=options.seed,
        limit=options.limit,
        files=found.files,
        catalog_name=options.catalog.name,
        catalog_hash=parts.catalog.fingerprint,
        n_items=len(parts.catalog),
        n_examples=len(tasks),
        n_left_out=len(tasks) - len(clean),
        include_trained=options.include_trained,
        adapters={row: folder.name for row, folder in options.rows.adapters.items()},
        absent=options.rows.absent,
        failed=failed,
        unknown=unknown,
        writing_seconds=writing,
        search_seconds=searching,
    )


def _last_tuned(scores: Mapping[Key, object]) -> str:
    """The row that all others are compared with: what GRPO made, or what it would start from."""
    return next((row for row in reversed(TUNED) if row in {key[0] for key in scores}), TUNED[-1])


def _sample(
    tasks: Sequence[RewriteTask], count: int | None, generator: np.random.Generator
) -> tuple[RewriteTask, ...]:
    if count is None or count >= len(tasks):
        return tuple(tasks)
    chosen = np.sort(generator.choice(len(tasks), count, replace=False))
    return tuple(tasks[place] for place in chosen)


def _written(
    options: RewriterOptions,
    parts: RewriterParts,
    tasks: Sequence[RewriteTask],
    progress: Progress,
) -> tuple[dict[str, tuple[str, ...]], dict[str, int], dict[str, float]]:
    """Queries, answers that were no rewrite, and seconds, all by row."""
    queries: dict[str, tuple[str, ...]] = {}
    failed: dict[str, int] = {}
    seconds: dict[str, float] = {}
    policies = make_policies(options.rows, parts, options.cache_folder, progress)
    for row, policy in policies.items():
        started = time.monotonic()
        queries[row] = policy.rewrite(tasks)
        seconds[row] = time.monotonic() - started
        if isinstance(policy, ModelPolicy):
            failed[row] = policy.failed
    return queries, failed, seconds


def _scored(
    options: RewriterOptions,
    parts: RewriterParts,
    tasks: Sequence[RewriteTask],
    queries: Mapping[str, Sequence[str]],
    progress: Progress,
) -> tuple[dict[Key, tuple[TaskScore, ...]], dict[Retriever, float]]:
    """Scores by row and retriever, and seconds of a thousand searches by retriever."""
    scores: dict[Key, tuple[TaskScore, ...]] = {}
    seconds: dict[Retriever, float] = {}
    for retriever in options.retrievers:
        environment = parts.environment(retriever)
        started = time.monotonic()
        total, done = len(queries) * len(tasks), 0
        for row, texts in queries.items():
            of: list[TaskScore] = []
            for start in range(0, len(tasks), _AT_ONCE):
                some = slice(start, start + _AT_ONCE)
                of += score_queries(environment, tasks[some], texts[some])
                done += len(tasks[some])
                progress(f"searching: {retriever}", done, total)
            scores[row, retriever] = tuple(of)
        seconds[retriever] = (time.monotonic() - started) * 1000 / max(1, total)
    return scores, seconds
