from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from rec_core import Catalog, Item
from rec_core.ranking.diversity import diversify
from rec_core.ranking.numbers import best_rows, percentiles, standardised
from rec_core.ranking.signals import rare_values


def catalog_of(genres: list[tuple[str, ...]]) -> Catalog:
    return Catalog(
        [Item(item_id=f"i{row}", title="x", genres=own) for row, own in enumerate(genres)]
    )


def test_standardised_by_hand_and_without_variation() -> None:
    assert standardised(np.array([1.0, 3.0])).tolist() == [-1, 1]
    assert standardised(np.array([2.0, 2.0])).tolist() == [0, 0]


def test_far_values_count_by_their_logarithm() -> None:
    values = np.array([0.0] * 99 + [1.0])
    deviations = 0.99 / values.std()
    assert standardised(values)[-1] == pytest.approx(3 + np.log1p(deviations - 3))
    assert standardised(-values)[-1] == pytest.approx(-3 - np.log1p(deviations - 3))


def test_percentiles_by_hand() -> None:
    assert percentiles(np.array([5, 1, 1, 9])).tolist() == [5 / 8, 2 / 8, 2 / 8, 7 / 8]
    assert percentiles(np.array([])).tolist() == []


@given(
    scores=st.lists(st.integers(0, 4), min_size=1, max_size=20),
    count=st.integers(0, 25),
    data=st.data(),
)
def test_best_rows_are_those_of_a_stable_sort(
    scores: list[int], count: int, data: st.DataObject
) -> None:
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=len(scores), max_size=len(scores))))
    expected = sorted(np.flatnonzero(mask).tolist(), key=lambda row: (-scores[row], row))[:count]
    assert best_rows(np.array(scores, dtype=np.float32), mask, count).tolist() == expected


def test_diversity_by_hand() -> None:
    relevance = np.array([1.0, 0.9, 0.0])
    similarity = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    assert diversify(relevance, similarity, count=3, diversity=0.0) == [0, 1, 2]
    # After the first: 0.5 * 0.9 - 0.5 * 1 < 0.5 * 0 - 0.5 * 0.
    assert diversify(relevance, similarity, count=3, diversity=0.5) == [0, 2, 1]
    assert diversify(relevance, similarity, count=1, diversity=0.5) == [0]


def test_rare_values_weigh_more() -> None:
    genres = [("drama", "western"), ("drama",), ("western",), ("drama",), ()]
    rows = rare_values(catalog_of(genres).values_of("genres")).toarray()
    likeness = rows @ rows.T
    # Weights are log(5 / 3) for drama and log(5 / 2) for western.
    drama, western = np.log(5 / 3), np.log(5 / 2)
    assert likeness[0, 1] == pytest.approx(drama / np.hypot(drama, western))
    assert likeness[0, 2] == pytest.approx(western / np.hypot(drama, western))
    assert likeness[0, 0] == pytest.approx(1)
    assert likeness[4].tolist() == [0, 0, 0, 0, 0]
    assert rare_values(catalog_of([(), ()]).values_of("genres")).nnz == 0


@given(
    st.lists(st.integers(-3, 3), min_size=600, max_size=900),
    st.integers(1, 3),
    st.integers(0, 2**32 - 1),
)
def test_best_rows_of_many_are_those_of_a_full_sort(
    values: list[int], count: int, seed: int
) -> None:
    scores = np.array(values, dtype=np.float32)
    mask = np.random.default_rng(seed).random(len(scores)) < 0.3
    allowed = np.flatnonzero(mask)
    expected = allowed[np.lexsort((allowed, -scores[allowed]))][:count]
    assert best_rows(scores, mask, count).tolist() == expected.tolist()


def test_best_rows_when_few_or_none_are_allowed() -> None:
    scores, mask = np.arange(1000.0), np.zeros(1000, dtype=bool)
    assert best_rows(scores, mask, 2).tolist() == []
    mask[[3, 999]] = True
    assert best_rows(scores, mask, 3).tolist() == [999, 3]
    assert best_rows(scores, mask, 0).tolist() == []
