"""The report of `rapport eval rewriter`: one JSON object, the same as markdown, every query on its own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from agents.evaluation.crs import UnknownIds
from agents.evaluation.crs.examples import ExampleFile
from agents.rewriting.environment import Retriever
from agents.rewriting.measuring import (
    MEASURES,
    Key,
    Measure,
    Range,
    RewriteRow,
    RewriteTable,
    TaskScore,
)
from agents.rewriting.tasks import RewriteTask
from rec_core import atomic_file

FILES = ("results.json", "report.md", "per_task.jsonl")
BOUND = "oracle"
DEFINITIONS = {
    "ndcg@100": "mean over examples; binary gains, ideal list of the example's distinct targets",
    "r@10": "targets in the first ten places over all targets, pooled over examples",
    "ranking": "the whole catalog, items mentioned in the context taken out; unknown targets are misses",
    "ci": "95 % percentile bootstrap over dialogues, all rows on the same resamples",
    "p": "two-sided, twice the smaller share of resampled differences on one side of zero",
    "oracle": "reads the targets' genres, tags, people and years: an upper bound, no policy",
    "untuned": "the whole query is the model's; where its answer is none, the last message stands",
    "sft, grpo": "what the model adds, then the rule's query, which stands alone where it adds nothing",
}
_DIGITS = 5


@dataclass(frozen=True, kw_only=True)
class RewriterReport:
    """Everything that a run found out, and all that is needed to do it again.

    Attributes:
        table: The figures.
        tasks, queries, scores: What was judged, what each row wrote, how each ranking did.
        seed: Of sample and resampling.
        limit: How many examples were asked for; None for all.
        files, catalog_name, catalog_hash, n_items: What was read.
        n_examples: In the files.
        n_left_out: Of these, those that an adapter was trained on.
        include_trained: Whether these were kept.
        adapters: Row → name of the adapter's folder.
        absent: Sentences about rows that cannot be had.
        failed: Row → answers that were no rewrite.
        unknown: Ids that the catalog lacks.
        writing_seconds: Row → seconds in which it wrote; kept rewrites take none.
        search_seconds: Retriever → seconds of a thousand searches, judged.
    """

    table: RewriteTable
    tasks: Sequence[RewriteTask]
    queries: Mapping[str, Sequence[str]]
    scores: Mapping[Key, Sequence[TaskScore]]
    seed: int
    limit: int | None
    files: tuple[ExampleFile, ...]
    catalog_name: str
    catalog_hash: str
    n_items: int
    n_examples: int
    n_left_out: int
    include_trained: bool
    adapters: Mapping[str, str]
    absent: tuple[str, ...]
    failed: Mapping[str, int]
    unknown: UnknownIds
    writing_seconds: Mapping[str, float]
    search_seconds: Mapping[Retriever, float]

    @property
    def leak_sentence(self) -> str:
        """What was done so that no adapter is judged by what it was trained on."""
        if not self.adapters:
            return "No adapter takes part; nothing was left out."
        if self.include_trained:
            return "Examples that the adapters were trained on were kept: tuned rows prove nothing."
        return (
            f"{self.n_left_out:,} of {self.n_examples:,} examples are of dialogues that an adapter "
            "was trained on (by name or by what was said); they were left out."
        )

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values; figures rounded to five digits."""
        return {
            "rows": [self._row(row) for row in self.table.rows],
            "differences": [
                {
                    "row": one.row,
                    "minus": one.minus,
                    "retriever": one.retriever,
                    **_rounded(one.values),
                    "ci": _ranges(one.ci),
                    "p": _rounded(one.p),
                }
                for one in self.table.differences
            ],
            "seed": self.seed,
            "limit": self.limit,
            "examples": [asdict(file) for file in self.files],
            "catalog": {
                "name": self.catalog_name,
                "fingerprint": self.catalog_hash,
                "n_items": self.n_items,
            },
            "audit": {
                "n_examples": self.n_examples,
                "n_left_out": self.n_left_out,
                "include_trained": self.include_trained,
                "note": self.leak_sentence,
            },
            "adapters": dict(self.adapters),
            "absent": list(self.absent),
            "unknown_ids": asdict(self.unknown),
            "seconds_writing": {row: round(s, 2) for row, s in self.writing_seconds.items()},
            "seconds_per_1000_searches": {r: round(s, 2) for r, s in self.search_seconds.items()},
            "definitions": DEFINITIONS,
        }

    def as_markdown(self) -> str:
        """The table, the differences, and what one must know to read them."""
        lines = [
            "# Rewriters",
            "",
            f"{len(self.tasks):,} examples, {self.n_items:,} items, seed {self.seed}. "
            f"{self.leak_sentence} {' '.join(self.absent)}".rstrip(),
            "",
            "| retriever | row | NDCG@100 (95 %) | R@10 (95 %) |",
            "|---|---|---|---|",
        ]
        lines += [
            f"| {row.retriever} | {row.row} | {cell(row, 'ndcg@100')} | {cell(row, 'r@10')} |"
            for row in self.table.rows
        ]
        if self.table.differences:
            lines += ["", "| retriever | difference | NDCG@100 (95 %) | p |", "|---|---|---|---|"]
            lines += [
                f"| {one.retriever} | {one.row} − {one.minus} | {one.values['ndcg@100']:+.4f} "
                f"({one.ci['ndcg@100'][0]:+.4f} to {one.ci['ndcg@100'][1]:+.4f}) | "
                f"{one.p['ndcg@100']:.4f} |"
                for one in self.table.differences
            ]
        lines += ["", *(f"* {name}: {text}" for name, text in DEFINITIONS.items()), ""]
        return "\n".join(lines)

    def write(self, folder: Path) -> None:
        """Write results.json, report.md and per_task.jsonl into a folder. Raises StorageError."""
        folder.mkdir(parents=True, exist_ok=True)
        contents = (
            json.dumps(self.as_json(), ensure_ascii=False, indent=1),
            self.as_markdown(),
            "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in self._tasks()),
        )
        for name, content in zip(FILES, contents, strict=True):
            with atomic_file(folder / name) as temporary:
                temporary.write_text(content, encoding="utf-8")

    def _row(self, row: RewriteRow) -> dict[str, Any]:
        failed = {"failed": self.failed[row.row]} if row.row in self.failed else {}
        return {
            "row": row.row,
            "retriever": row.retriever,
            **_rounded(row.values),
            "n": row.n,
            "ci": _ranges(row.ci),
            "n_groups": row.n_groups,
            "is_bound": row.row == BOUND,
            **failed,
        }

    def _tasks(self) -> list[dict[str, Any]]:
        return [
            {
                "id": task.task_id,
                "group": task.group_id,
                "source": task.source,
                "targets": task.targets,
                "queries": {row: texts[place] for row, texts in self.queries.items()},
                "ndcg@100": {
                    f"{row}/{retriever}": round(scores[place].ndcg, _DIGITS)
                    for (row, retriever), scores in self.scores.items()
                },
            }
            for place, task in enumerate(self.tasks)
        ]


def cell(row: RewriteRow, measure: Measure) -> str:
    """A value with its interval."""
    low, high = row.ci[measure]
    return f"{row.values[measure]:.4f} ({low:.4f}–{high:.4f})"


def _rounded(values: Mapping[Measure, float]) -> dict[str, float]:
    return {name: round(values[name], _DIGITS) for name in MEASURES}


def _ranges(values: Mapping[Measure, Range]) -> dict[str, list[float]]:
    return {name: [round(end, _DIGITS) for end in values[name]] for name in MEASURES}
