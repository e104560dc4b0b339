"""The file formats in which MovieLens comes, read into a catalog and interactions.

Four forms: csv (ml-latest-small, ml-20m, ml-32m), "::" (ml-1m), u.data and u.item (ml-100k), and
the tab-separated .inter and .item files of RecBole (ml-100k).
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..catalog import Catalog
from ..errors import DamagedFileError
from ..interactions import Interactions
from ..types import Item
from .filesets import FileSet
from .titles import parse_title

if TYPE_CHECKING:
    import pandas as pd

_GENRE_NAMES = {"Children's": "Children"}
_NO_GENRES = frozenset({"unknown", "(no genres listed)", ""})
_TAG_LIMIT = 30
# Column order of the genre flags in u.item.
_FLAGS = (
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary",
    "Drama", "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi",
    "Thriller", "War", "Western",
)  # fmt: skip
_COLUMNS = ("user_id", "item_id", "weight", "timestamp")
# What the copy in the wheel calls the one film that MovieLens itself has no data about.
_MISSPELT = {"unkonwn": "unknown"}

Parsed = tuple[Catalog, Interactions]


def parse_movielens(files: FileSet) -> Parsed:
    """Read whichever form is there.

    Raises:
        DamagedFileError: No known form is there, or a file does not parse.
    """
    forms: tuple[tuple[tuple[str | None, ...], Callable[[FileSet], Parsed]], ...] = (
        (("ratings.csv", "movies.csv"), _parse_csv),
        (("ratings.dat", "movies.dat"), _parse_colons),
        (("u.data", "u.item"), _parse_100k),
        ((files.find(".inter"), files.find(".item")), _parse_recbole),
    )
    for needed, parse in forms:
        if None not in needed and set(needed) <= files.names:
            try:
                return parse(files)
            except (ValueError, KeyError, IndexError, csv.Error) as error:
                names = " or ".join(str(name) for name in needed)
                raise DamagedFileError(
                    f"{names} in {str(files.place)!r} is not as MovieLens writes it ({error}).",
                    "Get the files again.",
                ) from error
    raise DamagedFileError(
        f"{str(files.place)!r} has no MovieLens files.",
        "Expected are ratings.csv and movies.csv, ratings.dat and movies.dat, u.data and u.item, "
        "or ml-100k.inter and ml-100k.item.",
    )


def _genres(names: Iterator[str] | list[str]) -> tuple[str, ...]:
    cleaned = (_GENRE_NAMES.get(name, name) for name in names if name not in _NO_GENRES)
    return tuple(dict.fromkeys(cleaned))


def _item(
    item_id: str,
    raw_title: str,
    genres: tuple[str, ...],
    *,
    year: int | None = None,
    tags: tuple[str, ...] = (),
) -> Item:
    title, year, others = parse_title(_MISSPELT.get(raw_title, raw_title), year)
    return Item(
        item_id=item_id, title=title, year=year, genres=genres, tags=tags, alt_titles=others
    )


def _text_rows(files: FileSet, name: str, encoding: str, separator: str) -> Iterator[list[str]]:
    with files.open(name) as stream:
        for line in stream.read().decode(encoding).splitlines():
            if line.strip():
                yield line.split(separator)


def _parse_100k(files: FileSet) -> Parsed:
    import pandas as pd

    items = []
    for row in _text_rows(files, "u.item", "latin-1", "|"):
        flags = row[-len(_FLAGS) :]
        names = [name for name, flag in zip(_FLAGS, flags, strict=True) if flag == "1"]
        items.append(_item(row[0], row[1], _genres(names)))
    with files.open("u.data") as stream:
        frame = pd.read_csv(stream, sep="\t", header=None, names=list(_COLUMNS))
    return _join(items, frame)


def _parse_colons(files: FileSet) -> Parsed:
    import pandas as pd

    items = [
        _item(row[0], row[1], _genres(row[2].split("|")))
        for row in _text_rows(files, "movies.dat", "latin-1", "::")
    ]
    with files.open("ratings.dat") as stream:
        # One ":" as separator leaves an empty column between two fields; far quicker than "::".
        frame = pd.read_csv(stream, sep=":", header=None, usecols=[0, 2, 4, 6])
    frame.columns = pd.Index(_COLUMNS)
    return _join(items, frame)


def _parse_recbole(files: FileSet) -> Parsed:
    import pandas as pd

    item_file, event_file = str(files.find(".item")), str(files.find(".inter"))
    rows = _text_rows(files, item_file, "utf-8", "\t")
    header = [name.partition(":")[0] for name in next(rows)]
    items = []
    for row in rows:
        record = dict(zip(header, row, strict=True))
        written = record["release_year"].strip()
        year = int(written) if written.isdigit() else None
        genres = _genres(record["class"].split(" "))
        items.append(_item(record["item_id"], record["movie_title"], genres, year=year))
    with files.open(event_file) as stream:
        frame = pd.read_csv(stream, sep="\t")
    names = [str(name).partition(":")[0] for name in frame.columns]
    frame.columns = pd.Index(names).str.replace("rating", "weight")
    return _join(items, frame)


def _parse_csv(files: FileSet) -> Parsed:
    import pandas as pd

    tags = _tags(files) if "tags.csv" in files.names else {}
    with files.open("movies.csv") as stream:
        lines = stream.read().decode("utf-8-sig").splitlines()
    items = [
        _item(
            row["movieId"],
            row["title"],
            _genres(row["genres"].split("|")),
            tags=tags.get(row["movieId"], ()),
        )
        for row in csv.DictReader(lines)
    ]
    # Narrow types halve the memory for 32 million rows.
    types: dict[Hashable, Any] = {
        "userId": np.int32, "movieId": np.int32, "rating": np.float32, "timestamp": np.int64
    }  # fmt: skip
    with files.open("ratings.csv") as stream:
        frame = pd.read_csv(stream, dtype=types)
    frame = frame.rename(columns={"userId": "user_id", "movieId": "item_id", "rating": "weight"})
    return _join(items, frame)


def _tags(files: FileSet) -> Mapping[str, tuple[str, ...]]:
    """Tags of each movie id, most frequent first, equal ones in the order of the alphabet."""
    import pandas as pd

    with files.open("tags.csv") as stream:
        frame = pd.read_csv(stream, usecols=["movieId", "tag"], dtype={"movieId": "string"})
    frame["tag"] = frame["tag"].astype("string").str.strip().str.lower()
    frame = frame[frame["tag"].fillna("").ne("")]
    counts = frame.groupby(["movieId", "tag"]).size().to_frame("n").reset_index()
    counts = counts.sort_values(["movieId", "n", "tag"], ascending=[True, False, True])
    top = counts.groupby("movieId", sort=False).head(_TAG_LIMIT)
    grouped = top.groupby("movieId", sort=False)["tag"].agg(list)
    return {str(movie_id): tuple(tags) for movie_id, tags in grouped.items()}


def _join(items: list[Item], frame: pd.DataFrame) -> Parsed:
    catalog = Catalog(items)
    return catalog, Interactions.from_frame(frame, catalog)
