"""`import_dataset`: anybody's catalog and interactions as a data set, or a clear account of why not.

All rows are judged before anything is written; the data set then appears as a whole.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..catalog import Catalog
from ..errors import DataError
from ..files import atomic_file
from ..interactions import Interactions
from ..runtime import Progress, no_progress
from ..types import Item
from . import columns as guess
from .dataset import Dataset, dataset_folder, save_dataset
from .registry import DATASETS
from .tables import Reject, Table, read_table
from .titles import parse_title

_MOST_REJECTED = 0.2
_SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class ImportReport:
    """What an import took and left.

    Attributes:
        n_item_rows, n_items: Rows of the catalog file, and items taken.
        n_event_rows, n_interactions, n_users: The same for the interactions.
        columns: Field -> column, for each of the two files.
        rejects: The first twenty rows that were left out.
        reject_counts: Reason -> how many rows, of all rejects.
        rejects_path: Where all of them are listed; None when there are none.
        notes: What a person should know.
    """

    n_item_rows: int
    n_items: int
    n_event_rows: int
    n_interactions: int
    n_users: int
    columns: Mapping[str, Mapping[str, str]]
    rejects: tuple[Reject, ...]
    reject_counts: Mapping[str, int]
    rejects_path: Path | None
    notes: tuple[str, ...]


@dataclass
class _Account:
    """What was found while judging rows."""

    rejects: list[Reject] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def reject(self, table: Table, where: np.ndarray, reasons: str | Sequence[str]) -> None:
        """Rows at these positions, with one reason for all or one each."""
        for number, row in enumerate(np.flatnonzero(where)):
            reason = reasons if isinstance(reasons, str) else reasons[number]
            self.rejects.append(Reject(file=table.file, line=int(table.lines[row]), reason=reason))

    def broken(self, table: Table) -> None:
        self.rejects.extend(table.broken)
        self.notes.extend(table.notes)

    def reasons(self, since: int = 0) -> dict[str, int]:
        """Kinds of reasons (what stands before a colon) and how often, most frequent first."""
        kinds = Counter(reject.reason.partition(": ")[0] for reject in self.rejects[since:])
        return dict(kinds.most_common())


def import_dataset(
    name: str,
    home: Path,
    *,
    catalog_path: Path,
    interactions_path: Path | None = None,
    columns: Mapping[str, str] | None = None,
    join_on: str | None = None,
    allow_rejects: bool = False,
    replace: bool = False,
    progress: Progress = no_progress,
) -> tuple[Dataset, ImportReport]:
    """Import a catalog and, if there are any, interactions.

    Required are item id and title in the catalog, user id and item id in the interactions; the
    other fields are taken where columns for them are found. Rows that cannot be used are left out
    and listed in home/data/<name>.rejects.jsonl.

    Args:
        name: Under which name to keep it; not that of a data set that can be fetched.
        home: Rapport's folder.
        catalog_path: csv, tsv, jsonl, json or parquet, perhaps with .gz.
        interactions_path: The same; None for a catalog alone.
        columns: Field -> column where the guess would be wrong; an empty column means "none".
            Several columns for tags and texts are joined by "+".
        join_on: The catalog column that holds the item ids of the interactions, when these are
            not the catalog's own ids; its values may be lists.
        allow_rejects: Import even if more than a fifth of a file is rejected.
        replace: Put it in the place of an imported data set of that name.
        progress: Told of the stages "catalog", "interactions" and "save".

    Raises:
        DataError: Missing columns, too many rejects, a name that is taken.
        DamagedFileError: A file cannot be read.
        StorageError: No room or no permission.
    """
    folder = dataset_folder(name, home)
    _check_name(name, folder, replace=replace)
    overrides = dict(columns or {})
    guess.check_overrides(overrides)
    account = _Account()
    progress("catalog", 0, 1)
    items = read_table(catalog_path)
    events = read_table(interactions_path) if interactions_path is not None else None
    _check_used(overrides, items, events)
    rejects_path = folder.with_name(f"{name}.rejects.jsonl")
    account.broken(items)
    catalog, item_columns = _catalog(items, overrides, account)
    _check_share(items, account, rejects_path, before=0, allow=allow_rejects)
    progress("interactions", 0, 1)
    before = len(account.rejects)
    if events is not None:
        account.broken(events)
        item_of = _joined(items, item_columns, catalog, join_on, account)
        interactions, event_columns = _interactions(events, overrides, catalog, item_of, account)
        hint = _no_hint if join_on else partial(_join_hint, items, events, event_columns, catalog)
        _check_share(events, account, rejects_path, before=before, allow=allow_rejects, hint=hint)
    else:
        interactions, event_columns = _no_interactions(catalog), {}
    report = ImportReport(
        n_item_rows=len(items.frame) + len(items.broken),
        n_items=len(catalog),
        n_event_rows=len(events.frame) + len(events.broken) if events is not None else 0,
        n_interactions=len(interactions),
        n_users=interactions.n_users,
        columns={"catalog": item_columns, "interactions": event_columns},
        rejects=tuple(account.rejects[:_SHOWN]),
        reject_counts=account.reasons(),
        rejects_path=_write_rejects(rejects_path, account),
        notes=tuple(account.notes),
    )
    meta = _meta(catalog_path, interactions_path, report)
    dataset = Dataset(name=name, catalog=catalog, interactions=interactions, meta=meta)
    progress("save", 0, 1)
    save_dataset(dataset, folder)
    return dataset, report


def _check_name(name: str, folder: Path, *, replace: bool) -> None:
    if name in DATASETS:
        raise DataError(
            f"{name!r} is the name of a data set that can be fetched.",
            "Choose another name for your own.",
        )
    if folder.exists() and not replace:
        raise DataError(
            f"There is already a data set {name!r}.", "Choose another name, or use --replace."
        )


def _check_used(overrides: Mapping[str, str], items: Table, events: Table | None) -> None:
    """Every column that was named must be in one of the files."""
    present = set(items.frame.columns) | (set(events.frame.columns) if events else set())
    for name, column in overrides.items():
        for part in column.split("+"):
            if part and part not in present:
                raise DataError(
                    f"--column {name}={column}: no file has a column {part!r}.",
                    f"The columns are {', '.join(sorted(present))}.",
                )


def _need(found: Mapping[str, str], needed: Sequence[str], table: Table, what: str) -> None:
    for name in needed:
        if name not in found:
            raise DataError(
                f"The {what} {table.file!r} has no column for {name!r}; its columns are "
                f"{', '.join(map(str, table.frame.columns))}.",
                f"Name it with --column {name}=COLUMN.",
            )


def _catalog(
    table: Table, overrides: Mapping[str, str], account: _Account
) -> tuple[Catalog, dict[str, str]]:
    frame = table.frame
    found = guess.find_columns(frame, guess.ITEM_NAMES, overrides)
    _need(found, ("item_id", "title"), table, "catalog")
    ids = guess.as_ids(guess.column(frame, found["item_id"]))
    no_id = ids.eq("").to_numpy(dtype=bool)
    titles = _titles(frame, found)
    no_title = guess.missing(titles) & ~no_id
    repeated = ids.duplicated().to_numpy(dtype=bool) & ~no_id & ~no_title
    account.reject(table, no_id, "no item id")
    account.reject(table, no_title, "no title")
    account.reject(table, repeated, [f"item id repeated: {id_}" for id_ in ids[repeated]])
    kept = ~(no_id | no_title | repeated)
    columns = {field_: frame[column][kept].tolist() for field_, column in found.items()}
    columns |= {"item_id": ids[kept].tolist(), "title": titles[kept].tolist()}
    many = {name: guess.find_many(frame, name, overrides) for name in ("tags", "texts")}
    lists = {
        name: [(column, frame[column][kept].tolist()) for column in found_columns]
        for name, found_columns in many.items()
    }
    items = [_item(row, columns, lists) for row in range(int(kept.sum()))]
    if not items:
        raise DataError(
            f"The catalog {table.file!r} has no usable item ({_listed(account.reasons())}).",
            "Each item needs an id and a title; name their columns with --column FIELD=COLUMN.",
        )
    _note_years(columns, items, account)
    used = found | {name: "+".join(cols) for name, cols in many.items() if cols}
    return Catalog(items), used


def _titles(frame: pd.DataFrame, found: Mapping[str, str]) -> pd.Series:
    """Titles; where there is none, the first of the other titles."""
    titles = guess.column(frame, found["title"])
    if "alt_titles" not in found:
        return titles
    others = guess.column(frame, found["alt_titles"])
    first = others.map(lambda value: next(iter(guess.as_names(value)), ""))
    return titles.mask(guess.missing(titles), first)


def _item(
    row: int,
    columns: Mapping[str, list[Any]],
    lists: Mapping[str, list[tuple[str, list[Any]]]],
) -> Item:
    title = " ".join(str(columns["title"][row]).split())
    year = guess.as_year(columns["year"][row]) if "year" in columns else None
    others: tuple[str, ...] = ()
    if "year" not in columns:
        # MovieLens-like files carry the year, and perhaps other titles, inside the title.
        parsed, parsed_year, parsed_others = parse_title(title)
        if parsed_year is not None:
            title, year, others = parsed, parsed_year, parsed_others
    names = {
        name: guess.as_names(columns[name][row]) if name in columns else ()
        for name in ("genres", "directors", "cast", "alt_titles")
    }
    names["alt_titles"] = tuple(dict.fromkeys((*names["alt_titles"], *others)))
    tags = (tag.casefold() for _, values in lists["tags"] for tag in guess.as_names(values[row]))
    texts = {
        guess.text_key(column): text
        for column, values in lists["texts"]
        if isinstance(values[row], str) and (text := values[row].strip())
    }
    return Item(
        item_id=columns["item_id"][row],
        title=title,
        year=year,
        tags=tuple(dict.fromkeys(tags)),
        texts=texts,
        **names,
    )


def _note_years(columns: Mapping[str, list[Any]], items: Sequence[Item], account: _Account) -> None:
    if "year" not in columns:
        return
    given = ~guess.missing(pd.Series(columns["year"]))
    unusable = sum(1 for item, has in zip(items, given, strict=True) if has and item.year is None)
    if unusable:
        account.notes.append(
            f"Items with a year that cannot be one (it was left empty): {unusable}."
        )


def _joined(
    table: Table,
    found: Mapping[str, str],
    catalog: Catalog,
    join_on: str | None,
    account: _Account,
) -> dict[str, str]:
    """Item id in the interactions -> item id in the catalog."""
    if join_on is None:
        return {item_id: item_id for item_id in catalog.ids.ids}
    if join_on not in table.frame.columns:
        raise DataError(
            f"--join-on {join_on}: the catalog {table.file!r} has no such column.",
            f"Its columns are {', '.join(map(str, table.frame.columns))}.",
        )
    item_ids = guess.as_ids(guess.column(table.frame, found["item_id"]))
    keys = guess.column(table.frame, join_on).explode()
    item_of: dict[str, str] = {}
    doubles = 0
    pairs = zip(guess.as_ids(keys), item_ids.loc[keys.index], strict=True)
    for key, item_id in pairs:
        if key and item_id in catalog:
            doubles += item_of.setdefault(key, item_id) != item_id
    if doubles:
        account.notes.append(
            f"{doubles} values of {join_on!r} belong to more than one item; the first one counts."
        )
    return item_of


def _interactions(
    table: Table,
    overrides: Mapping[str, str],
    catalog: Catalog,
    item_of: Mapping[str, str],
    account: _Account,
) -> tuple[Interactions, dict[str, str]]:
    frame = table.frame
    found = guess.find_columns(frame, guess.EVENT_NAMES, overrides)
    _need(found, ("user_id", "item_id"), table, "interactions file")
    users = guess.as_ids(guess.column(frame, found["user_id"]))
    items = guess.as_ids(guess.column(frame, found["item_id"]))
    events = pd.DataFrame({"user_id": users, "item_id": items.map(item_of)})
    bad = np.zeros(len(frame), dtype=bool)
    no_user = users.eq("").to_numpy(dtype=bool)
    no_item = items.eq("").to_numpy(dtype=bool)
    strange = events["item_id"].isna().to_numpy(dtype=bool) & ~no_item
    for where, reason in ((no_user, "no user id"), (no_item & ~no_user, "no item id")):
        account.reject(table, where, reason)
        bad |= where
    strange &= ~bad
    account.reject(table, strange, [f"unknown item: {id_!r}" for id_ in items[strange]])
    bad |= strange
    if "weight" in found:
        weights = guess.as_ratings(guess.column(frame, found["weight"]))
        bad |= _reject_values(table, frame, found["weight"], np.isnan(weights) & ~bad, account)
        events["weight"] = weights
    if "timestamp" in found:
        times, unreadable = guess.as_times(guess.column(frame, found["timestamp"]))
        bad |= _reject_values(table, frame, found["timestamp"], unreadable & ~bad, account)
        events["timestamp"] = times
    return Interactions.from_frame(events.loc[~bad], catalog), found


def _join_hint(
    items: Table, events: Table, event_columns: Mapping[str, str], catalog: Catalog
) -> str:
    """Name the catalog column that most ids of the interactions are in, if they are no item ids."""
    ids = set(guess.as_ids(guess.column(events.frame, event_columns["item_id"])))
    if len(ids & set(catalog.ids.ids)) * 2 > len(ids):
        return ""
    for name in items.frame.columns:
        keys = guess.column(items.frame, name).explode()
        if len(ids & set(guess.as_ids(keys))) * 2 > len(ids):
            return f"The ids are those of the catalog's column {name!r}: try --join-on {name}. "
    return ""


def _reject_values(
    table: Table, frame: pd.DataFrame, column: str, where: np.ndarray, account: _Account
) -> np.ndarray:
    values = guess.column(frame, column)[where]
    account.reject(table, where, [f"{column} not usable: {value!r}" for value in values])
    return where


def _no_interactions(catalog: Catalog) -> Interactions:
    empty = pd.DataFrame({"user_id": pd.Series(dtype=str), "item_id": pd.Series(dtype=str)})
    return Interactions.from_frame(empty, catalog)


def _no_hint() -> str:
    return ""


def _check_share(
    table: Table,
    account: _Account,
    rejects_path: Path,
    *,
    before: int,
    allow: bool,
    hint: Callable[[], str] = _no_hint,
) -> None:
    """Refuse a file of which more than a fifth was rejected: the columns are probably wrong."""
    rejected = len(account.rejects) - before
    total = len(table.frame) + len(table.broken)
    if allow or rejected <= _MOST_REJECTED * total:
        return
    path = _write_rejects(rejects_path, account)
    first = "; ".join(
        f"line {reject.line}: {reject.reason}" for reject in account.rejects[before : before + 3]
    )
    raise DataError(
        f"{rejected:,} of {total:,} rows of {table.file!r} cannot be used "
        f"({_listed(account.reasons(before))}), so nothing was imported. First ones: {first}.",
        f"{hint()}All are listed in {str(path)!r}. Check the columns (--column FIELD=COLUMN), the ids "
        "(--join-on COLUMN), or take what is usable with --allow-rejects.",
    )


def _listed(reasons: Mapping[str, int]) -> str:
    return ", ".join(f"{reason}: {count:,}" for reason, count in list(reasons.items())[:4])


def _write_rejects(path: Path, account: _Account) -> Path | None:
    if not account.rejects:
        path.unlink(missing_ok=True)
        return None
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8") as stream:
        for reject in account.rejects:
            row = {"file": reject.file, "line": reject.line, "reason": reject.reason}
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
    return path


def _meta(
    catalog_path: Path, interactions_path: Path | None, report: ImportReport
) -> dict[str, Any]:
    return {
        "source": {
            "catalog": catalog_path.name,
            "interactions": interactions_path.name if interactions_path else None,
        },
        "columns": {name: dict(found) for name, found in report.columns.items()},
        "rejects": dict(report.reject_counts),
        "notes": list(report.notes),
        "licence": "That of your own files.",
    }
