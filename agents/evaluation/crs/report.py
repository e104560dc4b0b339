"""The report of a run: one JSON object, the same as markdown, and a page with a plot."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rec_core import atomic_file

from .examples import ExampleFile, UnknownIds
from .page import page
from .table import DEFINITIONS, MEASURES, POOLED, Range, Table, TableRow

_SHOWN = ("r@1", "r@5", "r@10", "r@20", "r@50", "ndcg@10", "mrr")
_DIGITS = 5


@dataclass(frozen=True, kw_only=True)
class LeakAudit:
    """What was done so that no model scored a dialogue that it was fitted on.

    Attributes:
        n_trained_on: Examples of the files whose dialogue the shipped model was fitted on.
        n_cross_validated: Scored examples whose model was fitted anew without their dialogue.
        n_left_out: Examples of the files that may not be scored for that reason.
        n_folds: Folds, over dialogues.
        n_extra: Examples of further files that every fold was fitted on.
    """

    n_trained_on: int
    n_cross_validated: int
    n_left_out: int
    n_folds: int
    n_extra: int = 0

    @property
    def sentence(self) -> str:
        """The same in words."""
        said = (
            f"The shipped model was trained on the dialogues of {self.n_trained_on:,} examples"
            if self.n_trained_on
            else "The shipped model was trained on none of these dialogues"
        )
        if self.n_left_out:
            return f"{said}; these were left out."
        if not self.n_folds:
            return f"{said}."
        extra = f", with {self.n_extra:,} examples of other files" if self.n_extra else ""
        return (
            f"{said}; {self.n_cross_validated:,} examples were scored by models fitted anew without "
            f"their dialogues ({self.n_folds} folds over dialogues{extra})."
        )


@dataclass(frozen=True, kw_only=True)
class CrsReport:
    """Everything that a run found out, and all that is needed to do it again.

    Attributes:
        table: The figures.
        seed: Of folds, resampling and the sample of examples.
        limit: How many examples were asked for; None for all.
        files, catalog_name, catalog_hash, n_items: What was read.
        models: Row → fingerprints of the models behind it.
        audit: What was done about leaks.
        unknown: Ids that the catalog lacks.
        machine: Processor and system, for the seconds.
    """

    table: Table
    seed: int
    limit: int | None
    files: tuple[ExampleFile, ...]
    catalog_name: str
    catalog_hash: str
    n_items: int
    models: Mapping[str, Sequence[str]]
    audit: LeakAudit
    unknown: UnknownIds
    machine: str

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values; figures rounded to five digits."""
        return {
            "rows": [_row_json(row) for row in self.table.rows],
            "differences": [
                {
                    "row": one.row,
                    "minus": one.minus,
                    "source": one.source,
                    **_rounded(one.values),
                    "ci": _rounded_ranges(one.ci),
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
            "model": {"name": "rapport", "fingerprint": list(self.models.get("rapport", ()))},
            "models": {row: list(prints) for row, prints in self.models.items()},
            "trained_on": {**asdict(self.audit), "note": self.audit.sentence},
            "unknown_ids": asdict(self.unknown),
            "definitions": DEFINITIONS,
            "machine": self.machine,
        }

    def as_markdown(self) -> str:
        """Tables of all sources and what one must know to read them."""
        blocks = [f"# Conversational recommendation\n\n{self._facts()}"]
        for source in self.table.shown_sources:
            rows = [row for row in self.table.rows if row.source == source]
            blocks.append(f"## {source_title(rows[0])}\n\n{_figures(rows)}")
            differences = self._differences(source)
            if differences:
                blocks.append(differences)
        return "\n\n".join(blocks) + "\n"

    def _differences(self, source: str) -> str:
        found = [one for one in self.table.differences if one.source == source]
        if not found:
            return ""
        columns = ("r@1", "r@10", "r@50", "ndcg@10")
        lines = [
            [
                f"{one.row} − {one.minus}",
                *(
                    f"{one.values[name]:+.4f} ({one.ci[name][0]:+.3f}…{one.ci[name][1]:+.3f})"
                    for name in columns
                ),
            ]
            for one in found
        ]
        return _markdown(["paired difference", *columns], lines)

    def _facts(self) -> str:
        files = ", ".join(f"{f.name} ({f.n_examples:,}, {f.sha256[:12]})" for f in self.files)
        facts = [
            f"Examples: {files}" + (f"; a sample of {self.limit:,}" if self.limit else ""),
            f"Catalog: {self.catalog_name}, {self.n_items:,} items, {self.catalog_hash[:12]}",
            f"Seed: {self.seed}",
            f"Leaks: {self.audit.sentence}",
            f"Targets that the catalog lacks (counted as misses): {self.unknown.targets:,}",
            *(f"{name}: {text}" for name, text in DEFINITIONS.items()),
            f"Machine: {self.machine}",
        ]
        return "\n".join(f"* {fact}" for fact in facts)

    def write(self, folder: Path) -> None:
        """Write results.json, report.md and report.html, each whole or not at all."""
        text = json.dumps(self.as_json(), ensure_ascii=False, indent=1)
        _write(folder / "results.json", f"{text}\n")
        _write(folder / "report.md", self.as_markdown())
        _write(folder / "report.html", page(self.table, self._facts().split("\n")))


def source_title(row: TableRow) -> str:
    """Heading of a source: its name and what stands behind its figures."""
    name = "All sources" if row.source == POOLED else row.source
    return (
        f"{name}: {row.n_examples:,} examples, {row.n_targets:,} targets, "
        f"{row.n_dialogues:,} dialogues"
    )


def _with_interval(row: TableRow, measure: str) -> str:
    low, high = row.ci[measure]
    return f"{row.values[measure]:.4f} ({low:.3f}–{high:.3f})"


def _figures(rows: Sequence[TableRow]) -> str:
    lines = [
        [
            row.row,
            *(_with_interval(row, name) for name in _SHOWN),
            f"{row.seconds_p50:.3f} / {row.seconds_p95:.3f}",
            f"{row.tokens:,.0f}",
        ]
        for row in rows
    ]
    return _markdown(["row", *_SHOWN, "seconds p50 / p95", "tokens"], lines)


def _markdown(columns: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    head = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    return "\n".join([*head, *("| " + " | ".join(line) + " |" for line in lines)])


def _row_json(row: TableRow) -> dict[str, Any]:
    return {
        "row": row.row,
        "source": row.source,
        "n_examples": row.n_examples,
        "n_targets": row.n_targets,
        "n_dialogues": row.n_dialogues,
        **_rounded(row.values),
        "seconds_p50": round(row.seconds_p50, _DIGITS),
        "seconds_p95": round(row.seconds_p95, _DIGITS),
        "tokens": round(row.tokens, 2),
        "ci": _rounded_ranges(row.ci),
    }


def _rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(values[name], _DIGITS) for name in MEASURES}


def _rounded_ranges(ranges: Mapping[str, Range]) -> dict[str, list[float]]:
    return {name: [round(end, _DIGITS) for end in ranges[name]] for name in MEASURES}


def _write(path: Path, text: str) -> None:
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
