"""The graph's checkpoints as a place that holds data of users.

A turn's thread is deleted when the turn commits; what is left belongs to turns that were stopped
or cut off by a crash, and has to go when the person or the conversation goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from .sqlite import scrub_connection

if TYPE_CHECKING:
    import sqlite3


class SqliteCheckpoints(Protocol):
    """What is needed of LangGraph's SqliteSaver."""

    @property
    def conn(self) -> sqlite3.Connection:
        """The connection that all threads share."""
        ...

    @property
    def lock(self) -> AbstractContextManager[Any]:
        """Held while the connection is used."""
        ...

    def setup(self) -> None:
        """Make the tables where they are missing."""
        ...

    def delete_thread(self, thread_id: str) -> None:
        """Delete everything kept for a thread."""
        ...


class CheckpointPlace:
    """Checkpoints kept under the turn id as thread id."""

    name = "checkpoints"

    def __init__(self, saver: SqliteCheckpoints) -> None:
        self._saver = saver

    def export(self, user_id: str, *, turn_ids: Sequence[str]) -> list[str]:  # noqa: ARG002
        """The ids of turns that have unfinished work; its content repeats the turn's message."""
        return self._threads(turn_ids)

    def forget(self, user_id: str, *, turn_ids: Sequence[str]) -> int:  # noqa: ARG002
        """Delete these turns' checkpoints and leave no bytes of them; how many turns had any."""
        threads = self._threads(turn_ids)
        for thread_id in threads:
            self._saver.delete_thread(thread_id)
        with self._saver.lock:
            scrub_connection(self._saver.conn)
        return len(threads)

    def _threads(self, turn_ids: Sequence[str]) -> list[str]:
        self._saver.setup()
        with self._saver.lock:
            rows = self._saver.conn.execute(
                "SELECT thread_id FROM checkpoints UNION SELECT thread_id FROM writes"
            ).fetchall()
        present = {row[0] for row in rows}
        return [turn_id for turn_id in turn_ids if turn_id in present]
