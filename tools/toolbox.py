"""The toolbox: the one door through which tools are called."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cached_property

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from rec_core import RapportError, UnknownItemError

from .arguments import json_schema
from .errors import ToolFailed, ToolRetry
from .facts import COMPARE_ITEMS, ITEM_DETAILS, WHY_RECOMMENDED
from .finding import RANK_CANDIDATES, RECOMMEND, SEARCH_ITEMS, SIMILAR_ITEMS
from .hygiene import clean_text, quoted
from .presenting import PRESENT_SLATE
from .remembering import FORGET_PREFERENCE, REMEMBER_PREFERENCE
from .types import Tool, ToolCall, ToolContext, ToolResult, ToolSpec

_MAX_FAULTS = 5
_VALUE_SHOWN = 60


class Toolbox:
    """Tools by name: checks arguments, runs, and lets only ToolRetry and ToolFailed out.

    Args:
        tools: The tools; their order is kept. Two of one name are a mistake (ValueError).
    """

    def __init__(self, tools: Sequence[Tool]) -> None:
        self._tools = {tool.name: tool for tool in tools}
        if len(self._tools) != len(tools):
            message = "two tools have the same name"
            raise ValueError(message)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the tools, in order."""
        return tuple(self._tools)

    def specs(self) -> tuple[ToolSpec, ...]:
        """What a model server is told about the tools, in order."""
        return tuple(
            ToolSpec(
                name=tool.name,
                description=tool.description,
                schema=json_schema(tool.arguments),
            )
            for tool in self._tools.values()
        )

    @cached_property
    def schema_hash(self) -> str:
        """sha256 over names, descriptions and schemas: changes when what a model sees changes."""
        seen = [[spec.name, spec.description, spec.schema] for spec in self.specs()]
        return hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()

    def run(self, call: ToolCall, context: ToolContext) -> ToolResult:
        """Run one call.

        Raises:
            ToolRetry: Unknown tool or unusable arguments; the text says what is right.
            ToolFailed: The tool cannot do it now; the text is final.
        """
        tool = self._tools.get(call.tool)
        if tool is None:
            raise ToolRetry(
                f"There is no tool {quoted(str(call.tool), limit=_VALUE_SHOWN)}. "
                f"Tools: {', '.join(self._tools)}."
            )
        if not isinstance(call.arguments, Mapping):
            raise ToolRetry(f"{tool.name}: the arguments must be a JSON object.")
        try:
            arguments = tool.arguments.model_validate(dict(call.arguments))
        except ValidationError as fault:
            raise ToolRetry(_explain(tool, fault)) from fault
        try:
            return tool.run(arguments, context)
        except UnknownItemError as fault:
            raise ToolRetry(f"{tool.name}: {fault}") from fault
        except RapportError as fault:
            raise ToolFailed(f"{tool.name}: {fault.problem}") from fault


def default_toolbox() -> Toolbox:
    """The ten tools of the product."""
    return Toolbox(
        (
            SEARCH_ITEMS,
            RECOMMEND,
            SIMILAR_ITEMS,
            RANK_CANDIDATES,
            ITEM_DETAILS,
            COMPARE_ITEMS,
            WHY_RECOMMENDED,
            REMEMBER_PREFERENCE,
            FORGET_PREFERENCE,
            PRESENT_SLATE,
        )
    )


def _explain(tool: Tool, fault: ValidationError) -> str:
    """What is wrong with the arguments, one sentence each, and which arguments there are."""
    faults = fault.errors(include_url=False, include_context=False)
    sentences = [_sentence(detail) for detail in faults[:_MAX_FAULTS]]
    takes = ", ".join(
        f"{name}{'' if field.is_required() else ' (optional)'}"
        for name, field in tool.arguments.model_fields.items()
    )
    return f"{tool.name}: {' '.join(sentences)} It takes: {takes}."


def _sentence(detail: ErrorDetails) -> str:
    place = clean_text(".".join(str(part) for part in detail["loc"]), limit=_VALUE_SHOWN)
    if detail["type"] == "extra_forbidden":
        return f"There is no argument {place}."
    if detail["type"] == "missing":
        return f"{place} is missing."
    given = clean_text(repr(detail["input"]), limit=_VALUE_SHOWN)
    return f"{place}: {clean_text(detail['msg'], limit=200)} (given: {given})."
