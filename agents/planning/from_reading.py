"""From a reading to a plan: what all planners share that understand first and plan by code.

It plans before it sees results, so a slate takes rounds: ask the core for items; enough of them, and they are
presented; too few, and the next relaxation is asked for (`rules_slate` states the order). Nothing is kept
between rounds: the same reading and the outcomes so far give the next step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5

from rec_core import Recommender
from tools import ToolCall

from ..state import Preference
from ..understanding import PreferenceDraft, Reading
from .base import Plan, TurnView
from .rules_memory import plan_memory
from .rules_slate import SlatePlanner
from .rules_words import chat_words, next_steps, notices_of, summary_of

_MOST_DETAILS = 3
_MOST_COMPARED = 4


class ReadingPlanner:
    """Plans what a reading asks for. Deterministic: same view, reading and clock, same plan.

    Args:
        name: Of the planner that reads; plans carry it.
        recommender: For knowing what a filter leaves.
        clock: When preferences are dated.
    """

    def __init__(
        self,
        name: str,
        recommender: Recommender,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._name = name
        self._catalog = recommender.catalog
        self._clock = clock
        self._slates = SlatePlanner(recommender)

    def plan(self, view: TurnView, reading: Reading) -> Plan:
        """The next step of this turn.

        Raises:
            PlannerFailed: when the core refused every call for items.
        """
        learned = tuple(self._preference(draft, view.turn_id) for draft in reading.learned)
        if reading.wants_slate:
            return replace(self._slates.plan(view, reading, learned), planner=self._name)
        if reading.act in ("explain", "pick", "compare", "details"):
            return self._look_up(view, reading, learned)
        if reading.act in ("profile", "forget", "forget_all", "remember"):
            return plan_memory(view, reading, learned, self._name)
        return self._talk(view, reading, learned)

    def _preference(self, draft: PreferenceDraft, turn_id: str) -> Preference:
        """A draft with id and date; the same turn always gives the same id."""
        slot = f"{turn_id}/{draft.kind}/{draft.subject}/{draft.value}"
        return Preference(
            preference_id=uuid5(NAMESPACE_URL, slot).hex,
            kind=draft.kind,
            subject=draft.subject,
            value=draft.value,
            label=draft.label,
            quote=draft.quote,
            source_turn_id=turn_id,
            created_at=self._clock(),
        )

    def _look_up(self, view: TurnView, reading: Reading, learned: tuple[Preference, ...]) -> Plan:
        """Facts and reasons come from tools; the words for them are made from the results."""
        item_ids = tuple(i for i in reading.item_ids if i in self._catalog)
        if not item_ids or (reading.act == "compare" and len(item_ids) < 2):
            return self._talk(view, reading, learned)
        calls: tuple[ToolCall, ...]
        if reading.act == "compare":
            item_ids = item_ids[:_MOST_COMPARED]
            calls = (ToolCall(tool="compare_items", arguments={"item_ids": list(item_ids)}),)
        else:
            tool = "item_details" if reading.act == "details" else "why_recommended"
            item_ids = item_ids[:_MOST_DETAILS]
            calls = tuple(
                ToolCall(tool=tool, arguments=self._about(tool, i, view)) for i in item_ids
            )
        return Plan(
            planner=self._name,
            intent=reading.intent,
            summary=summary_of(reading, self._catalog),
            calls=calls,
            learned=learned,
            notices=notices_of(reading, self._catalog, view),
            suggestions=next_steps(reading, self._catalog),
            focus_item_id=item_ids[0],
        )

    def _about(self, tool: str, item_id: str, view: TurnView) -> dict[str, object]:
        seeds = [i for i in view.state.wish.like_item_ids if i in self._catalog and i != item_id]
        if tool == "why_recommended" and seeds:
            return {"item_id": item_id, "like": seeds}
        return {"item_id": item_id}

    def _talk(self, view: TurnView, reading: Reading, learned: tuple[Preference, ...]) -> Plan:
        say, asks = chat_words(reading, self._catalog, view)
        return Plan(
            planner=self._name,
            intent="ask" if asks and reading.intent != "feedback" else reading.intent,
            summary=summary_of(reading, self._catalog),
            wish=reading.wish if reading.wish != view.state.wish else None,
            say=say,
            learned=learned,
            rejected_item_ids=reading.disliked_item_ids,
            seen_item_ids=reading.seen_item_ids,
            notices=notices_of(reading, self._catalog, view, said_in_words=True),
            suggestions=next_steps(reading, self._catalog),
            focus_item_id=reading.item_ids[0] if reading.item_ids else None,
            asks=asks,
        )
