from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from rec_core import RunOptions
from rec_core.interactions import Interactions
from rec_core.sasrec.config import SasrecConfig
from rec_core.sasrec.loss import catalog_cross_entropy
from rec_core.sasrec.model import Sasrec
from rec_core.sasrec.scorer import SasrecScorer
from rec_core.sasrec.train import train_sasrec
from rec_core.testing import ScorerContract, cycle_world, interactions_of

SMALL = SasrecConfig(
    dimension=16,
    n_layers=1,
    dropout=0.1,
    max_length=8,
    batch_size=16,
    learning_rate=1e-2,
    max_epochs=12,
)


def fitted(world: Interactions, config: SasrecConfig = SMALL, seed: int = 0) -> SasrecScorer:
    options = RunOptions(seed=seed, threads=1)
    return train_sasrec(world, config, stop_after=config.max_epochs, options=options).scorer


class TestSasrecContract(ScorerContract):
    def make_scorer(self, interactions: Interactions) -> SasrecScorer:
        return fitted(interactions, SasrecConfig(dimension=8, n_layers=1, max_epochs=1))


def test_the_chunked_loss_and_its_gradients_are_those_of_cross_entropy() -> None:
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(1300, 6, generator=generator, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(11, 6, generator=generator, dtype=torch.float64, requires_grad=True)
    targets = torch.randint(0, 11, (1300,), generator=generator)
    expected = functional.cross_entropy(hidden @ weight.T, targets)
    wanted = torch.autograd.grad(expected, (hidden, weight))
    loss = catalog_cross_entropy(hidden, weight, targets)
    found = torch.autograd.grad(loss, (hidden, weight))
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(found, wanted)


def test_a_state_never_sees_what_comes_later() -> None:
    with RunOptions(seed=0).seeded_torch("test"):
        model = Sasrec(10, SasrecConfig(dimension=8, max_length=6)).eval()
    items = torch.tensor([[1, 2, 3, 4]])
    changed = torch.tensor([[1, 2, 9, 10]])  # 10 is padding
    with torch.inference_mode():
        torch.testing.assert_close(model(items)[:, :2], model(changed)[:, :2])
        assert not torch.allclose(model(items)[:, 2], model(changed)[:, 2])


def test_the_implanted_cycle_is_learned() -> None:
    model = fitted(cycle_world())
    for item in range(12):
        history = np.array([(item - 2) % 12, (item - 1) % 12, item])
        assert model.score([history])[0].argmax() == (item + 1) % 12


def test_order_matters_where_the_last_two_items_decide() -> None:
    # After 0, 1 comes 2; after 1, 0 comes 3: what was taken is the same, only the order tells.
    world = interactions_of([[0, 1, 2], [1, 0, 3]] * 60, n_items=4)
    model = fitted(world)
    scores = model.score([np.array([0, 1]), np.array([1, 0])])
    assert scores[0, 2] > scores[0, 3]
    assert scores[1, 3] > scores[1, 2]


def test_only_the_last_items_are_read() -> None:
    model = fitted(cycle_world(), SasrecConfig(dimension=8, max_length=4, max_epochs=1))
    long, cut = np.array([7, 0, 1, 2, 3]), np.array([0, 1, 2, 3])
    np.testing.assert_allclose(model.score([long]), model.score([cut]), rtol=1e-5)


def test_the_best_snapshot_is_returned_and_a_refit_repeats_it() -> None:
    world = cycle_world(n_users=20)
    config = SasrecConfig(dimension=8, n_layers=1, max_epochs=5, patience=2)
    values = iter([0.1, 0.3, 0.2, 0.2])
    trained = train_sasrec(world, config, validate=lambda _: next(values))
    assert trained.epochs == 2
    assert trained.curve == (0.1, 0.3, 0.2, 0.2)
    refit = train_sasrec(world, config, stop_after=2)
    history = [np.array([1, 2, 3])]
    np.testing.assert_allclose(
        refit.scorer.score(history), trained.scorer.score(history), rtol=1e-5
    )


def test_equal_seeds_give_equal_models_and_others_do_not() -> None:
    world = cycle_world(n_users=20)
    config = SasrecConfig(dimension=8, n_layers=1, max_epochs=2)
    first, again, other = (
        fitted(world, config),
        fitted(world, config),
        fitted(world, config, seed=1),
    )
    np.testing.assert_array_equal(first.item_vectors, again.item_vectors)
    assert not np.array_equal(first.item_vectors, other.item_vectors)


def test_saving_keeps_the_scores() -> None:
    model = fitted(cycle_world(n_users=10), SasrecConfig(dimension=8, max_epochs=1))
    copy = SasrecScorer(model.tensors(), model.config)
    np.testing.assert_array_equal(copy.score([np.array([3])]), model.score([np.array([3])]))


def test_the_loss_falls() -> None:
    trained = train_sasrec(cycle_world(n_users=20), SMALL, stop_after=6)
    assert trained.losses[-1] < trained.losses[0]
    assert trained.losses[0] == pytest.approx(np.log(12), abs=1.0)
