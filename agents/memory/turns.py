"""The rows of turns: begun, committed once, perhaps undone; and the state a turn starts from."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, RowMapping, func, select, update
from sqlalchemy.exc import IntegrityError

from ..errors import NotYours
from ..events import TurnResult
from ..state import ConversationState, FeedbackKind
from .records import IdReusedError, TurnRecord, storable_json
from .schema import feedback, turns


def find_turn(
    connection: Connection, user_id: str, conversation_id: str, turn_id: str
) -> RowMapping | None:
    """The turn's row, None when no turn has that id.

    Raises:
        NotYours: The id belongs to another conversation or another user.
    """
    row = connection.execute(select(turns).where(turns.c.turn_id == turn_id)).mappings().first()
    if row is None:
        return None
    if (row["user_id"], row["conversation_id"]) != (user_id, conversation_id):
        raise NotYours(f"turn {turn_id!r}")
    return row


def begin(connection: Connection, row: RowMapping | None, new: dict[str, object]) -> None:
    """Insert the turn unless it was begun before.

    Raises:
        IdReusedError: It was begun with another text.
        NotYours: Somebody else took the id at this very moment.
    """
    if row is not None:
        if row["text"] != new["text"]:
            raise IdReusedError(
                "A message arrived under the id of an earlier, different message.",
                "Send it again as a new message.",
            )
        return
    values = {**new, "status": "begun", "feedback_mark": newest_click(connection, new["user_id"])}
    try:
        with connection.begin_nested():
            connection.execute(turns.insert().values(values))
    except IntegrityError as fault:
        raise NotYours(f"turn {new['turn_id']!r}") from fault


def mark_committed(
    connection: Connection,
    row: RowMapping,
    result: TurnResult,
    state: ConversationState,
    now: datetime,
) -> None:
    """Give a begun turn its place in the conversation, its result and its state."""
    in_conversation = turns.c.conversation_id == row["conversation_id"]
    newest = connection.scalar(select(func.max(turns.c.position)).where(in_conversation)) or 0
    connection.execute(
        update(turns)
        .where(turns.c.turn_id == row["turn_id"])
        .values(
            status="committed",
            position=newest + 1,
            result=storable_json(result),
            state=storable_json(state),
            committed_at=now,
        )
    )


def mark_undone(connection: Connection, turn_id: str, now: datetime) -> None:
    """Take a committed turn out of its conversation."""
    query = update(turns).where(turns.c.turn_id == turn_id)
    connection.execute(query.values(status="undone", undone_at=now))


def live_turns(
    connection: Connection, conversation_id: str, *, limit: int | None = None
) -> tuple[TurnRecord, ...]:
    """The newest `limit` committed turns that were not undone, oldest first."""
    query = _live(conversation_id).limit(limit)
    rows = connection.execute(query).mappings().all()
    return tuple(record_of(row) for row in reversed(rows))


def record_of(row: RowMapping) -> TurnRecord:
    """The record of a committed turn's row."""
    return TurnRecord(
        turn_id=row["turn_id"],
        text=row["text"],
        result=TurnResult.model_validate_json(row["result"]),
        state=ConversationState.model_validate_json(row["state"]),
        committed_at=row["committed_at"],
    )


def current_state(connection: Connection, conversation_id: str) -> ConversationState:
    """The state after the newest live turn, with the clicks applied that this turn did not know."""
    newest = connection.execute(_live(conversation_id).limit(1)).mappings().first()
    mark, state = -1, ConversationState()
    if newest is not None:
        mark, state = newest["feedback_mark"], record_of(newest).state
    query = (
        select(feedback.c.item_id, feedback.c.kind)
        .where(feedback.c.conversation_id == conversation_id, feedback.c.position > mark)
        .order_by(feedback.c.position, feedback.c.feedback_id)
    )
    return with_feedback(state, [(row.item_id, row.kind) for row in connection.execute(query)])


def with_feedback(
    state: ConversationState, clicks: Iterable[tuple[str, FeedbackKind]]
) -> ConversationState:
    """The state after clicks, oldest first: a dislike rejects the item, anything else readmits it.

    An item that the wish is to be like stops being one when it is disliked.
    """
    rejected = dict.fromkeys(state.rejected_item_ids)
    seeds = dict.fromkeys(state.wish.like_item_ids)
    for item_id, kind in clicks:
        if kind == "dislike":
            rejected[item_id] = None
            seeds.pop(item_id, None)
        else:
            rejected.pop(item_id, None)
    changes: dict[str, object] = {"rejected_item_ids": tuple(rejected)}
    if tuple(seeds) != state.wish.like_item_ids:
        changes["wish"] = state.wish.model_copy(update={"like_item_ids": tuple(seeds)})
    return state.model_copy(update=changes)


def newest_click(connection: Connection, user_id: object) -> int:
    """Position of the user's newest click, 0 when there is none."""
    query = select(func.max(feedback.c.position)).where(feedback.c.user_id == user_id)
    return connection.scalar(query) or 0


def _live(conversation_id: str):  # noqa: ANN202 the type is SQLAlchemy's own generic
    query = select(turns).where(
        turns.c.conversation_id == conversation_id, turns.c.status == "committed"
    )
    return query.order_by(turns.c.position.desc())
