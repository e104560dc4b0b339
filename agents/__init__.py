"""Conversations: planners, the turn, memory, grounding and access to language models.

The front is lazy (PEP 562): a name is imported from its module when it is first touched, so that a
screen that only needs the events does not pay for LangGraph. The imports for type checkers repeat the
table; a test compares the two.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .agent import (
        ConversationalRecommender as ConversationalRecommender,
        UserMessage as UserMessage,
    )
    from .answering import (
        wish_phrase as wish_phrase,
    )
    from .auditing import (
        unsupported_reasons as unsupported_reasons,
    )
    from .budget import (
        BudgetMeter as BudgetMeter,
        TurnLimits as TurnLimits,
        TurnStopped as TurnStopped,
    )
    from .constraints import (
        Conditions as Conditions,
        conditions_of as conditions_of,
        wish_filter as wish_filter,
    )
    from .errors import (
        AgentError as AgentError,
        BudgetExceeded as BudgetExceeded,
        NotYours as NotYours,
        PlannerFailed as PlannerFailed,
    )
    from .events import (
        Evidence as Evidence,
        EvidenceKind as EvidenceKind,
        Grounded as Grounded,
        PlanMade as PlanMade,
        SlateItem as SlateItem,
        SlateReady as SlateReady,
        TextDelta as TextDelta,
        ToolFinished as ToolFinished,
        ToolStarted as ToolStarted,
        TurnEvent as TurnEvent,
        TurnFinished as TurnFinished,
        TurnResult as TurnResult,
        TurnStarted as TurnStarted,
        Usage as Usage,
    )
    from .evidence import (
        EvidenceFinder as EvidenceFinder,
        Person as Person,
    )
    from .llm.chat import (
        ChatModel as ChatModel,
        LLMOptions as LLMOptions,
        ModelFailed as ModelFailed,
    )
    from .llm.ledger import (
        Ledger as Ledger,
        ModelCall as ModelCall,
    )
    from .memory import (
        CheckpointPlace as CheckpointPlace,
        Conversation as Conversation,
        ConversationStore as ConversationStore,
        DatabaseVersionError as DatabaseVersionError,
        IdReusedError as IdReusedError,
        TurnRecord as TurnRecord,
        UserDataPlace as UserDataPlace,
    )
    from .planning.base import (
        Exchange as Exchange,
        Intent as Intent,
        Plan as Plan,
        Planner as Planner,
        ToolOutcome as ToolOutcome,
        TurnView as TurnView,
    )
    from .planning.core import (
        CorePlanner as CorePlanner,
    )
    from .planning.rules import (
        RulesPlanner as RulesPlanner,
    )
    from .planning.selection import (
        ModelProbe as ModelProbe,
        build_planners as build_planners,
        probe_model as probe_model,
    )
    from .planning.tool_calling import (
        ToolCallingPlanner as ToolCallingPlanner,
    )
    from .state import (
        ConversationState as ConversationState,
        FeedbackKind as FeedbackKind,
        Preference as Preference,
        PreferenceKind as PreferenceKind,
        PreferenceSubject as PreferenceSubject,
        Wish as Wish,
    )
    from .turn.checkpointer import (
        open_checkpointer as open_checkpointer,
    )
    from .understanding import (
        Reader as Reader,
        Reading as Reading,
    )

_HOMES: dict[str, tuple[str, ...]] = {
    "agent": (
        "ConversationalRecommender",
        "UserMessage",
    ),
    "answering": ("wish_phrase",),
    "auditing": ("unsupported_reasons",),
    "budget": ("BudgetMeter", "TurnLimits", "TurnStopped"),
    "constraints": (
        "Conditions",
        "conditions_of",
        "wish_filter",
    ),
    "errors": (
        "AgentError",
        "BudgetExceeded",
        "NotYours",
        "PlannerFailed",
    ),
    "events": (
        "Evidence",
        "EvidenceKind",
        "Grounded",
        "PlanMade",
        "SlateItem",
        "SlateReady",
        "TextDelta",
        "ToolFinished",
        "ToolStarted",
        "TurnEvent",
        "TurnFinished",
        "TurnResult",
        "TurnStarted",
        "Usage",
    ),
    "evidence": (
        "EvidenceFinder",
        "Person",
    ),
    "llm.chat": (
        "ChatModel",
        "LLMOptions",
        "ModelFailed",
    ),
    "llm.ledger": (
        "Ledger",
        "ModelCall",
    ),
    "memory": (
        "CheckpointPlace",
        "Conversation",
        "ConversationStore",
        "DatabaseVersionError",
        "IdReusedError",
        "TurnRecord",
        "UserDataPlace",
    ),
    "planning.base": (
        "Exchange",
        "Intent",
        "Plan",
        "Planner",
        "ToolOutcome",
        "TurnView",
    ),
    "planning.core": ("CorePlanner",),
    "planning.rules": ("RulesPlanner",),
    "planning.selection": (
        "ModelProbe",
        "build_planners",
        "probe_model",
    ),
    "planning.tool_calling": ("ToolCallingPlanner",),
    "state": (
        "ConversationState",
        "FeedbackKind",
        "Preference",
        "PreferenceKind",
        "PreferenceSubject",
        "Wish",
    ),
    "turn.checkpointer": ("open_checkpointer",),
    "understanding": (
        "Reader",
        "Reading",
    ),
}
_MODULE_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted(_MODULE_OF)  # noqa: PLE0605  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> object:
    module = _MODULE_OF.get(name)
    if module is None:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(importlib.import_module(f".{module}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
