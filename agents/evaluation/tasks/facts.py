"""What is known of every item, as predicates of tasks see it: one value or several under a field's name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from rec_core import Catalog, Item

Fact = str | int | float | bool | tuple[str, ...] | None
ITEM_FIELDS = (
    "title",
    "year",
    "genres",
    "directors",
    "cast",
    "people",
    "tags",
    "text",
)


class FactTable:
    """Fields of all items of a catalog.

    Args:
        catalog: The items.
        more: Item id → further fields that a catalog file has and `Item` does not (τ-Rec: runtime,
            rating, …). Every item has the same ones.
    """

    def __init__(
        self, catalog: Catalog, more: Mapping[str, Mapping[str, Fact]] | None = None
    ) -> None:
        self.catalog = catalog
        self._more = more or {}

    @cached_property
    def rows(self) -> dict[str, Mapping[str, Fact]]:
        """Item id → field → value, in catalog order."""
        return {
            item.item_id: {**_fields(item), **self._more.get(item.item_id, {})}
            for item in self.catalog
        }

    @cached_property
    def fields(self) -> frozenset[str]:
        """Names that a predicate may use."""
        further = next(iter(self._more.values()), {})
        return frozenset((*ITEM_FIELDS, *further))

    @cached_property
    def ids_of_label(self) -> dict[str, tuple[str, ...]]:
        """Title with year, and the bare title, without case → ids of the items called so."""
        found: dict[str, tuple[str, ...]] = {}
        for item in self.catalog:
            for name in {item.label.casefold(), item.title.casefold()}:
                found[name] = (*found.get(name, ()), item.item_id)
        return found

    def named(self, label: str) -> tuple[str, ...]:
        """Ids of the items of that label or title; () when there is none."""
        return self.ids_of_label.get(label.casefold(), ())

    def label(self, item_id: str) -> str:
        """The item as people see it, or the id when the catalog lacks it."""
        return self.catalog[item_id].label if item_id in self.catalog else item_id


def _fields(item: Item) -> dict[str, Fact]:
    return {
        "title": item.title,
        "year": item.year,
        "genres": item.genres,
        "directors": item.directors,
        "cast": item.cast,
        "people": item.people,
        "tags": item.tags,
        "text": " ".join(item.texts.values()),
    }
