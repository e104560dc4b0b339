"""Where a trainer takes its events from: memory, or a parquet file that is never held as a whole.

A source gives blocks of whole users, in a new random order at every call, so that an epoch over a
file of any size needs memory for one block only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from .errors import DamagedFileError, DataError
from .interactions import Interactions

_BLOCK_EVENTS = 1 << 19
_SCAN_ROWS = 1 << 18
_COLUMNS = ("user_row", "item_row")
_AGAIN = "Get or import the data set again."


@dataclass(frozen=True, kw_only=True)
class EventBlock:
    """All events of some users, oldest first within each.

    Attributes:
        item_rows: (n_events,) int64.
        offsets: (n_users + 1,) int64: events of the block's user u are offsets[u] .. offsets[u + 1].
        timestamps: (n_events,) int64, or None when the source has none.
    """

    item_rows: np.ndarray
    offsets: np.ndarray
    timestamps: np.ndarray | None = None

    @property
    def user_rows(self) -> np.ndarray:
        """(n_events,) int64: which of the block's users each event belongs to, from 0."""
        lengths = np.diff(self.offsets)
        return np.repeat(np.arange(len(lengths)), lengths)


class EventSource(Protocol):
    """What a trainer needs to know of the events before, and how it gets them in every epoch."""

    @property
    def n_items(self) -> int:
        """Items of the catalog, those without events counted."""
        ...

    @property
    def n_events(self) -> int:
        """All events that an epoch gives."""
        ...

    @property
    def has_timestamps(self) -> bool:
        """Whether blocks carry time stamps."""
        ...

    @property
    def item_counts(self) -> np.ndarray:
        """Events per item, int64 (n_items,)."""
        ...

    @property
    def first_counts(self) -> np.ndarray:
        """How often each item is a user's first event, so never a next item: int64 (n_items,)."""
        ...

    def blocks(self, generator: np.random.Generator) -> Iterator[EventBlock]:
        """One epoch: every user in exactly one block, blocks in an order drawn from `generator`."""
        ...


class MemorySource:
    """Interactions in memory as a source: one block with everything, in the order it has.

    Args:
        interactions: What to learn from. Its arrays are shared, not copied.
    """

    def __init__(self, interactions: Interactions) -> None:
        self._interactions = interactions

    @property
    def n_items(self) -> int:
        """Items of the catalog."""
        return self._interactions.n_items

    @property
    def n_events(self) -> int:
        """All events."""
        return len(self._interactions)

    @property
    def has_timestamps(self) -> bool:
        """Whether the block carries time stamps."""
        return self._interactions.has_timestamps

    @property
    def item_counts(self) -> np.ndarray:
        """Events per item, int64 (n_items,)."""
        return self._interactions.item_counts

    @property
    def first_counts(self) -> np.ndarray:
        """How often each item is a user's first event, int64 (n_items,)."""
        offsets = self._interactions.offsets
        first = offsets[:-1][np.diff(offsets) > 0]
        return np.bincount(self._interactions.item_rows[first], minlength=self.n_items)

    def blocks(self, generator: np.random.Generator) -> Iterator[EventBlock]:
        """The one block; nothing is drawn from `generator`."""
        del generator
        yield EventBlock(
            item_rows=self._interactions.item_rows,
            offsets=self._interactions.offsets,
            timestamps=self._interactions.timestamps if self.has_timestamps else None,
        )


class ParquetSource:
    """A parquet file of events as a source, read one block at a time.

    The file has the columns user_row and item_row and perhaps timestamp (integers), sorted by
    (user_row, timestamp), as `Interactions.save` writes it. It is scanned once when the source is
    made. Blocks are cut at the first new user of each row group; a file whose row groups hold whole
    users is therefore read once an epoch, any other file a little more than once.

    Args:
        path: The file.
        n_items: Items of the catalog that item_row counts in.
        block_events: Row groups drawn at random are put together until a block has this many events,
            so that the users of one block are not neighbours in the file.

    Raises:
        DamagedFileError: The file is missing, unreadable or lacks a column.
        DataError: It is not sorted, or names an item outside the catalog.
    """

    def __init__(self, path: Path, *, n_items: int, block_events: int = _BLOCK_EVENTS) -> None:
        self.path = path
        self.n_items = n_items
        self.block_events = block_events
        with self._opened() as file:
            names = file.schema_arrow.names
            if not set(_COLUMNS) <= set(names):
                problem = f"The file {str(path)!r} has no columns user_row and item_row."
                raise DamagedFileError(problem, _AGAIN)
            self.has_timestamps = _marks_timestamps(file)
            sizes = [file.metadata.row_group(g).num_rows for g in range(file.num_row_groups)]
            self._group_starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
            self.n_events = int(self._group_starts[-1])
            self.item_counts = np.zeros(n_items, dtype=np.int64)
            self.first_counts = np.zeros(n_items, dtype=np.int64)
            self._cuts = self._scanned(file)

    def _opened(self) -> pq.ParquetFile:
        try:
            return pq.ParquetFile(self.path, thrift_string_size_limit=2**31 - 1)
        except (OSError, pa.ArrowException) as error:
            problem = f"The interactions file {str(self.path)!r} is missing or cannot be read."
            raise DamagedFileError(problem, _AGAIN) from error

    def _scanned(self, file: pq.ParquetFile) -> np.ndarray:
        """Count items, check the order, and find where blocks may be cut: event positions."""
        columns = [*_COLUMNS, *(["timestamp"] if self.has_timestamps else [])]
        wanted = iter(self._group_starts[1:-1])
        next_group = next(wanted, None)
        cuts, position, last_user, last_time = [0], 0, -1, 0
        for batch in file.iter_batches(batch_size=_SCAN_ROWS, columns=columns):
            users, items = (batch.column(name).to_numpy() for name in _COLUMNS)
            steps = np.diff(users.astype(np.int64), prepend=last_user)
            if (steps < 0).any() or users[0] < 0:
                raise self._unsorted("user")
            if items.min() < 0 or items.max() >= self.n_items:
                problem = f"{str(self.path)!r} names an item row outside 0 .. {self.n_items - 1}."
                raise DataError(problem, _AGAIN)
            starts = np.flatnonzero(steps)
            if self.has_timestamps:
                times = batch.column("timestamp").to_numpy()
                if ((np.diff(times, prepend=last_time) < 0) & (steps == 0)).any():
                    raise self._unsorted("time")
                last_time = times[-1]
            self.item_counts += np.bincount(items, minlength=self.n_items)
            self.first_counts += np.bincount(items[starts], minlength=self.n_items)
            while next_group is not None:
                after = np.searchsorted(starts, next_group - position)
                if after == len(starts):
                    break
                cuts.append(position + int(starts[after]))
                next_group = next(wanted, None)
            position, last_user = position + len(users), int(users[-1])
        return np.unique([*cuts, position])

    def _unsorted(self, what: str) -> DataError:
        return DataError(
            f"The events in {str(self.path)!r} are not sorted by {what}.",
            "Sort them by user_row, then by timestamp.",
        )

    def blocks(self, generator: np.random.Generator) -> Iterator[EventBlock]:
        """One epoch; the order of row groups and which of them share a block are drawn anew."""
        columns = [*_COLUMNS, *(["timestamp"] if self.has_timestamps else [])]
        with self._opened() as file:
            waiting: list[pa.Table] = []
            for span in generator.permutation(len(self._cuts) - 1):
                waiting.append(
                    self._read(file, int(self._cuts[span]), int(self._cuts[span + 1]), columns)
                )
                if sum(len(table) for table in waiting) >= self.block_events:
                    yield _block(waiting)
                    waiting = []
            if waiting:
                yield _block(waiting)

    def _read(self, file: pq.ParquetFile, start: int, end: int, columns: list[str]) -> pa.Table:
        first = int(np.searchsorted(self._group_starts, start, side="right")) - 1
        last = int(np.searchsorted(self._group_starts, end, side="left"))
        groups = [g for g in range(first, last) if self._group_starts[g + 1] > start]
        table = file.read_row_groups(groups, columns=columns)
        return table.slice(start - self._group_starts[groups[0]], end - start)


def _marks_timestamps(file: pq.ParquetFile) -> bool:
    """`Interactions.save` writes a column of zeros where the source has no time stamps."""
    metadata = file.schema_arrow.metadata or {}
    return "timestamp" in file.schema_arrow.names and metadata.get(b"has_timestamps") != b"0"


def _block(tables: list[pa.Table]) -> EventBlock:
    """One block of several runs of whole users."""
    columns = {
        name: np.concatenate([table[name].to_numpy() for table in tables]).astype(np.int64)
        for name in tables[0].column_names
    }
    users = columns["user_row"]
    starts = np.flatnonzero(np.diff(users, prepend=users[0] - 1))
    return EventBlock(
        item_rows=columns["item_row"],
        offsets=np.append(starts, len(users)).astype(np.int64),
        timestamps=columns.get("timestamp"),
    )
