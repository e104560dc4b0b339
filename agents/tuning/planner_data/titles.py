"""The titles that training messages are made of, from a catalog or a list of names."""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path

from rec_core import DataError

_NAMED = re.compile(r"^(?P<title>.+?)\s*(?:\((?P<year>(?:18|19|20)\d\d)\))?$")
_ARTICLE = re.compile(r"^(?P<rest>.+), (?P<article>The|A|An)$")
_LONGEST = 45
_FEWEST = 50


def read_titles(path: Path) -> tuple[tuple[str, int | None], ...]:
    """Titles with their years, in the file's order, each once.

    Args:
        path: csv with a column `title` or `name`, or jsonl (either may be gzipped) with `title` and
            perhaps `year`. "Heat (1995)" is taken apart; "Game, The" is turned round.

    Raises:
        DataError: No such file, not readable as one of these, or fewer than 50 usable titles.
    """
    if not path.is_file():
        raise DataError(f"There is no file {str(path)!r}.", "Check the path given with --catalog.")
    try:
        found = tuple(dict.fromkeys(_usable(_rows(path))))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, csv.Error) as fault:
        raise DataError(
            f"{str(path)!r} cannot be read as csv or jsonl.", "Give a catalog of either kind."
        ) from fault
    if len(found) < _FEWEST:
        raise DataError(
            f"{str(path)!r} has only {len(found)} usable titles.",
            f"At least {_FEWEST} are needed, in a column called title or name.",
        )
    return found


def _rows(path: Path) -> Iterator[tuple[str, int | None]]:
    opener = gzip.open if path.suffix == ".gz" else open
    is_csv = ".csv" in path.suffixes
    with opener(path, "rt", encoding="utf-8-sig") as lines:
        if is_csv:
            for row in csv.DictReader(lines):
                yield _taken_apart(row.get("title") or row.get("name") or "")
            return
        for line in lines:
            row = json.loads(line) if line.strip() else {}
            title, year = _taken_apart(str(row.get("title") or row.get("name") or ""))
            stated = row.get("year")
            yield title, stated if isinstance(stated, int) else year


def _taken_apart(name: str) -> tuple[str, int | None]:
    match = _NAMED.match(name.strip())
    if match is None:
        return "", None
    title = match["title"].strip()
    turned = _ARTICLE.match(title)
    if turned:
        title = f"{turned['article']} {turned['rest']}"
    return title, int(match["year"]) if match["year"] else None


def _usable(rows: Iterator[tuple[str, int | None]]) -> Iterator[tuple[str, int | None]]:
    """Titles that somebody could type: some letters, not too long, nothing that breaks a template."""
    for title, year in rows:
        letters = re.search(r"[A-Za-z]{2}|^\d{2,4}$", title)
        if letters and len(title) <= _LONGEST and not re.search(r"[{}|\[\]\"#]|\(", title):
            yield title, year
