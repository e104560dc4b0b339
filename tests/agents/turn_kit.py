"""An agent over the film world whose planner plays a script; a step too many fails the test."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from agents import (
    ConversationalRecommender,
    ConversationStore,
    Plan,
    Planner,
    TurnLimits,
    TurnView,
    UserMessage,
    open_checkpointer,
)
from rec_core import HashEncoder, Recommender, SearchEngine
from tools import ToolCall, default_toolbox

from ..film_world import film_catalog, film_dataset

Step = Plan | Exception | Callable[[TurnView], Plan]


@cache
def film_recommender() -> Recommender:
    """The core over the film world; nothing is trained."""
    with tempfile.TemporaryDirectory() as folder:
        search = SearchEngine.build(film_catalog(), HashEncoder(), Path(folder) / "search")
    return Recommender(
        catalog=film_catalog(), interactions=film_dataset().interactions, search=search
    )


class ScriptedPlanner:
    """Plays its steps in order and keeps the views that it got."""

    def __init__(self, *steps: Step, name: str = "rules") -> None:
        self.name = name
        self.views: list[TurnView] = []
        self._steps = list(steps)

    def plan(self, view: TurnView) -> Plan:
        self.views.append(view)
        assert self._steps, "the planner was asked once too often"
        step = self._steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step if isinstance(step, Plan) else step(view)

    @property
    def is_done(self) -> bool:
        return not self._steps


def a_plan(*calls: tuple[str, dict], final: bool = True, **more) -> Plan:
    """A plan of the rules; calls as (tool, arguments)."""
    fields = {"planner": "rules", "intent": "recommend", "summary": "Look around."} | more
    steps = tuple(ToolCall(tool=tool, arguments=arguments) for tool, arguments in calls)
    return Plan(calls=steps, final=final, **fields)


def recommending(k: int = 6, **arguments) -> tuple[str, dict]:
    return "recommend", {"k": k, **arguments}


def presenting(*item_ids: str, message: str = "") -> tuple[str, dict]:
    return "present_slate", {"item_ids": list(item_ids), "message": message}


def an_agent(
    *planners: Planner, home: Path | None = None, limits: TurnLimits | None = None, **more
) -> ConversationalRecommender:
    """An agent with one conversation, "talk" of "ada"; on disk when `home` is given."""
    url = f"sqlite:///{home}/rapport.db" if home else "sqlite://"
    agent = ConversationalRecommender(
        recommender=film_recommender(),
        toolbox=more.pop("toolbox", None) or default_toolbox(),
        store=ConversationStore(url),
        planners=planners,
        checkpointer=open_checkpointer(home / "checkpoints.db" if home else None),
        limits=limits,
        **more,
    )
    agent.store.create_conversation("ada", conversation_id="talk")
    return agent


def said(text: str = "a film", turn_id: str = "t1", **more: str) -> UserMessage:
    fields = {"user_id": "ada", "conversation_id": "talk"} | more
    return UserMessage(turn_id=turn_id, text=text, **fields)


def kinds(events: Sequence[object]) -> list[str]:
    return [type(event).__name__ for event in events]
