"""The catalog: items in a fixed order, with fast answers to "which items satisfy this filter?"."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from .catalog_storage import (
    LIST_FIELDS,
    FieldValues,
    StoredItems,
    read_items,
    values_of_items,
    write_items,
)
from .errors import DataError, UnknownItemError
from .files import atomic_file
from .ids import IdMap
from .types import Item, ItemFilter

_TEXT_LIMIT = 2000
_TAG_LIMIT = 20


class Catalog:
    """Items in a fixed order; the position of an item is its row.

    Args:
        items: The items; their order is kept.

    Attributes:
        items: The same; in a large catalog that was loaded, items are made when they are asked for.
        ids: Outside ids and rows.

    Raises:
        DataError: Two items share an id, or an item has no id or title.
    """

    def __init__(self, items: Sequence[Item]) -> None:
        self.items: Sequence[Item] = items if isinstance(items, StoredItems) else tuple(items)
        if isinstance(items, StoredItems):  # these were checked before they were stored
            self.ids = IdMap(items.table["item_id"].to_pylist())
            return
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
        return self.items[self.row(item_id)]

    def row(self, item_id: str) -> int:
        """The row of an item. Raises UnknownItemError."""
        if item_id not in self.ids:
            raise UnknownItemError(
                f"No item has the id {item_id!r}.",
                f"Ids here look like {self.ids.ids[0]!r}." if len(self) else "",
            )
        return self.ids.row(item_id)

    @cached_property
    def describes_contents(self) -> bool:
        """Whether any item has a text or a tag, so that moods can be told by more than genres."""
        return bool(len(self.values_of("tags").rows)) or any(item.texts for item in self.items)

    def __repr__(self) -> str:
        return f"Catalog({len(self)} items)"

    def at(self, row: int) -> Item:
        """The item in that row."""
        return self.items[row]

    def values_of(self, *fields: str) -> FieldValues:
        """Which item has which value of list fields ("genres", "directors", "cast", "tags")."""
        return values_of_items(self.items, fields)

    @cached_property
    def _genre_values(self) -> FieldValues:
        return self.values_of("genres")

    @cached_property
    def _people_values(self) -> FieldValues:
        return self.values_of("directors", "cast")

    @cached_property
    def genres(self) -> tuple[str, ...]:
        """Distinct genres, most frequent first; ties in catalog order."""
        return _by_frequency(self._genre_values)

    @cached_property
    def people(self) -> tuple[str, ...]:
        """Distinct directors and actors, most frequent first; ties in catalog order."""
        return _by_frequency(self._people_values)

    @cached_property
    def tags(self) -> tuple[str, ...]:
        """Distinct tags, most frequent first; ties in catalog order."""
        return _by_frequency(self.values_of("tags"))

    @cached_property
    def genre_matrix(self) -> np.ndarray:
        """Which item has which genre: (n_items, n_genres) float32 of 0 and 1, columns as `genres`."""
        found = self._genre_values
        column = np.empty(len(found.values), dtype=np.int64)
        column[found.by_frequency] = np.arange(len(found.values))
        matrix = np.zeros((len(self), len(column)), dtype=np.float32)
        matrix[found.rows, column[found.codes]] = 1.0
        return matrix

    @cached_property
    def years(self) -> np.ndarray:
        """Year of each item, int32 (n_items,); -1 where it is unknown."""
        if isinstance(self.items, StoredItems):
            return self.items.table["year"].fill_null(-1).to_numpy().astype(np.int32)
        return np.array(
            [-1 if item.year is None else item.year for item in self.items], dtype=np.int32
        )

    @cached_property
    def _rows_of_genre(self) -> _Postings:
        return _Postings(self._genre_values)

    @cached_property
    def _rows_of_person(self) -> _Postings:
        return _Postings(self._people_values)

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

    def _need_all(self, mask: np.ndarray, rows_of: _Postings, names: tuple[str, ...]) -> None:
        for name in names:
            mask &= self._any_of(rows_of, (name,))

    def _any_of(self, rows_of: _Postings, names: tuple[str, ...]) -> np.ndarray:
        found = np.zeros(len(self), dtype=bool)
        for name in names:
            found[rows_of.rows(name)] = True
        return found

    def satisfies(self, item_id: str, item_filter: ItemFilter) -> bool:
        """Does one item satisfy the filter? Raises UnknownItemError for an unknown id."""
        return bool(self.mask(item_filter)[self.row(item_id)])

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
            row = [item.item_id, item.title, item.year, *(getattr(item, f) for f in LIST_FIELDS)]
            text = json.dumps([*row, sorted(item.texts.items())], ensure_ascii=False)
            digest.update(text.encode("utf-8", "surrogatepass"))
        return digest.hexdigest()

    def save(self, path: Path) -> None:
        """Write one parquet file, atomically. Raises StorageError."""
        with atomic_file(path) as temporary:
            write_items(self.items, temporary, fingerprint=self.fingerprint)

    @classmethod
    def load(cls, path: Path) -> Catalog:
        """Read what `save` wrote. Raises DamagedFileError when it is missing or not readable.

        The fingerprint is taken from the file, whose pages carry checksums.
        """
        items, fingerprint = read_items(path)
        catalog = cls(items)
        if fingerprint is not None:
            catalog.__dict__["fingerprint"] = fingerprint
        return catalog


class _Postings:
    """Value, without case → the rows that have it."""

    def __init__(self, found: FieldValues) -> None:
        folded: dict[str, int] = {}
        places = [folded.setdefault(value.casefold(), len(folded)) for value in found.values]
        codes = np.array(places, dtype=np.int64)[found.codes]
        order = np.argsort(codes, kind="stable")
        self._place = folded
        self._rows = found.rows[order]
        counts = np.bincount(codes, minlength=len(folded))
        self._offsets = np.concatenate([[0], np.cumsum(counts)])

    def rows(self, value: str) -> np.ndarray:
        """Item rows, perhaps with repeats; none for a value that nobody has."""
        place = self._place.get(value.casefold())
        if place is None:
            return self._rows[:0]
        return self._rows[self._offsets[place] : self._offsets[place + 1]]


def _by_frequency(found: FieldValues) -> tuple[str, ...]:
    return tuple(found.values[code] for code in found.by_frequency.tolist())
