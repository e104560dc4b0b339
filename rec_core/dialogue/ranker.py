"""The ranker of dialogues: one score for each item of a catalog, given what was said."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..runtime import Progress, no_progress
from .features import fit_features, situation_features
from .identity import dialogue_hash, is_same_dialogue, message_hashes
from .knowledge import ItemKnowledge, KeywordScores
from .memory import DialogueMemory, name_of
from .model import ScoringModel
from .reading import DialogueReading, read_dialogue
from .utterances import Utterance

if TYPE_CHECKING:
    from ..catalog import Catalog
    from ..search.encoder import TextEncoder

LAST_MESSAGES = 3
"""How many of the last messages items are searched with."""
KEYWORD_WEIGHT = 1.5
"""Of the best item by words; chosen on ReDial and OpenDialKG training dialogues (docs/log.md)."""

_USUAL_TOTAL = 80_000
"""Counts are brought to this sum, so that learned weights hold for larger and smaller data sets."""


class DialogueRanker:
    """Ranks a catalog for the next turn of a dialogue.

    Made by `fit_dialogue_ranker`, `DialogueRanker.load` or `shipped_dialogue_ranker`. Thread-safe.

    Args:
        knowledge: Of the catalog.
        memory: What other dialogues tell.
        model: The scoring function.
        names: Learned names, without case → row.
    """

    name = "dialogue"

    def __init__(
        self,
        *,
        knowledge: ItemKnowledge,
        memory: DialogueMemory,
        model: ScoringModel,
        names: Mapping[str, int],
    ) -> None:
        self.knowledge = knowledge
        self.memory = memory
        self.model = model
        self.names = dict(names)
        self._pool = knowledge.whole_pool
        self._item_part = model.item_part(self._pool.item_features)
        self._memory_rows = memory.rows_in(knowledge.catalog)

    def scores(self, context: Sequence[Utterance]) -> np.ndarray:
        """(n_items,) float32 in catalog order, higher is better; the oldest message comes first.

        Ties are to be broken by row. Items that the dialogue names keep their scores; leaving them
        out is up to the caller. An empty dialogue is answered too.
        """
        reading = self._read(context)
        fit = fit_features(reading, self._pool)
        vector = self.knowledge.encode([reading.texts[0]])[0]
        remembered = self.memory.features(reading, vector, self._pool, self._memory_rows)
        situation = situation_features(reading, fit)
        features = np.concatenate([fit, remembered])
        learned = self.model.scores_with(features, situation, self._item_part)
        return learned + self._literal(context)

    def _literal(self, context: Sequence[Utterance]) -> np.ndarray:
        """(n_items,) float32 from 0 to KEYWORD_WEIGHT: how well items fit the words said last.

        People who talk to people seldom ask for what a catalog says literally, so this is not
        learned from them.
        """
        words = " ".join(said.text for said in context[-LAST_MESSAGES:])
        if self.knowledge.keywords is None or not words:
            return np.zeros(len(self.knowledge), dtype=np.float32)
        found = self.knowledge.keywords(words)
        best = float(found.max(initial=0.0))
        return (found * (KEYWORD_WEIGHT / best if best else 0.0)).astype(np.float32)

    def mentions(self, context: Sequence[Utterance]) -> tuple[int, ...]:
        """Rows of the items that the texts name, each once, in the order of first mention."""
        return tuple(mention.row for mention in self._read(context).mentions)

    def was_trained_on(self, dialogue_id: str, context: Sequence[Utterance]) -> bool:
        """True when that dialogue is among those learned from, by its id or by what was said."""
        return dialogue_hash(dialogue_id) in self.memory.dialogue_codes or is_same_dialogue(
            self.memory.message_codes, message_hashes(context)
        )

    @cached_property
    def fingerprint(self) -> str:
        """sha256 (hex) over everything learned; the catalog is not part of it."""
        digest = hashlib.sha256()
        for name, array in sorted(self.tensors().items()):
            digest.update(f"{name} {array.shape} {array.dtype}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        digest.update(repr((self.memory.names, sorted(self.learned_names().items()))).encode())
        return digest.hexdigest()

    def tensors(self) -> dict[str, np.ndarray]:
        """The learned arrays, to save."""
        return {
            **{f"model.{name}": array for name, array in self.model.tensors().items()},
            **{f"memory.{name}": array for name, array in self.memory.tensors().items()},
        }

    def learned_names(self) -> dict[str, tuple[str, int]]:
        """Learned names → title and year of what they mean."""
        at = self.knowledge.catalog.at
        return {name: name_of(at(row)) for name, row in self.names.items()}

    def save(self, folder: Path) -> None:
        """Write the learned part, atomically; the catalog stays outside. Raises StorageError."""
        from .storage import save_ranker

        save_ranker(self, folder)

    @classmethod
    def load(
        cls,
        folder: Path,
        catalog: Catalog,
        *,
        popularity: np.ndarray | None = None,
        encoder: TextEncoder | None = None,
        knowledge: ItemKnowledge | None = None,
    ) -> DialogueRanker:
        """Read what `save` wrote, for any catalog. Raises ArtifactError when it is damaged."""
        from .storage import load_ranker

        found = knowledge or item_knowledge(catalog, popularity=popularity, encoder=encoder)
        return load_ranker(folder, found)

    def _read(self, context: Sequence[Utterance]) -> DialogueReading:
        return read_dialogue(context, self.knowledge.linker, self.names)


def item_knowledge(
    catalog: Catalog,
    *,
    popularity: np.ndarray | None = None,
    encoder: TextEncoder | None = None,
    progress: Progress = no_progress,
    vectors: np.ndarray | None = None,
    keywords: KeywordScores | None = None,
) -> ItemKnowledge:
    """A catalog made ready for ranking dialogues; encoding its texts takes most of the time.

    Args:
        catalog: The items.
        popularity: (n_items,) counts; None counts every item as unknown.
        encoder: As for the ranker; give it a cache folder to encode each text once ever.
        progress: Told about the encoding.
        vectors: From `describe_vectors` with the same encoder, when there are some already.
        keywords: Finds items by what they say literally about themselves; None leaves that out.
    """
    counts = np.zeros(len(catalog)) if popularity is None else np.asarray(popularity, dtype=float)
    total = float(counts.sum())
    scaled = counts * (_USUAL_TOTAL / total) if total else counts
    return ItemKnowledge(
        catalog,
        popularity=scaled,
        encoder=encoder,
        progress=progress,
        vectors=vectors,
        keywords=keywords,
    )
