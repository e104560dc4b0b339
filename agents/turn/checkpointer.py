"""Where interrupted turns are kept: LangGraph's SQLite saver, made safe to open.

Strict msgpack: without it, bytes in the checkpoint file could name code to be run on loading.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite import SqliteSaver

from rec_core import StorageError

_LOCK_SECONDS = 10.0


def open_checkpointer(path: Path | None) -> SqliteSaver:
    """A saver over the file; None keeps checkpoints in memory only.

    Raises:
        StorageError: The file cannot be opened or is no database.
    """
    try:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(
            ":memory:" if path is None else path, check_same_thread=False, timeout=_LOCK_SECONDS
        )
        # What was deleted is overwritten: checkpoints repeat what people said.
        connection.execute("PRAGMA secure_delete = ON")
        saver = SqliteSaver(connection, serde=JsonPlusSerializer(allowed_msgpack_modules=None))
        saver.setup()
    except (OSError, sqlite3.Error) as fault:
        raise StorageError(
            f"The file of unfinished turns cannot be used: {path} ({fault}).",
            "See that its folder has room and may be written, or choose another with RAPPORT_HOME; "
            "a damaged file can be moved away, as finished conversations are not in it.",
        ) from fault
    return saver
