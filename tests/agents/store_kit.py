"""Small makers for the tests of the store: a clock that only goes forward, turns, preferences."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from agents.events import TurnResult
from agents.memory import ConversationStore
from agents.state import ConversationState, Preference

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Clock:
    """Each look is a second later than the one before."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def moment(second: int) -> datetime:
    return START + timedelta(seconds=second)


def preference(
    preference_id: str, kind: str = "like", value: str = "Horror", second: int = 0, **more
) -> Preference:
    fields = {"subject": "genre", "label": value, "created_at": moment(second)} | more
    return Preference(preference_id=preference_id, kind=kind, value=value, **fields)


def result(turn_id: str, conversation_id: str, text: str = "Here you are.") -> TurnResult:
    return TurnResult(turn_id=turn_id, conversation_id=conversation_id, text=text, planner="rules")


def hold_turn(
    store: ConversationStore,
    user_id: str,
    conversation_id: str,
    turn_id: str,
    text: str = "a crime film",
    *,
    state: ConversationState | None = None,
    learned: tuple[Preference, ...] = (),
    forgotten: tuple[str, ...] = (),
) -> None:
    """Begin and commit a turn."""
    assert store.begin_turn(user_id, conversation_id, turn_id, text) is None
    outcome = result(turn_id, conversation_id, f"Answer to: {text}")
    store.commit_turn(
        user_id, conversation_id, turn_id, outcome, state or ConversationState(), learned, forgotten
    )


def kinds(preferences) -> list[tuple[str, str]]:
    return [(one.kind, one.value) for one in preferences]
