from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer

from app.commands.score import score
from app.commands.train import train
from rec_core import ArtifactError, DamagedFileError, DataError, UnknownUserError
from tests.app.trained_films import small_home
from tests.command import caller
from tests.film_world import film_dataset

application = typer.Typer()
application.command("score")(score)
application.command("train")(train)
DATA = ("--data", "film-world")

call = caller(application)


@pytest.fixture(scope="module", autouse=True)
def trained(tmp_path_factory: pytest.TempPathFactory) -> object:
    with pytest.MonkeyPatch.context() as patch:
        small_home(tmp_path_factory.mktemp("score"), patch)
        call("train", *DATA, "--json")
        yield


def users_in(folder: Path) -> list[str]:
    return pq.read_table(sorted(folder.glob("part-*")))["user_id"].to_pylist()


def test_all_users_then_nothing_left_to_do(tmp_path: Path) -> None:
    out = ("--out", str(tmp_path / "lists"), "--k", "3")
    first = json.loads(call("score", *DATA, *out, "--json"))
    n_users = film_dataset().interactions.n_users
    assert (first["n_users"], first["n_scored"], first["method"]) == (n_users, n_users, "pipeline")
    lists = pq.read_table(tmp_path / "lists" / "part-00000.parquet")["item_ids"].to_pylist()
    assert {len(items) for items in lists} == {3}
    again = call("score", *DATA, *out)
    assert "Scored 0 users" in again
    assert f"{n_users} were there already" in again
    with pytest.raises(DataError, match="other k"):
        call("score", *DATA, "--out", str(tmp_path / "lists"), "--k", "4")


@pytest.mark.parametrize("name", ["some.txt", "some.parquet"])
def test_some_users_from_a_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name.endswith("txt"):
        path.write_text("u004\n\nu002 \n", encoding="utf-8")
    else:
        pq.write_table(pa.table({"user_id": ["u004", "u002"]}), path)
    call("score", *DATA, "--out", str(tmp_path / "lists"), "--users", str(path), "--json")
    assert users_in(tmp_path / "lists") == ["u002", "u004"]


def test_by_vectors_and_with_seen_items(tmp_path: Path) -> None:
    out = ("--out", str(tmp_path / "lists"), "--method", "vectors", "--keep-seen")
    assert json.loads(call("score", *DATA, *out, "--json"))["method"] == "vectors"


def test_faults_are_sentences(tmp_path: Path) -> None:
    out = ("--out", str(tmp_path / "lists"))
    (tmp_path / "who.txt").write_text("nobody\n", encoding="utf-8")
    (tmp_path / "bad.parquet").write_bytes(b"nothing")
    (tmp_path / "bad.txt").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(UnknownUserError, match="'nobody'"):
        call("score", *DATA, *out, "--users", str(tmp_path / "who.txt"))
    with pytest.raises(DamagedFileError, match="user_id"):
        call("score", *DATA, *out, "--users", str(tmp_path / "bad.parquet"))
    with pytest.raises(DamagedFileError, match="UTF-8"):
        call("score", *DATA, *out, "--users", str(tmp_path / "bad.txt"))
    with pytest.raises(DataError, match="no file"):
        call("score", *DATA, *out, "--users", str(tmp_path / "none.txt"))
    with pytest.raises(ArtifactError, match="rapport"):
        call("score", "--data", "untrained", *out)
