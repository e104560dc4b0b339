"""Numbered changes of the database's layout, each applied once, in order, and recorded.

A migration never changes after it was released: what it creates is written out here, and
schema.py says what the tables look like after the newest one (a test compares the two). The
statements are plain SQL that SQLite and PostgreSQL both accept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, inspect, select

from rec_core import StorageError

from . import schema


class DatabaseVersionError(StorageError):
    """The database was written by a newer version of this program."""


@dataclass(frozen=True, kw_only=True)
class Migration:
    """One step of the layout; `apply` runs inside the transaction that records it."""

    number: int
    name: str
    apply: Callable[[Connection], None]


def migrate(
    connection: Connection, now: datetime, steps: Sequence[Migration] | None = None
) -> tuple[int, ...]:
    """Bring the database to the newest layout; returns the numbers applied now.

    Raises:
        DatabaseVersionError: The database records a migration that this program does not know.
    """
    known = MIGRATIONS if steps is None else tuple(steps)
    applied = _applied(connection)
    unknown = sorted(applied - {step.number for step in known})
    if unknown:
        raise DatabaseVersionError(
            f"The conversation database has layout {unknown[-1]}, but this version of Rapport "
            f"knows layouts up to {max((step.number for step in known), default=0)}.",
            "Install the newer Rapport that wrote it, or name another database file.",
        )
    due = [step for step in known if step.number not in applied]
    for step in due:
        step.apply(connection)
        row = {"number": step.number, "name": step.name, "applied_at": now}
        connection.execute(schema.migrations.insert().values(row))
    return tuple(step.number for step in due)


def _applied(connection: Connection) -> set[int]:
    if not inspect(connection).has_table(schema.migrations.name):
        schema.migrations.create(connection)
        return set()
    return set(connection.scalars(select(schema.migrations.c.number)))


def _first_tables(connection: Connection) -> None:
    for statement in _FIRST_TABLES:
        connection.exec_driver_sql(statement)


_FIRST_TABLES = (
    """CREATE TABLE users (
        user_id VARCHAR NOT NULL PRIMARY KEY,
        paused BOOLEAN NOT NULL,
        created_at TIMESTAMP NOT NULL
    )""",
    """CREATE TABLE conversations (
        conversation_id VARCHAR NOT NULL PRIMARY KEY,
        user_id VARCHAR NOT NULL REFERENCES users (user_id),
        title TEXT NOT NULL,
        created_at TIMESTAMP NOT NULL,
        updated_at TIMESTAMP NOT NULL
    )""",
    "CREATE INDEX conversations_of_user ON conversations (user_id, updated_at)",
    """CREATE TABLE turns (
        turn_id VARCHAR NOT NULL PRIMARY KEY,
        user_id VARCHAR NOT NULL REFERENCES users (user_id),
        conversation_id VARCHAR NOT NULL REFERENCES conversations (conversation_id),
        position INTEGER,
        status VARCHAR NOT NULL CHECK (status IN ('begun', 'committed', 'undone')),
        text TEXT NOT NULL,
        result TEXT,
        state TEXT,
        feedback_mark INTEGER NOT NULL,
        begun_at TIMESTAMP NOT NULL,
        committed_at TIMESTAMP,
        undone_at TIMESTAMP,
        UNIQUE (conversation_id, position),
        CHECK (status = 'begun' OR (position IS NOT NULL AND result IS NOT NULL
               AND state IS NOT NULL AND committed_at IS NOT NULL))
    )""",
    "CREATE INDEX turns_of_user ON turns (user_id)",
    """CREATE TABLE feedback (
        user_id VARCHAR NOT NULL REFERENCES users (user_id),
        feedback_id VARCHAR NOT NULL,
        conversation_id VARCHAR NOT NULL REFERENCES conversations (conversation_id),
        position INTEGER NOT NULL,
        item_id VARCHAR NOT NULL,
        label TEXT NOT NULL,
        kind VARCHAR NOT NULL CHECK (kind IN ('like', 'dislike', 'not_seen', 'clear')),
        learned BOOLEAN NOT NULL,
        given_at TIMESTAMP NOT NULL,
        PRIMARY KEY (user_id, feedback_id)
    )""",
    "CREATE INDEX feedback_of_conversation ON feedback (conversation_id, position)",
    """CREATE TABLE preferences (
        user_id VARCHAR NOT NULL REFERENCES users (user_id),
        preference_id VARCHAR NOT NULL,
        position INTEGER NOT NULL,
        kind VARCHAR NOT NULL CHECK (kind IN ('like', 'dislike', 'must', 'must_not')),
        subject VARCHAR NOT NULL,
        value TEXT NOT NULL,
        label TEXT NOT NULL,
        quote TEXT NOT NULL,
        source_turn_id VARCHAR NOT NULL,
        origin VARCHAR NOT NULL CHECK (origin IN ('turn', 'button', 'page')),
        confidence DOUBLE PRECISION NOT NULL,
        created_at TIMESTAMP NOT NULL,
        forgotten_in VARCHAR,
        PRIMARY KEY (user_id, preference_id)
    )""",
    "CREATE INDEX preferences_by_turn ON preferences (user_id, source_turn_id)",
)


def _no_change(connection: Connection) -> None:
    """States gained a field with a default: old ones read as they are, older programs must not."""
    del connection


MIGRATIONS: tuple[Migration, ...] = (
    Migration(number=1, name="conversations, turns, feedback, preferences", apply=_first_tables),
    Migration(number=2, name="states know what was asked about", apply=_no_change),
)
