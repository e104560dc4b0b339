"""The contract of every vector index: the exact one, Chroma and faiss alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from rec_core import ArtifactError, ChromaIndex, ExactIndex, VectorIndex
from rec_core.search.faiss_index import FaissConfig, FaissIndex

Make = Callable[[], VectorIndex]


@pytest.fixture(params=["exact", "chroma", "faiss", "faiss-ivf", "faiss-pq"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[VectorIndex]:
    made = make_index(request.param, tmp_path)
    yield made
    made.close()


def make_index(kind: str, folder: Path) -> VectorIndex:
    if kind == "exact":
        return ExactIndex(8)
    if kind == "chroma":
        return ChromaIndex(folder / "chroma")
    return FaissIndex(8) if kind == "faiss" else trained_then_emptied(kind.removeprefix("faiss-"))


def trained_then_emptied(kind: str) -> FaissIndex:
    """An index in which faiss finds the candidates even of a handful of vectors."""
    made = FaissIndex(8, FaissConfig(kind=kind, train_from=256))  # pyright: ignore[reportArgumentType]
    names = [f"old{number}" for number in range(1_024)]
    made.add(names, unit(np.random.default_rng(9), 1_024))
    assert made.is_trained
    made.delete(names)
    return made


def unit(rng: np.random.Generator, n: int, d: int = 8) -> np.ndarray:
    vectors = rng.standard_normal((n, d)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def axis(position: int) -> np.ndarray:
    return np.eye(8, dtype=np.float32)[position]


def test_an_empty_index_answers_nothing(index: VectorIndex) -> None:
    assert len(index) == 0
    assert index.query(axis(0)[None], 3) == ((),)


def test_the_nearest_come_first_with_their_cosines(index: VectorIndex) -> None:
    index.add(["x", "y", "xy"], np.stack([axis(0), axis(1), (axis(0) + axis(1)) / np.sqrt(2)]))
    (hits,) = index.query(axis(0)[None], 3)
    assert [hit.id for hit in hits] == ["x", "xy", "y"]
    assert [hit.score for hit in hits] == pytest.approx([1.0, np.sqrt(0.5), 0.0], abs=1e-5)


def test_several_queries_are_answered_in_order(index: VectorIndex) -> None:
    index.add(["x", "y"], np.stack([axis(0), axis(1)]))
    answers = index.query(np.stack([axis(1), axis(0)]), 1)
    assert [[hit.id for hit in hits] for hits in answers] == [["y"], ["x"]]


def test_only_masked_ids_come_back_and_as_many_as_there_are(index: VectorIndex) -> None:
    rng = np.random.default_rng(3)
    vectors = unit(rng, 60)
    ids = [f"i{number}" for number in range(60)]
    index.add(ids, vectors)
    allowed = ids[40:45]
    for query in unit(rng, 5):
        (hits,) = index.query(query[None], 10, allowed)
        scores = vectors[40:45] @ query
        assert [hit.id for hit in hits] == [allowed[row] for row in np.argsort(-scores)]
    assert index.query(vectors[:1], 5, []) == ((),)
    assert index.query(vectors[:1], 0) == ((),)


def test_adding_an_id_again_replaces_its_vector(index: VectorIndex) -> None:
    index.add(["a", "b"], np.stack([axis(0), axis(1)]))
    index.add(["a"], axis(2)[None])
    assert len(index) == 2
    (hits,) = index.query(axis(2)[None], 1)
    assert hits[0].id == "a"
    assert hits[0].score == pytest.approx(1.0, abs=1e-5)


def test_one_id_twice_in_a_call_keeps_the_last_vector(index: VectorIndex) -> None:
    index.add(["a", "a"], np.stack([axis(0), axis(1)]))
    assert len(index) == 1
    assert index.query(axis(1)[None], 1)[0][0].score == pytest.approx(1.0, abs=1e-5)


def test_deleted_ids_never_come_back(index: VectorIndex) -> None:
    index.add(["a", "b", "c"], np.stack([axis(0), axis(1), axis(2)]))
    index.delete(["a", "nobody"])
    index.delete([])
    assert len(index) == 2
    (hits,) = index.query(axis(0)[None], 3)
    assert {hit.id for hit in hits} == {"b", "c"}


def test_ids_and_vectors_must_be_equally_many(index: VectorIndex) -> None:
    with pytest.raises(ValueError):
        index.add(["a", "b"], axis(0)[None])


def test_exact_search_breaks_ties_by_order_of_arrival() -> None:
    index = ExactIndex(8)
    index.add(["b", "a", "c"], np.stack([axis(0), axis(0), axis(0)]))
    assert [hit.id for hit in index.query(axis(0)[None], 2)[0]] == ["b", "a"]


@settings(deadline=None)
@given(seed=st.integers(0, 2**16), k=st.integers(1, 12), n=st.integers(1, 30))
def test_exact_search_agrees_with_sorting_everything(seed: int, k: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = np.round(unit(rng, n), 1)  # rounding makes ties
    index = ExactIndex(8)
    index.add([str(row) for row in range(n)], vectors)
    query = unit(rng, 1)
    expected = sorted(range(n), key=lambda row: (-float((vectors @ query[0])[row]), row))[:k]
    assert [hit.id for hit in index.query(query, k)[0]] == [str(row) for row in expected]


def test_chroma_keeps_vectors_and_description_when_opened_again(tmp_path: Path) -> None:
    first = ChromaIndex(tmp_path, description={"encoder": "e1"})
    first.add(["a"], axis(0)[None])
    first.close()
    again = ChromaIndex(tmp_path, description={"encoder": "e1"})
    assert len(again) == 1
    assert again.description == {"encoder": "e1"}
    again.close()


def test_a_damaged_chroma_folder_is_an_artifact_error(tmp_path: Path) -> None:
    (tmp_path / "chroma.sqlite3").write_bytes(b"no database" * 100)
    with pytest.raises(ArtifactError, match="not usable"):
        ChromaIndex(tmp_path)


def test_chroma_finds_nearly_all_of_the_true_nearest(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    vectors = unit(rng, 1_500, 32)
    ids = [str(row) for row in range(len(vectors))]
    chroma, exact = ChromaIndex(tmp_path), ExactIndex(32)
    for index in (chroma, exact):
        index.add(ids, vectors)
    queries = unit(rng, 20, 32)
    shared = [
        len({hit.id for hit in near} & {hit.id for hit in true}) / 20
        for near, true in zip(chroma.query(queries, 20), exact.query(queries, 20), strict=True)
    ]
    assert np.mean(shared) > 0.97
    chroma.close()
