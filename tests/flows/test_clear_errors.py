"""What goes wrong, through the real command: two sentences and an exit code, nothing half-written."""

import json
import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from .. import command
from ..openai_server import KEY, MODEL, OpenAIServer, call, free_port_url

ITEMS = "item_id,title\n" + "".join(
    f"s{place},{colour} {thing}\n"
    for place, (colour, thing) in enumerate(
        (colour, thing)
        for colour in ("red", "blue", "iron", "paper")
        for thing in ("lamp", "chair", "kettle")
    )
)


def rapport(home: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The real command with a home of its own."""
    return command.rapport("--home", str(home), *arguments, **variables)


def refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """A fault is a problem and a remedy on stderr, nothing on stdout, exit code 1."""
    assert done.returncode == 1, done.stderr
    assert done.stdout.strip() == ""
    assert done.stderr.startswith("problem: ")
    assert "what to do: " in done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


def imported(home: Path, folder: Path) -> None:
    (folder / "items.csv").write_text(ITEMS, encoding="utf-8")
    done = rapport(home, "data", "import", "shop", "--catalog", str(folder / "items.csv"))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("items.csv", b"", "is empty"),
        ("items.csv.gz", b"\x00\x9f garbled", "damaged"),
        ("items.parquet", b"\x00\x9f garbled", "damaged"),
        ("items.csv", b"item_id,genre\n1,a\n", "no column for 'title'"),
        ("items.csv", b"item_id,title\n1,\n2,\n", "no title: 2"),
    ],
)
def test_a_catalog_that_cannot_be_used(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    home = tmp_path / "home"
    refused(rapport(home, "data", "import", "mine", "--catalog", str(tmp_path / name)), words)
    assert not list(home.rglob("*.parquet"))


def test_interactions_with_unknown_items(tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text(ITEMS, encoding="utf-8")
    (tmp_path / "events.csv").write_text("user,item\nu,s1\nu,zz\nv,zz\n", encoding="utf-8")
    files = ("--catalog", str(tmp_path / "items.csv"))
    events = ("--interactions", str(tmp_path / "events.csv"))
    home = tmp_path / "home"
    refused(rapport(home, "data", "import", "mine", *files, *events), "'zz'", "line 3")
    assert not list(home.rglob("*.parquet"))


def test_an_unknown_data_set(tmp_path: Path) -> None:
    refused(rapport(tmp_path / "home", "ask", "hello", "--data", "nope", "--json"), "'nope'")


def test_a_damaged_archive(tmp_path: Path) -> None:
    (tmp_path / "ml-100k.zip").write_bytes(b"PK\x03\x04 and then nothing")
    done = rapport(tmp_path / "home", "data", "get", "ml-100k", "--from", str(tmp_path))
    refused(done, "ml-100k.zip", "damaged")


def test_a_taken_port(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        refused(rapport(tmp_path / "home", "chat", "--port", port, "--no-open"), "already in use")


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only to the superuser")
def test_a_home_that_may_not_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    refused(rapport(tmp_path / "home", "ask", "hello"), "cannot be made")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that serves a catalog of titles alone: no years, no genres, no interactions."""
    folder = tmp_path_factory.mktemp("shop")
    imported(folder / "home", folder)
    done = rapport(folder / "home", "setup", "--data", "shop")
    assert done.returncode == 0, done.stderr
    return folder / "home"


@pytest.mark.slow
def test_titles_alone_are_enough_and_stdout_is_one_json_object(shop: Path, tmp_path: Path) -> None:
    shutil.copytree(shop / "data", tmp_path / "data")
    for home in (shop, tmp_path):
        done = rapport(home, "ask", "an iron kettle", "--data", "shop", "--user", "zoe", "--json")
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        assert answer["items"]
        assert all(item["reason"] for item in answer["items"])


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["rapport.db", "checkpoints.db", "models/shop/search/item_vectors.safetensors"],
)
def test_damaged_files_of_the_home(shop: Path, tmp_path: Path, name: str) -> None:
    home = tmp_path / "home"
    shutil.copytree(shop, home)
    (home / name).write_bytes(b"\x00\x9f garbled" * 100)
    refused(rapport(home, "ask", "a lamp", "--data", "shop", "--json"), Path(name).parts[0])
    # What the message says is enough.
    if name.startswith("models"):
        shutil.rmtree(home / "models" / "shop")
    else:
        (home / name).unlink()
    done = rapport(home, "ask", "a lamp", "--data", "shop", "--json")
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_a_wrong_key_and_a_server_that_is_not_there_leave_an_answer(shop: Path) -> None:
    def ask(url: str) -> dict[str, object]:
        model = {
            "RAPPORT_LLM__PLANNER": "auto",
            "RAPPORT_LLM__BASE_URL": url,
            "RAPPORT_LLM__MODEL": MODEL,
        }
        done = rapport(
            shop, "ask", "a lamp", "--data", "shop", "--json",
            **model, RAPPORT_LLM__API_KEY=f"not-{KEY}",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert f"not-{KEY}" not in done.stdout + done.stderr
        return json.loads(done.stdout)

    with OpenAIServer([call()], endless=True) as server:
        wrong = ask(server.url)
    assert wrong["items"]
    assert "RAPPORT_LLM__API_KEY" in str(wrong["notices"])
    nobody = ask(free_port_url())
    assert nobody["items"]
    assert "could not be reached" in str(nobody["notices"])
