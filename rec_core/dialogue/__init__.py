"""Dialogues: ranking a catalog for the next turn of a conversation, learned from people's own.

A front like that of `rec_core`, lazy for the same reason: naming an `Utterance` must not load torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .fitting import fit_dialogue_ranker as fit_dialogue_ranker
    from .identity import (
        dialogue_hash as dialogue_hash,
        is_same_dialogue as is_same_dialogue,
        message_hashes as message_hashes,
        same_dialogue_groups as same_dialogue_groups,
    )
    from .knowledge import ItemKnowledge as ItemKnowledge, describe_vectors as describe_vectors
    from .linking import DialogueLinker as DialogueLinker
    from .memory import name_of as name_of
    from .ranker import DialogueRanker as DialogueRanker, item_knowledge as item_knowledge
    from .reading import DialogueReading as DialogueReading, read_dialogue as read_dialogue
    from .storage import shipped_dialogue_ranker as shipped_dialogue_ranker
    from .training import TrainingConfig as TrainingConfig
    from .utterances import DialogueExample as DialogueExample, Utterance as Utterance

_HOME_OF = {
    "DialogueExample": "utterances",
    "DialogueLinker": "linking",
    "DialogueRanker": "ranker",
    "DialogueReading": "reading",
    "ItemKnowledge": "knowledge",
    "TrainingConfig": "training",
    "Utterance": "utterances",
    "describe_vectors": "knowledge",
    "dialogue_hash": "identity",
    "fit_dialogue_ranker": "fitting",
    "is_same_dialogue": "identity",
    "item_knowledge": "ranker",
    "message_hashes": "identity",
    "name_of": "memory",
    "read_dialogue": "reading",
    "same_dialogue_groups": "identity",
    "shipped_dialogue_ranker": "storage",
}

__all__ = sorted(_HOME_OF)  # noqa: PLE0605  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(importlib.import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value
