"""The rows of long-term preferences and of feedback clicks.

Rows of preferences are statements; what is in force is `preferences.settle` over them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from ..errors import NotYours
from ..state import FeedbackKind, Preference
from .preferences import in_force, named, removed_with, slot_of
from .records import IdReusedError, TrainingEvent, storable
from .schema import feedback, preferences, turns, users
from .turns import newest_click

Origin = Literal["turn", "button", "page"]


def statements(connection: Connection, user_id: str) -> tuple[Preference, ...]:
    """Everything the user has stated and not taken back, in order of arrival."""
    query = (
        select(preferences)
        .where(preferences.c.user_id == user_id, preferences.c.forgotten_in.is_(None))
        .order_by(preferences.c.position)
    )
    fields = tuple(name for name in Preference.model_fields if name != "superseded_at")
    rows = connection.execute(query).mappings()
    return tuple(Preference(**{name: row[name] for name in fields}) for row in rows)


def training_events(connection: Connection) -> tuple[TrainingEvent, ...]:
    """The item opinions in force of everybody who has not paused learning, oldest first."""
    learning = select(users.c.user_id).where(users.c.paused.is_(False))
    events = []
    for user_id in connection.scalars(learning).all():
        mine = preferences.c.user_id == user_id
        query = select(preferences.c.preference_id, preferences.c.origin).where(mine)
        origins = {row.preference_id: row.origin for row in connection.execute(query)}
        events += [
            TrainingEvent(
                user_id=user_id,
                item_id=one.value,
                liked=one.kind in ("like", "must"),
                given_at=one.created_at,
                source=origins[one.preference_id],
            )
            for one in in_force(statements(connection, user_id))
            if one.subject == "item"
        ]
    return tuple(sorted(events, key=lambda one: (one.given_at, one.user_id, one.item_id)))


def add_statements(
    connection: Connection, user_id: str, new: Iterable[Preference], *, origin: Origin
) -> None:
    """Append statements. An id that the user's statements already have is replaced by a new one."""
    mine = preferences.c.user_id == user_id
    taken = set(connection.scalars(select(preferences.c.preference_id).where(mine)))
    newest = connection.scalar(select(func.max(preferences.c.position)).where(mine)) or 0
    for position, statement in enumerate(new, start=newest + 1):
        row = statement.model_dump(exclude={"superseded_at"})
        row |= {name: storable(row[name]) for name in ("value", "label", "quote")}
        if row["preference_id"] in taken:
            row["preference_id"] = uuid4().hex
        taken.add(row["preference_id"])
        row |= {"user_id": user_id, "position": position, "origin": origin, "forgotten_in": None}
        connection.execute(preferences.insert().values(row))


def find_preference(connection: Connection, user_id: str, preference_id: str) -> Preference:
    """The settled preference that this id, or the id of one of its repetitions, names.

    Raises:
        NotYours: The user has none of that id.
    """
    found = named(statements(connection, user_id), preference_id)
    if found is None:
        raise NotYours(f"preference {preference_id!r}")
    return found


def delete_preference(connection: Connection, user_id: str, preference_id: str) -> None:
    """Delete a preference for good, with what it superseded and the clicks on its item.

    Raises:
        NotYours: The user has none of that id.
    """
    find_preference(connection, user_id, preference_id)
    gone = removed_with(statements(connection, user_id), preference_id)
    where = preferences.c.user_id == user_id, preferences.c.preference_id.in_(gone)
    _blank_clicks_of(connection, user_id, *where)
    connection.execute(delete(preferences).where(*where))


def delete_all(connection: Connection, user_id: str) -> None:
    """Delete everything the user ever stated, and all clicks on the items stated about."""
    where = preferences.c.user_id == user_id
    _blank_clicks_of(connection, user_id, where)
    connection.execute(delete(preferences).where(where))


def relabel(connection: Connection, user_id: str, preference: Preference, label: str) -> None:
    """Show a preference under another label from now on."""
    same = [
        one.preference_id
        for one in statements(connection, user_id)
        if one.kind == preference.kind and slot_of(one) == slot_of(preference)
    ]
    where = preferences.c.user_id == user_id, preferences.c.preference_id.in_(same)
    connection.execute(update(preferences).where(*where).values(label=label))


def mark_forgotten(
    connection: Connection, user_id: str, preference_ids: Sequence[str], turn_id: str
) -> None:
    """Hide preferences that the person took back in a turn; unknown ids are gone already.

    They are deleted when the conversation's next turn commits: until then an undo brings them back.
    """
    stated = statements(connection, user_id)
    gone = {one for wanted in preference_ids for one in removed_with(stated, wanted)}
    where = preferences.c.user_id == user_id, preferences.c.preference_id.in_(gone)
    _blank_clicks_of(connection, user_id, *where)
    connection.execute(update(preferences).where(*where).values(forgotten_in=turn_id))


def purge_forgotten(connection: Connection, user_id: str, conversation_id: str) -> None:
    """Delete what was taken back in earlier turns of a conversation."""
    earlier = select(turns.c.turn_id).where(turns.c.conversation_id == conversation_id)
    connection.execute(
        delete(preferences).where(
            preferences.c.user_id == user_id, preferences.c.forgotten_in.in_(earlier)
        )
    )


def withdraw_turn(connection: Connection, user_id: str, turn_id: str) -> None:
    """Take back what a turn learned, and give back what was taken back in it."""
    mine = preferences.c.user_id == user_id
    learned = preferences.c.source_turn_id == turn_id, preferences.c.origin == "turn"
    connection.execute(delete(preferences).where(mine, *learned))
    forgotten = update(preferences).where(mine, preferences.c.forgotten_in == turn_id)
    connection.execute(forgotten.values(forgotten_in=None))


def withdraw_clicks(connection: Connection, user_id: str, item_id: str) -> None:
    """Delete the statements that feedback buttons made about an item."""
    connection.execute(
        delete(preferences).where(
            preferences.c.user_id == user_id,
            preferences.c.origin == "button",
            preferences.c.subject == "item",
            preferences.c.value == item_id,
        )
    )


def add_click(connection: Connection, click: dict[str, object]) -> bool:
    """Append a click; False when its id was noted before.

    Raises:
        IdReusedError: The id was noted before with another content.
    """
    same_id = (
        feedback.c.user_id == click["user_id"],
        feedback.c.feedback_id == click["feedback_id"],
    )
    known = connection.execute(select(feedback).where(*same_id)).mappings().first()
    if known is None:
        values = {**click, "position": newest_click(connection, click["user_id"]) + 1}
        connection.execute(feedback.insert().values(values))
        return True
    blanked = known["label"] == "" and known["kind"] == "clear"
    if not blanked and any(
        known[name] != click[name] for name in ("conversation_id", "item_id", "kind")
    ):
        raise IdReusedError(
            "A click arrived under the id of an earlier, different click.", "Click again."
        )
    return False


def _blank_clicks_of(connection: Connection, user_id: str, *where: ColumnElement[bool]) -> None:
    """Turn the clicks on the items of these statements into "clear": no button is pressed now."""
    items = select(preferences.c.value).where(*where, preferences.c.subject == "item")
    connection.execute(
        update(feedback)
        .where(feedback.c.user_id == user_id, feedback.c.item_id.in_(items))
        .values(kind="clear", label="", position=newest_click(connection, user_id) + 1)
    )


def clicks_in_force(
    connection: Connection, user_id: str, conversation_id: str | None
) -> dict[str, FeedbackKind]:
    """The newest click per item, without cleared ones.

    Clicks made while learning was paused count in their own conversation only.
    """
    seen_here = feedback.c.learned
    if conversation_id is not None:
        seen_here = feedback.c.learned | (feedback.c.conversation_id == conversation_id)
    query = (
        select(feedback.c.item_id, feedback.c.kind)
        .where(feedback.c.user_id == user_id, seen_here)
        .order_by(feedback.c.position)
    )
    newest = {row.item_id: row.kind for row in connection.execute(query)}
    return {item_id: kind for item_id, kind in newest.items() if kind != "clear"}


def clicked(
    item_id: str, label: str, kind: Literal["like", "dislike"], now: datetime
) -> Preference:
    """The statement that a like or dislike button makes."""
    return Preference(
        preference_id=uuid4().hex,
        kind=kind,
        subject="item",
        value=item_id,
        label=label,
        created_at=now,
    )
