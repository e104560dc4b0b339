from __future__ import annotations

import importlib
import json
from pathlib import Path

import numpy as np
import pytest

from rec_core import Recommender, train_pipeline
from rec_core.runtime import RunOptions
from rec_core.search import HashEncoder
from tests.app.trained_films import TINY
from tests.film_world import film_dataset

latency = importlib.import_module("benchmarks.recommend_latency")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("home") / "models" / "film-world"
    options = RunOptions(threads=1)
    train_pipeline(film_dataset(), place, encoder=HashEncoder(64), config=TINY, options=options)
    return place


@pytest.fixture(scope="module")
def recommender(folder: Path) -> Recommender:
    return Recommender.load(folder)


def test_kinds_take_turns_and_all_can_be_answered(recommender: Recommender) -> None:
    requests = latency.make_requests(recommender, 10, np.random.default_rng(0))
    assert [kind for kind, _ in requests] == [*latency.KINDS, *latency.KINDS]
    strategies = [recommender.recommend(request).strategy for _, request in requests[:5]]
    assert strategies == ["known-user", "history", "query", "history", "known-user"]


def test_the_same_seed_asks_the_same(recommender: Recommender) -> None:
    first, second = (
        latency.make_requests(recommender, 15, np.random.default_rng(3)) for _ in range(2)
    )
    assert first == second


def test_every_stage_is_there_and_is_put_back(recommender: Recommender) -> None:
    original = Recommender.recommend
    requests = latency.make_requests(recommender, 5, np.random.default_rng(0))
    with latency.stopwatches() as watches:
        assert Recommender.recommend is not original
        for _, request in requests:
            recommender.recommend(request)
    assert Recommender.recommend is original
    assert {"filter", "score: transitions", "words: search", "everything else"} <= set(
        watches.spent
    )
    assert set(watches.spent) <= {stage for stage, _ in latency.STAGES}


def test_a_stage_does_not_count_what_is_inside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([0.0, 1.0, 4.0, 6.0])  # outer begins, inner begins, inner ends, outer ends
    monkeypatch.setattr(latency.time, "process_time", lambda: next(moments))
    watches = latency.Stopwatches()
    inner = watches.around("inner", lambda: None)
    watches.around("outer", inner)()
    assert dict(watches.spent) == {"inner": 3000.0, "outer": 3000.0}


def test_percentiles_by_kind() -> None:
    times = [latency.Timed(kind="words", wall=wall, cpu=1.0) for wall in (1.0, 2.0, 9.0)]
    figures = latency.latencies(times)
    assert set(figures) == {"all", "words"}
    assert figures["words"]["p50_ms"] == 2.0
    assert figures["words"]["requests"] == 3


def test_the_command_prints_one_json_object(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = folder.parents[1]
    latency.main(
        [
            "--data",
            "film-world",
            "--home",
            str(home),
            "--requests",
            "10",
            "--warm-up",
            "1",
            "--json",
        ]
    )
    figures = json.loads(capsys.readouterr().out)
    assert figures["latency"]["all"]["requests"] == 10
    assert figures["latency"]["all"]["p50_ms"] > 0
    assert set(figures["stages_cpu_ms"]) == set(latency.KINDS)


def test_nothing_to_measure_on_is_said_in_a_sentence() -> None:
    with pytest.raises(latency.SettingsError, match="--data"):
        latency.main([])
