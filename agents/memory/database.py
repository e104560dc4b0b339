"""One open database: transactions for reading and for writing, and its faults in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import URL, Connection, Engine, create_engine, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    IntegrityError,
    NoSuchModuleError,
    TimeoutError as PoolTimeoutError,
)

from rec_core import RapportError, SettingsError, StorageError

from .migrations import migrate
from .sqlite import BEGIN_WITH, WRITE, check_sound, damaged, scrub, sqlite_engine


class Database:
    """A database at the newest layout. Safe to share between threads.

    Args:
        url: As SQLAlchemy writes them: "sqlite:///folder/rapport.db", "postgresql+driver://…".
        now: When the opening happens, for the record of migrations.
        lock_seconds: How long to wait for another writer before giving up.

    Raises:
        SettingsError: The address cannot be used.
        DamagedFileError: The file is not a sound database of ours; it is left as it is.
        DatabaseVersionError: A newer program wrote it.
        StorageError: It cannot be opened or written.
    """

    def __init__(self, url: str, *, now: datetime, lock_seconds: float) -> None:
        address = _parsed(url)
        self.is_sqlite = address.get_backend_name() == "sqlite"
        self.name = str(address.database) if self.is_sqlite else address.render_as_string()
        self._engine = _engine(address, lock_seconds=lock_seconds)
        try:
            self._prepare(now)
        except RapportError:
            self.close()
            raise

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one moment of the database."""
        with self._faults_explained(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that commits at the end, durably, or leaves nothing behind."""
        engine = self._engine.execution_options(**{BEGIN_WITH: WRITE})
        with self._faults_explained(), engine.begin() as connection:
            yield connection

    def scrub(self) -> None:
        """Remove deleted bytes from the disk where that is in our hands (SQLite)."""
        if self.is_sqlite:
            with self._faults_explained():
                scrub(self._engine)

    def close(self) -> None:
        """Close all connections; the object can still be used and opens new ones."""
        self._engine.dispose()

    def _prepare(self, now: datetime) -> None:
        with self.write() as connection:
            if self.is_sqlite:
                check_sound(connection, self.name)
            migrate(connection, now)

    @contextmanager
    def _faults_explained(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise
        except DBAPIError as fault:
            raise self._explained(str(fault.orig)) from fault
        except PoolTimeoutError as fault:
            raise StorageError(
                f"Too many things at once are using the conversation database {self.name}.",
                "Try again in a moment.",
            ) from fault

    def _explained(self, reason: str) -> RapportError:
        lowered = reason.casefold()
        if "malformed" in lowered or "not a database" in lowered:
            return damaged(self.name, reason)
        for sign, (what, remedy) in _REASONS.items():
            if sign in lowered:
                return StorageError(f"The conversation database {self.name} {what}.", remedy)
        return StorageError(
            f"The conversation database {self.name} failed: {reason}.",
            "Check that the disk or the database server works, then try again.",
        )


_REASONS = {
    "is full": ("cannot grow: the disk is full", "Free some space and try again."),
    "locked": (
        "is locked by another program",
        "Close other Rapport programs that use it, then try again.",
    ),
    "readonly": ("may not be written", "Change the file's permissions, or choose another place."),
    "unable to open": (
        "cannot be opened",
        "Check that the path is a file in a folder that may be written.",
    ),
}


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except ArgumentError as fault:
        raise SettingsError(
            "The address of the conversation database cannot be read.",
            'Write it like "sqlite:///folder/rapport.db".',
        ) from fault


def _engine(address: URL, *, lock_seconds: float) -> Engine:
    if address.get_backend_name() == "sqlite":
        return sqlite_engine(address, lock_seconds=lock_seconds)
    try:
        return create_engine(address, hide_parameters=True, pool_pre_ping=True, max_overflow=40)
    except (NoSuchModuleError, ImportError) as fault:
        raise SettingsError(
            f'No driver for "{address.drivername}" databases is installed.',
            "Install one, or use the default SQLite file.",
        ) from fault
