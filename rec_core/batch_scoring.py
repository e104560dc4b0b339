"""The best items of every user, written to parquet part by part; a run that was cut off goes on.

Histories are read from the artifact's interactions file a part at a time and results leave memory
with their part, so memory does not grow with the number of users. A part appears whole or not at
all. A description of model, data and settings lies beside the parts: only a run with an equal one
may add to them.

Two ways to rank. "pipeline" is the blend that serves single requests: retrieve, then add up the
models; it scores the whole catalog for each user. "vectors" is the exact top-k of the sequence model
alone, for catalogs where the blend would take too long. A user without events gets the most popular
items, with score 0.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from .artifacts import Artifact, read_artifact
from .errors import ArtifactError, DamagedFileError, DataError, UnknownUserError
from .files import atomic_file
from .model_files import read_parts
from .pipeline import BEYOND, Pipeline
from .ranking.numbers import best_rows
from .runtime import Progress, no_progress
from .top_k import ItemMatrix, top_k

Method = Literal["pipeline", "vectors"]
_List = tuple[np.ndarray, np.ndarray]  # item rows, best first, and their scores
_NOTHING: _List = (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32))

PIPELINE_UP_TO = 20_000
"""Catalogs of more items are scored by vectors unless told otherwise."""

PART_USERS = 20_000
_CHUNK_USERS = 128
_GROUP = 32
_DENSE_UP_TO = 20_000  # items; below, the scores of a chunk fit the cache and pruning costs more
_SCHEMA_VERSION = 1
_MANIFEST = "_scores.json"  # readers of parquet folders pass over names like this
_SCHEMA = pa.schema(
    [
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("item_ids", pa.list_(pa.string()), nullable=False),
        pa.field("scores", pa.list_(pa.float32()), nullable=False),
    ]
)


@dataclass(frozen=True, kw_only=True)
class ScoringReport:
    """What lies in the folder now.

    Attributes:
        folder: Where the parts lie.
        method: How the lists were made.
        n_users: Users in all parts.
        n_scored: Users that this run scored; the others were there already.
        n_parts: Files.
    """

    folder: Path
    method: Method
    n_users: int
    n_scored: int
    n_parts: int


class ListMaker(Protocol):
    """Makes the list of each history."""

    def best(
        self, histories: Sequence[np.ndarray], k: int, *, without: Sequence[np.ndarray] | None
    ) -> list[_List]:
        """Item rows and scores of each history, best first, at most `k`; rows in `without` never."""
        ...


class VectorLists:
    """Exact top-k of state times item vector; ties go to the lower row.

    Args:
        states: Histories to (n_histories, d) float32.
        item_vectors: (n_items, d) float32.
    """

    def __init__(
        self, states: Callable[[Sequence[np.ndarray]], np.ndarray], item_vectors: np.ndarray
    ) -> None:
        self._states = states
        self._items = ItemMatrix(item_vectors)

    def best(
        self, histories: Sequence[np.ndarray], k: int, *, without: Sequence[np.ndarray] | None
    ) -> list[_List]:
        """As `ListMaker.best`."""
        states = self._states(histories)
        if len(self._items) <= _DENSE_UP_TO:
            return _dense_lists(states @ self._items.vectors.T, k, without)
        found = top_k(states, self._items, k, exclude=without)
        return [
            (rows[: np.count_nonzero(rows >= 0)], scores[: np.count_nonzero(rows >= 0)])
            for rows, scores in zip(found.rows, found.scores, strict=True)
        ]


def _dense_lists(scores: np.ndarray, k: int, without: Sequence[np.ndarray] | None) -> list[_List]:
    """The k best of each row of ready scores (n, n_items), which are changed; ties by item row."""
    if without is not None:
        lengths = [len(rows) for rows in without]
        scores[np.repeat(np.arange(len(without)), lengths), np.concatenate(without)] = -np.inf
    users, rows = np.nonzero((scores >= _bounds(scores, k)[:, None]) & (scores > -np.inf))
    values = scores[users, rows]
    order = np.lexsort((rows, -values, users))
    starts = np.searchsorted(users, np.arange(len(scores) + 1)).tolist()
    best = [order[start : min(start + k, end)] for start, end in pairwise(starts)]
    return [(rows[own], values[own]) for own in best]


def _bounds(scores: np.ndarray, k: int) -> np.ndarray:
    """(n,) a score that k items of each row reach and hardly more: k-th best of maxima of groups."""
    width = scores.shape[1] // _GROUP
    if width < 2 * k:
        return np.full(len(scores), -np.inf, dtype=scores.dtype)
    maxima = scores[:, : width * _GROUP].reshape(len(scores), _GROUP, width).max(axis=1)
    return np.partition(maxima, width - k, axis=1)[:, width - k]


class PipelineLists:
    """The blend over what its retrievers propose; ties go to the lower row."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    def best(
        self, histories: Sequence[np.ndarray], k: int, *, without: Sequence[np.ndarray] | None
    ) -> list[_List]:
        """As `ListMaker.best`."""
        blended = self._pipeline.score(histories)
        allowed = blended > BEYOND
        for place, rows in enumerate(without or ()):
            allowed[place, rows] = False
        lists = [best_rows(*pair, k) for pair in zip(blended, allowed, strict=True)]
        return [(rows, scores[rows]) for rows, scores in zip(lists, blended, strict=True)]


class StoredHistories:
    """Histories in a file that `Interactions.save` wrote, read for some users at a time.

    Raises:
        DamagedFileError: The file is missing or not such a file.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = pq.ParquetFile(path, thrift_string_size_limit=2**31 - 1)
            self.user_ids: list[str] = json.loads(self._file.schema_arrow.metadata[b"users"])
        except (OSError, pa.ArrowException, KeyError, TypeError) as error:
            problem = f"The interactions file {str(path)!r} is missing or cannot be read."
            raise DamagedFileError(problem, "Run `rapport train` again.") from error
        groups = range(self._file.num_row_groups)
        column = self._file.schema_arrow.get_field_index("user_row")
        ranges = [self._file.metadata.row_group(g).column(column).statistics for g in groups]
        self._first = np.array([found.min for found in ranges], dtype=np.int64)
        self._last = np.array([found.max for found in ranges], dtype=np.int64)

    def __len__(self) -> int:
        return len(self.user_ids)

    def of(self, user_rows: np.ndarray) -> list[np.ndarray]:
        """Item rows of these users (rows ascending), oldest first; only their row groups are read."""
        owners, items = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        begins = np.searchsorted(user_rows, self._first)
        ends = np.searchsorted(user_rows, self._last, side="right")
        for group in np.flatnonzero(ends > begins):
            table = self._file.read_row_group(int(group), columns=["user_row", "item_row"])
            users = table["user_row"].to_numpy().astype(np.int64)
            places = np.minimum(np.searchsorted(user_rows, users), len(user_rows) - 1)
            wanted = user_rows[places] == users
            owners.append(places[wanted])
            items.append(table["item_row"].to_numpy().astype(np.int64)[wanted])
        counts = np.bincount(np.concatenate(owners), minlength=len(user_rows))
        return np.split(np.concatenate(items), np.cumsum(counts)[:-1])

    def item_counts(self, n_items: int) -> np.ndarray:
        """Events per item, int64 (n_items,)."""
        counts = np.zeros(n_items, dtype=np.int64)
        for batch in self._file.iter_batches(columns=["item_row"]):
            counts += np.bincount(batch.column("item_row").to_numpy(), minlength=n_items)
        return counts


def score_artifact(
    model_folder: Path,
    folder: Path,
    *,
    k: int = 10,
    user_ids: Sequence[str] | None = None,
    method: Method | None = None,
    keep_seen: bool = False,
    progress: Progress = no_progress,
) -> ScoringReport:
    """Score the users of a trained pipeline with its own models.

    Args:
        model_folder: What `train_pipeline` wrote.
        folder: Where the parts go; may hold parts of an earlier run with the same settings.
        k: Length of the lists; shorter where fewer items are left or were proposed.
        user_ids: Whom to score; None takes all users of the interactions, in their order.
        method: "pipeline" or "vectors"; None decides by the size of the catalog.
        keep_seen: Leave items in that the user already has.
        progress: Told of the stage "scores" with users done and in all, after every chunk.

    Raises:
        ArtifactError: The model is missing or damaged, or has no vectors to score by.
        DataError: The folder holds scores of another model, other users or other settings.
        UnknownUserError: A user is not in the interactions.
        StorageError: No room or no permission.
    """
    artifact = read_artifact(model_folder, kind="pipeline")
    histories = StoredHistories(artifact.path("interactions.parquet"))
    item_ids = pq.read_table(artifact.path("catalog.parquet"), columns=["item_id"])["item_id"]
    chosen = method or ("pipeline" if len(item_ids) <= PIPELINE_UP_TO else "vectors")
    job = ScoringJob(
        folder,
        lists=_list_maker(artifact, chosen),
        histories=histories,
        item_ids=item_ids.combine_chunks(),
        user_rows=_user_rows(histories, user_ids),
        k=k,
        keep_seen=keep_seen,
        description={"model": artifact.fingerprint, "method": chosen},
    )
    n_scored = job.run(progress)
    return ScoringReport(
        folder=folder,
        method=chosen,
        n_users=job.n_users,
        n_scored=n_scored,
        n_parts=job.n_parts,
    )


def _list_maker(artifact: Artifact, method: Method) -> ListMaker:
    parts = read_parts(artifact)
    if method == "pipeline":
        return PipelineLists(parts.pipeline)
    if parts.sasrec is None:
        raise ArtifactError(
            f"The model in {str(artifact.folder)!r} has no trained sequence model to score by.",
            "Use --method pipeline, or train on more interactions.",
        )
    return VectorLists(parts.sasrec.states, parts.sasrec.item_vectors)


def _user_rows(histories: StoredHistories, user_ids: Sequence[str] | None) -> np.ndarray:
    """Rows, ascending and without repeats."""
    if user_ids is None:
        return np.arange(len(histories))
    row_of = {user: row for row, user in enumerate(histories.user_ids)}
    unknown = [user for user in user_ids if user not in row_of]
    if unknown:
        shown = ", ".join(repr(user) for user in unknown[:5])
        raise UnknownUserError(
            f"{len(unknown):,} of {len(user_ids):,} users are not in the training data: {shown}"
            f"{', …' if len(unknown) > 5 else ''}.",
            "Leave them out, or import interactions that have them and train again.",
        )
    return np.unique(np.array([row_of[user] for user in user_ids], dtype=np.int64))


class ScoringJob:
    """Lists for some users in a folder of parts.

    Args:
        folder: Made when it is not there.
        lists: Makes the lists.
        histories: Where histories are read.
        item_ids: Outside ids in catalog order.
        user_rows: Whom to score, ascending.
        k: Length of the lists.
        keep_seen: Whether a list may name items of the history.
        description: JSON values that the lists depend on beside these arguments.
        part_users: Users of one file.

    Raises:
        DataError: The folder holds something else.
    """

    def __init__(
        self,
        folder: Path,
        *,
        lists: ListMaker,
        histories: StoredHistories,
        item_ids: pa.Array,
        user_rows: np.ndarray,
        k: int,
        keep_seen: bool = False,
        description: Mapping[str, object],
        part_users: int = PART_USERS,
    ) -> None:
        self.folder = folder
        self._lists = lists
        self._histories = histories
        self._item_ids = item_ids
        self._user_rows = user_rows
        self._k = k
        self._keep_seen = keep_seen
        self._part_users = part_users
        self._description = {
            "schema_version": _SCHEMA_VERSION,
            **description,
            "k": k,
            "keep_seen": keep_seen,
            "n_users": len(user_rows),
            "part_users": part_users,
            "users": hashlib.sha256(user_rows.astype(np.int64).tobytes()).hexdigest(),
        }
        self._claim_folder()

    @property
    def n_users(self) -> int:
        """Users in all parts."""
        return len(self._user_rows)

    @property
    def n_parts(self) -> int:
        """Files that a finished folder has."""
        return -(-self.n_users // self._part_users)

    def run(self, progress: Progress = no_progress) -> int:
        """Make the parts that are not there yet; returns how many users were scored."""
        for leftover in self.folder.glob(".part-*.tmp"):
            leftover.unlink(missing_ok=True)  # of a run that was killed while writing
        missing = [part for part in range(self.n_parts) if not self._path(part).exists()]
        there = self.n_users - sum(len(self._rows_of(part)) for part in missing)
        done = there
        progress("scores", done, self.n_users)
        for part in missing:
            rows = self._rows_of(part)
            lists: list[_List] = [_NOTHING] * len(rows)
            for places, found in self._scored(rows):
                for place, one in zip(places.tolist(), found, strict=True):
                    lists[place] = one
                done += len(places)
                progress("scores", done, self.n_users)
            self._write(part, rows, lists)
        return self.n_users - there

    def _claim_folder(self) -> None:
        path = self.folder / _MANIFEST
        if path.is_file():
            try:
                there = json.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                there = {}
            changed = [
                name for name, value in self._description.items() if there.get(name) != value
            ]
            if changed:
                raise DataError(
                    f"{str(self.folder)!r} holds scores of another run: "
                    f"other {', '.join(name.replace('_', ' ') for name in changed)}.",
                    "Choose another folder, or remove that one.",
                )
            return
        if self.folder.exists() and any(self.folder.glob("[!.]*")):
            raise DataError(
                f"{str(self.folder)!r} is not empty and holds no scores.",
                "Choose a folder that is new or empty.",
            )
        text = json.dumps(self._description, indent=1)
        with atomic_file(path) as temporary:
            temporary.write_text(text, encoding="utf-8")

    def _path(self, part: int) -> Path:
        return self.folder / f"part-{part:05d}.parquet"

    def _rows_of(self, part: int) -> np.ndarray:
        return self._user_rows[part * self._part_users : (part + 1) * self._part_users]

    def _scored(self, user_rows: np.ndarray) -> Iterator[tuple[np.ndarray, list[_List]]]:
        """Places in the part and their lists, chunk by chunk.

        Histories of like length go together: a chunk is padded to its longest.
        """
        histories = self._histories.of(user_rows)
        lengths = np.array([len(history) for history in histories])
        order = np.argsort(lengths, kind="stable")
        n_empty = int((lengths == 0).sum())
        if n_empty:
            yield order[:n_empty], [self._popular] * n_empty
        for start in range(n_empty, len(order), _CHUNK_USERS):
            places = order[start : start + _CHUNK_USERS]
            chunk = [histories[place] for place in places]
            without = None if self._keep_seen else chunk
            yield places, self._lists.best(chunk, self._k, without=without)

    @cached_property
    def _popular(self) -> _List:
        counts = self._histories.item_counts(len(self._item_ids))
        rows = best_rows(counts, np.ones(len(counts), dtype=bool), self._k)
        return rows, np.zeros(len(rows), dtype=np.float32)

    def _write(self, part: int, user_rows: np.ndarray, lists: Sequence[_List]) -> None:
        users = [self._histories.user_ids[row] for row in user_rows.tolist()]
        offsets = pa.array(np.cumsum([0, *(len(rows) for rows, _ in lists)]), pa.int32())
        rows = np.concatenate([rows for rows, _ in lists])
        scores = np.concatenate([scores for _, scores in lists])
        columns = [
            pa.array(users, pa.string()),
            pa.ListArray.from_arrays(offsets, self._item_ids.take(pa.array(rows))),
            pa.ListArray.from_arrays(offsets, pa.array(scores, pa.float32())),
        ]
        with atomic_file(self._path(part)) as temporary:
            pq.write_table(pa.table(columns, schema=_SCHEMA), temporary, compression="zstd")
