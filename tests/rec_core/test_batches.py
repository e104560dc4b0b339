from __future__ import annotations

import numpy as np
from hypothesis import given, strategies as st

from rec_core.batches import (
    N_GAP_CLASSES,
    UNKNOWN_GAP,
    all_windows,
    bucketed_batches,
    gap_classes,
    last_windows,
    padded_histories,
    sequence_batch,
    shuffled_ties,
)
from rec_core.ids import IdMap
from rec_core.interactions import Interactions
from rec_core.testing import interactions_of


@given(
    lengths=st.lists(st.integers(0, 40), max_size=12),
    window=st.integers(1, 9),
    seed=st.integers(0, 5),
)
def test_windows_cover_every_step_once(lengths: list[int], window: int, seed: int) -> None:
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    starts, counts = all_windows(offsets, length=window, generator=np.random.default_rng(seed))
    inputs = [
        start + step for start, count in zip(starts, counts, strict=True) for step in range(count)
    ]
    last_events = {int(end) - 1 for end, length in zip(offsets[1:], lengths, strict=True) if length}
    assert sorted(inputs) == [event for event in range(sum(lengths)) if event not in last_events]
    assert (counts <= window).all()
    assert (counts > 0).all()


def test_batches_hold_inputs_and_the_items_that_follow() -> None:
    world = interactions_of([[0, 1, 2, 3], [4, 5]], n_items=6)
    batch = sequence_batch(
        world.item_rows, np.array([0, 4]), np.array([3, 1]), padding=world.n_items
    )
    rows = {tuple(row) for row in batch.items.tolist()}
    assert rows == {(0, 1, 2), (4, 6, 6)}
    assert sorted(batch.targets.tolist()) == [1, 2, 3, 5]
    assert batch.real.sum() == 4


def test_the_shares_of_a_batch_are_its_windows_with_their_targets() -> None:
    items = np.array([0, 1, 2, 3, 4, 5])
    batch = sequence_batch(items, np.array([0, 2, 4]), np.array([2, 1, 1]), padding=9)
    assert batch.share(0, 1) is batch
    first, second = batch.share(0, 2), batch.share(1, 2)
    assert (first.items.tolist(), first.targets.tolist()) == ([[0, 1], [4, 9]], [1, 2, 5])
    assert (second.items.tolist(), second.targets.tolist()) == ([[2, 9]], [3])
    assert len(batch.share(3, 4).targets) == 0


def test_last_windows_end_with_the_last_step_of_every_history() -> None:
    offsets = np.array([0, 5, 6, 6, 8])
    starts, counts = last_windows(offsets, length=3)
    assert starts.tolist() == [1, 6]
    assert counts.tolist() == [3, 1]


def test_buckets_hold_every_window_once_and_near_lengths_together() -> None:
    counts = np.array([1, 50, 2, 49, 3, 48])
    batches = bucketed_batches(counts, batch_size=3, generator=np.random.default_rng(0))
    assert sorted(np.concatenate(batches).tolist()) == [0, 1, 2, 3, 4, 5]
    assert {frozenset(batch.tolist()) for batch in batches} == {
        frozenset({0, 2, 4}),
        frozenset({1, 3, 5}),
    }


def test_only_ties_are_shuffled() -> None:
    world = Interactions(
        users=IdMap(["u", "v"]),
        catalog_ids=IdMap([str(row) for row in range(8)]),
        user_rows=np.array([0, 0, 0, 0, 1, 1]),
        item_rows=np.array([0, 1, 2, 3, 4, 5]),
        timestamps=np.array([1, 2, 2, 3, 1, 1]),
    )
    orders = {
        tuple(
            shuffled_ties(
                world.item_rows, world.user_rows, world.timestamps, np.random.default_rng(seed)
            ).tolist()
        )
        for seed in range(40)
    }
    assert orders == {
        (0, *middle, 3, *last) for middle in ((1, 2), (2, 1)) for last in ((4, 5), (5, 4))
    }


def test_histories_are_cut_from_the_end_and_padded_on_the_right() -> None:
    histories = [np.array([1, 2, 3]), np.empty(0, dtype=np.int64), np.array([4])]
    padded, lengths = padded_histories(histories, length=2, padding=9)
    assert padded.tolist() == [[2, 3], [9, 9], [4, 9]]
    assert lengths.tolist() == [2, 0, 1]


def test_gap_classes_double_from_a_second_on() -> None:
    seconds = np.array([0, 1, 2, 3, 4, 3600, 2**40])
    assert gap_classes(seconds).tolist() == [1, 2, 2, 3, 3, 12, N_GAP_CLASSES - 1]


def test_a_batch_knows_how_long_each_target_was_in_coming() -> None:
    times = np.array([10, 10, 14, 20])
    batch = sequence_batch(
        np.array([0, 1, 2, 3]), np.array([0, 2]), np.array([2, 1]), padding=9, timestamps=times
    )
    assert batch.gaps is not None
    assert batch.gaps.tolist() == [[1, 3], [3, UNKNOWN_GAP]]
    second = batch.share(1, 2).gaps
    assert second is not None
    assert second.tolist() == [[3, UNKNOWN_GAP]]
