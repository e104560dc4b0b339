from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings, strategies as st

from rec_core import DamagedFileError, DataError, HashEncoder, UnknownUserError, train_pipeline
from rec_core.baselines.transitions import Transitions
from rec_core.batch_scoring import (
    PipelineLists,
    ScoringJob,
    StoredHistories,
    VectorLists,
    score_artifact,
)
from rec_core.pipeline import Pipeline
from rec_core.sasrec.config import SasrecConfig
from rec_core.selection import PipelineConfig
from rec_core.testing import cycle_world, interactions_of
from rec_core.two_tower.config import TwoTowerConfig
from tests.film_world import film_dataset
from tests.rec_core.scoring_process import slow_job

TINY = PipelineConfig(
    sasrec=SasrecConfig(dimension=16, n_layers=1, max_epochs=2),
    two_tower=TwoTowerConfig(dimension=16, max_epochs=2),
    windows=(5,),
    regularisations=(300.0,),
)
HISTORIES = [[0, 1], [2], [], [3, 0, 1], [1, 2, 3, 4]]
N_ITEMS = 6


def sums(histories: list[np.ndarray]) -> np.ndarray:
    """A model whose state is how often each item was taken."""
    return np.stack([np.bincount(h, minlength=N_ITEMS) for h in histories]).astype(np.float32)


def likes_next(shift: int) -> np.ndarray:
    """Item vectors by which item i + shift is wanted after item i."""
    return np.roll(np.eye(N_ITEMS, dtype=np.float32), shift, axis=0)


def job(folder: Path, *, k: int = 2, shift: int = 1, **others: object) -> ScoringJob:
    events = folder.parent / "events.parquet"
    if not events.exists():
        interactions_of(HISTORIES, n_items=N_ITEMS).save(events)
    histories = StoredHistories(events)
    settings_: dict = {
        "lists": VectorLists(sums, likes_next(shift)),
        "histories": histories,
        "item_ids": pa.array([f"i{row}" for row in range(N_ITEMS)]),
        "user_rows": np.arange(len(histories)),
        "description": {"model": f"shift {shift}"},
        "part_users": 2,
    }
    return ScoringJob(folder, k=k, **(settings_ | others))


def lists_in(folder: Path) -> dict[str, tuple[list[str], list[float]]]:
    table = pq.read_table(sorted(folder.glob("part-*.parquet")))
    columns = (table["user_id"], table["item_ids"], table["scores"])
    rows = zip(*(column.to_pylist() for column in columns), strict=True)
    return {user: (items, scores) for user, items, scores in rows}


def test_lists_are_the_unseen_items_with_the_highest_scores(tmp_path: Path) -> None:
    assert job(tmp_path / "lists").run() == 5
    assert lists_in(tmp_path / "lists") == {
        "u0": (["i2", "i3"], [1.0, 0.0]),
        "u1": (["i3", "i0"], [1.0, 0.0]),
        "u2": (["i1", "i0"], [0.0, 0.0]),  # no events: the most popular items
        "u3": (["i2", "i4"], [1.0, 1.0]),
        "u4": (["i5", "i0"], [1.0, 0.0]),
    }
    names = sorted(path.name for path in (tmp_path / "lists").iterdir())
    assert names == [
        "_scores.json",
        "part-00000.parquet",
        "part-00001.parquet",
        "part-00002.parquet",
    ]
    assert len(pq.read_table(tmp_path / "lists")) == 5  # the folder reads as one table


def test_seen_items_stay_when_wanted_and_short_lists_are_short(tmp_path: Path) -> None:
    job(tmp_path / "kept", k=1, keep_seen=True).run()
    assert lists_in(tmp_path / "kept")["u4"] == (["i2"], [1.0])
    job(tmp_path / "short", k=10).run()
    assert lists_in(tmp_path / "short")["u4"] == (["i5", "i0"], [1.0, 0.0])


def test_complete_parts_are_not_made_again(tmp_path: Path) -> None:
    folder = tmp_path / "lists"
    job(folder).run()
    (folder / "part-00001.parquet").unlink()
    (folder / ".part-00001.parquet.abc.tmp").write_text("half")
    others = {path: path.stat().st_mtime_ns for path in folder.glob("part-*")}
    told: list[tuple[int, int]] = []
    again = job(folder)
    assert again.run(lambda stage, done, total: told.append((done, total))) == 2
    assert told[0] == (3, 5)
    assert told[-1] == (5, 5)
    assert {path: path.stat().st_mtime_ns for path in others} == others
    assert lists_in(folder)["u3"] == (["i2", "i4"], [1.0, 1.0])
    assert not list(folder.glob(".*"))
    assert job(folder).run() == 0


def test_another_run_may_not_add_to_a_folder(tmp_path: Path) -> None:
    job(tmp_path / "lists")
    with pytest.raises(DataError, match="scores of another run: other model"):
        job(tmp_path / "lists", shift=2)
    with pytest.raises(DataError, match="other k"):
        job(tmp_path / "lists", k=3)
    with pytest.raises(DataError, match="users"):
        job(tmp_path / "lists", user_rows=np.array([0, 1]))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.doc").write_text("x")
    with pytest.raises(DataError, match="not empty"):
        job(tmp_path / "full")


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 5), max_size=5), min_size=1, max_size=12),
    st.integers(1, 7),
    st.data(),
)
def test_histories_come_back_for_any_choice_of_users(
    tmp_path_factory: pytest.TempPathFactory,
    lists: list[list[int]],
    group: int,
    data: st.DataObject,
) -> None:
    path = tmp_path_factory.mktemp("histories") / "events.parquet"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rec_core.interactions._GROUP_EVENTS", group)
        interactions_of(lists, n_items=6).save(path)
    wanted = data.draw(
        st.lists(st.integers(0, len(lists) - 1), unique=True, min_size=1).map(sorted)
    )
    stored = StoredHistories(path)
    assert [history.tolist() for history in stored.of(np.array(wanted))] == [
        lists[row] for row in wanted
    ]
    flat = [item for history in lists for item in history]
    assert stored.item_counts(6).tolist() == [flat.count(row) for row in range(6)]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 400), st.integers(1, 9), st.integers(0, 2**32 - 1), st.sampled_from([0, 10**9])
)
def test_vector_lists_are_a_full_sort_with_ties_by_row(
    n_items: int, k: int, seed: int, dense_up_to: int
) -> None:
    generator = np.random.default_rng(seed)
    vectors = generator.integers(-2, 3, (n_items, 3)).astype(np.float32)  # many equal scores
    histories = [generator.integers(0, n_items, size) for size in (1, 3, n_items)]
    states = generator.integers(-2, 3, (3, 3)).astype(np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rec_core.batch_scoring._DENSE_UP_TO", dense_up_to)
        found = VectorLists(lambda chunk: states, vectors).best(histories, k, without=histories)
    for (rows, scores), state, history in zip(found, states, histories, strict=True):
        exact = vectors @ state
        unseen = np.setdiff1d(np.arange(n_items), history)
        expected = unseen[np.lexsort((unseen, -exact[unseen]))][:k]
        assert rows.tolist() == expected.tolist()
        assert scores.tolist() == exact[expected].tolist()


def test_the_pipeline_proposes_what_follows(tmp_path: Path) -> None:
    world = cycle_world(n_items=8, n_users=20, length=5)
    lists = PipelineLists(Pipeline(transitions=Transitions.fit(world)))
    history = np.array([2, 3, 4])
    ((rows, scores),) = lists.best([history], 2, without=[history])
    assert rows[0] == 5
    assert scores[0] > scores[1]


def test_a_file_of_something_else_is_named(tmp_path: Path) -> None:
    with pytest.raises(DamagedFileError, match="missing or cannot be read"):
        StoredHistories(tmp_path / "none.parquet")
    pq.write_table(pa.table({"a": [1]}), tmp_path / "other.parquet")
    with pytest.raises(DamagedFileError, match="missing or cannot be read"):
        StoredHistories(tmp_path / "other.parquet")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained") / "film-world"
    train_pipeline(film_dataset(), folder, encoder=HashEncoder(64), config=TINY)
    return folder


@pytest.mark.parametrize("method", ["pipeline", "vectors"])
def test_a_trained_pipeline_scores_its_users(model: Path, tmp_path: Path, method: str) -> None:
    report = score_artifact(model, tmp_path / "lists", k=5, method=method)
    interactions = film_dataset().interactions
    assert (report.n_users, report.n_scored, report.method) == (
        interactions.n_users,
        interactions.n_users,
        method,
    )
    found = lists_in(tmp_path / "lists")
    assert list(found) == list(interactions.users.ids)
    for row, user in enumerate(interactions.users.ids):
        items, scores = found[user]
        seen = {film_dataset().catalog.at(item).item_id for item in interactions.history(row)}
        assert len(set(items)) == 5
        assert not seen & set(items)
        assert scores == sorted(scores, reverse=True)


def test_some_users_only_and_unknown_ones_are_an_error(model: Path, tmp_path: Path) -> None:
    report = score_artifact(model, tmp_path / "two", user_ids=["u003", "u001", "u003"])
    assert report.method == "pipeline"
    assert list(lists_in(tmp_path / "two")) == ["u001", "u003"]
    with pytest.raises(UnknownUserError, match=r"1 of 2 users.*'nobody'"):
        score_artifact(model, tmp_path / "none", user_ids=["u001", "nobody"])


@pytest.mark.slow
def test_killed_at_any_moment_it_ends_with_the_same_lists(tmp_path: Path) -> None:
    interactions_of(HISTORIES * 40, n_items=N_ITEMS).save(tmp_path / "events.parquet")
    slow_job(tmp_path / "events.parquet", tmp_path / "whole").run()
    folder = tmp_path / "lists"
    script = Path(__file__).with_name("scoring_process.py")
    command = [sys.executable, str(script), str(tmp_path / "events.parquet"), str(folder)]
    generator = np.random.default_rng(0)
    kills, before = 0, {}
    while True:
        with subprocess.Popen(command) as process:
            while len(list(folder.glob("part-*"))) == len(before) and process.poll() is None:
                time.sleep(0.01)
            time.sleep(float(generator.uniform(0.0, 1.0)))
            ended = process.poll()
            if ended is None:
                process.kill()
        now = {path: path.stat().st_mtime_ns for path in folder.glob("part-*.parquet")}
        assert {path: now[path] for path in before} == before  # nothing is done twice
        if ended is not None:
            break
        kills, before = kills + 1, now
    assert ended == 0
    assert kills >= 1
    assert len(now) == 100
    assert lists_in(folder) == lists_in(tmp_path / "whole")
