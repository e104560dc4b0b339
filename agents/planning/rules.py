"""The planner without a model: the reader says what was meant, rules say what to do about it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from rec_core import Recommender

from ..understanding import Reader
from .base import Plan, TurnView
from .from_reading import ReadingPlanner


class RulesPlanner:
    """Plans a turn by rules. Deterministic: same view and clock, same plan.

    Args:
        recommender: For reading (titles, people, genres) and for knowing what a filter leaves.
        clock: When preferences are dated; UTC now by default.
    """

    def __init__(
        self, recommender: Recommender, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._reader = Reader(recommender)
        self._planner = ReadingPlanner(self.name, recommender, clock)

    @property
    def name(self) -> str:
        """How this planner is called in plans and results."""
        return "rules"

    def plan(self, view: TurnView) -> Plan:
        """The next step of this turn.

        Raises:
            PlannerFailed: when the core refused every call for items.
        """
        return self._planner.plan(view, self._reader.read(view.text, view.state))
