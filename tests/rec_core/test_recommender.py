from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from rec_core import (
    Catalog,
    HashEncoder,
    IdMap,
    Interactions,
    ItemFilter,
    Recommender,
    RecommendRequest,
    SearchEngine,
    UnknownItemError,
    UnknownUserError,
)
from rec_core.dialogue import Utterance, shipped_dialogue_ranker
from tests.film_world import film_catalog, film_dataset, film_id


@pytest.fixture(scope="module")
def recommender(tmp_path_factory: pytest.TempPathFactory) -> Recommender:
    dataset = film_dataset()
    folder = tmp_path_factory.mktemp("search")
    search = SearchEngine.build(dataset.catalog, HashEncoder(), folder)
    return Recommender(catalog=dataset.catalog, interactions=dataset.interactions, search=search)


def titles(recommender: Recommender, request: RecommendRequest) -> list[str]:
    answer = recommender.recommend(request)
    return [recommender.catalog[candidate.item_id].title for candidate in answer.candidates]


def genres(recommender: Recommender, request: RecommendRequest) -> list[tuple[str, ...]]:
    answer = recommender.recommend(request)
    return [recommender.catalog[candidate.item_id].genres for candidate in answer.candidates]


HEAT = film_id("Heat")
TOY_STORY = film_id("Toy Story")


@pytest.mark.parametrize(
    ("request_", "strategy"),
    [
        (RecommendRequest(), "popular"),
        (RecommendRequest(item_filter=ItemFilter(year_min=1990)), "popular"),
        (RecommendRequest(query="space"), "query"),
        (RecommendRequest(genre_weights={"Comedy": 1.0}), "query"),
        (RecommendRequest(history=(HEAT,)), "history"),
        (RecommendRequest(user_id="u001"), "known-user"),
        (RecommendRequest(user_id="u001", seeds=(HEAT,), query="space"), "similar"),
        (RecommendRequest(user_id="nobody"), "popular"),
    ],
)
def test_the_strategy_follows_what_is_known(
    recommender: Recommender, request_: RecommendRequest, strategy: str
) -> None:
    answer = recommender.recommend(request_)
    assert answer.strategy == strategy
    assert len(answer.candidates) == 10
    assert len({candidate.item_id for candidate in answer.candidates}) == 10


def test_parts_add_up_to_the_score(recommender: Recommender) -> None:
    request = RecommendRequest(
        history=(HEAT,), query="bank robbery", avoid="space", genre_weights={"Crime": 0.5}
    )
    for candidate in recommender.recommend(request).candidates:
        assert sum(candidate.parts.values()) == pytest.approx(candidate.score, abs=1e-4)


def test_without_diversity_the_order_is_by_score(recommender: Recommender) -> None:
    answer = recommender.recommend(RecommendRequest(seeds=(HEAT,), diversity=0.0, k=20))
    scores = [candidate.score for candidate in answer.candidates]
    assert scores == sorted(scores, reverse=True)


def test_equal_scores_come_in_catalog_order() -> None:
    catalog = film_catalog()
    nobody = Interactions(
        users=IdMap([]), catalog_ids=catalog.ids, user_rows=np.empty(0), item_rows=np.empty(0)
    )
    bare = Recommender(catalog=catalog, interactions=nobody, search=_search(catalog))
    answer = bare.recommend(RecommendRequest(diversity=0.0, k=5))
    expected = [item.item_id for item in catalog.items[:5]]
    assert [candidate.item_id for candidate in answer.candidates] == expected


@cache
def _search(catalog: Catalog) -> SearchEngine:
    import tempfile
    from pathlib import Path

    return SearchEngine.build(catalog, HashEncoder(), Path(tempfile.mkdtemp()))


def test_something_like_a_sequel_finds_the_series(recommender: Recommender) -> None:
    assert {"Toy Story 2", "Toy Story 3"} & set(
        titles(recommender, RecommendRequest(seeds=(TOY_STORY,), k=3))
    )
    assert "The Godfather: Part II" in titles(
        recommender, RecommendRequest(seeds=(film_id("The Godfather"),), k=3)
    )


def test_seeds_disliked_and_seen_are_never_returned(recommender: Recommender) -> None:
    disliked = tuple(c.item_id for c in recommender.recommend(RecommendRequest(k=3)).candidates)
    request = RecommendRequest(
        user_id="u001", history=(TOY_STORY,), seeds=(HEAT,), disliked=disliked, k=200
    )
    answer = recommender.recommend(request)
    found = {candidate.item_id for candidate in answer.candidates}
    left_out = {*recommender.user_history("u001"), TOY_STORY, HEAT, *disliked}
    assert not found & left_out
    assert found | left_out == set(recommender.catalog.ids.ids)
    assert answer.n_matching == len(recommender.catalog)


def test_seen_items_come_back_when_asked_for(recommender: Recommender) -> None:
    request = RecommendRequest(history=(HEAT,), exclude_seen=False, k=200)
    found = {candidate.item_id for candidate in recommender.recommend(request).candidates}
    assert HEAT in found


def test_fewer_come_only_when_fewer_match(recommender: Recommender) -> None:
    only = (HEAT, TOY_STORY, film_id("Alien"))
    request = RecommendRequest(k=10, seeds=(HEAT,), item_filter=ItemFilter(only=only))
    answer = recommender.recommend(request)
    assert {candidate.item_id for candidate in answer.candidates} == set(only) - {HEAT}
    assert answer.n_matching == 3
    nothing = replace(request, item_filter=ItemFilter(year_min=2090))
    assert recommender.recommend(nothing).candidates == ()


def test_a_genre_with_weight_minus_one_is_gone_from_the_top(recommender: Recommender) -> None:
    request = RecommendRequest(seeds=(HEAT,), k=10)
    assert any("Action" in found for found in genres(recommender, request))
    without = replace(request, genre_weights={"action": -1.0})
    assert not any("Action" in found for found in genres(recommender, without))


def test_a_wanted_genre_comes_up_without_taking_over(recommender: Recommender) -> None:
    request = RecommendRequest(seeds=(HEAT,), k=10, diversity=0.0)
    before = sum("Drama" in found for found in genres(recommender, request))
    wish = replace(request, genre_weights={"Drama": 1.0})
    after = genres(recommender, wish)
    assert sum("Drama" in found for found in after) > before
    assert all({"Crime", "Thriller", "Action"} & set(found) for found in after[:3])


def test_a_dislike_pushes_its_neighbours_down(recommender: Recommender) -> None:
    request = RecommendRequest(history=(TOY_STORY, film_id("Big")), k=200, diversity=0.0)
    sequel = film_id("Toy Story 3")

    def place(request: RecommendRequest) -> int:
        found = [candidate.item_id for candidate in recommender.recommend(request).candidates]
        return found.index(sequel)

    assert place(replace(request, disliked=(film_id("Toy Story 2"),))) > place(request)


def test_words_to_avoid_push_down(recommender: Recommender) -> None:
    request = RecommendRequest(seeds=(HEAT,), k=200, diversity=0.0)
    dogs = film_id("Reservoir Dogs")

    def score(request: RecommendRequest) -> float:
        found = {c.item_id: c.score for c in recommender.recommend(request).candidates}
        return found[dogs]

    assert score(replace(request, avoid="reservoir dogs violence")) < score(request)


def test_a_query_finds_what_its_words_say(recommender: Recommender) -> None:
    assert set(titles(recommender, RecommendRequest(query="pixar toys", k=3))) & {
        "Toy Story",
        "Toy Story 2",
        "Toy Story 3",
    }


def test_diversity_makes_the_slate_less_alike(recommender: Recommender) -> None:
    def likeness(diversity: float) -> float:
        request = RecommendRequest(seeds=(HEAT,), k=8, diversity=diversity)
        sets = [set(found) for found in genres(recommender, request)]
        pairs = [(a, b) for i, a in enumerate(sets) for b in sets[:i]]
        return float(np.mean([len(a & b) / len(a | b) for a, b in pairs]))

    assert likeness(0.7) < likeness(0.0)


def test_rank_orders_exactly_the_given_items(recommender: Recommender) -> None:
    given_ids = [film_id("Big"), film_id("Casino"), HEAT, film_id("Casino")]
    ranked = recommender.rank(given_ids, RecommendRequest(seeds=(film_id("Goodfellas"),)))
    assert ranked[0].item_id == film_id("Casino")
    assert {candidate.item_id for candidate in ranked} == set(given_ids)
    assert len(ranked) == 3


def test_influences_name_the_items_that_speak_for_it(recommender: Recommender) -> None:
    history = (film_id("Big"), TOY_STORY, HEAT)
    influences = recommender.influences(film_id("Toy Story 2"), history)
    assert influences[0].item_id == TOY_STORY
    assert 0 < sum(influence.share for influence in influences) <= 1 + 1e-6
    assert recommender.influences(HEAT, ()) == ()
    assert recommender.influences(HEAT, (HEAT,)) == ()
    assert len(recommender.influences(film_id("Casino"), history, k=1)) <= 1


def test_popularity_is_a_percentile(recommender: Recommender) -> None:
    counts = recommender.interactions.item_counts
    most, least = int(counts.argmax()), int(counts.argmin())
    most_popular = recommender.popularity(recommender.catalog.at(most).item_id)
    least_popular = recommender.popularity(recommender.catalog.at(least).item_id)
    assert 0.9 < most_popular <= 1
    assert 0 <= least_popular < 0.2


def test_a_single_five_star_rating_is_not_the_best_film(recommender: Recommender) -> None:
    popular = recommender.recommend(RecommendRequest(k=5)).candidates
    counts = recommender.interactions.item_counts
    rows = recommender.catalog.ids.rows(candidate.item_id for candidate in popular)
    assert (counts[rows] >= np.median(counts)).all()


def test_unknown_names_are_clear_errors(recommender: Recommender) -> None:
    for request in (
        RecommendRequest(seeds=("nope",)),
        RecommendRequest(history=("nope",)),
        RecommendRequest(disliked=("nope",)),
    ):
        with pytest.raises(UnknownItemError, match="nope"):
            recommender.recommend(request)
    with pytest.raises(UnknownItemError):
        recommender.similar("nope")
    with pytest.raises(UnknownItemError):
        recommender.influences("nope", ())
    with pytest.raises(UnknownUserError, match="nobody"):
        recommender.user_history("nobody")


item_ids = st.sampled_from([item.item_id for item in film_catalog()])
some_ids = st.lists(item_ids, max_size=4).map(tuple)
genre_names = st.sampled_from(film_catalog().genres)
filters = st.builds(
    ItemFilter,
    year_min=st.none() | st.integers(1930, 2020),
    year_max=st.none() | st.integers(1930, 2020),
    genres_all=st.lists(genre_names, max_size=2).map(tuple),
    genres_none=st.lists(genre_names, max_size=2).map(tuple),
    exclude=some_ids,
)
requests = st.builds(
    RecommendRequest,
    k=st.integers(0, 30),
    user_id=st.none() | st.sampled_from(["u001", "u050", "nobody"]),
    history=some_ids,
    seeds=some_ids,
    query=st.sampled_from(["", "space", "the of", "¿?", "a heist in los angeles"]),
    avoid=st.sampled_from(["", "violence"]),
    genre_weights=st.dictionaries(genre_names | st.just("No Such"), st.floats(-1, 1), max_size=3),
    disliked=some_ids,
    item_filter=filters,
    exclude_seen=st.booleans(),
    diversity=st.sampled_from([0.0, 0.15, 1.0]),
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(request_=requests)
def test_no_request_breaks_its_own_conditions(
    recommender: Recommender, request_: RecommendRequest
) -> None:
    answer = recommender.recommend(request_)
    found = [candidate.item_id for candidate in answer.candidates]
    matching = {
        item.item_id
        for item in recommender.catalog
        if recommender.catalog.satisfies(item.item_id, request_.item_filter)
    }
    left_out = {*request_.seeds, *request_.disliked}
    if request_.exclude_seen:
        left_out |= set(request_.history)
        if request_.user_id in recommender.interactions.users:
            left_out |= set(recommender.user_history(str(request_.user_id)))
    assert answer.n_matching == len(matching)
    assert set(found) <= matching - left_out
    assert len(found) == len(set(found)) == min(request_.k, len(matching - left_out))
    assert all(np.isfinite(candidate.score) for candidate in answer.candidates)
    assert recommender.recommend(request_) == answer


def hearing(recommender: Recommender) -> Recommender:
    """The same parts with the shipped dialogue ranker, which has no sentence vectors here."""
    return Recommender(
        catalog=recommender.catalog,
        interactions=recommender.interactions,
        search=recommender.search,
        dialogues=lambda: shipped_dialogue_ranker(recommender.catalog),
    )


def test_a_dialogue_alone_is_ranked_as_the_dialogue_ranker_says(recommender: Recommender) -> None:
    said = (Utterance("user", "I love Alien, do you know another scary film in space?"),)
    answer = hearing(recommender).recommend(RecommendRequest(k=8, dialogue=said, diversity=0.0))
    scores = shipped_dialogue_ranker(recommender.catalog).scores(said)
    order = np.lexsort((np.arange(len(scores)), -scores))[:8]
    assert answer.strategy == "dialogue"
    assert [one.item_id for one in answer.candidates] == [
        recommender.catalog.ids.ids[row] for row in order.tolist()
    ]


def test_a_dialogue_is_one_part_beside_others_and_no_filter_gives_way(
    recommender: Recommender,
) -> None:
    said = (Utterance("user", "I love Alien, do you know another scary film in space?"),)
    request = RecommendRequest(
        k=5, dialogue=said, query="space", item_filter=ItemFilter(genres_all=("Comedy",))
    )
    answer = hearing(recommender).recommend(request)
    assert answer.strategy == "query"
    assert {"dialogue", "text", "prior"} <= answer.candidates[0].parts.keys()
    assert all("Comedy" in recommender.catalog[one.item_id].genres for one in answer.candidates)


def test_without_a_dialogue_ranker_dialogues_change_nothing(recommender: Recommender) -> None:
    said = (Utterance("user", "something scary"),)
    assert recommender.recommend(RecommendRequest(dialogue=said)) == recommender.recommend(
        RecommendRequest()
    )
