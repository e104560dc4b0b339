"""One turn in this process: what was recalled, what tools found, and who is asking.

The graph's nodes get it as their run-time context. It is never checkpointed; a resumed turn makes a new
one and fills it by recalling again and running the recorded calls again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from rec_core import Catalog, Recommender
from rec_core.dialogue import Utterance
from tools import (
    CandidateBus,
    Toolbox,
    ToolCall,
    ToolContext,
    ToolFailed,
    ToolResult,
    ToolRetry,
)

from ..budget import BudgetMeter
from ..events import ToolFinished, ToolStarted, TurnEvent
from ..llm.live import LiveWords
from ..memory import ConversationStore
from ..memory.retrieval import faded, relevant_preferences
from ..planning.base import Exchange, Plan, ToolOutcome, TurnView
from ..state import ConversationState, FeedbackKind, Preference
from .drafts import PreferenceDrafts
from .learning import read_learning
from .summary import facts_in_force, summary_text

if TYPE_CHECKING:
    from ..rewriting.rewriter import QueryRewriter

_LOG = logging.getLogger(__name__)

_EXCHANGES = 6
_RELEVANT = 30
_LONGEST_EXCHANGE = 600
_SHOWN_ARGUMENT = 200
_REWRITTEN_TOOL = (
    "recommend"  # the one that ranks for the conversation; others look up what was named
)


@dataclass(frozen=True, kw_only=True)
class TurnContext:
    """Whose turn it is: LangGraph's run-time context. No tool argument and no model reaches it."""

    user_id: str
    conversation_id: str
    turn_id: str
    text: str
    run: TurnRun


@dataclass(frozen=True, kw_only=True)
class Recalled:
    """What is known when a turn begins. Item ids that the catalog no longer has are gone from it.

    Attributes:
        liked: Liked by button or in words, oldest first.
        disliked: Disliked or rejected, in this conversation or for good.
        history: The data's own record of this user without what they rated low, oldest first.
    """

    state: ConversationState = field(default_factory=ConversationState)
    preferences: tuple[Preference, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    liked: tuple[str, ...] = ()
    disliked: tuple[str, ...] = ()
    history: tuple[str, ...] = ()


def recall(
    store: ConversationStore,
    recommender: Recommender,
    user_id: str,
    conversation_id: str,
    *,
    now: datetime,
) -> Recalled:
    """Read everything that one turn starts from; likes of long ago come with less confidence."""
    catalog = recommender.catalog
    state = _still_known(store.state(user_id, conversation_id), catalog)
    preferences = store.preferences(user_id)
    liked, disliked = opinions(store, catalog, user_id, conversation_id, state, preferences)
    turns = store.turns(user_id, conversation_id, limit=_EXCHANGES)
    return Recalled(
        state=state,
        preferences=faded(preferences, now),
        exchanges=tuple(
            Exchange(
                user_text=turn.text[:_LONGEST_EXCHANGE],
                reply_text=turn.result.text[:_LONGEST_EXCHANGE],
                item_ids=tuple(item.item_id for item in turn.result.items),
            )
            for turn in turns
        ),
        liked=liked,
        disliked=disliked,
        history=taken_gladly(recommender, user_id),
    )


def opinions(
    store: ConversationStore,
    catalog: Catalog,
    user_id: str,
    conversation_id: str,
    state: ConversationState,
    preferences: Sequence[Preference],
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Items liked, oldest first, and items disliked or refused: in words, by button, in this talk."""
    clicks = _unlearned_clicks(store, user_id, conversation_id)
    items = [one for one in preferences if one.subject == "item"]
    liked = [one.value for one in items if one.kind in ("like", "must")]
    liked += [item_id for item_id, kind in clicks.items() if kind == "like"]
    disliked = [one.value for one in items if one.kind in ("dislike", "must_not")]
    disliked += [item_id for item_id, kind in clicks.items() if kind == "dislike"]
    refused = _known((*disliked, *state.rejected_item_ids), catalog)
    return tuple(one for one in _known(liked, catalog) if one not in refused), refused


def _unlearned_clicks(
    store: ConversationStore, user_id: str, conversation_id: str
) -> dict[str, FeedbackKind]:
    """Clicks that made no preference, because learning was paused.

    The others are preferences already, and there a newer word of the person outranks them.
    """
    learned = store.feedback(user_id)
    clicks = store.feedback(user_id, conversation_id=conversation_id)
    return {item_id: kind for item_id, kind in clicks.items() if learned.get(item_id) != kind}


class TurnRun:
    """Runs tools for the planner in use and remembers what came of them.

    A planner that takes over starts with an empty bus: it must not build on half a plan of another.
    """

    def __init__(
        self,
        *,
        recommender: Recommender,
        toolbox: Toolbox,
        meter: BudgetMeter,
        clock: Callable[[], datetime],
        rewriter: QueryRewriter | None = None,
    ) -> None:
        self.recommender = recommender
        self._rewriter = rewriter
        self.meter = meter
        self.recalled = Recalled()
        self.was_recalled = False
        self._toolbox = toolbox
        self._clock = clock
        self.planner_index = -1
        self.outcomes: list[ToolOutcome] = []
        self.bus = CandidateBus()
        self.drafts: PreferenceDrafts | None = None
        self.live: LiveWords | None = None
        self.summary = ""
        self._heeded: Plan | None = None

    def now(self) -> datetime:
        """The moment, with a zone."""
        return self._clock()

    def heed(self, plan: Plan) -> None:
        """Let what the plan read out of the message count for the calls that follow in this turn."""
        self._heeded = plan

    def look_back(self, store: ConversationStore, context: TurnContext) -> None:
        """Sum up what the exchanges in view no longer tell; once a turn, and only for a model."""
        if self.summary or self.recalled.state.turn_count <= len(self.recalled.exchanges):
            return
        turns = store.turns(context.user_id, context.conversation_id)
        facts = facts_in_force(turns, self.recalled.state, self.recalled.preferences)
        self.summary = summary_text(facts, self.recommender.catalog)

    def begin_attempt(self, planner_index: int, context: TurnContext) -> None:
        """Make ready for a planner."""
        self.planner_index = planner_index
        self.outcomes = []
        self.bus = CandidateBus()
        self._heeded = None
        self.drafts = PreferenceDrafts(
            text=context.text,
            turn_id=context.turn_id,
            catalog=self.recommender.catalog,
            existing=self.recalled.preferences,
            clock=self._clock,
        )

    def view(self, context: TurnContext, repair: str) -> TurnView:
        """What the planner gets to see."""
        command = read_learning(context.text)
        recalled = self.recalled
        return TurnView(
            turn_id=context.turn_id,
            text=command.rest if command is not None else context.text,
            state=self.recalled.state,
            preferences=recalled.preferences,
            relevant=relevant_preferences(
                recalled.preferences,
                wish=recalled.state.wish,
                text=context.text,
                limit=_RELEVANT,
                recommender=self.recommender,
            ),
            exchanges=recalled.exchanges,
            summary=self.summary,
            outcomes=tuple(self.outcomes),
            repair=repair,
            meter=self.meter,
            hear=self.live.hear if self.live is not None else None,
        )

    def act(
        self, call: ToolCall, context: TurnContext, emit: Callable[[TurnEvent], None]
    ) -> ToolOutcome:
        """Run one call that the meter has let pass, and tell about it."""
        index = len(self.outcomes)
        arguments = {str(name): _shown(value) for name, value in dict(call.arguments).items()}
        emit(ToolStarted(index=index, tool=call.tool, arguments=arguments))
        started = time.monotonic()
        outcome = self.redo(call, context)
        seconds = round(time.monotonic() - started, 4)
        emit(
            ToolFinished(
                index=index, tool=call.tool, ok=outcome.result is not None,
                summary=summarise(outcome), seconds=seconds,
            )
        )  # fmt: skip
        return outcome

    def redo(self, call: ToolCall, context: TurnContext) -> ToolOutcome:
        """Run one call without telling: also how a resumed turn gets its results back."""
        outcome = self._run(call, context)
        self.outcomes.append(outcome)
        return outcome

    def found_item_ids(self) -> tuple[str, ...]:
        """Every item that a tool of this attempt returned or looked up, in order."""
        found: dict[str, None] = {}
        for outcome in self.outcomes:
            if outcome.result is None:
                continue
            for candidate in outcome.result.items:
                found[candidate.item_id] = None
            for item_id in looked_up(outcome.result):
                found[item_id] = None
        return _known(found, self.recommender.catalog)

    def _run(self, call: ToolCall, context: TurnContext) -> ToolOutcome:
        try:
            result = self._toolbox.run(call, self._tool_context(call, context))
        except ToolRetry as fault:
            return ToolOutcome(call=call, error=str(fault), retryable=True)
        except ToolFailed as fault:
            return ToolOutcome(call=call, error=str(fault))
        # The outermost edge of a tool: a fault of ours must not end the conversation.
        except Exception:  # noqa: BLE001 see above
            _LOG.exception("tool %s failed", call.tool[:60])
            return ToolOutcome(call=call, error="The tool is out of order in this turn.")
        return ToolOutcome(call=call, result=result)

    def _rewrite(self, dialogue: Sequence[Utterance]) -> str:
        """What a model makes of the conversation for the search; "" without one or in its absence."""
        if self._rewriter is None:
            return ""
        found = self._rewriter.rewrite(dialogue, self.meter)
        return found.query if found is not None else ""

    def _tool_context(self, call: ToolCall, context: TurnContext) -> ToolContext:
        dialogue = self._dialogue(context.text)
        state = self.recalled.state
        liked, disliked = self._opinions_now()
        return ToolContext(
            user_id=context.user_id,
            recommender=self.recommender,
            bus=self.bus,
            history=liked,
            disliked=disliked,
            shown=tuple(dict.fromkeys((*state.shown_item_ids, *state.seen_item_ids))),
            last_slate=state.last_slate,
            dialogue=dialogue,
            rewrite=self._rewrite(dialogue) if call.tool == _REWRITTEN_TOOL else "",
            preferences=self.drafts,
        )

    def _dialogue(self, text: str) -> tuple[Utterance, ...]:
        """What both sides said, slates in words, with the new message last."""
        catalog = self.recommender.catalog
        said: list[Utterance] = []
        for exchange in self.recalled.exchanges:
            shown = (catalog[one].label for one in exchange.item_ids if one in catalog)
            said.append(Utterance("user", exchange.user_text))
            said.append(Utterance("assistant", ", ".join((exchange.reply_text, *shown))))
        return (*said, Utterance("user", text))

    def _opinions_now(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Liked and disliked items, with what this very message says: the newest word wins."""
        plan, drafts = self._heeded, self.drafts
        told = [*(plan.learned if plan else ()), *(drafts.learned if drafts else ())]
        items = [one for one in told if one.subject == "item"]
        likes = [one.value for one in items if one.kind in ("like", "must")]
        refused = [one.value for one in items if one.kind in ("dislike", "must_not")]
        refused += plan.rejected_item_ids if plan else ()
        catalog = self.recommender.catalog
        old_likes = [one for one in self.recalled.liked if one not in refused]
        old_refused = [one for one in self.recalled.disliked if one not in likes]
        new_likes = [one for one in likes if one not in refused]
        return _known((*old_likes, *new_likes), catalog), _known((*old_refused, *refused), catalog)


def looked_up(result: ToolResult) -> tuple[str, ...]:
    """The item ids of a look-up: the item itself, or the items compared."""
    data = result.data
    found = [data["item_id"]] if isinstance(data.get("item_id"), str) else []
    items = data.get("items")
    if isinstance(items, list):
        found += [one["item_id"] for one in items if isinstance(one, dict) and "item_id" in one]
    return tuple(found)


def summarise(outcome: ToolOutcome) -> str:
    """One line for people about what a tool did; errors are for models, so people get a phrase."""
    if outcome.result is None:
        return "did not work out; trying another way" if outcome.retryable else "not possible now"
    result = outcome.result
    count = len(result.items) if result.handle else len(looked_up(result))
    if not count:
        return "done" if not result.handle else "found nothing"
    return (
        f"found {count} item{'' if count == 1 else 's'}" if result.handle else f"{count} looked at"
    )


def taken_gladly(recommender: Recommender, user_id: str) -> tuple[str, ...]:
    """The data's own record of a user without what they rated below their mean, oldest first.

    "Like X, which is in your history" is no reason when X was a disappointment.
    """
    interactions = recommender.interactions
    if user_id not in interactions.users:
        return ()
    history = recommender.user_history(user_id)
    ratings = interactions.weights_of(interactions.users.row(user_id))
    if not interactions.has_ratings or not len(ratings):
        return history
    mean = float(ratings.mean())
    return tuple(
        item_id for item_id, rating in zip(history, ratings, strict=True) if rating >= mean
    )


def _still_known(state: ConversationState, catalog: Catalog) -> ConversationState:
    """The state without items that the catalog no longer has."""
    wish = state.wish
    kept = wish.model_copy(
        update={
            "like_item_ids": _known(wish.like_item_ids, catalog),
            "unlike_item_ids": _known(wish.unlike_item_ids, catalog),
        }
    )
    focus = state.focus_item_id
    return state.model_copy(
        update={
            "wish": kept,
            "shown_item_ids": _known(state.shown_item_ids, catalog),
            "last_slate": _known(state.last_slate, catalog),
            "rejected_item_ids": _known(state.rejected_item_ids, catalog),
            "seen_item_ids": _known(state.seen_item_ids, catalog),
            "focus_item_id": focus if focus is not None and focus in catalog else None,
        }
    )


def _known(item_ids: Iterable[str], catalog: Catalog) -> tuple[str, ...]:
    return tuple(item_id for item_id in dict.fromkeys(item_ids) if item_id in catalog)


def _shown(value: object) -> object:
    """An argument as an event carries it: values as they are, long text cut."""
    if isinstance(value, str):
        return value[:_SHOWN_ARGUMENT]
    return value
