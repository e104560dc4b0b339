"""A small real recommender and contexts for the tests of tools."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from rec_core import HashEncoder, Recommender, SearchEngine
from tests.film_world import film_catalog, film_interactions
from tools import CandidateBus, ToolCall, ToolContext, ToolResult, default_toolbox


@cache
def recommender() -> Recommender:
    catalog = film_catalog()
    with tempfile.TemporaryDirectory() as folder:
        search = SearchEngine.build(catalog, HashEncoder(64), Path(folder))
    return Recommender(catalog=catalog, interactions=film_interactions(catalog), search=search)


class NotedPreferences:
    """A preference writer that keeps what it was told."""

    def __init__(self) -> None:
        self.remembered: list[dict[str, str]] = []
        self.forgotten: list[dict[str, str]] = []

    def remember(self, *, kind: str, subject: str, value: str, quote: str) -> str:
        self.remembered.append({"kind": kind, "subject": subject, "value": value, "quote": quote})
        return f"Will be noted: {kind} {value}."

    def forget(self, *, subject: str, value: str) -> str:
        self.forgotten.append({"subject": subject, "value": value})
        return f"Will be dropped: {value}."


def make_context(**changes: Any) -> ToolContext:
    given: dict[str, Any] = {
        "user_id": "somebody",
        "recommender": recommender(),
        "bus": CandidateBus(),
        "preferences": NotedPreferences(),
    }
    return ToolContext(**{**given, **changes})


def use(tool: str, context: ToolContext, arguments: Mapping[str, Any] | None = None) -> ToolResult:
    """Run a tool through the toolbox, as everything else does."""
    return default_toolbox().run(ToolCall(tool=tool, arguments=arguments or {}), context)


def ids_of(result: ToolResult) -> list[str]:
    return [candidate.item_id for candidate in result.items]
