"""`rapport demo`: a short scripted conversation through the real agent, checked as it goes."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from ..progress import progress_bars
from ..settings import load_settings


def demo(
    data: Annotated[
        str | None, typer.Option(help="Data set to talk about.", show_default=False)
    ] = None,
) -> None:
    """Hold a short conversation here, check every item, end with 0 when all is well."""
    from ..build import build_agent, ensure_set_up
    from ..demo import run_demo

    settings = load_settings(data=data)
    with progress_bars(quiet=not sys.stderr.isatty()) as progress:
        ensure_set_up(settings, progress)
    if not run_demo(build_agent(settings)):
        raise typer.Exit(1)
