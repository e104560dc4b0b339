"""The check of shown reasons: honest ones pass, each kind of wrong one is found."""

from __future__ import annotations

import pytest

from agents import Evidence, RulesPlanner
from agents.auditing import unsupported_reasons

from ..film_world import film_id
from .turn_kit import an_agent, film_recommender, said

HEAT = film_id("Heat")


def agent_of_rules():
    return an_agent(RulesPlanner(film_recommender()))


def test_reasons_of_a_conversation_hold() -> None:
    agent = agent_of_rules()
    agent.store.record_feedback("ada", "talk", "click", film_id("Alien"), "Alien (1979)", "like")
    texts = (
        "recommend something", "something like Heat but less violent", "I love Tom Hanks",
        "I loved Heat and hated Casino, something for tonight", "show me others", "forget that",
        "comedies from the 90s", "off the record, I loved Big. something similar", "more",
    )  # fmt: skip
    shown = 0
    for place, text in enumerate(texts):
        result = agent.reply(said(text, f"t{place}"))
        shown += len(result.items)
        assert unsupported_reasons(agent, "ada", "talk", result) == ()
    assert shown > 20


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"reason": "The best film ever made."}, "words"),
        ({"year": 1901}, "card"),
        ({"item_id": "nope"}, "not in the catalog"),
        ({"evidence": (Evidence(kind="field", field="genres", value="Western"),)}, "does not hold"),
        (
            {
                "evidence": (
                    Evidence(kind="liked_item", field="influence", value="90%", item_id=HEAT),
                )
            },
            "does not hold",
        ),
    ],
)
def test_what_does_not_hold_is_named(change: dict, fault: str) -> None:
    agent = agent_of_rules()
    result = agent.reply(said("comedies from the 90s"))
    first, *rest = result.items
    forged = result.model_copy(update={"items": (first.model_copy(update=change), *rest)})
    (found,) = {one.split(": ")[0] for one in unsupported_reasons(agent, "ada", "talk", forged)}
    assert found.startswith(first.title)
    assert any(fault in one for one in unsupported_reasons(agent, "ada", "talk", forged))


def test_a_like_that_was_taken_back_supports_nothing() -> None:
    agent = agent_of_rules()
    agent.store.record_feedback("ada", "talk", "c1", HEAT, "Heat (1995)", "like")
    result = agent.reply(said("crime films"))
    assert any(one.kind == "liked_item" for item in result.items for one in item.evidence)
    assert unsupported_reasons(agent, "ada", "talk", result) == ()
    agent.store.record_feedback("ada", "talk", "c2", HEAT, "Heat (1995)", "clear")
    assert unsupported_reasons(agent, "ada", "talk", result)
