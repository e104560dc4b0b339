"""`rapport data …` as a person or a script calls it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from app.commands.data import data_app
from rec_core import RapportError, UnknownDatasetError, dataset_folder, save_dataset
from tests.command import caller
from tests.film_world import film_dataset
from tests.rec_core.test_datasets_importing import EVENTS, ITEMS, write

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RAPPORT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


call = caller(data_app)


def test_show_tells_counts_splits_and_coverage_as_json(home: Path) -> None:
    films = film_dataset()
    save_dataset(films, dataset_folder("film-world", home))
    facts = json.loads(call("show", "film-world", "--json"))
    assert facts["n_items"] == len(films.catalog)
    assert facts["n_interactions"] == len(films.interactions)
    assert facts["years"] == {"first": 1941, "last": 2017}
    assert sum(facts["ratings"].values()) == len(films.interactions)
    assert facts["genres"]["Drama"] == int(films.catalog.genre_matrix[:, 0].sum())
    assert facts["coverage"]["texts"] == 0
    assert 0.99 < facts["coverage"]["directors"] < 1
    split = facts["splits"]["leave-one-out"]
    assert split["test"] == split["valid"] == films.interactions.n_users
    assert len(split["fingerprint"]) == 64
    assert "source" in split["tie_policy"]


def test_show_is_readable_for_people(home: Path) -> None:
    save_dataset(film_dataset(), dataset_folder("film-world", home))
    text = call("show", "film-world")
    for words in ("173 items", "120 users", "1941–2017", "leave-one-out", "Drama"):
        assert words in text


def test_import_list_and_show(home: Path, tmp_path: Path) -> None:
    items = write(tmp_path, "items.csv", [{**item, "name": item["title"]} for item in ITEMS])
    events = write(tmp_path, "events.jsonl", EVENTS)
    printed = call(
        "import", "shop", "--catalog", str(items), "--interactions", str(events),
        "--column", "title=name",
    )  # fmt: skip
    assert "title = name" in printed
    assert "Every row was taken." in printed
    assert json.loads(call("list", "--json"))["here"] == ["shop"]
    assert "shop" in call("list")
    facts = json.loads(call("show", "shop", "--json"))
    assert (facts["n_items"], facts["n_interactions"]) == (3, 3)
    assert facts["splits"]["leave-one-out"]["not_possible"].startswith("No user has 3")


def test_rejects_are_printed_with_file_and_line(home: Path, tmp_path: Path) -> None:
    events = [*EVENTS, {**EVENTS[0], "item_id": "nowhere"}]
    arguments = (
        "import", "shop", "--catalog", str(write(tmp_path, "items.csv", ITEMS)),
        "--interactions", str(write(tmp_path, "events.csv", events)), "--allow-rejects",
    )  # fmt: skip
    assert "events.csv, line 5: unknown item: 'nowhere'" in call(*arguments)
    report = json.loads(call(*arguments, "--replace", "--json"))["import_report"]
    assert report["reject_counts"] == {"unknown item": 1}


def test_texts_are_joined_from_files_and_kept(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_dataset(film_dataset(), dataset_folder("film-world", home))
    monkeypatch.setattr("rec_core.get_dataset", lambda *_, **__: film_dataset(), raising=False)
    wiki = tmp_path / "wiki"
    wiki.mkdir()
    film = {"title": "Heat", "year": 1995, "cast": ["New Face"], "href": "Heat", "extract": "Plot."}
    (wiki / "movies-1990s.json").write_text(json.dumps([film]))
    printed = call("get", "film-world", "--texts", "wikipedia", "--from", str(wiki))
    assert "1 of 173 films found" in printed
    assert "CC BY-SA" in printed
    assert json.loads(call("show", "film-world", "--json"))["coverage"]["texts"] > 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("show", "nothing"), "no data set 'nothing'"),
        (("get", "netflix"), "no data set 'netflix' to fetch"),
        (("get", "ml-100k", "--texts", "imdb"), "'imdb' is not known"),
        (("get", "ml-100k", "--texts-from", "x"), "without --texts"),
        (("get", "ml-1m", "--from", "nowhere"), "neither a folder nor a zip"),
        (("import", "x", "--catalog", "gone.csv"), "no file 'gone.csv'"),
        (("import", "x", "--catalog", "gone.csv", "--column", "title"), "has no '='"),
    ],
)
def test_mistakes_are_our_own_errors_with_a_remedy(
    home: Path, arguments: tuple[str, ...], words: str
) -> None:
    with pytest.raises(RapportError, match=words) as caught:
        call(*arguments)
    assert caught.value.remedy


def test_show_before_get_says_which_command_to_run(home: Path) -> None:
    with pytest.raises(UnknownDatasetError) as caught:
        call("show", "ml-100k")
    assert "rapport data get ml-100k" in caught.value.remedy


def test_the_module_is_light() -> None:
    code = (
        "import sys, app.commands.data; "
        "print([m for m in ('torch', 'pandas', 'pyarrow', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
