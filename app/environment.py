"""Variables that other libraries read while they are imported; set here, once, before any of them is.

Everything is local by default: no telemetry, no model hub, no tracing. Without a passive wait policy
two processes on two cores spin and run ten times slower.
"""

from __future__ import annotations

import os

_FORCED = {
    # A crafted checkpoint row could otherwise run code while it is loaded.
    "LANGGRAPH_STRICT_MSGPACK": "true",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "ANONYMIZED_TELEMETRY": "False",
    "RAY_USAGE_STATS_ENABLED": "0",
}
_DEFAULTS = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "LANGSMITH_TRACING": "false",
    "TOKENIZERS_PARALLELISM": "false",
    "OMP_WAIT_POLICY": "PASSIVE",
}


def prepare_environment() -> None:
    """Set what must be set before imports. What the user has set stays, apart from safety switches."""
    os.environ.update(_FORCED)
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)


def has_display() -> bool:
    """Whether this session can show windows."""
    return bool(os.getenv("DISPLAY") or os.getenv("WAYLAND_DISPLAY"))
