"""`rapport setup`: data, models and search index, once."""

from __future__ import annotations

from typing import Annotated

import typer

from ..progress import progress_bars
from ..settings import load_settings


def setup(
    data: Annotated[
        str | None,
        typer.Option(help="Data set to use (see `rapport data list`).", show_default=False),
    ] = None,
) -> None:
    """Fetch the data, train the models and build the search index, unless that is done already.

    `rapport chat` and `rapport demo` do this by themselves.
    """
    from ..build import set_up

    settings = load_settings(data=data)
    with progress_bars() as progress:
        set_up(settings, progress)
    typer.echo(f"Ready: {settings.data} is in {settings.home}. Next: rapport chat")
