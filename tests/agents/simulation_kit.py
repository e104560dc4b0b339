"""Small worlds for tests of simulated people: a persona by hand, lists for arms, a model on a script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from langchain_core.messages import BaseMessage

from agents import BudgetMeter
from agents.simulation import (
    ArmReply,
    HiddenSplit,
    Persona,
    Reaction,
    StatisticalPeople,
    Traits,
    draw_personas,
    hide_late_events,
)
from tests.film_world import film_catalog, film_id, film_interactions


@cache
def film_split() -> HiddenSplit:
    """The small world of films, cut in time."""
    return hide_late_events(film_interactions(film_catalog()))


@cache
def film_personas() -> tuple[Persona, ...]:
    """Forty of its viewers."""
    return draw_personas(film_catalog(), film_split(), count=40, generator=np.random.default_rng(0))


@cache
def film_people() -> StatisticalPeople:
    """Their statistical models; fitted once."""
    return StatisticalPeople.fit(film_catalog(), film_split(), film_personas())


def a_persona(*, history: Sequence[str] = (), likes: Sequence[str] = (), **more: Any) -> Persona:
    """Somebody in the middle of everything; titles of the film world."""
    parts: dict[str, Any] = {
        "persona_id": "p-1",
        "user_id": "1",
        "history": tuple(film_id(title) for title in history),
        "ratings": (5.0,) * len(history),
        "hidden_likes": tuple(film_id(title) for title in likes),
        "hidden_dislikes": (),
        "traits": Traits(activity=0.5, conformity=0.5, diversity=0.5, novelty=0.5),
    }
    return Persona(**(parts | more))


@dataclass
class ListArm:
    """Shows a list page by page, and answers sentences with a script."""

    item_ids: Sequence[str] = ()
    replies: Sequence[ArmReply] = ()
    name: str = "list"
    converses: bool = True
    heard: list[str] = field(default_factory=list)
    learned: list[Sequence[Reaction]] = field(default_factory=list)

    def open(self, persona_id: str, history: tuple[str, ...], seed: int) -> ListArm:
        """Itself, from the start."""
        return ListArm(
            item_ids=list(self.item_ids), replies=list(self.replies), name=self.name,
            heard=self.heard, learned=self.learned,
        )  # fmt: skip

    def page(self, size: int) -> tuple[str, ...]:
        shown, self.item_ids = tuple(self.item_ids[:size]), self.item_ids[size:]
        return shown

    def learn(self, reactions: Sequence[Reaction]) -> None:
        self.learned.append(reactions)

    def say(self, text: str) -> ArmReply:
        self.heard.append(text)
        first, self.replies = self.replies[0], self.replies[1:]
        return first


def a_reply(*titles: str, text: str = "Here.", choices: tuple[str, ...] = ()) -> ArmReply:
    return ArmReply(text=text, item_ids=tuple(film_id(title) for title in titles), choices=choices)


@dataclass
class ScriptedModel:
    """Writes its answers in order; asked once too often, it fails the test."""

    answers: list[str | Exception]
    name: str = "scripted"
    asked: list[Sequence[BaseMessage]] = field(default_factory=list)

    def complete(
        self,
        messages: Sequence[BaseMessage],
        *,
        schema: Mapping[str, Any],
        prompt: tuple[str, str],
        meter: BudgetMeter,
    ) -> str:
        assert self.answers, "the model was asked once too often"
        assert schema["additionalProperties"] is False
        assert prompt[0].startswith("simulated_")
        meter.charge_model_call(prompt_tokens=10)
        self.asked.append(messages)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer
