"""Next-item sequences from one parquet file, as the published benchmarks cut them.

The file has a user column, an item column and `pos`, the place of an event in its user's history.
Nothing is downloaded: every benchmark takes the path.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rec_core import DataError, IdMap, Interactions

_ITEM_COLUMNS = ("item_id", "movie_id")


def load_sequences(path: Path, *, min_item_events: int = 1) -> Interactions:
    """Histories in the order of `pos`; items with fewer events than `min_item_events` are left out.

    User and item rows follow the sorted outside ids. Time stamps (seconds) are kept; a missing one is taken from its neighbour. They never change the order.

    Raises:
        DataError: The file is not such a file.
    """
    names = pq.read_schema(path).names
    item_column = next((name for name in _ITEM_COLUMNS if name in names), None)
    if item_column is None or not {"user_id", "pos"} <= set(names):
        raise DataError(
            f"{path.name} has the columns {', '.join(names)}.",
            "It needs user_id, pos and item_id (or movie_id).",
        )
    wanted = ["user_id", item_column, "pos", *(["timestamp"] if "timestamp" in names else [])]
    frame = pq.read_table(path, columns=wanted).to_pandas()
    counts = frame[item_column].map(frame[item_column].value_counts())
    frame = frame[counts >= min_item_events].sort_values(["user_id", "pos"], kind="stable")
    users, user_rows = np.unique(frame["user_id"].to_numpy(), return_inverse=True)
    items, item_rows = np.unique(frame[item_column].to_numpy(), return_inverse=True)
    timestamps = None
    if "timestamp" in frame:
        filled = frame.groupby("user_id")["timestamp"].ffill().groupby(frame["user_id"]).bfill()
        ordered = filled.fillna(0).astype("int64").groupby(frame["user_id"]).cummax()
        timestamps = ordered.to_numpy(dtype=np.int64)
    return Interactions(
        users=IdMap([str(user) for user in users]),
        catalog_ids=IdMap([str(item) for item in items]),
        user_rows=user_rows,
        item_rows=item_rows,
        timestamps=timestamps,
    )
