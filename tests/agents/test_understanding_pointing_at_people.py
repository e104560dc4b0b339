"""People who are pointed at, released or refused again; counts in passing; refusals of a whole series."""

from __future__ import annotations

import pytest

from agents.state import ConversationState, Wish
from agents.understanding.makers import people_pointed_at
from agents.understanding.numbers import read_count
from agents.understanding.reading import Mention
from agents.understanding.series import SeriesIndex, series_name
from agents.understanding.text import TITLE_MARK
from rec_core import Catalog, Item
from tests.agents.rules_world import Conversation, film_recommender
from tests.agents.test_understanding import read
from tests.film_world import film_catalog, film_id

HEAT = film_catalog()[film_id("Heat")]
SHOWN = ConversationState(last_slate=(HEAT.item_id,), focus_item_id=HEAT.item_id)


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("anything else by that director?", HEAT.directors[:1]),
        ("what else did he make?", HEAT.directors[:1]),
        ("something by the same director", HEAT.directors[:1]),
        ("the first one looks good, more with the same lead", HEAT.cast[:1]),
        ("who is the director of the first one?", ()),
    ],
)
def test_people_are_pointed_at_through_what_was_shown(text: str, people: tuple[str, ...]) -> None:
    assert read(text, SHOWN).wish.people_all == people


def test_the_maker_of_a_named_film_is_meant_and_the_film_is_no_example() -> None:
    plain = f"more from the guy who made {TITLE_MARK * 4}"
    title = Mention(item_ids=(HEAT.item_id,), start=plain.index(TITLE_MARK), end=len(plain))
    people, used = people_pointed_at(plain, (title,), ConversationState(), film_catalog(), ())
    assert tuple(person.name for person in people) == HEAT.directors[:2]
    assert used == (title,)


def test_a_pronoun_points_at_whom_the_wish_names() -> None:
    state = SHOWN.model_copy(update={"wish": Wish(people_all=("Tom Hanks",))})
    assert read("something with him from the 90s", state).wish.people_all == ("Tom Hanks",)


def test_who_need_not_be_in_it_is_let_go_and_not_refused() -> None:
    state = ConversationState(wish=Wish(people_all=("Tom Hanks",), genres_all=("Comedy",)))
    wish = read("it doesn't have to be Tom Hanks", state).wish
    assert (wish.people_all, wish.people_none, wish.genres_all) == ((), (), ("Comedy",))
    wish = read("it doesn't need to be a comedy", state).wish
    assert (wish.genres_all, wish.genres_none, wish.people_all) == ((), (), ("Tom Hanks",))


def test_whoever_was_refused_and_is_named_as_a_complaint_stays_refused() -> None:
    state = SHOWN.model_copy(update={"wish": Wish(people_none=("Tom Hanks",))})
    wish = read("that one has Tom Hanks in it. I said no Tom Hanks", state).wish
    assert (wish.people_all, wish.people_none) == ((), ("Tom Hanks",))


@pytest.mark.parametrize(
    ("plain", "expected"),
    [
        ("2 or 3 films please", (3, False, False)),
        ("two of his", (2, False, False)),
        ("a double feature", (2, False, False)),
        ("a few films", (3, False, True)),
        ("two more like those", (2, True, False)),
        ("less famous ones, four maybe", (4, False, False)),
        ("my top 3 films", None),
        ("the one thing i cannot take", None),
        ("one of those", None),
        ("we always watch one film together", None),
    ],
)
def test_counts(plain: str, expected: tuple[int, bool, bool] | None) -> None:
    count = read_count(plain)
    assert (count and (count.value, count.more, count.vague)) == expected


def test_a_number_of_further_films_is_kept() -> None:
    state = SHOWN.model_copy(update={"wish": Wish(genres_all=("Drama",))})
    assert read("three others", state).wish.count == 3
    assert read("another one", state).wish.count is None


def test_a_series_is_refused_by_its_name_and_a_part_by_its_own() -> None:
    titles = (
        "Star Trek: The Motion Picture",
        "Star Trek II: The Wrath of Khan",
        "Star Wars",
        "Alien",
    )
    catalog = Catalog([Item(item_id=f"s{n}", title=title) for n, title in enumerate(titles)])
    series = SeriesIndex(catalog)
    assert series.of("s0") == ("s0", "s1")
    assert series.of("s1") == ("s1",)
    assert series.of("s3") == ("s3",)
    assert series_name("The Godfather: Part II") == "the godfather"


def test_no_slate_shows_a_series_that_was_refused_by_name() -> None:
    talk = Conversation(recommender=film_recommender())
    talk.say("science fiction, but not Star Wars")
    reply = talk.say("more")
    left_out = set(reply.outcomes[0].call.arguments["exclude"])
    assert {i.item_id for i in film_catalog() if i.title.startswith("Star Wars")} <= left_out


def test_never_is_a_rule_of_long_standing() -> None:
    (never,) = read("I never watch horror").learned
    (dislike,) = read("I don't like horror").learned
    assert (never.kind, dislike.kind) == ("must_not", "dislike")


def test_a_slate_that_does_not_tempt_is_passed_over_and_not_disliked() -> None:
    reading = read("nothing tempts me", SHOWN)
    assert (reading.act, reading.disliked_item_ids) == ("more", ())


def test_the_refusal_goes_on_with_or() -> None:
    state = ConversationState(rejected_item_ids=(film_id("Alien"),))
    assert read("or Casablanca", state).disliked_item_ids == (film_id("Casablanca"),)


def test_which_one_is_more_so_is_a_comparison() -> None:
    slate = (film_id("Heat"), film_id("Alien"), film_id("Fargo"))
    reading = read("which one is scarier?", ConversationState(last_slate=slate))
    assert (reading.act, reading.item_ids) == ("compare", slate)


def test_newer_takes_back_older() -> None:
    state = SHOWN.model_copy(update={"wish": read("something older", SHOWN).wish})
    assert "older" in state.wish.notes
    assert read("newer", state).wish.notes == ("newer",)
