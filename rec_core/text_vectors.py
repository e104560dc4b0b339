"""Text vectors of a catalog for training, and which encoder makes them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from .artifacts import Artifact
from .catalog import Catalog
from .errors import ArtifactError
from .runtime import Progress, no_progress
from .search import HashEncoder, MiniLMEncoder, TextEncoder

SENTENCE_ENCODER_LIMIT = 50_000
_ENCODE_CHUNK = 512
_LOGGER = logging.getLogger(__name__)


def text_vectors(
    catalog: Catalog, encoder: TextEncoder, progress: Progress = no_progress
) -> np.ndarray:
    """(n_items, d) float32: one unit vector an item."""
    chunks = [np.zeros((0, encoder.dimension), dtype=np.float32)]
    for start in range(0, len(catalog), _ENCODE_CHUNK):
        rows = range(start, min(start + _ENCODE_CHUNK, len(catalog)))
        chunks.append(encoder.encode([catalog.text_of(row) for row in rows], kind="document"))
        progress("texts", rows.stop, len(catalog))
    return np.concatenate(chunks)


class RememberedTexts:
    """An encoder that encodes each document once: several stages want the same vectors."""

    def __init__(self, encoder: TextEncoder) -> None:
        self.name = encoder.name
        self.dimension = encoder.dimension
        self._encoder = encoder
        self._vectors: dict[str, np.ndarray] = {}

    def encode(self, texts: Sequence[str], *, kind: Literal["query", "document"]) -> np.ndarray:
        """As the encoder it stands for."""
        if kind == "query" or not texts:
            return self._encoder.encode(texts, kind=kind)
        missing = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        if missing:
            vectors = self._encoder.encode(missing, kind=kind)
            self._vectors.update(zip(missing, vectors, strict=True))
        return np.stack([self._vectors[text] for text in texts])


def default_encoder(cache_folder: Path | None = None, *, n_items: int | None = None) -> TextEncoder:
    """The sentence encoder where it is installed, else the hashing one.

    A catalog of more than `SENTENCE_ENCODER_LIMIT` items gets the hashing encoder too, and a note
    in the log: one core encodes about 40 texts of 125 tokens a second.

    Args:
        cache_folder: Keeps document vectors; None keeps nothing.
        n_items: Size of the catalog; None sets no limit.
    """
    if not MiniLMEncoder.is_available():
        return HashEncoder()
    if n_items is not None and n_items > SENTENCE_ENCODER_LIMIT:
        _LOGGER.warning(
            "The catalog has %d items, more than the %d that the sentence encoder takes by default. "
            "Texts are compared by spelling, not by meaning; pass MiniLMEncoder to change that.",
            n_items,
            SENTENCE_ENCODER_LIMIT,
        )
        return HashEncoder()
    return MiniLMEncoder(cache_folder)


def encoder_named(artifact: Artifact) -> TextEncoder:
    """An encoder of the artifact's vector space."""
    name = str(artifact.config.get("encoder"))
    if name == MiniLMEncoder.name:
        return MiniLMEncoder()
    kind, _, dimension = name.partition("-")
    if kind == "hash" and dimension.isdigit():
        return HashEncoder(int(dimension))
    raise ArtifactError(
        f"The model in {str(artifact.folder)!r} needs the text encoder {name!r}, which is unknown.",
        "Run `rapport train` again.",
    )
