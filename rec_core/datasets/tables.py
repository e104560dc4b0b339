"""Reading anybody's tables: csv, tsv, JSON lines, parquet, each perhaps gzipped, with line numbers.

Text stays text here: what a column means is decided in `columns`.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ..errors import DamagedFileError, DataError

_DELIMITERS = ("\t", ",", ";", "|")
_FORMATS = "csv, tsv, jsonl (or json) and parquet, each also with .gz behind"
_TEXT_SUFFIXES = frozenset({".csv", ".tsv", ".txt", ".inter", ".item", ".dat"})


@dataclass(frozen=True, kw_only=True)
class Reject:
    """A row that was not taken: which file, which line, and why."""

    file: str
    line: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class Table:
    """A file as it was read.

    Attributes:
        file: Its name without folders.
        frame: The rows that could be read.
        lines: int64 (n_rows,): the line of each row, counted from 1 with the header; in parquet
            the row number, from 1.
        broken: Rows that could not even be read.
        notes: What a person should know, such as an assumed encoding.
    """

    file: str
    frame: pd.DataFrame
    lines: np.ndarray
    broken: tuple[Reject, ...] = ()
    notes: tuple[str, ...] = field(default=())


def read_table(path: Path) -> Table:
    """Read one file by the suffix of its name.

    Raises:
        DataError: There is no such file, it is empty or its kind is unknown.
        DamagedFileError: It is cut or corrupt.
    """
    if not path.is_file():
        raise DataError(f"There is no file {str(path)!r}.", "Check the path.")
    suffixes = [suffix.lower() for suffix in path.suffixes]
    kind = (
        suffixes[-2] if suffixes[-1:] == [".gz"] and len(suffixes) > 1 else "".join(suffixes[-1:])
    )
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        if kind in _TEXT_SUFFIXES:
            return _read_text(path.name, content)
        if kind in (".jsonl", ".ndjson", ".json"):
            return _read_json(path.name, content)
        if kind in (".parquet", ".pq"):
            return _read_parquet(path.name, content)
    except (EOFError, gzip.BadGzipFile, zlib.error, pa.ArrowException) as error:
        raise DamagedFileError(
            f"{str(path)!r} is damaged and cannot be read ({error}).", "Get the file again."
        ) from error
    raise DataError(f"{path.name!r} is of no known kind.", f"Known kinds are {_FORMATS}.")


def _decode(file: str, content: bytes) -> tuple[str, tuple[str, ...]]:
    try:
        return content.decode("utf-8-sig"), ()
    except UnicodeDecodeError:
        return content.decode("latin-1"), (f"{file} is not UTF-8; it was read as Latin-1.",)


def _read_text(file: str, content: bytes) -> Table:
    text, notes = _decode(file, content)
    header = text.split("\n", 1)[0]
    if not header.strip():
        raise DataError(
            f"{file!r} is empty or begins with an empty line.",
            "Its first line must name the columns.",
        )
    delimiter = max(_DELIMITERS, key=header.count)
    try:
        frame = pd.read_csv(
            io.StringIO(text),
            sep=delimiter,
            dtype=str,
            keep_default_na=False,
            skip_blank_lines=False,
        )
        broken: list[Reject] = []
        lines = _line_numbers(frame)
    except (pd.errors.ParserError, ValueError):
        frame, lines, broken = _read_uneven(file, text, delimiter)
    frame.columns = pd.Index([_bare(name) for name in frame.columns])
    empty = frame.isna().all(axis=1).to_numpy() | frame.eq("").all(axis=1).to_numpy()
    return Table(
        file=file,
        frame=frame.loc[~empty].reset_index(drop=True),
        lines=lines[~empty],
        broken=tuple(broken),
        notes=notes,
    )


def _bare(name: Hashable) -> str:
    """A column name without the type that RecBole puts behind it ("user_id:token")."""
    return str(name).strip().partition(":")[0]


def _line_numbers(frame: pd.DataFrame) -> np.ndarray:
    """Line of each row of a csv file; quoted values may run over several lines."""
    breaks = np.zeros(len(frame), dtype=np.int64)
    for name in frame.columns:
        values = frame[name]
        if bool(values.str.contains("\n", regex=False, na=False).to_numpy().any()):
            breaks += values.str.count("\n").fillna(0).to_numpy(dtype=np.int64)
    before = np.cumsum(breaks) - breaks
    return np.arange(len(frame), dtype=np.int64) + 2 + before


def _read_uneven(
    file: str, text: str, delimiter: str
) -> tuple[pd.DataFrame, np.ndarray, list[Reject]]:
    """Row by row, for files in which some rows have more fields than the header."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    header = next(reader)
    rows: list[list[str]] = []
    lines: list[int] = []
    broken: list[Reject] = []
    line = reader.line_num + 1
    try:
        for row in reader:
            if len(row) > len(header):
                reason = f"{len(row)} fields where the header names {len(header)}"
                broken.append(Reject(file=file, line=line, reason=reason))
            else:
                rows.append(row + [""] * (len(header) - len(row)))
                lines.append(line)
            line = reader.line_num + 1
    except csv.Error as error:
        raise DamagedFileError(f"{file!r} is not a table from line {line} on ({error}).") from error
    frame = pd.DataFrame(rows, columns=pd.Index(header), dtype=str)
    return frame, np.array(lines, dtype=np.int64), broken


def _read_json(file: str, content: bytes) -> Table:
    text, notes = _decode(file, content)
    records: list[dict[str, Any]] = []
    lines: list[int] = []
    broken: list[Reject] = []
    for line, value in _json_values(text):
        if isinstance(value, dict):
            records.append(value)
            lines.append(line)
        else:
            reason = value if isinstance(value, str) else "not a JSON object"
            broken.append(Reject(file=file, line=line, reason=reason))
    if not records:
        raise DataError(f"{file!r} has no JSON object.", "Each line must be one JSON object.")
    return Table(
        file=file,
        frame=pd.DataFrame.from_records(records),
        lines=np.array(lines, dtype=np.int64),
        broken=tuple(broken),
        notes=notes,
    )


def _json_values(text: str) -> Iterator[tuple[int, object]]:
    """Line number and value; a string stands for what is wrong with that line."""
    if text.lstrip().startswith("["):
        try:
            values = json.loads(text)
        except ValueError as error:
            raise DamagedFileError(f"The JSON list cannot be read ({error}).") from error
        yield from ((number, value) for number, value in enumerate(values, 1))
        return
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError as error:
            yield number, f"not valid JSON ({error})"
        else:
            yield number, None if isinstance(value, str) else value


def _read_parquet(file: str, content: bytes) -> Table:
    frame = pd.read_parquet(io.BytesIO(content)).reset_index(drop=True)
    frame.columns = pd.Index([str(name) for name in frame.columns])
    return Table(file=file, frame=frame, lines=np.arange(1, len(frame) + 1, dtype=np.int64))
