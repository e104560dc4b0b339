"""What outlives a turn: conversations, turns, feedback and long-term preferences."""

from __future__ import annotations

from .checkpoints import CheckpointPlace
from .migrations import DatabaseVersionError
from .records import Conversation, IdReusedError, TrainingEvent, TurnRecord, UserDataPlace
from .store import ConversationStore

__all__ = [
    "CheckpointPlace",
    "Conversation",
    "ConversationStore",
    "DatabaseVersionError",
    "IdReusedError",
    "TrainingEvent",
    "TurnRecord",
    "UserDataPlace",
]
