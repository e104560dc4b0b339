"""What a model may do: typed tools, the toolbox that runs them, and the candidate bus.

The front is lazy (PEP 562): a name is imported from its module when it is first
touched. The imports for type checkers repeat the table; a test compares the two.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .arguments import (
        FilterArguments as FilterArguments,
    )
    from .bus import (
        CandidateBus as CandidateBus,
        CandidateSet as CandidateSet,
    )
    from .errors import (
        ToolFailed as ToolFailed,
        ToolRetry as ToolRetry,
    )
    from .evidence import (
        find_evidence as find_evidence,
    )
    from .hygiene import (
        clean_text as clean_text,
        field_text as field_text,
        quoted as quoted,
    )
    from .toolbox import (
        Toolbox as Toolbox,
        default_toolbox as default_toolbox,
    )
    from .types import (
        PreferenceWriter as PreferenceWriter,
        Tool as Tool,
        ToolArguments as ToolArguments,
        ToolCall as ToolCall,
        ToolContext as ToolContext,
        ToolResult as ToolResult,
        ToolSpec as ToolSpec,
    )

_HOMES: dict[str, tuple[str, ...]] = {
    "types": (
        "PreferenceWriter",
        "Tool",
        "ToolArguments",
        "ToolCall",
        "ToolContext",
        "ToolResult",
        "ToolSpec",
    ),
    "errors": ("ToolFailed", "ToolRetry"),
    "bus": ("CandidateBus", "CandidateSet"),
    "arguments": ("FilterArguments",),
    "evidence": ("find_evidence",),
    "hygiene": ("clean_text", "field_text", "quoted"),
    "toolbox": ("Toolbox", "default_toolbox"),
}
_MODULE_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted(_MODULE_OF)  # noqa: PLE0605  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> object:
    module = _MODULE_OF.get(name)
    if module is None:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(importlib.import_module(f".{module}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
