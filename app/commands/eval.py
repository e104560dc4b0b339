"""`rapport eval`: how good Rapport is in conversation."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rec_core import SettingsError

from ..progress import progress_bars
from ..settings import load_settings
from .eval_rewriter import rewriter
from .eval_tasks import tasks

if TYPE_CHECKING:
    from rich.table import Table

    from agents.evaluation.crs import CrsReport, TableRow

eval_app = typer.Typer(
    help="Measure Rapport in conversation.", no_args_is_help=True, rich_markup_mode="rich"
)

_MAIN = ("r@1", "r@10", "r@50", "ndcg@10")
_MOST_WORKERS = 4


@eval_app.callback()
def group() -> None:
    """Measure Rapport in conversation."""


eval_app.command()(rewriter)
eval_app.command()(tasks)


@eval_app.command()
def crs(
    *,
    examples: Annotated[
        list[Path],
        typer.Option(
            help="Examples, one JSON object a line, perhaps .gz. Repeat it for several files."
        ),
    ],
    catalog: Annotated[
        Path,
        typer.Option(
            help="What can be recommended: anything that `rapport data import` takes. "
            "All of it is ranked."
        ),
    ],
    out: Annotated[
        Path, typer.Option(help="Folder for the results; run again, it goes on where it was.")
    ],
    limit: Annotated[
        int | None, typer.Option(min=1, help="Score that many examples, drawn at random.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same figures.")] = 0,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, max=64, help="Processes; default: one a core, at most 4.", show_default=False
        ),
    ] = None,
    folds: Annotated[
        int,
        typer.Option(
            min=0,
            help="For dialogues that the shipped model was trained on: fit it anew without them, "
            "in so many parts. 0 leaves them out.",
        ),
    ] = 5,
    train: Annotated[
        list[Path] | None,
        typer.Option(
            help="More examples to learn from. With it every model is fitted anew, on these and on "
            "the other folds, and the shipped one is not used. Repeatable."
        ),
    ] = None,
    rows: Annotated[
        str | None,
        typer.Option(
            help="Rows to compare, by commas: rapport, popularity, bm25, bm25_mentions, items_only. "
            "Default: all.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object with everything.")
    ] = False,
) -> None:
    """What would Rapport have recommended in real dialogues between people?

    For every turn in which a person recommended something, each row of the
    table is given what was said before, and nothing else. It ranks the whole
    catalog; what the dialogue already mentioned is taken out. Recall and NDCG at
    1, 5, 10, 20 and 50 say how far in front the person's own recommendations are,
    with 95 % intervals over dialogues. No model, key or network is needed.

    An example is one line: {"id", "source", "dialog_id", "context": [{"role":
    "user" or "assistant", "text"}], "mentioned_item_ids", "target_item_ids"}.

    The folder gets results.json, report.md, report.html (with a plot) and
    per_example.jsonl (the rank of every target).

    [cyan]rapport eval crs --examples redial.jsonl.gz --catalog films.jsonl.gz --out crs[/cyan]
    [cyan]rapport eval crs --examples a.jsonl --examples b.jsonl --catalog films.csv --out crs --json[/cyan]
    """
    from ..crs_run import CrsOptions, run_crs

    chosen = _rows(rows)
    if train and not folds:
        raise SettingsError("--train needs folds.", "Leave --folds at 5.")
    if folds == 1:
        raise SettingsError(
            "One fold would leave nothing to fit on.", "Use --folds 2 or more, or 0."
        )
    options = CrsOptions(
        examples=tuple(examples),
        catalog=catalog,
        train=tuple(train or ()),
        out=out,
        rows=chosen,
        limit=limit,
        seed=seed,
        folds=folds,
        workers=workers or min(len(os.sched_getaffinity(0)), _MOST_WORKERS),
        cache_folder=load_settings().cache_folder,
    )
    with progress_bars(quiet=as_json) as progress:
        report = run_crs(options, progress)
    report.write(out)
    if as_json:
        typer.echo(json.dumps(report.as_json(), ensure_ascii=False))
        return
    _print(report, out)


def _rows(names: str | None) -> tuple[str, ...]:
    from ..crs_rows import ROWS

    if names is None:
        return ROWS
    wanted = tuple(dict.fromkeys(name.strip() for name in names.split(",") if name.strip()))
    for name in wanted:
        if name not in ROWS:
            raise SettingsError(
                f"--rows: there is no row {name!r}.", f"Rows are {', '.join(ROWS)}."
            )
    if not wanted:
        raise SettingsError("--rows names no row.", f"Rows are {', '.join(ROWS)}.")
    return wanted


def _print(report: CrsReport, out: Path) -> None:
    from rich.console import Console

    from agents.evaluation.crs import source_title

    console = Console()
    for source in report.table.shown_sources:
        rows = [row for row in report.table.rows if row.source == source]
        lines = [
            [
                row.row,
                *(_short(row, name) for name in _MAIN),
                f"{row.seconds_p50:.3f}\n{row.seconds_p95:.3f}",
                f"{row.tokens:,.0f}",
            ]
            for row in rows
        ]
        console.print(_table(source_title(rows[0]), lines))
    for label, text in (
        ("Leaks", report.audit.sentence),
        ("Targets that the catalog lacks, counted as misses", f"{report.unknown.targets:,}"),
        ("Seed", str(report.seed)),
        ("Written", f"results.json, report.md, report.html and per_example.jsonl in {out}"),
    ):
        console.print(f"{label}: {text}", highlight=False, markup=False)


def _short(row: TableRow, measure: str) -> str:
    """Value over interval, without leading zeros: four of them fit a narrow terminal."""
    low, high = row.ci[measure]
    return f"{row.values[measure]:.4f}\n{low:.3f}–{high:.3f}".replace("0.", ".")


def _table(title: str, lines: Sequence[Sequence[str]]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title), title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    columns = ("row", *(f"{name}\n(95 %)" for name in _MAIN), "seconds\np50, p95", "tokens")
    for place, name in enumerate(columns):
        table.add_column(name, justify="right" if place else "left")
    for line in lines:
        table.add_row(*line)
    return table
