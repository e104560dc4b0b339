"""The int8 copy of item vectors: codes by hand, and a bound that holds."""

from __future__ import annotations

import numpy as np
import pytest

from rec_core.int8_codes import Int8Codes


def worst_error(codes: Int8Codes, items: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """(q,) by how much the products miss the true scores, as a share of the bound."""
    coded = codes.queries(queries)
    products = codes.rows.astype(np.int64) @ coded.weights.T.astype(np.int64)
    missed = np.abs(products * coded.unit - items.astype(np.float64) @ queries.T.astype(np.float64))
    return missed.max(axis=0) / coded.error


def test_codes_by_hand() -> None:
    codes = Int8Codes(np.array([[127, 0, -2.54], [63.4, 0, 1.26]], dtype=np.float32))
    assert codes.rows.tolist() == [[127, 0, -127], [63, 0, 63]]  # steps 1 and 0.02
    coded = codes.queries(np.array([[1, 5, 50]], dtype=np.float32))  # 1 and 1 in steps
    assert coded.weights.tolist() == [[127, 0, 127]]
    assert coded.unit == pytest.approx([1 / 127])
    # the second row misses by 0.4 and 0 steps; the query is hit exactly
    assert coded.error == pytest.approx([np.sqrt(2) * 0.4], rel=1e-4)


@pytest.mark.parametrize("spread", [0.0, 3.0])
def test_no_product_is_further_off_than_the_bound(spread: float) -> None:
    generator = np.random.default_rng(0)
    items = generator.standard_normal((2_000, 24)) * np.exp(spread * generator.standard_normal(24))
    items = items.astype(np.float32)
    queries = generator.standard_normal((50, 24)).astype(np.float32)
    queries[-1] = items[0] - items[1]
    assert worst_error(Int8Codes(items), items, queries).max() <= 1


def test_the_bound_is_reached_by_numbers_between_two_codes() -> None:
    signs = np.sign(np.random.default_rng(1).standard_normal((50, 16))).astype(np.float32)
    items = np.concatenate([np.full((1, 16), 127), signs * 63.5]).astype(np.float32)
    share = worst_error(Int8Codes(items), items, np.ones((1, 16), dtype=np.float32))
    assert 0.2 < share[0] <= 1


def test_rows_beyond_the_steps_are_cut_and_said_to_be() -> None:
    generator = np.random.default_rng(2)
    items = generator.uniform(-1, 1, (300, 8)).astype(np.float32)
    items[0] = 1
    codes = Int8Codes(items[:200])
    codes.append(items[200:])
    assert not codes.is_stale
    codes.replace(np.array([5]), 4 * items[5:6])
    items[5] *= 4
    assert codes.is_stale
    queries = generator.standard_normal((9, 8)).astype(np.float32)
    assert worst_error(codes, items, queries).max() <= 1
    codes.keep(np.array([9, 5]))
    assert worst_error(codes, items[[9, 5]], queries).max() <= 1


def test_nothing_and_zeros_can_be_coded() -> None:
    codes = Int8Codes(np.zeros((0, 8), dtype=np.float32))
    codes.append(np.zeros((2, 8), dtype=np.float32))
    coded = codes.queries(np.zeros((1, 8), dtype=np.float32))
    assert codes.rows.tolist() == [[0] * 8] * 2
    assert coded.error.tolist() == [0.0]
    assert not codes.is_stale
