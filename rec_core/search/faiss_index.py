"""Approximate search above a million vectors: faiss finds candidates, our exact scores rank them.

Measure before choosing it: up to a million vectors `ExactIndex` may be fast enough.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

import numpy as np

from ..artifacts import ArtifactWriter, read_artifact
from ..errors import ArtifactError
from ..top_k import ItemMatrix, TopK, best_of_rows, top_k
from .exact_index import checked_vectors, hits_of
from .vector_index import VectorHit

if TYPE_CHECKING:
    from faiss import Index

_KIND = "faiss-index"
_FILE = "index.faiss"
_TRAINING_ROWS_PER_LIST = 64
_MIN_ROWS_PER_LIST = 40  # below this faiss doubts that it can learn the lists
_LISTS = 4  # times √n: short lists, since looking through many of them finds more for the same work
_MIN_CANDIDATES = 256  # codes cannot tell near neighbours apart: a few wanted hits need as many
_PQ_TRAINING_ROWS = 65_536
_RETRAIN_GROWTH = 4  # train anew when this many times more vectors are there than at the last time
_CANDIDATES_PER_HIT = {"ivf": 2, "pq": 16}
_DEAD_SHARE = 0.1  # fill faiss anew when more than this share of its rows is forgotten


@dataclass(frozen=True, kw_only=True)
class FaissConfig:
    """How faiss finds candidates.

    Attributes:
        kind: "ivf" looks through the `n_probe` nearest of about 4 √n lists, which hold a byte for each
            number of a vector. "pq" scans 4-bit codes of all vectors (an eighth of the
            size of a half-precision copy) with the processor's byte shuffles ("fast scan").
        n_probe: Lists that "ivf" looks through; more finds more and costs more. 96 found 99 of 100
            true neighbours in a million trained vectors (`benchmarks/core.md`).
        candidates_per_hit: Candidates for each wanted hit that are scored exactly; never fewer
            than 256 for a query. None takes 2 for "ivf", whose bytes tell neighbours apart, and 16 for "pq".
        train_from: With fewer vectors than this, search is exact and faiss is not used.
    """

    kind: Literal["ivf", "pq"] = "ivf"
    n_probe: int = 96
    candidates_per_hit: int | None = None
    train_from: int = 50_000

    def __post_init__(self) -> None:
        if self.kind not in {"ivf", "pq"}:
            raise ValueError(f"kind must be 'ivf' or 'pq', got {self.kind!r}")
        per_hit = 1 if self.candidates_per_hit is None else self.candidates_per_hit
        if min(self.n_probe, per_hit) < 1:
            raise ValueError("n_probe and candidates_per_hit must be at least 1")
        if self.train_from < _TRAINING_ROWS_PER_LIST:
            raise ValueError(f"train_from must be at least {_TRAINING_ROWS_PER_LIST}")

    def n_candidates(self, k: int) -> int:
        """How many candidates k hits are chosen from."""
        per_hit = self.candidates_per_hit or _CANDIDATES_PER_HIT[self.kind]
        return max(k * per_hit, _MIN_CANDIDATES)


class FaissIndex:
    """A `VectorIndex` in memory over faiss; scores and ties are those of `ExactIndex`.

    Scores are exact; which ids come back is not, once faiss is trained. Under a mask the search
    is exact among the allowed ids: faiss would have to look through more lists the fewer they are.
    A vector that is deleted or replaced stays in faiss, unseen, until a tenth of the rows is so.
    Ties are broken by the order in which vectors (not ids) were added.

    Args:
        dimension: Numbers in a vector.
        config: How candidates are found.
    """

    def __init__(self, dimension: int, config: FaissConfig | None = None) -> None:
        self._dimension = dimension
        self._config = config or FaissConfig()
        self._ids: list[str] = []
        self._rows: dict[str, int] = {}
        self._matrix = ItemMatrix(np.zeros((0, dimension), dtype=np.float32), coarse=False)
        self._index: Index | None = None
        self._trained_with = 0
        self._alive: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def is_trained(self) -> bool:
        """Whether faiss finds the candidates; else the search is exact."""
        return self._index is not None

    def adjust(self, *, n_probe: int, candidates_per_hit: int | None) -> None:
        """Search wider or narrower from now on; nothing is trained anew."""
        self._config = replace(self._config, n_probe=n_probe, candidates_per_hit=candidates_per_hit)
        if self._index is not None:
            self._index = self._widened(self._index)

    def add(self, ids: Sequence[str], vectors: np.ndarray) -> None:
        """Store vectors (n, d) under ids; replaces what an id had.

        Raises:
            ValueError: When shapes do not fit or a number is not finite; nothing is stored then.
        """
        vectors = checked_vectors(ids, vectors, self._dimension)
        last = {id_: position for position, id_ in enumerate(ids)}
        if not last:
            return
        start = len(self._ids)
        self._matrix.append(vectors[list(last.values())])
        self._ids.extend(last)
        self._rows.update(zip(last, range(start, len(self._ids)), strict=True))
        self._alive = None
        if self._index is not None:
            self._index.add(self._matrix.vectors[start:])
        self._tidy()

    def delete(self, ids: Sequence[str]) -> None:
        """Forget these ids; unknown ones are ignored."""
        for id_ in ids:
            self._rows.pop(id_, None)
        self._alive = None
        self._tidy()

    def query(
        self, vectors: np.ndarray, k: int, mask_ids: Collection[str] | None = None
    ) -> tuple[tuple[VectorHit, ...], ...]:
        """For each query row: up to k hits, best first."""
        queries = np.atleast_2d(np.ascontiguousarray(vectors, dtype=np.float32))
        k = min(max(k, 0), len(self._rows))
        if mask_ids is not None:
            allowed = np.zeros(len(self._ids), dtype=bool)
            allowed[[self._rows[id_] for id_ in mask_ids if id_ in self._rows]] = True
            return hits_of(top_k(queries, self._matrix, k, allowed=allowed), self._ids)
        if self._index is None or not k:
            return hits_of(self._exactly(queries, k), self._ids)
        return hits_of(self._approximately(self._index, queries, k), self._ids)

    def close(self) -> None:
        """Give up the memory."""
        self.__init__(self._dimension, self._config)

    def save(self, folder: Path) -> None:
        """Write everything to a folder, which appears complete or not at all.

        Raises:
            StorageError: When the disk is full or may not be written.
        """
        self._compact()
        config = {
            "dimension": self._dimension,
            "trained_with": self._trained_with,
            "search": asdict(self._config),
        }
        with ArtifactWriter(folder, kind=_KIND, config=config) as writer:
            writer.add_json("ids", self._ids)
            writer.add_tensors("vectors", {"vectors": self._matrix.vectors})
            if self._index is not None:
                import faiss

                faiss.write_index(self._index, str(writer.path(_FILE)))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote; every file is compared with its checksum first.

        Raises:
            ArtifactError: When the folder is missing, damaged or of another version.
        """
        artifact = read_artifact(folder, kind=_KIND, verify=True)
        try:
            index = cls(artifact.config["dimension"], FaissConfig(**artifact.config["search"]))
            index._ids = artifact.json("ids")
            index._matrix = ItemMatrix(artifact.arrays("vectors")["vectors"], coarse=False)
            index._trained_with = artifact.config["trained_with"]
            if _FILE in artifact:
                import faiss

                index._index = index._widened(faiss.read_index(str(artifact.path(_FILE))))
        except (KeyError, TypeError, ValueError, RuntimeError) as fault:
            raise ArtifactError(
                f"The index in {str(folder)!r} is not usable.",
                "Remove that folder and build the index again.",
            ) from fault
        index._rows = {id_: row for row, id_ in enumerate(index._ids)}
        return index

    def _exactly(self, queries: np.ndarray, k: int) -> TopK:
        if self._alive is None and len(self._rows) < len(self._ids):
            self._alive = np.zeros(len(self._ids), dtype=bool)
            self._alive[list(self._rows.values())] = True
        return top_k(queries, self._matrix, k, allowed=self._alive)

    def _approximately(self, index: Index, queries: np.ndarray, k: int) -> TopK:
        """Candidates from faiss, ranked exactly; exact search where it finds too few."""
        n_candidates = min(self._config.n_candidates(k), len(self._ids))
        found = index.search(queries, n_candidates)[1]
        all_alive = len(self._rows) == len(self._ids)
        rows = np.empty((len(queries), k), dtype=np.int64)
        scores = np.empty((len(queries), k), dtype=np.float32)
        for number, candidates in enumerate(found):
            near = candidates[candidates >= 0]
            if not all_alive:
                near = np.array([row for row in near.tolist() if self._is_alive(row)], np.int64)
            if len(near) < k:
                exact = self._exactly(queries[number : number + 1], k)
                rows[number], scores[number] = exact.rows[0], exact.scores[0]
            else:
                rows[number], scores[number] = best_of_rows(queries[number], self._matrix, near, k)
        return TopK(rows=rows, scores=scores)

    def _is_alive(self, row: int) -> bool:
        return self._rows.get(self._ids[row]) == row

    def _tidy(self) -> None:
        """Drop forgotten rows when there are many; train when there is enough to learn from."""
        if len(self._ids) - len(self._rows) > _DEAD_SHARE * len(self._ids):
            self._compact()
        if len(self._rows) < self._config.train_from:
            return
        if self._index is None or len(self._rows) >= _RETRAIN_GROWTH * self._trained_with:
            self._compact()
            self._train()

    def _compact(self) -> None:
        if len(self._rows) == len(self._ids):
            return
        kept = [row for row in range(len(self._ids)) if self._is_alive(row)]
        self._matrix.keep(np.array(kept, dtype=np.int64))
        self._ids = [self._ids[row] for row in kept]
        self._rows = {id_: row for row, id_ in enumerate(self._ids)}
        self._alive = None
        if self._index is not None:
            self._index.reset()
            if kept:  # faiss's fast scan crashes the process when nothing is added
                self._index.add(self._matrix.vectors)

    def _train(self) -> None:
        """Learn lists or codes from evenly spaced rows, then fill them with all."""
        import faiss

        n_rows = len(self._matrix)
        if self._config.kind == "ivf":
            n_lists = _n_lists(n_rows)
            factory, n_training = f"IVF{n_lists},SQ8", n_lists * _TRAINING_ROWS_PER_LIST
        else:
            parts = self._dimension // 2 if self._dimension % 2 == 0 else self._dimension
            factory, n_training = f"PQ{parts}x4fs", _PQ_TRAINING_ROWS
        index = faiss.index_factory(self._dimension, factory, faiss.METRIC_INNER_PRODUCT)
        sample = np.linspace(0, n_rows - 1, min(n_rows, n_training)).astype(np.int64)
        index.train(self._matrix.vectors[sample])
        index.add(self._matrix.vectors)
        self._index = self._widened(index)
        self._trained_with = n_rows

    def _widened(self, index: Index) -> Index:
        """Set the number of lists to look through, which faiss's file does not say."""
        if self._config.kind == "ivf":
            import faiss

            faiss.extract_index_ivf(index).nprobe = self._config.n_probe
        return index


def _n_lists(n_rows: int) -> int:
    """A power of two near 4 √n, with enough rows to learn each list from."""
    wanted = round(np.log2(_LISTS * np.sqrt(n_rows)))
    learnable = int(np.log2(max(1.0, n_rows / _MIN_ROWS_PER_LIST)))
    return 1 << min(wanted, learnable)
