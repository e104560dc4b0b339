from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer

from app.commands.evaluate import evaluate
from rec_core import leave_one_out
from tests.app.trained_films import small_home
from tests.command import caller
from tests.film_world import film_dataset

application = typer.Typer()
application.command()(evaluate)

call = caller(application)


def test_the_table_has_every_model_and_all_that_comparing_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_home(tmp_path, monkeypatch)
    report = json.loads(call("--data", "film-world", "--json"))
    names = [row["model"] for row in report["models"]]
    assert names == ["popularity", "ease", "transitions", "two_tower", "sasrec", "pipeline"]
    for row in report["models"]:
        for metric in ("recall@10", "ndcg@10", "recall@100"):
            low, high = row[metric]["interval95"]
            assert 0 <= low <= row[metric]["mean"] <= high <= 1
    assert report["split_hash"] == leave_one_out(film_dataset().interactions).fingerprint
    assert report["rank_ties"]
    assert report["time_ties"]
    table = call("--data", "film-world")
    for text in ("pipeline", "Split hash", report["split_hash"], "Ties of scores", "− transitions"):
        assert text in table
    assert "Gini" not in table
    details = call("--data", "film-world", "--details")
    for text in (
        *("mrr", "ndcg@100", "Difference to popularity", "Gini", "popularity lift"),
        *("diversity by genres", "history of at most", "training events"),
    ):
        assert text in details


def test_several_seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = small_home(tmp_path, monkeypatch)
    report = json.loads(call("--data", "film-world", "--seeds", "2", "--json"))
    assert report["seeds"] == [0, 1]
    sasrec = next(row for row in report["models"] if row["model"] == "sasrec")
    assert set(sasrec["per_seed"]) == {"0", "1"}
    assert set(sasrec["against"]) == {"transitions", "popularity"}
    assert (home / "models" / "film-world-evaluation-seed1" / "manifest.json").exists()
    details = call("--data", "film-world", "--seeds", "2", "--details")
    assert "ndcg@10 of each seed" in details
    assert "Seeds: 0, 1" in details


def test_the_other_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_home(tmp_path, monkeypatch)
    report = json.loads(call("--data", "film-world", "--split", "global-time", "--json"))
    assert report["split"] == "global-time"
    assert report["n_users"] > 0
