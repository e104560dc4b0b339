"""Pieces that the argument models share, and the JSON schema that a model server gets to see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from .types import ToolArguments

MAX_K = 50


def _listed(value: object) -> object:
    """One word where a list belongs is a list of one; null is an empty list."""
    if value is None:
        return []
    return [value] if isinstance(value, str | int) and not isinstance(value, bool) else value


def _filled(value: object) -> object:
    """Null where an object belongs is an empty object."""
    return {} if value is None else value


def _worded(value: object) -> object:
    """Null where text belongs is no text."""
    return "" if value is None else value


ItemId = Annotated[str, Field(min_length=1, max_length=200, coerce_numbers_to_str=True)]
ItemIds = Annotated[tuple[ItemId, ...], BeforeValidator(_listed), Field(max_length=100)]
Name = Annotated[str, Field(min_length=1, max_length=120)]
Names = Annotated[tuple[Name, ...], BeforeValidator(_listed), Field(max_length=20)]
Words = Annotated[str, BeforeValidator(_worded), Field(max_length=500)]
Count = Annotated[int, Field(ge=1, le=MAX_K)]
Year = Annotated[int, Field(ge=1000, le=9999)]
Weight = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]


class FilterArguments(ToolArguments):
    """Hard conditions on items."""

    year_min: Year | None = Field(None, description="Earliest year, inclusive.")
    year_max: Year | None = Field(None, description="Latest year, inclusive.")
    genres_all: Names = Field((), description="Genres that an item must all have.")
    genres_any: Names = Field((), description="Genres of which an item must have at least one.")
    genres_none: Names = Field((), description="Genres that an item must not have.")
    people_all: Names = Field((), description="Directors or actors who must all take part.")
    people_none: Names = Field((), description="Directors or actors who must not take part.")
    exclude: ItemIds = Field((), description="Item ids to leave out.")


NO_FILTER = FilterArguments.model_validate({})
Filter = Annotated[FilterArguments, BeforeValidator(_filled)]


def json_schema(arguments: type[ToolArguments]) -> dict[str, Any]:
    """The JSON schema of an argument model as plain OpenAI-style servers take it.

    Everything inline (no $ref), no titles, "or null" folded away where leaving out means the same.
    """
    schema = arguments.model_json_schema()
    definitions = schema.pop("$defs", {})
    schema.pop("description", None)
    return _plain(schema, definitions)


def _plain(node: Any, definitions: Mapping[str, Any]) -> Any:  # noqa: ANN401 (JSON)
    if isinstance(node, list):
        return [_plain(part, definitions) for part in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        target = definitions[node["$ref"].rsplit("/", 1)[-1]]
        rest = {name: value for name, value in node.items() if name != "$ref"}
        return _plain({**target, **rest}, definitions)
    options = [option for option in node.get("anyOf", ()) if option != {"type": "null"}]
    if len(options) == 1:
        rest = {name: value for name, value in node.items() if name not in {"anyOf", "default"}}
        return _plain({**options[0], **rest}, definitions)
    unsaid = {"title", "propertyNames"} | ({"default"} if node.get("type") == "object" else set())
    return {
        name: (
            {key: _plain(value, definitions) for key, value in part.items()}
            if name == "properties"
            else _plain(part, definitions)
        )
        for name, part in node.items()
        if name not in unsaid
    }
