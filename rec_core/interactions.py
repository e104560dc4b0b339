"""Who took what, when and how much they liked it: events sorted by user and time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from .errors import DamagedFileError, DataError
from .files import atomic_file
from .ids import IdMap

if TYPE_CHECKING:
    import pandas as pd

    from .catalog import Catalog

_SCHEMA_VERSION = "1"
# Events of one row group: small enough that training from the file can mix many of them at once.
_GROUP_EVENTS = 1 << 16
# The ids of all users stand in the file's footer, which Arrow would not read beyond 100 MB.
_IDS_LIMIT = 2**31 - 1
# Ratings that an item is given on credit, at the overall mean: with ten, a film with one single
# five-star rating stays near the mean and one with hundreds keeps its own.
_PRIOR_RATINGS = 10.0


class Interactions:
    """Events of users with catalog items, in compressed rows.

    Events are sorted by (user row, timestamp, order in the source); equal times keep the order of
    the source. The arrays are shared, not copied: treat them as read-only.

    Attributes:
        users: Outside user ids; a user may have no event (in parts of a split).
        catalog_ids: Outside item ids of the catalog, in catalog order.
        user_rows, item_rows: int64 (n_events,).
        timestamps: int64 (n_events,), seconds or any other order; 0 when unknown.
        weights: float32 (n_events,): the rating; 1.0 when the source has none.
        offsets: int64 (n_users + 1,): events of user u are offsets[u] .. offsets[u + 1].
        has_ratings: Whether `weights` came from the source.
        has_timestamps: Whether `timestamps` came from the source.
    """

    def __init__(
        self,
        *,
        users: IdMap,
        catalog_ids: IdMap,
        user_rows: np.ndarray,
        item_rows: np.ndarray,
        timestamps: np.ndarray | None = None,
        weights: np.ndarray | None = None,
    ) -> None:
        n_events = len(user_rows)
        self.users = users
        self.catalog_ids = catalog_ids
        self.has_timestamps = timestamps is not None
        self.has_ratings = weights is not None
        self.user_rows = np.asarray(user_rows, dtype=np.int64)
        self.item_rows = np.asarray(item_rows, dtype=np.int64)
        self.timestamps = _filled(timestamps, n_events, 0, np.dtype(np.int64))
        self.weights = _filled(weights, n_events, 1, np.dtype(np.float32))
        self._check()
        self._sort()
        counts = np.bincount(self.user_rows, minlength=len(users))
        self.offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)

    def _check(self) -> None:
        columns = (self.user_rows, self.item_rows, self.timestamps, self.weights)
        if len({len(column) for column in columns}) != 1:
            raise DataError("The columns of the interactions have different lengths.")
        for rows, ids, what in (
            (self.user_rows, self.users, "user"),
            (self.item_rows, self.catalog_ids, "item"),
        ):
            if len(rows) and (rows.min() < 0 or rows.max() >= len(ids)):
                raise DataError(f"An interaction names a {what} row outside 0 .. {len(ids) - 1}.")
        if not np.isfinite(self.weights).all():
            raise DataError("A rating is missing or not a finite number.")

    def _sort(self) -> None:
        user_steps, time_steps = np.diff(self.user_rows), np.diff(self.timestamps)
        if ((user_steps > 0) | ((user_steps == 0) & (time_steps >= 0))).all():
            return  # parts and files are sorted already, and sorting millions takes seconds
        order = np.lexsort((self.timestamps, self.user_rows))
        self.user_rows = self.user_rows[order]
        self.item_rows = self.item_rows[order]
        self.timestamps = self.timestamps[order]
        self.weights = self.weights[order]

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, catalog: Catalog) -> Interactions:
        """Build from columns user_id, item_id and perhaps weight and timestamp (integers).

        Ids are compared as strings. Users get rows in the order of their first event in the frame.

        Raises:
            DataError: A column is missing, a value is missing, or items are not in the catalog.
        """
        import pandas as pd

        _check_columns(frame)
        user_codes, users = _as_strings(*pd.factorize(frame["user_id"]))
        item_codes, items = _as_strings(*pd.factorize(frame["item_id"]))
        rows_of_items = np.array(
            [catalog.ids.row(id_) if id_ in catalog else -1 for id_ in items], dtype=np.int64
        )
        item_rows = rows_of_items[item_codes]
        if (item_rows < 0).any():
            unknown = [id_ for id_ in items if id_ not in catalog]
            names = ", ".join(repr(name) for name in unknown[:5])
            more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
            raise DataError(
                f"The interactions name items that the catalog does not have: {names}{more}.",
                "Add them to the catalog or leave these interactions out.",
            )
        return cls(
            users=IdMap(users),
            catalog_ids=catalog.ids,
            user_rows=user_codes,
            item_rows=item_rows,
            timestamps=_numbers(frame, "timestamp", np.dtype(np.int64)),
            weights=_numbers(frame, "weight", np.dtype(np.float32)),
        )

    def __len__(self) -> int:
        return len(self.user_rows)

    def __repr__(self) -> str:
        return f"Interactions({len(self)} events, {self.n_users} users, {self.n_items} items)"

    @property
    def n_users(self) -> int:
        """How many users there are, those without events counted."""
        return len(self.users)

    @property
    def n_items(self) -> int:
        """How many items the catalog has, those without events counted."""
        return len(self.catalog_ids)

    def history(self, user_row: int) -> np.ndarray:
        """Item rows of one user, oldest first; a view."""
        return self.item_rows[self.offsets[user_row] : self.offsets[user_row + 1]]

    def weights_of(self, user_row: int) -> np.ndarray:
        """Ratings of one user in the order of `history`; a view."""
        return self.weights[self.offsets[user_row] : self.offsets[user_row + 1]]

    def take(self, index: np.ndarray) -> Interactions:
        """The events at these positions (or under this mask), same users and items, order kept."""
        chosen = np.flatnonzero(index) if index.dtype == bool else np.sort(index)
        return Interactions(
            users=self.users,
            catalog_ids=self.catalog_ids,
            user_rows=self.user_rows[chosen],
            item_rows=self.item_rows[chosen],
            timestamps=self.timestamps[chosen] if self.has_timestamps else None,
            weights=self.weights[chosen] if self.has_ratings else None,
        )

    @cached_property
    def item_counts(self) -> np.ndarray:
        """Events per item, int64 (n_items,)."""
        return np.bincount(self.item_rows, minlength=self.n_items)

    @cached_property
    def item_mean_ratings(self) -> np.ndarray:
        """Mean rating per item, shrunk to the overall mean as if by ten more ratings there; float32.

        An item without events has the overall mean (0 when there are no events at all).
        """
        overall = float(self.weights.mean(dtype=np.float64)) if len(self) else 0.0
        sums = np.bincount(self.item_rows, weights=self.weights, minlength=self.n_items)
        means = (sums + _PRIOR_RATINGS * overall) / (self.item_counts + _PRIOR_RATINGS)
        return means.astype(np.float32)

    @cached_property
    def fingerprint(self) -> str:
        """sha256 (hex) over ids and events in their order."""
        digest = hashlib.sha256()
        for ids in (self.users, self.catalog_ids):
            digest.update(json.dumps(ids.ids, ensure_ascii=False).encode("utf-8", "surrogatepass"))
        digest.update(bytes([self.has_ratings, self.has_timestamps]))
        for column in (self.user_rows, self.item_rows, self.timestamps, self.weights):
            digest.update(np.ascontiguousarray(column).tobytes())
        return digest.hexdigest()

    def save(self, path: Path) -> None:
        """Write one parquet file, atomically; each row group holds whole users. Raises StorageError."""
        table = pa.table(
            {
                "user_row": self.user_rows.astype(np.int32),
                "item_row": self.item_rows.astype(np.int32),
                "timestamp": self.timestamps,
                "weight": self.weights,
            }
        )
        marks = {
            "rapport_schema": _SCHEMA_VERSION,
            "users": json.dumps(self.users.ids),
            "items": _ids_hash(self.catalog_ids),
            "has_ratings": str(int(self.has_ratings)),
            "has_timestamps": str(int(self.has_timestamps)),
        }
        table = table.replace_schema_metadata(marks)
        with (
            atomic_file(path) as temporary,
            pq.ParquetWriter(temporary, table.schema, compression="zstd") as writer,
        ):
            for start, end in self._row_groups():
                writer.write_table(table.slice(start, end - start), row_group_size=end - start)

    def _row_groups(self) -> Iterator[tuple[int, int]]:
        """Event ranges of about `_GROUP_EVENTS`, cut between users only."""
        wanted = np.arange(_GROUP_EVENTS, len(self), _GROUP_EVENTS)
        after = self.offsets[np.searchsorted(self.offsets, wanted)]
        cuts = np.unique([0, *after, len(self)]).tolist()
        return pairwise(cuts)

    @classmethod
    def load(cls, path: Path, catalog: Catalog) -> Interactions:
        """Read what `save` wrote.

        Raises:
            DamagedFileError: The file is missing, unreadable, or was written for another catalog.
        """
        again = "Get or import the data set again."
        try:
            table = pq.read_table(path, thrift_string_size_limit=_IDS_LIMIT)
        except (OSError, pa.ArrowException) as error:
            problem = f"The interactions file {str(path)!r} is missing or cannot be read."
            raise DamagedFileError(problem, again) from error
        marks = {key.decode(): value for key, value in (table.schema.metadata or {}).items()}
        if not {"users", "items", "has_ratings", "has_timestamps"} <= set(marks):
            problem = f"The file {str(path)!r} is not an interactions file of this version."
            raise DamagedFileError(problem, again)
        if marks["items"].decode() != _ids_hash(catalog.ids):
            problem = f"The interactions in {str(path)!r} were written for another catalog."
            raise DamagedFileError(problem, again)
        return cls(
            users=IdMap(json.loads(marks["users"])),
            catalog_ids=catalog.ids,
            user_rows=table["user_row"].to_numpy(),
            item_rows=table["item_row"].to_numpy(),
            timestamps=table["timestamp"].to_numpy() if marks["has_timestamps"] == b"1" else None,
            weights=table["weight"].to_numpy() if marks["has_ratings"] == b"1" else None,
        )


def _filled(column: np.ndarray | None, length: int, value: int, dtype: np.dtype) -> np.ndarray:
    return np.full(length, value, dtype) if column is None else np.asarray(column, dtype=dtype)


def _ids_hash(ids: IdMap) -> str:
    text = json.dumps(ids.ids, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _as_strings(codes: np.ndarray, values: Iterable[object]) -> tuple[np.ndarray, list[str]]:
    """Factorised values as strings; different values that read the same (1 and "1") are joined."""
    row_of: dict[str, int] = {}
    rows = [row_of.setdefault(str(value), len(row_of)) for value in values]
    return np.array(rows, dtype=np.int64)[codes], list(row_of)


def _check_columns(frame: pd.DataFrame) -> None:
    for name in ("user_id", "item_id"):
        if name not in frame.columns:
            raise DataError(
                f"The interactions have no column {name!r}, only {', '.join(map(str, frame.columns))}.",
                "Name the columns user_id, item_id and, if there are any, weight and timestamp.",
            )
        if bool(frame[name].isna().to_numpy().any()):
            raise DataError(f"The interactions have an empty {name!r}.")


def _numbers(frame: pd.DataFrame, name: str, dtype: np.dtype) -> np.ndarray | None:
    if name not in frame.columns:
        return None
    if bool(frame[name].isna().to_numpy().any()):
        raise DataError(
            f"The column {name!r} of the interactions has empty values.",
            "Fill them in or leave the column out.",
        )
    return frame[name].to_numpy(dtype=dtype)
