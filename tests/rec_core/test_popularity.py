from __future__ import annotations

import numpy as np

from rec_core.baselines.popularity import Popularity
from rec_core.interactions import Interactions
from rec_core.testing import ScorerContract, interactions_of


class TestPopularityContract(ScorerContract):
    def make_scorer(self, interactions: Interactions) -> Popularity:
        return Popularity.fit(interactions)


def test_everybody_gets_the_counts() -> None:
    model = Popularity.fit(interactions_of([[0, 1], [1, 2], [1]], n_items=4))
    scores = model.score([np.array([0]), np.array([2, 1])])
    assert scores.tolist() == [[1, 3, 1, 0], [1, 3, 1, 0]]
