"""Contract suites: what every implementation of a seam must hold, for tests to inherit.

Subclass, implement `make_scorer`, and pytest runs the rest.
"""

from __future__ import annotations

import numpy as np

from .evaluation import Scorer
from .ids import IdMap
from .interactions import Interactions

_N_ITEMS = 24
_N_USERS = 40


def interactions_of(histories: list[list[int]], *, n_items: int) -> Interactions:
    """Interactions with users "u0", "u1", …, items "i0", "i1", … and each history in its order."""
    return Interactions(
        users=IdMap([f"u{row}" for row in range(len(histories))]),
        catalog_ids=IdMap([f"i{row}" for row in range(n_items)]),
        user_rows=np.repeat(np.arange(len(histories)), [len(history) for history in histories]),
        item_rows=np.array([item for history in histories for item in history], dtype=np.int64),
    )


def cycle_world(*, n_items: int = 12, n_users: int = 60, length: int = 10) -> Interactions:
    """A world whose answer is known: after item i always comes item i + 1, and 0 after the last."""
    histories = [[(user + step) % n_items for step in range(length)] for user in range(n_users)]
    return interactions_of(histories, n_items=n_items)


def checkerboard_world(*, n_items: int = 20, n_users: int = 40) -> Interactions:
    """Even users took all even items, odd users all odd ones; user u misses item u modulo n_items.

    Every collaborative model must rank the hole first among what a user has not taken.
    """
    histories = [
        [item for item in range(n_items) if item % 2 == user % 2 and item != user % n_items]
        for user in range(n_users)
    ]
    return interactions_of(histories, n_items=n_items)


class ScorerContract:
    """What every `Scorer` holds."""

    def make_scorer(self, interactions: Interactions) -> Scorer:
        """A scorer fitted on the interactions."""
        raise NotImplementedError

    def test_one_row_of_finite_scores_for_each_history(self) -> None:
        """Shape (n_histories, n_items), no NaN, no infinity."""
        scores = self._scorer().score([np.array([1, 2, 3]), np.array([5])])
        assert scores.shape == (2, _N_ITEMS)
        assert np.isfinite(scores).all()

    def test_an_empty_history_is_scored(self) -> None:
        """Nothing known is no fault."""
        scores = self._scorer().score([np.empty(0, dtype=np.int64)])
        assert scores.shape == (1, _N_ITEMS)
        assert np.isfinite(scores).all()

    def test_no_histories_give_no_rows(self) -> None:
        """An empty batch is an empty answer."""
        assert self._scorer().score([]).shape == (0, _N_ITEMS)

    def test_a_history_scores_the_same_in_any_company(self) -> None:
        """Batching must not change an answer beyond rounding."""
        scorer = self._scorer()
        short, long = np.array([4]), np.arange(20)
        together = scorer.score([short, long])
        np.testing.assert_allclose(scorer.score([short])[0], together[0], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(scorer.score([long])[0], together[1], rtol=1e-4, atol=1e-5)

    def test_scoring_leaves_the_histories_alone(self) -> None:
        """Input arrays are read, never written."""
        history = np.array([3, 1, 2])
        self._scorer().score([history])
        np.testing.assert_array_equal(history, [3, 1, 2])

    def test_an_unseen_item_in_a_history_is_no_fault(self) -> None:
        """The last item of the contract's world was never taken by anybody."""
        scores = self._scorer().score([np.array([_N_ITEMS - 1])])
        assert np.isfinite(scores).all()

    def _scorer(self) -> Scorer:
        world = [
            [(user * 3 + step) % (_N_ITEMS - 1) for step in range(6)] for user in range(_N_USERS)
        ]
        return self.make_scorer(interactions_of(world, n_items=_N_ITEMS))
