"""`rapport eval tasks`: multi-turn tasks whose verdict is computed, and what an agent makes of them."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rec_core import SettingsError

from ..progress import timed_bars
from ..settings import Settings, load_settings

if TYPE_CHECKING:
    from agents.evaluation.tasks import TaskRow, TasksReport

_MOST_PROCESSES = 4
_SPEED_SECONDS = 120.0


def tasks(
    suites: Annotated[
        list[str] | None,
        typer.Argument(
            help="Files of tasks (jsonl or yaml, also τ-Rec's), or names of those that come with "
            "Rapport. Default: those for the data set.",
            show_default=False,
        ),
    ] = None,
    *,
    trials: Annotated[int, typer.Option(min=1, max=64, help="Conversations about a task.")] = 8,
    planners: Annotated[
        list[str] | None,
        typer.Option(
            help="Agents, by commas or repeated: rules, structured (without a server: the built-in "
            "model), embedded, tools, auto. Default: rules.",
            show_default=False,
        ),
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="Data set to recommend from.", show_default=False)
    ] = None,
    catalog: Annotated[
        Path | None,
        typer.Option(
            help="A catalog file instead, also τ-Rec's; nothing is trained on it.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same people.")] = 0,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Tasks of each suite, drawn at random.")
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="Default: one a core, at most 4.", show_default=False),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the results; run again, it goes on where it was. Default: evals/tasks "
            "in Rapport's home.",
            show_default=False,
        ),
    ] = None,
    junit: Annotated[Path | None, typer.Option(help="Also write JUnit XML here, for CI.")] = None,
    rekey: Annotated[
        bool, typer.Option(help="Take this catalog's answers where the stored ones do not fit.")
    ] = False,
    generate: Annotated[
        Path | None,
        typer.Option(help="Make a suite on the catalog and write it here, instead of running one."),
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="Tasks to make with --generate.")] = 140,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object with everything.")
    ] = False,
) -> None:
    """Do scripted people get what they want, every time?

    Each task is a person with wishes: some they volunteer, some they tell when
    they are asked, some they find out about when they are shown what breaks
    them. They take the first right item. A conversation passes when they got
    one and no rule was broken on the way (nothing they know or turned down,
    nothing that breaks a stated wish without saying so, not too many at once,
    nothing forbidden). Some tasks have no answer: then it must be said. Code
    decides, no model. pass^k is the chance that k conversations all pass.

    Three scripted agents are always there: an oracle, which must pass all, a
    fool, who shows anything, and a refuser, who always says there is nothing.

    A suite is a line {"name", "version": 1, "catalog", "about"}, then a task a
    line: {"id", "kind", "opening": [...], "constraints": [{"field", "op",
    "value", "reveal": volunteered | on_request | hidden | earlier}], "steps",
    "earlier", "history", "policies", "forbidden", "answer": "item" | "none",
    "turns", "key"}; or the same in YAML, with the tasks under "tasks".

    The folder gets results.json, report.md, report.html (with the failures,
    word for word) and trials.jsonl.

    [cyan]rapport eval tasks[/cyan]
    [cyan]rapport eval tasks mine.yaml --trials 4 --planners rules,structured --out results[/cyan]
    [cyan]rapport eval tasks tau_rec_tasks.jsonl.gz --catalog tau_rec_catalog.jsonl.gz[/cyan]
    [cyan]rapport eval tasks --generate mine.jsonl --count 200 --seed 3[/cyan]
    """
    from ..tasks_run import TasksOptions, make_suite, run_tasks
    from ..tasks_world import check_planners

    settings = load_settings(data=data)
    if data is not None and catalog is not None:
        raise SettingsError("--data and --catalog exclude each other.", "Leave one of them out.")
    if generate is not None:
        made = make_suite(settings, catalog, generate, count=count, seed=seed)
        typer.echo(f"{len(made.tasks)} tasks written to {generate}")
        return
    options = TasksOptions(
        suites=tuple(suites or ()),
        settings=settings,
        catalog=catalog,
        planners=check_planners(_names(planners)),
        trials=trials,
        seed=seed,
        limit=limit,
        processes=processes or min(len(os.sched_getaffinity(0)), _MOST_PROCESSES),
        out=out or _default_folder(settings),
        rekey=rekey,
    )
    with timed_bars("Conversations", speed_seconds=_SPEED_SECONDS, quiet=as_json) as progress:
        report = run_tasks(options, progress)
    report.write(options.out)
    if junit is not None:
        _write_junit(report, junit)
    if as_json:
        typer.echo(json.dumps(report.as_json(), ensure_ascii=False))
        return
    _print(report, options.out)


def _default_folder(settings: Settings) -> Path:
    return settings.home / "evals" / "tasks"


def _names(planners: Sequence[str] | None) -> tuple[str, ...]:
    found = [name.strip() for some in planners or ("rules",) for name in some.split(",")]
    names = tuple(name for name in found if name)
    if not names:
        raise SettingsError("--planners names none.", "Leave it out, or write --planners rules.")
    return names


def _write_junit(report: TasksReport, path: Path) -> None:
    from agents.evaluation.tasks import write_text

    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, report.as_junit())


def _print(report: TasksReport, out: Path) -> None:
    from rich.console import Console

    console = Console()
    for suite in dict.fromkeys(row.suite for row in report.rows):
        rows = [row for row in report.rows if row.suite == suite]
        title = f"{suite}: {rows[0].n_tasks} tasks, {rows[0].trials} trials each"
        _print_table(console, title, rows)
    lines = [*(note for file in report.suites for note in file.notes)]
    lines.append(f"Failed conversations: {len(report.failures):,}, word for word in report.html")
    lines.append(f"Seed: {report.seed}")
    lines.append(f"Written: results.json, report.md, report.html and trials.jsonl in {out}")
    for line in lines:
        console.print(line, highlight=False, markup=False)


def _print_table(console: object, title: str, rows: Sequence[TaskRow]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from agents.evaluation.tasks import KS

    assert isinstance(console, Console)
    table = Table(title=Text(title), title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    heads = ("row", *(f"pass^{k}\n(95 %)" for k in KS), "right", "clean")
    for place, name in enumerate((*heads, "calls", "s")):
        table.add_column(name, justify="right" if place else "left")
    for row in rows:
        table.add_row(
            row.row,
            *(_short(row, k) for k in KS),
            f"{row.met:.2f}",
            f"{row.clean:.2f}",
            f"{row.model_calls:.1f}",
            f"{row.seconds:.2f}",
        )
    console.print(table)


def _short(row: TaskRow, k: int) -> str:
    value, ends = row.passes[k], row.ci[k]
    if value is None or ends is None:
        return "–"
    return f"{value:.3f}\n{ends[0]:.2f}–{ends[1]:.2f}".replace("0.", ".")
