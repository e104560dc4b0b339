"""Which conditions an item must meet to be shown: the wish of now and the rules of long standing.

Pure. Grounding enforces them, whoever planned; answers and reasons speak about them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from rec_core import Catalog, Item, ItemFilter

from .state import Preference, Wish

HARD_FIELDS = (
    "year_min",
    "year_max",
    "genres_all",
    "genres_any",
    "genres_none",
    "people_all",
    "people_none",
)
NEVER_RELAXED = frozenset({"genres_none", "people_none"})
_YEAR = re.compile(r"\d{4}")


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """What must hold for every item of a slate.

    Attributes:
        item_filter: Checked by the catalog.
        years_none: Year ranges, inclusive, from "never" rules; items without a year pass.
        tags_all, tags_none: Lower-case tags from "always" and "never" rules.
        set_aside: Labels of "never" rules that the wish of now asks for by name: told, not enforced.
    """

    item_filter: ItemFilter = field(default_factory=ItemFilter)
    years_none: tuple[tuple[int, int], ...] = ()
    tags_all: tuple[str, ...] = ()
    tags_none: tuple[str, ...] = ()
    set_aside: tuple[str, ...] = ()

    def met_by(self, item: Item, catalog: Catalog) -> bool:
        """True when the item meets all of them."""
        tags = {tag.casefold() for tag in item.tags}
        return (
            catalog.satisfies(item.item_id, self.item_filter)
            and tags.issuperset(self.tags_all)
            and tags.isdisjoint(self.tags_none)
            and not any(_within(item.year, years) for years in self.years_none)
        )


def wish_filter(wish: Wish, *, relaxed: Iterable[str] = ()) -> ItemFilter:
    """The hard part of a wish without the relaxed fields; "not …" fields always stay."""
    dropped = set(relaxed) - NEVER_RELAXED
    fields = {name: getattr(wish, name) for name in HARD_FIELDS if name not in dropped}
    return ItemFilter(**fields, exclude=wish.unlike_item_ids)


def conditions_of(
    wish: Wish, preferences: Sequence[Preference], *, relaxed: Iterable[str] = ()
) -> Conditions:
    """The wish's hard part together with the long-term preferences in force that exclude or demand.

    These are "must", "must not", and dislikes of a genre or a person. What the wish asks for by name
    outranks what is against it, and years that it names outrank years of long standing.
    """
    result = Conditions(item_filter=wish_filter(wish, relaxed=relaxed))
    asked = _asked(wish)
    for preference in preferences:
        if _key(preference) in asked and preference.kind in ("dislike", "must_not"):
            # Only a "never" that is broken needs saying.
            if preference.kind == "must_not":
                result = replace(result, set_aside=(*result.set_aside, preference.label))
        elif _is_rule(preference) and not _outranked(preference, wish):
            result = _with_rule(result, preference)
    return result


def year_range(text: str) -> tuple[int, int] | None:
    """The years that "1995", "1990s" or "1990-1999" stands for, inclusive; None when it has none."""
    years = [int(found) for found in _YEAR.findall(text)]
    if not years:
        return None
    if len(years) == 1 and re.search(r"\d{4}'?s", text):
        return years[0], years[0] + 9
    return min(years), max(years)


def _asked(wish: Wish) -> set[tuple[str, str]]:
    wanted = (genre for genre, weight in wish.genre_weights.items() if weight > 0)
    genres = (*wish.genres_all, *wish.genres_any, *wanted)
    return {("genre", genre.casefold()) for genre in genres} | {
        ("person", person.casefold()) for person in wish.people_all
    }


def _is_rule(preference: Preference) -> bool:
    if preference.kind == "dislike":
        return preference.subject in ("genre", "person")
    return preference.kind in ("must", "must_not")


def _outranked(preference: Preference, wish: Wish) -> bool:
    named = wish.year_min is not None or wish.year_max is not None
    return preference.subject == "year" and preference.kind == "must" and named


def _key(preference: Preference) -> tuple[str, str]:
    return preference.subject, preference.value.casefold()


def _with_rule(conditions: Conditions, preference: Preference) -> Conditions:
    """The conditions with one more long-term rule."""
    must, value, old = preference.kind == "must", preference.value, conditions.item_filter
    match preference.subject:
        case "genre" if must:
            return replace(
                conditions, item_filter=replace(old, genres_all=(*old.genres_all, value))
            )
        case "genre":
            return replace(
                conditions, item_filter=replace(old, genres_none=(*old.genres_none, value))
            )
        case "person" if must:
            return replace(
                conditions, item_filter=replace(old, people_all=(*old.people_all, value))
            )
        case "person":
            return replace(
                conditions, item_filter=replace(old, people_none=(*old.people_none, value))
            )
        case "item" if not must:
            return replace(conditions, item_filter=replace(old, exclude=(*old.exclude, value)))
        case "tag" if must:
            return replace(conditions, tags_all=(*conditions.tags_all, value.casefold()))
        case "tag":
            return replace(conditions, tags_none=(*conditions.tags_none, value.casefold()))
        case "year":
            return _with_years(conditions, value, must=must)
        case _:
            return conditions


def _with_years(conditions: Conditions, value: str, *, must: bool) -> Conditions:
    years = year_range(value)
    if years is None:
        return conditions
    if not must:
        return replace(conditions, years_none=(*conditions.years_none, years))
    old = conditions.item_filter
    low = years[0] if old.year_min is None else max(old.year_min, years[0])
    high = years[1] if old.year_max is None else min(old.year_max, years[1])
    return replace(conditions, item_filter=replace(old, year_min=low, year_max=high))


def _within(year: int | None, years: tuple[int, int]) -> bool:
    return year is not None and years[0] <= year <= years[1]
