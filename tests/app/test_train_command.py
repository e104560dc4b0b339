from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer

from app.commands.train import train
from rec_core import UnknownDatasetError
from tests.app.trained_films import small_home
from tests.command import caller

application = typer.Typer()
application.command()(train)

call = caller(application)


def test_training_reports_what_validation_said_and_is_not_done_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = small_home(tmp_path, monkeypatch)
    first = json.loads(call("--data", "film-world", "--json"))
    assert set(first["validation"]) == {
        "transitions",
        "two_tower",
        "sasrec",
        "ease",
        "pipeline",
    }
    assert 0 <= first["validation"]["pipeline"]["ndcg@10"] <= 1
    assert Path(first["folder"]) == home / "models" / "film-world"
    again = json.loads(call("--data", "film-world", "--json"))
    assert again["fingerprint"] == first["fingerprint"]
    assert again["seconds"] < first["seconds"]
    table = call("--data", "film-world")
    assert "transitions" in table
    assert "ndcg@10" in table


def test_an_unknown_data_set_is_a_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_home(tmp_path, monkeypatch)
    with pytest.raises(UnknownDatasetError, match="no-such"):
        call("--data", "no-such")
