"""`rapport evaluate`: the table of models on the test part of a data set."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from ..progress import progress_bars
from ..settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rec_core import EvaluationReport
    from rec_core.evaluation_report import Interval

_MAIN = ("ndcg@10", "recall@10", "recall@100")
_BEYOND = {
    "coverage": ("catalog in any list", "{:.1%}"),
    "novelty": ("novelty (bits)", "{:.2f}"),
    "gini": ("Gini", "{:.3f}"),
    "popularity_lift": ("popularity lift", "{:.2f}"),
    "diversity": ("diversity", "{:.3f}"),
}
_KINDS = {"activity": "activity of the user", "target": "training events of the target"}


class SplitChoice(StrEnum):
    """How the data is cut."""

    leave_one_out = "leave-one-out"
    global_time = "global-time"


def evaluate(
    *,
    data: Annotated[str | None, typer.Option(help="Data set; default: the one in use.")] = None,
    split: Annotated[
        SplitChoice, typer.Option(help="How train, validation and test are cut.")
    ] = SplitChoice.leave_one_out,
    seed: Annotated[int, typer.Option(help="Same seed, same figures.")] = 0,
    seeds: Annotated[
        int,
        typer.Option(min=1, max=100, help="Train this often, from --seed on; figures are means."),
    ] = 1,
    details: Annotated[
        bool,
        typer.Option(
            "--details",
            help="All metrics, differences to transitions and popularity, groups of users and "
            "items, coverage, novelty, Gini, popularity lift, diversity.",
        ),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object with everything.")
    ] = False,
) -> None:
    """Measure every model on held-out items: full catalog, seen items left out, 95 % intervals.

    Models for it are fitted without the held-out part and kept beside the serving ones, a folder
    for each seed: a run that was cut off goes on where it was.

    [cyan]rapport evaluate --seeds 3[/cyan]
    [cyan]rapport evaluate --data ml-1m --split global-time --details[/cyan]
    """
    from rec_core import RunOptions, load_dataset
    from rec_core.evaluation_runs import evaluate_dataset
    from rec_core.training import default_encoder

    settings = load_settings(data=data)
    dataset = load_dataset(settings.data_folder)
    with progress_bars(quiet=as_json) as progress:
        report = evaluate_dataset(
            dataset,
            settings.model_folder,
            encoder=default_encoder(settings.cache_folder, n_items=len(dataset.catalog)),
            split_name=split.value,
            n_seeds=seeds,
            options=RunOptions(seed=seed),
            progress=progress,
        )
    if as_json:
        typer.echo(json.dumps(report.as_json()))
        return
    _print_main(report)
    if details:
        _print_details(report)
    _print_facts(report)


def _print_main(report: EvaluationReport) -> None:
    columns = [f"{name} (95 %)" for name in _MAIN]
    reference = "transitions"
    lines = []
    for row in report.rows:
        difference = row.against.get(reference)
        cells = [_with_interval(row.metrics[name]) for name in _MAIN]
        lines.append([row.name, *cells, _signed(difference["ndcg@10"]) if difference else ""])
    _print_table(
        f"{report.dataset}, {report.split}, {report.part} part: {report.n_users:,} users, "
        f"{report.n_items:,} items",
        ["model", *columns, f"ndcg@10 − {reference}"],
        lines,
    )


def _print_details(report: EvaluationReport) -> None:
    metrics = list(report.rows[0].metrics)
    _print_table(
        "All metrics",
        ["model", *metrics],
        [[row.name, *(f"{row.metrics[name].mean:.4f}" for name in metrics)] for row in report.rows],
    )
    if len(report.seeds) > 1:
        _print_seeds(report)
    for reference in dict.fromkeys(name for row in report.rows for name in row.against):
        _print_table(
            f"Difference to {reference}, paired by user (95 %)",
            ["model", *_MAIN],
            [
                [row.name, *(_signed(row.against[reference][name]) for name in _MAIN)]
                for row in report.rows
                if reference in row.against
            ],
        )
    _print_beyond(report)
    _print_groups(report)


def _print_seeds(report: EvaluationReport) -> None:
    _print_table(
        "ndcg@10 of each seed",
        ["model", *(str(seed) for seed in report.seeds)],
        [
            [row.name, *(f"{values['ndcg@10']:.4f}" for values in row.per_seed.values())]
            for row in report.rows
        ],
    )


def _print_beyond(report: EvaluationReport) -> None:
    names = list(report.rows[0].beyond)
    by = f", diversity by {report.diversity_by}" if report.diversity_by else ""
    _print_table(
        f"The first ten of every user{by}",
        ["model", *(_BEYOND[name][0] for name in names)],
        [
            [row.name, *(_BEYOND[name][1].format(row.beyond[name]) for name in names)]
            for row in report.rows
        ],
    )


def _print_groups(report: EvaluationReport) -> None:
    """A table for each kind of group, so that lines stay short enough for a terminal."""
    for kind in dict.fromkeys(group.kind for row in report.rows for group in row.groups):
        groups = [group for group in report.rows[0].groups if group.kind == kind]
        lines = []
        for row in report.rows:
            values = [group.metrics["ndcg@10"] for group in row.groups if group.kind == kind]
            lines.append([row.name, *map(_with_interval, values)])
        _print_table(
            f"ndcg@10 by {_KINDS[kind]} (95 %)",
            ["model", *(f"{group.name}\n{group.n_users:,} users" for group in groups)],
            lines,
        )


def _print_table(title: str, columns: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=Text(title),
        title_justify="left",
        box=SIMPLE_HEAD,
        collapse_padding=True,
        pad_edge=False,
    )
    for place, name in enumerate(columns):
        table.add_column(name, justify="right" if place else "left")
    for line in lines:
        table.add_row(*line)
    Console().print(table)


def _print_facts(report: EvaluationReport) -> None:
    from rich.console import Console

    console = Console()
    seeds = ", ".join(str(seed) for seed in report.seeds)
    for label, text in (
        ("Split hash", report.split_hash),
        ("Ties of scores", report.rank_ties),
        ("Ties of time", report.time_ties),
        ("Leaks", report.leaks),
        ("Seeds" if len(report.seeds) > 1 else "Seed", seeds),
    ):
        console.print(f"{label}: {text}", highlight=False, markup=False)


def _with_interval(value: Interval) -> str:
    return f"{value.mean:.4f} ({value.low:.3f}–{value.high:.3f})"


def _signed(value: Interval) -> str:
    return f"{value.mean:+.4f} ({value.low:+.3f}…{value.high:+.3f})"
