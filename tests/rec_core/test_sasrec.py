from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from rec_core import RunOptions
from rec_core.batches import gap_classes
from rec_core.checkpoints import CheckpointFolder
from rec_core.event_source import MemorySource, ParquetSource
from rec_core.ids import IdMap
from rec_core.interactions import Interactions
from rec_core.sasrec.config import BlockName, SasrecConfig
from rec_core.sasrec.dropout import PooledDropout
from rec_core.sasrec.loss import catalog_cross_entropy, sampled_cross_entropy
from rec_core.sasrec.model import Sasrec
from rec_core.sasrec.proposal import Proposal
from rec_core.sasrec.scorer import SasrecScorer
from rec_core.sasrec.train import train_sasrec
from rec_core.sasrec.warm_start import warm_item_vectors
from rec_core.testing import ScorerContract, checkerboard_world, cycle_world, interactions_of

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


class TestGatedSasrecContract(ScorerContract):
    def make_scorer(self, interactions: Interactions) -> SasrecScorer:
        config = SasrecConfig(dimension=8, n_layers=1, block="gated", widening=2, max_epochs=1)
        return fitted(interactions, config)


class TestSampledSasrecContract(ScorerContract):
    def make_scorer(self, interactions: Interactions) -> SasrecScorer:
        config = SasrecConfig(
            dimension=8, n_layers=1, full_softmax_up_to=0, sampled_items=5, max_epochs=1
        )
        return fitted(interactions, config)


def test_bfloat16_moves_the_gradient_of_the_head_by_less_than_half_a_percent() -> None:
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(600, 64, generator=generator, requires_grad=True)
    weight = (torch.randn(900, 64, generator=generator) * 0.3).requires_grad_()
    targets = torch.randint(0, 900, (600,), generator=generator)
    exact = functional.cross_entropy(hidden.double() @ weight.double().T, targets)
    wanted = torch.autograd.grad(exact, (hidden, weight))
    loss = catalog_cross_entropy(hidden, weight, targets, precision=torch.bfloat16)
    found = torch.autograd.grad(loss, (hidden, weight))
    assert loss.item() == pytest.approx(exact.item(), rel=2e-3)
    for narrow, full in zip(found, wanted, strict=True):
        assert float((narrow - full).norm() / full.norm()) < 0.005


def test_a_sample_estimates_the_gradient_of_the_whole_softmax() -> None:
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(8, 4, generator=generator, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(30, 4, generator=generator, dtype=torch.float64)
    targets = torch.randint(0, 30, (8,), generator=generator)
    whole = functional.cross_entropy(hidden @ weight.T, targets)
    (wanted,) = torch.autograd.grad(whole, hidden)
    proposal = Proposal(np.arange(30) ** 2)  # far from even, so that a wrong correction shows
    rows, log_expected = proposal.draw(200_000, np.random.default_rng(0))
    sampled = torch.from_numpy(rows)
    loss = sampled_cross_entropy(
        hidden,
        weight[targets],
        weight[sampled],
        collisions=targets[:, None] == sampled,
        log_expected=torch.from_numpy(log_expected),
    )
    (found,) = torch.autograd.grad(loss, hidden)
    assert loss.item() == pytest.approx(whole.item(), rel=0.01)
    torch.testing.assert_close(found, wanted, rtol=0.05, atol=0.005)


def test_a_proposal_draws_each_item_as_often_as_it_expects() -> None:
    proposal = Proposal(np.array([0, 1, 3]))
    np.testing.assert_allclose(proposal.probabilities, [1 / 6, 1 / 6 + 1 / 8, 1 / 6 + 3 / 8])
    rows, log_expected = proposal.draw(60_000, np.random.default_rng(0))
    counts = np.bincount(rows, minlength=3)
    np.testing.assert_allclose(counts, 60_000 * proposal.probabilities, rtol=0.03)
    np.testing.assert_allclose(
        np.exp(log_expected), 60_000 * proposal.probabilities[rows], rtol=1e-5
    )


def test_the_cycle_is_learned_from_samples_too() -> None:
    config = replace(SMALL, full_softmax_up_to=0, sampled_items=6, max_epochs=30)
    model = fitted(cycle_world(), config)
    found = [model.score([np.array([(item - 1) % 12, item])])[0].argmax() for item in range(12)]
    assert found == [(item + 1) % 12 for item in range(12)]


@pytest.mark.parametrize("block", ["plain", "gated"])
def test_the_last_states_are_those_of_the_whole_pass(block: BlockName) -> None:
    config = SasrecConfig(dimension=8, max_length=6, n_heads=2, block=block)
    with RunOptions(seed=0).seeded_torch("test"):
        model = Sasrec(10, config).eval()
    items = torch.tensor([[1, 2, 3, 4], [5, 6, 10, 10], [7, 10, 10, 10]])
    lengths = torch.tensor([4, 2, 1])
    with torch.inference_mode():
        whole = model(items)[torch.arange(3), lengths - 1]
        torch.testing.assert_close(model.last_states(items, lengths), whole)


def test_scores_are_states_times_item_vectors() -> None:
    model = fitted(cycle_world(), SasrecConfig(dimension=8, max_epochs=1))
    histories = [np.array([1, 2]), np.empty(0, dtype=np.int64)]
    states = model.states(histories)
    assert states.shape == (2, 8)
    assert not states[1].any()
    np.testing.assert_allclose(model.score(histories), states @ model.item_vectors.T, rtol=1e-5)


def test_pooled_dropout_keeps_the_mean_and_drops_its_share() -> None:
    dropout = PooledDropout(0.25)
    with RunOptions(seed=0).seeded_torch("test"):
        dropped = torch.stack([dropout(torch.ones(100, 100)) for _ in range(20)])
    assert dropped.unique().tolist() == pytest.approx([0.0, 1 / 0.75])
    assert float((dropped == 0).float().mean()) == pytest.approx(0.25, abs=0.01)
    assert not torch.equal(dropped[0], dropped[1])
    dropout.eval()
    assert torch.equal(dropout(torch.ones(3)), torch.ones(3))


def test_training_reads_a_file_as_it_reads_memory(tmp_path: Path) -> None:
    world = cycle_world()
    world.save(tmp_path / "events.parquet")
    source = ParquetSource(tmp_path / "events.parquet", n_items=world.n_items)
    options = RunOptions(seed=0, threads=1)
    streamed = train_sasrec(source, SMALL, stop_after=12, options=options).scorer
    for item in range(12):
        history = np.array([(item - 2) % 12, (item - 1) % 12, item])
        assert streamed.score([history])[0].argmax() == (item + 1) % 12


@pytest.mark.parametrize("full_softmax_up_to", [100, 0])
def test_a_resumed_run_ends_with_the_same_parameters(
    tmp_path: Path, full_softmax_up_to: int
) -> None:
    config = replace(SMALL, max_epochs=5, full_softmax_up_to=full_softmax_up_to, sampled_items=4)
    options = RunOptions(seed=3, threads=1)
    whole = train_sasrec(cycle_world(), config, options=options)
    folder = CheckpointFolder(tmp_path, description={"run": 1})
    train_sasrec(cycle_world(), config, stop_after=2, checkpoints=folder, options=options)
    resumed = train_sasrec(cycle_world(), config, checkpoints=folder, options=options)
    assert resumed.losses == whole.losses
    for name, tensor in whole.scorer.tensors().items():
        np.testing.assert_array_equal(resumed.scorer.tensors()[name], tensor)


def test_a_finished_run_is_not_trained_again_and_keeps_its_best_snapshot(tmp_path: Path) -> None:
    values = iter([0.1, 0.3, 0.2, 0.1])
    config = replace(SMALL, max_epochs=8, patience=2)
    folder = CheckpointFolder(tmp_path, description={})
    options = RunOptions(threads=1)
    first = train_sasrec(
        cycle_world(), config, validate=lambda _: next(values), checkpoints=folder, options=options
    )
    assert (first.epochs, first.curve) == (2, (0.1, 0.3, 0.2, 0.1))
    again = train_sasrec(
        cycle_world(), config, validate=lambda _: pytest.fail("trained"), checkpoints=folder
    )
    assert (again.epochs, again.curve) == (first.epochs, first.curve)
    for name, tensor in first.scorer.tensors().items():
        np.testing.assert_array_equal(again.scorer.tensors()[name], tensor)


def test_warm_vectors_put_items_that_are_taken_together_near_each_other() -> None:
    checkers = checkerboard_world(n_items=20, n_users=40)
    vectors = warm_item_vectors(MemorySource(checkers), 4, np.random.default_rng(0))
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 0.3, rtol=1e-5)
    likeness = vectors @ vectors.T
    same_colour = np.add.outer(np.arange(20), np.arange(20)) % 2 == 0
    assert likeness[same_colour].mean() > likeness[~same_colour].mean() + 0.02


def test_warm_vectors_of_a_tiny_catalog_are_left_out() -> None:
    vectors = warm_item_vectors(MemorySource(cycle_world()), 16, np.random.default_rng(0))
    assert vectors.shape == (12, 16)
    assert not vectors.any()


def test_the_time_until_the_request_can_decide_the_next_item() -> None:
    # After item 0 comes item 1 at once, or item 2 after an hour: only the gap tells.
    n_users = 120
    gaps = np.where(np.arange(n_users) % 2 == 0, 0, 3600)
    world = Interactions(
        users=IdMap([f"u{row}" for row in range(n_users)]),
        catalog_ids=IdMap(["a", "b", "c"]),
        user_rows=np.repeat(np.arange(n_users), 2),
        item_rows=np.stack([np.zeros(n_users), 1 + (gaps > 0)], axis=1).astype(np.int64).ravel(),
        timestamps=np.stack([np.zeros(n_users), gaps], axis=1).astype(np.int64).ravel(),
    )
    model = fitted(world, replace(SMALL, time_gaps=True, max_epochs=20))
    histories = [np.array([0]), np.array([0])]
    known = model.score(histories, [gap_classes(np.array([0])), gap_classes(np.array([3600]))])
    assert known[:, 1:].argmax(axis=1).tolist() == [0, 1]
    hidden = model.score(histories)
    np.testing.assert_allclose(hidden[0], hidden[1], rtol=1e-5)
