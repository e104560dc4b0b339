"""Seeking people: true facts, true contrasts, true answers, and never a word of the title."""

from __future__ import annotations

import numpy as np
import pytest

from agents.simulation import (
    Exchange,
    LeakGuard,
    SessionRecord,
    TemplateSeekers,
    draw_target,
    leaks_heard,
    seek,
)
from agents.simulation.facts import Fact, ItemKnowledge
from agents.simulation.wording import read_wording, with_slips
from rec_core import DataError, Item, UnknownItemError
from tests.agents.simulation_kit import ListArm, a_persona, a_reply
from tests.film_world import film_catalog, film_id

CATALOG = film_catalog()
KNOWLEDGE = ItemKnowledge(CATALOG)


def id_of(title: str) -> str:
    return film_id(title, 1990 if title == "It" else None)


def film(title: str) -> Item:
    return CATALOG[id_of(title)]


def talk(target: str, *replies, seed: int = 0, **more):
    arm = ListArm(replies=replies)
    persona = a_persona(hidden_likes=(id_of(target),), history=["Alien", "Heat"])
    record = seek(TemplateSeekers(CATALOG, **more), persona, id_of(target), arm, seed)
    return record, arm.heard


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Gladiator", "you know, Gladiator"),
        ("Gladiator", "it's gladiattor i think"),
        ("Gladiator", "GLADIATORS!"),
        ("Terminator 2: Judgment Day", "that judgement one"),
        ("Fight Club", "they have a club"),
        ("Seven", "I think it is se7en"),
        ("It", "I mean “It”"),
        ("It", "it"),
        ("Toy Story 2", "something like Toy Story"),
    ],
)
def test_the_guard_stops_what_tells_the_title(title: str, text: str) -> None:
    assert LeakGuard(film(title)).leaks(text)


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Gladiator", "a drama about revenge in Rome with Russell Crowe"),
        ("It", "it is a horror film, isn't it?"),
        ("Up", "cheer me up with a funny film"),
        ("Heat", "a heist film from the 1990s"),
    ],
)
def test_the_guard_lets_innocent_sentences_pass(title: str, text: str) -> None:
    assert not LeakGuard(film(title)).leaks(text)


def test_the_guard_would_rather_stop_in_vain() -> None:
    assert LeakGuard(film("Fight Club")).leaks("lots of fights? no, something with Brad Pitt")


def test_the_audit_of_what_arms_heard_is_independent_of_the_guard() -> None:
    def record(said: str, target: str) -> SessionRecord:
        exchange = Exchange(said=said, reply=a_reply())
        return SessionRecord(
            arm="a", persona_id="p", seed=0, protocol="seek",
            exchanges=(exchange,), target_id=id_of(target),
        )  # fmt: skip

    records = [
        record("it was Fight-Club!", "Fight Club"),
        record("they fight in a club", "Fight Club"),
        record("it is great", "It"),
        record("se7en perhaps", "Seven"),
    ]
    assert leaks_heard(records, CATALOG) == 2


@pytest.mark.parametrize("title", ["Gladiator", "It", "Up", "Toy Story 2", "Fight Club", "Seven"])
@pytest.mark.parametrize("slips", [0.0, 0.3])
def test_nobody_ever_names_what_they_seek(title: str, slips: float) -> None:
    guard = LeakGuard(film(title))
    replies = [a_reply("Heat", "Casino", text="These?") for _ in range(6)]
    for seed in range(8):
        record, heard = talk(title, *replies, seed=seed, slips=slips)
        assert len(heard) == 5
        assert not [said for said in heard if guard.leaks(said)]
        assert record.ending == "out_of_turns"
        assert record.hit_turn is None
        assert leaks_heard([record], CATALOG) == 0


def test_a_hit_is_the_item_itself_and_ends_the_talk() -> None:
    record, heard = talk("Gladiator", a_reply("Heat"), a_reply("Alien", "Gladiator"), a_reply())
    assert (record.hit_turn, record.ending, len(heard)) == (2, "accepted", 2)
    # Its name in words is no hit.
    named, _ = talk("Gladiator", *[a_reply(text="How about Gladiator?") for _ in range(5)])
    assert named.hit_turn is None


def test_equal_arguments_give_equal_talks_and_other_seeds_other_words() -> None:
    replies = [a_reply("Heat") for _ in range(5)]
    assert talk("Big", *replies) == talk("Big", *replies)
    assert len({tuple(talk("Big", *replies, seed=seed)[1]) for seed in range(5)}) > 1


def test_all_that_is_told_is_true_and_told_once() -> None:
    item, generator = film("Gladiator"), np.random.default_rng(0)
    facts = KNOWLEDGE.facts(item, a_persona(history=["Alien", "Heat"]), generator)
    assert len(set(facts)) == len(facts)
    for fact in facts:
        if fact.kind == "genre":
            assert fact.value in item.genres
        elif fact.kind == "decade":
            assert fact.value == "2000"
        elif fact.kind == "year":
            assert fact.value == str(item.year)
        elif fact.kind == "director":
            assert fact.value == "Ridley Scott"
        elif fact.kind == "actor":
            assert fact.value in item.cast
        elif fact.kind == "tag":
            assert fact.value in item.tags
    # Of the two known films, the one by the same director and of the same kinds has more in common.
    assert Fact(kind="like", value="Alien") in facts


def test_the_year_is_told_and_after_it_no_decade() -> None:
    item, persona = film("Gladiator"), a_persona()
    told = [KNOWLEDGE.facts(item, persona, np.random.default_rng(seed)) for seed in range(20)]
    orders = [[fact.kind for fact in facts if fact.kind in ("year", "decade")] for facts in told]
    assert ["decade", "year"] in orders
    assert ["year"] in orders
    assert ["year", "decade"] not in orders


def test_facts_that_give_the_title_away_are_not_told() -> None:
    facts = KNOWLEDGE.facts(
        film("Toy Story 2"), a_persona(history=["Toy Story"]), np.random.default_rng(0)
    )
    assert not [fact for fact in facts if "toy" in fact.value.casefold()]


def test_plot_words_are_rare_but_not_unique() -> None:
    items = [
        Item(item_id=str(n), title=f"Number {n}", texts={"wikipedia": text})
        for n, text in enumerate(("a submarine surfaces", "the submarine again", "nothing here"))
    ]
    from rec_core import Catalog

    facts = ItemKnowledge(Catalog(items)).facts(items[0], a_persona(), np.random.default_rng(0))
    assert facts == [Fact(kind="plot", value="submarine")]


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("A drama", True),
        ("A comedy", False),
        ("From the 2000s", True),
        ("From the 1990s", False),
        ("From before 1990", False),
        ("from 1995 on", True),
        ("Something about rome", True),
        ("with Russell Crowe", True),
        ("Science fiction", False),
        ("For the whole family", False),
        ("Surprise me", None),
    ],
)
def test_offered_answers_are_judged(answer: str, verdict: bool | None) -> None:
    # Gladiator: 2000, action, adventure, drama.
    assert KNOWLEDGE.is_true(answer, film("Gladiator")) is verdict


def test_contrasts_are_true_of_all_that_was_shown() -> None:
    gladiator = film("Gladiator")
    shown = [film_id("Alien"), film_id("Aliens")]  # 1979 and 1986, horror and science fiction
    found = KNOWLEDGE.contrasts(gladiator, shown)
    assert ("newer", "") in found
    assert ("genre", "Sci-Fi") in found or ("genre", "Horror") in found
    assert not [value for kind, value in found if kind == "older"]
    assert KNOWLEDGE.contrasts(gladiator, []) == []
    # Only half of these are newer than it: nothing on years can be said.
    mixed = KNOWLEDGE.contrasts(gladiator, [film_id("Alien"), film_id("Avatar")])
    assert not [kind for kind, _ in mixed if kind in {"older", "newer"}]


def test_who_only_answers_clicks_what_is_true_and_tells_nothing_else() -> None:
    asked = a_reply("Heat", choices=("A comedy", "A drama", "From the 1980s"))
    untrue = a_reply("Heat", choices=("A comedy", "From the 1980s"))
    _, heard = talk("Gladiator", asked, untrue, a_reply("Heat"), asked, asked, manner="answers")
    words = read_wording()
    assert heard[0] in words.openings["vague"]
    assert heard[1] == "A drama"
    assert heard[2] in words.answers["none"]
    assert heard[3] in words.answers["more"]
    assert heard[4] == "A drama"


def test_nobody_clicks_what_they_have_just_said() -> None:
    asked = a_reply("Heat", choices=("A drama", "Something about action", "From the 2000s"))
    heard = [talk("Gladiator", asked, *[a_reply("Heat")] * 4, seed=seed)[1] for seed in range(20)]
    drama = [said for said in heard if "drama" in said[0]]
    action = [said for said in heard if "action" in said[0]]
    neither = [said for said in heard if said not in drama and said not in action]
    assert {said[1] for said in drama} == {"Something about action"}
    assert {said[1] for said in action} == {"A drama"}
    assert {said[1] for said in neither} == {"A drama"}


def test_who_volunteers_tells_at_most_two_facts_a_turn() -> None:
    item = film("Gladiator")
    values = [*item.people, *item.tags, "2000s"]
    replies = [a_reply("Heat") for _ in range(5)]
    for seed in range(10):
        _, heard = talk("Gladiator", *replies, seed=seed)
        assert max(sum(value in said for value in values) for said in heard) <= 2
        assert len(set(heard)) > 1


def test_slips_are_inside_words_and_only_where_wanted() -> None:
    generator = np.random.default_rng(0)
    assert with_slips("a wonderful film", 0.0, generator) == "a wonderful film"
    slipped = with_slips("a wonderful film", 1.0, generator)
    assert slipped != "a wonderful film"
    assert (slipped[:3], slipped[-6:]) == ("a w", "l film")


def test_targets_are_hidden_likes_by_the_seed() -> None:
    persona = a_persona(likes=["Big", "Heat", "Alien", "Up"])
    drawn = {draw_target(persona, seed, CATALOG) for seed in range(30)}
    assert drawn == set(persona.hidden_likes)
    assert draw_target(persona, 3, CATALOG) == draw_target(persona, 3, CATALOG)
    with pytest.raises(DataError, match="no hidden like"):
        draw_target(a_persona(), 0, CATALOG)
    with pytest.raises(UnknownItemError):
        seek(TemplateSeekers(CATALOG), persona, "nowhere", ListArm(), 0)
