"""Item vectors in Chroma for unfiltered search, and what to do when Chroma cannot serve them.

The vectors themselves are the truth; Chroma's files are derived from them. Whenever these are
missing, stale or damaged, search goes on exactly and in memory while they are built again.

Each build gets a folder of its own, and the file "current" names the one in use: Chroma keeps what
it once opened under a path, broken or not, so that no path may be used for two databases.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from ..errors import ArtifactError
from .chroma_index import ChromaIndex

_LOGGER = logging.getLogger(__name__)
_CHUNK = 2_000
_POINTER = "current"
_SUMS = "sums.json"


class StoredVectors:
    """Serves nearest items from Chroma, or says that it cannot just now.

    Args:
        folder: Where Chroma's files lie. Its parent must exist for them to be built again.
        ids: Item ids, in row order.
        vectors: (n_items, d) float32 unit vectors.
        description: What the vectors were made of; a folder with another one is stale.
    """

    def __init__(
        self, folder: Path, ids: Sequence[str], vectors: np.ndarray, description: Mapping[str, str]
    ) -> None:
        self._folder = folder
        self._ids = tuple(ids)
        self._vectors = vectors
        self._description = dict(description)
        self._lock = threading.Lock()
        self._index: ChromaIndex | None = None
        self._state = "closed"  # → "open" | "mending" → "open" | "off"
        self._mender: threading.Thread | None = None

    def fill(self, progress: Callable[[int], None] | None = None) -> None:
        """Build Chroma's files anew, then switch to them.

        Args:
            progress: Called with the number of items stored so far.

        Raises:
            ArtifactError, OSError: When Chroma or the disk refuses; the old files stay in use.
        """
        name = uuid.uuid4().hex
        new = self._folder / name
        new.mkdir(parents=True)
        try:
            index = ChromaIndex(new, description=self._description)
            for start in range(0, len(self._ids), _CHUNK):
                end = min(start + _CHUNK, len(self._ids))
                index.add(self._ids[start:end], self._vectors[start:end])
                if progress is not None:
                    progress(end)
            index.close()
            (new / _SUMS).write_text(json.dumps(_sums(new)), encoding="utf-8")
            pointer = new / _POINTER
            pointer.write_text(name, encoding="utf-8")
            pointer.replace(self._folder / _POINTER)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise
        for other in self._folder.iterdir():
            if other.is_dir() and other != new:
                shutil.rmtree(other, ignore_errors=True)

    def nearest(self, vector: np.ndarray, k: int) -> tuple[str, ...] | None:
        """Ids of the k nearest, best first; None when Chroma cannot serve at the moment."""
        index = self._opened()
        if index is None:
            return None
        try:
            (hits,) = index.query(vector[None, :], k)
        except ArtifactError:
            self._mend()
            return None
        if len(hits) < min(k, len(self._ids)):
            self._mend()
            return None
        return tuple(hit.id for hit in hits)

    def wait(self, seconds: float) -> bool:
        """Wait for a rebuild in the background; True when Chroma can serve."""
        if self._mender is not None:
            self._mender.join(seconds)
        return self._opened() is not None

    def _opened(self) -> ChromaIndex | None:
        with self._lock:
            if self._state == "closed":
                self._index = self._open()
                self._state = "open" if self._index is not None else "closed"
            if self._state == "open":
                return self._index
        if self._state == "closed":
            self._mend()
        return None

    def _open(self) -> ChromaIndex | None:
        current = self._intact_folder()
        if current is None:
            return None
        try:
            index = ChromaIndex(current, description=self._description)
            if index.description == self._description and len(index) == len(self._ids):
                return index
            index.close()
        except ArtifactError:
            _LOGGER.warning("the vector store is damaged and will be built again")
        return None

    def _intact_folder(self) -> Path | None:
        """The folder in use when its files are as written: damaged ones can kill the process."""
        try:
            name = (self._folder / _POINTER).read_text(encoding="utf-8").strip()
            if not name.isalnum():
                return None
            expected = json.loads((self._folder / name / _SUMS).read_text(encoding="utf-8"))
            return self._folder / name if _sums(self._folder / name) == expected else None
        except (OSError, ValueError):
            return None

    def _mend(self) -> None:
        """Build the folder again in the background; exact search serves meanwhile."""
        with self._lock:
            if self._state in {"mending", "off"}:
                return
            self._state = "mending"
            if self._index is not None:
                self._index.close()
                self._index = None
            self._mender = threading.Thread(target=self._rebuild, name="vectors", daemon=True)
        self._mender.start()

    def _rebuild(self) -> None:
        index = None
        try:
            if self._folder.parent.is_dir():
                self.fill()
                index = self._open()
        except (ArtifactError, OSError):
            _LOGGER.warning("the vector store could not be built; searching in memory")
        with self._lock:
            self._index = index
            self._state = "open" if index is not None else "off"


def _sums(folder: Path) -> dict[str, str]:
    """sha256 of the index files below a folder; the database beside them changes when opened."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.glob("*/*"))
        if path.is_file()
    }
