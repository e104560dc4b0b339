"""A catalog file made ready for scoring dialogues, kept on disk so that every process can load it."""

from __future__ import annotations

import hashlib
import tempfile
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from agents.evaluation.crs import FeatureIndex
from rec_core import (
    Catalog,
    DamagedFileError,
    DataError,
    MiniLMEncoder,
    Progress,
    atomic_file,
    atomic_folder,
    no_progress,
)

if TYPE_CHECKING:
    import pandas as pd

    from rec_core.dialogue import ItemKnowledge
    from rec_core.search.keyword import KeywordIndex

# Columns that say how often an item was taken, by their names without case and signs.
_COUNTS = ("nratings", "ratingscount", "numratings", "numberofratings", "nreviews", "popularity")
_CATALOG, _POPULARITY, _KEYWORDS = "catalog.parquet", "popularity.npy", "bm25"
_ENCODED_UP_TO = 50_000  # items; a core encodes about a hundred a second


def read_catalog(path: Path) -> tuple[Catalog, np.ndarray | None]:
    """A catalog file as `rapport data import` reads it, and how popular its items are.

    Returns:
        The catalog, and (n_items,) float64 counts or None when the file has none. Of several
        columns of counts the one that knows the most items is taken.

    Raises:
        DataError, DamagedFileError: The file is absent, unreadable or no catalog.
    """
    from rec_core import import_dataset
    from rec_core.datasets.columns import ITEM_NAMES, as_ids, column, find_columns
    from rec_core.datasets.tables import read_table

    with tempfile.TemporaryDirectory() as home:
        try:
            catalog = import_dataset("examples", Path(home), catalog_path=path)[0].catalog
        except DamagedFileError:
            raise
        except DataError as fault:  # what it advises are options of `rapport data import`
            problem = fault.problem.replace(", so nothing was imported", "")
            raise DataError(problem, "Check the file given with --catalog.") from fault
    frame = read_table(path).frame
    ids = as_ids(column(frame, find_columns(frame, ITEM_NAMES, {})["item_id"]))
    counts = _counts(frame)
    if counts is None:
        return catalog, None
    of = dict(zip(reversed(ids.tolist()), reversed(counts.tolist()), strict=True))
    return catalog, np.array([of[item_id] for item_id in catalog.ids.ids])


def _counts(frame: pd.DataFrame) -> np.ndarray | None:
    from rec_core.datasets.columns import as_ratings, column, plain

    names = [name for name in frame.columns if plain(name).startswith(_COUNTS)]
    found = [np.maximum(np.nan_to_num(as_ratings(column(frame, name))), 0.0) for name in names]
    known = [int(np.count_nonzero(counts)) for counts in found]
    return found[int(np.argmax(known))] if any(known) else None


class CatalogParts:
    """What rows are made of, each part when it is first needed; picklable without them.

    Args:
        folder: Where `keep` put the catalog.
        cache_folder: Keeps sentence vectors of items from one run to the next.
    """

    def __init__(self, folder: Path, cache_folder: Path) -> None:
        self.folder = folder
        self._cache_folder = cache_folder

    def __reduce__(self) -> tuple[type[CatalogParts], tuple[Path, Path]]:
        return type(self), (self.folder, self._cache_folder)

    def keep(self, catalog: Catalog, popularity: np.ndarray | None) -> None:
        """Write what the other processes load."""
        catalog.save(self.folder / _CATALOG)
        counts = np.zeros(0) if popularity is None else popularity
        with atomic_file(self.folder / _POPULARITY) as temporary, temporary.open("wb") as stream:
            np.save(stream, counts, allow_pickle=False)

    @cached_property
    def catalog(self) -> Catalog:
        """The items."""
        return Catalog.load(self.folder / _CATALOG)

    @cached_property
    def popularity(self) -> np.ndarray | None:
        """(n_items,) counts, or None when the catalog has none."""
        counts = np.load(self.folder / _POPULARITY)
        return counts if len(counts) else None

    @cached_property
    def counts(self) -> np.ndarray:
        """(n_items,) counts, all 0 when the catalog has none."""
        return np.zeros(len(self.catalog)) if self.popularity is None else self.popularity

    @cached_property
    def knowledge(self) -> ItemKnowledge:
        """What dialogue rankers know of the catalog; shared by all of them."""
        return self.learn()

    def learn(self, progress: Progress = no_progress) -> ItemKnowledge:
        """Make `knowledge`; sentence vectors that are not in the cache take minutes."""
        from rec_core.dialogue import item_knowledge

        encoder = self._encoder()
        known = item_knowledge(
            self.catalog,
            popularity=self.popularity,
            encoder=encoder,
            progress=progress,
            keywords=self.keywords.scores,
        )
        if encoder is not None:
            import torch

            # Sums over another number of threads round otherwise, and then figures would depend
            # on the number of processes.
            torch.set_num_threads(1)
        self.__dict__["knowledge"] = known
        return known

    @cached_property
    def keywords(self) -> KeywordIndex:
        """BM25 over everything the items say about themselves."""
        from rec_core.search.keyword import KeywordIndex

        folder = self.folder / f"{_KEYWORDS}-{self.catalog.fingerprint[:16]}"
        if not folder.is_dir():
            with atomic_folder(folder) as temporary:
                KeywordIndex.build(self.catalog).save(temporary)
        return KeywordIndex.load(folder)

    @cached_property
    def features(self) -> FeatureIndex:
        """BM25 over genres, people and tags."""
        return FeatureIndex(self.catalog)

    @cached_property
    def fingerprint(self) -> str:
        """Of all that every row stands on: another catalog, or other code, gives other figures."""
        import agents.evaluation.crs as rows
        import rec_core.dialogue as dialogue

        folders = [Path(module.__path__[0]) for module in (dialogue, rows)]
        files = [path for folder in folders for path in sorted(folder.glob("*.py"))]
        code = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
        counts = hashlib.sha256(self.counts.tobytes()).hexdigest()
        encoder = self._encoder()
        return digest(self.catalog.fingerprint, counts, code, encoder.name if encoder else "")

    def _encoder(self) -> MiniLMEncoder | None:
        if len(self.catalog) > _ENCODED_UP_TO or not MiniLMEncoder.is_available():
            return None
        return MiniLMEncoder(self._cache_folder)


def digest(*parts: str) -> str:
    """sha256 (hex) of some words."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
