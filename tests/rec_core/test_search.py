"""Hybrid search: encoders, fusion, filters, the saved index, and what happens when it is damaged."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from rec_core import (
    ArtifactError,
    Catalog,
    HashEncoder,
    Item,
    ItemFilter,
    MiniLMEncoder,
    SearchEngine,
)
from rec_core.search.exact_index import top_rows
from rec_core.search.fusion import reciprocal_rank_fusion
from tests.film_world import film_catalog, film_id

DIMENSION = 64


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("index")
    SearchEngine.build(film_catalog(), HashEncoder(DIMENSION), folder)
    return folder


@pytest.fixture(scope="module")
def search(built: Path) -> SearchEngine:
    return SearchEngine.load(film_catalog(), HashEncoder(DIMENSION), built)


@pytest.fixture
def own_copy(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "copy"))


def many_items(n: int = 900) -> Catalog:
    """Enough items for unfiltered search to go through Chroma."""
    kinds = ("robot", "ghost", "pirate", "banker", "sailor", "spy")
    return Catalog(
        [
            Item(item_id=f"i{n}", title=f"Story {n} of the {kinds[n % 6]}", year=1950 + n % 60)
            for n in range(n)
        ]
    )


def test_the_hash_encoder_is_deterministic_and_gives_unit_vectors() -> None:
    encoder = HashEncoder(32)
    texts = ["a heist in Los Angeles", "", "Amélie"]
    vectors = encoder.encode(texts, kind="document")
    assert vectors.shape == (3, 32)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(3), abs=1e-5)
    assert np.array_equal(vectors, HashEncoder(32).encode(texts, kind="query"))


def test_reciprocal_rank_fusion_by_hand() -> None:
    fused = reciprocal_rank_fusion({"a": np.array([7, 3]), "b": np.array([3, 9])})
    assert [row for row, _ in fused] == [3, 7, 9]
    assert fused[0][1] == {"a": pytest.approx(1 / 62), "b": pytest.approx(1 / 61)}
    assert fused[1][1] == {"a": pytest.approx(1 / 61)}


def test_fusion_settles_equal_sums_by_row() -> None:
    fused = reciprocal_rank_fusion({"a": np.array([5]), "b": np.array([2])})
    assert [row for row, _ in fused] == [2, 5]


def test_top_rows_holds_the_mask_and_settles_ties_by_row() -> None:
    scores = np.array([1.0, 3.0, 3.0, 3.0, 0.0], dtype=np.float32)
    assert top_rows(scores, 2).tolist() == [1, 2]
    assert top_rows(scores, 3, np.array([True, False, True, True, True])).tolist() == [2, 3, 0]
    assert top_rows(scores, 0).tolist() == []
    assert top_rows(scores, 9, np.zeros(5, dtype=bool)).tolist() == []


def test_words_of_the_catalog_find_their_items(search: SearchEngine) -> None:
    assert search.search("pixar toys", k=3)[0].item_id.startswith("f00")
    assert search.search("Michael Mann heist", k=1)[0].item_id == film_id("Heat")


def test_parts_add_up_to_the_score_and_scores_fall(search: SearchEngine) -> None:
    found = search.search("space monster", k=20)
    assert all(set(candidate.parts) <= {"bm25", "dense"} for candidate in found)
    for candidate in found:
        assert sum(candidate.parts.values()) == pytest.approx(candidate.score)
    scores = [candidate.score for candidate in found]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("query", ["the of and", "???", "🙂", "\ud800 space", "x" * 9_000])
def test_strange_queries_never_fail(search: SearchEngine, query: str) -> None:
    assert len(search.search(query, k=5)) == 5


@pytest.mark.parametrize("query", ["", "   "])
def test_a_query_without_words_gives_nothing(search: SearchEngine, query: str) -> None:
    assert search.search(query) == ()


def test_a_filter_that_nothing_passes_gives_nothing(search: SearchEngine) -> None:
    assert search.search("space", item_filter=ItemFilter(year_min=2090)) == ()


GENRES = st.lists(st.sampled_from(film_catalog().genres), max_size=2, unique=True).map(tuple)
FILTERS = st.builds(
    ItemFilter,
    year_min=st.none() | st.integers(1940, 2010),
    year_max=st.none() | st.integers(1960, 2020),
    genres_all=GENRES,
    genres_any=GENRES,
    genres_none=GENRES,
    people_none=st.lists(st.sampled_from(film_catalog().people[:20]), max_size=2).map(tuple),
    exclude=st.lists(st.sampled_from(film_catalog().ids.ids), max_size=5).map(tuple),
)


@settings(deadline=None)
@given(item_filter=FILTERS, query=st.sampled_from(["space", "love", "the", "crime in new york"]))
def test_a_filter_is_never_broken_and_leaves_nothing_out(
    item_filter: ItemFilter, query: str, built: Path
) -> None:
    catalog = film_catalog()
    engine = SearchEngine.load(catalog, HashEncoder(DIMENSION), built)
    found = [
        candidate.item_id
        for candidate in engine.search(query, k=len(catalog), item_filter=item_filter)
    ]
    passing = {catalog.at(int(row)).item_id for row in np.flatnonzero(catalog.mask(item_filter))}
    assert set(found) == passing
    assert len(found) == len(set(found))


def test_text_scores_are_cosines_with_every_item(search: SearchEngine) -> None:
    scores = search.text_scores("space monster")
    assert scores.shape == (len(search.catalog),)
    assert np.abs(scores).max() <= 1.0 + 1e-5
    text = search.catalog.text_of(0)
    assert search.text_scores(text[:1_000])[0] == pytest.approx(1.0, abs=1e-4)


def test_a_loaded_index_answers_like_the_built_one(built: Path, tmp_path: Path) -> None:
    fresh = SearchEngine.build(film_catalog(), HashEncoder(DIMENSION), tmp_path)
    loaded = SearchEngine.load(film_catalog(), HashEncoder(DIMENSION), built)
    for query in ("space", "wedding comedy", "Tom Hanks"):
        assert fresh.search(query) == loaded.search(query)
    assert np.array_equal(fresh.item_vectors, loaded.item_vectors)


def test_building_reports_progress_up_to_the_end(tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    SearchEngine.build(
        film_catalog(), HashEncoder(8), tmp_path, lambda done, total: steps.append((done, total))
    )
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)
    assert steps[-1][0] == steps[-1][1]


def test_another_encoder_or_catalog_is_refused(own_copy: Path) -> None:
    with pytest.raises(ArtifactError, match="another encoder"):
        SearchEngine.load(film_catalog(), HashEncoder(8), own_copy)
    smaller = Catalog(film_catalog().items[:-1])
    with pytest.raises(ArtifactError, match="another catalog_fingerprint"):
        SearchEngine.load(smaller, HashEncoder(DIMENSION), own_copy)


@pytest.mark.parametrize(
    "name", ["search.json", "item_vectors.safetensors", "bm25/vocab.index.json"]
)
@pytest.mark.parametrize("damage", ["gone", "garbage", "empty"])
def test_damaged_files_are_a_clear_error(own_copy: Path, name: str, damage: str) -> None:
    path = own_copy / name
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(b"\x00\xffgarbage" * 50 if damage == "garbage" else b"")
    with pytest.raises(ArtifactError, match="rapport train"):
        SearchEngine.load(film_catalog(), HashEncoder(DIMENSION), own_copy)


def test_a_missing_folder_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="no readable search index"):
        SearchEngine.load(film_catalog(), HashEncoder(), tmp_path / "nowhere")


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("large")
    SearchEngine.build(many_items(), HashEncoder(DIMENSION), folder)
    return folder


def test_unfiltered_search_through_chroma_equals_exact_search(large: Path) -> None:
    engine = SearchEngine.load(many_items(), HashEncoder(DIMENSION), large)
    everything = ItemFilter(year_min=1900)  # a filter that all pass: exact search
    for query in ("the robot", "a pirate story", "spy 1980"):
        near = engine.search(query, k=10)
        assert near == engine.search(query, k=10, item_filter=everything)


@pytest.mark.parametrize("damage", ["no folder", "no pointer", "no database", "index", "stale"])
def test_whatever_happens_to_chroma_search_goes_on_and_it_is_mended(
    large: Path, tmp_path: Path, damage: str
) -> None:
    folder = Path(shutil.copytree(large, tmp_path / "copy"))
    chroma = folder / "chroma"
    current = chroma / (chroma / "current").read_text()
    if damage == "no folder":
        shutil.rmtree(chroma)
    elif damage == "no pointer":
        (chroma / "current").unlink()
    elif damage == "no database":
        (current / "chroma.sqlite3").write_bytes(b"garbage" * 99)
    elif damage == "index":
        next(current.glob("*/data_level0.bin")).write_bytes(b"\x81" * 5_000)
    else:
        sums = json.loads((current / "sums.json").read_text())
        (current / "sums.json").write_text(json.dumps({**sums, "more": "0"}))
    expected = SearchEngine.load(many_items(), HashEncoder(DIMENSION), large).search("pirate")
    engine = SearchEngine.load(many_items(), HashEncoder(DIMENSION), folder)
    assert engine.search("pirate") == expected
    assert engine.wait_for_vector_store(30)
    assert engine.search("pirate") == expected
    assert (chroma / (chroma / "current").read_text() / "chroma.sqlite3").is_file()


def test_an_index_whose_folder_vanished_still_answers(large: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(large, tmp_path / "copy"))
    engine = SearchEngine.load(many_items(), HashEncoder(DIMENSION), folder)
    shutil.rmtree(folder)
    assert len(engine.search("pirate", k=5)) == 5
    assert not engine.wait_for_vector_store(30)
    assert len(engine.search("pirate", k=5)) == 5


@pytest.mark.slow
def test_the_real_encoder_knows_meaning_and_keeps_documents(tmp_path: Path) -> None:
    if not MiniLMEncoder.is_available():
        pytest.skip("the text encoder's package is not installed")
    texts = [f"{item.label}. {', '.join(item.tags)}" for item in film_catalog().items[:24]]
    first = MiniLMEncoder(tmp_path)
    vectors = first.encode(texts, kind="document")
    assert vectors.shape == (24, 384)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(24), abs=1e-4)
    meaning = first.encode(["organised crime family", "gangsters", "a cartoon"], kind="query")
    assert meaning[0] @ meaning[1] > meaning[0] @ meaning[2]
    shards = list(tmp_path.rglob("*.safetensors"))
    assert len(shards) == 1
    second = MiniLMEncoder(tmp_path)
    assert np.array_equal(second.encode(texts, kind="document"), vectors)
    assert not second.is_loaded
    shards[0].write_bytes(b"garbage")
    third = MiniLMEncoder(tmp_path)
    assert third.encode(texts, kind="document") == pytest.approx(vectors, abs=1e-5)
    assert third.encode([], kind="document").shape == (0, 384)
