"""Reasons and their evidence: true, checkable, and different from neighbour to neighbour."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from agents import Evidence, EvidenceFinder, Person, Preference, Wish
from agents.reasons import clauses_for, full_reason, genre_words, joined, kind_words, slate_reasons
from rec_core import Catalog, Dataset, IdMap, Interactions, Item

from ..film_world import film_catalog, film_dataset, film_id
from .rules_world import recommender_of
from .turn_kit import film_recommender

HEAT, CASINO, ALIEN, INSIDER = (film_id(t) for t in ("Heat", "Casino", "Alien", "The Insider"))
CRIME = Preference(
    preference_id="p", kind="like", subject="genre", value="Crime", label="Crime",
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)  # fmt: skip


def finder(wish: Wish | None = None, **more) -> EvidenceFinder:
    return EvidenceFinder(film_recommender(), Person(wish=wish or Wish(), **more))


def reasons(wish: Wish, *item_ids: str, **more) -> list[str]:
    return [words for words, _ in slate_reasons(item_ids, finder(wish, **more))]


PERSONS = {
    "nobody": finder(),
    "like Heat": finder(Wish(like_item_ids=(HEAT,), year_min=1990, year_max=1999)),
    "genres": finder(Wish(genres_all=("Crime",))),
    "people": finder(Wish(people_all=("Al Pacino",), query="heist film")),
    "liked": finder(liked=(CASINO, ALIEN), history=(HEAT,)),
    "tastes": finder(preferences=(CRIME,)),
}


@pytest.mark.parametrize("who", PERSONS)
def test_every_reason_of_every_film_holds(who: str) -> None:
    found = PERSONS[who]
    for item in film_catalog():
        clauses = clauses_for(item.item_id, found)
        assert clauses
        for clause in clauses:
            assert clause.evidence or clause.group == "facts"
            for evidence in clause.evidence:
                assert found.check(item.item_id, evidence), (item.label, clause.words, evidence)


@pytest.mark.parametrize(
    "evidence",
    [
        Evidence(kind="field", field="genres", value="Western"),
        Evidence(kind="field", field="year", value="1994"),
        Evidence(kind="field", field="item_id", value=HEAT),
        Evidence(kind="request", field="genres", value="Crime"),  # nobody asked
        Evidence(kind="seed_item", field="directors", value="Michael Mann", item_id=INSIDER),
        Evidence(kind="liked_item", field="influence", value="100%", item_id=CASINO),
        Evidence(kind="preference", field="genres", value="Crime"),
        Evidence(kind="popularity", field="percentile", value="0.99"),
    ],
)
def test_evidence_that_does_not_hold_is_refused(evidence: Evidence) -> None:
    assert not finder().check(HEAT, evidence)


def test_evidence_for_an_unknown_item_is_refused() -> None:
    assert not finder().check("zz9", Evidence(kind="field", field="year", value="1995"))


def test_a_shared_director_is_the_first_thing_said() -> None:
    (reason,) = reasons(Wish(like_item_ids=(HEAT,)), INSIDER)
    assert reason.startswith("By Michael Mann, like Heat; ")


def test_the_share_of_viewers_is_counted_from_the_data() -> None:
    data = film_dataset().interactions
    catalog = film_catalog()
    viewers = {
        one: set(data.user_rows[data.item_rows == catalog.ids.row(one)].tolist())
        for one in (HEAT, INSIDER)
    }
    both = len(viewers[HEAT] & viewers[INSIDER])
    share = both / len(viewers[HEAT])
    lift = share / (len(viewers[INSIDER]) / data.n_users)
    expected = (pytest.approx(share), pytest.approx(lift)) if both >= 5 and lift >= 1.3 else None
    assert finder().viewers(HEAT, INSIDER) == expected


def test_reasons_of_one_slate_differ() -> None:
    wish = Wish(genres_all=("Comedy", "Children"), year_min=1980, year_max=1989)
    catalog = film_catalog()
    fitting = [
        item.item_id
        for item in catalog
        if {"Comedy", "Children"} <= set(item.genres) and 1980 <= (item.year or 0) <= 1989
    ][:6]
    said = reasons(wish, *fitting)
    assert len(set(said)) == len(fitting) == 6
    assert all(len(one) < 160 for one in said)


def test_a_reason_cites_only_what_it_says() -> None:
    ((words, evidence),) = slate_reasons((INSIDER,), finder(Wish(like_item_ids=(HEAT,))))
    for one in evidence:
        if one.field in {"directors", "cast", "tags"}:
            assert one.value in words


def test_liked_items_are_said_to_be_liked_and_history_is_not() -> None:
    liked, _ = full_reason(INSIDER, finder(liked=(HEAT,)))
    seen, _ = full_reason(INSIDER, finder(history=(HEAT,)))
    assert any("which you liked" in words for words in liked)
    assert any("is in your history" in words for words in seen)
    assert not any("liked" in words for words in seen)


def test_a_film_about_which_little_is_known_still_has_a_reason() -> None:
    ((words, evidence),) = slate_reasons((film_id("Untitled Test Reel"),), finder())
    assert words == "Drama."
    assert [one.value for one in evidence] == ["Drama"]


def test_reasons_are_the_same_every_time() -> None:
    ids = [item.item_id for item in film_catalog()][:20]
    generator = np.random.default_rng(0)
    sample = [ids[place] for place in generator.permutation(len(ids))[:6]]
    wish = Wish(like_item_ids=(HEAT,))
    assert reasons(wish, *sample) == reasons(wish, *sample)


def test_lists_read_as_people_write_them() -> None:
    assert [joined(list(text)) for text in ("", "a", "ab", "abc")] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]


def test_whom_it_is_for_comes_after_what_it_is() -> None:
    assert genre_words(["Children", "Comedy"]) == "comedy for children"
    assert genre_words(["Children"]) == "for children"
    assert genre_words(["Crime", "Sci-Fi"]) == "crime and Sci-Fi"


def test_genres_as_things_people_like() -> None:
    assert [kind_words(one) for one in ("Musical", "Horror", "Sci-Fi", "Children")] == [
        "musicals", "horror", "Sci-Fi", "anything for children",
    ]  # fmt: skip


def test_an_item_of_which_only_the_title_is_known_is_not_praised() -> None:
    catalog = Catalog([Item(item_id=one, title=one.upper()) for one in "abcd"])
    none = np.zeros(0, dtype=np.int64)
    nobody = Interactions(users=IdMap([]), catalog_ids=catalog.ids, user_rows=none, item_rows=none)
    dataset = Dataset(name="titles", catalog=catalog, interactions=nobody, meta={})
    bare = EvidenceFinder(recommender_of(dataset), Person(wish=Wish()))
    ((words, evidence),) = slate_reasons(("a",), bare)
    assert words == "Only its title is known here."
    assert evidence == ()
