from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from benchmarks.synthetic import World, write_events, write_items

WORLD = World(n_items=400, n_events=4000, n_users=200, seed=3)


def written(folder: Path, world: World) -> tuple[list[dict], dict[str, list]]:
    folder.mkdir()
    write_items(world, folder / "items.jsonl")
    write_events(world, folder / "events.parquet")
    lines = (folder / "items.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines], pq.read_table(
        folder / "events.parquet"
    ).to_pydict()


def test_equal_seeds_make_equal_worlds(tmp_path: Path) -> None:
    first, again = (written(tmp_path / name, WORLD) for name in ("a", "b"))
    assert first == again
    other = World(n_items=400, n_events=4000, n_users=200, seed=4)
    assert written(tmp_path / "c", other) != first


def test_the_world_is_as_large_as_asked_and_fits_together(tmp_path: Path) -> None:
    items, events = written(tmp_path / "world", WORLD)
    assert [item["item_id"] for item in items] == [f"i{row}" for row in range(400)]
    assert all(item["title"].strip() and 1950 <= item["year"] <= 2025 for item in items)
    assert set(events["user_id"]) == {f"u{row}" for row in range(200)}
    assert set(events["item_id"]) <= {item["item_id"] for item in items}
    assert abs(len(events["item_id"]) / 4000 - 1) < 0.1


def test_a_user_takes_an_item_once_and_time_goes_on(tmp_path: Path) -> None:
    _, events = written(tmp_path / "world", WORLD)
    pairs = list(zip(events["user_id"], events["item_id"], strict=True))
    assert len(set(pairs)) == len(pairs)
    same_user = np.array(events["user_id"])[1:] == np.array(events["user_id"])[:-1]
    assert (np.diff(events["timestamp"])[same_user] >= 0).all()


def test_what_comes_next_can_be_learnt(tmp_path: Path) -> None:
    _, events = written(tmp_path / "world", WORLD)
    rows = np.array([int(item[1:]) for item in events["item_id"]])
    same_user = np.array(events["user_id"])[1:] == np.array(events["user_id"])[:-1]
    leaps = (rows[1:] - rows[:-1])[same_user]
    # A successor stands one to three places on in its cluster, and there are four clusters.
    assert 0.3 < np.isin(leaps, [4, 8, 12]).mean() < 0.6
