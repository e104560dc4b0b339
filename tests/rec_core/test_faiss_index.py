"""What the faiss index does beyond the contract of every index (test_vector_index.py)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rec_core import ArtifactError, ExactIndex
from rec_core.search.faiss_index import FaissConfig, FaissIndex

IDS = [f"i{number}" for number in range(4_000)]


def unit(rng: np.random.Generator, n: int, d: int = 16) -> np.ndarray:
    """Unit vectors around twenty centres, the same ones every time."""
    centres = np.random.default_rng(0).standard_normal((20, d))
    vectors = centres[rng.integers(20, size=n)] + 0.5 * rng.standard_normal((n, d))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def filled(kind: str) -> FaissIndex:
    index = FaissIndex(16, FaissConfig(kind=kind, train_from=1_000))  # pyright: ignore[reportArgumentType]
    index.add(IDS, unit(np.random.default_rng(1), len(IDS)))
    return index


def exact_index() -> ExactIndex:
    index = ExactIndex(16)
    index.add(IDS, unit(np.random.default_rng(1), len(IDS)))
    return index


@pytest.mark.parametrize("kind", ["ivf", "pq"])
def test_nearly_all_of_the_true_nearest_come_back_with_exact_scores(kind: str) -> None:
    index, exact = filled(kind), exact_index()
    assert index.is_trained
    queries = unit(np.random.default_rng(2), 30)
    shared = 0
    for near, true in zip(index.query(queries, 10), exact.query(queries, 10), strict=True):
        scores = {hit.id: hit.score for hit in true}
        shared += sum(scores.get(hit.id) == hit.score for hit in near)
    assert shared >= 0.97 * 300


@pytest.mark.parametrize("kind", ["ivf", "pq"])
def test_a_mask_holds_before_ranking_with_nothing_lost(kind: str) -> None:
    index, exact = filled(kind), exact_index()
    queries = unit(np.random.default_rng(3), 5)
    for allowed in (IDS[7::400], IDS[::2]):
        assert index.query(queries, 10, allowed) == exact.query(queries, 10, allowed)


@pytest.mark.parametrize("kind", ["ivf", "pq"])
def test_deleted_and_replaced_vectors_are_never_found(kind: str) -> None:
    index = filled(kind)
    query = unit(np.random.default_rng(4), 1)
    best = [hit.id for hit in index.query(query, 20)[0]]
    index.delete(best[:10])
    index.add(best[10:15], -np.repeat(query, 5, axis=0))
    (hits,) = index.query(query, 20)
    assert not {hit.id for hit in hits} & set(best[:15])
    assert len(hits) == 20
    assert len(index) == len(IDS) - 10
    index.delete(IDS[:3_000])
    left = {hit.id for hit in index.query(query, len(IDS))[0]}
    assert left == set(IDS[3_000:]) - set(best[:10])


@pytest.mark.parametrize("kind", ["ivf", "pq"])
def test_a_saved_index_answers_as_before(kind: str, tmp_path: Path) -> None:
    index = filled(kind)
    index.delete(IDS[5:9])
    index.save(tmp_path / "index")
    again = FaissIndex.load(tmp_path / "index")
    assert again.is_trained
    assert len(again) == len(index)
    queries = unit(np.random.default_rng(5), 8)
    assert again.query(queries, 7) == index.query(queries, 7)
    again.add(["new"], queries[:1])
    assert again.query(queries[:1], 1)[0][0].id == "new"


def test_few_vectors_are_searched_exactly_until_there_are_enough() -> None:
    index = FaissIndex(16, FaissConfig(train_from=1_000))
    vectors = unit(np.random.default_rng(1), len(IDS))
    index.add(IDS[:999], vectors[:999])
    assert not index.is_trained
    index.add(IDS[999:1_000], vectors[999:1_000])
    assert index.is_trained


@pytest.mark.parametrize("kind", ["ivf", "pq"])
def test_as_few_vectors_as_training_needs_are_enough(kind: str) -> None:
    index = FaissIndex(16, FaissConfig(kind=kind, train_from=64))  # pyright: ignore[reportArgumentType]
    vectors = unit(np.random.default_rng(1), 64)
    index.add(IDS[:64], vectors)
    assert index.is_trained
    assert index.query(vectors[3:4], 1)[0][0].id == IDS[3]


def test_narrower_search_finds_less_and_wider_finds_it_again() -> None:
    index, exact = filled("ivf"), exact_index()
    queries = unit(np.random.default_rng(6), 20)
    true = exact.query(queries, 50)
    index.adjust(n_probe=1, candidates_per_hit=None)
    assert index.query(queries, 50) != true
    index.adjust(n_probe=4_000, candidates_per_hit=None)
    assert index.query(queries, 50) == true


def test_a_damaged_or_missing_folder_is_an_artifact_error(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError):
        FaissIndex.load(tmp_path / "nowhere")
    filled("ivf").save(tmp_path / "index")
    file = tmp_path / "index" / "index.faiss"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(ArtifactError, match="not usable"):
        FaissIndex.load(tmp_path / "index")


def test_settings_that_cannot_work_are_refused() -> None:
    with pytest.raises(ValueError, match="kind"):
        FaissConfig(kind="hnsw")  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="at least 1"):
        FaissConfig(n_probe=0)
    with pytest.raises(ValueError, match="at least 1"):
        FaissConfig(candidates_per_hit=0)
    with pytest.raises(ValueError, match="train_from"):
        FaissConfig(train_from=1)


@pytest.mark.slow
@pytest.mark.parametrize("order", [("faiss", "torch"), ("torch", "faiss")])
def test_faiss_and_torch_work_in_one_process_in_either_order(order: tuple[str, str]) -> None:
    # each brings its own OpenMP, which on some systems ends the process or never returns
    program = f"""
import {order[0]}, {order[1]}
import numpy as np
vectors = np.random.default_rng(0).standard_normal((4_000, 32)).astype("float32")
for _ in range(3):
    index = faiss.index_factory(32, "IVF16,Flat", faiss.METRIC_INNER_PRODUCT)
    index.train(vectors)
    index.add(vectors)
    index.search(vectors[:500], 5)
    weights = torch.from_numpy(vectors).requires_grad_()
    (weights @ weights[:64].T).logsumexp(1).sum().backward()
assert torch.isfinite(weights.grad).all()
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)
