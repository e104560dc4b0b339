from __future__ import annotations

import numpy as np
import pytest

from rec_core.baselines.ease import Ease
from rec_core.interactions import Interactions
from rec_core.testing import ScorerContract, checkerboard_world, interactions_of


class TestEaseContract(ScorerContract):
    def make_scorer(self, interactions: Interactions) -> Ease:
        return Ease.fit(interactions, regularisation=10.0)


def test_weights_by_hand_for_two_items() -> None:
    # G = [[2 + 1, 1], [1, 1 + 1]], det 5, P = [[2, -1], [-1, 3]] / 5, B = -P / diag(P).
    model = Ease.fit(interactions_of([[0, 1], [0]], n_items=2), regularisation=1.0)
    scores = model.score([np.array([0]), np.array([1])])
    np.testing.assert_allclose(scores, [[0, 1 / 3], [1 / 2, 0]], rtol=1e-6)


def test_older_items_count_less() -> None:
    model = Ease.fit(interactions_of([[0, 2], [1, 3]] * 5, n_items=4), regularisation=1.0)
    recent_first, recent_second = model.score([np.array([1, 0]), np.array([0, 1])])
    assert recent_first[2] == pytest.approx(2 * recent_second[2])
    assert recent_first[2] > recent_first[3]
    flat = model.with_history_power(0.0).score([np.array([1, 0])])[0]
    assert flat[2] == pytest.approx(flat[3])


def test_it_finds_the_hole_in_the_checkerboard() -> None:
    world = checkerboard_world()
    model = Ease.fit(world, regularisation=1.0)
    for user in range(world.n_users):
        scores = model.score([world.history(user)])[0]
        scores[world.history(user)] = -np.inf
        assert scores.argmax() == user % world.n_items


def test_too_many_items_are_refused() -> None:
    with pytest.raises(ValueError, match="limit"):
        Ease.fit(interactions_of([[0, 1]], n_items=20_001))
