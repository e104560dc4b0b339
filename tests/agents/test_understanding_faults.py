"""Mechanisms that scripted conversations showed to fail: polarity, typing errors in years, wishes lost on the way."""

from __future__ import annotations

from functools import cache

import pytest

from agents.state import ConversationState
from agents.understanding import Reader, Reading
from rec_core import Catalog, Dataset, Item
from tests.agents.rules_world import Conversation, film_recommender, recommender_of
from tests.agents.test_understanding import hard_part, read, said
from tests.agents.test_understanding_turns import SLATE
from tests.film_world import film_catalog, film_id, film_interactions


def last(*texts: str) -> Reading:
    """The reading of the last of several messages; the slate is on the table from the second one on."""
    state = ConversationState()
    reading = read(texts[0], state)
    for text in texts[1:]:
        state = state.model_copy(update={"wish": reading.wish, "last_slate": SLATE})
        reading = read(text, state)
    return reading


POLARITY = [
    # whoever would not say no wants it; whoever would say no does not
    (["I wouldn't say no to a thriller from the seventies."], said(all="Thriller", min=1970, max=1979)),
    (["I never say no to a western"], said(all="Western")),
    (["I can't resist a good musical"], said(all="Musical")),
    (["I have nothing against westerns"], said(all="Western")),
    (["I would say no to a western"], said(none="Western")),
    (["nothing like thrillers or westerns"], said(none="Thriller, Western")),
    # "too" goes on refusing, within a message and from one to the next
    (["leave out the comedies. And the dramas too, please."], said(none="Comedy, Drama")),
    (["leave out the comedies", "And the dramas too, please."], said(none="Comedy, Drama")),
    (["no comedies. Also a nice drama as well?"], said(all="Drama", none="Comedy")),
    (["comedies, leave out the musicals", "and the westerns too"], said(all="Comedy, Western", none="Musical")),
    (["a comedy", "And the westerns too, please."], said(all="Comedy, Western")),
    # a verdict ends at the colon
    (["a drama", "Heat is not for me: nothing like thrillers or adventure films."], said(all="Drama", none="Thriller, Adventure")),
    # the "no" of a film is not the "no" of the person before it
    (["directed by Michael Mann, no Heat and no Fargo"], said(people="Michael Mann")),
    (["by Al Pacino, no Heat and no comedies"], said(people="Al Pacino", none="Comedy")),
    (["Tom Cruise, no. A thriller please"], said(all="Thriller", nopeople="Tom Cruise")),
]  # fmt: skip


@pytest.mark.parametrize(("texts", "expected"), POLARITY)
def test_what_is_wanted_and_what_is_not(texts: list[str], expected: dict[str, object]) -> None:
    assert hard_part(last(*texts).wish) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Fargo won't do: under 96 minutes.",
        "Fargo (1996) won't do.",
        "Fargo is out.",
        "not Fargo: something shorter",
        "Fargo isn't what I'm after",
    ],
)
def test_a_film_that_will_not_do_is_no_example(text: str) -> None:
    reading = last("a comedy", text)
    assert hard_part(reading.wish) == said(all="Comedy")
    assert reading.disliked_item_ids == (film_id("Fargo"),)
    assert reading.wants_slate


@pytest.mark.parametrize(("title", "year"), [("Big", 1988), ("Up", 2009), ("It", 2017)])
def test_an_everyday_word_with_its_year_is_a_title(title: str, year: int) -> None:
    reading = read(f"{title} ({year}) won't do.")
    assert reading.disliked_item_ids == (film_id(title, year),)
    assert hard_part(reading.wish) == {}


YEARS = [
    ("a film from befroe 1943", said(max=1942)),
    ("made bfeore 1940", said(max=1939)),
    ("a comedy made afetr 1980", said(all="Comedy", min=1981)),
    ("a comedy from the nineteis", said(all="Comedy", min=1990, max=1999)),
    ("a crime film from the seevnties", said(all="Crime", min=1970, max=1979)),
    ("a drama from the sxities", said(all="Drama", min=1960, max=1969)),
    ("A sceince fiction film", said(all="Sci-Fi")),
    ("We don't do naything newer than 1959", said(max=1959)),
    ("we don't show anything older than 1980", said(min=1980)),
]


@pytest.mark.parametrize(("text", "expected"), YEARS)
def test_a_slip_in_a_small_word_does_not_turn_the_years_around(
    text: str, expected: dict[str, object]
) -> None:
    assert hard_part(read(text).wish) == expected


@cache
def odd_reader() -> Reader:
    """A catalog with films called "No", "Oh!" and "A Horror Film", and an actor called "The 1999"."""
    odd = [
        Item(item_id="no", title="No", year=2012, genres=("Drama",)),
        Item(item_id="oh", title="Oh", year=2010, genres=("Drama",)),
        Item(item_id="kind", title="A Horror Film", year=1988, genres=("Horror",)),
        Item(item_id="band", title="Tell Nobody", year=2006, genres=("Drama",), cast=("The 1999",)),
    ]
    catalog = Catalog([*film_catalog(), *odd])
    events = film_interactions(catalog, n_users=5)
    return Reader(
        recommender_of(Dataset(name="odd", catalog=catalog, interactions=events, meta={}))
    )


def odd_wish(*texts: str) -> dict[str, object]:
    state = ConversationState()
    for text in texts:
        wish = odd_reader().read(text, state).wish
        state = state.model_copy(update={"wish": wish, "last_slate": SLATE})
    return {
        name: value
        for name, value in state.wish.model_dump().items()
        if value and name in ("year_min", "year_max", "genres_all", "people_all", "like_item_ids")
    }


def test_an_exclamation_is_no_title() -> None:
    for said_first in ("hey there, No,", "Oh,"):
        assert odd_wish("with Al Pacino", f"{said_first} from his early years: 1985 or earlier.") == {
            "year_max": 1985,
            "people_all": ("Al Pacino",),
        }  # fmt: skip
    assert odd_wish('something like "No"') == {"like_item_ids": ("no",)}


def test_a_year_is_nobody() -> None:
    assert odd_wish("a thriller from 2000 or later", "No, as I said: from 1999 or earlier.") == {
        "year_max": 1999,
        "genres_all": ("Thriller",),
    }


def test_a_kind_of_film_is_no_title() -> None:
    assert odd_wish("a horror film") == {"genres_all": ("Horror",)}


@pytest.mark.parametrize(
    "text",
    [
        "Not quite what I'm after.",
        "No, not what I was looking for",
        "these won't do",
        "with at least 6 out of 10",
        "rated PG",
        "Rated PG-13, please.",
        "What matters: rated R or NR.",
        "under 96 minutes",
    ],
)
def test_what_cannot_be_met_leaves_the_wish_and_shows_something(text: str) -> None:
    reading = last("a drama", text)
    assert hard_part(reading.wish) == said(all="Drama")
    assert reading.wants_slate
    assert not reading.unknown_titles


def test_after_an_unread_message_the_wish_stands() -> None:
    reading = last("a drama", "asdkj qwpoe zzzt", "I'd rather see some suggestions.")
    assert hard_part(reading.wish) == said(all="Drama")
    assert reading.wants_slate


def test_remember_that_means_what_stands_before_it() -> None:
    (never,) = read("I never want to see anything with Harrison Ford, remember that.").learned
    assert (never.kind, never.subject, never.value) == ("must_not", "person", "Harrison Ford")
    (note,) = read("My sister is scared of clowns. Please remember that for next time.").learned
    assert (note.subject, note.value) == ("note", "My sister is scared of clowns")
    (after,) = read("Remember that my sister is scared of clowns.").learned
    assert after.value == "my sister is scared of clowns"


def test_one_at_a_time_outlasts_the_topic_until_another_number_is_said() -> None:
    texts = ["Only ever show me one at a time.", "A drama, please.", "a comedy"]
    assert hard_part(last(*texts).wish) == said(all="Comedy", count=1)
    assert hard_part(last(*texts, "three westerns").wish) == said(all="Western", count=3)
    assert hard_part(last(*texts, "three westerns", "a drama").wish) == said(all="Drama")


def titles(*texts: str) -> set[str]:
    conversation = Conversation(recommender=film_recommender())
    replies = [conversation.say(text) for text in texts]
    return {film_catalog()[item_id].title for item_id in replies[-1].item_ids}


def test_whoever_is_asked_for_as_a_director_is_not_shown_as_an_actor() -> None:
    # Frank Oz is in all three Muppet films and directed the one of 1984.
    acted = {"The Great Muppet Caper", "The Muppet Movie"}
    assert acted <= titles("with Frank Oz")
    directed = titles("directed by Frank Oz")
    assert "The Muppets Take Manhattan" in directed
    assert not acted & directed
    assert not acted & titles("directed by Frank Oz", "a comedy of his")
    assert not acted & titles("with Frank Oz", "directed by him")


def test_a_role_goes_with_the_person() -> None:
    wish = last("directed by Frank Oz", "not with Frank Oz").wish
    assert wish.people_none == ("Frank Oz",)
    assert not any("Frank Oz" in note for note in wish.notes)
