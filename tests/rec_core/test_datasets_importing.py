"""Anybody's files: kinds, column names, rejects, and that nothing is half imported."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pandas as pd
import pytest

from rec_core import DamagedFileError, DataError, Dataset, import_dataset, load_dataset
from rec_core.datasets.columns import as_names, as_year
from tests.shared_data import shared_data

ITEMS = [
    {"item_id": "a", "title": "Alpha", "year": 1990, "genres": "Drama|War", "tags": "Old|fun"},
    {"item_id": "b", "title": "Beta", "year": 1991, "genres": "Comedy", "tags": ""},
    {"item_id": "c", "title": "Gamma, or not", "year": None, "genres": "", "tags": "new"},
]
EVENTS = [
    {"user_id": "u", "item_id": "a", "rating": 4.0, "timestamp": 20},
    {"user_id": "u", "item_id": "b", "rating": 2.5, "timestamp": 10},
    {"user_id": "v", "item_id": "c", "rating": 5.0, "timestamp": 30},
]


def write(folder: Path, name: str, rows: list[dict]) -> Path:
    """Write rows in the form that the name tells."""
    path = folder / name
    kind = name.removesuffix(".gz").rsplit(".", 1)[1]
    frame = pd.DataFrame(rows)
    if kind == "parquet":
        frame.to_parquet(path.with_name(name.removesuffix(".gz")))
        content = path.with_name(name.removesuffix(".gz")).read_bytes()
    elif kind == "jsonl":
        content = "\n".join(json.dumps(row) for row in rows).encode()
    elif kind == "json":
        content = json.dumps(rows).encode()
    else:
        content = frame.to_csv(index=False, sep="\t" if kind == "tsv" else ",").encode()
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


def histories(dataset: Dataset) -> dict[str, list[str]]:
    events = dataset.interactions
    return {
        user: [dataset.catalog.at(row).item_id for row in events.history(events.users.row(user))]
        for user in events.users.ids
    }


@pytest.mark.parametrize(
    "kind", ["csv", "tsv", "jsonl", "json", "parquet", "csv.gz", "jsonl.gz", "parquet.gz"]
)
def test_every_kind_of_file_gives_the_same_set(tmp_path: Path, kind: str) -> None:
    dataset, report = import_dataset(
        "mine",
        tmp_path / "home",
        catalog_path=write(tmp_path, f"items.{kind}", ITEMS),
        interactions_path=write(tmp_path, f"events.{kind}", EVENTS),
    )
    assert [item.title for item in dataset.catalog] == ["Alpha", "Beta", "Gamma, or not"]
    assert dataset.catalog["a"].genres == ("Drama", "War")
    assert dataset.catalog["a"].tags == ("old", "fun")
    assert [item.year for item in dataset.catalog] == [1990, 1991, None]
    assert histories(dataset) == {"u": ["b", "a"], "v": ["c"]}
    assert dataset.interactions.weights.tolist() == [2.5, 4.0, 5.0]
    assert (report.rejects, report.rejects_path) == ((), None)
    loaded = load_dataset(tmp_path / "home" / "data" / "mine")
    assert loaded.fingerprint == dataset.fingerprint


@pytest.mark.parametrize(
    "names",
    [
        {"user_id": "user", "item_id": "item", "rating": "rating"},
        {"user_id": "userId", "item_id": "movieId", "rating": "rating"},
        {"user_id": "reviewerID", "item_id": "asin", "rating": "overall"},
        {"user_id": "User-ID", "item_id": "ISBN", "rating": "Book-Rating"},
        {"user_id": "uid", "item_id": "product_id", "rating": "score", "timestamp": "datetime"},
        {"user_id": "user_id:token", "item_id": "item_id:token", "rating": "rating:float"},
        {"user_id": "customer_id", "item_id": "parent_asin", "rating": "stars", "timestamp": "ts"},
    ],
)
def test_columns_are_found_by_their_usual_names(tmp_path: Path, names: dict[str, str]) -> None:
    events = [{names.get(key, key): value for key, value in row.items()} for row in EVENTS]
    dataset, _ = import_dataset(
        "mine",
        tmp_path,
        catalog_path=write(tmp_path, "items.csv", ITEMS),
        interactions_path=write(tmp_path, "events.csv", events),
    )
    assert histories(dataset) == {"u": ["b", "a"], "v": ["c"]}
    assert dataset.interactions.has_ratings
    assert dataset.interactions.has_timestamps


def test_the_catalog_has_its_own_usual_names(tmp_path: Path) -> None:
    rows = [
        {
            "movieId": 7, "name": "Heat", "release_year": "1995-12-15", "categories": ["Crime"],
            "director": "Michael Mann", "actors": "Al Pacino, Robert De Niro", "plot": "A heist.",
            "text_imdb": "Cops.", "keywords": "Bank|Heist", "genome_tags": ["bank"],
            "original_title": "Heat US",
        }
    ]  # fmt: skip
    dataset, report = import_dataset(
        "mine", tmp_path, catalog_path=write(tmp_path, "items.jsonl", rows)
    )
    heat = dataset.catalog["7"]
    assert (heat.label, heat.genres) == ("Heat (1995)", ("Crime",))
    assert heat.people == ("Michael Mann", "Al Pacino", "Robert De Niro")
    assert heat.tags == ("bank", "heist")
    assert dict(heat.texts) == {"plot": "A heist.", "imdb": "Cops."}
    assert heat.alt_titles == ("Heat US",)
    assert report.columns["catalog"]["texts"] == "plot+text_imdb"
    assert len(dataset.interactions) == 0


def test_movielens_like_titles_are_taken_apart_when_there_is_no_year(tmp_path: Path) -> None:
    rows = [{"movieId": 1, "title": "Matrix, The (1999)", "genres": "Action|Sci-Fi"}]
    dataset, _ = import_dataset("m", tmp_path, catalog_path=write(tmp_path, "movies.csv", rows))
    assert dataset.catalog["1"].label == "The Matrix (1999)"


def test_columns_can_be_named_and_taken_away(tmp_path: Path) -> None:
    events = [{"who": "u", "item": "a", "rating": "bad", "when": "2020-01-02"}]
    dataset, _ = import_dataset(
        "mine",
        tmp_path,
        catalog_path=write(tmp_path, "items.csv", ITEMS),
        interactions_path=write(tmp_path, "events.csv", events),
        columns={"user_id": "who", "weight": "", "timestamp": "when"},
    )
    assert dataset.interactions.timestamps.tolist() == [1_577_923_200]
    assert not dataset.interactions.has_ratings


def test_an_order_column_serves_as_time_when_the_times_have_gaps(tmp_path: Path) -> None:
    events = [
        {"user": 1, "item": "a", "pos": 1, "timestamp": None},
        {"user": 1, "item": "b", "pos": 0, "timestamp": 5},
    ]
    dataset, report = import_dataset(
        "mine",
        tmp_path,
        catalog_path=write(tmp_path, "items.csv", ITEMS),
        interactions_path=write(tmp_path, "events.parquet", events),
    )
    assert report.columns["interactions"]["timestamp"] == "pos"
    assert histories(dataset) == {"1": ["b", "a"]}


def test_ids_of_another_numbering_are_joined_lists_too(tmp_path: Path) -> None:
    items = [
        {**ITEMS[0], "ml_ids": [7, 8]},
        {**ITEMS[1], "ml_ids": [9]},
        {**ITEMS[2], "ml_ids": []},
    ]
    events = [{"user": "u", "item": number, "pos": number} for number in (7, 9, 8)]
    dataset, _ = import_dataset(
        "mine",
        tmp_path,
        catalog_path=write(tmp_path, "items.jsonl", items),
        interactions_path=write(tmp_path, "events.csv", events),
        join_on="ml_ids",
    )
    assert histories(dataset) == {"u": ["a", "a", "b"]}


def many(bad: list[dict], good: int = 20) -> list[dict]:
    return [*({**EVENTS[0], "timestamp": time} for time in range(good)), *bad]


def test_rejects_are_listed_with_file_line_and_reason(tmp_path: Path) -> None:
    bad = [
        {"user_id": "u", "item_id": "nowhere", "rating": 3, "timestamp": 1},
        {"user_id": "", "item_id": "a", "rating": 3, "timestamp": 1},
        {"user_id": "u", "item_id": "a", "rating": "many", "timestamp": 1},
        {"user_id": "u", "item_id": "a", "rating": 3, "timestamp": "soon"},
    ]
    dataset, report = import_dataset(
        "mine",
        tmp_path,
        catalog_path=write(tmp_path, "items.csv", ITEMS),
        interactions_path=write(tmp_path, "events.csv", many(bad)),
    )
    assert len(dataset.interactions) == 20
    assert sorted((reject.line, reject.reason) for reject in report.rejects) == [
        (22, "unknown item: 'nowhere'"),
        (23, "no user id"),
        (24, "rating not usable: 'many'"),
        (25, "timestamp not usable: 'soon'"),
    ]
    assert {reject.file for reject in report.rejects} == {"events.csv"}
    assert report.rejects_path is not None
    listed = [json.loads(line) for line in report.rejects_path.read_text().splitlines()]
    assert len(listed) == 4
    assert set(listed[0]) == {"file", "line", "reason"}


def test_the_first_twenty_rejects_are_shown_and_all_are_kept(tmp_path: Path) -> None:
    bad = [{**EVENTS[0], "item_id": f"x{number}"} for number in range(30)]
    _, report = import_dataset(
        "mine",
        tmp_path,
        catalog_path=write(tmp_path, "items.csv", ITEMS),
        interactions_path=write(tmp_path, "events.csv", many(bad, good=200)),
    )
    assert len(report.rejects) == 20
    assert report.reject_counts == {"unknown item": 30}
    assert report.rejects_path is not None
    assert len(report.rejects_path.read_text().splitlines()) == 30


def test_bad_catalog_rows_are_rejected(tmp_path: Path) -> None:
    good = [{"item_id": f"g{number}", "title": f"Good {number}"} for number in range(20)]
    bad = [{"item_id": "", "title": "No id"}, {"item_id": "x", "title": " "}, good[0]]
    _, report = import_dataset(
        "mine", tmp_path, catalog_path=write(tmp_path, "items.csv", [*good, *bad])
    )
    assert [(reject.line, reject.reason) for reject in report.rejects] == [
        (22, "no item id"),
        (23, "no title"),
        (24, "item id repeated: g0"),
    ]


def test_lines_are_right_after_values_that_run_over_lines(tmp_path: Path) -> None:
    path = tmp_path / "items.csv"
    rows = "".join(f"g{n},Good {n},fine\n" for n in range(10))
    path.write_text(f'item_id,title,plot\na,Alpha,"one\ntwo\nthree"\n{rows}b,,empty title\n')
    _, report = import_dataset("mine", tmp_path, catalog_path=path)
    assert [(reject.line, reject.reason) for reject in report.rejects] == [(15, "no title")]


def test_rows_with_too_many_fields_are_rejects_not_a_crash(tmp_path: Path) -> None:
    path = tmp_path / "items.csv"
    rows = "".join(f"g{n},Good {n}\n" for n in range(10))
    path.write_text(f"item_id,title\n{rows}b,Beta,too,many\n")
    dataset, report = import_dataset("mine", tmp_path, catalog_path=path)
    assert len(dataset.catalog) == 10
    assert [(r.line, r.reason) for r in report.rejects] == [
        (12, "4 fields where the header names 2")
    ]


def test_bad_json_lines_are_rejects(tmp_path: Path) -> None:
    good = [json.dumps({"id": f"g{n}", "title": f"Good {n}"}) for n in range(10)]
    path = tmp_path / "items.jsonl"
    path.write_text("\n".join([*good, "{broken", "[1]"]))
    _, report = import_dataset("mine", tmp_path, catalog_path=path)
    assert [reject.line for reject in report.rejects] == [11, 12]
    assert "not valid JSON" in report.rejects[0].reason


def test_too_many_rejects_import_nothing_and_keep_the_old_set(tmp_path: Path) -> None:
    items = write(tmp_path, "items.csv", ITEMS)
    import_dataset("mine", tmp_path, catalog_path=items)
    before = load_dataset(tmp_path / "data" / "mine").fingerprint
    bad = write(tmp_path, "events.csv", [{**EVENTS[0], "item_id": "z"}, *EVENTS])
    arguments = {"catalog_path": items, "interactions_path": bad, "replace": True}
    with pytest.raises(DataError, match=r"1 of 4 rows of 'events.csv'.*line 2: unknown item") as e:
        import_dataset("mine", tmp_path, **arguments)
    assert "--allow-rejects" in e.value.remedy
    assert load_dataset(tmp_path / "data" / "mine").fingerprint == before
    dataset, _ = import_dataset("mine", tmp_path, allow_rejects=True, **arguments)
    assert len(dataset.interactions) == 3


def test_ids_that_are_in_another_column_are_pointed_out(tmp_path: Path) -> None:
    items = [{**item, "number": position} for position, item in enumerate(ITEMS)]
    events = [{"user": "u", "item": position} for position in range(3)]
    with pytest.raises(DataError) as caught:
        import_dataset(
            "mine",
            tmp_path,
            catalog_path=write(tmp_path, "items.csv", items),
            interactions_path=write(tmp_path, "events.csv", events),
        )
    assert "--join-on number" in caught.value.remedy


@pytest.mark.parametrize(
    ("items", "options", "words"),
    [
        ([{"item_id": "a", "year": 1990}], {}, "no column for 'title'.*item_id, year"),
        ([{"title": "Alpha", "year": 1990}], {}, "no column for 'item_id'"),
        (ITEMS, {"columns": {"titel": "title"}}, "'titel' is no field"),
        (ITEMS, {"columns": {"title": "nope"}}, "no file has a column 'nope'"),
        (ITEMS, {"join_on": "nope"}, "no such column"),
    ],
)
def test_missing_columns_are_told_clearly(
    tmp_path: Path, items: list[dict], options: dict, words: str
) -> None:
    with pytest.raises(DataError, match=words):
        import_dataset(
            "mine",
            tmp_path,
            catalog_path=write(tmp_path, "items.csv", items),
            interactions_path=write(tmp_path, "events.csv", EVENTS),
            **options,
        )
    assert not (tmp_path / "data" / "mine").exists()


def test_names_that_are_taken(tmp_path: Path) -> None:
    items = write(tmp_path, "items.csv", ITEMS)
    with pytest.raises(DataError, match="can be fetched"):
        import_dataset("ml-100k", tmp_path, catalog_path=items)
    import_dataset("mine", tmp_path, catalog_path=items)
    with pytest.raises(DataError, match="already a data set 'mine'"):
        import_dataset("mine", tmp_path, catalog_path=items)


@pytest.mark.parametrize(
    ("name", "content", "error", "words"),
    [
        (
            "items.jsonl.gz",
            gzip.compress(b'{"id": 1}\n' * 99, mtime=0)[:-9],
            DamagedFileError,
            "damaged",
        ),
        ("items.csv.gz", b"not gzip", DamagedFileError, "damaged"),
        ("items.parquet", b"PAR1 nothing", DamagedFileError, "damaged"),
        ("items.json", b"[{", DamagedFileError, "cannot be read"),
        ("items.xlsx", b"PK", DataError, "no known kind"),
        ("items.csv", b"", DataError, "empty"),
        ("items.jsonl", b"\n", DataError, "no JSON object"),
    ],
)
def test_damaged_and_foreign_files(
    tmp_path: Path, name: str, content: bytes, error: type[DataError], words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=words):
        import_dataset("mine", tmp_path, catalog_path=tmp_path / name)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no file .*gone.csv"):
        import_dataset("mine", tmp_path, catalog_path=tmp_path / "gone.csv")


def test_latin_1_is_read_and_said(tmp_path: Path) -> None:
    path = tmp_path / "items.csv"
    path.write_bytes("id;title\n1;Amélie\n".encode("latin-1"))
    dataset, report = import_dataset("mine", tmp_path, catalog_path=path)
    assert dataset.catalog["1"].title == "Amélie"
    assert "Latin-1" in report.notes[0]


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("Drama|War", ("Drama", "War")),
        ("Drama, War", ("Drama", "War")),
        ("Downey, Robert; Pacino, Al", ("Downey, Robert", "Pacino, Al")),
        ('["Drama", "War", "Drama"]', ("Drama", "War")),
        ("['Drama', 'War']", ("Drama", "War")),
        (["Drama", None, " War "], ("Drama", "War")),
        ("Sci-Fi", ("Sci-Fi",)),
        ("(no genres listed)", ()),
        (["Tom Hanks", "(voices)", "nan", "\\N"], ("Tom Hanks",)),
        ("", ()),
        (None, ()),
        (float("nan"), ()),
    ],
)
def test_lists_of_names(value: object, names: tuple[str, ...]) -> None:
    assert as_names(value) == names


@pytest.mark.parametrize(
    ("value", "year"),
    [(1995, 1995), (1995.0, 1995), ("1995", 1995), ("12/24/1995", 1995), ("n/a", None),
     (float("nan"), None), (3, None), ("19951", None), (True, None)],
)  # fmt: skip
def test_years(value: object, year: int | None) -> None:
    assert as_year(value) == year


@pytest.mark.slow
def test_the_shared_bundle_imports_with_one_call(tmp_path: Path) -> None:
    catalog_path = shared_data("movies/catalog.jsonl.gz")
    dataset, report = import_dataset(
        "movies",
        tmp_path,
        catalog_path=catalog_path,
        interactions_path=shared_data("movielens/mlsmall_ratings.parquet"),
        join_on="ml_movie_id",
    )
    assert (len(dataset.catalog), len(dataset.interactions)) == (24_050, 79_148)
    assert report.rejects == ()
    heat = dataset.catalog["ml6"]
    assert heat.label == "Heat (1995)"
    assert "Michael Mann" in heat.directors
    assert set(heat.texts) == {"wikipedia", "tmdb", "imdb"}
