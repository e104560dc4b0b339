"""Grounds for recommending an item, each of which can be looked up again in the data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict

from rec_core import Item

from .hygiene import clean_text
from .types import ToolContext

_MAX_EVIDENCE = 12
_MAX_PER_ITEM = 4
_MAX_PER_FIELD = 2
_POPULAR = 0.8
_MIN_WORD = 4
_SHARED_FIELDS = ("directors", "cast", "genres", "tags")


class EvidenceFields(TypedDict):
    """One ground, with the fields of `agents.events.Evidence`."""

    kind: str
    field: str
    value: str
    item_id: str | None


def find_evidence(
    item: Item, named: Sequence[str], context: ToolContext
) -> tuple[EvidenceFields, ...]:
    """All that the data says for an item, most telling kinds first; may be empty.

    In order: what it shares with the examples named (here, or in the call that found it), wishes of
    that call that it meets, what it shares with liked items that speak for it, its popularity.

    Args:
        item: The item to explain.
        named: Item ids the person gave as examples.
        context: Liked items come from its history, calls from its bus.
    """
    calls = [found.arguments for found in reversed(context.bus.sets_with(item.item_id))]
    found = [
        *_shared_with(item, _seeds(named, calls, context), "seed_item", context),
        *_wishes_met(item, calls),
        *_liked(item, context),
        *_popularity(item, context),
    ]
    unique = {tuple(sorted(ground.items(), key=str)): ground for ground in found}
    return tuple(unique.values())[:_MAX_EVIDENCE]


def _seeds(
    named: Sequence[str], calls: Sequence[Mapping[str, Any]], context: ToolContext
) -> tuple[str, ...]:
    seeds = list(named)
    for arguments in calls:
        seeds += [*arguments.get("like", ()), *filter(None, [arguments.get("item_id")])]
    return tuple(seed for seed in dict.fromkeys(seeds) if seed in context.recommender.catalog)


def _shared_with(
    item: Item, others: Iterable[str], kind: str, context: ToolContext
) -> Iterable[EvidenceFields]:
    for other_id in others:
        other = context.recommender.catalog[other_id]
        if other.item_id == item.item_id:
            continue
        shared: list[EvidenceFields] = []
        for name in _SHARED_FIELDS:
            both = [value for value in getattr(item, name) if value in getattr(other, name)]
            shared += [
                EvidenceFields(kind=kind, field=name, value=value, item_id=other_id)
                for value in both[:_MAX_PER_FIELD]
            ]
        yield from shared[:_MAX_PER_ITEM]


def _wishes_met(item: Item, calls: Sequence[Mapping[str, Any]]) -> Iterable[EvidenceFields]:
    for arguments in calls:
        wanted = arguments.get("filter") or {}
        for name in ("genres_all", "genres_any"):
            yield from _values_met("genres", wanted.get(name, ()), item.genres)
        liked = [
            name for name, weight in (arguments.get("genre_weights") or {}).items() if weight > 0
        ]
        yield from _values_met("genres", liked, item.genres)
        yield from _values_met("people", wanted.get("people_all", ()), item.people)
        bounds = (wanted.get("year_min"), wanted.get("year_max"))
        if item.year is not None and any(bound is not None for bound in bounds):
            yield EvidenceFields(kind="request", field="year", value=str(item.year), item_id=None)
        yield from _words_met(item, str(arguments.get("query") or ""))


def _values_met(
    field: str, wanted: Iterable[str], owned: Sequence[str]
) -> Iterable[EvidenceFields]:
    by_name = {value.casefold(): value for value in owned}
    for name in wanted:
        if name.casefold() in by_name:
            value = by_name[name.casefold()]
            yield EvidenceFields(kind="request", field=field, value=value, item_id=None)


def _words_met(item: Item, query: str) -> Iterable[EvidenceFields]:
    """Words of the query that are a tag of the item, or stand in its title or texts as they are."""
    tags = {tag.casefold(): tag for tag in item.tags}
    text = " ".join((item.title, *item.texts.values())).casefold()
    said = set("".join(c if c.isalnum() else " " for c in text).split())
    for word in dict.fromkeys(clean_text(query, limit=200).casefold().split()):
        if word in tags:
            yield EvidenceFields(kind="request", field="tags", value=tags[word], item_id=None)
        elif len(word) >= _MIN_WORD and word in said:
            yield EvidenceFields(kind="request", field="text", value=word, item_id=None)


def _liked(item: Item, context: ToolContext) -> Iterable[EvidenceFields]:
    """Liked items that speak for this one by the core's own measure, and what they share."""
    liked = [other for other in context.history if other in context.recommender.catalog]
    for influence in context.recommender.influences(item.item_id, liked):
        yield EvidenceFields(
            kind="liked_item",
            field="influence",
            value=f"{influence.share:.2f}",
            item_id=influence.item_id,
        )
        yield from _shared_with(item, [influence.item_id], "liked_item", context)


def _popularity(item: Item, context: ToolContext) -> Iterable[EvidenceFields]:
    percentile = context.recommender.popularity(item.item_id)
    if percentile >= _POPULAR:
        yield EvidenceFields(
            kind="popularity", field="percentile", value=f"{percentile:.2f}", item_id=None
        )
