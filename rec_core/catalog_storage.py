"""Items as Arrow columns: written to parquet, read back, and in large catalogs kept that way.

An `Item` object takes about a kilobyte. Above `KEPT_AS_ITEMS` items a catalog therefore holds the
columns, a tenth of the size, and makes an item when it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, overload

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from .errors import DamagedFileError
from .types import Item

KEPT_AS_ITEMS = 50_000

_SCHEMA_VERSION = "1"
_CHUNK = 2_048
_REMEMBERED = 8_192
_NEIGHBOURS = 16
_STRINGS = pa.list_(pa.string())
LIST_FIELDS = ("genres", "directors", "cast", "tags", "alt_titles")
_SCHEMA = pa.schema(
    [
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("title", pa.string(), nullable=False),
        pa.field("year", pa.int32()),
        *(pa.field(name, _STRINGS) for name in LIST_FIELDS),
        pa.field("texts", pa.map_(pa.string(), pa.string())),
    ]
)
_AGAIN = "Get or import the data set again."


@dataclass(frozen=True, kw_only=True)
class FieldValues:
    """Which item has which value of some list fields, each pair once.

    Attributes:
        rows: (n_pairs,) int64 item rows, ascending.
        codes: (n_pairs,) int64 places in `values`; within an item in the item's order.
        values: Different values in the order in which they first occur.
        n_items: Size of the catalog.
    """

    rows: np.ndarray
    codes: np.ndarray
    values: tuple[str, ...]
    n_items: int

    @property
    def by_frequency(self) -> np.ndarray:
        """Codes, most frequent first; ties in the order of `values`."""
        counts = np.bincount(self.codes, minlength=len(self.values))
        return np.argsort(-counts, kind="stable")


class StoredItems(Sequence[Item]):
    """The items of a table, made when they are asked for; the last few thousand are remembered.

    A few neighbours are made along: whoever goes through all rows one by one gains much by it.
    """

    def __init__(self, table: pa.Table) -> None:
        self.table = table
        self._block = lru_cache(maxsize=_REMEMBERED // _NEIGHBOURS)(self._made)

    def __len__(self) -> int:
        return len(self.table)

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Item]: ...
    def __getitem__(self, index: int | slice) -> Item | Sequence[Item]:
        if isinstance(index, slice):
            return [self[row] for row in range(len(self))[index]]
        block, place = divmod(range(len(self))[index], _NEIGHBOURS)
        return self._block(block)[place]

    def __iter__(self) -> Iterator[Item]:
        for batch in self.table.to_batches(max_chunksize=_CHUNK):
            yield from map(_item_of, batch.to_pylist())

    def _made(self, block: int) -> list[Item]:
        return list(map(_item_of, self.table.slice(block * _NEIGHBOURS, _NEIGHBOURS).to_pylist()))


def values_of_items(items: Sequence[Item], fields: Sequence[str]) -> FieldValues:
    """The values of list fields; those of several fields together, first field first."""
    if isinstance(items, StoredItems):
        return _values_of_table(items.table, fields)
    code_of: dict[str, int] = {}
    pairs = [
        (row, code_of.setdefault(value, len(code_of)))
        for row, item in enumerate(items)
        for value in dict.fromkeys(value for name in fields for value in getattr(item, name))
    ]
    rows, codes = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return FieldValues(rows=rows, codes=codes, values=tuple(code_of), n_items=len(items))


def _values_of_table(table: pa.Table, fields: Sequence[str]) -> FieldValues:
    columns = [table[name].combine_chunks() for name in fields]
    rows = np.concatenate([column.value_parent_indices().to_numpy() for column in columns])
    values = pa.chunked_array([column.flatten() for column in columns], pa.string())
    encoded = values.combine_chunks().dictionary_encode()
    order = np.argsort(rows, kind="stable")
    rows, codes = rows[order].astype(np.int64), encoded.indices.to_numpy()[order].astype(np.int64)
    n_values = len(encoded.dictionary)
    _, first = np.unique(rows * max(n_values, 1) + codes, return_index=True)
    first.sort()
    rows, codes = rows[first], codes[first]
    known, seen_at = np.unique(codes, return_index=True)
    ordered = known[np.argsort(seen_at)]  # by first occurrence, catalog order
    rank = np.zeros(n_values, dtype=np.int64)
    rank[ordered] = np.arange(len(ordered))
    names = encoded.dictionary.take(pa.array(ordered)).to_pylist()
    return FieldValues(rows=rows, codes=rank[codes], values=tuple(names), n_items=len(table))


def table_of(items: Sequence[Item]) -> pa.Table:
    """The columns of the items."""
    if isinstance(items, StoredItems):
        return items.table
    columns: dict[str, list[Any]] = {
        name: [getattr(item, name) for item in items]
        for name in ("item_id", "title", "year", *LIST_FIELDS)
    }
    columns["texts"] = [list(item.texts.items()) for item in items]
    return pa.table(columns, schema=_SCHEMA)


def write_items(items: Sequence[Item], path: Path, *, fingerprint: str) -> None:
    """Write one parquet file with checksums in its pages."""
    marks = {"rapport_schema": _SCHEMA_VERSION, "fingerprint": fingerprint}
    table = table_of(items).replace_schema_metadata(marks)
    pq.write_table(table, path, compression="zstd", write_page_checksum=True)


def read_items(path: Path) -> tuple[Sequence[Item], str | None]:
    """Items in the order of the file, and the fingerprint that was written with them.

    Raises:
        DamagedFileError: The file is missing, damaged or of another kind.
    """
    try:
        table = pq.read_table(path, page_checksum_verification=True)
    except (OSError, pa.ArrowException) as error:
        problem = f"The catalog file {str(path)!r} is missing or cannot be read."
        raise DamagedFileError(problem, _AGAIN) from error
    if not set(_SCHEMA.names) <= set(table.column_names):
        problem = f"The file {str(path)!r} is not a catalog of this version."
        raise DamagedFileError(problem, _AGAIN)
    mark = (table.schema.metadata or {}).get(b"fingerprint")
    stored = StoredItems(table)
    items = stored if len(stored) > KEPT_AS_ITEMS else tuple(stored)
    return items, None if mark is None else mark.decode()


def _item_of(record: dict) -> Item:
    lists = {name: tuple(record[name] or ()) for name in LIST_FIELDS}
    return Item(
        item_id=record["item_id"],
        title=record["title"],
        year=record["year"],
        texts=dict(record["texts"] or ()),
        **lists,
    )
