"""Answers without a model: introductions, facts, comparisons, explanations, honest blanks."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path

import numpy as np
import pytest

from agents import EvidenceFinder, Person, Plan, Wish, wish_phrase
from agents.answering import compose, showable
from rec_core import Catalog, HashEncoder, IdMap, Interactions, Item, Recommender, SearchEngine

from ..film_world import film_catalog, film_dataset, film_id
from .turn_kit import a_plan, film_recommender

HEAT, CASINO, ALIEN = film_id("Heat"), film_id("Casino"), film_id("Alien")
WISH = Wish(
    like_item_ids=(HEAT,),
    year_min=1990,
    year_max=1999,
    genres_none=("Horror",),
    notes=("less violent",),
)


def finder(wish: Wish | None = None, **more) -> EvidenceFinder:
    return EvidenceFinder(film_recommender(), Person(wish=wish or Wish(), **more))


def text_of(plan: Plan, items: tuple[str, ...] = (), about: tuple[str, ...] = (), **more) -> str:
    return compose(plan, items, about, finder(plan.wish, **more)).text


def test_a_wish_reads_like_a_wish() -> None:
    phrases = {
        wish_phrase(wish, finder())
        for wish in (
            WISH,
            Wish(),
            Wish(
                genres_all=("Crime", "Sci-Fi"),
                people_all=("Al Pacino",),
                year_min=1999,
                year_max=1999,
            ),
            Wish(genres_any=("Drama", "Children"), year_max=1960),
            Wish(year_min=2000, people_none=("Tom Hanks",)),
        )
    }
    assert phrases == {
        "picks like Heat, from the 1990s, without horror, less violent",
        "picks",
        "crime and Sci-Fi picks with Al Pacino, from 1999",
        "drama or children's picks from 1960 or before",
        "picks from 2000 on, without Tom Hanks",
    }


@pytest.mark.parametrize(
    ("wish", "phrase"),
    [
        (Wish(genres_all=("Comedy", "Children")), "comedies for children"),
        (
            Wish(genres_all=("Children",), genres_none=("Animation",)),
            "picks for children without animation",
        ),
        (Wish(genres_all=("Comedy",), genres_none=("Children",)), "comedies, nothing for children"),
        (Wish(genres_all=("Comedy", "Romance")), "romantic comedies"),
        (Wish(genres_all=("Crime", "Thriller"), notes=("lighter",)), "crime thrillers, lighter"),
        (Wish(genres_all=("Drama", "Thriller")), "drama and thriller picks"),
        (Wish(notes=("with suspense",)), "picks with suspense"),
    ],
)
def test_kinds_read_as_people_say_them(wish: Wish, phrase: str) -> None:
    assert wish_phrase(wish, finder()) == phrase


def test_one_of_a_kind_is_singular() -> None:
    plan = a_plan(wish=Wish(genres_all=("Thriller", "Crime")))
    assert text_of(plan, (HEAT,)) == "One crime thriller."


def test_no_title_of_a_year_is_shown_twice_and_no_placeholder_at_all() -> None:
    catalog = Catalog(
        [
            Item(item_id="a", title="Chasing Amy", year=1997),
            Item(item_id="b", title="unknown"),
            Item(item_id="c", title="Chasing Amy", year=1997),
            Item(item_id="d", title="Unknown", year=2011),
            Item(item_id="e", title="Chasing Amy", year=2007),
        ]
    )
    assert showable(("a", "b", "c", "d", "e"), catalog) == ("a", "d", "e")


def test_a_slate_is_introduced_by_what_was_wished() -> None:
    plan = a_plan(wish=WISH)
    assert (
        text_of(plan, (CASINO,))
        == "One pick like Heat, from the 1990s, without horror, less violent."
    )
    more = a_plan(wish=Wish(genres_all=("Crime",)), intent="more")
    assert text_of(more, (HEAT, CASINO)) == "Two more crime picks."


def test_what_was_relaxed_is_not_claimed() -> None:
    plan = a_plan(wish=WISH, relaxed=("year_min", "year_max"), notices=("I let go of the years.",))
    assert text_of(plan, (CASINO,)) == "This one comes closest to picks from the 1990s."
    assert text_of(plan, (CASINO, ALIEN)) == "These two come closest to picks from the 1990s."
    of_old = a_plan(relaxed=("year_min", "year_max"))
    assert text_of(of_old, (CASINO, ALIEN)) == "These two come closest."


def test_a_slate_for_no_wish_says_what_it_stands_on() -> None:
    assert text_of(a_plan(), (HEAT,)) == "One pick that many people liked."
    assert (
        text_of(a_plan(), (HEAT,), liked=(CASINO,)) == "One pick for you, going by what you liked."
    )


def test_a_planners_own_words_win() -> None:
    assert text_of(a_plan(say=" Here. "), (HEAT,)) == "Here."


def test_nothing_found_is_said_with_what_was_looked_for() -> None:
    text = text_of(a_plan(wish=WISH))
    assert text.startswith("I found no picks like Heat, from the 1990s")
    assert text_of(a_plan(intent="more", wish=WISH)).count("already") == 1


def test_cards_come_from_the_catalog() -> None:
    answer = compose(a_plan(wish=WISH), (CASINO,), (), finder(WISH))
    (card,) = answer.items
    assert (card.title, card.year, card.genres) == ("Casino", 1995, ("Crime", "Drama"))
    assert card.people == ("Martin Scorsese", "Robert De Niro", "Sharon Stone", "Joe Pesci")
    assert card.evidence
    assert answer.suggestions


def test_a_comparison_names_what_is_shared_and_what_is_not() -> None:
    first, heat, casino = text_of(a_plan(intent="compare"), about=(HEAT, CASINO)).split("\n")
    assert first == "Heat (1995) and Casino (1995). Both share crime and Robert De Niro."
    assert heat.startswith("Heat (1995): action and thriller; by Michael Mann; with Al Pacino")
    assert casino.startswith("Casino (1995): drama; by Martin Scorsese; with Robert De Niro")


def test_things_with_nothing_in_common_are_said_to_have_nothing() -> None:
    text = text_of(a_plan(intent="compare"), about=(ALIEN, film_id("Casablanca")))
    assert text.startswith("Alien (1979) and Casablanca (1942) have little in common.")


def test_facts_of_an_item() -> None:
    text = text_of(a_plan(intent="details"), about=(ALIEN,))
    assert text.startswith(
        "Alien (1979): horror and Sci-Fi; by Ridley Scott; with Sigourney Weaver,"
    )
    data = film_dataset().interactions
    n_people = int((data.item_rows == film_catalog().ids.row(ALIEN)).sum())
    assert f"on average by {n_people} people here" in text


def test_the_catalogs_own_text_is_quoted_and_capped() -> None:
    text = "A ship \u202eanswers a call.\n" + "And so on. " * 100
    item = dataclasses.replace(film_catalog()[ALIEN], texts={"plot": text})
    catalog = Catalog([item])
    quoted = compose(a_plan(intent="details"), (), (ALIEN,), _finder_over(catalog)).text
    line = quoted.split("\n")[1]
    assert line.startswith("“A ship answers a call. And so on.")
    assert line.endswith("…”")
    assert len(line) < 300


def test_an_explanation_names_the_strongest_ground_first() -> None:
    plan = a_plan(intent="explain", wish=Wish(like_item_ids=(HEAT,)))
    text = text_of(plan, about=(film_id("The Insider"),))
    assert text.startswith("The Insider (1999): by Michael Mann, like Heat. Also: ")


def test_there_is_always_something_to_say() -> None:
    for intent in ("recommend", "more", "explain", "compare", "details", "feedback", "remember", "ask",
                   "chat", "unknown"):  # fmt: skip
        assert text_of(a_plan(intent=intent))
        assert text_of(a_plan(intent=intent), (HEAT,))


def _finder_over(catalog: Catalog) -> EvidenceFinder:
    nothing = np.zeros(0, dtype=np.int64)
    interactions = Interactions(
        users=IdMap([]), catalog_ids=catalog.ids, user_rows=nothing, item_rows=nothing
    )
    with tempfile.TemporaryDirectory() as folder:
        search = SearchEngine.build(catalog, HashEncoder(), Path(folder) / "search")
    return EvidenceFinder(
        Recommender(catalog=catalog, interactions=interactions, search=search), Person()
    )
