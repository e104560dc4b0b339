"""`rapport doctor`: is everything in order, and what to do where it is not."""

from __future__ import annotations

import dataclasses
import json
from typing import Annotated

import typer

from ..settings import load_settings


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    llm: Annotated[
        bool, typer.Option("--llm", help="Also ask the language model's server.")
    ] = False,
    data: Annotated[
        str | None, typer.Option(help="Data set to look at.", show_default=False)
    ] = None,
) -> None:
    """Check Python, packages, data, models, port and language model; 1 when something fails."""
    from ..doctor import run_checks

    checks = run_checks(load_settings(data=data), with_llm=llm)
    is_well = all(check.status != "fail" for check in checks)
    if as_json:
        report = {"ok": is_well, "checks": [dataclasses.asdict(check) for check in checks]}
        typer.echo(json.dumps(report, indent=2, ensure_ascii=False))
    else:
        for check in checks:
            _print(check.name, check.status, check.detail, check.remedy)
    if not is_well:
        raise typer.Exit(1)


def _print(name: str, status: str, detail: str, remedy: str) -> None:
    colour = {"ok": "green", "warn": "yellow", "fail": "red"}[status]
    typer.echo(f"{typer.style(f'{status:<5}', fg=colour, bold=True)} {name:<15} {detail}")
    if remedy:
        typer.echo(f"{'':<21} → {remedy}")
