"""From a model's words to the catalog's own values, or a ToolRetry that says what is right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from rec_core import Item, ItemFilter

from .arguments import FilterArguments
from .errors import ToolRetry
from .hygiene import field_text, quoted
from .types import ToolContext

_SHOWN = 30


def known_item(item_id: str, context: ToolContext) -> Item:
    """The item with that id. Raises ToolRetry with titles that may have been meant."""
    catalog = context.recommender.catalog
    if item_id in catalog:
        return catalog[item_id]
    matches = context.recommender.search.find_title(item_id, limit=3)
    near = "; ".join(_named(catalog[match.item_id]) for match in matches)
    hint = f"Did you mean: {near}?" if near else "Get ids from search_items or item_details."
    raise ToolRetry(f"No item has the id {quoted(item_id, limit=60)}. {hint}")


def known_items(item_ids: Iterable[str], context: ToolContext) -> tuple[Item, ...]:
    """The items with these ids, in order, without repeats. Raises ToolRetry as `known_item`."""
    return tuple(known_item(item_id, context) for item_id in dict.fromkeys(item_ids))


def known_genre(name: str, context: ToolContext) -> str:
    """The catalog genre that `name` means. Raises ToolRetry that lists what there is."""
    search = context.recommender.search
    genre = search.resolve_genre(name)
    if genre is not None:
        return genre
    genres = [field_text(value, limit=40) for value in context.recommender.catalog.genres[:_SHOWN]]
    listed = f"Genres: {', '.join(genres)}." if genres else "This catalog has no genres."
    raise ToolRetry(
        f"No genre is called {quoted(name, limit=60)}. {listed} Put other wishes into query."
    )


def known_person(name: str, context: ToolContext) -> str:
    """The catalog person that `name` means. Raises ToolRetry that names close ones."""
    search = context.recommender.search
    person = search.resolve_person(name)
    if person is not None:
        return person
    if not context.recommender.catalog.people:
        raise ToolRetry("This catalog knows no people. Leave people_all and people_none out.")
    close = ", ".join(field_text(value, limit=60) for value in search.close_people(name))
    hint = f"Close names: {close}." if close else "No name is close."
    raise ToolRetry(f"Nobody in the catalog is called {quoted(name, limit=60)}. {hint}")


def item_filter(
    arguments: FilterArguments, context: ToolContext, *, leave_out: Iterable[str] = ()
) -> ItemFilter:
    """The typed filter: names snapped to catalog values, `leave_out` added to the exclusions.

    Raises:
        ToolRetry: Unknown values, or years the wrong way round.
    """
    low, high = arguments.year_min, arguments.year_max
    if low is not None and high is not None and low > high:
        raise ToolRetry(f"filter.year_min {low} is after filter.year_max {high}. Swap them.")
    return ItemFilter(
        year_min=low,
        year_max=high,
        genres_all=_snapped(arguments.genres_all, known_genre, context),
        genres_any=_snapped(arguments.genres_any, known_genre, context),
        genres_none=_snapped(arguments.genres_none, known_genre, context),
        people_all=_snapped(arguments.people_all, known_person, context),
        people_none=_snapped(arguments.people_none, known_person, context),
        exclude=tuple(dict.fromkeys((*arguments.exclude, *leave_out))),
    )


def _snapped(
    names: Sequence[str], snap: Callable[[str, ToolContext], str], context: ToolContext
) -> tuple[str, ...]:
    return tuple(dict.fromkeys(snap(name, context) for name in names))


def _named(item: Item) -> str:
    return f"{item.item_id} = {field_text(item.label)}"
