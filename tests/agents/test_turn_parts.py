"""Parts of the turn: drafts of preferences, checkpoints' format, the saver."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from agents import Plan, Preference, Wish, open_checkpointer
from agents.turn.drafts import PreferenceDrafts
from agents.turn.graph import text_pieces
from agents.turn.state import dump_calls, dump_plan, load_calls, load_plan
from rec_core import StorageError
from tools import ToolCall

from ..film_world import film_catalog, film_id
from .turn_kit import a_plan

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEPT = Preference(
    preference_id="p1", kind="like", subject="genre", value="Crime", label="Crime", created_at=NOW
)


def drafts(text: str) -> PreferenceDrafts:
    return PreferenceDrafts(
        text=text, turn_id="t1", catalog=film_catalog(), existing=[KEPT], clock=lambda: NOW
    )


def test_only_what_the_person_said_is_noted() -> None:
    noted = drafts("Well, I really can't stand HORROR!")
    fields = {"kind": "must_not", "subject": "genre", "value": "Horror"}
    assert "Not noted" in noted.remember(**fields, quote="I love horror")
    assert "Not noted" in noted.remember(**fields, quote="")
    assert "Not noted" in noted.remember(**fields, quote="stand horr")
    assert "Will be noted" in noted.remember(**fields, quote="can't stand horror")
    noted.remember(**fields, quote="horror")
    (one,) = noted.learned
    assert (one.kind, one.value, one.source_turn_id) == ("must_not", "Horror", "t1")


def test_a_resumed_turn_notes_the_same_under_the_same_id() -> None:
    first, second = drafts("I like Heat"), drafts("I like Heat")
    for one in (first, second):
        one.remember(kind="like", subject="item", value=film_id("Heat"), quote="like Heat")
    assert first.learned == second.learned
    assert first.learned[0].label == "Heat (1995)"


def test_unknown_kinds_are_refused() -> None:
    noted = drafts("x")
    assert "not a kind" in noted.remember(kind="adore", subject="genre", value="x", quote="x")
    assert noted.learned == []


def test_forgetting_names_what_goes() -> None:
    noted = drafts("forget crime")
    assert (
        noted.forget(subject="genre", value="crime")
        == "Will be forgotten when this turn ends: Crime."
    )
    noted.forget(subject="genre", value="Crime")
    assert noted.forgotten == ["p1"]
    assert noted.forget(subject="genre", value="Western") == "Nothing of that kind was noted."


def test_plans_and_calls_survive_the_checkpoint() -> None:
    calls = (ToolCall(tool="recommend", arguments={"a": [1, {"b": None}], "c": "é"}, call_id="x"),)
    plan = a_plan(
        wish=Wish(genre_weights={"Crime": -0.5}, count=3), learned=(KEPT,), relaxed=("year_min",)
    )
    assert load_plan(dump_plan(plan)) == plan
    assert load_calls(dump_calls(calls)) == calls


@given(st.text(max_size=200))
def test_pieces_add_up_to_the_text(text: str) -> None:
    assert "".join(text_pieces(text)) == text


def test_checkpoints_load_no_code(tmp_path: Path) -> None:
    saver = open_checkpointer(tmp_path / "deep" / "checkpoints.db")
    loaded = saver.serde.loads_typed(saver.serde.dumps_typed({"plan": a_plan()}))
    assert not isinstance(loaded["plan"], Plan)
    saver.conn.close()


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "checkpoints.db"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(StorageError, match="unfinished turns"):
        open_checkpointer(path)
    with pytest.raises(StorageError):
        open_checkpointer(tmp_path)
