"""The `rapport` command: parse, call one function, print. Errors become sentences here and only here."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Annotated

import typer

from rec_core import SettingsError

from .commands.ask import ask
from .commands.chat import chat
from .commands.data import data_app
from .commands.demo import demo
from .commands.doctor import doctor
from .commands.eval import eval_app
from .commands.evaluate import evaluate
from .commands.recommend import recommend
from .commands.report import report_app
from .commands.score import score
from .commands.setup import setup
from .commands.study import study_app
from .commands.train import train
from .commands.tune import tune_app
from .environment import prepare_environment
from .faults import report_fault
from .guard import check_packages
from .logs import configure_logging
from .settings import load_settings, override, unknown_variables

_HELP = """Talk to a recommender, or train and measure one.

[bold]First steps[/bold]

  [cyan]rapport chat[/cyan]                     set up what is missing, open the page
  [cyan]rapport chat --terminal[/cyan]          the same conversation, here
  [cyan]rapport ask "something like Heat"[/cyan]   one question, one answer
  [cyan]rapport doctor[/cyan]                   is everything in order?

[bold]With a language model[/bold] (any OpenAI-compatible server; else what is built in answers)

  [cyan]export RAPPORT_LLM__BASE_URL=http://127.0.0.1:8000/v1[/cyan]
  [cyan]export RAPPORT_LLM__MODEL=my-model[/cyan]
"""

application = typer.Typer(
    name="rapport",
    help=_HELP,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_TALK, _CORE = "Talk", "Data and models"
application.command(rich_help_panel=_TALK)(chat)
application.command(rich_help_panel=_TALK)(ask)
application.command(rich_help_panel=_TALK)(demo)
application.command(rich_help_panel=_TALK)(setup)
application.command(rich_help_panel=_TALK)(doctor)
application.add_typer(data_app, name="data", rich_help_panel=_CORE)
application.command(rich_help_panel=_CORE)(train)
application.add_typer(tune_app, name="tune", rich_help_panel=_CORE)
application.command(rich_help_panel=_CORE)(evaluate)
application.add_typer(eval_app, name="eval", rich_help_panel=_CORE)
application.add_typer(study_app, name="study", rich_help_panel=_CORE)
application.add_typer(report_app, name="report", rich_help_panel=_CORE)
application.command(rich_help_panel=_CORE)(recommend)
application.command(rich_help_panel=_CORE)(score)


def version() -> str:
    """The installed version, or "0 (checkout)" when the package metadata is not there."""
    from importlib import metadata

    try:
        return metadata.version("rapport")
    except metadata.PackageNotFoundError:
        return "0 (checkout)"


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rapport {version()}")
        raise typer.Exit


@application.callback()
def rapport(
    context: typer.Context,
    home: Annotated[
        Path | None,
        typer.Option(help="Folder for data, models and conversations.", show_default=False),
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and end."
        ),
    ] = False,
) -> None:
    """Options of every command; `--debug` is also read by `main` itself."""
    override({"home": home})
    # `main` hands in how to log; whoever calls the application from a program keeps their own logging.
    if context.obj is not None:
        # A broken setting is the command's to report, with the place where it looked.
        with contextlib.suppress(SettingsError):
            context.obj(load_settings().log_folder, debug=debug)
    for warning in unknown_variables():
        typer.secho(f"warning: {warning}", fg="yellow", err=True)


def main() -> None:
    """Run the command line and leave with its exit code: 0 well, 1 a fault, 2 wrong usage, 130 Ctrl-C."""
    prepare_environment()
    try:
        check_packages()
        application(prog_name="rapport", obj=configure_logging)
    except KeyboardInterrupt:
        sys.exit(130)
    # The outermost edge: whatever went wrong, people get a sentence.
    except Exception as fault:  # noqa: BLE001
        sys.exit(report_fault(fault, debug="--debug" in sys.argv[1:]))
