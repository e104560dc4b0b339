from __future__ import annotations

import numpy as np
import pytest

from rec_core.baselines.transitions import Transitions, TransitionsConfig, transition_counts
from rec_core.interactions import Interactions
from rec_core.testing import ScorerContract, cycle_world, interactions_of

PLAIN = TransitionsConfig(row_power=0.0, column_power=0.0)


class TestTransitionsContract(ScorerContract):
    def make_scorer(self, interactions: Interactions) -> Transitions:
        return Transitions.fit(interactions)


def test_counts_by_hand() -> None:
    counts = transition_counts(interactions_of([[0, 1, 2], [1, 2]], n_items=4), window=2).toarray()
    expected = np.zeros((4, 4))
    expected[0, 1] = 1  # once, next to each other
    expected[1, 2] = 2  # twice, next to each other
    expected[0, 2] = 1 / 2  # once, two places apart
    np.testing.assert_allclose(counts, expected)


def test_the_window_ends_and_users_do_not_mix() -> None:
    counts = transition_counts(interactions_of([[0, 1, 2], [3]], n_items=4), window=1).toarray()
    assert counts[0, 2] == 0
    assert counts[2, 3] == 0


def test_scores_by_hand() -> None:
    model = Transitions.fit(interactions_of([[0, 1, 2], [1, 2]], n_items=4), PLAIN)
    # Item 1 is last (weight 1), item 0 before it (weight 1/2).
    scores = model.score([np.array([0, 1])])[0]
    np.testing.assert_allclose(scores, [0, 1 / 2, 2 + 1 / 2 * 1 / 2, 0])


def test_normalisation_by_hand() -> None:
    config = TransitionsConfig(row_power=1.0, column_power=0.5, window=1)
    model = Transitions.fit(interactions_of([[0, 1], [0, 2], [3, 2]], n_items=4), config)
    # Row 0 sums to 2; column 1 to 1 and column 2 to 2.
    np.testing.assert_allclose(
        model.score([np.array([0])])[0], [0, 1 / 2, 1 / 2 / np.sqrt(2), 0], rtol=1e-6
    )


def test_backward_counts_what_came_before() -> None:
    config = TransitionsConfig(row_power=0.0, column_power=0.0, backward=0.5)
    scores = Transitions.fit(interactions_of([[0, 1]], n_items=2), config).score([np.array([1])])
    np.testing.assert_allclose(scores, [[0.5, 0]])


def test_contributions_add_up_to_the_score() -> None:
    model = Transitions.fit(cycle_world(), TransitionsConfig(length=3))
    history = np.array([7, 3, 4, 5])
    parts = model.contributions(history, 6)
    assert parts[0] == 0  # beyond the length
    assert parts[3] > parts[2] > 0
    assert parts.sum() == pytest.approx(model.score([history])[0, 6])


def test_the_cycle_is_learned_and_survives_saving() -> None:
    model = Transitions.fit(cycle_world())
    copy = Transitions.from_tensors(model.tensors(), model.config)
    for item in range(12):
        scores = copy.score([np.array([item])])[0]
        assert scores.argmax() == (item + 1) % 12
