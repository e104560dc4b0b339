"""What long-term memory counts for today: fading, what matters for a turn, pausing in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agents import RulesPlanner, Wish
from agents.memory.retrieval import (
    HALF_LIFE_DAYS,
    ITEM_HALF_LIFE_DAYS,
    faded,
    relevant_preferences,
    strength,
)
from agents.planning.rules_standing import long_term_weights
from agents.state import Preference
from agents.turn.learning import read_learning
from rec_core import RecommendRequest

from ..film_world import film_catalog, film_id
from .turn_kit import an_agent, film_recommender, said

NOW = datetime(2026, 6, 1, tzinfo=UTC)
HEAT, CASINO, BIG, TITANIC = (
    *(film_id(t) for t in ("Heat", "Casino", "Big")),
    film_id("Titanic", 1997),
)


def stated(value: str, kind: str = "like", subject: str = "genre", *, days: float = 0, **more):
    fields = {"preference_id": f"{kind}-{value}", "label": value, "confidence": 1.0} | more
    when = NOW - timedelta(days=days)
    return Preference(kind=kind, subject=subject, value=value, created_at=when, **fields)  # type: ignore[arg-type]


def relevant(
    preferences, wish: Wish | None = None, text: str = "a film", limit: int = 2
) -> list[str]:
    found = relevant_preferences(
        preferences, wish=wish or Wish(), text=text, limit=limit, recommender=film_recommender()
    )  # fmt: skip
    return [one.value for one in found]


def test_a_like_halves_and_a_rule_does_not() -> None:
    assert strength(stated("Crime", days=HALF_LIFE_DAYS), NOW) == pytest.approx(0.5)
    assert strength(stated("Crime", days=2 * HALF_LIFE_DAYS, confidence=0.8), NOW) == pytest.approx(
        0.2
    )
    assert strength(stated(HEAT, subject="item", days=ITEM_HALF_LIFE_DAYS), NOW) == pytest.approx(
        0.5
    )
    for kind in ("must", "must_not", "dislike"):
        assert strength(stated("Horror", kind, days=4_000), NOW) == 1.0
    assert strength(stated("Crime", days=-3), NOW) == 1.0  # a clock that went back


def test_a_faded_like_pulls_less_and_is_not_rewritten() -> None:
    old = stated("Crime", days=HALF_LIFE_DAYS)
    today = faded([old], NOW)
    assert (old.confidence, today[0].confidence, today[0].created_at) == (1.0, 0.5, old.created_at)
    fresh = long_term_weights(Wish(), [old], film_catalog())
    pulled = long_term_weights(Wish(), today, film_catalog())
    assert pulled["Crime"] == pytest.approx(fresh["Crime"] / 2)


def test_rules_always_come_then_what_the_wish_is_about() -> None:
    preferences = [
        stated("Horror", "must_not", days=900),
        stated("Musical", "dislike", days=800),
        stated("Romance", days=1),
        stated("Crime", days=100),
    ]
    wish = Wish(like_item_ids=(HEAT,))  # action, crime, thriller
    assert relevant(preferences, wish, limit=3) == ["Musical", "Horror", "Crime"]
    assert relevant(preferences, limit=3) == [
        "Musical",
        "Horror",
        "Romance",
    ]  # nothing asked: newest
    assert relevant(preferences, wish, limit=1) == ["Musical", "Horror"]
    assert sorted(relevant(preferences, limit=9)) == ["Crime", "Horror", "Musical", "Romance"]


def test_items_that_share_people_or_kinds_with_the_wish_come_first() -> None:
    likes = [stated(one, subject="item", days=50) for one in (CASINO, TITANIC)]
    likes += [stated(BIG, subject="item", label="Big (1988)", days=1)]
    assert relevant(likes, Wish(like_item_ids=(HEAT,)), limit=1) == [CASINO]
    assert relevant(likes, text="like big, you know", limit=1) == [BIG]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("stop learning about me for now", "pause"), ("Please pause learning.", "pause"),
        ("don't remember anything", "pause"), ("don’t learn from what I say", "pause"),
        ("incognito mode please", "pause"), ("stop taking notes", "pause"),
        ("can you stop remembering what I say from now on?".rstrip("?"), "pause"),
        ("turn off your memory", "pause"), ("don't track me", "pause"),
        ("resume learning", "resume"), ("you can learn about me again", "resume"),
        ("you may remember things again", "resume"), ("turn learning back on", "resume"),
        ("start learning again", "resume"), ("leave incognito mode", "resume"),
    ],
)  # fmt: skip
def test_learning_is_switched_in_words(text: str, kind: str) -> None:
    command = read_learning(text)
    assert command is not None
    assert (command.kind, command.rest) == (kind, "")


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("don't remember this: I love musicals", "I love musicals"),
        ("I loved Heat, but don't save that", "I loved Heat"),
        ("off the record, I hated Casino", "I hated Casino"),
        ("just between you and me, I like romance", "I like romance"),
        ("don't remember that", ""),
        ("please don't note this down", ""),
    ],
)
def test_one_message_can_be_kept_out(text: str, rest: str) -> None:
    command = read_learning(text)
    assert command is not None
    assert (command.kind, command.rest) == ("not_this", rest)


@pytest.mark.parametrize(
    "text",
    [
        "forget that", "don't remember that I like horror", "I don't remember that film",
        "stop remembering that I hate horror", "remember that I love horror", "a private detective film",
        "something about memory", "films about learning", "stop", "save private ryan", "",
        "remember me?", "I like to learn things", "incognito is a film I liked",
    ],
)  # fmt: skip
def test_other_messages_switch_nothing(text: str) -> None:
    assert read_learning(text) is None


def agent_of_rules():
    return an_agent(RulesPlanner(film_recommender()))


def test_what_is_said_while_paused_in_words_is_really_not_kept() -> None:
    agent = agent_of_rules()
    agent.reply(said("I love musicals"))
    paused = agent.reply(said("stop learning about me for now", "t2"))
    assert "pausing learning" in paused.text
    assert agent.store.is_paused("ada")
    told = agent.reply(said("I hate horror", "t3"))
    assert told.saved == ()
    assert any("paused" in notice for notice in told.notices)
    agent.store.record_feedback("ada", "talk", "click", HEAT, "Heat (1995)", "like")
    resumed = agent.reply(said("resume learning", "t4"))
    assert "learning again" in resumed.text
    assert not agent.store.is_paused("ada")
    assert [one.value for one in agent.store.preferences("ada")] == ["Musical"]
    agent.reply(said("I hate horror", "t5"))
    assert [one.value for one in agent.store.preferences("ada")] == ["Musical", "Horror"]


def test_one_message_is_used_and_not_noted() -> None:
    agent = agent_of_rules()
    result = agent.reply(said("off the record, I hate horror. recommend something scary"))
    assert result.saved == ()
    assert any("this conversation only" in notice for notice in result.notices)
    assert agent.store.preferences("ada") == ()


def test_the_newest_note_is_taken_back_by_dont_remember_that() -> None:
    agent = agent_of_rules()
    agent.reply(said("I love musicals"))
    agent.reply(said("I hate horror", "t2"))
    result = agent.reply(said("don't remember that", "t3"))
    assert "Horror" in result.text
    assert [one.value for one in agent.store.preferences("ada")] == ["Musical"]
    assert "noted nothing" in agent.reply(said("don't remember that", "t4")).text


def test_everything_about_one_thing_is_forgotten_and_nothing_else() -> None:
    agent = agent_of_rules()
    for place, text in enumerate(
        ("I hate horror", "I love musicals", "remember that horror gives me bad dreams")
    ):
        agent.reply(said(text, f"a{place}"))
    assert len(agent.store.preferences("ada")) == 3
    agent.reply(said("forget everything about horror", "b1"))
    assert [one.value for one in agent.store.preferences("ada")] == ["Musical"]


def test_more_notes_than_one_message_may_call_for_are_all_forgotten() -> None:
    agent = agent_of_rules()
    names = ("Crime", "Comedy", "Drama", "War", "Western", "Musical", "Romance", "Thriller")
    for name in names:
        agent.store.save_preference("ada", stated(name))
    assert "and 2 more" in agent.reply(said("forget everything about me")).text
    assert agent.store.preferences("ada") == ()


def test_opinions_reach_the_ranking_of_the_same_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    agent = agent_of_rules()
    asked: list[RecommendRequest] = []
    recommend = agent.recommender.recommend

    def noting(request: RecommendRequest):
        asked.append(request)
        return recommend(request)

    monkeypatch.setattr(agent.recommender, "recommend", noting)
    result = agent.reply(said("I loved Heat and hated Casino, something for tonight"))
    assert result.items
    for request in asked:
        assert HEAT in request.history
        assert CASINO in request.disliked
    assert {HEAT, CASINO}.isdisjoint(item.item_id for item in result.items)
    agent.reply(said("show me others", "t2"))
    assert HEAT in asked[-1].history
    assert CASINO in asked[-1].disliked
    told = agent.store.interactions_for_training()
    assert {(one.item_id, one.liked) for one in told} == {(HEAT, True), (CASINO, False)}
