"""A dialogue ranker in a folder: safetensors and JSON, never pickle."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..artifacts import ArtifactWriter, read_artifact
from ..errors import ArtifactError
from .memory import DialogueMemory, name_of
from .model import FEATURES, ScoringModel
from .ranker import DialogueRanker, item_knowledge

if TYPE_CHECKING:
    from ..catalog import Catalog
    from ..search.encoder import TextEncoder
    from .knowledge import ItemKnowledge

_KIND = "dialogue-ranker"
_SHIPPED = Path(__file__).parent / "shipped"
_REMEDY = "Install Rapport again, or fit the ranker again."


def save_ranker(ranker: DialogueRanker, folder: Path) -> None:
    """Write what was learned, atomically. Raises StorageError."""
    config = {"features": list(FEATURES), "n_examples": len(ranker.memory.dialogue_of)}
    with ArtifactWriter(folder, kind=_KIND, config=config) as writer:
        tensors = dict(ranker.tensors())
        tensors["memory.vectors"] = tensors["memory.vectors"].astype(np.float16)
        writer.add_tensors("learned", tensors)
        writer.add_json(
            "items",
            {
                "names": [list(name) for name in ranker.memory.names],
                "learned_names": {
                    name: list(item) for name, item in sorted(ranker.learned_names().items())
                },
            },
        )
        writer.add_json(
            "trained_on",
            {
                "dialogues": list(ranker.memory.dialogue_codes),
                "messages": sorted(ranker.memory.message_codes),
            },
        )


def load_ranker(folder: Path, knowledge: ItemKnowledge) -> DialogueRanker:
    """Read what `save_ranker` wrote. Raises ArtifactError when it is damaged or of other features."""
    artifact = read_artifact(folder, kind=_KIND)
    tensors, items = artifact.arrays("learned"), artifact.json("items")
    trained_on = artifact.json("trained_on")
    if artifact.config.get("features") != list(FEATURES):
        raise ArtifactError(
            f"The dialogue ranker in {str(folder)!r} was made by another version of Rapport.",
            _REMEDY,
        )
    try:
        memory = DialogueMemory.from_tensors(
            _below("memory.", tensors),
            names=tuple((str(title), int(year)) for title, year in items["names"]),
            dialogue_codes=tuple(trained_on["dialogues"]),
            message_codes=frozenset(trained_on["messages"]),
        )
        model = ScoringModel.from_tensors(_below("model.", tensors))
        learned = {
            name: (str(title), int(year)) for name, (title, year) in items["learned_names"].items()
        }
    except (KeyError, TypeError, ValueError) as fault:
        raise ArtifactError(
            f"The dialogue ranker in {str(folder)!r} is damaged.", _REMEDY
        ) from fault
    row_of = {name_of(item): row for row, item in reversed(list(enumerate(knowledge.catalog)))}
    names = {name: row_of[item] for name, item in learned.items() if item in row_of}
    return DialogueRanker(knowledge=knowledge, memory=memory, model=model, names=names)


def shipped_dialogue_ranker(
    catalog: Catalog,
    *,
    popularity: np.ndarray | None = None,
    encoder: TextEncoder | None = None,
    knowledge: ItemKnowledge | None = None,
) -> DialogueRanker:
    """The ranker that comes with Rapport, over any catalog.

    It was fitted with sentence vectors of all-MiniLM-L6-v2: without that encoder it stands on
    words, tags, genres, people and counts, and ranks less well.

    Args:
        catalog: The items.
        popularity: (n_items,) counts; None counts every item as unknown.
        encoder: As for the ranker.
        knowledge: Of this catalog, when there is one already; the two above are then not looked at.

    Raises:
        ArtifactError: It is missing or damaged.
    """
    found = knowledge or item_knowledge(catalog, popularity=popularity, encoder=encoder)
    return load_ranker(_SHIPPED, found)


def _below(prefix: str, tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {
        name.removeprefix(prefix): array
        for name, array in tensors.items()
        if name.startswith(prefix)
    }
