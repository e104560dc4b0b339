"""`rapport evaluate`: the table of models on the test part of a data set."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from ..progress import progress_bars
from ..settings import load_settings

if TYPE_CHECKING:
    from rec_core import EvaluationReport


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
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure every model on held-out items: full catalog, seen items left out, 95 % intervals.

    Models for it are fitted without the held-out part and kept beside the serving ones.
    """
    from rec_core import RunOptions, load_dataset
    from rec_core.training import default_encoder, evaluate_dataset

    settings = load_settings(data=data)
    dataset = load_dataset(settings.data_folder)
    with progress_bars(quiet=as_json) as progress:
        report = evaluate_dataset(
            dataset,
            settings.model_folder,
            encoder=default_encoder(settings.home / "cache"),
            split_name=split.value,
            options=RunOptions(seed=seed),
            progress=progress,
        )
    if as_json:
        typer.echo(json.dumps(report.as_json()))
        return
    _print_table(report)


def _print_table(report: EvaluationReport) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(
        title=f"{report.dataset}, {report.split}, {report.part} part: {report.n_users:,} users, "
        f"{report.n_items:,} items",
        title_justify="left",
        box=SIMPLE_HEAD,
        collapse_padding=True,
        pad_edge=False,
    )
    table.add_column("model")
    for name in report.rows[0].metrics:
        table.add_column(f"{name} (95 %)", justify="right")
    for row in report.rows:
        cells = (f"{v.mean:.4f} ({v.low:.3f}–{v.high:.3f})" for v in row.metrics.values())
        table.add_row(row.name, *cells)
    console = Console()
    console.print(table)
    for label, text in (
        ("Split hash", report.split_hash),
        ("Ties of scores", report.rank_ties),
        ("Ties of time", report.time_ties),
        ("Leaks", report.leaks),
        ("Seed", str(report.seed)),
    ):
        console.print(f"{label}: {text}", highlight=False, markup=False)
