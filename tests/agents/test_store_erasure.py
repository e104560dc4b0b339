"""Export is complete, and forgetting leaves not one byte of what a person wrote."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from agents.memory import CheckpointPlace, ConversationStore
from agents.memory.schema import PERSONAL_TABLES
from agents.state import ConversationState, Wish
from rec_core import StorageError

from .store_kit import hold_turn, preference

# Fields of a person's data that can carry what the person wrote, each with its own mark.
MARKS = ("message", "stopped", "undone", "title", "query", "quote", "value", "label", "forgotten")


def live(store: ConversationStore, user_id: str, *, n_fillers: int = 40) -> None:
    """A life in which every field of every table carries a word of the user's."""
    talk = store.create_conversation(user_id, conversation_id=f"{user_id}-talk").conversation_id
    state = ConversationState(wish=Wish(query=f"{user_id}-query"), shown_item_ids=(user_id,))
    learned = (
        preference("a", value=f"{user_id}-value", subject="note", quote=f"{user_id}-quote"),
        preference("b", value=f"{user_id}-forgotten", subject="note"),
    )
    hold_turn(
        store, user_id, talk, f"{user_id}-t0", f"{user_id}-message", state=state, learned=learned
    )
    hold_turn(store, user_id, talk, f"{user_id}-t1", "forget it", forgotten=("b",))
    hold_turn(store, user_id, talk, f"{user_id}-t2", f"{user_id}-undone")
    store.undo_last_turn(user_id, talk)
    store.rename_conversation(user_id, talk, f"{user_id}-title")
    store.record_feedback(user_id, talk, f"{user_id}-f", "1", f"{user_id}-label", "like")
    for number in range(n_fillers):  # enough rows that pages split and are merged again
        hold_turn(store, user_id, talk, f"{user_id}-x{number}", f"{user_id}-message {'x' * 300}")
    other = store.create_conversation(user_id, title=f"{user_id}-title").conversation_id
    hold_turn(store, user_id, other, f"{user_id}-deleted", f"{user_id}-message")
    store.delete_conversation(user_id, other)
    store.begin_turn(user_id, talk, f"{user_id}-t9", f"{user_id}-stopped")


def bytes_on_disk(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture
def store(tmp_path: Path):
    store = ConversationStore(f"sqlite:///{tmp_path}/rapport.db")
    yield store
    store.close()


def test_forgetting_leaves_no_bytes_in_any_file_and_nobody_else_is_touched(
    store: ConversationStore, tmp_path: Path
) -> None:
    for user_id in ("qannaq", "qbobq"):
        live(store, user_id)
    before = b"".join(bytes_on_disk(tmp_path).values())
    assert all(f"qannaq-{mark}".encode() in before for mark in MARKS)
    of_bob = store.export("qbobq")["tables"]

    receipt = store.forget("qannaq")

    for name, content in bytes_on_disk(tmp_path).items():
        assert b"qannaq" not in content, name
    assert {"rapport.db", "rapport.db-wal", "rapport.db-shm"} == set(bytes_on_disk(tmp_path))
    assert store.export("qbobq")["tables"] == of_bob
    assert receipt["deleted"] == {
        "preferences": 2, "feedback": 1, "turns": 44, "conversations": 1, "users": 1
    }  # fmt: skip
    assert store.preferences("qannaq") == ()
    assert store.conversations("qannaq") == ()


def test_forgetting_may_be_repeated_and_the_user_may_come_back(store: ConversationStore) -> None:
    live(store, "ann", n_fillers=0)
    store.forget("ann")
    assert set(store.forget("ann")["deleted"].values()) == {0}
    live(store, "ann", n_fillers=0)
    assert len(store.conversations("ann")) == 1


def test_the_export_holds_every_registered_table_and_every_word(store: ConversationStore) -> None:
    live(store, "qannaq", n_fillers=0)
    live(store, "qbobq", n_fillers=0)
    exported = store.export("qannaq")
    text = json.dumps(exported)
    assert set(exported["tables"]) == {table.name for table in PERSONAL_TABLES}
    for table in PERSONAL_TABLES:
        assert exported["tables"][table.name], table.name
        assert set(exported["tables"][table.name][0]) == {one.name for one in table.columns}
    kept = set(MARKS) - {"forgotten"}  # deleted for good when the next turn was committed
    assert all(f"qannaq-{mark}" in text for mark in kept)
    assert "qbobq" not in text
    assert exported["tables"]["turns"][0]["result"]["planner"] == "rules"


def test_a_reader_that_keeps_the_log_open_is_reported(tmp_path: Path) -> None:
    store = ConversationStore(f"sqlite:///{tmp_path}/rapport.db", lock_seconds=0.05)
    live(store, "ann", n_fillers=0)
    reader = sqlite3.connect(tmp_path / "rapport.db")
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM turns").fetchone()
    with pytest.raises(StorageError, match="deleted"):
        store.forget("ann")
    assert store.conversations("ann") == ()
    reader.close()
    store.forget("ann")
    assert b"ann-message" not in b"".join(bytes_on_disk(tmp_path).values())
    store.close()


def test_unfinished_checkpoints_go_with_the_person_and_with_the_conversation(
    tmp_path: Path,
) -> None:
    sqlite_saver = pytest.importorskip("langgraph.checkpoint.sqlite")
    raw = sqlite3.connect(tmp_path / "checkpoints.db", check_same_thread=False)
    saver = sqlite_saver.SqliteSaver(raw)
    saver.setup()
    store = ConversationStore(f"sqlite:///{tmp_path}/rapport.db", places=[CheckpointPlace(saver)])
    for user_id in ("qannaq", "qbobq"):
        store.create_conversation(user_id, conversation_id=f"{user_id}-talk")
        for turn in ("t1", "t2"):
            store.begin_turn(user_id, f"{user_id}-talk", f"{user_id}-{turn}", f"{user_id}-stopped")
            _checkpoint(saver, f"{user_id}-{turn}", f"{user_id}-stopped " * 50)
    assert store.export("qannaq")["places"] == {"checkpoints": ["qannaq-t1", "qannaq-t2"]}

    receipt = store.forget("qannaq")
    assert receipt["deleted"]["checkpoints"] == 2
    assert not any(b"qannaq" in content for content in bytes_on_disk(tmp_path).values())
    assert store.export("qbobq")["places"] == {"checkpoints": ["qbobq-t1", "qbobq-t2"]}

    store.delete_conversation("qbobq", "qbobq-talk")
    assert b"qbobq-stopped" not in b"".join(
        content for name, content in bytes_on_disk(tmp_path).items() if "checkpoints" in name
    )
    store.close()
    raw.close()


def _checkpoint(saver, thread_id: str, text: str) -> None:
    config = {"configurable": {"thread_id": thread_id, "checkpoint_ns": ""}}
    checkpoint = {
        "v": 4, "id": f"1ef{thread_id}", "ts": "2026-01-01T00:00:00+00:00",
        "channel_values": {"text": text}, "channel_versions": {"text": "1"},
        "versions_seen": {}, "updated_channels": None,
    }  # fmt: skip
    saved = saver.put(config, checkpoint, {"source": "input", "step": 0}, {"text": "1"})
    saver.put_writes(saved, [("text", text)], task_id="task")
