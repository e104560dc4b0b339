"""The comparison with peers: the split as everybody sees it, the judge, the floor's formula, the table."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.machine_floor import epoch_floor, training_flops
from benchmarks.peers.als_vectors import write_pairs
from benchmarks.peers.contestants import CONTESTANTS, Contestant
from benchmarks.peers.environments import interpreter
from benchmarks.peers.judging import judge
from benchmarks.peers.processes import ContestantFailed, Places, Process
from benchmarks.peers.report import chosen, learnt, results, table
from benchmarks.peers.rounds import Plan, QualityRun, quality, quality_runs, save, start
from benchmarks.peers.split_files import (
    Events,
    last_hash,
    order_hash,
    read_events,
    set_hash,
    write_events,
)

USERS = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2])
ITEMS = np.array([0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5])
EVENTS = Events(USERS, ITEMS, 7)


def test_parts_are_the_last_event_and_the_one_before() -> None:
    assert EVENTS.targets("test").tolist() == [3, 0, 5]
    assert EVENTS.targets("valid").tolist() == [2, 5, 4]
    assert EVENTS.history("valid").items.tolist() == [0, 1, 4, 1, 2, 3]
    assert [history.tolist() for history in EVENTS.history("test").histories()] == [
        [0, 1, 2],
        [4, 5],
        [1, 2, 3, 4],
    ]


def test_events_survive_the_file(tmp_path: Path) -> None:
    write_events(EVENTS, tmp_path / "events.npz")
    back = read_events(tmp_path / "events.npz")
    assert (back.users == USERS).all()
    assert (back.items == ITEMS).all()
    assert back.n_items == 7


def test_order_hash_sees_the_order_of_items_and_not_that_of_users() -> None:
    other_users_first = np.concatenate([np.arange(4, 12), np.arange(4)])
    assert order_hash(USERS[other_users_first], ITEMS[other_users_first]) == order_hash(
        USERS, ITEMS
    )
    swapped = ITEMS.copy()
    swapped[[0, 1]] = swapped[[1, 0]]
    assert order_hash(USERS, swapped) != order_hash(USERS, ITEMS)
    assert set_hash(USERS, swapped) == set_hash(USERS, ITEMS)
    assert set_hash(USERS[:-1], ITEMS[:-1]) != set_hash(USERS, ITEMS)


def test_last_hash_is_that_of_the_last_events_of_each_user() -> None:
    last = [2, 3, 5, 6, 10, 11]
    assert last_hash(EVENTS, 2) == order_hash(USERS[last], ITEMS[last])
    assert last_hash(EVENTS, 50) == order_hash(USERS, ITEMS)


def test_judge_counts_a_target_at_its_place() -> None:
    lists = np.array([[3, 4, 5, 6], [2, 0, 3, 6], [0, 6, -1, -1]])  # first, second, missed
    metrics = judge(lists, EVENTS, "test")
    assert metrics["recall@10"] == pytest.approx(2 / 3)
    assert metrics["ndcg@10"] == pytest.approx((1 + 1 / np.log2(3)) / 3)


@pytest.mark.parametrize(
    ("lists", "fault"),
    [
        ([[0, 4], [0, 2], [0, 6]], "has seen"),
        ([[3, 3], [0, 2], [0, 6]], "twice"),
        ([[3, 7], [0, 2], [0, 6]], "do not fit"),
        ([[3, 4], [0, 2]], "do not fit"),
    ],
)
def test_judge_refuses_lists_that_break_the_rules(lists: list[list[int]], fault: str) -> None:
    with pytest.raises(ContestantFailed, match=fault):
        judge(np.array(lists), EVENTS, "test")


def test_flops_of_an_epoch_by_hand() -> None:
    flops = training_flops(
        targets=10, n_items=100, dimension=4, n_layers=2, widening=1, mean_context=3.0
    )
    assert flops["head"] == 10 * 3 * 2 * 4 * 100
    assert flops["body"] == 10 * 3 * 2 * (8 * 16 + 4 * 16 + 4 * 4 * 3)
    assert flops["total"] == flops["head"] + flops["body"]


def test_floor_is_work_over_rate() -> None:
    shapes = [
        "square 1024",
        "logits",
        "state gradient",
        "item gradient",
        "queries, keys, values",
        "feed-forward",
    ]
    rates = {
        "gemm_gflops": {
            "float32": dict.fromkeys(shapes, 100.0),
            "bfloat16": dict.fromkeys(shapes, 200.0),
        }
    }
    floor = epoch_floor(rates, {"head": 3e11, "body": 1e11, "total": 4e11})
    assert floor == pytest.approx({"float32": 4.0, "float32 shapes": 4.0, "bfloat16": 2.0})


def test_targets_and_contexts_of_an_epoch_by_hand() -> None:
    every = Contestant(name="a", label="a", script="", learns="all", length=2)
    last = Contestant(name="b", label="b", script="", learns="last", length=1)
    # Training histories have 2, 1 and 3 events: 1, 0 and 2 steps.
    assert learnt(every, EVENTS) == (3, pytest.approx((1 + 1 + 2) / 3))
    assert learnt(last, EVENTS) == (2, pytest.approx(1.0))


def test_every_peer_has_a_row_of_ours_beside_it() -> None:
    ours = {contestant.name for contestant in CONTESTANTS if not contestant.is_peer}
    assert all(c.ours in ours for c in CONTESTANTS if c.is_peer)
    assert [c.name for c in chosen(["rectools-50"])] == ["rectools-50", "rapport-last-50"]


def _plan(folder: Path) -> Plan:
    events = Events(*_walks(), 40)
    plan = Plan(
        events=events,
        out=folder,
        environments=folder,
        rounds=1,
        piece_seconds=0.01,
        peer_seconds=10.0,
        our_seconds=(1.0,),
        seeds=(0,),
    )
    write_events(events, plan.places.events)
    return plan


def _walks() -> tuple[np.ndarray, np.ndarray]:
    """30 users who walk around a ring of 40 items from different places: unseen items are there."""
    users = np.repeat(np.arange(30), 12)
    return users, (users * 7 + np.tile(np.arange(12), 30)) % 40


@pytest.mark.slow
def test_a_contestant_takes_turns_and_serves(tmp_path: Path) -> None:
    plan = _plan(tmp_path)
    transitions = next(c for c in CONTESTANTS if c.name == "rapport-transitions")
    process = start(plan, transitions, name="walk", seed=0, settings={})
    with process:
        assert process.train(1e9)["finished"]
        assert process.ask("serve", k=10)["users"] == 30
        file = tmp_path / "lists.npy"
        process.ask("recommend", part="test", k=5, file=str(file))
        assert judge(np.load(file), plan.events, "test")["recall@10"] == 1.0
        assert process.ask("stop")["peak_megabytes"] > 10


@pytest.mark.slow
def test_a_run_that_is_not_over_in_time_ends_where_it_is(tmp_path: Path) -> None:
    plan = replace(_plan(tmp_path), minutes=0.0, events=Events(*_walks(), 150))
    write_events(plan.events, plan.places.events)
    ours = next(c for c in CONTESTANTS if c.name == "rapport-last-50")
    config = {**ours.settings["config"], "max_epochs": 500, "patience": 500}
    settings = {"config": config}
    run = QualityRun(contestant=ours, seed=0, budget=1_000.0, settings=settings)
    quality(plan, [run])
    piece = json.loads(plan.piece(run.name).read_text())
    assert piece["fit_cpu_seconds"] < 100
    assert 0 < piece["epochs"] < 500
    assert len(piece["curve"]) == 1


@pytest.mark.slow
def test_a_contestant_that_dies_says_why(tmp_path: Path) -> None:
    plan = _plan(tmp_path)
    places = Places(events=tmp_path / "absent.npz", work=plan.places.work, logs=plan.places.logs)
    transitions = next(c for c in CONTESTANTS if c.name == "rapport-transitions")
    with pytest.raises(ContestantFailed, match=r"absent\.npz"):
        Process(
            transitions, {"name": "walk"}, python=interpreter("project", tmp_path), places=places
        )


def test_pairs_of_the_world_are_rows_of_users_and_items(tmp_path: Path) -> None:
    write_pairs(200, 0, tmp_path / "pairs.npz")
    with np.load(tmp_path / "pairs.npz") as pairs:
        users, items = pairs["users"], pairs["items"]
        assert pairs["shape"].tolist() == [100, 200]
    assert len(users) == len(items) > 1_000
    assert (np.unique(users) == np.arange(100)).all()
    assert 0 <= items.min() < items.max() < 200
    assert len(np.unique(users * 200 + items)) == len(users)


def test_table_has_ratios_to_ours_and_to_the_floor(tmp_path: Path) -> None:
    plan = _plan(tmp_path)
    contestants = chosen(["rectools-50"])
    _write_pieces(plan, contestants)
    runs = quality_runs(plan, contestants)
    curve = [{"cpu_seconds": 5.0, "epochs": 1, "ndcg@10": 0.1}]
    for run, value in zip(runs, (0.1, 0.2), strict=True):
        outcome = {
            "curve": [*curve, {"cpu_seconds": 10.0, "epochs": 2, "ndcg@10": value}],
            "test": {"ndcg@10": value, "recall@10": 0.5, "recall@100": 0.75},
            "fit_cpu_seconds": 10.0,
            "epochs": 2,
            "seed": 0,
        }
        save(plan.piece(run.name), outcome, "")
    found = results(plan, contestants, runs)
    theirs, ours = found["rows"]
    assert theirs["epoch_ratio_to_ours"] == 4.0
    assert theirs["users_ratio"] == 0.25
    assert theirs["reach_cpu_seconds"] == 5.0
    assert theirs["reach_ratio"] == 1.0
    assert theirs["epoch_ratio_to_floor"] == pytest.approx(4 * ours["epoch_ratio_to_floor"])
    assert json.loads(json.dumps(found)) == found
    assert "| RecTools SASRec, L=50 | 10 | 0.1000 |" in table(found)


def _write_pieces(plan: Plan, contestants: list[Contestant]) -> None:
    shapes = [
        "square 1024",
        "logits",
        "state gradient",
        "item gradient",
        "queries, keys, values",
        "feed-forward",
    ]
    floor = {
        "gemm_gflops": {kind: dict.fromkeys(shapes, 100.0) for kind in ("float32", "bfloat16")},
        "read_gb_per_second": 10.0,
        "copy_gb_per_second": 10.0,
        "exp_giga_per_second": 1.0,
        "machine": {"processor": sys.platform},
    }
    save(plan.piece("floor-0"), floor, "")
    for contestant, seconds in zip(contestants, (8.0, 2.0), strict=True):
        piece = {
            "epochs": 1.0,
            "seconds_per_epoch": seconds,
            "users_per_second": 100.0 * seconds,
            "fit_peak_megabytes": 100.0,
            "versions": {},
        }
        save(plan.piece(f"speed-{contestant.name}-0"), piece, "")
