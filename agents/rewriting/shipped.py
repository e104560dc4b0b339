"""The adapters that ship with Rapport, where there are any."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent
_FOLDERS = {"grpo": _HERE / "adapter", "sft": _HERE / "adapter_sft"}


def shipped_adapter(row: str) -> Path | None:
    """Folder of the adapter of a row ("sft" or "grpo"), or None when none is shipped."""
    folder = _FOLDERS.get(row)
    if folder is None or not (folder / "adapter_model.safetensors").is_file():
        return None
    return folder
