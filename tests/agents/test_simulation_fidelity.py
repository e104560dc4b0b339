"""Measures of how far simulated people can be trusted, worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from agents.simulation import (
    Exchange,
    HiddenSplit,
    PageVisit,
    Reaction,
    SessionRecord,
    StatisticalPeople,
    control_is_worst,
    leak_rate,
    order_agreement,
    rating_error,
    rating_shares,
    reply_lengths,
    seen_unseen,
    stability,
    trait_stability,
)
from rec_core import Interactions
from tests.agents.simulation_kit import a_reply, film_people, film_personas, film_split
from tests.film_world import film_catalog


def visits(*watched: bool, rating: int = 4) -> tuple[PageVisit, ...]:
    reactions = tuple(
        Reaction(item_id=f"i{n}", watched=one, rating=rating if one else None, liked=one or None)
        for n, one in enumerate(watched)
    )
    shown = tuple(one.item_id for one in reactions)
    return (PageVisit(page=1, shown=shown, reactions=reactions, leaving="leave"),)


def a_record(arm: str = "a", person: str = "p", seed: int = 0, **more) -> SessionRecord:
    return SessionRecord(arm=arm, persona_id=person, seed=seed, protocol="browse", **more)


def people_who_take(kind: str) -> StatisticalPeople:
    """The film world's people, but they take everything, nothing, or just what they took later."""
    catalog, personas = film_catalog(), film_personas()
    interest = np.full((len(personas), len(catalog)), 1.0 if kind == "all" else -1.0)
    if kind == "own":
        for row, persona in enumerate(personas):
            own = catalog.ids.rows((*persona.hidden_likes, *persona.hidden_dislikes))
            interest[row, own] = 1.0
    names = [persona.persona_id for persona in personas]
    people = film_people()
    return StatisticalPeople(catalog, names, interest, people.ratings, people.cuts)


@pytest.mark.parametrize(
    ("kind", "ratio", "figures"),
    [
        ("own", 1, (1.0, 1.0, 1.0, 1.0)),
        ("all", 1, (0.5, 0.5, 1.0, 2 / 3)),
        ("all", 3, (0.25, 0.25, 1.0, 0.4)),
        ("none", 1, (0.5, 0.0, 0.0, 0.0)),
    ],
)
@pytest.mark.parametrize("negatives", ["uniform", "popular"])
def test_seen_and_unseen(kind, ratio, figures, negatives) -> None:
    found = seen_unseen(
        people_who_take(kind), film_personas(), film_split(), ratio=ratio,
        negatives=negatives, generator=np.random.default_rng(0),
    )  # fmt: skip
    assert found.people == len(film_personas())
    expected = pytest.approx(figures)
    assert (found.accuracy.value, found.precision, found.recall, found.f1) == expected
    assert found.accuracy.low <= found.accuracy.value <= found.accuracy.high


def test_fitted_people_know_seen_from_unseen_better_than_chance() -> None:
    found = seen_unseen(
        film_people(), film_personas(), film_split(), ratio=1,
        negatives="uniform", generator=np.random.default_rng(0),
    )  # fmt: skip
    assert found.accuracy.low > 0.5


def test_rating_error_by_hand() -> None:
    # Everybody says: all stars equally likely, so 3 is expected.
    people, personas, split = film_people(), film_personas(), film_split()
    indifferent = StatisticalPeople(
        film_catalog(), people.persona_ids, people.interest,
        np.zeros_like(people.ratings), np.log([0.25, 2 / 3, 1.5, 4.0]),
    )  # fmt: skip
    error = rating_error(indifferent, personas, split, generator=np.random.default_rng(0))
    assert error is not None
    rows = split.hidden.users.rows(persona.user_id for persona in personas)
    real = np.concatenate([split.hidden.weights_of(int(row)) for row in rows]).astype(float)
    assert error.ratings == len(real)
    assert error.rmse.value == pytest.approx(math.sqrt(np.mean((real - 3) ** 2)))
    assert error.mae == pytest.approx(np.abs(real - 3).mean())
    assert error.simulated == pytest.approx((0.2,) * 5)
    shares = np.bincount(real.astype(int), minlength=6)[1:] / len(real)
    assert error.real == pytest.approx(tuple(shares))
    assert error.distance == pytest.approx(np.abs(shares - 0.2).sum() / 2)
    assert error.gain.value == pytest.approx(error.baseline_rmse - error.rmse.value)


def test_somebody_with_a_withheld_rating_is_not_judged_and_without_ratings_nobody_is() -> None:
    split, personas = film_split(), film_personas()
    weights = split.visible.weights.copy()
    first = split.visible.users.row(personas[0].user_id)
    weights[split.visible.offsets[first]] = 2.7

    def with_weights(values: np.ndarray | None, events: Interactions) -> Interactions:
        return Interactions(
            users=events.users, catalog_ids=events.catalog_ids, user_rows=events.user_rows,
            item_rows=events.item_rows, timestamps=events.timestamps, weights=values,
        )  # fmt: skip

    partly = HiddenSplit(
        visible=with_weights(weights, split.visible), hidden=split.hidden, share=0.2
    )
    generator = np.random.default_rng(0)
    error = rating_error(film_people(), personas, partly, generator=generator)
    assert error is not None
    assert error.people == len(personas) - 1
    bare = HiddenSplit(
        visible=with_weights(None, split.visible),
        hidden=with_weights(None, split.hidden),
        share=0.2,
    )
    assert rating_error(film_people(), personas, bare, generator=generator) is None


def test_order_agreement_is_spearman_with_ties() -> None:
    offline = {"random": 0.01, "popular": 0.10, "ease": 0.30, "sasrec": 0.35}
    assert order_agreement({"random": 1, "popular": 2, "ease": 3, "sasrec": 4}, offline) == 1
    assert order_agreement({"random": 4, "popular": 3, "ease": 2, "sasrec": 1}, offline) == -1
    # Ranks 0, 1, 2.5, 2.5 against 0, 1, 2, 3: covariance 4.5, spreads sqrt(4.5 * 5).
    tied = order_agreement({"random": 1, "popular": 2, "ease": 3, "sasrec": 3}, offline)
    assert tied == pytest.approx(4.5 / math.sqrt(4.5 * 5))
    assert math.isnan(order_agreement({"a": 1, "b": 2}, {"a": 1, "b": 2}))
    assert math.isnan(order_agreement(dict.fromkeys("abc", 1.0), {"a": 1, "b": 2, "c": 3}))


def test_the_control_must_be_worst() -> None:
    assert control_is_worst({"random": 1.0, "popular": 2.0}, "random")
    assert not control_is_worst({"random": 2.0, "popular": 2.0}, "random")
    assert not control_is_worst({"random": 1.0}, "random")


def test_rates_lengths_and_shares_of_sessions() -> None:
    said = [Exchange(said=words, reply=a_reply()) for words in ("one", "one two three")]
    records = [
        a_record(exchanges=(said[0],), leaks=1),
        a_record(exchanges=(said[1],), visits=visits(True, True, False, rating=4)),
        a_record(visits=visits(True, rating=1)),
    ]
    assert leak_rate(records) == 0.5
    lengths = reply_lengths(records)
    assert (lengths.count, lengths.mean, lengths.median, lengths.deviation) == (2, 2.0, 2.0, 1.0)
    assert rating_shares(records) == pytest.approx((1 / 3, 0, 0, 2 / 3, 0))
    assert leak_rate([]) == 0
    assert reply_lengths([]).count == 0
    assert rating_shares([]) == (0, 0, 0, 0, 0)


def test_people_who_act_like_themselves_are_stable() -> None:
    eager = {"p1": (True, True), "p2": (True, False), "p3": (False, False)}
    records = [
        a_record(arm, person, seed, visits=visits(*watched))
        for person, watched in eager.items()
        for arm in ("a", "b")
        for seed in (0, 1)
    ]
    assert stability(records) == pytest.approx(1.0)
    # Half of the people turn around between the seeds: no character is left.
    fickle = [
        a_record("a", person, seed, visits=visits(seed == turn))
        for turn in (0, 1)
        for person in (f"p{turn}", f"q{turn}")
        for seed in (0, 1)
    ]
    assert not stability(fickle) > 0
    assert math.isnan(stability(records[:4]))


def test_traits_hold_from_one_half_of_the_past_to_the_other() -> None:
    found = trait_stability(film_catalog(), film_split().visible)
    assert found.activity > 0.95
    assert found.diversity > 0.3
