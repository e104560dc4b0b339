"""What the page can do, without a word about gradio: every call names its user and checks what is theirs.

Nothing about a person is kept in here beyond the accordion lines of recent turns; the store is the truth.
"""

from __future__ import annotations

import json
import re
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import get_args

from agents import (
    Conversation,
    ConversationalRecommender,
    FeedbackKind,
    NotYours,
    PreferenceKind,
    UserMessage,
)
from rec_core import RapportError

from ..render import Step, TurnProgress, one_line
from . import transcript as markup
from .memory import memory
from .sidebar import sidebar
from .turns import RunningTurn

MAX_MESSAGE = 2_000
_KEPT_STEPS = 400
_TURN_ID = re.compile(r"[0-9a-f]{32}")
_STOP_PATIENCE = 1.5


class PageService:
    """The page's actions over one agent. Safe to use from many threads."""

    def __init__(
        self,
        agent: ConversationalRecommender,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._agent = agent
        self._store = agent.store
        self._catalog = agent.recommender.catalog
        self._clock = clock
        self._running: dict[tuple[str, str], RunningTurn] = {}
        self._steps: OrderedDict[str, tuple[Step, ...]] = OrderedDict()

    # -- reading ------------------------------------------------------------------------------

    def resolve(self, user_id: str, wanted_id: str) -> str:
        """The wanted conversation if it is this user's, else their newest, else "" (a new one)."""
        conversations = self._store.conversations(user_id)
        if any(one.conversation_id == wanted_id for one in conversations):
            return wanted_id
        return conversations[0].conversation_id if conversations else ""

    def transcript(self, user_id: str, conversation_id: str) -> str:
        """The conversation as markup; a new one shows the greeting."""
        turns = self._store.turns(user_id, conversation_id) if conversation_id else ()
        return markup.transcript(conversation_id, turns, self._view(user_id))

    def sidebar(self, user_id: str, conversation_id: str) -> str:
        """The user's conversations as markup."""
        conversations = [
            one for one in self._store.conversations(user_id) if _is_worth_listing(one)
        ]
        return sidebar(conversations, conversation_id, self._clock())

    def memory(self, user_id: str) -> str:
        """What is remembered, as markup."""
        return memory(self._store.preferences(user_id), is_paused=self._store.is_paused(user_id))

    def is_paused(self, user_id: str) -> bool:
        """True while nothing long-term is learnt."""
        return self._store.is_paused(user_id)

    def export(self, user_id: str) -> str:
        """All of the user's data as JSON text."""
        return json.dumps(self._store.export(user_id), indent=2, ensure_ascii=False, default=str)

    # -- turns --------------------------------------------------------------------------------

    def begin(
        self, user_id: str, conversation_id: str, turn_id: str, text: str
    ) -> tuple[str, RunningTurn]:
        """Start a turn and return its conversation's id with it; no conversation yet makes one.

        `turn_id` is the browser's id for this message, so that a repeat makes no second turn; one
        that does not look like an id is replaced.
        """
        if not conversation_id:
            conversation_id = self._store.create_conversation(user_id).conversation_id
        message = UserMessage(
            user_id=user_id,
            conversation_id=conversation_id,
            turn_id=turn_id if _TURN_ID.fullmatch(turn_id) else uuid.uuid4().hex,
            text=text.strip()[:MAX_MESSAGE],
        )
        running = RunningTurn(
            iter(self._agent.stream(message)),
            interrupt=lambda: self._agent.stop(user_id, message.turn_id),
        )
        self._running[user_id, conversation_id] = running
        return conversation_id, running

    def watch(
        self, user_id: str, conversation_id: str, running: RunningTurn
    ) -> Iterator[tuple[TurnProgress, str]]:
        """Snapshots of a running turn, each with its markup."""
        view = self._view(user_id)
        try:
            for progress in running.watch():
                if progress.result is not None:
                    self._keep_steps(progress)
                yield progress, markup.turn(progress, view, is_last=True)
        finally:
            if self._running.get((user_id, conversation_id)) is running:
                del self._running[user_id, conversation_id]

    def stop(self, user_id: str, conversation_id: str) -> None:
        """Stop the turn that runs in this conversation, if one does."""
        running = self._running.get((user_id, conversation_id))
        if running is not None:
            running.stop()

    def is_committed(
        self, user_id: str, conversation_id: str, turn_id: str, running: RunningTurn
    ) -> bool:
        """Whether a stopped turn had been saved before it could be stopped."""
        # A turn that had not quite begun when it was stopped may have missed the first call.
        running.stop()
        running.wait(_STOP_PATIENCE)
        return any(one.turn_id == turn_id for one in self._store.turns(user_id, conversation_id))

    def take_back(self, user_id: str, conversation_id: str) -> str:
        """Undo the last turn and return what was said in it; "" when there is none."""
        if not conversation_id:
            return ""
        undone = self._store.undo_last_turn(user_id, conversation_id)
        return undone.text if undone is not None else ""

    # -- judging ------------------------------------------------------------------------------

    def judge(
        self, user_id: str, conversation_id: str, feedback_id: str, item_id: str, kind: str
    ) -> None:
        """Save a button press.

        Raises:
            RapportError: the press names no item of the catalog, or nothing that can be meant.
            NotYours: the conversation is another's.
        """
        if (
            kind not in get_args(FeedbackKind)
            or item_id not in self._catalog
            or not conversation_id
        ):
            raise RapportError("That button no longer fits the page.", "Reload the page.")
        label = self._catalog[item_id].label
        key = feedback_id if _TURN_ID.fullmatch(feedback_id) else uuid.uuid4().hex
        self._store.record_feedback(user_id, conversation_id, key, item_id, label, kind)  # type: ignore[arg-type]

    # -- conversations and memory -------------------------------------------------------------

    def rename(self, user_id: str, conversation_id: str, title: str) -> None:
        """Give a conversation another title; an empty one changes nothing."""
        wanted = one_line(title, 80)
        if wanted:
            self._store.rename_conversation(user_id, conversation_id, wanted)

    def erase(self, user_id: str, conversation_id: str) -> None:
        """Delete a conversation with all its turns."""
        self._store.delete_conversation(user_id, conversation_id)

    def amend(self, user_id: str, preference_id: str, *, kind: str = "", note: str = "") -> None:
        """Change what a preference says: its kind, or the words of a note."""
        if kind and kind in get_args(PreferenceKind):
            self._store.edit_preference(user_id, preference_id, kind=kind)  # type: ignore[arg-type]
        words = one_line(note, 200)
        if words:
            self._store.edit_preference(user_id, preference_id, value=words, label=words)

    def drop(self, user_id: str, preference_id: str) -> None:
        """Forget one preference."""
        self._store.delete_preference(user_id, preference_id)

    def pause(self, user_id: str, is_paused: bool) -> None:
        """Switch long-term learning off or on."""
        self._store.set_paused(user_id, is_paused)

    def forget(self, user_id: str) -> None:
        """Delete everything about the user."""
        self._store.forget(user_id)

    def _view(self, user_id: str) -> markup.View:
        return markup.View(
            feedback=self._store.feedback(user_id), title_of=self._title_of, steps=self._steps
        )

    def _title_of(self, item_id: str) -> str | None:
        return self._catalog[item_id].title if item_id in self._catalog else None

    def _keep_steps(self, progress: TurnProgress) -> None:
        self._steps[progress.turn_id] = progress.steps
        while len(self._steps) > _KEPT_STEPS:
            self._steps.popitem(last=False)


def explain(fault: BaseException) -> tuple[str, str]:
    """Problem and remedy for the page: never a traceback, never an exception's own words unless meant."""
    if isinstance(fault, RapportError):
        return fault.problem, fault.remedy
    if isinstance(fault, NotYours):
        return (
            "This conversation is no longer there.",
            "Start a new one with the button on the left.",
        )
    return (
        "Something went wrong on my side.",
        "Nothing was lost. Try again, or run `rapport doctor`.",
    )


def _is_worth_listing(conversation: Conversation) -> bool:
    return conversation.n_turns > 0
