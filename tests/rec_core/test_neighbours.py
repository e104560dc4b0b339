from __future__ import annotations

import numpy as np
import pytest

from rec_core.baselines.neighbours import Neighbours, NeighboursConfig, liked_matrix
from rec_core.ids import IdMap
from rec_core.interactions import Interactions
from rec_core.testing import interactions_of


def test_similarity_by_hand() -> None:
    world = interactions_of([[0, 1], [0, 1], [0, 2], [3]], n_items=4)
    config = NeighboursConfig(shrink=1.0, lift_power=1.0, max_lift=100.0)
    scores = Neighbours.fit(world, config).scores(np.array([0]))[0]
    # Item 0 has 3 people, item 1 has 2, both 2: cosine 2 / (sqrt(6) + 1), lift 2 * 4 / 6.
    together = 2 / (np.sqrt(6) + 1) * 8 / 6
    rare = 1 / (np.sqrt(3) + 1) * 4 / 3
    np.testing.assert_allclose(scores, [0, together, rare, 0], rtol=1e-6)


def test_a_blockbuster_is_not_everybodys_neighbour() -> None:
    # Everybody took item 0; items 1 and 2 share their few people.
    world = interactions_of([[0, 1, 2]] * 4 + [[0, 3]] * 30, n_items=4)
    scores = Neighbours.fit(world).scores(np.array([1]))[0]
    assert scores[2] > 2 * scores[0]


def test_liking_is_a_rating_of_at_least_ones_own_mean() -> None:
    world = Interactions(
        users=IdMap(["u", "v"]),
        catalog_ids=IdMap(["a", "b", "c"]),
        user_rows=np.array([0, 0, 0, 1]),
        item_rows=np.array([0, 1, 2, 2]),
        weights=np.array([5, 3, 1, 1], dtype=np.float32),
    )
    assert liked_matrix(world).toarray().tolist() == [[1, 1, 0], [0, 0, 1]]


def test_only_the_strongest_are_kept_and_saving_keeps_them() -> None:
    world = interactions_of([[0, 1], [0, 1], [0, 2]], n_items=3)
    model = Neighbours.fit(world, NeighboursConfig(per_item=1))
    copy = Neighbours.from_tensors(model.tensors())
    scores = copy.scores(np.array([0]))[0]
    assert scores[1] > 0
    assert scores[2] == 0
    assert copy.scores(np.array([0, 1])) == pytest.approx(model.scores(np.array([0, 1])))


def test_nobody_liked_anything() -> None:
    model = Neighbours.fit(interactions_of([], n_items=3))
    assert model.scores(np.array([0, 2])).tolist() == [[0, 0, 0], [0, 0, 0]]


def crowded_world() -> Interactions:
    generator = np.random.default_rng(0)
    histories = [generator.choice(12, size, replace=False) for size in generator.integers(1, 9, 60)]
    return interactions_of([history.tolist() for history in histories], n_items=12)


def test_counting_in_blocks_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    config = NeighboursConfig(per_item=4)
    whole = Neighbours.fit(crowded_world(), config).scores(np.arange(12))
    monkeypatch.setattr("rec_core.baselines.neighbours._PAIRS_AT_ONCE", 7)
    assert Neighbours.fit(crowded_world(), config).scores(np.arange(12)).tolist() == whole.tolist()
    assert ((whole > 0).sum(axis=1) == 4).all()


def test_a_large_catalog_keeps_fewer_for_each_item() -> None:
    few = Neighbours.fit(crowded_world(), NeighboursConfig(max_pairs=24)).scores(np.arange(12))
    assert ((few > 0).sum(axis=1) == 2).all()


def test_mean_roots_are_what_the_dense_scores_say() -> None:
    model = Neighbours.fit(crowded_world())
    rows, share = np.array([3, 7]), np.array([0.25, 0.75], dtype=np.float32)
    expected = share @ np.sqrt(model.scores(rows))
    assert model.mean_roots(rows, share) == pytest.approx(expected)
