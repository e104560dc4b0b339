"""A conversation with the rules planner over the real tools, without store, graph and grounding.

For tests and for reading along: it runs a plan's calls and keeps the short-term state as a turn does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from agents.planning.base import Plan, ToolOutcome, TurnView
from agents.planning.rules import RulesPlanner
from agents.state import ConversationState, Preference, Wish
from rec_core import Dataset, HashEncoder, Recommender, SearchEngine
from tests.film_world import film_dataset
from tools import CandidateBus, ToolContext, ToolFailed, ToolRetry, default_toolbox

START = datetime(2026, 1, 1, tzinfo=UTC)
_MOST_ROUNDS = 8


def recommender_of(dataset: Dataset) -> Recommender:
    """A recommender without trained models: neighbours, popularity and text search."""
    with TemporaryDirectory(prefix="rapport-test-") as folder:
        search = SearchEngine.build(
            dataset.catalog,
            HashEncoder(),
            Path(folder),
            popularity=dataset.interactions.item_counts,
        )
    return Recommender(catalog=dataset.catalog, interactions=dataset.interactions, search=search)


@cache
def film_recommender() -> Recommender:
    """The recommender over the small film world."""
    return recommender_of(film_dataset())


@dataclass(kw_only=True)
class Reply:
    """What one message led to."""

    plan: Plan
    item_ids: tuple[str, ...]
    outcomes: tuple[ToolOutcome, ...]
    view: TurnView


@dataclass(kw_only=True)
class Conversation:
    """A person who talks; `state` and `preferences` move on with every message."""

    recommender: Recommender
    state: ConversationState = field(default_factory=ConversationState)
    preferences: tuple[Preference, ...] = ()
    forgotten: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._planner = RulesPlanner(self.recommender, clock=self._now)
        self._toolbox = default_toolbox()
        self._moments = 0

    def say(self, text: str) -> Reply:
        """Send one message and take the turn to its end."""
        bus = CandidateBus()
        context = self._context(bus)
        outcomes: tuple[ToolOutcome, ...] = ()
        for _ in range(_MOST_ROUNDS):
            view = TurnView(
                turn_id=f"t{self.state.turn_count}", text=text, state=self.state,
                preferences=self.preferences, outcomes=outcomes,
            )  # fmt: skip
            plan = self._planner.plan(view)
            outcomes += tuple(self._run(call, context) for call in plan.calls)
            if plan.final:
                break
        else:
            raise AssertionError(f"no final plan after {_MOST_ROUNDS} rounds: {text!r}")
        shown = bus.presented or ()
        self._move_on(plan, shown)
        return Reply(plan=plan, item_ids=shown, outcomes=outcomes, view=view)

    def remember(self, kind: str, subject: str, value: str, label: str = "") -> None:
        """Put a long-term preference in, as if noted earlier."""
        self.preferences += (
            Preference(
                preference_id=f"p{len(self.preferences)}", kind=kind, subject=subject, value=value,
                label=label or value, created_at=self._now(),
            ),
        )  # fmt: skip

    def forget(self, *, subject: str, value: str) -> str:
        """PreferenceWriter: drop what was noted."""
        self.forgotten.append((subject, value))
        return "gone"

    def _now(self) -> datetime:
        self._moments = getattr(self, "_moments", 0) + 1
        return START + timedelta(minutes=self._moments)

    def _context(self, bus: CandidateBus) -> ToolContext:
        items = [p for p in self.preferences if p.subject == "item"]
        disliked = [p.value for p in items if p.kind in ("dislike", "must_not")]
        return ToolContext(
            user_id="somebody", recommender=self.recommender, bus=bus,
            history=tuple(p.value for p in items if p.kind == "like"),
            disliked=tuple(dict.fromkeys((*disliked, *self.state.rejected_item_ids))),
            shown=(*self.state.shown_item_ids, *self.state.seen_item_ids), last_slate=self.state.last_slate, preferences=self,
        )  # fmt: skip

    def _run(self, call, context: ToolContext) -> ToolOutcome:
        try:
            return ToolOutcome(call=call, result=self._toolbox.run(call, context))
        except ToolRetry as error:
            return ToolOutcome(call=call, error=str(error), retryable=True)
        except ToolFailed as error:
            return ToolOutcome(call=call, error=str(error))

    def _move_on(self, plan: Plan, shown: tuple[str, ...]) -> None:
        old = self.state
        gone = {(s, v) for s, v in self.forgotten}
        gone |= {(p.subject, p.value) for p in self.preferences if (p.subject, "(all)") in gone}
        kept = tuple(p for p in self.preferences if (p.subject, p.value) not in gone)
        self.forgotten.clear()
        self.preferences = (*kept, *plan.learned)
        self.state = ConversationState(
            wish=plan.wish if plan.wish is not None else old.wish or Wish(),
            shown_item_ids=tuple(dict.fromkeys((*old.shown_item_ids, *shown))),
            last_slate=shown or old.last_slate,
            rejected_item_ids=tuple(
                dict.fromkeys((*old.rejected_item_ids, *plan.rejected_item_ids))
            ),
            seen_item_ids=tuple(dict.fromkeys((*old.seen_item_ids, *plan.seen_item_ids))),
            focus_item_id=plan.focus_item_id or old.focus_item_id,
            asked=plan.asks,
            turn_count=old.turn_count + 1,
        )

    def remember_preference(self) -> None:  # the writer's other half is never called by rules
        raise AssertionError
