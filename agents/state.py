"""What a conversation knows: the current wish, what was shown, what was learnt. Values only, no I/O.

These models are what is persisted (JSON), so they are pydantic and frozen; a change makes a copy.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

PreferenceKind = Literal["like", "dislike", "must", "must_not"]
PreferenceSubject = Literal["item", "genre", "person", "year", "tag", "note"]
# As a value to forget: whatever was noted of a subject. No catalog value and no model comes upon it.
ALL_OF_SUBJECT = "(all)"
FeedbackKind = Literal["like", "dislike", "not_seen", "clear"]


class Value(BaseModel):
    """Base of persisted values: frozen, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Wish(Value):
    """What the person wants right now. Hard parts must hold; soft parts only push.

    Attributes:
        year_min, year_max: Hard year bounds, inclusive.
        genres_all, genres_any, genres_none: Hard, catalog genre names.
        people_all, people_none: Hard, catalog names.
        like_item_ids: "Something like these".
        unlike_item_ids: "Not like these": kept out and pushed away from.
        genre_weights: Soft, genre -> [-1, 1].
        query: Remaining words, for text search ("heist in space").
        avoid: Words whose meaning pushes down ("violent").
        notes: How soft parts were said, for the answer: "less violent".
        count: How many items were asked for; None = default.
    """

    year_min: int | None = None
    year_max: int | None = None
    genres_all: tuple[str, ...] = ()
    genres_any: tuple[str, ...] = ()
    genres_none: tuple[str, ...] = ()
    people_all: tuple[str, ...] = ()
    people_none: tuple[str, ...] = ()
    like_item_ids: tuple[str, ...] = ()
    unlike_item_ids: tuple[str, ...] = ()
    genre_weights: dict[str, float] = Field(default_factory=dict)
    query: str = ""
    avoid: str = ""
    notes: tuple[str, ...] = ()
    count: int | None = None


class ConversationState(Value):
    """Short-term state after a turn; the next turn starts from it.

    Attributes:
        wish: The wish as refined so far.
        shown_item_ids: Everything ever shown in this conversation, in order.
        last_slate: Item ids of the newest slate, in order.
        rejected_item_ids: Disliked or refused in this conversation.
        seen_item_ids: Known to the person already: never shown, but no sign of dislike.
        focus_item_id: The item last talked about ("why?" refers to it).
        asked: True when the last answer was a question back.
        asked_about: Attributes that were asked about with answers to click, each once.
        turn_count: Committed turns so far.
    """

    wish: Wish = Field(default_factory=Wish)
    shown_item_ids: tuple[str, ...] = ()
    last_slate: tuple[str, ...] = ()
    rejected_item_ids: tuple[str, ...] = ()
    seen_item_ids: tuple[str, ...] = ()
    focus_item_id: str | None = None
    asked: bool = False
    asked_about: tuple[str, ...] = ()
    turn_count: int = 0


class Preference(Value):
    """Something long-term about a person, with its source.

    Attributes:
        preference_id: Unique id (uuid hex).
        kind: like / dislike / must / must_not.
        subject: What `value` names.
        value: Item id, or catalog name of genre / person, or plain words for note.
        label: How to show it to people ("Heat (1995)").
        quote: The person's own words, or "" for a button.
        source_turn_id: The turn it came from, or "" (button, memory page).
        confidence: In [0, 1]; 1 for buttons and explicit statements.
        created_at: UTC.
        superseded_at: UTC when a newer contrary one replaced it; None while in force.
    """

    preference_id: str
    kind: PreferenceKind
    subject: PreferenceSubject
    value: str
    label: str
    quote: str = ""
    source_turn_id: str = ""
    confidence: float = 1.0
    created_at: datetime
    superseded_at: datetime | None = None
