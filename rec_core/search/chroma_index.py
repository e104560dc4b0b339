"""Vectors in Chroma: our own vectors, on disk, in this process. Chroma's server is never used."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import ArtifactError
from .vector_index import VectorHit

if TYPE_CHECKING:
    from chromadb.api import ClientAPI


class ChromaIndex:
    """A `VectorIndex` in a Chroma `PersistentClient`, telemetry off, no embedding function.

    Approximate (HNSW): nearly all of the true nearest come back. One process writes a folder at a
    time. `delete` takes vectors out of every answer; the disk space is given back by `chroma
    vacuum` only.

    Args:
        folder: Chroma's own folder; made when missing.
        name: Collection name, 3 letters or more.
        description: Flat facts kept with a new collection.

    Raises:
        ArtifactError: From any method, when the folder is damaged or not usable.
    """

    def __init__(
        self, folder: Path, *, name: str = "items", description: Mapping[str, str] | None = None
    ) -> None:
        from chromadb import PersistentClient
        from chromadb.api.collection_configuration import CreateHNSWConfiguration
        from chromadb.config import Settings
        from chromadb.errors import ChromaError

        hnsw = CreateHNSWConfiguration(
            space="cosine",
            ef_construction=200,
            max_neighbors=32,
            ef_search=400,
        )
        self._folder = folder
        self._faults = (ChromaError, sqlite3.Error, OSError, ValueError, RuntimeError, KeyError)
        try:
            self._client = PersistentClient(
                path=folder, settings=Settings(anonymized_telemetry=False)
            )
        except self._faults as fault:
            raise self._unusable() from fault
        try:
            self._collection = self._client.get_or_create_collection(
                name,
                embedding_function=None,
                metadata=dict(description) if description else None,
                configuration={"hnsw": hnsw},
            )
            self._batch = self._client.get_max_batch_size()
        except self._faults as fault:
            _release(self._client)
            raise self._unusable() from fault

    def __len__(self) -> int:
        try:
            return self._collection.count()
        except self._faults as fault:
            raise self._unusable() from fault

    @property
    def description(self) -> Mapping[str, str]:
        """The facts given when the collection was made."""
        return {name: str(value) for name, value in (self._collection.metadata or {}).items()}

    def add(self, ids: Sequence[str], vectors: np.ndarray) -> None:
        """Store vectors (n, d) under ids; replaces what an id had."""
        vectors = np.asarray(vectors, dtype=np.float32)
        if len(vectors) != len(ids):
            raise ValueError(f"{len(ids)} ids for {len(vectors)} vectors")
        # Chroma refuses one id twice in a call: the last vector wins
        last = {id_: row for row, id_ in enumerate(ids)}
        names, rows = list(last), list(last.values())
        try:
            for start in range(0, len(names), self._batch):
                part = slice(start, start + self._batch)
                self._collection.upsert(ids=names[part], embeddings=vectors[rows[part]])
        except self._faults as fault:
            raise self._unusable() from fault

    def delete(self, ids: Sequence[str]) -> None:
        """Forget these ids; unknown ones are ignored."""
        if not ids:
            return
        try:
            self._collection.delete(ids=list(dict.fromkeys(ids)))
        except self._faults as fault:
            raise self._unusable() from fault

    def query(
        self, vectors: np.ndarray, k: int, mask_ids: Collection[str] | None = None
    ) -> tuple[tuple[VectorHit, ...], ...]:
        """For each query row: up to k hits, best first; equal scores by id."""
        queries = np.atleast_2d(np.asarray(vectors, dtype=np.float32))
        if k <= 0 or (mask_ids is not None and not mask_ids):
            return tuple(() for _ in queries)
        try:
            found = self._collection.query(
                query_embeddings=queries,
                n_results=k,
                ids=None if mask_ids is None else sorted(set(mask_ids)),
                include=["distances"],
            )
        except self._faults as fault:
            raise self._unusable() from fault
        distances = found["distances"] or [[] for _ in queries]
        return tuple(
            tuple(
                sorted(
                    (
                        VectorHit(id=id_, score=1.0 - float(distance))
                        for id_, distance in zip(names, row, strict=True)
                    ),
                    key=lambda hit: (-hit.score, hit.id),
                )
            )
            for names, row in zip(found["ids"], distances, strict=True)
        )

    def close(self) -> None:
        """Close Chroma's files."""
        _release(self._client)

    def _unusable(self) -> ArtifactError:
        return ArtifactError(
            f"The Chroma folder {str(self._folder)!r} is not usable.",
            "Remove it: it is built again from the stored vectors.",
        )


def _release(client: ClientAPI) -> None:
    """Close a client; the interface lacks `close`, the only client that we make has it."""
    from chromadb.api.client import Client

    if isinstance(client, Client):
        client.close()
