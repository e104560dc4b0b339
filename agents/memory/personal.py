"""Everything the database holds about a person: read out whole, or deleted whole.

Both walk the registry in schema.py, so a table added there is exported and forgotten.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, select

from .schema import JSON_COLUMNS, PERSONAL_TABLES, turns


def export_rows(connection: Connection, user_id: str) -> dict[str, list[dict[str, Any]]]:
    """All rows of a user as JSON values, by table; moments as ISO texts."""
    tables = {}
    for table in reversed(PERSONAL_TABLES):
        key = next(iter(table.primary_key))
        query = select(table).where(table.c.user_id == user_id).order_by(key)
        tables[table.name] = [_plain(row) for row in connection.execute(query).mappings()]
    return tables


def delete_rows(connection: Connection, user_id: str) -> dict[str, int]:
    """Delete all rows of a user; how many went, by table."""
    return {
        table.name: connection.execute(delete(table).where(table.c.user_id == user_id)).rowcount
        for table in PERSONAL_TABLES
    }


def turn_ids(
    connection: Connection, user_id: str, conversation_id: str | None = None
) -> tuple[str, ...]:
    """Ids of a user's turns (in one conversation, or all), in whatever status, oldest first."""
    query = select(turns.c.turn_id).where(turns.c.user_id == user_id)
    if conversation_id is not None:
        query = query.where(turns.c.conversation_id == conversation_id)
    return tuple(connection.scalars(query.order_by(turns.c.begun_at, turns.c.turn_id)))


def _plain(row: RowMapping) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, datetime):
            value = value.isoformat()
        elif name in JSON_COLUMNS and value is not None:
            value = json.loads(value)
        plain[name] = value
    return plain
