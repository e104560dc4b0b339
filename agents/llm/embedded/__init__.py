"""The language model that needs no server: SmolLM2-135M inside Rapport's own process.

The front is lazy (PEP 562), so that naming the model costs neither torch nor transformers. The imports
for type checkers repeat the table.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .base_model import (
        EmbeddedModelMissing as EmbeddedModelMissing,
        find_base_model as find_base_model,
        has_embedded_model as has_embedded_model,
        prepare_base_model as prepare_base_model,
    )
    from .finetuning import (
        LoraRecipe as LoraRecipe,
        LoraReport as LoraReport,
        train_lora as train_lora,
    )
    from .model import (
        EmbeddedModel as EmbeddedModel,
        EmbeddedOptions as EmbeddedOptions,
    )
    from .training_data import TrainingPair as TrainingPair

_HOMES: dict[str, tuple[str, ...]] = {
    "base_model": (
        "EmbeddedModelMissing",
        "find_base_model",
        "has_embedded_model",
        "prepare_base_model",
    ),
    "finetuning": ("LoraRecipe", "LoraReport", "train_lora"),
    "model": ("EmbeddedModel", "EmbeddedOptions"),
    "training_data": ("TrainingPair",),
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
