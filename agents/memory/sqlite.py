"""All that is particular to SQLite: how a file is opened, checked, locked and scrubbed.

WAL with synchronous=FULL: a committed transaction is on the disk before the call returns, and
survives kill -9 and loss of power. secure_delete overwrites what is deleted.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import cast

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect
from sqlalchemy.pool import QueuePool

from rec_core import DamagedFileError, StorageError

from . import schema

# Execution option of a connection: the statement that opens its transactions; "" for none at all.
BEGIN_WITH = "rapport_begin_with"
READ, WRITE, NO_TRANSACTION = "BEGIN", "BEGIN IMMEDIATE", ""


def sqlite_engine(url: URL, *, lock_seconds: float) -> Engine:
    """An engine whose every connection is durable, enforces foreign keys and erases for real.

    Raises:
        StorageError: The folder cannot be made.
    """
    in_memory = url.database in (None, "", ":memory:")
    if not in_memory:
        _make_folder(Path(str(url.database)).parent)
    # One shared connection for a database in memory: each further one would be another database.
    size = {"pool_size": 1, "max_overflow": 0} if in_memory else {"max_overflow": 40}
    engine = create_engine(
        url,
        poolclass=QueuePool,
        connect_args={"check_same_thread": False, "timeout": lock_seconds},
        hide_parameters=True,  # error texts must not carry what people wrote
        **size,
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        # The driver must not open transactions by itself: _begin says which kind is wanted.
        connection.isolation_level = None
        for pragma in (
            f"busy_timeout = {int(lock_seconds * 1000)}",
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            "secure_delete = ON",
            "temp_store = MEMORY",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A deferred transaction that reads, then writes, fails at once when another one wrote
        # in between; an immediate one waits for its turn.
        statement = connection.get_execution_options().get(BEGIN_WITH, READ)
        if statement != NO_TRANSACTION:
            connection.exec_driver_sql(statement)

    return engine


def check_sound(connection: Connection, name: str) -> None:
    """Refuse a damaged file, and one that another program made.

    Raises:
        DamagedFileError: Naming the file and what is wrong.
    """
    verdict = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
    if verdict != "ok":
        raise damaged(name, str(verdict))
    tables = set(inspect(connection).get_table_names())
    if tables and schema.migrations.name not in tables:
        raise damaged(name, f"it holds tables of another program ({', '.join(sorted(tables)[:3])})")


def damaged(name: str, what: str) -> DamagedFileError:
    """The error for a database that cannot be read. Rapport never replaces such a file itself."""
    return DamagedFileError(
        f"{name} is not a sound conversation database: {what}.",
        "Put a backup in its place, or move the file (and its -wal and -shm) away to start anew.",
    )


def scrub(engine: Engine) -> None:
    """Leave no deleted bytes: empty the write-ahead log, rebuild the file, empty the log again.

    Raises:
        StorageError: Another program kept reading; the rows are gone, their bytes perhaps not.
    """
    engine = engine.execution_options(**{BEGIN_WITH: NO_TRANSACTION})
    with engine.connect() as connection:
        scrub_connection(cast("sqlite3.Connection", connection.connection.dbapi_connection))


def scrub_connection(connection: sqlite3.Connection) -> None:
    """`scrub` on a connection of the driver that is in no transaction."""
    try:
        _empty_log(connection)
        connection.execute("VACUUM").close()
        _empty_log(connection)
    except sqlite3.Error as fault:
        raise StorageError(
            f"The data was deleted, but its bytes may still be on the disk ({fault}).",
            "Close other Rapport programs, make sure that the disk has space, and repeat.",
        ) from fault


def _empty_log(connection: sqlite3.Connection) -> None:
    busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise sqlite3.OperationalError("another program is reading the database")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise StorageError(
            f"The folder {folder} for the conversations cannot be made ({fault.strerror}).",
            "Choose another place, or change its permissions.",
        ) from fault
