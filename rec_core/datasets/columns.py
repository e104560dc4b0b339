"""Which column of somebody's table means what, and values brought to our types.

Names are compared without case and signs, so `user_id`, `userId` and `User-ID` are the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import cast

import numpy as np
import pandas as pd

from ..errors import DataError

# Field -> names it goes by, best first; as LensKit, RecTools, RecBole, Amazon Reviews, Goodbooks
# and Book-Crossing write them.
EVENT_NAMES: Mapping[str, tuple[str, ...]] = {
    "user_id": (
        "userid", "user", "uid", "u", "reviewerid", "customerid", "customer", "visitorid",
        "memberid", "accountid", "sessionid",
    ),
    "item_id": (
        "itemid", "item", "iid", "movieid", "movie", "filmid", "film", "parentasin", "asin", "isbn",
        "productid", "product", "sku", "bookid", "book", "gameid", "game", "appid", "trackid",
        "songid", "artistid", "articleid", "newsid", "businessid", "anime", "animeid", "i",
    ),
    "weight": ("rating", "weight", "score", "stars", "ratings", "overall", "bookrating", "value"),
    "timestamp": (
        "timestamp", "datetime", "date", "time", "ts", "unixreviewtime", "reviewtime", "createdat",
        "pos", "position", "order",
    ),
}  # fmt: skip
ITEM_NAMES: Mapping[str, tuple[str, ...]] = {
    "item_id": (*EVENT_NAMES["item_id"], "id"),
    "title": ("title", "name", "movietitle", "booktitle", "itemname", "productname", "producttitle",
              "filmtitle", "itemtitle"),
    "year": ("year", "releaseyear", "yearpublished", "publicationyear", "yearofpublication",
             "originalpublicationyear", "releasedate", "date"),
    "genres": ("genres", "genre", "categories", "category", "class", "maincategory"),
    "directors": ("directors", "director", "authors", "author", "bookauthor", "creators"),
    "cast": ("cast", "actors", "stars", "starring"),
    "alt_titles": ("alttitles", "alternativetitles", "othertitles", "originaltitle", "aka"),
}  # fmt: skip
# Fields that several columns may fill together.
TAG_NAMES = ("tags", "usertags", "genometags", "keywords", "tag")
TEXT_NAMES = ("text", "plot", "description", "overview", "summary", "synopsis", "plotsummary")
_TEXT_PREFIX = "text"
_EVENT_FIELDS = frozenset(EVENT_NAMES)
_ITEM_FIELDS = frozenset({*ITEM_NAMES, "tags", "texts"})
FIELDS = tuple(sorted(_EVENT_FIELDS | _ITEM_FIELDS))
_FOUR_DIGITS = re.compile(r"(?<!\d)(1[89]\d\d|20\d\d)(?!\d)")
_YEARS = (1800, 2100)
_NO_NAMES = frozenset({"nan", "none", "null", "n/a", "\\n"})


def column(frame: pd.DataFrame, name: str) -> pd.Series:
    """One column; pandas' own types leave open whether it is several."""
    return cast("pd.Series", frame[name])


def plain(name: str) -> str:
    """A column name without case and signs."""
    return re.sub(r"[^a-z0-9]", "", name.casefold())


def check_overrides(overrides: Mapping[str, str]) -> None:
    """Raise DataError for a field that nobody can set."""
    for field in overrides:
        if field not in FIELDS:
            raise DataError(
                f"{field!r} is no field that a column can be given to.",
                f"Fields are {', '.join(FIELDS)}; write --column FIELD=COLUMN.",
            )


def find_columns(
    frame: pd.DataFrame, names: Mapping[str, tuple[str, ...]], overrides: Mapping[str, str]
) -> dict[str, str]:
    """Field -> column, for the fields that were found.

    An override wins; an empty one means "no such column". Of several fitting columns the first
    one in the order of `names` counts, for times the first one without gaps.
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    by_name = {plain(column): column for column in reversed(list(frame.columns))}
    for field, known in names.items():
        if field in overrides:
            if overrides[field] in frame.columns:
                found[field] = overrides[field]
                taken.add(overrides[field])
            continue
        fitting = [by_name[name] for name in known if by_name.get(name) not in (None, *taken)]
        if field == "timestamp" and len(fitting) > 1:
            fitting.sort(key=lambda column: bool(frame[column].isna().to_numpy().any()))
        if fitting:
            found[field] = fitting[0]
            taken.add(fitting[0])
    return found


def find_many(frame: pd.DataFrame, field: str, overrides: Mapping[str, str]) -> list[str]:
    """Columns that together fill `tags` or `texts`."""
    if field in overrides:
        wanted = [name for name in overrides[field].split("+") if name]
        return [name for name in wanted if name in frame.columns]
    known = TAG_NAMES if field == "tags" else TEXT_NAMES
    columns = {plain(column): column for column in frame.columns}
    found = [columns[name] for name in known if name in columns]
    if field == "texts":
        found += [
            column
            for name, column in columns.items()
            if name.startswith(_TEXT_PREFIX) and column not in found
        ]
    return sorted(found, key=list(frame.columns).index)


def missing(values: pd.Series) -> np.ndarray:
    """Which values are empty: None, NaN or blank text; bool (n,)."""
    empty = values.isna().to_numpy(dtype=bool)
    if values.dtype == object or pd.api.types.is_string_dtype(values.dtype):
        empty = empty | values.astype(str).str.strip().eq("").to_numpy(dtype=bool)
    return empty


def as_ids(values: pd.Series) -> pd.Series:
    """Ids as text; whole numbers without ".0". Empty ones become ""."""
    empty = missing(values)
    if pd.api.types.is_float_dtype(values.dtype):
        filled = values.astype(float).fillna(0.0)
        if bool((filled % 1 == 0).to_numpy().all()):
            values = filled.astype("int64")
    codes, uniques = pd.factorize(values)
    texts = np.array([*(str(value).strip() for value in uniques), ""], dtype=object)
    ids = pd.Series(texts[codes], index=values.index, dtype=object)
    return ids.mask(empty, "")


def as_ratings(values: pd.Series) -> np.ndarray:
    """Numbers, float64; NaN where a value is none (or endless)."""
    parsed = cast("pd.Series", pd.to_numeric(values, errors="coerce"))
    numbers = parsed.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def as_times(values: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Times as int64, and which could not be read.

    Numbers stay as they are (seconds, milliseconds or positions: only the order matters), dates
    become seconds since 1970 in UTC.
    """
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return _seconds(values)
    numbers = as_ratings(values)
    if np.isnan(numbers).mean() <= 0.5:
        unreadable = np.isnan(numbers)
        return np.where(unreadable, 0, numbers).astype(np.int64), unreadable
    return _seconds(pd.to_datetime(values, errors="coerce", utc=True, format="mixed"))


def _seconds(values: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    unreadable = values.isna().to_numpy(dtype=bool)
    stamps = pd.to_datetime(values, utc=True).dt.tz_localize(None).astype("datetime64[s]")
    return np.where(unreadable, 0, stamps.astype("int64").to_numpy()), unreadable


def as_year(value: object) -> int | None:
    """A year out of a number or a date; None when there is no sensible one."""
    if isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool):
        year = int(value) if np.isfinite(value) else 0
    else:
        match = _FOUR_DIGITS.search(str(value))
        year = int(match.group(1)) if match else 0
    return year if _YEARS[0] <= year <= _YEARS[1] else None


def as_names(value: object) -> tuple[str, ...]:
    """A list of names out of a list, a JSON list or text with separators.

    Text is cut at "|", else at ";", else at ",". Blanks, repeats, "nan" and the like, and remarks
    in parentheses ("(voices)", "(no genres listed)") are left out.
    """
    if isinstance(value, str):
        parts = _cut(value)
    elif isinstance(value, Iterable):
        parts = (str(part) for part in value if part is not None)
    else:
        return ()
    names = (" ".join(part.split()) for part in parts)
    return tuple(dict.fromkeys(name for name in names if name and not _is_no_name(name)))


def _is_no_name(text: str) -> bool:
    return text.casefold() in _NO_NAMES or (text[0] == "(" and text[-1] == ")")


def _cut(text: str) -> list[str]:
    stripped = text.strip()
    if stripped.startswith("["):
        try:
            value = json.loads(stripped)
        except ValueError:
            # Python's own way to write a list of strings, as in many Kaggle files.
            return [part.strip(" '\"") for part in stripped.strip("[]").split(",")]
        return [str(part) for part in value if part is not None]
    separator = next((sign for sign in "|;," if sign in stripped), None)
    return stripped.split(separator) if separator else [stripped]


def text_key(column: str) -> str:
    """Under which name a text column is kept: "text_wikipedia" becomes "wikipedia"."""
    return re.sub(r"^text[_\- ]+", "", column, flags=re.IGNORECASE) or column
