"""What the store hands out besides the persisted models of `agents`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from rec_core import RapportError

from ..events import TurnResult
from ..state import ConversationState, Value


class IdReusedError(RapportError):
    """An id that stands for one message or one click came back with another content."""


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """A line in the list of conversations. `n_turns` counts committed turns that were not undone."""

    conversation_id: str
    title: str
    created_at: datetime
    updated_at: datetime
    n_turns: int


@dataclass(frozen=True, kw_only=True)
class TurnRecord:
    """A committed turn: what was said, what came of it, and the state after it."""

    turn_id: str
    text: str
    result: TurnResult
    state: ConversationState
    committed_at: datetime


@dataclass(frozen=True, kw_only=True)
class TrainingEvent:
    """An opinion on an item, as something to learn from.

    Attributes:
        liked: False for a dislike.
        given_at: When it was said or clicked last, UTC.
        source: "turn" (in words), "button" or "page" (the person's own notes).
    """

    user_id: str
    item_id: str
    liked: bool
    given_at: datetime
    source: str


class UserDataPlace(Protocol):
    """A place outside the tables that holds data of users, so that export and forget reach it.

    Its methods get the ids of the user's turns, because a place may be keyed by them.
    """

    @property
    def name(self) -> str:
        """What the place is called in exports and receipts."""
        ...

    def export(self, user_id: str, *, turn_ids: Sequence[str]) -> Any:  # noqa: ANN401 JSON
        """What is kept there about the user, as a JSON value."""
        ...

    def forget(self, user_id: str, *, turn_ids: Sequence[str]) -> int:
        """Delete it without leaving bytes; how many things went. May be repeated."""
        ...


_LONGEST_TITLE = 60


def title_of(text: str) -> str:
    """The title a conversation gets from its first message: one line, at most 60 characters."""
    line = " ".join(text.split())
    if len(line) <= _LONGEST_TITLE:
        return line
    head = line[: _LONGEST_TITLE - 1]
    return (head.rsplit(" ", 1)[0] if " " in head else head).rstrip(" ,.;:") + "…"


def storable(text: str) -> str:
    """The text without what databases cannot keep: NUL and halves of surrogate pairs become "�"."""
    return (
        text.replace("\x00", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    )


def storable_json(value: Value) -> str:
    """A persisted model as JSON text; halves of surrogate pairs become "�"."""
    return storable(json.dumps(value.model_dump(), ensure_ascii=False))
