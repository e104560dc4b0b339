"""The rewriter behind the chat: heard by the ranking, charged to the turn, and never in the way."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from agents import BudgetMeter
from agents.llm.chat import ModelFailed
from agents.rewriting.facts import FactFinder
from agents.rewriting.rewriter import QueryRewriter
from rec_core import RecommendRequest

from ..film_world import film_catalog
from .turn_kit import ScriptedPlanner, a_plan, an_agent, film_recommender, recommending, said


class Writer:
    """Answers every request with the same words, or fails."""

    name = "writer"

    def __init__(self, query: str | ModelFailed) -> None:
        self.query = query
        self.asked = 0

    def complete(
        self,
        messages: Sequence[Any],
        *,
        schema: Mapping[str, Any],
        prompt: tuple[str, str],
        meter: BudgetMeter,
    ) -> str:
        self.asked += 1
        meter.charge_model_call(prompt_tokens=10)
        if isinstance(self.query, ModelFailed):
            raise self.query
        return json.dumps({"query": self.query})


def rewriter(writer: Writer) -> QueryRewriter:
    return QueryRewriter(writer, FactFinder.over(film_catalog()))


def slate(query: str | ModelFailed | None) -> tuple[list[str], int]:
    """What is shown for an empty wish, with a rewriter that writes these words or with none."""
    more = {} if query is None else {"rewriter": rewriter(Writer(query))}
    agent = an_agent(ScriptedPlanner(a_plan(recommending())), **more)
    result = agent.reply(said("something good"))
    return [item.item_id for item in result.items], result.usage.model_calls


def test_the_ranking_hears_the_rewrite_and_the_turn_pays_for_it() -> None:
    recommended = film_recommender().recommend(RecommendRequest(k=12, diversity=0.0))
    target = film_catalog()[recommended.candidates[8].item_id]

    plain, no_calls = slate(None)
    heard, one_call = slate(target.title)

    assert (no_calls, one_call) == (0, 1)
    assert target.item_id not in plain
    assert target.item_id in heard


@pytest.mark.parametrize("kind", ["timeout", "unusable", "busy"])
def test_a_rewriter_that_fails_changes_nothing(kind: Any) -> None:
    assert slate(ModelFailed(kind))[0] == slate(None)[0]
