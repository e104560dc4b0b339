"""Grounding: only found, fitting, known things get through, and what is cut is told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agents import Conditions, Preference, Wish, conditions_of
from agents.constraints import year_range
from agents.grounding import Grounds, ground, named_items
from rec_core import Candidate, ItemFilter
from tools import CandidateBus

from ..film_world import film_catalog, film_id
from .turn_kit import film_recommender

HEAT, CASINO, ALIEN, GODFATHER = (
    film_id(title) for title in ("Heat", "Casino", "Alien", "The Godfather")
)
CRIME_90S = Wish(year_min=1990, year_max=1999, genres_all=("Crime",))


def grounds(*found: str, wish: Wish | None = None, **more) -> Grounds:
    bus = CandidateBus()
    bus.put(
        [Candidate(item_id=one, score=1.0) for one in found], source="search_items", arguments={}
    )
    conditions = conditions_of(wish, ()) if wish is not None else None
    return Grounds(
        recommender=film_recommender(), bus=bus, found=found, conditions=conditions, **more
    )


def prefer(kind: str, subject: str, value: str) -> Preference:
    return Preference(
        preference_id=f"{kind}-{value}", kind=kind, subject=subject, value=value, label=value,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip


def test_what_is_all_right_passes_unchanged() -> None:
    verdict = ground(
        (HEAT, CASINO), "Two of them.", grounds(HEAT, CASINO, wish=CRIME_90S), is_model_prose=True
    )
    assert verdict.item_ids == (HEAT, CASINO)
    assert verdict.text == "Two of them."
    assert not verdict.problems
    assert not verdict.cut


@pytest.mark.parametrize(
    ("bad", "more"),
    [
        ("no-such-item", {}),
        (CASINO, {}),  # in the catalog, found by no tool
        (GODFATHER, {}),  # found, from 1972
        (ALIEN, {}),  # found, no crime
        (HEAT, {"refused": frozenset({HEAT})}),
        (HEAT, {"seen": frozenset({HEAT})}),
    ],
)
def test_what_may_not_be_shown_is_cut_and_named(bad: str, more: dict) -> None:
    good = film_id("Fargo")
    checked = grounds(good, HEAT, GODFATHER, ALIEN, wish=CRIME_90S, **more)
    verdict = ground((bad, good), "", checked, is_model_prose=True)
    assert verdict.item_ids == (good,)
    assert verdict.n_items_cut == len(verdict.problems) == len(verdict.cut) == 1


def test_a_slate_has_no_repeats_and_at_most_ten() -> None:
    ids = tuple(item.item_id for item in film_catalog())[:14]
    verdict = ground((*ids, *ids), "", grounds(*ids), is_model_prose=False)
    assert verdict.item_ids == ids[:10]
    assert not verdict.cut


def test_relaxed_fields_are_not_enforced_but_not_fields_always_are() -> None:
    wish = Wish(year_min=1990, year_max=1999, genres_all=("Crime",), genres_none=("Thriller",))
    everything = ("year_min", "year_max", "genres_all", "genres_none")
    relaxed = conditions_of(wish, (), relaxed=everything)
    catalog = film_catalog()
    assert relaxed.met_by(catalog[GODFATHER], catalog)
    assert not relaxed.met_by(catalog[HEAT], catalog)


def test_rules_of_long_standing_are_enforced() -> None:
    catalog = film_catalog()
    rules = [
        prefer("must_not", "genre", "Horror"),
        prefer("must_not", "person", "Al Pacino"),
        prefer("must_not", "item", CASINO),
        prefer("must_not", "year", "1970s"),
        prefer("must_not", "tag", "Pixar"),
        prefer("dislike", "genre", "Comedy"),
        prefer("dislike", "person", "Keanu Reeves"),
        prefer("dislike", "tag", "heist"),
    ]
    conditions = conditions_of(Wish(), rules)
    fits = {item.title for item in catalog if conditions.met_by(item, catalog)}
    left_out = {"Alien", "Heat", "Casino", "Jaws", "Up", "Toy Story", "Airplane!", "Speed"}
    assert not fits & left_out
    assert fits >= {"Reservoir Dogs", "Blade Runner"}  # a disliked tag is a taste, not a rule


def test_years_of_long_standing_yield_to_the_years_of_now() -> None:
    rule = prefer("must", "year", "1990-1999")
    assert conditions_of(Wish(), [rule]).item_filter == ItemFilter(year_min=1990, year_max=1999)
    now = conditions_of(Wish(year_min=1970, year_max=1979), [rule])
    assert now.item_filter == ItemFilter(year_min=1970, year_max=1979)


def test_what_is_asked_for_by_name_outranks_a_never_and_is_told() -> None:
    conditions = conditions_of(
        Wish(genres_any=("Horror",)), [prefer("must_not", "genre", "horror")]
    )
    assert conditions == Conditions(
        item_filter=ItemFilter(genres_any=("Horror",)), set_aside=("horror",)
    )


def test_a_disliked_genre_that_is_asked_for_now_is_no_condition_and_no_news() -> None:
    conditions = conditions_of(Wish(genres_any=("Comedy",)), [prefer("dislike", "genre", "comedy")])
    assert conditions == Conditions(item_filter=ItemFilter(genres_any=("Comedy",)))


@pytest.mark.parametrize(
    ("text", "years"),
    [("1995", (1995, 1995)), ("1990s", (1990, 1999)), ("1990-1999", (1990, 1999)), ("old", None)],
)
def test_years_are_read(text: str, years: tuple[int, int] | None) -> None:
    assert year_range(text) == years


@pytest.mark.parametrize(
    "text",
    [
        "Watch The Blue Harbour (1994).",
        'You may like "The Blue Harbour" too.',
        "You may like **The Blue Harbour** too.",
        "You may like _The Blue Harbour_ too.",
        "You may like The Shawshank Redemption too.",  # in the catalog, but nobody found it
        "With Meryl Streep (2003) in it.",
        "Tonight I would try Crimson Horizon instead.",
        "The Blue Harbour beats it.",
        "Also good: Heat and Crimson Horizon by Michael Mann.",
    ],
)
def test_titles_out_of_thin_air_are_cut_with_their_sentence(text: str) -> None:
    checked = grounds(HEAT, user_text="a film")
    verdict = ground((HEAT,), f"Take Heat. {text} Enjoy!", checked, is_model_prose=True)
    assert verdict.text == "Take Heat. Enjoy!"
    assert verdict.n_sentences_cut == 1
    assert verdict.problems


@pytest.mark.parametrize(
    "text",
    [
        "Take Heat (1995), it is tense.",
        "Take *Heat*, it is tense.",
        'You asked for "The Blue Harbour", which I do not have.',
        "Al Pacino shines in it.",
        "It is less violent than The Godfather.",
        "In 1995 crime films were long (170 minutes).",
        "Michael Mann's Heat is tense.",
        "Robert De Niro and Al Pacino meet in this Crime Thriller.",
        "Great American acting, and I know what I say.",
    ],
)
def test_what_was_found_or_said_may_be_named(text: str) -> None:
    checked = grounds(HEAT, user_text="like The Blue Harbour but in the style of The Godfather")
    verdict = ground((HEAT,), text, checked, is_model_prose=True)
    assert not verdict.cut, verdict.problems
    assert verdict.text == text.replace("*", "")


def test_a_title_inside_another_word_of_the_person_was_not_named() -> None:
    checked = grounds(HEAT, user_text="something for the theater, with upbeat music")
    text = 'Take Heat. You asked for "Up".'
    assert ground((HEAT,), text, checked, is_model_prose=True).text == "Take Heat."


def test_german_nouns_are_no_names() -> None:
    text = "Hier sind Ihre Krimi Filme für heute."
    assert ground((HEAT,), text, grounds(HEAT), is_model_prose=True).text == text


def test_items_on_the_bus_that_break_the_wish_may_not_be_praised_in_prose() -> None:
    checked = grounds(HEAT, GODFATHER, wish=CRIME_90S, user_text="crime, nineties")
    text = "Take Heat. Or The Godfather (1972)."
    assert ground((HEAT,), text, checked, is_model_prose=True).text == "Take Heat."


def test_people_who_are_in_none_of_the_items_are_cut() -> None:
    checked = grounds(HEAT, user_text="a film")
    verdict = ground(
        (HEAT,), "A tense one. Tom Hanks is great in it.", checked, is_model_prose=True
    )
    assert verdict.text == "A tense one."


def test_wrong_years_are_put_right() -> None:
    verdict = ground((HEAT,), "Take Heat (1987).", grounds(HEAT), is_model_prose=True)
    assert verdict.text == "Take Heat (1995)."
    assert not verdict.problems


def test_words_of_our_own_rules_are_taken_as_they_are() -> None:
    text = 'I do not know "The Blue Harbour". Did you mean The Shawshank Redemption?'
    assert ground((), text, grounds(HEAT), is_model_prose=False).text == text


def test_items_named_in_prose_are_found_in_its_order() -> None:
    bus = grounds(HEAT, CASINO, film_id("Her"))
    assert named_items("Casino (1995), then Heat. Not with her.", bus) == (CASINO, HEAT)
