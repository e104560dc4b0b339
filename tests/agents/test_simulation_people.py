"""Personas by the stated rules, and statistical people who act by what was fitted and nothing hidden."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agents.simulation import (
    HiddenSplit,
    StatisticalPeople,
    browse,
    draw_personas,
    hide_late_events,
)
from agents.simulation.fitting import BentLogistic, OrderedLogit, expected_rating, rating_chances
from agents.simulation.personas import traits_of_users
from rec_core import (
    ArtifactError,
    Catalog,
    DataError,
    IdMap,
    Interactions,
    Item,
    UnknownItemError,
    UnknownUserError,
)
from tests.agents.simulation_kit import (
    ListArm,
    a_persona,
    film_people,
    film_personas,
    film_split,
)
from tests.film_world import film_catalog

_GENRES = (("Drama",), ("Drama",), ("Comedy",), ("War",))


def events_of(lists: list[list[int]], ratings: list[list[float]] | None = None) -> Interactions:
    """Users u0, u1 … with these items of a catalog of ten, oldest first."""
    users = np.repeat(np.arange(len(lists)), [len(one) for one in lists])
    return Interactions(
        users=IdMap([f"u{n}" for n in range(len(lists))]),
        catalog_ids=ten_items().ids,
        user_rows=users,
        item_rows=np.concatenate([np.array(one, dtype=np.int64) for one in lists]),
        timestamps=np.concatenate([np.arange(len(one)) for one in lists]),
        weights=None if ratings is None else np.concatenate([np.array(one) for one in ratings]),
    )


def ten_items() -> Catalog:
    return Catalog(
        [Item(item_id=f"i{n}", title=f"Film {n}", genres=_GENRES[n % 4]) for n in range(10)]
    )


def test_the_last_fifth_of_everybody_is_hidden() -> None:
    split = hide_late_events(events_of([list(range(10)), [0, 1, 2, 3, 4, 5, 6], [1, 2, 3]]))
    # Two of ten; one of seven (rounded down); of three nothing, for five must stay.
    assert split.hidden.item_rows.tolist() == [8, 9, 6]
    assert split.hidden.user_rows.tolist() == [0, 0, 1]
    assert len(split.visible) + len(split.hidden) == 20


def test_a_split_that_cannot_be_is_refused() -> None:
    with pytest.raises(DataError, match="between 0 and 1"):
        hide_late_events(events_of([[0, 1]]), share=1.0)
    with pytest.raises(DataError, match="some and keep some"):
        hide_late_events(events_of([[0, 1, 2]]))


def test_a_persona_holds_past_and_truth_apart() -> None:
    rated = events_of([list(range(10))], [[3, 5, 4, 1, 2, 5, 4, 3, 5, 2.5]])
    (persona,) = draw_personas(
        ten_items(), hide_late_events(rated), count=5, generator=np.random.default_rng(0)
    )
    assert persona.user_id == "u0"
    assert persona.history == tuple(f"i{n}" for n in range(8))
    assert persona.ratings == (3, 5, 4, 1, 2, 5, 4, 3)
    assert persona.hidden_likes == ("i8",)
    assert persona.hidden_dislikes == ("i9",)


def test_what_was_taken_before_is_no_hidden_truth() -> None:
    split = hide_late_events(events_of([[0, 1, 2, 3, 4, 5, 6, 7, 0, 9]]))
    (persona,) = draw_personas(ten_items(), split, count=1, generator=np.random.default_rng(0))
    # Without ratings, taking is liking.
    assert persona.hidden_likes == ("i9",)
    assert persona.ratings == (None,) * 8


def test_people_are_drawn_by_the_seed_and_need_a_hidden_like() -> None:
    catalog, split = film_catalog(), film_split()
    first, again, other = (
        draw_personas(catalog, split, count=10, generator=np.random.default_rng(seed))
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other
    assert all(persona.hidden_likes for persona in first)
    with pytest.raises(DataError, match="hidden likes"):
        draw_personas(
            catalog, split, count=1, generator=np.random.default_rng(0), min_hidden_likes=999
        )


def test_traits_are_places_among_all_people() -> None:
    # u0 took dramas only, u1 everything; u0 rates like the rest, u1 against them; u2 took least.
    events = events_of(
        [[0, 1, 4, 5], [0, 1, 2, 3, 6, 7], [0, 1]],
        [[4, 4, 4, 4], [1, 1, 5, 5, 5, 5], [4, 4]],
    )
    traits = traits_of_users(ten_items(), events)
    activity, conformity, diversity, novelty = traits.T
    assert activity.tolist() == pytest.approx([3 / 6, 5 / 6, 1 / 6])
    assert conformity.argmin() == 1
    assert diversity.argmax() == 1
    # u2 took only what everybody has.
    assert novelty.argmin() == 2


def test_a_logistic_finds_a_bend() -> None:
    features = np.linspace(-2, 2, 400)[:, None]
    answers = (np.abs(features[:, 0]) > 1).astype(float)
    model = BentLogistic.fit(features, answers, ridge=0.1)
    assert ((model.logits(features) > 0) == (answers == 1)).mean() > 0.9


def test_an_ordered_logit_learns_shares_and_slopes_from_partial_knowledge() -> None:
    generator = np.random.default_rng(0)
    score = generator.normal(size=4_000)
    cuts = np.array([-2.0, -1.0, 0.0, 1.5])
    chances = rating_chances(score, cuts)
    stars = 1 + (generator.random(len(score))[:, None] > np.cumsum(chances, axis=1)).sum(axis=1)
    hidden = (stars <= 3) & (generator.random(len(score)) < 0.5)
    low, high = np.where(hidden, 1, stars), np.where(hidden, 3, stars)
    model = OrderedLogit.fit(score[:, None], low, high)
    assert model.cuts == pytest.approx(cuts, abs=0.25)
    assert model.weights[0] / model.scaling.spread[0] == pytest.approx(1.0, abs=0.12)


def test_chances_of_stars_by_hand() -> None:
    # With cuts at -ln 4, -ln 1.5, ln 1.5, ln 4 the chance of at most k stars is k / 5.
    cuts = np.log([0.25, 2 / 3, 1.5, 4.0])
    assert rating_chances(np.zeros(1), cuts)[0] == pytest.approx([0.2] * 5)
    assert expected_rating(np.zeros(1), cuts) == pytest.approx([3.0])


def test_hidden_events_are_never_fitted() -> None:
    catalog, split = film_catalog(), film_split()
    other = HiddenSplit(
        visible=split.visible, hidden=split.hidden.take(np.arange(3)), share=split.share
    )
    again = StatisticalPeople.fit(catalog, other, film_personas())
    assert np.array_equal(again.interest, film_people().interest)
    assert np.array_equal(again.ratings, film_people().ratings)


def test_people_survive_a_trip_to_the_disk(tmp_path: Path) -> None:
    people, personas = film_people(), film_personas()
    people.save(tmp_path / "people")
    loaded = StatisticalPeople.load(tmp_path / "people", film_catalog())
    arm = ListArm(item_ids=film_catalog().ids.ids)
    assert browse(loaded, personas[3], arm, 1) == browse(people, personas[3], arm, 1)
    with pytest.raises(ArtifactError, match="another catalog"):
        StatisticalPeople.load(tmp_path / "people", ten_items())


def test_a_session_by_its_record() -> None:
    persona = film_personas()[0]
    fresh = [one for one in film_catalog().ids.ids if one not in persona.history]
    arm = ListArm(item_ids=fresh)
    record = browse(film_people(), persona, arm, seed=7, pages=3, page_size=2)
    assert record == browse(
        film_people(), persona, ListArm(item_ids=fresh), 7, pages=3, page_size=2
    )
    assert record.protocol == "browse"
    assert 1 <= len(record.visits) <= 3
    assert record.ending in {"left", "out_of_pages"}
    assert record.satisfaction is not None
    assert 1 <= record.satisfaction <= 10
    assert [visit.reactions for visit in record.visits] == arm.learned[: len(record.visits)]
    for visit in record.visits:
        assert [one.item_id for one in visit.reactions] == list(visit.shown)
        for one in visit.reactions:
            assert (one.rating is None) == (one.liked is None) == (not one.watched)
            assert one.liked is None or one.liked == ((one.rating or 0) >= 4)


def test_the_same_item_meets_the_same_luck_in_every_arm() -> None:
    persona = film_personas()[1]
    ids = [one for one in film_catalog().ids.ids if one not in persona.history]
    forward = film_people().open(persona, 5).look(ids[:4])
    backward = film_people().open(persona, 5).look(ids[3::-1])
    assert forward == backward[::-1]


def test_people_take_and_like_what_they_really_liked_later_and_not_what_they_know() -> None:
    taken = good = bad = asked = 0
    for persona in film_personas():
        for seed in range(3):
            person = film_people().open(persona, seed)
            for reaction in person.look(persona.hidden_likes):
                asked += 1
                taken += reaction.watched
                good += reaction.liked is True
            again = film_people().open(persona, seed)
            bad += sum(reaction.watched for reaction in again.look(persona.history[:3]))
    assert taken == good > 0.8 * asked
    assert bad == 0


def test_what_was_disliked_later_is_never_liked() -> None:
    for persona in film_personas():
        person = film_people().open(persona, 0)
        assert not any(one.liked for one in person.look(persona.hidden_dislikes))


def test_pages_of_what_was_liked_satisfy_more_than_what_is_known() -> None:
    people, personas = film_people(), film_personas()

    def mean_satisfaction(items_of) -> float:
        records = [
            browse(people, one, ListArm(item_ids=items_of(one)), 0, pages=1) for one in personas
        ]
        return float(np.mean([record.satisfaction or 0 for record in records]))

    assert mean_satisfaction(lambda one: one.hidden_likes) > 2 + mean_satisfaction(
        lambda one: one.history
    )


def test_the_active_stay_longer() -> None:
    people, persona = film_people(), film_personas()[0]
    pages = {}
    for activity in (0.0, 1.0):
        kind = replace(persona, traits=replace(persona.traits, activity=activity))
        lengths = [
            len(browse(people, kind, ListArm(item_ids=film_catalog().ids.ids), seed).visits)
            for seed in range(40)
        ]
        pages[activity] = np.mean(lengths)
    assert pages[1.0] > pages[0.0] + 0.5


@pytest.mark.parametrize(
    ("items", "failure"),
    [
        ((), "nothing to show"),
        (("f001", "f001"), "twice"),
        (("f001", "f002", "f003", "f004", "f001"), "twice"),
        (("nowhere",), "No item has the id"),
    ],
)
def test_an_arm_that_breaks_its_contract_fails_the_session(
    items: tuple[str, ...], failure: str
) -> None:
    # Luck number 2 makes this person look at a second page.
    record = browse(film_people(), film_personas()[0], ListArm(item_ids=items), 2)
    assert record.ending == "failed"
    assert failure in record.failure
    assert record.satisfaction is None


def test_somebody_unknown_cannot_be_opened() -> None:
    with pytest.raises(UnknownUserError, match="p-nobody"):
        film_people().open(a_persona(persona_id="p-nobody"), 0)
    with pytest.raises(UnknownItemError):
        film_people().open(film_personas()[0], 0).look(("nowhere",))


def test_data_without_ratings_and_facts_makes_people_too() -> None:
    generator = np.random.default_rng(0)
    lists = [generator.permutation(10)[:8].tolist() for _ in range(60)]
    plain = Catalog([Item(item_id=f"i{n}", title=f"Film {n}") for n in range(10)])
    split = hide_late_events(events_of(lists))
    personas = draw_personas(plain, split, count=5, generator=generator)
    people = StatisticalPeople.fit(plain, split, personas)
    assert np.isfinite(people.interest).all()
    record = browse(people, personas[0], ListArm(item_ids=plain.ids.ids), 0)
    assert record.visits
