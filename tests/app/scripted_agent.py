"""A stand-in for the agent: fixed answers as typed events, over a real store and a real catalog."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agents import (
    ConversationState,
    ConversationStore,
    Evidence,
    PlanMade,
    SlateItem,
    SlateReady,
    TextDelta,
    ToolFinished,
    ToolStarted,
    TurnEvent,
    TurnFinished,
    TurnResult,
    TurnStarted,
    Usage,
    UserMessage,
)
from rec_core import Catalog
from tests.film_world import film_catalog


@dataclass
class Core:
    """As much of a recommender as the app touches."""

    catalog: Catalog


class ScriptedAgent:
    """Shows the first undisliked items of the catalog, three at a time, in the same words.

    `fault` is raised instead of answering; `gate`, when given, is waited for after the plan.
    """

    def __init__(
        self,
        folder: Path,
        *,
        catalog: Catalog | None = None,
        fault: Exception | None = None,
        gate: threading.Event | None = None,
    ) -> None:
        self.recommender = Core(catalog or film_catalog())
        self.store = ConversationStore(f"sqlite:///{folder / 'rapport.db'}")
        self.said: list[str] = []
        self.stopped: list[tuple[str, str]] = []
        self._fault = fault
        self._gate = gate

    def stop(self, user_id: str, turn_id: str) -> None:
        self.stopped.append((user_id, turn_id))

    def reply(self, message: UserMessage) -> TurnResult:
        *_, last = self.stream(message)
        assert isinstance(last, TurnFinished)
        return last.result

    def stream(self, message: UserMessage) -> Iterator[TurnEvent]:
        turn = {"turn_id": message.turn_id, "conversation_id": message.conversation_id}
        self.store.begin_turn(
            message.user_id, message.conversation_id, message.turn_id, message.text
        )
        self.said.append(message.text)
        yield TurnStarted(text=message.text, **turn)
        yield PlanMade(planner="rules", intent="recommend", summary="Films you may like")
        if self._fault is not None:
            raise self._fault
        if self._gate is not None:
            self._gate.wait(10)
        yield ToolStarted(index=0, tool="recommend")
        yield ToolFinished(index=0, tool="recommend", ok=True, summary="3 found", seconds=0.02)
        self._note_dislike(message)
        items = self._items(message.user_id)
        for piece in ("Here are ", "three films."):
            yield TextDelta(text=piece)
        yield SlateReady(items=items)
        result = TurnResult(
            text="Here are three films.",
            items=items,
            notices=("Nothing older fits.",),
            suggestions=("More like these",),
            planner="rules",
            usage=Usage(tool_calls=1, seconds=0.1),
            **turn,
        )
        shown = tuple(item.item_id for item in items)
        state = ConversationState(shown_item_ids=shown, last_slate=shown, turn_count=1)
        self.store.commit_turn(
            message.user_id, message.conversation_id, message.turn_id, result, state, [], []
        )
        yield TurnFinished(result=result)

    def _note_dislike(self, message: UserMessage) -> None:
        for item in self.recommender.catalog:
            if message.text == f"I don't like {item.label}":
                self.store.record_feedback(
                    message.user_id,
                    message.conversation_id,
                    message.turn_id,
                    item.item_id,
                    item.label,
                    "dislike",
                )

    def _items(self, user_id: str) -> tuple[SlateItem, ...]:
        disliked = {key for key, kind in self.store.feedback(user_id).items() if kind == "dislike"}
        wanted = [item for item in self.recommender.catalog if item.item_id not in disliked][:3]
        return tuple(
            SlateItem(
                item_id=item.item_id,
                title=item.title,
                year=item.year,
                genres=item.genres,
                people=item.people,
                reason=f"A film of {item.year}.",
                evidence=(Evidence(kind="field", field="year", value=str(item.year)),),
            )
            for item in wanted
        )
