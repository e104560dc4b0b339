"""The report of a run: JSON, markdown, JUnit and a page with the failures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from rec_core import atomic_file

from .keys import KeyedTask
from .page import page
from .running import Trials
from .table import KS, TaskRow
from .trial import TrialResult

DEFINITIONS = {
    "passed": "constraints times policies: the person took an item that satisfies all constraints (or, where "
    "none does, was told so), and no answer broke a rule",
    "pass^k": "chance that k trials of a task all pass: C(passed, k) / C(trials, k), mean over tasks",
    "ci": "95 % percentile bootstrap over tasks",
    "met, clean": "share of trials that ended as they should; that broke no rule",
    "strict": "pass^1 when rules of a foreign benchmark count that an agent without its tools cannot keep",
    "forced": "wishes a trial that came out although nobody asked",
    "oracle, fool, refuser": "scripted agents: one knows the answers, one shows items at random, one "
    "always says that there is nothing",
}
_DIGITS = 5


@dataclass(frozen=True, kw_only=True)
class SuiteFile:
    """A suite as it was read."""

    name: str
    sha256: str
    n_tasks: int
    about: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TasksReport:
    """Everything that a run found out, and all that is needed to do it again.

    Attributes:
        rows: The figures.
        tasks, trials: What was held.
        seed, limit: Of the run.
        suites: Files.
        catalog_name, catalog_hash, n_items: What was recommended from.
        agents: Row → fingerprint.
        machine: For the seconds.
    """

    rows: tuple[TaskRow, ...]
    tasks: tuple[KeyedTask, ...]
    trials: Trials
    seed: int
    limit: int | None
    suites: tuple[SuiteFile, ...]
    catalog_name: str
    catalog_hash: str
    n_items: int
    agents: Mapping[str, str]
    machine: str
    scripted: tuple[str, ...] = field(default=())

    @property
    def failures(self) -> tuple[tuple[str, KeyedTask, TrialResult], ...]:
        """(row, task, trial) of every trial that failed, scripted agents left out."""
        return tuple(
            (row, one, trial)
            for row, of in self.trials.items()
            if row not in self.scripted
            for one in self.tasks
            for trial in of[one.suite, one.task.id]
            if not trial.passed
        )

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values; figures rounded to five digits."""
        return {
            "rows": [_row_json(row) for row in self.rows],
            "failures": [
                {"row": row, "suite": one.suite, "task": one.task.id, "trial": trial.trial}
                | {"kind": one.task.kind, "reason": trial.reason}
                for row, one, trial in self.failures
            ],
            "seed": self.seed,
            "limit": self.limit,
            "suites": [
                {"name": s.name, "sha256": s.sha256, "n_tasks": s.n_tasks, "about": s.about}
                | {"notes": list(s.notes)}
                for s in self.suites
            ],
            "catalog": {
                "name": self.catalog_name,
                "fingerprint": self.catalog_hash,
                "n_items": self.n_items,
            },
            "agents": dict(self.agents),
            "definitions": DEFINITIONS,
            "machine": self.machine,
        }

    def as_markdown(self) -> str:
        """Tables of all suites and what one must know to read them."""
        blocks = ["# Scripted tasks", "\n".join(f"* {fact}" for fact in self.facts())]
        for suite in dict.fromkeys(row.suite for row in self.rows):
            rows = [row for row in self.rows if row.suite == suite]
            blocks.append(f"## {suite}: {rows[0].n_tasks} tasks, {rows[0].trials} trials each")
            blocks.append(_markdown(rows))
            blocks.append(_parts_markdown(rows))
        return "\n\n".join(blocks) + "\n"

    def facts(self) -> list[str]:
        """What the figures stand on, in lines."""
        limit = f"; a sample of {self.limit:,} tasks of each" if self.limit else ""
        return [
            *(
                f"Suite: {s.name} ({s.n_tasks} tasks, {s.sha256[:12]}){limit}. {s.about}"
                for s in self.suites
            ),
            *(note for s in self.suites for note in s.notes),
            f"Catalog: {self.catalog_name}, {self.n_items:,} items, {self.catalog_hash[:12]}",
            f"Seed: {self.seed}",
            *(f"{name}: {text}" for name, text in DEFINITIONS.items()),
            f"Machine: {self.machine}",
        ]

    def write(self, folder: Path) -> None:
        """Write results.json, report.md and report.html, each whole or not at all."""
        text = json.dumps(self.as_json(), ensure_ascii=False, indent=1)
        write_text(folder / "results.json", f"{text}\n")
        write_text(folder / "report.md", self.as_markdown())
        write_text(folder / "report.html", page(self.rows, self.failures, self.facts()))

    def as_junit(self) -> str:
        """A test suite a row, a test a task; a task fails when any of its trials did."""
        root = ElementTree.Element("testsuites", name="rapport eval tasks")
        for row, of in self.trials.items():
            if row in self.scripted:
                continue
            cases = [(one, of[one.suite, one.task.id]) for one in self.tasks]
            failed = [one for one, some in cases if not all(t.passed for t in some)]
            counts = {"name": row, "tests": str(len(cases)), "failures": str(len(failed))}
            suite = ElementTree.SubElement(root, "testsuite", counts)
            for one, some in cases:
                seconds = f"{sum(trial.seconds for trial in some):.3f}"
                case = ElementTree.SubElement(
                    suite,
                    "testcase",
                    classname=f"{row}.{one.suite}",
                    name=one.task.id,
                    time=seconds,
                )
                bad = [trial for trial in some if not trial.passed]
                if bad:
                    message = f"{len(bad)} of {len(some)} trials failed: {_plain(bad[0].reason)}"
                    fault = ElementTree.SubElement(case, "failure", message=message)
                    fault.text = _plain("\n".join(transcript_lines(bad[0])))
        return ElementTree.tostring(root, encoding="unicode", xml_declaration=True)


def transcript_lines(trial: TrialResult) -> list[str]:
    """A conversation as lines of text."""
    lines = []
    for one in trial.transcript:
        lines += [f"> {one.said}", f"  {one.text}"]
        lines += [f"  [{'; '.join(one.items)}]"] if one.items else []
        lines += [f"  ({notice})" for notice in one.notices]
    return lines


def write_text(path: Path, text: str) -> None:
    """Write a file, whole or not at all."""
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _plain(text: str) -> str:
    """Without the control characters that XML cannot hold."""
    return "".join(sign for sign in text if sign.isprintable() or sign in "\n\t")


def _row_json(row: TaskRow) -> dict[str, Any]:
    return {
        "row": row.row,
        "suite": row.suite,
        "n_tasks": row.n_tasks,
        "trials": row.trials,
        **{f"pass^{k}": _rounded(row.passes[k]) for k in KS},
        "ci": {f"pass^{k}": _range(row.ci[k]) for k in KS},
        "constraints_met": _rounded(row.met),
        "policies_kept": _rounded(row.clean),
        "strict_pass^1": _rounded(row.strict),
        "forced_reveals": _rounded(row.forced),
        "messages_per_trial": _rounded(row.messages),
        "model_calls": _rounded(row.model_calls),
        "tokens": _rounded(row.tokens),
        "seconds_per_trial": _rounded(row.seconds),
        "broken_policies": {name: _rounded(share) for name, share in row.faults.items()},
        "by": {
            name: {
                value: {"n_tasks": count, "pass^1": _rounded(share)}
                for value, (count, share) in values.items()
            }
            for name, values in row.parts.items()
        },
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)


def _range(ends: tuple[float, float] | None) -> list[float] | None:
    return None if ends is None else [round(end, _DIGITS) for end in ends]


def _markdown(rows: Sequence[TaskRow]) -> str:
    head = ["row", *(f"pass^{k}" for k in KS), "met", "clean", "messages", "calls", "tokens", "s"]
    lines = [
        [
            row.row,
            *(with_interval(row, k) for k in KS),
            *(f"{value:.3f}" for value in (row.met, row.clean)),
            *(f"{value:,.1f}" for value in (row.messages, row.model_calls, row.tokens)),
            f"{row.seconds:.2f}",
        ]
        for row in rows
    ]
    return _table(head, lines)


def with_interval(row: TaskRow, k: int) -> str:
    """pass^k with its interval; a dash when there were too few trials."""
    value, ends = row.passes[k], row.ci[k]
    if value is None or ends is None:
        return "–"
    return f"{value:.3f} ({ends[0]:.3f}–{ends[1]:.3f})"


def _parts_markdown(rows: Sequence[TaskRow]) -> str:
    first = rows[0]
    lines = [
        [
            f"{name}: {value} ({count})",
            *(f"{row.parts[name][value][1]:.3f}" for row in rows),
        ]
        for name, values in first.parts.items()
        for value, (count, _) in values.items()
    ]
    lines += [
        [f"broken: {policy}", *(f"{row.faults[policy]:.3f}" for row in rows)]
        for policy in first.faults
    ]
    return _table(["pass^1 by (tasks)", *(row.row for row in rows)], lines)


def _table(columns: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    head = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    return "\n".join([*head, *("| " + " | ".join(line) + " |" for line in lines)])
