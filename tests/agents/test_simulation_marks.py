"""The marks of simulated people on MovieLens-1M, smaller than the benchmark that reports them."""

from __future__ import annotations

import numpy as np
import pytest

from agents.simulation import (
    StatisticalPeople,
    draw_personas,
    hide_late_events,
    rating_error,
    seen_unseen,
)
from benchmarks.simulated_people import movielens_1m
from tests.shared_data import shared_data


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_people_of_movielens_1m_know_seen_from_unseen_and_rate_better_than_biases() -> None:
    catalog, interactions = movielens_1m(shared_data("movielens"))
    split = hide_late_events(interactions)
    personas = draw_personas(catalog, split, count=600, generator=np.random.default_rng(1))
    people = StatisticalPeople.fit(catalog, split, personas)
    even = seen_unseen(
        people, personas, split, ratio=1, negatives="uniform", generator=np.random.default_rng(0)
    )
    famous = seen_unseen(
        people, personas, split, ratio=1, negatives="popular", generator=np.random.default_rng(0)
    )
    assert even.accuracy.low >= 0.79
    assert famous.accuracy.low >= 0.60
    error = rating_error(people, personas, split, generator=np.random.default_rng(0))
    assert error is not None
    assert error.rmse.value < error.baseline_rmse
    assert error.distance < 0.1
