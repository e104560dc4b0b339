from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, inspect

from agents.memory import ConversationStore, DatabaseVersionError
from agents.memory.migrations import MIGRATIONS, Migration, migrate
from agents.memory.schema import PERSONAL_TABLES, metadata
from rec_core import StorageError

from .store_kit import START


@pytest.fixture
def connection(tmp_path: Path):
    engine = create_engine(f"sqlite:///{tmp_path}/x.db")
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def test_numbers_are_one_two_three() -> None:
    assert [step.number for step in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))


def test_the_migrated_tables_are_those_the_code_expects(connection: Connection) -> None:
    migrate(connection, START)
    found = inspect(connection)
    assert set(found.get_table_names()) == set(metadata.tables)
    for name, table in metadata.tables.items():
        columns = {one["name"]: one["nullable"] for one in found.get_columns(name)}
        assert columns == {column.name: column.nullable for column in table.columns}
        keys = found.get_pk_constraint(name)["constrained_columns"]
        assert keys == [column.name for column in table.primary_key]
        expected = {key.target_fullname for key in table.foreign_keys}
        foreign = found.get_foreign_keys(name)
        assert expected == {
            f"{one['referred_table']}.{one['referred_columns'][0]}" for one in foreign
        }


def test_every_table_with_user_data_is_in_the_registry() -> None:
    with_users = {name for name, table in metadata.tables.items() if "user_id" in table.columns}
    assert {table.name for table in PERSONAL_TABLES} == with_users
    assert set(metadata.tables) - with_users == {"migrations"}


def test_each_step_is_applied_once_and_recorded(connection: Connection) -> None:
    applied = []
    steps = [
        Migration(
            number=number, name=f"step {number}", apply=lambda _, it=number: applied.append(it)
        )
        for number in (1, 2, 3)
    ]
    assert migrate(connection, START, steps[:2]) == (1, 2)
    assert migrate(connection, START, steps) == (3,)
    assert migrate(connection, START, steps) == ()
    assert applied == [1, 2, 3]
    rows = connection.exec_driver_sql("SELECT number, name FROM migrations ORDER BY number").all()
    assert rows == [(1, "step 1"), (2, "step 2"), (3, "step 3")]


def test_a_database_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "rapport.db"
    ConversationStore(f"sqlite:///{path}").close()
    with sqlite3.connect(path) as raw:
        raw.execute("INSERT INTO migrations VALUES (99, 'from the future', '2030-01-01 00:00:00')")
    raw.close()
    with pytest.raises(DatabaseVersionError, match="99") as caught:
        ConversationStore(f"sqlite:///{path}")
    assert isinstance(caught.value, StorageError)
    assert caught.value.remedy
    with sqlite3.connect(path) as raw:
        assert raw.execute("SELECT max(number) FROM migrations").fetchone() == (99,)
    raw.close()


def test_a_step_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail(connection: Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE half (a INTEGER)")
        raise StorageError("no more space")

    store = ConversationStore(f"sqlite:///{tmp_path}/x.db")
    steps = [*MIGRATIONS, Migration(number=len(MIGRATIONS) + 1, name="bad", apply=fail)]
    with pytest.raises(StorageError), store._database.write() as connection:
        migrate(connection, START, steps)
    with store._database.read() as connection:
        assert not inspect(connection).has_table("half")
    store.close()
