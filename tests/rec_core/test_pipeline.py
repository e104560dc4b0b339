from __future__ import annotations

import numpy as np
import pytest

from rec_core.baselines.transitions import Transitions, TransitionsConfig
from rec_core.interactions import Interactions
from rec_core.pipeline import BEYOND, BlendWeights, Pipeline, log_shares, log_softmax
from rec_core.testing import ScorerContract, cycle_world, interactions_of


class Constant:
    """Always the same scores."""

    def __init__(self, scores: list[float]) -> None:
        self._scores = np.array(scores, dtype=np.float32)

    def score(self, histories: list[np.ndarray]) -> np.ndarray:
        return np.tile(self._scores, (len(histories), 1))


class TestPipelineContract(ScorerContract):
    def make_scorer(self, interactions: Interactions) -> Pipeline:
        return Pipeline(transitions=Transitions.fit(interactions))


def test_logarithms_by_hand() -> None:
    np.testing.assert_allclose(np.exp(log_softmax(np.array([[0.0, np.log(3)]]))), [[0.25, 0.75]])
    shares = np.exp(log_shares(np.array([[3.0, 1.0], [0.0, 0.0]]), floor=0.2))
    np.testing.assert_allclose(shares, [[0.7, 0.3], [0.1, 0.1]], rtol=1e-6)


def test_the_blend_is_the_weighted_sum_of_log_probabilities() -> None:
    transitions = Transitions.fit(
        interactions_of([[0, 1]], n_items=3), TransitionsConfig(row_power=0, column_power=0)
    )
    weights = BlendWeights(transitions=2.0, sasrec=0.5, floor=0.3)
    pipeline = Pipeline(
        transitions=transitions, models={"sasrec": Constant([0, 0, np.log(2)])}, weights=weights
    )
    expected = 2.0 * np.log([0.1, 0.8, 0.1]) + 0.5 * np.log([0.25, 0.25, 0.5])
    np.testing.assert_allclose(pipeline.score([np.array([0])])[0], expected, rtol=1e-5)


def test_a_model_without_weight_is_not_run() -> None:
    class Explosive:
        def score(self, histories: list[np.ndarray]) -> np.ndarray:
            raise AssertionError

    pipeline = Pipeline(transitions=Transitions.fit(cycle_world()), models={"sasrec": Explosive()})
    assert "sasrec" not in pipeline.log_probabilities([np.array([0])])


def test_what_no_retriever_proposed_is_behind() -> None:
    pipeline = Pipeline(
        transitions=Transitions.fit(cycle_world()),
        models={"two_tower": Constant([0.0] * 11 + [9.0])},
        weights=BlendWeights(two_tower=1.0, n_retrieved=1),
    )
    scores = pipeline.score([np.array([4])])[0]
    assert np.flatnonzero(scores > BEYOND).tolist() == [5, 11]


def test_seen_items_take_no_retrieval_places() -> None:
    pipeline = Pipeline(
        transitions=Transitions.fit(cycle_world()), weights=BlendWeights(n_retrieved=1)
    )
    scores = pipeline.score([np.array([5, 4])])[0]
    assert np.flatnonzero(scores > BEYOND).tolist() == [6]
    assert scores[6] == pytest.approx(
        pipeline.log_probabilities([np.array([5, 4])])["transitions"][0, 6]
    )
