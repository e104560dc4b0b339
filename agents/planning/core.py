"""The last resort: whatever happens, the recommender itself has something to show."""

from __future__ import annotations

from tools import ToolCall

from .base import Plan, TurnView

_COUNT = 6
_LONGEST_QUERY = 300


class CorePlanner:
    """Asks the core for what suits the person and the bare words. Understands nothing, never fails."""

    name = "core"

    def plan(self, view: TurnView) -> Plan:
        """First by the words, then by nothing, then whatever is best known."""
        found = [one for one in view.outcomes if one.result is not None and one.result.items]
        if found:
            return self._plan(())
        tries = (
            ("recommend", {"query": view.text[:_LONGEST_QUERY], "k": _COUNT}),
            ("recommend", {"k": _COUNT, "include_shown": True}),
            ("search_items", {"k": _COUNT}),
        )
        if len(view.outcomes) >= len(tries):
            return self._plan((), say="I could not find anything just now. Please try other words.")
        tool, arguments = tries[len(view.outcomes)]
        return self._plan((ToolCall(tool=tool, arguments=arguments),), final=False)

    def _plan(self, calls: tuple[ToolCall, ...], *, say: str = "", final: bool = True) -> Plan:
        return Plan(
            planner=self.name,
            intent="recommend" if not say else "chat",
            summary="Take what the recommender itself proposes.",
            calls=calls,
            say=say,
            final=final,
        )
