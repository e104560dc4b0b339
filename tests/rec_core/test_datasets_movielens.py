"""The four forms of MovieLens files, each from a small set written by hand."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from rec_core import Catalog, DamagedFileError, DataError, Interactions
from rec_core.datasets.filesets import FileSet
from rec_core.datasets.movielens import parse_movielens

RECBOLE_ITEMS = """item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq
1\tToy Story\t1995\tAnimation Children's Comedy
12\tUsual Suspects, The\t1995\tCrime Thriller
267\tunkonwn\tunkonwn\tunknown
1005\tDouble vie de Véronique, La (Double Life of Veronique, The)\t1991\tDrama
900\tBlade Runner\t1982\tFilm-Noir Sci-Fi
"""
RECBOLE_EVENTS = """user_id:token\titem_id:token\trating:float\ttimestamp:float
9\t1\t5\t881250949
9\t12\t3\t881250940
7\t267\t1\t881250000
"""
U_ITEM = (
    "1|Toy Story (1995)|01-Jan-1995||http://x|0|0|0|1|1|1|0|0|0|0|0|0|0|0|0|0|0|0|0\n"
    "12|Usual Suspects, The (1995)|14-Aug-1995||http://x|0|0|0|0|0|0|1|0|0|0|0|0|0|0|0|0|1|0|0\n"
    "543|Mis\u00e9rables, Les (1995)|01-Jan-1995||http://x|0|0|0|0|0|0|0|0|1|0|0|0|1|0|0|0|0|0|0\n"
)


def recbole_folder(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "ml-100k.item").write_text(RECBOLE_ITEMS, encoding="utf-8")
    (folder / "ml-100k.inter").write_text(RECBOLE_EVENTS, encoding="utf-8")
    return folder


def history(catalog: Catalog, interactions: Interactions, user: str) -> list[str]:
    rows = interactions.history(interactions.users.row(user))
    return [catalog.at(row).item_id for row in rows]


def test_the_form_of_recbole(tmp_path: Path) -> None:
    catalog, interactions = parse_movielens(FileSet(recbole_folder(tmp_path)))
    assert catalog["1"].genres == ("Animation", "Children", "Comedy")
    assert (catalog["12"].title, catalog["12"].year) == ("The Usual Suspects", 1995)
    assert (catalog["267"].title, catalog["267"].year, catalog["267"].genres) == (
        "unknown",
        None,
        (),
    )
    veronique = catalog["1005"]
    assert veronique.title == "La Double vie de Véronique"
    assert veronique.alt_titles == ("The Double Life of Veronique",)
    assert catalog["900"].genres == ("Film-Noir", "Sci-Fi")
    assert history(catalog, interactions, "9") == ["12", "1"]
    assert interactions.weights_of(0).tolist() == [3.0, 5.0]
    assert interactions.has_ratings
    assert interactions.has_timestamps


def test_the_form_of_ml_100k(tmp_path: Path) -> None:
    (tmp_path / "u.item").write_text(U_ITEM, encoding="latin-1")
    (tmp_path / "u.data").write_text("196\t1\t3\t881250949\n196\t543\t4\t881250940\n")
    catalog, interactions = parse_movielens(FileSet(tmp_path))
    assert catalog["1"].genres == ("Animation", "Children", "Comedy")
    assert catalog["12"].genres == ("Crime", "Thriller")
    assert (catalog["543"].title, catalog["543"].genres) == ("Les Misérables", ("Drama", "Musical"))
    assert history(catalog, interactions, "196") == ["543", "1"]


def test_the_form_of_ml_1m(tmp_path: Path) -> None:
    movies = (
        "1::Toy Story (1995)::Animation|Children's|Comedy\n73::Mis\u00e9rables, Les (1995)::Drama\n"
    )
    (tmp_path / "movies.dat").write_text(movies, encoding="latin-1")
    (tmp_path / "ratings.dat").write_text("1::73::5::978300760\n1::1::3::978300700\n")
    catalog, interactions = parse_movielens(FileSet(tmp_path))
    assert catalog["1"].genres == ("Animation", "Children", "Comedy")
    assert catalog["73"].title == "Les Misérables"
    assert history(catalog, interactions, "1") == ["1", "73"]
    assert interactions.weights_of(0).tolist() == [3.0, 5.0]


def write_csv_set(folder: Path) -> None:
    (folder / "movies.csv").write_text(
        "movieId,title,genres\n"
        '11,"American President, The (1995)",Comedy|Drama|Romance\n'
        "1,Toy Story (1995),Adventure|Children\n"
        "99,Mystery Reel (2009– ),(no genres listed)\n",
        encoding="utf-8",
    )
    (folder / "ratings.csv").write_text(
        "userId,movieId,rating,timestamp\n1,1,4.5,20\n1,11,3.0,10\n2,99,0.5,5\n"
    )
    (folder / "tags.csv").write_text(
        "userId,movieId,tag,timestamp\n1,1,Pixar,1\n2,1,pixar,2\n2,1,fun,3\n3,1,Animated,4\n4,11, ,5\n"
    )


def test_the_csv_form_with_tags_most_frequent_first(tmp_path: Path) -> None:
    write_csv_set(tmp_path)
    catalog, interactions = parse_movielens(FileSet(tmp_path))
    assert catalog["11"].title == "The American President"
    assert catalog["1"].tags == ("pixar", "animated", "fun")
    assert catalog["11"].tags == ()
    assert (catalog["99"].genres, catalog["99"].year) == ((), 2009)
    assert history(catalog, interactions, "1") == ["11", "1"]
    assert interactions.weights_of(0).tolist() == [3.0, 4.5]


def test_a_zip_file_with_a_folder_inside_reads_the_same(tmp_path: Path) -> None:
    loose = tmp_path / "loose"
    loose.mkdir()
    write_csv_set(loose)
    archive = tmp_path / "ml-latest-small.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        for path in loose.iterdir():
            opened.write(path, f"ml-latest-small/{path.name}")
    from_zip, from_folder = parse_movielens(FileSet(archive)), parse_movielens(FileSet(loose))
    assert from_zip[0].items == from_folder[0].items
    assert from_zip[1].fingerprint == from_folder[1].fingerprint


def test_a_folder_without_movielens_files_says_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(DamagedFileError, match="no MovieLens files") as caught:
        parse_movielens(FileSet(tmp_path))
    assert "ratings.csv" in caught.value.remedy


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("ml-100k.item", RECBOLE_ITEMS.replace("release_year", "born")),
        ("ml-100k.item", RECBOLE_ITEMS + "5\tonly two fields\n"),
        ("ml-100k.inter", RECBOLE_EVENTS.replace("rating", "stars").replace("user_id", "who")),
        ("ml-100k.inter", RECBOLE_EVENTS.replace("881250949", "yesterday")),
    ],
)
def test_files_of_another_shape_are_told_clearly(tmp_path: Path, name: str, content: str) -> None:
    recbole_folder(tmp_path)
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(DataError):
        parse_movielens(FileSet(tmp_path))


def test_damaged_archives_and_missing_places(tmp_path: Path) -> None:
    (tmp_path / "bad.zip").write_bytes(b"PK nothing")
    with pytest.raises(DamagedFileError, match="zip"):
        FileSet(tmp_path / "bad.zip")
    with pytest.raises(DataError, match="neither a folder nor a zip"):
        FileSet(tmp_path / "none")
