"""What a reader found in one message: the value that planners work from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..planning.base import Intent
from ..state import PreferenceKind, PreferenceSubject, Wish

Act = Literal[
    "wish", "open", "surprise", "more", "pick", "explain", "compare", "details", "feedback",
    "profile", "forget", "forget_all", "remember", "start_over", "thanks", "hello", "bye", "help",
    "identity", "hostile", "insult", "care", "off_topic", "affirm", "deny", "praise", "gibberish",
    "empty", "foreign", "undo",
]  # fmt: skip
Role = Literal["seed", "unlike", "exclude", "liked", "disliked", "seen", "than", "plain"]


@dataclass(frozen=True, kw_only=True)
class Mention:
    """Items that were named or pointed at.

    Attributes:
        item_ids: One for a title, several for "the first two".
        start, end: Span in the cleaned text.
        role: What they are to the wish.
        pointed: True for "the second one", "it"; False for a title.
        by_word: True for pronouns ("it", "that one", "these"), the weakest kind of pointing.
    """

    item_ids: tuple[str, ...]
    start: int
    end: int
    role: Role = "seed"
    pointed: bool = False
    by_word: bool = False


@dataclass(frozen=True, kw_only=True)
class PreferenceDraft:
    """Something long-term that was said; the planner adds id, turn and date."""

    kind: PreferenceKind
    subject: PreferenceSubject
    value: str
    label: str
    quote: str


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One message, read.

    Attributes:
        intent: As in `Plan`.
        act: The finer kind of speech act.
        wish: The wish after this message (the state's wish with this message merged in).
        refined: True when the old wish was kept and changed, False when it was replaced.
        count: Items wanted this time only ("another one"); None = as the wish says.
        wants_slate: True when items are to be shown.
        item_ids: The items this turn is about (to explain, compare, look up), in order.
        seen_item_ids: "I've seen it": not to be shown again, no opinion.
        liked_item_ids, disliked_item_ids: Opinions on items.
        learned: Long-term preferences in the person's own words.
        forget: (subject, value) pairs to forget; empty with act "forget" = the newest one.
        unknown_titles: Meant as titles and not in the catalog, with the nearest known id or None.
        unknown_people: Meant as people and not in the catalog.
        missing_references: "the seventh one" when there were fewer.
        notices: Things to be told, already worded.
        asked_genres, asked_people: What this very message asks for; outranks long-term dislikes.
        language: Name of the language when it was not English.
    """

    intent: Intent
    act: Act
    wish: Wish
    refined: bool = False
    count: int | None = None
    wants_slate: bool = False
    item_ids: tuple[str, ...] = ()
    seen_item_ids: tuple[str, ...] = ()
    liked_item_ids: tuple[str, ...] = ()
    disliked_item_ids: tuple[str, ...] = ()
    learned: tuple[PreferenceDraft, ...] = ()
    forget: tuple[tuple[PreferenceSubject, str], ...] = ()
    unknown_titles: tuple[tuple[str, str | None], ...] = ()
    unknown_people: tuple[str, ...] = ()
    missing_references: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    asked_genres: tuple[str, ...] = ()
    asked_people: tuple[str, ...] = ()
    language: str | None = None
