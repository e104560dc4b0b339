"""What a turn leaves behind: its result, the next state, what was learned. Worked out, not yet committed.

Apart from the graph, which only says when.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

from rec_core import Recommender

from ..answering import compose, saved_phrase
from ..events import TurnResult
from ..evidence import EvidenceFinder, Person
from ..memory import ConversationStore
from ..memory.preferences import in_force
from ..planning.base import Plan
from ..planning.core import CorePlanner
from ..state import ConversationState, Preference, Wish
from .learning import LearningKind, read_learning
from .run import TurnContext, looked_up, opinions
from .state import Json
from .wording import NOT_LEARNING, NOT_THIS, forgotten_notice


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A grounded answer on its way to the person.

    Attributes:
        plan: The final plan.
        item_ids: The grounded slate.
        text: The grounded words.
        notices: What must be told so far.
        is_model: Whether a language model planned.
    """

    plan: Plan
    item_ids: Sequence[str]
    text: str
    notices: Sequence[str]
    is_model: bool


def outcome_of(
    draft: Draft, context: TurnContext, recommender: Recommender, store: ConversationStore
) -> Json:
    """Result, state, learned and forgotten preferences and what becomes of learning, as JSON values."""
    run, recalled = context.run, context.run.recalled
    wish = draft.plan.wish or recalled.state.wish
    # The last resort has not read the wish, so it must not claim to meet one.
    met = Wish() if draft.plan.planner == CorePlanner.name else wish
    plan = replace(draft.plan, wish=met, say=draft.text)
    command = read_learning(context.text)
    told = [*plan.learned, *(run.drafts.learned if run.drafts is not None else [])]
    unheard = _unheard(command.kind if command else None, told, context, store)
    learned = [] if unheard else told
    forgotten = list(run.drafts.forgotten if run.drafts is not None else [])
    liked_now = {one.value for one in told if (one.kind, one.subject) == ("like", "item")}
    shown = tuple(draft.item_ids)
    state = next_state(recalled.state, plan, wish, shown, liked_now)
    person = _person(context, recommender, store, state, learned, forgotten, met)
    finder = EvidenceFinder(recommender, person)
    answer = compose(plan, draft.item_ids, _about(plan, context), finder)
    notices = [*draft.notices, *plan.notices, *unheard]
    if draft.is_model:
        gone = [one.label for one in recalled.preferences if one.preference_id in forgotten]
        notices += forgotten_notice(gone)
    result = TurnResult(
        turn_id=context.turn_id,
        conversation_id=context.conversation_id,
        text=answer.text,
        items=answer.items,
        notices=tuple(dict.fromkeys(notices)),
        suggestions=answer.suggestions,
        saved=tuple(saved_phrase(one) for one in learned),
        planner=plan.planner,
    )
    shown = tuple(item.item_id for item in answer.items)
    state = next_state(recalled.state, plan, wish, shown, liked_now)
    return {
        "result": result.model_dump(mode="json"),
        "state": state.model_dump(mode="json"),
        "learned": [one.model_dump(mode="json") for one in learned],
        "forgotten": forgotten,
        "learning": command.kind if command else "",
    }


def next_state(
    old: ConversationState, plan: Plan, wish: Wish, shown: tuple[str, ...], liked_now: Set[str]
) -> ConversationState:
    """The state that the next turn starts from."""
    # Who says to like what was refused before takes that back.
    refused = [item_id for item_id in old.rejected_item_ids if item_id not in liked_now]
    rejected = (*refused, *plan.rejected_item_ids)
    seen = (*old.seen_item_ids, *plan.seen_item_ids)
    asked_about = (*old.asked_about, *([plan.asks_about] if plan.asks_about else []))
    return ConversationState(
        wish=wish,
        shown_item_ids=tuple(dict.fromkeys((*old.shown_item_ids, *shown))),
        last_slate=shown or old.last_slate,
        rejected_item_ids=tuple(dict.fromkeys(rejected)),
        seen_item_ids=tuple(dict.fromkeys(seen)),
        focus_item_id=plan.focus_item_id or old.focus_item_id,
        asked=plan.asks,
        asked_about=tuple(dict.fromkeys(asked_about)),
        turn_count=old.turn_count + 1,
    )


def _unheard(
    command: LearningKind | None,
    told: Sequence[Preference],
    context: TurnContext,
    store: ConversationStore,
) -> list[str]:
    """Why what was told is not kept, for the person; empty when it is kept, or nothing was told."""
    if not told:
        return []
    if command == "not_this":
        return [NOT_THIS]
    return [NOT_LEARNING] if store.is_paused(context.user_id) else []


def _person(
    context: TurnContext,
    recommender: Recommender,
    store: ConversationStore,
    state: ConversationState,
    learned: Sequence[Preference],
    forgotten: Sequence[str],
    wish: Wish,
) -> Person:
    """The person as they are known once this turn is committed: what they just said counts already."""
    recalled = context.run.recalled
    kept = [one for one in recalled.preferences if one.preference_id not in forgotten]
    preferences = in_force((*kept, *learned))
    liked, _ = opinions(
        store, recommender.catalog, context.user_id, context.conversation_id, state, preferences
    )
    return Person(wish=wish, liked=liked, history=recalled.history, preferences=preferences)


def _about(plan: Plan, context: TurnContext) -> tuple[str, ...]:
    """The items that an explanation, comparison or look-up is about."""
    found = [
        item_id
        for outcome in context.run.outcomes
        if outcome.result is not None
        and outcome.call.tool in {"item_details", "compare_items", "why_recommended"}
        for item_id in looked_up(outcome.result)
    ]
    if not found and plan.focus_item_id is not None:
        found = [plan.focus_item_id]
    return tuple(dict.fromkeys(found))
