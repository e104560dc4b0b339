"""Tool results as lines for a model and as plain JSON for the program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rec_core import Candidate, Item

from .hygiene import field_text
from .types import ToolContext, ToolResult

_GENRES_SHOWN = 4


def item_line(item: Item) -> str:
    """One item: `6 | Heat (1995) | Action, Crime, Thriller`."""
    parts = [item.item_id, field_text(item.label)]
    if item.genres:
        parts.append(field_text(", ".join(item.genres[:_GENRES_SHOWN])))
    return " | ".join(parts)


def item_facts(item: Item) -> dict[str, Any]:
    """The fields by which a program names an item."""
    return {"item_id": item.item_id, "title": item.title, "year": item.year}


def candidates_result(
    candidates: Sequence[Candidate],
    context: ToolContext,
    *,
    source: str,
    arguments: Mapping[str, Any],
    facts: Mapping[str, Any] | None = None,
    remark: str = "",
) -> ToolResult:
    """Put candidates on the bus and describe them; `facts` go into the data beside the items."""
    handle = context.bus.put(candidates, source=source, arguments=arguments)
    items = [context.recommender.catalog[candidate.item_id] for candidate in candidates]
    noun = "item" if len(items) == 1 else "items"
    head = f"{handle}: {len(items)} {noun}{f' ({remark})' if remark else ''}"
    return ToolResult(
        text="\n".join([head, *(f"- {item_line(item)}" for item in items)]),
        data={**(facts or {}), "items": [item_facts(item) for item in items]},
        items=tuple(candidates),
        handle=handle,
    )
