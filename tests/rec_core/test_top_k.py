"""Exact top-k against sorting everything."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from rec_core.int8_codes import has_fast_int8
from rec_core.top_k import ItemMatrix, best_of_rows, top_k

COARSE = [False, True] if has_fast_int8() else [False]


def by_sorting(
    queries: np.ndarray,
    items: np.ndarray,
    k: int,
    exclude: Sequence[np.ndarray] | None = None,
    allowed: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    rows = np.full((len(queries), k), -1)
    scores = np.full((len(queries), k), -np.inf, dtype=np.float32)
    for number, query in enumerate(queries):
        all_scores = (items.astype(np.float64) @ query.astype(np.float64)).astype(np.float32)
        left_out = set() if exclude is None else set(exclude[number].tolist())
        ranked = sorted(
            (
                row
                for row in range(len(items))
                if row not in left_out and (allowed is None or allowed[row])
            ),
            key=lambda row: (-float(all_scores[row]), row),
        )[:k]
        rows[number, : len(ranked)] = ranked
        scores[number, : len(ranked)] = all_scores[ranked]
    return rows, scores


def eighths(generator: np.random.Generator, *shape: int) -> np.ndarray:
    """Numbers whose products add up exactly in any order and often tie."""
    return generator.integers(-8, 9, size=shape).astype(np.float32) / 8


@settings(deadline=None, max_examples=80)
@given(
    seed=st.integers(0, 2**16),
    n_items=st.integers(0, 700),
    n_queries=st.sampled_from([0, 1, 3, 9, 70]),
    dimension=st.sampled_from([1, 2, 8, 33, 64]),
    k=st.sampled_from([0, 1, 2, 4, 50, 800]),
    coarse=st.sampled_from(COARSE),
    masks=st.sampled_from(["none", "exclude", "most allowed", "few allowed", "both"]),
)
def test_it_agrees_with_sorting_everything(
    seed: int, n_items: int, n_queries: int, dimension: int, k: int, coarse: bool, masks: str
) -> None:
    generator = np.random.default_rng(seed)
    items = eighths(generator, n_items, dimension)
    queries = eighths(generator, n_queries, dimension)
    exclude = allowed = None
    if masks in {"exclude", "both"} and n_items:
        exclude = [
            generator.integers(n_items, size=generator.integers(40)) for _ in range(n_queries)
        ]
    if masks in {"most allowed", "few allowed", "both"}:
        allowed = generator.random(n_items) < (0.1 if masks == "few allowed" else 0.7)
    matrix = ItemMatrix(items, coarse=coarse)
    found = top_k(queries, matrix, k, exclude=exclude, allowed=allowed)
    rows, scores = by_sorting(queries, items, k, exclude, allowed)
    assert found.rows.dtype == np.int64
    assert found.scores.dtype == np.float32
    np.testing.assert_array_equal(found.rows, rows)
    np.testing.assert_array_equal(found.scores, scores)


@pytest.mark.parametrize("coarse", COARSE)
@pytest.mark.parametrize("n_queries", [1, 20])
def test_scores_closer_than_the_first_pass_can_tell_are_ranked_right(
    coarse: bool, n_queries: int
) -> None:
    generator = np.random.default_rng(4)
    base = generator.standard_normal(64)
    items = (base + 1e-4 * generator.standard_normal((6_000, 64))).astype(np.float32)
    items[::2] *= generator.uniform(0.01, 1, (3_000, 1)).astype(np.float32)
    queries = (base + generator.standard_normal((n_queries, 64))).astype(np.float32)
    found = top_k(queries, ItemMatrix(items, coarse=coarse), 20)
    np.testing.assert_array_equal(found.rows, by_sorting(queries, items, 20)[0])


@pytest.mark.skipif(len(COARSE) < 2, reason="no native int8")
def test_an_int8_copy_of_the_worst_numbers_still_finds_the_best() -> None:
    # 63.5 steps lie halfway between two codes: every rounding errs by the most possible
    signs = np.sign(np.random.default_rng(5).standard_normal((4_000, 32))).astype(np.float32)
    items = signs * np.float32(63.5)
    items[0], items[1] = 127, -127  # they set the steps to one
    items[0, :16] *= -1
    items[7] = 63.5 + 2**-6
    items[3_999] = 63.5 + 2**-7
    queries = np.linspace(63.5, 127, 32, dtype=np.float32)[None]
    found = top_k(queries, ItemMatrix(items, coarse=True), 3)
    np.testing.assert_array_equal(found.rows, by_sorting(queries, items, 3)[0])


@pytest.mark.skipif(len(COARSE) < 2, reason="no native int8")
def test_columns_of_very_different_sizes_are_ranked_right() -> None:
    generator = np.random.default_rng(6)
    items = generator.standard_normal((3_000, 16)) * np.logspace(-12, 6, 16)
    items[:, 3] = 0
    items = items.astype(np.float32)
    queries = (generator.standard_normal((3, 16)) * np.logspace(12, -6, 16)).astype(np.float32)
    matrix = ItemMatrix(items[:2_000])
    matrix.append(1e3 * items[2_000:])  # beyond what the codes were made for
    everything = np.concatenate([items[:2_000], 1e3 * items[2_000:]]).astype(np.float32)
    for k in (1, 30):
        np.testing.assert_array_equal(
            top_k(queries, matrix, k).rows, by_sorting(queries, everything, k)[0]
        )


def test_the_best_by_hand() -> None:
    items = np.array([[1, 0], [0, 1], [1, 1], [1, 0]], dtype=np.float32)
    found = top_k(np.array([[2.0, 1.0]]), items, 3, exclude=[np.array([2])])
    assert found.rows.tolist() == [[0, 3, 1]]
    assert found.scores.tolist() == [[2.0, 2.0, 1.0]]


@pytest.mark.parametrize("coarse", COARSE)
def test_when_all_tie_the_first_rows_win(coarse: bool) -> None:
    items = np.random.default_rng(0).standard_normal((5_000, 16)).astype(np.float32)
    nothing = np.zeros((2, 16), dtype=np.float32)
    assert top_k(nothing, ItemMatrix(items, coarse=coarse), 3).rows.tolist() == [[0, 1, 2]] * 2
    alike = np.tile(items[:1], (5_000, 1))
    found = top_k(items[1:2], ItemMatrix(alike, coarse=coarse), 3)
    assert found.rows.tolist() == [[0, 1, 2]]
    assert len(set(found.scores[0].tolist())) == 1


def test_the_answer_does_not_depend_on_the_batch() -> None:
    generator = np.random.default_rng(1)
    items = generator.standard_normal((9_000, 24)).astype(np.float32)
    queries = generator.standard_normal((100, 24)).astype(np.float32)
    together = top_k(queries, items, 7)
    for number in (0, 63, 64, 99):
        alone = top_k(queries[number : number + 1], items, 7)
        np.testing.assert_array_equal(alone.rows[0], together.rows[number])
        np.testing.assert_array_equal(alone.scores[0], together.scores[number])


@pytest.mark.parametrize("coarse", COARSE)
def test_a_changed_matrix_answers_like_a_new_one(coarse: bool) -> None:
    generator = np.random.default_rng(2)
    original = eighths(generator, 50, 6)
    given_items = original.copy()
    matrix = ItemMatrix(given_items, coarse=coarse)
    added, changed = 4 * eighths(generator, 300, 6), 9 * eighths(generator, 2, 6)
    matrix.replace(np.array([3, 40]), changed)
    for start in range(0, 300, 37):
        matrix.append(added[start : start + 37])
    expected = np.concatenate([original, added])
    expected[[3, 40]] = changed
    kept = np.arange(0, 350, 3)
    queries = eighths(generator, 4, 6)
    np.testing.assert_array_equal(
        top_k(queries, matrix, 9).rows, by_sorting(queries, expected, 9)[0]
    )
    matrix.keep(kept)
    assert len(matrix) == len(kept)
    np.testing.assert_array_equal(
        top_k(queries, matrix, 9).rows, by_sorting(queries, expected[kept], 9)[0]
    )
    np.testing.assert_array_equal(given_items, original)


def test_some_rows_are_ranked_by_the_same_rule() -> None:
    items = np.array([[1.0], [3.0], [3.0], [2.0]], dtype=np.float32)
    rows, scores = best_of_rows(np.ones(1, np.float32), ItemMatrix(items), np.array([3, 2, 1]), 2)
    assert rows.tolist() == [1, 2]
    assert scores.tolist() == [3.0, 3.0]


@pytest.mark.parametrize("bad", [np.nan, np.inf, 3e38])
def test_numbers_that_have_no_score_are_refused(bad: float) -> None:
    good, spoilt = np.ones((3, 2), dtype=np.float32), np.full((3, 2), bad, dtype=np.float32)
    with pytest.raises(ValueError, match="finite"):
        top_k(good, spoilt, 1)
    with pytest.raises(ValueError, match="finite"):
        top_k(spoilt, good, 1)


def test_a_refused_append_changes_nothing() -> None:
    matrix = ItemMatrix(np.ones((2, 2), dtype=np.float32))
    with pytest.raises(ValueError, match="finite"):
        matrix.append(np.full((1, 2), np.nan))
    assert len(matrix) == 2
    assert top_k(np.ones((1, 2)), matrix, 1).scores.tolist() == [[2.0]]


def test_wrong_shapes_and_rows_are_refused() -> None:
    items, query = np.ones((3, 2)), np.ones((1, 2))
    with pytest.raises(ValueError, match="queries"):
        top_k(np.ones((1, 3)), items, 1)
    with pytest.raises(ValueError, match="item vectors"):
        top_k(query, np.ones(3), 1)
    with pytest.raises(ValueError, match="negative"):
        top_k(query, items, -1)
    with pytest.raises(ValueError, match="allowed"):
        top_k(query, items, 1, allowed=np.ones(2, dtype=bool))
    with pytest.raises(ValueError, match="lists"):
        top_k(query, items, 1, exclude=[])
    for row in (-1, 3):
        with pytest.raises(ValueError, match="item rows"):
            top_k(query, items, 1, exclude=[np.array([row])])
