from __future__ import annotations

from math import exp, log

import numpy as np
import pytest
import torch

from rec_core import RunOptions
from rec_core.interactions import Interactions
from rec_core.testing import ScorerContract, cycle_world, interactions_of
from rec_core.two_tower.config import TwoTowerConfig
from rec_core.two_tower.loss import in_batch_softmax
from rec_core.two_tower.retriever import TwoTowerRetriever
from rec_core.two_tower.train import item_content, log_frequencies, train_two_tower

SMALL = TwoTowerConfig(dimension=16, max_length=8, batch_size=32, max_epochs=15, learning_rate=1e-2)


def content_of(n_items: int) -> np.ndarray:
    vectors = np.random.default_rng(0).normal(size=(n_items, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return item_content(vectors, np.zeros((n_items, 2), dtype=np.float32))


def fitted(world: Interactions, config: TwoTowerConfig = SMALL, seed: int = 0) -> TwoTowerRetriever:
    options = RunOptions(seed=seed, threads=1)
    return train_two_tower(
        world, content_of(world.n_items), config, stop_after=config.max_epochs, options=options
    ).retriever


class TestTwoTowerContract(ScorerContract):
    def make_scorer(self, interactions: Interactions) -> TwoTowerRetriever:
        return fitted(interactions, TwoTowerConfig(dimension=8, max_epochs=1))


def test_the_correction_lowers_frequent_items_by_their_log_share() -> None:
    logits = torch.tensor([[2.0, 1.0], [0.5, 1.5]])
    log_share = torch.tensor([log(0.8), log(0.2)])
    loss = in_batch_softmax(logits, torch.tensor([3, 7]), log_share)
    first = -log((exp(2) / 0.8) / (exp(2) / 0.8 + exp(1) / 0.2))
    second = -log((exp(1.5) / 0.2) / (exp(0.5) / 0.8 + exp(1.5) / 0.2))
    assert float(loss) == pytest.approx((first + second) / 2, rel=1e-5)


def test_the_same_item_elsewhere_in_the_batch_is_no_negative() -> None:
    logits = torch.tensor([[1.0, 5.0, 0.0], [5.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    loss = in_batch_softmax(logits, torch.tensor([4, 4, 6]))
    first = -log(exp(1) / (exp(1) + exp(0)))
    third = -log(exp(1) / (exp(1) + 2 * exp(0)))
    assert float(loss) == pytest.approx((2 * first + third) / 3, rel=1e-5)


def test_frequencies_are_shares_of_the_targets() -> None:
    shares = np.exp(log_frequencies(interactions_of([[0, 1, 1], [0, 2]], n_items=4)))
    # Targets are 1, 1 and 2; items 0 and 3 are never one and get half a target each.
    np.testing.assert_allclose(shares, np.array([0.5, 2, 1, 0.5]) / 4, rtol=1e-6)


def test_the_cycle_is_learned() -> None:
    model = fitted(cycle_world())
    best = [int(model.score([np.array([(i - 1) % 12, i])])[0].argmax()) for i in range(12)]
    assert np.mean([b == (i + 1) % 12 for i, b in enumerate(best)]) >= 0.8


def test_without_the_correction_a_popular_item_is_pushed_down() -> None:
    # Whatever came before, the next item is 0 in a third of all cases and else any other one.
    generator = np.random.default_rng(0)
    draws = generator.integers(1, 20, (60, 10)) * (generator.random((60, 10)) > 1 / 3)
    world = interactions_of(draws.tolist(), n_items=20)
    plain = TwoTowerConfig(**{**SMALL.__dict__, "frequency_correction": False})

    def share_of_the_popular(model: TwoTowerRetriever) -> float:
        scores = model.score([np.array([item]) for item in range(1, 20)])
        return float(np.mean(scores.argmax(axis=1) == 0))

    assert share_of_the_popular(fitted(world)) > share_of_the_popular(fitted(world, plain)) + 0.5


def test_an_item_nobody_took_is_placed_by_its_content() -> None:
    # Items 0-9 are of one kind, 10-19 of another; 9 and 19 were never taken.
    generator = np.random.default_rng(0)
    kinds = [np.arange(0, 9), np.arange(10, 19)]
    histories = [generator.permutation(kinds[user % 2])[:6].tolist() for user in range(80)]
    world = interactions_of(histories, n_items=20)
    kind = np.repeat([[1.0, 0.0], [0.0, 1.0]], 10, axis=0).astype(np.float32)
    noise = generator.normal(0, 0.1, (20, 2)).astype(np.float32)
    content = item_content(kind + noise, kind)
    model = train_two_tower(
        world, content, SMALL, stop_after=15, options=RunOptions(threads=1)
    ).retriever
    first, second = model.score([np.array([0, 1, 2]), np.array([10, 11, 12])])
    assert first[9] > first[19]
    assert second[19] > second[9]


def test_equal_seeds_give_equal_vectors_and_others_do_not() -> None:
    world = cycle_world(n_users=20)
    short = TwoTowerConfig(dimension=8, max_epochs=2, batch_size=32)
    first, again, other = fitted(world, short), fitted(world, short), fitted(world, short, seed=1)
    np.testing.assert_array_equal(first.item_vectors, again.item_vectors)
    assert not np.array_equal(first.item_vectors, other.item_vectors)


def test_saving_keeps_the_scores() -> None:
    model = fitted(cycle_world(n_users=10), TwoTowerConfig(dimension=8, max_epochs=1))
    copy = TwoTowerRetriever.from_tensors(model.tensors(), model.config)
    histories = [np.array([1, 2]), np.array([5])]
    np.testing.assert_array_equal(copy.score(histories), model.score(histories))


def test_training_stops_when_validation_does_not_improve() -> None:
    values = iter([0.5, 0.4, 0.3, 0.2, 0.1, 0.0])
    config = TwoTowerConfig(dimension=8, max_epochs=6, patience=2)
    trained = train_two_tower(
        cycle_world(n_users=10), content_of(12), config, validate=lambda _: next(values)
    )
    assert trained.curve == (0.5, 0.4, 0.3)
    assert trained.epochs == 1
