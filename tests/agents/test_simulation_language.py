"""People played by a model: what it is told, what it may answer, and what happens when it fails."""

from __future__ import annotations

import json

import pytest

from agents import ModelFailed
from agents.llm.served import ServedModel
from agents.simulation import LanguagePeople, LanguageSeekers, Reaction, Traits, browse, seek
from agents.simulation.language import about_person
from tests.agents.model_kit import Server, chat_with
from tests.agents.simulation_kit import ListArm, ScriptedModel, a_persona, a_reply
from tests.film_world import film_catalog, film_id
from tests.openai_server import say

CATALOG = film_catalog()
PERSONA = a_persona(history=["Heat", "Casino"], likes=["Gladiator"], ratings=(5.0, 2.0))
SHOWN = tuple(film_id(title) for title in ("Alien", "Big"))


def page_answer(*films: tuple[bool, int], then: str = "next") -> str:
    choices = [{"watch": watch, "rating": rating} for watch, rating in films]
    return json.dumps({"films": choices, "feeling": "quite happy", "then": then})


INTERVIEW = '{"score": 8, "reason": "good ones"}'


def test_a_model_browses() -> None:
    model = ScriptedModel(
        [page_answer((True, 5), (False, 1)), page_answer((True, 2), then="leave"), INTERVIEW]
    )
    arm = ListArm(item_ids=[*SHOWN, film_id("Up")])
    people = LanguagePeople(model, CATALOG)
    record = browse(people, PERSONA, arm, 0, page_size=2)
    assert people.name == "llm:scripted"
    assert [visit.reactions for visit in record.visits] == [
        (
            Reaction(item_id=SHOWN[0], watched=True, rating=5, liked=True),
            Reaction(item_id=SHOWN[1], watched=False),
        ),
        (Reaction(item_id=film_id("Up"), watched=True, rating=2, liked=False),),
    ]
    assert (record.ending, record.satisfaction, record.person_calls) == ("left", 8.0, 3)
    system, second_page = (message.text for message in model.asked[1])
    assert "Films you liked: Heat (1995)" in system
    assert "Films you did not like: Casino (1995)" in system
    # It remembers the first page, and is told nothing of the hidden truth.
    assert "watched Alien (1979) (5 of 5). You felt: quite happy" in second_page
    assert "Gladiator" not in system + second_page


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (page_answer((True, 5)), "every item"),
        (page_answer((True, 9), (False, 1)), "schema"),
        ("{}", "schema"),
        ("no", "schema"),
        (ModelFailed("unreachable"), "could not be reached"),
    ],
)
def test_a_model_that_fails_ends_the_session_as_failed(answer, reason: str) -> None:
    people = LanguagePeople(ScriptedModel([answer]), CATALOG)
    record = browse(people, PERSONA, ListArm(item_ids=SHOWN), 0)
    assert (record.ending, record.visits, record.satisfaction) == ("failed", (), None)
    assert reason in record.failure


def test_a_served_model_works_through_the_same_seam() -> None:
    server = Server([say(page_answer((False, 1), (False, 1), then="leave")), say(INTERVIEW)])
    people = LanguagePeople(ServedModel(chat_with(server)), CATALOG)
    record = browse(people, PERSONA, ListArm(item_ids=SHOWN), 0)
    assert (record.ending, record.failure) == ("left", "")
    assert record.person_calls == 2
    assert record.person_tokens > 0


def test_a_model_seeks_and_never_hears_the_title() -> None:
    model = ScriptedModel(
        [
            json.dumps({"message": "something grand, please"}),
            json.dumps({"message": "is it Gladiator?"}),
            json.dumps({"message": "with Russell Crowe"}),
        ]
    )
    arm = ListArm(replies=[a_reply("Heat", choices=("A comedy",)), a_reply("Gladiator")])
    target = film_id("Gladiator")
    record = seek(LanguageSeekers(model, CATALOG), PERSONA, target, arm, 0)
    assert arm.heard == ["something grand, please", "with Russell Crowe"]
    assert (record.hit_turn, record.leaks, record.person_calls) == (2, 1, 3)
    told = " ".join(message.text for asked in model.asked for message in asked)
    assert "Gladiator" not in told
    assert "shows: Heat (1995)" in told
    assert "offers: A comedy" in told


def test_who_cannot_keep_a_secret_says_something_safe() -> None:
    giveaway = json.dumps({"message": "Gladiator!"})
    arm = ListArm(replies=[a_reply("Gladiator")])
    model = ScriptedModel([giveaway] * 5)
    record = seek(LanguageSeekers(model, CATALOG), PERSONA, film_id("Gladiator"), arm, 0)
    assert (record.leaks, record.hit_turn) == (5, 1)
    assert arm.heard == ["something else please"]
    # Every try was worded in another way, or a tape would play the same answer again.
    assert len({asked[1].text for asked in model.asked}) == 5


def test_a_seeker_without_a_voice_fails_the_session() -> None:
    model = ScriptedModel([ModelFailed("busy")])
    record = seek(LanguageSeekers(model, CATALOG), PERSONA, film_id("Big"), ListArm(), 0)
    assert record.ending == "failed"
    assert record.failure == "the language model is busy"


def test_traits_in_words() -> None:
    loud = about_person(Traits(activity=0.9, conformity=0.1, diversity=0.5, novelty=0.9))
    assert loud == (
        "You watch a great many films. You often disagree with the crowd. "
        "You like to discover little-known films."
    )
    plain = about_person(Traits(activity=0.5, conformity=0.5, diversity=0.5, novelty=0.5))
    assert plain == "You are an average viewer."
