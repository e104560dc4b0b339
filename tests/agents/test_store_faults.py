"""Faults of the disk and of the file: plain errors, nothing lost, nothing silently replaced."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from agents.memory import ConversationStore
from agents.state import ConversationState
from rec_core import DamagedFileError, StorageError

from .store_kit import hold_turn, preference, result


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rapport.db"


def filled(path: Path) -> None:
    store = ConversationStore(f"sqlite:///{path}")
    store.create_conversation("ann", conversation_id="talk")
    for number in range(30):
        hold_turn(store, "ann", "talk", f"t{number}", f"message {number} {'x' * 500}")
    store.close()


@pytest.mark.parametrize(
    "content", [b"not a database at all, just text " * 100, b"SQLite format 3\x00" + b"\xff" * 5000]
)
def test_a_file_that_is_no_database_is_refused_and_kept(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(DamagedFileError, match=r"rapport\.db") as caught:
        ConversationStore(f"sqlite:///{path}")
    assert caught.value.remedy
    assert path.read_bytes() == content


def test_a_file_with_overwritten_pages_is_refused_and_kept(path: Path) -> None:
    filled(path)
    content = bytearray(path.read_bytes())
    content[4096 : len(content) - 4096] = b"\xa5" * (len(content) - 8192)
    path.write_bytes(bytes(content))
    with pytest.raises(DamagedFileError):
        ConversationStore(f"sqlite:///{path}")
    assert path.read_bytes() == bytes(content)


def test_a_file_cut_in_half_is_refused(path: Path) -> None:
    filled(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(DamagedFileError):
        ConversationStore(f"sqlite:///{path}")


def test_the_database_of_another_program_is_refused_and_kept(path: Path) -> None:
    with sqlite3.connect(path) as raw:
        raw.execute("CREATE TABLE recipes (name TEXT)")
    raw.close()
    with pytest.raises(DamagedFileError, match="another program"):
        ConversationStore(f"sqlite:///{path}")
    with sqlite3.connect(path) as raw:
        assert raw.execute("SELECT name FROM sqlite_master").fetchall() == [("recipes",)]
    raw.close()


def test_a_folder_in_the_files_place_is_a_plain_error(path: Path) -> None:
    path.mkdir()
    with pytest.raises(StorageError, match="cannot be opened"):
        ConversationStore(f"sqlite:///{path}")


def test_a_file_in_the_folders_place_is_a_plain_error(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    with pytest.raises(StorageError, match="cannot be made"):
        ConversationStore(f"sqlite:///{tmp_path}/home/deep/rapport.db")


def test_a_lock_held_too_long_is_a_plain_error_and_the_turn_can_be_repeated(path: Path) -> None:
    store = ConversationStore(f"sqlite:///{path}", lock_seconds=0.05)
    store.create_conversation("ann", conversation_id="talk")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match="locked") as caught:
        store.begin_turn("ann", "talk", "t1", "hello")
    assert caught.value.remedy
    assert store.turns("ann", "talk") == ()  # readers are not held up
    other.execute("ROLLBACK")
    other.close()
    hold_turn(store, "ann", "talk", "t1", "hello")
    assert [one.text for one in store.turns("ann", "talk")] == ["hello"]
    store.close()


def test_a_full_disk_is_a_plain_error_and_nothing_is_half_done(path: Path) -> None:
    """The limit on pages makes SQLite say what it says on a full disk."""
    filled(path)
    store = ConversationStore(f"sqlite:///{path}")
    limits: list[str] = []

    def limit_pages(connection, _record, _proxy) -> None:
        for pragma in limits:
            connection.execute(pragma).close()

    event.listen(Engine, "checkout", limit_pages)
    try:
        assert store.begin_turn("ann", "talk", "big", "hello") is None
        limits.append("PRAGMA max_page_count = 1")  # as few as there are now
        with pytest.raises(StorageError, match="disk is full") as caught:
            store.commit_turn(
                "ann", "talk", "big", result("big", "talk", "y" * 50_000), ConversationState(),
                [preference("p")], [],
            )  # fmt: skip
        limits[:] = ["PRAGMA max_page_count = 1000000"]
    finally:
        event.remove(Engine, "checkout", limit_pages)
    assert "space" in caught.value.remedy
    assert "y" * 10 not in str(caught.value)
    assert store.preferences("ann") == ()
    assert len(store.turns("ann", "talk")) == 30
    store.close()


def test_errors_never_repeat_what_people_wrote(path: Path) -> None:
    store = ConversationStore(f"sqlite:///{path}", lock_seconds=0.05)
    store.create_conversation("ann", conversation_id="talk")
    with sqlite3.connect(path) as raw:
        raw.execute("DROP TABLE turns")
    raw.close()
    with pytest.raises(StorageError) as caught:
        store.begin_turn("ann", "talk", "t1", "my secret wish")
    assert "secret" not in str(caught.value)
    assert "secret" not in str(caught.value.__cause__)
    store.close()


def test_what_was_committed_survives_without_closing(path: Path) -> None:
    """The log is on the disk as soon as the call returns: a copy of the files has it all."""
    store = ConversationStore(f"sqlite:///{path}")
    store.create_conversation("ann", conversation_id="talk")
    hold_turn(store, "ann", "talk", "t1", "hello")
    copy = path.parent / "copy"
    copy.mkdir()
    for name in ("rapport.db", "rapport.db-wal"):
        (copy / name).write_bytes((path.parent / name).read_bytes())
    assert [
        one.text for one in ConversationStore(f"sqlite:///{copy}/rapport.db").turns("ann", "talk")
    ] == ["hello"]
    store.close()
