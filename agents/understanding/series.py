"""Films of one series: titles that differ in what follows their common name ("Star Trek: …", "Rocky II")."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from functools import cached_property

from rec_core import Catalog

_SUBTITLE = re.compile(r"\s*:\s+.*$|\s+[-–—]\s+.*$|\s*\([^)]*\)$")
_NUMBER = re.compile(
    r"(?:,? (?:part|chapter|episode|vol\.?|volume|no\.?))? ?(?:\d{1,2}|[ivx]{1,4})$"
)


class SeriesIndex:
    """Which items share the name of a series. Lazy; safe to share between threads.

    Args:
        catalog: The items; order of results.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    @cached_property
    def _by_stem(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for item in self._catalog:
            found[series_name(item.title)].append(item.item_id)
        return found

    def of(self, item_id: str) -> tuple[str, ...]:
        """The item, and all others of its series unless its title says which part it is ("Rocky II")."""
        title = self._catalog[item_id].title
        if _NUMBER.search(_SUBTITLE.sub("", title.casefold().strip())):
            return (item_id,)
        return tuple(dict.fromkeys((item_id, *self._by_stem[series_name(title)])))


def series_name(title: str) -> str:
    """What the films of a series have in common: "Star Trek II: …" and "star trek" are "star trek"."""
    plain = unicodedata.normalize("NFKC", title).casefold().strip()
    name = _SUBTITLE.sub("", plain)
    return (_NUMBER.sub("", name) or name).strip() or plain
