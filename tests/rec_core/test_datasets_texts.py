from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rec_core import (
    Catalog,
    DamagedFileError,
    Dataset,
    IdMap,
    Interactions,
    Item,
    SourceUnreachableError,
    attach_texts,
)
from rec_core.datasets import texts
from rec_core.datasets.download import FetchError
from rec_core.datasets.texts import clean_cast, directors_in

FILMS = [
    {
        "title": "Night Train to Ostrava", "year": 1995, "cast": ["Ada Stone", "Bo Field", "Jr."],
        "href": "Night_Train", "extract": "Night Train to Ostrava is a 1995 film directed by Cy Moor.",
    },
    {"title": "The Lake", "year": 1996, "cast": ["Di Reed"], "href": "A", "extract": "A lake."},
    {"title": "Twins", "year": 1994, "cast": [], "href": "T1", "extract": "Twins one."},
    {"title": "Twins", "year": 1994, "cast": [], "href": "T2", "extract": "Twins two."},
    {"title": "Old Song", "year": 1990, "cast": ["Ed Low"], "href": None},
    {"title": 7, "year": "x"},
]  # fmt: skip
CATALOG = Catalog(
    [
        Item(item_id="1", title="Night Train to Ostrava", year=1995),
        Item(item_id="2", title="Lake", year=1995, cast=("Own Cast",)),
        Item(item_id="3", title="Twins", year=1994),
        Item(item_id="4", title="Chanson", year=1990, alt_titles=("Old Song",)),
        Item(item_id="5", title="Night Train to Ostrava", year=1971),
        Item(item_id="6", title="Night Train to Ostrava"),
    ]
)
DATASET = Dataset(
    name="toy",
    catalog=CATALOG,
    interactions=Interactions(
        users=IdMap(["u"]),
        catalog_ids=CATALOG.ids,
        user_rows=np.array([0, 0]),
        item_rows=np.array([0, 3]),
    ),
    meta={"licence": "ours"},
)


def folder_with(tmp_path: Path, films: object = FILMS) -> Path:
    folder = tmp_path / "wiki"
    folder.mkdir(exist_ok=True)
    (folder / "movies-1990s.json").write_text(json.dumps(films), encoding="utf-8")
    return folder


def test_texts_are_joined_by_title_and_year(tmp_path: Path) -> None:
    dataset, report = attach_texts(DATASET, tmp_path, source_dir=folder_with(tmp_path))
    train, lake, twins, song, older, undated = dataset.catalog.items
    assert train.texts == {"wikipedia": FILMS[0]["extract"]}
    assert train.cast == ("Ada Stone", "Bo Field Jr.")
    assert train.directors == ("Cy Moor",)
    assert lake.texts == {"wikipedia": "A lake."}  # a year off, and no other film of that title
    assert lake.cast == ("Own Cast",)
    assert twins == CATALOG["3"]  # two articles fit, so neither is taken
    assert song.cast == ("Ed Low",)  # by its other title
    assert (older, undated) == (CATALOG["5"], CATALOG["6"])
    assert (report.n_items, report.n_matched, report.n_texts) == (6, 3, 2)
    assert (report.n_cast, report.n_directors) == (3, 1)
    assert "CC BY-SA" in dataset.meta["texts"]["licence"]
    assert dataset.meta["licence"] == "ours"
    assert dataset.interactions.fingerprint == DATASET.interactions.fingerprint


def fake_fetch(log: list[str], content: object = FILMS):
    def fetch(url: str, path: Path, **_: object) -> None:
        log.append(url.rsplit("/", 1)[1])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content if "1990s" in url else []))

    return fetch


def test_only_the_needed_decades_are_fetched_and_only_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log: list[str] = []
    monkeypatch.setattr(texts, "fetch_url", fake_fetch(log))
    attach_texts(DATASET, tmp_path)
    attach_texts(DATASET, tmp_path)
    assert log == ["movies-1970s.json", "movies-1990s.json"]


def test_a_kept_file_that_changed_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "fetch_url", fake_fetch([]))
    attach_texts(DATASET, tmp_path)
    kept = tmp_path / "cache" / "downloads" / "wikipedia-movie-data" / "movies-1990s.json"
    kept.write_text("[]")
    with pytest.raises(DamagedFileError, match="not what was downloaded at first"):
        attach_texts(DATASET, tmp_path)


def test_offline_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise FetchError("no answer in time")

    monkeypatch.setattr(texts, "fetch_url", fail)
    with pytest.raises(SourceUnreachableError, match="no answer in time") as caught:
        attach_texts(DATASET, tmp_path)
    assert "--texts-from" in caught.value.remedy


@pytest.mark.parametrize("content", ["{", '{"a": 1}'])
def test_damaged_files_are_told_clearly(tmp_path: Path, content: str) -> None:
    folder = folder_with(tmp_path)
    (folder / "movies-1990s.json").write_text(content)
    with pytest.raises(DamagedFileError, match=r"movies-1990s.json"):
        attach_texts(DATASET, tmp_path, source_dir=folder)
    (folder / "movies-1990s.json").rename(folder / "x.json")
    with pytest.raises(DamagedFileError, match="has no movies-1990s"):
        attach_texts(DATASET, tmp_path, source_dir=folder)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("A film directed by Ada Stone.", ("Ada Stone",)),
        ("A film written and directed by J. B. Stone and starring Bo Field.", ("J. B. Stone",)),
        ("A film directed by Ada Stone and Bo Field.", ("Ada Stone", "Bo Field")),
        ("Directed by nobody. It was directed by Ada Stone, Bo Field, and Cy Moor. It",
         ("Ada Stone", "Bo Field", "Cy Moor")),
        ("A film directed by Ada Stone, Bo Field stars.", ("Ada Stone",)),
        ("A film directed by Gus Van Sant from a script.", ("Gus Van Sant",)),
        ("A film directed by Ana de la Cruz.", ("Ana de la Cruz",)),
        ("A film directed by Bo Field, Jr., and produced by Ada Stone.", ("Bo Field Jr.",)),
        ("A film directed by Bo Field Jr. and starring Ada Stone.", ("Bo Field Jr.",)),
        ("A film directed by South Korean film maker Ada Stone.", ()),
        ("It was originally to be directed by Ada Stone.", ()),
        ("A film co-directed by Ada Stone.", ()),
        ("A film directed by its star.", ()),
        ("A film about a dog." + " word" * 100 + " directed by Ada Stone.", ()),
        ("", ()),
    ],
)  # fmt: skip
def test_directors_are_read_conservatively(text: str, names: tuple[str, ...]) -> None:
    assert directors_in(text) == names


def test_cast_lists_are_mended() -> None:
    raw = ["Ada Stone", "Bo Field", "Jr.", "(Narrator)", "proposed strike at", "Ada Stone", None]
    assert clean_cast(raw) == ("Ada Stone", "Bo Field Jr.")
    assert clean_cast(None) == ()
