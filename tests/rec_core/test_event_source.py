from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings, strategies as st

from rec_core import Catalog, DamagedFileError, DataError, IdMap, Interactions, Item
from rec_core.event_source import EventBlock, EventSource, MemorySource, ParquetSource

N_ITEMS = 7
histories = st.lists(st.lists(st.integers(0, N_ITEMS - 1), max_size=6), max_size=12)


def interactions_of(lists: list[list[int]], *, timed: bool = True) -> Interactions:
    flat = np.array([item for history in lists for item in history], dtype=np.int64)
    return Interactions(
        users=IdMap([f"u{row}" for row in range(len(lists))]),
        catalog_ids=IdMap([f"i{row}" for row in range(N_ITEMS)]),
        user_rows=np.repeat(np.arange(len(lists)), [len(history) for history in lists]),
        item_rows=flat,
        timestamps=np.arange(len(flat)) * 10 if timed else None,
    )


def written(path: Path, lists: list[list[int]], *, group: int) -> Path:
    """A sorted file of another program: row groups of a fixed size, users cut anywhere."""
    whole = interactions_of(lists)
    table = pa.table(
        {
            "user_row": whole.user_rows,
            "item_row": whole.item_rows,
            "timestamp": whole.timestamps,
        }
    )
    pq.write_table(table, path, row_group_size=group)
    return path


def runs(block: EventBlock) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Items and time stamps of each user in a block."""
    times = block.timestamps if block.timestamps is not None else np.zeros(len(block.item_rows))
    bounds = zip(block.offsets[:-1], block.offsets[1:], strict=True)
    return [(tuple(block.item_rows[a:b]), tuple(times[a:b])) for a, b in bounds]


def check_source(source: EventSource, lists: list[list[int]]) -> None:
    whole = interactions_of(lists)
    expected = [
        (tuple(whole.history(row)), tuple(whole.timestamps[a:b]))
        for row, (a, b) in enumerate(zip(whole.offsets[:-1], whole.offsets[1:], strict=True))
        if b > a
    ]
    blocks = list(source.blocks(np.random.default_rng(0)))
    assert sorted(run for block in blocks for run in runs(block) if run[0]) == sorted(expected)
    assert source.n_events == sum(map(len, lists))
    assert source.n_items == N_ITEMS
    flat = [item for history in lists for item in history]
    assert source.item_counts.tolist() == [flat.count(row) for row in range(N_ITEMS)]
    first = [history[0] for history in lists if history]
    assert source.first_counts.tolist() == [first.count(row) for row in range(N_ITEMS)]
    for block in blocks:
        assert len(block.user_rows) == len(block.item_rows) == block.offsets[-1]


@settings(max_examples=40, deadline=None)
@given(histories)
def test_memory_gives_everything_in_one_block(lists: list[list[int]]) -> None:
    check_source(MemorySource(interactions_of(lists)), lists)


@settings(max_examples=60, deadline=None)
@given(histories.filter(any), st.integers(1, 9), st.integers(1, 12))
def test_any_sorted_file_gives_whole_users_once_an_epoch(
    tmp_path_factory: pytest.TempPathFactory, lists: list[list[int]], group: int, block: int
) -> None:
    path = written(tmp_path_factory.mktemp("events") / "events.parquet", lists, group=group)
    check_source(ParquetSource(path, n_items=N_ITEMS, block_events=block), lists)


def test_saved_interactions_have_row_groups_of_whole_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rec_core.interactions._GROUP_EVENTS", 5)
    lists = [[0, 1, 2], [3], [], [4, 5, 6, 0, 1, 2, 3], [1, 2], [5]]
    path = tmp_path / "events.parquet"
    catalog = Catalog([Item(item_id=f"i{row}", title="x") for row in range(N_ITEMS)])
    whole = interactions_of(lists)
    whole.save(path)
    file = pq.ParquetFile(path)
    groups = [
        set(file.read_row_group(g)["user_row"].to_pylist()) for g in range(file.num_row_groups)
    ]
    assert groups == [{0, 1, 3}, {4, 5}]
    assert Interactions.load(path, catalog).fingerprint == whole.fingerprint
    check_source(ParquetSource(path, n_items=N_ITEMS, block_events=1), lists)


def test_blocks_come_in_a_new_order_at_every_call(tmp_path: Path) -> None:
    lists = [[row % N_ITEMS, 1] for row in range(40)]
    path = written(tmp_path / "events.parquet", lists, group=2)
    source = ParquetSource(path, n_items=N_ITEMS, block_events=4)
    generator = np.random.default_rng(1)
    first, second = ([runs(block) for block in source.blocks(generator)] for _ in range(2))
    assert first != second
    assert len(first) == len(second) == 20
    again = [runs(block) for block in source.blocks(np.random.default_rng(1))]
    assert again == first


def test_a_file_without_time_stamps_gives_none(tmp_path: Path) -> None:
    interactions_of([[1, 2], [3]], timed=False).save(tmp_path / "events.parquet")
    source = ParquetSource(tmp_path / "events.parquet", n_items=N_ITEMS)
    assert not source.has_timestamps
    assert [block.timestamps for block in source.blocks(np.random.default_rng(0))] == [None]


def test_an_empty_file_has_no_blocks(tmp_path: Path) -> None:
    interactions_of([]).save(tmp_path / "events.parquet")
    source = ParquetSource(tmp_path / "events.parquet", n_items=N_ITEMS)
    assert source.n_events == 0
    assert not list(source.blocks(np.random.default_rng(0)))


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"user_row": [1, 0], "item_row": [0, 0]}, "not sorted by user"),
        ({"user_row": [-1, 0], "item_row": [0, 0]}, "not sorted by user"),
        ({"user_row": [0, 0], "item_row": [0, 0], "timestamp": [2, 1]}, "not sorted by time"),
        ({"user_row": [0, 0], "item_row": [0, N_ITEMS]}, "outside 0 .. 6"),
    ],
)
def test_files_that_cannot_be_trained_on_are_refused(
    tmp_path: Path, columns: dict[str, list[int]], words: str
) -> None:
    pq.write_table(pa.table(columns), tmp_path / "events.parquet")
    with pytest.raises(DataError, match=words):
        ParquetSource(tmp_path / "events.parquet", n_items=N_ITEMS)


def test_missing_and_foreign_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DamagedFileError, match="missing or cannot be read"):
        ParquetSource(tmp_path / "none.parquet", n_items=N_ITEMS)
    pq.write_table(pa.table({"a": [1]}), tmp_path / "other.parquet")
    with pytest.raises(DamagedFileError, match="no columns user_row and item_row"):
        ParquetSource(tmp_path / "other.parquet", n_items=N_ITEMS)
