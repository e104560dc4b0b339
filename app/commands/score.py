"""`rapport score`: lists for all users at once, as parquet files."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rec_core import DamagedFileError, DataError

from ..progress import timed_bars
from ..settings import load_settings

if TYPE_CHECKING:
    from rec_core.batch_scoring import ScoringReport


class MethodChoice(StrEnum):
    """How the lists are made."""

    auto = "auto"
    pipeline = "pipeline"
    vectors = "vectors"


def score(
    *,
    out: Annotated[Path, typer.Option(help="Folder for the parquet files; new, empty or begun.")],
    data: Annotated[str | None, typer.Option(help="Data set; default: the one in use.")] = None,
    k: Annotated[int, typer.Option("--k", "-k", min=1, max=1000, help="Length of a list.")] = 10,
    users: Annotated[
        Path | None,
        typer.Option(help="User ids, one a line, or a parquet file with a column user_id."),
    ] = None,
    method: Annotated[
        MethodChoice,
        typer.Option(
            help="pipeline: the blend that serves single requests. vectors: the sequence model "
            "alone, for large catalogs. auto: by the size of the catalog."
        ),
    ] = MethodChoice.auto,
    keep_seen: Annotated[
        bool, typer.Option("--keep-seen", help="Leave items in that a user already has.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Write the best items of every user to parquet files: user_id, item_ids, scores.

    Run the same command again after Ctrl-C or a crash: parts that are complete stay, the rest is made.

    [cyan]rapport score --out lists[/cyan]
    [cyan]rapport score --data shop --out lists --k 50 --users some.txt[/cyan]
    """
    from rec_core.batch_scoring import score_artifact

    settings = load_settings(data=data)
    started = time.perf_counter()
    with timed_bars("Scoring users", speed_seconds=300.0, quiet=as_json) as progress:
        report = score_artifact(
            settings.model_folder,
            out,
            k=k,
            user_ids=None if users is None else _user_ids(users),
            method=None if method is MethodChoice.auto else method.value,
            keep_seen=keep_seen,
            progress=progress,
        )
    seconds = time.perf_counter() - started
    if as_json:
        figures = asdict(report) | {"folder": str(report.folder), "seconds": round(seconds, 2)}
        typer.echo(json.dumps(figures))
        return
    _print(report, seconds)


def _user_ids(path: Path) -> list[str]:
    """Ids from a text file (blank lines are skipped) or from the column user_id of a parquet file."""
    if not path.is_file():
        raise DataError(f"There is no file {str(path)!r}.", "Check the path given with --users.")
    if path.suffix.lower() not in (".parquet", ".pq"):
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except UnicodeDecodeError as error:
            problem = f"{str(path)!r} is not a text file in UTF-8."
            raise DamagedFileError(problem, "Write one user id a line.") from error
        return [line.strip() for line in lines if line.strip()]
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return [str(user) for user in pq.read_table(path, columns=["user_id"])[0].to_pylist()]
    except (pa.ArrowException, IndexError) as error:
        problem = f"{str(path)!r} cannot be read or has no column user_id."
        raise DamagedFileError(problem, "Name the column with the user ids user_id.") from error


def _print(report: ScoringReport, seconds: float) -> None:
    from rich.console import Console

    there = report.n_users - report.n_scored
    before = f" ({there:,} were there already)" if there else ""
    files = f"{report.n_parts} file{'s' if report.n_parts != 1 else ''}"
    console = Console()
    console.print(
        f"Scored {report.n_scored:,} users in {seconds:.1f} s{before}: {files} in {report.folder}",
        highlight=False,
        markup=False,
    )
    console.print(f"Method: {report.method}", highlight=False)
