"""`rapport data`: get a named data set, import your own, look at what is there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rec_core import DataError, SettingsError

from ..settings import load_settings

if TYPE_CHECKING:
    from rec_core import Dataset, ImportReport, TextsReport

data_app = typer.Typer(
    help="Get a data set, import your own, look at what is there.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")]


@data_app.command("list")
def list_datasets(*, as_json: JsonFlag = False) -> None:
    """The data sets that are here, and those that can be fetched by name."""
    from rec_core import DATASETS

    home = load_settings().home
    here = sorted(path.parent.name for path in (home / "data").glob("*/dataset.json"))
    if as_json:
        known = {name: source.title for name, source in DATASETS.items()}
        _print_json({"home": str(home), "here": here, "known": known})
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("data set", "", "what it is", box=None, header_style="bold")
    for name, source in DATASETS.items():
        table.add_row(name, "here" if name in here else "", source.title)
    for name in here:
        if name not in DATASETS:
            table.add_row(name, "here", "imported")
    Console().print(table)


@data_app.command("get")
def get(
    name: Annotated[str, typer.Argument(help="Such as ml-100k; `rapport data list` shows all.")],
    *,
    from_: Annotated[
        Path | None,
        typer.Option("--from", help="Folder or zip file that has the files; nothing is fetched."),
    ] = None,
    texts: Annotated[
        str | None,
        typer.Option(help="Add plots, cast and directors: [cyan]wikipedia[/cyan] (online)."),
    ] = None,
    texts_from: Annotated[
        Path | None,
        typer.Option(help="Folder with movies-1990s.json and the like of wikipedia-movie-data."),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Fetch a data set, check it and keep it; a second time it is simply there.

    [cyan]rapport data get ml-100k[/cyan]
    [cyan]rapport data get ml-latest-small --texts wikipedia[/cyan]
    [cyan]rapport data get ml-1m --from ~/Downloads[/cyan]
    """
    from rec_core import attach_texts, dataset_folder, get_dataset, save_dataset

    _check_texts(texts, texts_from)
    files_from, texts_from = _places(name, from_, texts, texts_from)
    home = load_settings().home
    report: TextsReport | None = None
    with _progress(quiet=as_json) as progress:
        dataset = get_dataset(name, home, source_dir=files_from, progress=progress)
        if texts:
            dataset, report = attach_texts(dataset, home, source_dir=texts_from, progress=progress)
            save_dataset(dataset, dataset_folder(name, home))
    if as_json:
        _print_json({**_summary(dataset), "texts_report": _plain(report)})
        return
    _print_summary(dataset)
    if report is not None:
        _print_texts(report)


@data_app.command("import")
def import_(
    name: Annotated[str, typer.Argument(help="How to call it from now on.")],
    *,
    catalog: Annotated[
        Path, typer.Option(help="Items: csv, tsv, jsonl or parquet, perhaps .gz. Needs id, title.")
    ],
    interactions: Annotated[
        Path | None, typer.Option(help="Events: needs user and item; rating and time are optional.")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(help="FIELD=COLUMN where the guess is wrong; FIELD= for none. Repeatable."),
    ] = None,
    join_on: Annotated[
        str | None,
        typer.Option(help="Catalog column with the item ids that the interactions use."),
    ] = None,
    allow_rejects: Annotated[
        bool,
        typer.Option(
            "--allow-rejects", help="Import even if more than a fifth of the rows is unusable."
        ),
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace an imported set of that name.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Bring your own catalog and, if you have any, interactions.

    Columns are found by the names they usually have (user_id, userId, item, asin, rating, score,
    timestamp, datetime, title, genres, plot, ...). Rows that cannot be used are listed.

    [cyan]rapport data import shop --catalog items.csv --interactions events.parquet[/cyan]
    [cyan]rapport data import shop --catalog items.jsonl.gz --column title=product_name[/cyan]
    """
    from rec_core import import_dataset

    with _progress(quiet=as_json) as progress:
        dataset, report = import_dataset(
            name,
            load_settings().home,
            catalog_path=catalog,
            interactions_path=interactions,
            columns=_overrides(column or []),
            join_on=join_on,
            allow_rejects=allow_rejects,
            replace=replace,
            progress=progress,
        )
    if as_json:
        _print_json({**_summary(dataset), "import_report": _plain(report)})
        return
    _print_import(report)
    _print_summary(dataset)


@data_app.command("show")
def show(
    name: Annotated[str, typer.Argument(help="A data set that is here.")],
    *,
    as_json: JsonFlag = False,
) -> None:
    """Counts, years, genres, ratings, texts, and the fingerprints of the splits."""
    from rec_core import dataset_folder, load_dataset

    dataset = load_dataset(dataset_folder(name, load_settings().home))
    if as_json:
        _print_json(_summary(dataset))
    else:
        _print_summary(dataset)


def _check_texts(texts: str | None, texts_from: Path | None) -> None:
    if texts not in (None, "wikipedia"):
        raise SettingsError(f"--texts {texts!r} is not known.", "The one source is wikipedia.")
    if texts_from is not None and texts is None:
        raise SettingsError("--texts-from was given without --texts.", "Add --texts wikipedia.")


def _places(
    name: str, given: Path | None, texts: str | None, texts_from: Path | None
) -> tuple[Path | None, Path | None]:
    """Where the data and where the texts are to be taken from; --from may hold either or both."""
    if given is None or texts is None or texts_from is not None or not given.is_dir():
        return given, texts_from
    if not any(given.glob("movies-*s.json")) and not (given / "movies.json").is_file():
        return given, None
    data_files = (f"{name}.zip", "ratings.csv", "ratings.dat", "u.data", f"{name}.inter")
    has_data = any(any(given.rglob(file)) for file in data_files)
    return (given if has_data else None), given


def _overrides(pairs: list[str]) -> dict[str, str]:
    overrides: dict[str, str] = {}
    for pair in pairs:
        field, sign, column = pair.partition("=")
        if not sign:
            raise SettingsError(
                f"--column {pair!r} has no '='.", "Write it like --column title=product_name."
            )
        overrides[field.strip()] = column.strip()
    return overrides


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Any]:
    """A bar for each stage on stderr; nothing when a machine reads or nobody watches."""
    from rich.console import Console
    from rich.progress import Progress as Bars, TaskID

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda stage, done, total: None  # noqa: ARG005
        return
    with Bars(console=console, transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage)
            bars.update(tasks[stage], completed=done, total=total)

        yield report


def _plain(value: object) -> object:
    """Dataclasses and paths as JSON values."""
    from dataclasses import asdict, is_dataclass

    if not is_dataclass(value) or isinstance(value, type):
        return None
    return json.loads(json.dumps(asdict(value), default=str))


def _print_json(value: object) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False))


def _summary(dataset: Dataset) -> dict[str, Any]:
    """What `show` tells, as JSON values."""
    from collections import Counter

    import numpy as np

    catalog, interactions = dataset.catalog, dataset.interactions
    years = catalog.years[catalog.years > 0]
    genre_counts = dict(
        zip(catalog.genres, catalog.genre_matrix.sum(axis=0).astype(int).tolist(), strict=True)
    )
    values, counts = np.unique(interactions.weights, return_counts=True)
    n_items = len(catalog)
    return {
        "name": dataset.name,
        "fingerprint": dataset.fingerprint,
        "n_items": n_items,
        "n_users": interactions.n_users,
        "n_interactions": len(interactions),
        "has_ratings": interactions.has_ratings,
        "has_timestamps": interactions.has_timestamps,
        "years": {"first": int(years.min()), "last": int(years.max())} if len(years) else None,
        "decades": dict(sorted(Counter(f"{year // 10 * 10}s" for year in years.tolist()).items())),
        "genres": genre_counts,
        "ratings": _histogram(values, counts) if interactions.has_ratings else None,
        "coverage": {
            name: round(sum(bool(getattr(item, name)) for item in catalog) / max(n_items, 1), 4)
            for name in ("genres", "directors", "cast", "tags", "texts")
        },
        "splits": _splits(dataset),
        "meta": dataset.meta,
    }


def _histogram(values: Any, counts: Any) -> dict[str, int]:  # noqa: ANN401
    """Rating -> how often; many different values are put into ten bins."""
    import numpy as np

    if len(values) <= 12:
        return {f"{value:g}": int(n) for value, n in zip(values, counts, strict=True)}
    binned, edges = np.histogram(values, bins=10, weights=counts)
    return {
        f"{low:.3g} to {high:.3g}": int(n)
        for low, high, n in zip(edges[:-1], edges[1:], binned, strict=True)
    }


def _splits(dataset: Dataset) -> dict[str, Any]:
    from rec_core import global_time, leave_one_out

    found: dict[str, Any] = {}
    for name, cut in (("leave-one-out", leave_one_out), ("global-time", global_time)):
        try:
            split = cut(dataset.interactions)
        except DataError as error:
            found[name] = {"not_possible": error.problem}
            continue
        found[name] = {
            "fingerprint": split.fingerprint,
            "train": len(split.train),
            "valid": len(split.valid),
            "test": len(split.test),
            "tie_policy": split.tie_policy,
            "leaks": split.leaks,
        }
    return found


def _print_summary(dataset: Dataset) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    facts = _summary(dataset)
    console = Console(highlight=False)
    years = facts["years"]
    span = f", {years['first']}–{years['last']}" if years else ""
    console.print(
        f"[bold]{escape(dataset.name)}[/bold]: {facts['n_items']:,} items{span}, "
        f"{facts['n_users']:,} users, {facts['n_interactions']:,} interactions"
    )
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    genres = [f"{escape(name)} {count:,}" for name, count in list(facts["genres"].items())[:12]]
    table.add_row("genres", ", ".join(genres) or "none")
    table.add_row("decades", ", ".join(f"{name} {n:,}" for name, n in facts["decades"].items()))
    if facts["ratings"]:
        table.add_row(
            "ratings", ", ".join(f"{name}: {n:,}" for name, n in facts["ratings"].items())
        )
    coverage = ", ".join(f"{name} {share:.0%}" for name, share in facts["coverage"].items())
    table.add_row("items with", coverage)
    for name, split in facts["splits"].items():
        table.add_row(name, _split_line(split))
    for note in facts["meta"].get("notes", []):
        table.add_row("note", escape(note))
    for failure in facts["meta"].get("tried_before", []):
        table.add_row("no answer", escape(failure))
    for key in ("source", "licence"):
        if isinstance(facts["meta"].get(key), str):
            table.add_row(key, escape(facts["meta"][key]))
    if "texts" in facts["meta"]:
        table.add_row("texts", escape(facts["meta"]["texts"]["licence"]))
    console.print(table)


def _split_line(split: dict[str, Any]) -> str:
    if "not_possible" in split:
        return str(split["not_possible"])
    return (
        f"{split['fingerprint'][:16]}  train {split['train']:,}, valid {split['valid']:,}, "
        f"test {split['test']:,}"
    )


def _print_texts(report: TextsReport) -> None:
    from rich.console import Console

    n_items = max(report.n_items, 1)
    Console(highlight=False).print(
        f"Wikipedia: {report.n_matched:,} of {report.n_items:,} films found "
        f"({report.n_matched / n_items:.0%}); now with a text {report.n_texts / n_items:.0%}, "
        f"a cast {report.n_cast / n_items:.0%}, a director {report.n_directors / n_items:.0%}."
    )


def _print_import(report: ImportReport) -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False)
    for file, columns in report.columns.items():
        if columns:
            pairs = ", ".join(f"{field} = {column}" for field, column in columns.items())
            console.print(escape(f"{file} columns: {pairs}"))
    for note in report.notes:
        console.print(escape(f"note: {note}"))
    if report.rejects_path is None:
        console.print("Every row was taken.")
        return
    total = sum(report.reject_counts.values())
    console.print(f"[bold]{total:,} rows were left out[/bold]; all are in {report.rejects_path}")
    for reject in report.rejects:
        console.print(escape(f"  {reject.file}, line {reject.line}: {reject.reason}"))
