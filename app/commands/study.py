"""`rapport study`: recommenders against simulated people, and a report that says how far to trust it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ..progress import timed_bars
from ..settings import load_settings

if TYPE_CHECKING:
    from agents.studies import StudyReport, StudySpec

study_app = typer.Typer(
    help="Compare recommenders on simulated people.", no_args_is_help=True, rich_markup_mode="rich"
)

_MOST_PROCESSES = 4
_SPEED_SECONDS = 60.0
_File = Annotated[Path, typer.Argument(help="The study, a TOML file.", show_default=False)]


@study_app.callback()
def group() -> None:
    """Compare recommenders on simulated people."""


@study_app.command()
def run(
    study: _File,
    *,
    out: Annotated[
        Path, typer.Option(help="Folder for the results; run again, it goes on where it was.")
    ],
    processes: Annotated[
        int | None,
        typer.Option(min=1, max=256, help="Default: one a core, at most 4.", show_default=False),
    ] = None,
    engine: Annotated[
        Literal["local", "ray"], typer.Option(help="Where sessions are held; same figures.")
    ] = "local",
    cassette: Annotated[
        Literal["record", "replay", "auto", "off"] | None,
        typer.Option(
            help="Recorded answers of served models. Default: replay where the study names a cassette, "
            "else auto, which asks for what was not recorded yet.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object with all figures.")
    ] = False,
) -> None:
    """Put every recommender of a study in front of the same simulated people.

    The folder gets report.html (open it with [cyan]rapport report open[/cyan]),
    report.json, junit.xml for CI, and sessions.jsonl with every session. Stop it
    at any time: the same command goes on, and nothing is done or paid twice.

    The exit code is 3 when nothing can be believed: a recommender that shows
    items at random did not come out worst, or a model that plays people knows
    their tastes no better than a coin.

    [cyan]rapport study run configs/study_smoke.toml --out smoke[/cyan]
    [cyan]rapport study run my-study.toml --out mine --processes 2 --json[/cyan]
    """
    from agents.studies import read_spec, write_report

    from ..study_run import StudyOptions, run_study

    spec = read_spec(study)
    options = StudyOptions(
        path=study,
        out=out,
        processes=processes or min(len(os.sched_getaffinity(0)), _MOST_PROCESSES),
        engine=engine,
        cassette=cassette,
        home=load_settings().home,
    )
    with timed_bars(speed_seconds=_SPEED_SECONDS, quiet=as_json) as progress:
        report = run_study(spec, options, progress)
    write_report(report, out)
    if as_json:
        typer.echo(json.dumps(report.as_json(), ensure_ascii=False))
    else:
        _print(report, out)
    if not report.is_trustworthy:
        raise typer.Exit(3)


@study_app.command()
def check(study: _File) -> None:
    """Read a study and say what it would do, without doing it.

    [cyan]rapport study check configs/study_smoke.toml[/cyan]
    """
    from agents.studies import read_spec

    spec = read_spec(study)
    _describe(spec)


def _describe(spec: StudySpec) -> None:
    data = spec.data.name or f"{spec.data.catalog} and {spec.data.interactions}"
    session = spec.session
    done = (
        f"browse, up to {session.pages} pages of {session.page_size}"
        if session.protocol == "browse"
        else f"seek one item, up to {session.turns} turns"
    )
    lines = {
        "study": spec.title or spec.name,
        "data": data,
        "people": f"{spec.people.count:,}, {spec.people.engine}, seed {spec.people.seed}",
        "session": done,
        "arms": ", ".join(arm.name for arm in spec.arms),
        "seeds": ", ".join(map(str, spec.seeds)),
        "sessions": f"{spec.n_sessions:,}",
        "cassette": str(spec.cassette) if spec.cassette else "none",
    }
    for name, value in lines.items():
        typer.echo(f"{name:<9} {value}")
    if not spec.has_control:
        typer.secho(
            "warning: no arm is random, so nothing shows whether these people can tell good from bad; "
            "the report will say so.",
            fg="yellow",
            err=True,
        )


def _print(report: StudyReport, out: Path) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from agents.studies import PAGE, shown

    console = Console()
    for one in report.checks:
        sign = {True: "✓", False: "✗", None: " "}[one.passed]
        console.print(f"{sign} {one.name}: {one.value}", highlight=False, markup=False)
    title = Text(f"{report.spec.name}: {report.n_people:,} people, {report.n_held:,} sessions")
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    measures = report.measures[:4]
    table.add_column("recommender")
    for measure in measures:
        table.add_column(f"{measure.label}\n(95 %)", justify="right")
    for arm, of in report.arms.items():
        cells = [
            f"{shown(of[one.name].mean, one)}\n{shown(of[one.name].low, one)}–"
            f"{shown(of[one.name].high, one)}"
            for one in measures
        ]
        table.add_row(Text(arm), *cells)
    console.print(table)
    console.print(report.verdict(), highlight=False, markup=False)
    if report.stopped_by:
        console.print(f"Stopped by the budget: {report.stopped_by}.", highlight=False, markup=False)
    console.print(f"Written: {out / PAGE}", highlight=False, markup=False)
