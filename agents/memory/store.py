"""The conversation store: the only truth about users, conversations, turns and preferences.

SQLAlchemy Core over SQLite (default) or PostgreSQL, chosen by URL. Every public method is one
transaction: when it returns, what it did survives kill -9; when it raises, it did nothing. All
methods check the owner first and raise `NotYours`. Safe to share between threads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from ..errors import NotYours
from ..events import TurnResult
from ..state import ConversationState, FeedbackKind, Preference, PreferenceKind
from . import accounts, learned as memory, personal, turns as turn_rows
from .database import Database
from .preferences import in_force, settle
from .records import Conversation, TrainingEvent, TurnRecord, UserDataPlace, storable, title_of


def _utc_now() -> datetime:
    return datetime.now(UTC)


class ConversationStore:
    """Keeps what must not be lost.

    Args:
        url: "sqlite:///folder/rapport.db" (folders are made), "sqlite://" for memory only, or any
            other SQLAlchemy address.
        clock: Gives the moment, with a zone.
        lock_seconds: How long to wait for another program that is writing.
        places: Other places with data of users, reached by export, forget and deletion.

    Raises:
        RapportError: The database cannot be opened, is damaged, or is of a newer version.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Callable[[], datetime] = _utc_now,
        lock_seconds: float = 10.0,
        places: Sequence[UserDataPlace] = (),
    ) -> None:
        self._clock = clock
        self._places = tuple(places)
        self._database = Database(url, now=clock(), lock_seconds=lock_seconds)

    def close(self) -> None:
        """Let go of the database file."""
        self._database.close()

    # Conversations

    def create_conversation(
        self, user_id: str, *, conversation_id: str | None = None, title: str = ""
    ) -> Conversation:
        """Start a conversation; with the id of one the user already has, return that one."""
        wanted = conversation_id or uuid4().hex
        with self._database.write() as connection:
            accounts.insert_conversation(
                connection, user_id, wanted, storable(title), self._clock()
            )
            return accounts.list_conversations(connection, user_id, wanted)[0]

    def conversations(self, user_id: str) -> tuple[Conversation, ...]:
        """The user's conversations, newest activity first."""
        with self._database.read() as connection:
            return accounts.list_conversations(connection, user_id)

    def rename_conversation(self, user_id: str, conversation_id: str, title: str) -> None:
        """Give a conversation another title."""
        with self._database.write() as connection:
            accounts.lock_conversation(connection, user_id, conversation_id)
            accounts.change_conversation(connection, conversation_id, title=storable(title))

    def delete_conversation(self, user_id: str, conversation_id: str) -> None:
        """Delete a conversation with its turns and clicks; preferences learned in it stay."""
        with self._database.write() as connection:
            accounts.lock_conversation(connection, user_id, conversation_id)
            ids = personal.turn_ids(connection, user_id, conversation_id)
            for place in self._places:
                place.forget(user_id, turn_ids=ids)
            accounts.remove_conversation(connection, conversation_id)

    # Turns

    def begin_turn(
        self, user_id: str, conversation_id: str, turn_id: str, text: str
    ) -> TurnResult | None:
        """Note that a message arrived, before anything is done about it.

        Returns:
            None to go ahead (also when the turn was begun before and never committed); the result
            when this turn was committed before, even if it was undone since.

        Raises:
            NotYours: The conversation, or a turn of this id elsewhere, is not the user's.
            IdReusedError: The id was begun with another text.
        """
        with self._database.write() as connection:
            accounts.lock_conversation(connection, user_id, conversation_id)
            row = turn_rows.find_turn(connection, user_id, conversation_id, turn_id)
            new = {
                "turn_id": turn_id,
                "user_id": user_id,
                "conversation_id": conversation_id,
                "text": storable(text),
                "begun_at": self._clock(),
            }
            turn_rows.begin(connection, row, new)
            done = row is not None and row["status"] != "begun"
            return turn_rows.record_of(row).result if row is not None and done else None

    def commit_turn(
        self,
        user_id: str,
        conversation_id: str,
        turn_id: str,
        result: TurnResult,
        state: ConversationState,
        learned: Sequence[Preference],
        forgotten: Sequence[str],
        *,
        paused: bool | None = None,
    ) -> None:
        """Keep all that a turn changed, in one transaction; nothing when it was committed before.

        `state` is what the next turn starts from. `learned` are preferences stated in this turn,
        dropped while learning is paused; `forgotten` are ids of preferences that the person took
        back, unknown ones are ignored. `paused` stops or resumes learning from here on; None leaves
        it as it is.

        Raises:
            NotYours: The turn was not begun by this user in this conversation, or is gone since.
        """
        now = self._clock()
        with self._database.write() as connection:
            conversation = accounts.lock_conversation(connection, user_id, conversation_id)
            row = turn_rows.find_turn(connection, user_id, conversation_id, turn_id)
            if row is None:
                raise NotYours(f"turn {turn_id!r}")
            if row["status"] != "begun":
                return
            memory.purge_forgotten(connection, user_id, conversation_id)
            memory.mark_forgotten(connection, user_id, forgotten, turn_id)
            if not accounts.is_paused(connection, user_id):
                told = [one.model_copy(update={"source_turn_id": turn_id}) for one in learned]
                memory.add_statements(connection, user_id, told, origin="turn")
            if paused is not None:
                accounts.set_paused(connection, user_id, paused=paused)
            turn_rows.mark_committed(connection, row, result, state, now)
            title = conversation["title"] or title_of(row["text"])
            accounts.change_conversation(connection, conversation_id, title=title, now=now)

    def turns(
        self, user_id: str, conversation_id: str, *, limit: int | None = None
    ) -> tuple[TurnRecord, ...]:
        """Committed turns that were not undone, oldest first; with `limit` the newest so many."""
        with self._database.read() as connection:
            accounts.own_conversation(connection, user_id, conversation_id)
            return turn_rows.live_turns(connection, conversation_id, limit=limit)

    def state(self, user_id: str, conversation_id: str) -> ConversationState:
        """The state the next turn starts from: after the newest live turn and the clicks since."""
        with self._database.read() as connection:
            accounts.own_conversation(connection, user_id, conversation_id)
            return turn_rows.current_state(connection, conversation_id)

    def undo_last_turn(self, user_id: str, conversation_id: str) -> TurnRecord | None:
        """Take back the newest live turn and what it learned or forgot; None when there is none.

        Preferences that the turn had superseded are in force again. Clicks stay.
        """
        now = self._clock()
        with self._database.write() as connection:
            conversation = accounts.lock_conversation(connection, user_id, conversation_id)
            newest = turn_rows.live_turns(connection, conversation_id, limit=1)
            if not newest:
                return None
            undone = newest[0]
            turn_rows.mark_undone(connection, undone.turn_id, now)
            memory.withdraw_turn(connection, user_id, undone.turn_id)
            left = turn_rows.live_turns(connection, conversation_id, limit=1)
            untitled = not left and conversation["title"] == title_of(undone.text)
            title = "" if untitled else None
            accounts.change_conversation(connection, conversation_id, title=title, now=now)
            return undone

    # Preferences

    def preferences(
        self, user_id: str, *, include_superseded: bool = False
    ) -> tuple[Preference, ...]:
        """Long-term preferences, oldest first: those in force, or all with their dates."""
        with self._database.read() as connection:
            stated = memory.statements(connection, user_id)
        return settle(stated) if include_superseded else in_force(stated)

    def save_preference(self, user_id: str, preference: Preference) -> None:
        """Add a preference by hand (also while paused); one of the same id is replaced."""
        with self._database.write() as connection:
            accounts.ensure_user(connection, user_id, self._clock())
            known = {one.preference_id for one in memory.statements(connection, user_id)}
            if preference.preference_id in known:
                memory.delete_preference(connection, user_id, preference.preference_id)
            memory.add_statements(connection, user_id, [preference], origin="page")

    def edit_preference(
        self,
        user_id: str,
        preference_id: str,
        *,
        kind: PreferenceKind | None = None,
        value: str | None = None,
        label: str | None = None,
    ) -> None:
        """Change a preference by hand. It becomes the person's own statement of today."""
        with self._database.write() as connection:
            accounts.lock_user(connection, user_id)
            old = memory.find_preference(connection, user_id, preference_id)
            said = {"kind": kind or old.kind, "value": value or old.value}
            if said == {"kind": old.kind, "value": old.value}:
                memory.relabel(connection, user_id, old, storable(label or old.label))
                return
            new = said | {
                "label": label or (old.label if value is None else value),
                "quote": "",
                "source_turn_id": "",
                "confidence": 1.0,
                "created_at": self._clock(),
            }
            memory.delete_preference(connection, user_id, preference_id)
            memory.add_statements(connection, user_id, [old.model_copy(update=new)], origin="page")

    def delete_preference(self, user_id: str, preference_id: str) -> None:
        """Delete a preference, what it superseded, and the clicks on its item."""
        with self._database.write() as connection:
            accounts.lock_user(connection, user_id)
            memory.delete_preference(connection, user_id, preference_id)

    def delete_all_preferences(self, user_id: str) -> None:
        """Delete every preference, in force or not, and the clicks on their items."""
        with self._database.write() as connection:
            accounts.lock_user(connection, user_id)
            memory.delete_all(connection, user_id)

    def set_paused(self, user_id: str, paused: bool) -> None:
        """Stop or resume long-term learning from turns and buttons."""
        with self._database.write() as connection:
            accounts.ensure_user(connection, user_id, self._clock())
            accounts.set_paused(connection, user_id, paused=paused)

    def is_paused(self, user_id: str) -> bool:
        """Whether long-term learning is stopped."""
        with self._database.read() as connection:
            return accounts.is_paused(connection, user_id)

    # Feedback

    def record_feedback(
        self,
        user_id: str,
        conversation_id: str,
        feedback_id: str,
        item_id: str,
        label: str,
        kind: FeedbackKind,
    ) -> None:
        """Note a click once per `feedback_id`; a like or dislike becomes an item preference.

        not_seen and clear take back what earlier clicks on the item said. While learning is
        paused a click counts in this conversation only.

        Raises:
            IdReusedError: The id stands for another click.
        """
        now = self._clock()
        with self._database.write() as connection:
            accounts.lock_conversation(connection, user_id, conversation_id)
            learns = not accounts.is_paused(connection, user_id)
            click = {
                "user_id": user_id,
                "feedback_id": feedback_id,
                "conversation_id": conversation_id,
                "item_id": item_id,
                "label": storable(label),
                "kind": kind,
                "learned": learns or kind in ("not_seen", "clear"),
                "given_at": now,
            }
            if memory.add_click(connection, click):
                self._learn_click(connection, click, now)

    def feedback(
        self, user_id: str, *, conversation_id: str | None = None
    ) -> dict[str, FeedbackKind]:
        """The newest click per item id; cleared ones are left out.

        Args:
            user_id: Whose clicks.
            conversation_id: Count clicks made in it while learning was paused, too.
        """
        with self._database.read() as connection:
            return memory.clicks_in_force(connection, user_id, conversation_id)

    # Learning

    def interactions_for_training(self) -> tuple[TrainingEvent, ...]:
        """What all people said to like or dislike, in words or by button, oldest first.

        One event per person and item: what is in force now. Left out: who paused learning; who was
        forgotten is not in the tables any more. Ties: by user, then by item.
        """
        with self._database.read() as connection:
            return memory.training_events(connection)

    # Everything about a person

    def export(self, user_id: str) -> dict[str, Any]:
        """All that is kept about a user, as JSON values: tables of rows, and the other places."""
        with self._database.read() as connection:
            tables = personal.export_rows(connection, user_id)
            ids = personal.turn_ids(connection, user_id)
        return {
            "user_id": user_id,
            "exported_at": self._clock().isoformat(),
            "tables": tables,
            "places": {place.name: place.export(user_id, turn_ids=ids) for place in self._places},
        }

    def forget(self, user_id: str) -> dict[str, Any]:
        """Delete all that is kept about a user and leave no bytes of it; returns a receipt.

        May be repeated. The other places go first: they are found by the turns in the tables.

        Raises:
            StorageError: The rows are gone, but their bytes may be left; repeat.
        """
        with self._database.write() as connection:
            accounts.lock_user(connection, user_id)
            ids = personal.turn_ids(connection, user_id)
            places = {place.name: place.forget(user_id, turn_ids=ids) for place in self._places}
            deleted = personal.delete_rows(connection, user_id)
        self._database.scrub()
        return {
            "user_id": user_id,
            "forgotten_at": self._clock().isoformat(),
            "deleted": deleted | places,
        }

    def _learn_click(self, connection: Connection, click: dict[str, Any], now: datetime) -> None:
        user_id, item_id, kind = click["user_id"], click["item_id"], click["kind"]
        if kind in ("not_seen", "clear"):
            memory.withdraw_clicks(connection, user_id, item_id)
        elif click["learned"]:
            statement = memory.clicked(item_id, click["label"], kind, now)
            memory.add_statements(connection, user_id, [statement], origin="button")
