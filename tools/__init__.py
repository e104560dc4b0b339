"""What a model may do: typed tools, the toolbox that runs them, and the candidate bus.

The front is lazy (PEP 562): a name is imported from its module when it is first touched.
"""

from __future__ import annotations

import importlib

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

__all__ = sorted(_MODULE_OF)  # pyright: ignore[reportUnsupportedDunderAll]


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
