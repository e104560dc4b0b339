"""`rapport report`: look at what a study wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rec_core import DataError

from ..environment import has_display

report_app = typer.Typer(help="Look at reports.", no_args_is_help=True, rich_markup_mode="rich")


@report_app.callback()
def group() -> None:
    """Look at reports."""


@report_app.command("open")
def open_report(
    folder: Annotated[
        Path, typer.Argument(help="The folder that was given with --out.", show_default=False)
    ],
) -> None:
    """Open the page of a report in the browser; without a screen, print where it is.

    [cyan]rapport report open smoke[/cyan]
    """
    page = folder if folder.is_file() else folder / "report.html"
    if not page.is_file():
        raise DataError(
            f"There is no report in {str(folder)!r}.",
            "Make one with `rapport study run FILE.toml --out DIR`, and name that folder.",
        )
    address = page.resolve().as_uri()
    if has_display():
        import webbrowser

        webbrowser.open(address)
    typer.echo(address)
