"""What a dialogue is to the recommender: who said what, and what was recommended next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["user", "assistant"]


@dataclass(frozen=True)
class Utterance:
    """One message of a dialogue; `user` is the person who looks for something."""

    role: Role
    text: str


@dataclass(frozen=True, kw_only=True)
class DialogueExample:
    """A turn in which a recommender named items, for training.

    Attributes:
        dialogue_id: Names the dialogue across sources ("redial/16162"); equal for all its turns.
        context: Everything said before the turn, oldest first.
        target_ids: The items newly named in the turn.
        mentioned_ids: The items that the context names, in order; None means unknown, and they
            are then found in the text.
    """

    dialogue_id: str
    context: tuple[Utterance, ...]
    target_ids: tuple[str, ...]
    mentioned_ids: tuple[str, ...] | None = None
