"""Tools that note and forget what a person told about themselves."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .errors import ToolFailed, ToolRetry
from .hygiene import clean_text
from .lookup import known_genre, known_item, known_person
from .types import PreferenceWriter, Tool, ToolArguments, ToolContext, ToolResult

_VALUE_LIMIT = 120
_QUOTE_LIMIT = 300
_YEARS = 4

Subject = Literal["item", "genre", "person", "year", "tag", "note"]


class RememberArguments(ToolArguments):
    """Arguments of remember_preference."""

    kind: Literal["like", "dislike", "must", "must_not"] = Field(
        description="like and dislike are tastes; must and must_not are rules for every answer."
    )
    subject: Subject = Field(description="What value names.")
    value: str = Field(
        min_length=1,
        max_length=200,
        coerce_numbers_to_str=True,
        description="An item id for item, a catalog name for genre or person, else plain words.",
    )
    quote: str = Field(
        min_length=1, max_length=1000, description="The person's own words that say so."
    )


class ForgetArguments(ToolArguments):
    """Arguments of forget_preference."""

    subject: Subject = Field(description="What value names.")
    value: str = Field(
        min_length=1,
        max_length=200,
        coerce_numbers_to_str=True,
        description="The value as it was noted: item id, genre, person, or words.",
    )


def _remember_preference(arguments: RememberArguments, context: ToolContext) -> ToolResult:
    writer = _writer(context)
    value = _catalog_value(arguments.subject, arguments.value, context)
    said = writer.remember(
        kind=arguments.kind,
        subject=arguments.subject,
        value=value,
        quote=clean_text(arguments.quote, limit=_QUOTE_LIMIT),
    )
    data = {"kind": arguments.kind, "subject": arguments.subject, "value": value}
    return ToolResult(text=said, data=data)


def _forget_preference(arguments: ForgetArguments, context: ToolContext) -> ToolResult:
    writer = _writer(context)
    try:
        value = _catalog_value(arguments.subject, arguments.value, context)
    except ToolRetry:
        value = clean_text(arguments.value, limit=_VALUE_LIMIT)  # noted under another catalog
    said = writer.forget(subject=arguments.subject, value=value)
    return ToolResult(text=said, data={"subject": arguments.subject, "value": value})


def _writer(context: ToolContext) -> PreferenceWriter:
    if context.preferences is None:
        raise ToolFailed("Preferences cannot be noted in this conversation.")
    return context.preferences


def _catalog_value(subject: Subject, value: str, context: ToolContext) -> str:
    """The value in the catalog's own words. Raises ToolRetry when it has to be one and is none."""
    if subject == "item":
        return known_item(value, context).item_id
    if subject == "genre":
        return known_genre(value, context)
    if subject == "person":
        return known_person(value, context)
    cleaned = clean_text(value, limit=_VALUE_LIMIT)
    if not cleaned:
        raise ToolRetry("value must contain at least one visible character.")
    if subject == "year" and not any(
        part.isdecimal() and len(part) == _YEARS
        for part in cleaned.replace("s", " ").replace("-", " ").split()
    ):
        raise ToolRetry('For subject "year" give a year or a range: "1995", "1990s", "1990-1999".')
    return cleaned


REMEMBER_PREFERENCE = Tool(
    name="remember_preference",
    description=(
        "Note something lasting that the person said about their taste (loves westerns, never "
        "horror). Only what they said themselves, with their words as quote; not wishes for just "
        "this once. It is saved when the turn ends."
    ),
    arguments=RememberArguments,
    run=_remember_preference,
)
FORGET_PREFERENCE = Tool(
    name="forget_preference",
    description="Drop a noted preference because the person asked for it.",
    arguments=ForgetArguments,
    run=_forget_preference,
)
