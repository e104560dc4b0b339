"""Questions to people played by a model: what they are asked, and how answers are held against the truth."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from agents import ModelFailed
from agents.simulation import (
    QUESTIONS,
    LanguagePeople,
    SessionRecord,
    ask,
    draw_questions,
    judge_answers,
)
from tests.agents.simulation_kit import ScriptedModel, a_persona
from tests.film_world import film_catalog, film_id

CATALOG = film_catalog()
PERSONA = a_persona(history=["Heat", "Casino"], likes=["Gladiator", "Up"])
TAKEN = {film_id("Gladiator"), film_id("Up")}


def asked(*answers: str | Exception, size: int = 4) -> SessionRecord:
    return ask(LanguagePeople(ScriptedModel(list(answers)), CATALOG), PERSONA, CATALOG, 0, size)


def answer(watched: list[bool], rating: int = 4) -> str:
    films = [{"watch": one, "rating": rating} for one in watched]
    return json.dumps({"films": films, "feeling": "fine", "then": "leave"})


def judged(*records: SessionRecord, real: dict[tuple[str, str], float] | None = None):
    return judge_answers(records, [PERSONA], real or {}, generator=np.random.default_rng(0))


def test_half_of_the_questions_are_what_was_taken_later() -> None:
    for seed in range(10):
        page = draw_questions(PERSONA, CATALOG, seed, 4)
        assert len(set(page)) == 4
        assert set(page) > TAKEN
        assert not set(page) & set(PERSONA.history)
        assert page == draw_questions(PERSONA, CATALOG, seed, 4)
    assert len({draw_questions(PERSONA, CATALOG, seed, 4) for seed in range(10)}) > 1


def test_with_little_hidden_the_page_is_shorter_and_still_half_and_half() -> None:
    page = draw_questions(a_persona(likes=["Up"]), CATALOG, 0, 4)
    assert len(page) == 2
    assert film_id("Up") in page
    assert draw_questions(a_persona(), CATALOG, 0, 4) == ()


def test_who_knows_is_right_and_who_takes_everything_is_right_half_of_the_time() -> None:
    truth = [one in TAKEN for one in draw_questions(PERSONA, CATALOG, 0, 4)]
    knows, takes_all = asked(answer(truth)), asked(answer([True] * 4))
    assert (knows.arm, knows.person_calls, knows.satisfaction) == (QUESTIONS, 1, None)
    found = judged(knows)
    assert (found.accuracy.value, found.taken, found.answers, found.calls) == (1.0, 0.5, 4, 1)
    found = judged(takes_all)
    assert (found.accuracy.value, found.taken) == (0.5, 1.0)


def test_ratings_are_compared_where_the_real_one_is_known() -> None:
    page = draw_questions(PERSONA, CATALOG, 0, 4)
    real = {(PERSONA.user_id, film_id("Up")): 2.0, ("somebody", page[0]): 4.0}
    found = judged(asked(answer([True] * 4, rating=5)), real=real)
    # They said 5 of what was a 2; the mean of all ratings is 3.
    assert (found.ratings, found.rmse, found.guess_rmse) == (1, 3.0, 1.0)


@pytest.mark.parametrize("fault", [ModelFailed("unreachable"), "no"])
def test_who_cannot_answer_is_counted(fault: str | Exception) -> None:
    record = asked(fault)
    assert record.ending == "failed"
    found = judged(record)
    assert (found.failed, found.answers, found.people) == (1, 0, 0)
    assert math.isnan(found.accuracy.value)
    assert math.isnan(found.rmse)
