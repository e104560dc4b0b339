"""The tool that ends a search: present_slate chooses what the person gets to see."""

from __future__ import annotations

from pydantic import Field

from .arguments import ItemIds, Words
from .errors import ToolRetry
from .hygiene import clean_text, quoted
from .lookup import known_items
from .rendering import item_facts, item_line
from .types import Tool, ToolArguments, ToolContext, ToolResult

_MESSAGE_LIMIT = 500


class PresentArguments(ToolArguments):
    """Arguments of present_slate."""

    item_ids: ItemIds = Field(
        min_length=1,
        max_length=10,
        description="One to ten item ids from tool results, best first.",
    )
    message: Words = Field(
        "", description="One or two sentences to go with them; no titles, years or facts needed."
    )


def _present_slate(arguments: PresentArguments, context: ToolContext) -> ToolResult:
    items = known_items(arguments.item_ids, context)
    refused = [item for item in items if item.item_id in context.disliked]
    if refused:
        names = ", ".join(quoted(item.item_id, limit=60) for item in refused)
        raise ToolRetry(f"The person dislikes {names}. Present others.")
    item_ids = tuple(item.item_id for item in items)
    message = clean_text(arguments.message, limit=_MESSAGE_LIMIT)
    context.bus.present(item_ids, message)
    lines = [f"Presented {len(items)}:", *(f"- {item_line(item)}" for item in items)]
    data = {"items": [item_facts(item) for item in items], "message": message}
    return ToolResult(text="\n".join(lines), data=data)


PRESENT_SLATE = Tool(
    name="present_slate",
    description=(
        "Show items to the person: the last step of every recommendation. Only ids that tools "
        "returned in this turn. Titles, years and reasons are added by the program."
    ),
    arguments=PresentArguments,
    run=_present_slate,
)
