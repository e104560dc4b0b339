"""The catalog: items in a fixed order, with fast answers to "which items satisfy this filter?"."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from .errors import DamagedFileError, DataError, UnknownItemError
from .files import atomic_file
from .ids import IdMap
from .types import Item, ItemFilter

_SCHEMA_VERSION = "1"
_TEXT_LIMIT = 2000
_TAG_LIMIT = 20
_STRINGS = pa.list_(pa.string())
_SCHEMA = pa.schema(
    [
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("title", pa.string(), nullable=False),
        pa.field("year", pa.int32()),
        pa.field("genres", _STRINGS),
        pa.field("directors", _STRINGS),
        pa.field("cast", _STRINGS),
        pa.field("tags", _STRINGS),
        pa.field("alt_titles", _STRINGS),
        pa.field("texts", pa.map_(pa.string(), pa.string())),
    ]
)
_LIST_FIELDS = ("genres", "directors", "cast", "tags", "alt_titles")


class Catalog:
    """Items in a fixed order; the position of an item is its row.

    Args:
        items: The items; their order is kept.

    Raises:
        DataError: Two items share an id, or an item has no id or title.
    """

    def __init__(self, items: Sequence[Item]) -> None:
        self.items: tuple[Item, ...] = tuple(items)
        for position, item in enumerate(self.items):
            if not item.item_id or not item.title.strip():
                raise DataError(
                    f"Item number {position + 1} (id {item.item_id!r}) has no "
                    f"{'title' if item.item_id else 'id'}.",
                    "Every catalog item needs an id and a title.",
                )
        self.ids = IdMap([item.item_id for item in self.items])

    def __len__(self) -> int:
        return len(self.items)

    def __contains__(self, item_id: object) -> bool:
        return item_id in self.ids

    def __iter__(self) -> Iterator[Item]:
        return iter(self.items)

    def __getitem__(self, item_id: str) -> Item:
        """The item with that outside id. Raises UnknownItemError."""
        if item_id not in self.ids:
            raise UnknownItemError(
                f"No item has the id {item_id!r}.",
                f"Ids here look like {self.items[0].item_id!r}." if self.items else "",
            )
        return self.items[self.ids.row(item_id)]

    @cached_property
    def describes_contents(self) -> bool:
        """Whether any item has a text or a tag, so that moods can be told by more than genres."""
        return any(item.texts or item.tags for item in self.items)

    def __repr__(self) -> str:
        return f"Catalog({len(self)} items)"

    def at(self, row: int) -> Item:
        """The item in that row."""
        return self.items[row]

    @cached_property
    def genres(self) -> tuple[str, ...]:
        """Distinct genres, most frequent first; ties in catalog order."""
        return _by_frequency(item.genres for item in self.items)

    @cached_property
    def people(self) -> tuple[str, ...]:
        """Distinct directors and actors, most frequent first; ties in catalog order."""
        return _by_frequency(item.people for item in self.items)

    @cached_property
    def tags(self) -> tuple[str, ...]:
        """Distinct tags, most frequent first; ties in catalog order."""
        return _by_frequency(item.tags for item in self.items)

    @cached_property
    def genre_matrix(self) -> np.ndarray:
        """Which item has which genre: (n_items, n_genres) float32 of 0 and 1, columns as `genres`."""
        column = {genre: index for index, genre in enumerate(self.genres)}
        matrix = np.zeros((len(self), len(column)), dtype=np.float32)
        for row, item in enumerate(self.items):
            for genre in item.genres:
                matrix[row, column[genre]] = 1.0
        return matrix

    @cached_property
    def years(self) -> np.ndarray:
        """Year of each item, int32 (n_items,); -1 where it is unknown."""
        return np.array(
            [-1 if item.year is None else item.year for item in self.items], dtype=np.int32
        )

    @cached_property
    def _rows_of_genre(self) -> dict[str, np.ndarray]:
        return _postings(self.items, lambda item: item.genres)

    @cached_property
    def _rows_of_person(self) -> dict[str, np.ndarray]:
        return _postings(self.items, lambda item: item.people)

    def mask(self, item_filter: ItemFilter) -> np.ndarray:
        """Which items satisfy the filter: (n_items,) bool in row order.

        Names are compared case-insensitively; a name that the catalog does not have matches no
        item. Unknown ids in `exclude` and `only` are ignored.
        """
        mask = np.ones(len(self), dtype=bool)
        if item_filter.only is not None:
            mask[:] = False
            mask[self.ids.known_rows(item_filter.only)] = True
        if item_filter.exclude:
            mask[self.ids.known_rows(item_filter.exclude)] = False
        self._mask_years(mask, item_filter)
        self._need_all(mask, self._rows_of_genre, item_filter.genres_all)
        self._need_all(mask, self._rows_of_person, item_filter.people_all)
        if item_filter.genres_any:
            mask &= self._any_of(self._rows_of_genre, item_filter.genres_any)
        if item_filter.genres_none:
            mask &= ~self._any_of(self._rows_of_genre, item_filter.genres_none)
        if item_filter.people_none:
            mask &= ~self._any_of(self._rows_of_person, item_filter.people_none)
        return mask

    def _mask_years(self, mask: np.ndarray, item_filter: ItemFilter) -> None:
        if item_filter.year_min is None and item_filter.year_max is None:
            return
        mask &= self.years != -1
        if item_filter.year_min is not None:
            mask &= self.years >= item_filter.year_min
        if item_filter.year_max is not None:
            mask &= self.years <= item_filter.year_max

    def _need_all(
        self, mask: np.ndarray, rows_of: dict[str, np.ndarray], names: tuple[str, ...]
    ) -> None:
        for name in names:
            mask &= self._any_of(rows_of, (name,))

    def _any_of(self, rows_of: dict[str, np.ndarray], names: tuple[str, ...]) -> np.ndarray:
        found = np.zeros(len(self), dtype=bool)
        for name in names:
            rows = rows_of.get(name.casefold())
            if rows is not None:
                found[rows] = True
        return found

    def satisfies(self, item_id: str, item_filter: ItemFilter) -> bool:
        """Does one item satisfy the filter? Raises UnknownItemError for an unknown id."""
        item = self[item_id]
        return bool(self.mask(item_filter)[self.ids.row(item.item_id)])

    def text_of(self, row: int) -> str:
        """One text for search: title, year, genres, people, tags, prose; at most 2,000 characters."""
        item = self.items[row]
        parts = [
            item.label,
            "; ".join(item.alt_titles),
            ", ".join(item.genres),
            f"directed by {', '.join(item.directors)}" if item.directors else "",
            f"with {', '.join(item.cast)}" if item.cast else "",
            ", ".join(item.tags[:_TAG_LIMIT]),
            *item.texts.values(),
        ]
        return ". ".join(part for part in parts if part)[:_TEXT_LIMIT]

    @cached_property
    def fingerprint(self) -> str:
        """sha256 (hex) over the content and order of all items."""
        digest = hashlib.sha256()
        for item in self.items:
            row = [item.item_id, item.title, item.year, *(getattr(item, f) for f in _LIST_FIELDS)]
            text = json.dumps([*row, sorted(item.texts.items())], ensure_ascii=False)
            digest.update(text.encode("utf-8", "surrogatepass"))
        return digest.hexdigest()

    def save(self, path: Path) -> None:
        """Write one parquet file, atomically. Raises StorageError."""
        columns: dict[str, list[object]] = {
            name: [getattr(item, name) for item in self.items]
            for name in ("item_id", "title", "year", *_LIST_FIELDS)
        }
        columns["texts"] = [list(item.texts.items()) for item in self.items]
        table = pa.table(columns, schema=_SCHEMA)
        marks = {"rapport_schema": _SCHEMA_VERSION, "fingerprint": self.fingerprint}
        with atomic_file(path) as temporary:
            pq.write_table(table.replace_schema_metadata(marks), temporary, compression="zstd")

    @classmethod
    def load(cls, path: Path) -> Catalog:
        """Read what `save` wrote. Raises DamagedFileError when it is missing or not readable."""
        try:
            table = pq.read_table(path)
        except (OSError, pa.ArrowException) as error:
            raise DamagedFileError(
                f"The catalog file {str(path)!r} is missing or cannot be read.",
                "Get or import the data set again.",
            ) from error
        if not set(_SCHEMA.names) <= set(table.column_names):
            raise DamagedFileError(
                f"The file {str(path)!r} is not a catalog of this version.",
                "Get or import the data set again.",
            )
        return cls([_item_of(record) for record in table.to_pylist()])


def _item_of(record: dict) -> Item:
    lists = {name: tuple(record[name] or ()) for name in _LIST_FIELDS}
    return Item(
        item_id=record["item_id"],
        title=record["title"],
        year=record["year"],
        texts=dict(record["texts"] or ()),
        **lists,
    )


def _by_frequency(values_of_items: Iterator[tuple[str, ...]]) -> tuple[str, ...]:
    counts = Counter(value for values in values_of_items for value in dict.fromkeys(values))
    return tuple(value for value, _ in counts.most_common())


def _postings(
    items: Sequence[Item], values_of: Callable[[Item], tuple[str, ...]]
) -> dict[str, np.ndarray]:
    rows: dict[str, list[int]] = {}
    for row, item in enumerate(items):
        for value in {value.casefold() for value in values_of(item)}:
            rows.setdefault(value, []).append(row)
    return {value: np.array(found, dtype=np.int64) for value, found in rows.items()}
