"""Users and conversations: who owns what. Every check of ownership is in this file."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, RowMapping, delete, func, select, update
from sqlalchemy.exc import IntegrityError

from ..errors import NotYours
from .records import Conversation
from .schema import conversations, feedback, turns, users


def lock_user(connection: Connection, user_id: str) -> bool:
    """Make other writers of this user's data wait until the transaction ends; False if unknown.

    SQLite has one writer anyway and ignores the row lock.
    """
    query = select(users.c.user_id).where(users.c.user_id == user_id).with_for_update()
    return connection.execute(query).first() is not None


def ensure_user(connection: Connection, user_id: str, now: datetime) -> None:
    """Lock the user's row, making it first where there is none."""
    if lock_user(connection, user_id):
        return
    try:
        with connection.begin_nested():
            row = {"user_id": user_id, "paused": False, "created_at": now}
            connection.execute(users.insert().values(row))
    except IntegrityError:  # another process made the same user just now
        lock_user(connection, user_id)


def is_paused(connection: Connection, user_id: str) -> bool:
    """Whether this user has stopped long-term learning; False for unknown users."""
    query = select(users.c.paused).where(users.c.user_id == user_id)
    return bool(connection.execute(query).scalar())


def set_paused(connection: Connection, user_id: str, *, paused: bool) -> None:
    """Note whether long-term learning is stopped."""
    connection.execute(update(users).where(users.c.user_id == user_id).values(paused=paused))


def own_conversation(connection: Connection, user_id: str, conversation_id: str) -> RowMapping:
    """The conversation's row.

    Raises:
        NotYours: There is none of that id, or it belongs to somebody else.
    """
    query = select(conversations).where(
        conversations.c.conversation_id == conversation_id, conversations.c.user_id == user_id
    )
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotYours(f"conversation {conversation_id!r}")
    return row


def lock_conversation(connection: Connection, user_id: str, conversation_id: str) -> RowMapping:
    """`own_conversation`, with the user's data locked for this transaction."""
    lock_user(connection, user_id)
    return own_conversation(connection, user_id, conversation_id)


def insert_conversation(
    connection: Connection, user_id: str, conversation_id: str, title: str, now: datetime
) -> None:
    """Add a conversation; nothing happens when the user already has it.

    Raises:
        NotYours: Somebody else has a conversation of that id.
    """
    ensure_user(connection, user_id, now)
    row = {
        "conversation_id": conversation_id,
        "user_id": user_id,
        "title": title,
        "created_at": now,
        "updated_at": now,
    }
    try:
        with connection.begin_nested():
            connection.execute(conversations.insert().values(row))
    except IntegrityError:
        own_conversation(connection, user_id, conversation_id)


def list_conversations(
    connection: Connection, user_id: str, conversation_id: str | None = None
) -> tuple[Conversation, ...]:
    """The user's conversations, newest activity first, or the one asked for."""
    live = (
        select(func.count())
        .select_from(turns)
        .where(
            turns.c.conversation_id == conversations.c.conversation_id,
            turns.c.status == "committed",
        )
        .scalar_subquery()
    )
    query = (
        select(conversations, live.label("n_turns"))
        .where(conversations.c.user_id == user_id)
        .order_by(conversations.c.updated_at.desc(), conversations.c.created_at.desc())
        .order_by(conversations.c.conversation_id)
    )
    if conversation_id is not None:
        query = query.where(conversations.c.conversation_id == conversation_id)
    return tuple(
        Conversation(
            conversation_id=row.conversation_id,
            title=row.title,
            created_at=row.created_at,
            updated_at=row.updated_at,
            n_turns=row.n_turns,
        )
        for row in connection.execute(query)
    )


def change_conversation(
    connection: Connection,
    conversation_id: str,
    *,
    title: str | None = None,
    now: datetime | None = None,
) -> None:
    """Set the title, the moment of the last activity, or both."""
    values = {"title": title, "updated_at": now}
    values = {name: value for name, value in values.items() if value is not None}
    query = update(conversations).where(conversations.c.conversation_id == conversation_id)
    connection.execute(query.values(**values))


def remove_conversation(connection: Connection, conversation_id: str) -> None:
    """Delete a conversation with its turns and clicks."""
    for table in (feedback, turns, conversations):
        connection.execute(delete(table).where(table.c.conversation_id == conversation_id))
