from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise
from math import exp, log
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from rec_core import Catalog, Item, RunOptions
from rec_core.checkpoints import CheckpointFolder
from rec_core.errors import DataError
from rec_core.event_source import MemorySource, ParquetSource
from rec_core.interactions import Interactions
from rec_core.search import ExactIndex
from rec_core.testing import ScorerContract, cycle_world, interactions_of
from rec_core.two_tower.batches import WindowBatch, blocked_pairs, window_batches
from rec_core.two_tower.config import TwoTowerConfig
from rec_core.two_tower.content import item_attributes, item_content
from rec_core.two_tower.export import index_items
from rec_core.two_tower.frequency import StreamingFrequency, target_shares
from rec_core.two_tower.loss import Candidates, in_batch_softmax
from rec_core.two_tower.model import UserTower
from rec_core.two_tower.retriever import TwoTowerRetriever
from rec_core.two_tower.train import TrainedTwoTower, train_two_tower

SMALL = TwoTowerConfig(
    dimension=16, max_length=8, window=4, batch_size=32, max_epochs=15, learning_rate=1e-2
)
TINY = replace(SMALL, dimension=8, max_epochs=2)
ONE_THREAD = RunOptions(threads=1)


def content_of(n_items: int) -> np.ndarray:
    vectors = np.random.default_rng(0).normal(size=(n_items, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return item_content(vectors, np.zeros((n_items, 2), dtype=np.float32))


def fitted(world: Interactions, config: TwoTowerConfig = SMALL, seed: int = 0) -> TwoTowerRetriever:
    options = RunOptions(seed=seed, threads=1)
    return train_two_tower(world, content_of(world.n_items), config, options=options).retriever


class TestTwoTowerContract(ScorerContract):
    def make_scorer(self, interactions: Interactions) -> TwoTowerRetriever:
        return fitted(interactions, replace(TINY, max_epochs=1))


# The loss


def loss_of(
    logits: torch.Tensor, log_expected: list[float], blocked: list[tuple[int, int]] | None = None
) -> float:
    """The loss with the identity as users, so that candidate vectors are columns of logits."""
    pairs = torch.tensor(blocked or [], dtype=torch.int64).view(-1, 2).T.contiguous()
    candidates = Candidates(
        vectors=logits.T.contiguous(),
        log_expected=torch.tensor(log_expected),
        own=torch.arange(len(logits)),
        blocked=(pairs[0], pairs[1]),
    )
    return in_batch_softmax(torch.eye(len(logits)), candidates, precision=torch.float32).item()


def test_the_correction_lowers_frequent_items_by_their_log_frequency() -> None:
    loss = loss_of(torch.tensor([[2.0, 1.0], [0.5, 1.5]]), [log(0.8), log(0.2)])
    first = -log((exp(2) / 0.8) / (exp(2) / 0.8 + exp(1) / 0.2))
    second = -log((exp(1.5) / 0.2) / (exp(0.5) / 0.8 + exp(1.5) / 0.2))
    assert loss == pytest.approx(first + second, rel=1e-5)


def test_a_blocked_candidate_is_no_negative_and_the_own_one_is_never_blocked() -> None:
    logits = torch.tensor([[1.0, 5.0, 0.0], [5.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    loss = loss_of(logits, [0.0] * 3, [(0, 0), (0, 1), (1, 0), (1, 1)])
    first = -log(exp(1) / (exp(1) + exp(0)))
    third = -log(exp(1) / (exp(1) + 2 * exp(0)))
    assert loss == pytest.approx(2 * first + third, rel=1e-5)


def test_the_gradient_is_that_of_the_plain_formula_in_float64() -> None:
    generator = torch.Generator().manual_seed(0)
    users = torch.randn(300, 5, generator=generator, dtype=torch.float64, requires_grad=True)
    vectors = torch.randn(320, 5, generator=generator, dtype=torch.float64, requires_grad=True)
    log_expected = torch.randn(320, generator=generator, dtype=torch.float64)
    items = torch.randint(0, 60, (320,), generator=generator).numpy()
    own = torch.randperm(320, generator=generator)[:300]
    blocked = blocked_pairs((items[own.numpy()],), (items,))
    candidates = Candidates(
        vectors=vectors,
        log_expected=log_expected,
        own=own,
        blocked=(torch.from_numpy(blocked[0]), torch.from_numpy(blocked[1])),
    )
    loss = in_batch_softmax(users, candidates)
    logits = users @ vectors.T - log_expected
    is_own = torch.zeros(300, 320, dtype=torch.bool).scatter_(1, own[:, None], value=True)
    alike = torch.from_numpy(items[own.numpy()][:, None] == items) & ~is_own
    plain = torch.nn.functional.cross_entropy(
        logits.masked_fill(alike, float("-inf")), own, reduction="sum"
    )
    assert loss.item() == pytest.approx(plain.item(), rel=1e-9)
    expected = torch.autograd.grad(plain, (users, vectors))
    for got, want in zip(torch.autograd.grad(loss, (users, vectors)), expected, strict=True):
        torch.testing.assert_close(got, want, rtol=1e-8, atol=1e-10)


def test_blocked_pairs_are_those_alike_in_any_code() -> None:
    items, users = np.array([7, 8, 7, 9]), np.array([1, 1, 2, -1])
    steps, columns = blocked_pairs((items[:2], users[:2]), (items, users))
    pairs = set(zip(steps.tolist(), columns.tolist(), strict=True))
    assert pairs == {(0, 0), (0, 2), (0, 1), (1, 0), (1, 1)}
    assert (np.diff(steps) >= 0).all()


# Windows and the user tower


def batches_of(world: Interactions, seed: int = 0, **shape: int) -> list[WindowBatch]:
    source = MemorySource(world)
    generator = np.random.default_rng(seed)
    (block,) = source.blocks(generator)
    sizes = {"window": 3, "max_length": 4, "batch_size": 6, **shape}
    return list(window_batches(block.item_rows, block.offsets, generator=generator, **sizes))


@settings(deadline=None, max_examples=30)
@given(
    lengths=st.lists(st.integers(0, 14), min_size=1, max_size=6),
    window=st.integers(1, 5),
    max_length=st.integers(1, 6),
    seed=st.integers(0, 99),
)
def test_every_step_is_there_once_with_the_history_before_it(
    lengths: list[int], window: int, max_length: int, seed: int
) -> None:
    ends = np.cumsum([0, *lengths])
    histories = [list(range(a, b)) for a, b in pairwise(ends.tolist())]
    world = interactions_of(histories, n_items=int(ends[-1]) + 1)
    found: dict[int, list[int]] = {}
    shape = {"window": window, "max_length": max_length, "batch_size": 1000}
    for batch in batches_of(world, seed, **shape):
        targets = iter(batch.targets.tolist())
        for items, counts in zip(batch.items, batch.n_before, strict=True):
            for step, count in enumerate(counts.tolist()):
                if count:
                    read = items[step : step + max_length]
                    assert (read[: max_length - count] == -1).all() or step > 0
                    found[next(targets)] = read[max_length - count :].tolist()
    steps = {
        history[place]: history[max(0, place - max_length) : place]
        for history in histories
        for place in range(1, len(history))
    }
    if len(steps) > 1:  # one step alone has no negative
        assert found == steps


def test_a_batch_is_cut_at_the_asked_size() -> None:
    batches = batches_of(cycle_world(n_users=20, length=10), batch_size=30)
    assert sum(len(batch.targets) for batch in batches) == 180
    assert all(25 <= len(batch.targets) <= 35 for batch in batches[:-1])


def test_steps_of_a_window_get_the_vectors_they_would_get_alone() -> None:
    torch.manual_seed(0)
    config = replace(TINY, max_length=5, window=4)
    tower = UserTower(config).eval()
    with torch.no_grad():
        tower.recency.normal_()
    history = torch.randn(6, config.dimension)  # steps after 3, 4, 5 and 6 events
    together = torch.zeros(1, 8, config.dimension)
    together[0, 2:] = history
    with torch.no_grad():
        window = tower(together, torch.tensor([[3, 4, 5, 5]]))
        for step, known in enumerate((3, 4, 5, 6)):
            alone = torch.zeros(1, 5, config.dimension)
            alone[0, -min(known, 5) :] = history[max(0, known - 5) : known]
            vector = tower(alone, torch.tensor([[min(known, 5)]]))
            torch.testing.assert_close(vector[0], window[step])


def test_a_pool_is_the_softmax_over_the_events_there_are() -> None:
    tower = UserTower(replace(TINY, dimension=1, max_length=4, n_pools=1)).eval()
    weights = torch.tensor([[0.3, -0.2, 0.1, 5.0]])  # newest first; the fourth is not there
    with torch.no_grad():
        tower.recency.copy_(weights)
        pool = tower._pools(torch.tensor([[[0.0], [2.0], [3.0], [7.0]]]), torch.tensor([[3]]))
    parts = [exp(0.3), exp(-0.2), exp(0.1)]
    expected = (7 * parts[0] + 3 * parts[1] + 2 * parts[2]) / sum(parts)
    assert pool.item() == pytest.approx(expected, rel=1e-5)


# Frequencies and content


def test_frequencies_are_shares_of_the_targets() -> None:
    shares = target_shares(MemorySource(interactions_of([[0, 1, 1], [0, 2]], n_items=4)))
    # Targets are 1, 1 and 2; items 0 and 3 are never one and get half a target each.
    np.testing.assert_allclose(shares, np.array([0.5, 2, 1, 0.5]) / 4, rtol=1e-6)


def test_the_streaming_estimate_finds_the_true_frequencies() -> None:
    generator = np.random.default_rng(0)
    true = np.arange(1, 41) ** -1.0
    true /= true.sum()
    estimate = StreamingFrequency(401, rate=0.01, generator=generator)
    for _ in range(200):
        estimate.update(generator.choice(40, 500, p=true))
    ratio = estimate.shares(np.arange(40)) / true
    assert np.abs(np.log(ratio)).max() < 0.35
    assert np.abs(np.log(ratio)).mean() < 0.1


def test_the_streaming_estimate_follows_a_change() -> None:
    generator = np.random.default_rng(0)
    estimate = StreamingFrequency(101, rate=0.05, generator=generator)
    for share in (0.02, 0.2):
        for _ in range(40):
            estimate.update((generator.random(500) >= share).astype(np.int64))
        assert estimate.shares(np.array([0]))[0] == pytest.approx(share, rel=0.4)


def test_one_gap_after_another_as_in_the_paper() -> None:
    estimate = StreamingFrequency(50, rate=0.5, generator=np.random.default_rng(0), n_hashes=1)
    estimate.update(np.array([3]))  # time 1: the first gap is 1
    estimate.update(np.array([8, 3, 3]))  # times 3 and 4: gaps 2 and 1
    by_hand = 0.5 * (0.5 * 1 + 0.5 * 2) + 0.5 * 1
    assert estimate.shares(np.array([3]))[0] == pytest.approx(1 / by_hand)


def test_decades_and_people_become_features() -> None:
    items = [
        Item(item_id="a", title="A", year=1994, directors=("Jane Doe",)),
        Item(item_id="b", title="B", cast=("JANE DOE",)),
        Item(item_id="c", title="C", year=1650),
    ]
    features = item_attributes(Catalog(items), n_people=16)
    assert features.shape == (3, 14 + 16)
    assert features[0, 9] == 1.0
    assert features[2, 0] == 1.0
    assert features[:, :14].sum(axis=1).tolist() == [1.0, 0.0, 1.0]
    np.testing.assert_array_equal(features[0, 14:], features[1, 14:])
    assert np.abs(features[:, 14:]).sum(axis=1).tolist() == [1.0, 1.0, 0.0]


# What is learned


def test_the_cycle_is_learned() -> None:
    model = fitted(cycle_world())
    best = [int(model.score([np.array([(i - 1) % 12, i])])[0].argmax()) for i in range(12)]
    assert np.mean([b == (i + 1) % 12 for i, b in enumerate(best)]) >= 0.8


def popular_world() -> Interactions:
    """Whatever came before, the next item is 0 in a third of all cases and else any other one."""
    generator = np.random.default_rng(0)
    draws = generator.integers(1, 20, (60, 10)) * (generator.random((60, 10)) > 1 / 3)
    return interactions_of(draws.tolist(), n_items=20)


@cache
def share_without_correction() -> float:
    return share_of_the_popular(fitted(popular_world(), replace(SMALL, frequency="none")))


def share_of_the_popular(model: TwoTowerRetriever) -> float:
    scores = model.score([np.array([item]) for item in range(1, 20)])
    return float(np.mean(scores.argmax(axis=1) == 0))


@pytest.mark.parametrize("frequency", ["counts", "streaming"])
def test_without_the_correction_a_popular_item_is_pushed_down(frequency: str) -> None:
    corrected = TwoTowerConfig(**{**SMALL.__dict__, "frequency": frequency})
    share = share_of_the_popular(fitted(popular_world(), corrected))
    assert share > share_without_correction() + 0.5


def test_uniform_negatives_keep_the_correction_right() -> None:
    assert share_of_the_popular(fitted(popular_world(), replace(SMALL, uniform_negatives=16))) > 0.8


def world_of_kinds(untaken: tuple[int, ...]) -> tuple[Interactions, np.ndarray]:
    """Items 0-9 are of one kind, 10-19 of another; every user takes one kind."""
    generator = np.random.default_rng(0)
    kinds = [np.setdiff1d(np.arange(start, start + 10), untaken) for start in (0, 10)]
    histories = [generator.permutation(kinds[user % 2])[:6].tolist() for user in range(80)]
    kind = np.repeat([[1.0, 0.0], [0.0, 1.0]], 10, axis=0).astype(np.float32)
    noise = generator.normal(0, 0.1, (20, 2)).astype(np.float32)
    return interactions_of(histories, n_items=20), item_content(kind + noise, kind)


@pytest.mark.parametrize("id_dropout", [0.15, 1.0])
def test_an_item_nobody_took_is_placed_by_its_content(id_dropout: float) -> None:
    world, content = world_of_kinds(untaken=(9, 19))
    config = replace(SMALL, id_dropout=id_dropout)
    model = train_two_tower(world, content, config, options=ONE_THREAD).retriever
    first, second = model.score([np.array([0, 1, 2]), np.array([10, 11, 12])])
    assert first[9] > first[19]
    assert second[19] > second[9]


def test_without_content_ids_are_all() -> None:
    world, _ = world_of_kinds(untaken=())
    model = train_two_tower(world, None, SMALL, options=ONE_THREAD).retriever
    first, second = model.score([np.array([0, 1, 2]), np.array([10, 11, 12])])
    assert first[3:10].mean() > first[13:].mean()
    assert second[13:].mean() > second[3:10].mean()


def test_what_is_known_of_a_user_counts() -> None:
    # All start with item 0; what they take then depends on who they are alone.
    generator = np.random.default_rng(0)
    histories = [
        [0, *(1 + 5 * (user % 2) + generator.permutation(5)[:1]).tolist()] for user in range(120)
    ]
    world = interactions_of(histories, n_items=11)
    who = np.eye(2, dtype=np.float32)[np.arange(120) % 2]
    model = train_two_tower(world, None, SMALL, options=ONE_THREAD, user_features=who).retriever
    assert model.n_user_features == 2
    vectors = model.user_vectors([np.array([0])] * 2, np.eye(2, dtype=np.float32))
    first, second = vectors @ model.item_vectors.T
    assert first[1:6].mean() > first[6:].mean()
    assert second[6:].mean() > second[1:6].mean()
    assert np.isfinite(model.score([np.array([0])])).all()


def test_user_features_need_interactions_in_memory() -> None:
    world = cycle_world(n_users=4)
    with pytest.raises(DataError, match="User features"):
        train_two_tower(
            MemorySource(world), None, TINY, user_features=np.zeros((4, 2), dtype=np.float32)
        )


# Runs


def test_equal_seeds_give_equal_vectors_and_others_do_not() -> None:
    world = cycle_world(n_users=20)
    first, again, other = fitted(world, TINY), fitted(world, TINY), fitted(world, TINY, seed=1)
    np.testing.assert_array_equal(first.item_vectors, again.item_vectors)
    assert not np.array_equal(first.item_vectors, other.item_vectors)


def test_saving_keeps_the_scores() -> None:
    model = fitted(cycle_world(n_users=10), TINY)
    copy = TwoTowerRetriever.from_tensors(model.tensors(), model.config)
    histories = [np.array([1, 2]), np.array([5])]
    np.testing.assert_array_equal(copy.score(histories), model.score(histories))


def test_training_stops_when_validation_does_not_improve() -> None:
    values = iter([0.5, 0.4, 0.3, 0.2, 0.1, 0.0])
    trained = train_two_tower(
        cycle_world(n_users=10),
        content_of(12),
        replace(TINY, max_epochs=6, patience=2),
        validate=lambda _: next(values),
    )
    assert trained.curve == (0.5, 0.4, 0.3)
    assert trained.epochs == 1


def test_a_file_gives_what_memory_gives(tmp_path: Path) -> None:
    world = cycle_world(n_users=20)
    world.save(tmp_path / "events.parquet")
    source = ParquetSource(tmp_path / "events.parquet", n_items=world.n_items)
    model = train_two_tower(source, content_of(12), SMALL, options=ONE_THREAD).retriever
    best = [int(model.score([np.array([(i - 1) % 12, i])])[0].argmax()) for i in range(12)]
    assert np.mean([b == (i + 1) % 12 for i, b in enumerate(best)]) >= 0.8


class Cut(Exception):
    pass


@pytest.mark.parametrize("dense_ids", [50, 5])
def test_a_run_that_is_cut_off_goes_on_to_the_same_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dense_ids: int
) -> None:
    monkeypatch.setattr("rec_core.two_tower.model._DENSE_IDS", dense_ids)
    world = cycle_world(n_users=20)
    config = replace(
        TINY, dropout=0.1, max_epochs=5, patience=4, frequency="streaming", uniform_negatives=4
    )

    def train(name: str, cut_at: int = 0) -> TrainedTwoTower:
        values = {1: 0.1, 2: 0.2, 3: 0.1, 4: 0.25, 5: 0.3}

        def progress(_stage: str, done: int, _total: int) -> None:
            if done == cut_at:
                raise Cut

        seen: list[TwoTowerRetriever] = []

        def validate(model: TwoTowerRetriever) -> float:
            seen.append(model)
            return values[len(seen) + (cut_before if name == "cut" else 0)]

        return train_two_tower(
            world,
            content_of(12),
            config,
            validate=validate,
            options=ONE_THREAD,
            progress=progress,
            checkpoints=CheckpointFolder(tmp_path / name, description={}),
        )

    cut_before = 0
    whole = train("whole")
    with pytest.raises(Cut):
        train("cut", cut_at=3)
    cut_before = 3
    resumed = train("cut")
    assert resumed.curve == whole.curve == (0.1, 0.2, 0.1, 0.25, 0.3)
    assert resumed.epochs == whole.epochs == 5
    for name, tensor in whole.retriever.tensors().items():
        np.testing.assert_array_equal(resumed.retriever.tensors()[name], tensor)


def test_a_large_catalog_is_learned_with_sparse_updates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rec_core.two_tower.model._DENSE_IDS", 5)
    model = fitted(cycle_world())
    best = [int(model.score([np.array([(i - 1) % 12, i])])[0].argmax()) for i in range(12)]
    assert np.mean([b == (i + 1) % 12 for i, b in enumerate(best)]) >= 0.8


def test_the_index_ranks_as_the_retriever_scores() -> None:
    world = cycle_world()
    model = fitted(world, TINY)
    index = ExactIndex(model.config.dimension)
    index_items(model, world.catalog_ids.ids, index)
    history = [np.array([2, 3])]
    (hits,) = index.query(model.user_vectors(history), 5)
    expected = np.argsort(-model.score(history)[0], kind="stable")[:5]
    assert [hit.id for hit in hits] == [f"i{row}" for row in expected]
    with pytest.raises(DataError, match="12 items"):
        index_items(model, ["a"], index)
