from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from agents.rewriting.environment import (
    RETRIEVERS,
    RecommenderEnvironment,
    Retriever,
    SearchEnvironment,
)
from rec_core import (
    Candidate,
    HashEncoder,
    ItemFilter,
    Recommendation,
    RecommendRequest,
    SearchEngine,
)
from rec_core.search.encoder import TextKind
from tests.film_world import film_catalog, film_id

QUERIES = (
    "space monster horror",
    "mafia Al Pacino",
    "Toy Story pixar",
    "",
    "zzzz qqqq",
    "space monster horror",
)


@pytest.fixture(scope="module")
def engine() -> SearchEngine:
    return SearchEngine.in_memory(film_catalog(), HashEncoder())


@pytest.mark.parametrize("retriever", RETRIEVERS)
def test_it_ranks_as_the_search_of_the_chat_does(
    engine: SearchEngine, retriever: Retriever
) -> None:
    environment = SearchEnvironment(engine, retriever=retriever, depth=40)
    excluded = [(film_id("Alien"), "nobody's"), (), (film_id("Toy Story"),), (), (), ()]

    rankings = environment.rank(QUERIES, excluded)

    for query, ids, rows in zip(QUERIES, excluded, rankings, strict=True):
        found = engine.search(query, k=40, item_filter=ItemFilter(exclude=ids), retriever=retriever)
        assert [film_catalog().at(row).item_id for row in rows] == [one.item_id for one in found]


def test_the_chat_asks_for_both_rankings(engine: SearchEngine) -> None:
    assert engine.search("space monster") == engine.search("space monster", retriever="fused")


def test_excluded_items_are_out_before_ranking(engine: SearchEngine) -> None:
    alien = film_id("Alien")
    environment = SearchEnvironment(engine, retriever="bm25", depth=3)

    without, whole = environment.rank(["space monster"] * 2, [(alien,), ()])

    assert environment.rows([alien])[0] in whole
    assert environment.rows([alien])[0] not in without
    assert len(without) == 3


def test_what_was_asked_before_is_remembered_with_what_was_left_out() -> None:
    class Counting(HashEncoder):
        encoded = 0

        def encode(self, texts: Sequence[str], *, kind: TextKind) -> np.ndarray:
            Counting.encoded += len(texts) if kind == "query" else 0
            return super().encode(texts, kind=kind)

    environment = SearchEnvironment(SearchEngine.in_memory(film_catalog(), Counting()))
    first = environment.rank(["space", "mafia", "space"], [(), (), ()])
    again = environment.rank(["space"], [()])

    assert again[0] is first[0]
    assert Counting.encoded == 2
    assert (environment.asked, environment.found) == (4, 2)


def test_its_fingerprint_tells_retrievers_and_encoders_apart(engine: SearchEngine) -> None:
    other = SearchEngine.in_memory(film_catalog(), HashEncoder(64))
    prints = {SearchEnvironment(engine, retriever=one).fingerprint for one in RETRIEVERS}
    prints.add(SearchEnvironment(other).fingerprint)

    assert len(prints) == 4


def test_unknown_items_have_no_row(engine: SearchEngine) -> None:
    assert SearchEnvironment(engine).rows(["f001", "nobody's"]).tolist() == [0, -1]


def test_the_full_pipeline_is_asked_with_the_query_alone() -> None:
    asked: list[RecommendRequest] = []

    class Pipeline:
        catalog = film_catalog()

        def recommend(self, request: RecommendRequest) -> Recommendation:
            asked.append(request)
            found = tuple(Candidate(item_id=item, score=1.0) for item in ("f003", "f001"))
            return Recommendation(candidates=found, strategy="query", n_matching=2)

    environment = RecommenderEnvironment(Pipeline(), fingerprint="abc", depth=7)

    first, again = environment.rank(["space", "space"], [("f009",), ("f009",)])

    assert first.tolist() == again.tolist() == [2, 0]
    assert asked == [
        RecommendRequest(
            k=7, query="space", item_filter=ItemFilter(exclude=("f009",)), diversity=0.0
        )
    ]
    assert environment.fingerprint == "pipeline abc 7"
