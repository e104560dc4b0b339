from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer

from app.commands.eval import eval_app
from rec_core import DataError, MiniLMEncoder, SettingsError
from tests.command import caller
from tests.film_world import film_catalog

application = typer.Typer()
application.add_typer(eval_app, name="eval")

TASKS = [
    {"name": "mine", "version": 1, "catalog": "films"},
    {"id": "crime", "kind": "single", "opening": ["A crime film, please."],
     "constraints": [{"field": "genres", "op": "contains", "value": "Crime"}]},
    {"id": "year", "kind": "impossible", "opening": ["A western from 2300, please."], "answer": "none",
     "constraints": [{"field": "year", "op": "=", "value": 2300}]},
    {"id": "reminded", "kind": "memory", "earlier": ["I can't stand horror, remember that."],
     "opening": ["Something with aliens in space, science fiction"], "history": ["Alien (1979)"],
     "constraints": [{"field": "genres", "op": "contains", "value": "Sci-Fi"},
                     {"field": "genres", "op": "not_contains", "value": "Horror", "reveal": "earlier"}]},
]  # fmt: skip


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty home, and no sentence vectors."""
    monkeypatch.setenv("RAPPORT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr(MiniLMEncoder, "is_available", staticmethod(lambda: False))


def catalog_file(folder: Path) -> Path:
    path = folder / "films.jsonl"
    records = [
        {
            "item_id": film.item_id, "title": film.title, "year": film.year, "genres": film.genres,
            "directors": film.directors, "cast": film.cast, "user_tags": film.tags,
        }
        for film in film_catalog()
    ]  # fmt: skip
    path.write_text("\n".join(map(json.dumps, records)))
    return path


def call(folder: Path, *arguments: str) -> str:
    suite = folder / "mine.jsonl"
    if not suite.is_file():
        suite.write_text("\n".join(map(json.dumps, TASKS)))
    catalog = str(catalog_file(folder))
    more = ["--catalog", catalog, "--out", str(folder / "out"), "--processes", "1"]
    return caller(application)("eval", "tasks", *arguments, *more)


def test_the_real_agent_and_the_scripted_ones_are_in_the_json(tmp_path: Path) -> None:
    options = (str(tmp_path / "mine.jsonl"), "--trials", "2", "--json")
    first = call(tmp_path, *options, "--junit", str(tmp_path / "junit.xml"))
    report = json.loads(first)
    rows = {row["row"]: row for row in report["rows"]}
    assert list(rows) == ["rules", "oracle", "fool", "refuser"]
    assert {row["n_tasks"] for row in rows.values()} == {3}
    assert rows["oracle"]["pass^2"] == 1.0
    assert rows["oracle"]["pass^8"] is None
    assert rows["rules"]["pass^1"] >= 0.5
    assert rows["rules"]["model_calls"] == 0
    assert rows["refuser"]["by"]["kind"]["impossible"] == {"n_tasks": 1, "pass^1": 1.0}
    assert json.loads(call(tmp_path, *options)) == report  # seconds too: nothing was held again
    for name in ("results.json", "report.md", "report.html", "trials.jsonl"):
        assert (tmp_path / "out" / name).is_file()
    assert 'tests="3"' in (tmp_path / "junit.xml").read_text()
    # Nothing that was said in a trial is kept in the person's own home.
    assert not (tmp_path / "home" / "rapport.db").exists()


def test_people_get_a_table(tmp_path: Path) -> None:
    shown = call(tmp_path, str(tmp_path / "mine.jsonl"), "--trials", "1", "--limit", "1")
    for text in ("mine: 1 tasks, 1 trials each", "oracle", "fool", "refuser", "report.html"):
        assert text in shown


def test_a_suite_can_be_made_and_is_at_once_good_for_a_run(tmp_path: Path) -> None:
    path = tmp_path / "made.jsonl"
    assert "15 tasks" in call(tmp_path, "--generate", str(path), "--count", "15", "--seed", "4")
    report = json.loads(call(tmp_path, str(path), "--trials", "1", "--limit", "1", "--json"))
    assert report["suites"][0]["n_tasks"] == 15
    assert report["rows"][1]["pass^1"] == 1.0


def test_mistakes_are_explained(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no planner 'rule'"):
        call(tmp_path, str(tmp_path / "mine.jsonl"), "--planners", "rule")
    with pytest.raises(SettingsError, match="exclude each other"):
        call(tmp_path, "--data", "films")
    with pytest.raises(DataError, match="none come with Rapport for this catalog"):
        call(tmp_path)
    with pytest.raises(DataError, match="in this catalog"):
        call(tmp_path, "ml-100k-by-hand")
