"""`rapport train`: fit the models that serve the chat."""

from __future__ import annotations

import json
import time
from typing import Annotated

import typer

from ..progress import progress_bars
from ..settings import load_settings


def train(
    *,
    data: Annotated[str | None, typer.Option(help="Data set; default: the one in use.")] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same models.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Train retrieval and ranking on a data set; what is already trained is kept.

    Choices are made on held-out validation items, then everything is fitted again on all data.
    """
    from rec_core import RunOptions, load_dataset
    from rec_core.training import default_encoder, train_pipeline

    settings = load_settings(data=data)
    dataset = load_dataset(settings.data_folder)
    folder = settings.model_folder
    started = time.perf_counter()
    with progress_bars(quiet=as_json) as progress:
        artifact = train_pipeline(
            dataset,
            folder,
            encoder=default_encoder(settings.home / "cache"),
            options=RunOptions(seed=seed),
            progress=progress,
        )
    report = {
        "data": settings.data,
        "folder": str(folder),
        "fingerprint": artifact.fingerprint,
        "seed": seed,
        "seconds": round(time.perf_counter() - started, 2),
        "validation": artifact.manifest["metrics"].get("validation", {}),
    }
    if as_json:
        typer.echo(json.dumps(report))
        return
    _print_report(report)


def _print_report(report: dict) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    console.print(f"Trained on {report['data']} in {report['seconds']:.1f} s: {report['folder']}")
    if not report["validation"]:
        console.print("Too few interactions to choose on: the training-free parts will serve.")
        return
    table = Table(title="On the validation part", title_justify="left")
    names = list(next(iter(report["validation"].values())))
    table.add_column("model")
    for name in names:
        table.add_column(name, justify="right")
    for model, values in report["validation"].items():
        table.add_row(model, *(f"{values[name]:.4f}" for name in names))
    console.print(table)
    console.print("`rapport evaluate` gives the figures on the test part.")
