"""Everything found in one message, before it is decided what the message does."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..state import ConversationState
from .drafting import Draft
from .entities import Entities
from .lexicon import Match
from .merging import YearChange
from .numbers import Count
from .polarity import Cue
from .reading import Mention
from .references import References
from .text import Utterance
from .years import YearReading


@dataclass(kw_only=True)
class Parse:
    """Everything found in one message, before it is decided what it means."""

    utterance: Utterance
    plain: str
    state: ConversationState
    entities: Entities
    references: References
    mentions: tuple[Mention, ...]
    years: YearReading
    year_change: YearChange
    matches: tuple[Match, ...]
    cues: tuple[Cue, ...]
    draft: Draft
    count: Count | None
    notices: list[str] = field(default_factory=list)
    hostile: bool = False
    wants_fact: bool = False  # what no catalog here knows was asked for: length, age rating, score
    language: str | None = None

    def with_role(self, *roles: str) -> tuple[str, ...]:
        """Item ids that have one of the roles, in order."""
        ids = [i for m in self.mentions if m.role in roles for i in m.item_ids]
        return tuple(dict.fromkeys(ids))

    @property
    def all_items(self) -> tuple[str, ...]:
        """Every item named or pointed at, in order, whatever its role."""
        return tuple(dict.fromkeys(i for m in self.mentions for i in m.item_ids))

    @property
    def states_wish(self) -> bool:
        """True when the message says anything about what is wanted."""
        change = self.year_change
        years = change.year_min is not None or change.year_max is not None or change.clears
        named = self.with_role("seed", "unlike", "than")
        return bool(years or named or not self.draft.is_empty)

    @property
    def states_only_words(self) -> bool:
        """True when the wish is made of nothing but words that no reader knew."""
        draft = self.draft
        known = (
            draft.genres or draft.refused or draft.weights or draft.people or draft.people_refused
        )
        years = self.year_change != YearChange()
        return bool(draft.query or draft.avoid) and not (
            known or years or self.mentions or self.matches
        )

    @property
    def stated_count(self) -> int | None:
        """How many items the wish is for from now on ("three films", "two more")."""
        if self.count is None or self.count.vague or (self.count.more and self.count.value < 2):
            return None
        return self.count.value

    @property
    def count_once(self) -> int | None:
        """How many items are wanted this time ("another one", "a few")."""
        if self.count is None or not (self.count.more or self.count.vague):
            return None
        return self.count.value
