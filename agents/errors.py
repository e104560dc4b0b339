"""What can go wrong in a conversation, by who must act.

AgentError
├── PlannerFailed       this planner gives up; the turn falls back to the next one
├── BudgetExceeded      a limit of the turn ran out; the turn answers from the core
└── NotYours            a conversation, turn or preference that this user does not own (or none has)
"""

from __future__ import annotations


class AgentError(Exception):
    """Base of the errors of `agents`; never shown to people as it is."""


class PlannerFailed(AgentError):
    """A planner could not make a plan; `reason` is one plain phrase for the notice."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class BudgetExceeded(AgentError):
    """A per-turn limit ran out; `limit` names it: "model_calls", "tool_calls", "tokens" or "seconds"."""

    def __init__(self, limit: str) -> None:
        self.limit = limit
        super().__init__(limit)


class NotYours(AgentError):
    """The thing does not exist for this user. Says nothing about other users' things."""
