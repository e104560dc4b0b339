"""Asking: worth by hand, when it is welcome, and that every answer offered is understood."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from agents import ConversationState, RulesPlanner, Wish
from agents.asking import best_question, expected_bits, may_ask, pool_weights
from agents.understanding import Reader
from rec_core import Candidate, Catalog, Item

from .turn_kit import an_agent, film_recommender, said

EVEN = np.full(4, 0.25)


def films(*rows: tuple[str, ...], years: tuple[int, ...] = ()) -> tuple[list[Candidate], Catalog]:
    """Items with these genres, all scored the same."""
    items = [
        Item(
            item_id=f"i{place}",
            title=f"T{place}",
            genres=genres,
            year=years[place] if years else None,
        )
        for place, genres in enumerate(rows)
    ]
    return [Candidate(item_id=one.item_id, score=1.0) for one in items], Catalog(items)


def test_the_worth_of_an_answer_by_hand() -> None:
    halves = np.array([[1, 1, 0, 0], [0, 0, 1, 1]], dtype=bool)
    assert expected_bits(halves, EVEN) == pytest.approx(1.0)
    quarters = np.eye(4, dtype=bool)
    assert expected_bits(quarters, EVEN) == pytest.approx(2.0)
    assert expected_bits(quarters[:2], EVEN) == pytest.approx(
        1.5
    )  # "none of these" is an answer too
    same = np.ones((2, 4), dtype=bool)
    assert expected_bits(same, EVEN) == pytest.approx(0.0)  # everything fits both
    # Answers 1/2, 1/2 of the pool; an even item leaves one bit open, the others none: 1 - 1/2.
    overlap = np.array([[1, 1, 1, 0], [0, 1, 1, 1]], dtype=bool)
    assert expected_bits(overlap, EVEN) == pytest.approx(0.5)


def test_better_items_weigh_more() -> None:
    assert pool_weights([3.0, 3.0]).tolist() == [0.5, 0.5]
    weights = pool_weights([2.0, 1.0, 0.0])
    assert weights.sum() == pytest.approx(1.0)
    assert weights[0] > weights[1] > weights[2]


def test_the_attribute_that_splits_most_is_asked_about() -> None:
    pool, catalog = films(
        ("Comedy",), ("Comedy",), ("War",), ("Horror",), years=(1975, 1985, 1995, 2005)
    )
    era = best_question(pool, catalog, Wish())
    assert era is not None
    assert (era.attribute, era.bits) == ("era", 2.0)
    assert era.answers == ("From the 2000s", "From the 1990s", "From the 1980s", "From the 1970s")
    kind = best_question(pool, catalog, Wish(year_min=1970))
    assert kind is not None
    assert (kind.attribute, kind.bits) == ("genre", 1.5)  # 1/2, 1/4, 1/4
    assert kind.answers == ("A comedy", "A war film", "A horror film")
    assert best_question(pool, catalog, Wish(year_min=1970), asked_about=["genre"]) is None
    assert best_question(pool, catalog, Wish(), enough_bits=2.1) is None


def test_a_pool_of_one_kind_and_time_is_only_shown() -> None:
    pool, catalog = films(*[("Comedy",)] * 5, years=(1995,) * 5)
    assert best_question(pool, catalog, Wish()) is None
    assert best_question(pool[:2], catalog, Wish()) is None
    assert best_question([], catalog, Wish()) is None


@pytest.mark.parametrize(
    ("wish", "welcome"),
    [
        (Wish(), True), (Wish(genres_all=("Comedy",)), True), (Wish(year_min=1990, year_max=1999), True),
        (Wish(genres_none=("Horror",)), True), (Wish(genres_all=("Comedy",), year_min=1990), False),
        (Wish(genres_all=("Comedy", "War")), False), (Wish(like_item_ids=("x",)), False),
        (Wish(query="heist"), False), (Wish(count=1), False), (Wish(people_all=("Tom Hanks",)), False),
    ],
)  # fmt: skip
def test_only_wide_open_wishes_are_asked_about(wish: Wish, welcome: bool) -> None:
    assert may_ask(wish, ConversationState()) == welcome
    assert not may_ask(wish, ConversationState(asked=True))


def test_something_is_shown_with_every_question_and_no_attribute_comes_twice() -> None:
    agent = an_agent(RulesPlanner(film_recommender()))
    asked = []
    for place in range(6):
        result = agent.reply(said("recommend something", f"t{place}"))
        assert result.items
        state = agent.store.state("ada", "talk")
        asked.append(state.asked)
        if state.asked:
            assert result.text.endswith("?")
            assert 3 <= len(result.suggestions) <= 4
    assert asked[0]
    assert not any(first and second for first, second in pairwise(asked))
    about = agent.store.state("ada", "talk").asked_about
    assert len(set(about)) == len(about) == sum(asked)


def test_answers_offered_are_understood() -> None:
    recommender = film_recommender()
    reader = Reader(recommender)
    state = ConversationState(asked=True)
    pool = [
        Candidate(item_id=item.item_id, score=0.0)
        for item in recommender.catalog
        if item.year is not None
    ]
    offered: set[str] = set()
    for start in range(0, len(pool), 12):
        for past in ((), ("era",), ("genre",), ("genre", "era")):
            question = best_question(
                pool[start : start + 12], recommender.catalog, Wish(), asked_about=past, enough_bits=0.0
            )  # fmt: skip
            offered.update(question.answers if question else ())
    assert len(offered) > 12
    moods = {answer for answer in offered if answer.startswith("Something about")}
    for answer in sorted(offered - moods):
        wish = reader.read(answer, state).wish
        firm = wish.year_max if answer.startswith("From") else wish.genres_all or wish.genres_any
        assert firm, (answer, wish)
    understood = [answer for answer in moods if reader.read(answer, state).wish != Wish()]
    assert len(understood) >= 0.8 * len(moods)
