"""The tables of a person's data, as the code reads and writes them (migrations.py creates them).

Every table with a `user_id` column holds user data; `PERSONAL_TABLES` is the one registry that
export and forget walk. Order there: children before parents, so that rows can be deleted in turn.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)

metadata = MetaData()


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC; kept without zone, because SQLite has none. Refuses moments without zone."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Convert to UTC and drop the zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value.isoformat()} has no time zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Put the zone back."""
        return None if value is None else value.replace(tzinfo=UTC)


migrations = Table(
    "migrations",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("name", String, nullable=False),
    Column("applied_at", UtcDateTime, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("user_id", String, primary_key=True),
    Column("paused", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

conversations = Table(
    "conversations",
    metadata,
    Column("conversation_id", String, primary_key=True),
    Column("user_id", String, ForeignKey("users.user_id"), nullable=False),
    Column("title", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

# status: begun -> committed -> undone. position: order of commits in the conversation, from 1.
# feedback_mark: the user's newest feedback position when the turn began; what is newer was not
# known to the turn's state.
turns = Table(
    "turns",
    metadata,
    Column("turn_id", String, primary_key=True),
    Column("user_id", String, ForeignKey("users.user_id"), nullable=False),
    Column("conversation_id", String, ForeignKey("conversations.conversation_id"), nullable=False),
    Column("position", Integer),
    Column("status", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("result", Text),
    Column("state", Text),
    Column("feedback_mark", Integer, nullable=False),
    Column("begun_at", UtcDateTime, nullable=False),
    Column("committed_at", UtcDateTime),
    Column("undone_at", UtcDateTime),
)

# position: order of a user's clicks over all conversations. learned: False while paused.
feedback = Table(
    "feedback",
    metadata,
    Column("user_id", String, ForeignKey("users.user_id"), primary_key=True),
    Column("feedback_id", String, primary_key=True),
    Column("conversation_id", String, ForeignKey("conversations.conversation_id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("item_id", String, nullable=False),
    Column("label", Text, nullable=False),
    Column("kind", String, nullable=False),
    Column("learned", Boolean, nullable=False),
    Column("given_at", UtcDateTime, nullable=False),
)

# Statements, not conclusions: which are in force is worked out by preferences.settle.
# origin: "turn", "button" or "page". forgotten_in: the turn in which the person took it back.
preferences = Table(
    "preferences",
    metadata,
    Column("user_id", String, ForeignKey("users.user_id"), primary_key=True),
    Column("preference_id", String, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("kind", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("value", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("quote", Text, nullable=False),
    Column("source_turn_id", String, nullable=False),
    Column("origin", String, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("forgotten_in", String),
)

PERSONAL_TABLES: tuple[Table, ...] = (preferences, feedback, turns, conversations, users)
JSON_COLUMNS = frozenset({"result", "state"})
