"""The conversational recommender: one message in, a stream of typed events out, committed exactly once."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver

from rec_core import Recommender
from tools import Toolbox

from .budget import BudgetMeter, TurnLimits, TurnStopped
from .events import SlateReady, TextDelta, TurnEvent, TurnFinished, TurnResult, TurnStarted, Usage
from .memory import ConversationStore
from .planning.base import Planner
from .turn.graph import TurnParts, build_graph, text_pieces
from .turn.run import TurnContext, TurnRun

if TYPE_CHECKING:
    from .rewriting.rewriter import QueryRewriter

_LONGEST_MESSAGE = 8_000
_MOST_STEPS = 120
_NOTHING_YET: Any = {}


@dataclass(frozen=True, kw_only=True)
class UserMessage:
    """What somebody said. `turn_id` is made by the client, once per message: a retry keeps it."""

    user_id: str
    conversation_id: str
    turn_id: str
    text: str


class ConversationalRecommender:
    """Holds conversations over one recommender. Safe to share between threads.

    Turns of one conversation run one after another, turns of different ones side by side.

    Args:
        recommender: The core.
        toolbox: What planners may call.
        store: The truth about conversations.
        planners: Best first; each is the fallback of the one before.
        checkpointer: Where an interrupted turn is kept until it is taken up or committed.
        limits: What one turn may cost.
        rewriter: Turns a conversation into a query for the ranking; None leaves that out.
        clock: Gives the moment, with a zone.
        timer: Monotonic seconds, for the budget.
    """

    def __init__(
        self,
        *,
        recommender: Recommender,
        toolbox: Toolbox,
        store: ConversationStore,
        planners: Sequence[Planner],
        checkpointer: BaseCheckpointSaver[Any],
        limits: TurnLimits | None = None,
        rewriter: QueryRewriter | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self.recommender = recommender
        self.store = store
        self.planners = tuple(planners)
        self.limits = limits or TurnLimits()
        self.rewriter = rewriter
        self._toolbox = toolbox
        self._checkpointer = checkpointer
        self._clock = clock
        self._timer = timer
        parts = TurnParts(recommender=recommender, store=store, planners=self.planners)
        self._graph = build_graph(parts, checkpointer)
        self._locks: weakref.WeakValueDictionary[tuple[str, str], _Lock]
        self._locks = weakref.WeakValueDictionary()
        self._locks_lock = threading.Lock()
        self._running: dict[tuple[str, str], BudgetMeter] = {}

    def reply(self, message: UserMessage) -> TurnResult:
        """The result of a whole turn; a turn that was committed before gives the same again.

        Raises:
            NotYours: The conversation is not this user's.
            TurnStopped: Another thread stopped it.
        """
        result: TurnResult | None = None
        for event in self.stream(message):
            if isinstance(event, TurnFinished):
                result = event.result
        if result is None:
            raise TurnStopped
        return result

    def stop(self, user_id: str, turn_id: str) -> None:
        """Stop a turn that runs in another thread, even while a model is being waited for.

        Its stream ends without TurnFinished and nothing of it is kept, unless it was committed
        already. Nothing happens when no such turn of this user is running.
        """
        meter = self._running.get((user_id, turn_id))
        if meter is not None:
            meter.stop()

    def stream(self, message: UserMessage) -> Iterator[TurnEvent]:
        """The turn's events as they happen, from TurnStarted to TurnFinished.

        Closing the generator stops the turn: nothing of it is kept, unless it was committed already.
        After a crash the same message goes on where it was, or starts anew.

        Raises:
            NotYours: The conversation is not this user's.
        """
        message = _storable(message)
        lock = self._lock_of(message)
        with lock.lock:
            committed = self.store.begin_turn(
                message.user_id, message.conversation_id, message.turn_id, message.text
            )
            yield TurnStarted(
                turn_id=message.turn_id,
                conversation_id=message.conversation_id,
                text=message.text,
            )
            if committed is not None:
                self._checkpointer.delete_thread(message.turn_id)
                yield from _replay(committed)
                return
            yield from self._run(message)

    def _run(self, message: UserMessage) -> Iterator[TurnEvent]:
        config: RunnableConfig = {
            "configurable": {"thread_id": message.turn_id},
            "recursion_limit": _MOST_STEPS,
        }
        saved = self._resumable(message, config)
        meter = BudgetMeter(self.limits, _spent(saved), self._timer)
        run = TurnRun(
            recommender=self.recommender,
            toolbox=self._toolbox,
            meter=meter,
            clock=self._clock,
            rewriter=self.rewriter,
        )
        context = TurnContext(
            user_id=message.user_id,
            conversation_id=message.conversation_id,
            turn_id=message.turn_id,
            text=message.text,
            run=run,
        )
        events: Iterator[Any] = self._graph.stream(
            None if saved else _NOTHING_YET,
            config,
            context=context,
            stream_mode="custom",
            durability="sync",
        )
        self._running[message.user_id, message.turn_id] = meter
        try:
            yield from events
        except TurnStopped:
            return
        finally:
            # However it ended, short of a crash: tell a node that still runs, then clear up.
            del self._running[message.user_id, message.turn_id]
            meter.stop()
            self._close(events)
            self._checkpointer.delete_thread(message.turn_id)

    def _resumable(self, message: UserMessage, config: RunnableConfig) -> dict[str, Any]:
        """The values of an interrupted run of this turn; {} when there is none that still fits.

        One that began from another state of the conversation is dropped: finishing it would undo
        what happened in between.
        """
        snapshot = self._graph.get_state(config)
        if not snapshot.values and not snapshot.tasks:
            return {}
        state = self.store.state(message.user_id, message.conversation_id)
        # `next` is empty too when a task was done and only its step was not closed.
        if snapshot.tasks and snapshot.values.get("base") == state.turn_count:
            return dict(snapshot.values)
        self._checkpointer.delete_thread(message.turn_id)
        return {}

    @staticmethod
    def _close(events: Iterator[Any]) -> None:
        close = getattr(events, "close", None)
        if close is not None:
            close()

    def _lock_of(self, message: UserMessage) -> _Lock:
        key = (message.user_id, message.conversation_id)
        with self._locks_lock:
            lock = self._locks.get(key)
            if lock is None:
                lock = self._locks[key] = _Lock()
            return lock


class _Lock:
    """A lock that weak references can point at; it goes when no turn holds or awaits it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()


def _spent(saved: dict[str, Any]) -> Usage:
    return Usage.model_validate(saved.get("spent") or {})


def _replay(result: TurnResult) -> Iterator[TurnEvent]:
    if result.items:
        yield SlateReady(items=result.items)
    for piece in text_pieces(result.text):
        yield TextDelta(text=piece)
    yield TurnFinished(result=result)


def _storable(message: UserMessage) -> UserMessage:
    """The message as it can be kept: no half characters, no NUL, not longer than a long letter."""
    text = message.text[:_LONGEST_MESSAGE].replace("\x00", "\ufffd")
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return UserMessage(
        user_id=message.user_id,
        conversation_id=message.conversation_id,
        turn_id=message.turn_id,
        text=text,
    )
