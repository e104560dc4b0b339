"""Fetching: sources in order, checksums, resuming, time-outs, --from; against a loopback server."""

from __future__ import annotations

import hashlib
import re
import socket
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rec_core import (
    DATASETS,
    DamagedFileError,
    Dataset,
    DatasetSource,
    SourceUnreachableError,
    StorageError,
    UnknownDatasetError,
    dataset_folder,
    get_dataset,
    load_dataset,
    save_dataset,
)
from rec_core.datasets import download, fetching
from rec_core.datasets.download import FetchError, fetch_url, fetch_wheel
from rec_core.datasets.registry import ArchiveSource, WheelSource
from tests.film_world import film_dataset
from tests.rec_core.test_datasets_movielens import recbole_folder, write_csv_set


@dataclass
class Shelf:
    """What the loopback server has, and what it was asked."""

    files: dict[str, bytes] = field(default_factory=dict)
    ranges: list[str | None] = field(default_factory=list)
    break_after: int | None = None
    address: str = ""


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    stock = Shelf()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            content = stock.files.get(self.path)
            wanted = self.headers.get("Range")
            stock.ranges.append(wanted)
            if content is None:
                self.send_error(404)
                return
            start = int(re.findall(r"\d+", wanted)[0]) if wanted else 0
            if start >= len(content) and wanted:
                self.send_error(416)
                return
            self.send_response(206 if wanted else 200)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            sent = content[start:]
            if stock.break_after is not None:
                self.wfile.write(sent[: stock.break_after])
                stock.break_after = None
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            self.wfile.write(sent)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stock.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield stock
    server.shutdown()
    server.server_close()
    thread.join()


def zipped(folder: Path) -> bytes:
    archive = folder / "set.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        for path in sorted(folder.iterdir()):
            if path != archive:
                opened.write(path, f"ml/{path.name}")
    return archive.read_bytes()


@pytest.fixture
def tiny(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[DatasetSource, bytes]:
    """A registry with the one set "tiny", whose zip file lies on the shelf."""
    folder = tmp_path / "made"
    folder.mkdir()
    write_csv_set(folder)
    content = zipped(folder)
    shelf.files["/tiny.zip"] = content
    source = DatasetSource(
        name="tiny",
        title="Three films",
        n_interactions=3,
        n_items=3,
        sources=(
            ArchiveSource(
                url=f"{shelf.address}/tiny.zip",
                sha256=hashlib.sha256(content).hexdigest(),
                n_bytes=len(content),
            ),
        ),
        unpacked_bytes=1000,
    )
    register(monkeypatch, source)
    return source, content


def register(monkeypatch: pytest.MonkeyPatch, source: DatasetSource) -> None:
    monkeypatch.setattr(fetching, "DATASETS", {source.name: source})


def test_a_set_is_fetched_once_parsed_and_kept(
    tiny: tuple[DatasetSource, bytes], shelf: Shelf, tmp_path: Path
) -> None:
    stages: list[str] = []
    first = get_dataset(
        "tiny", tmp_path, progress=lambda stage, _done, _total: stages.append(stage)
    )
    again = get_dataset("tiny", tmp_path)
    assert first.fingerprint == again.fingerprint
    assert len(shelf.ranges) == 1
    assert list(dict.fromkeys(stages)) == ["download", "parse", "save"]
    assert first.meta["sha256"] == tiny[0].sources[0].sha256  # type: ignore[union-attr]
    assert "non-commercial" in first.meta["licence"]


def test_a_damaged_copy_is_made_anew_from_the_kept_download(
    tiny: tuple[DatasetSource, bytes], shelf: Shelf, tmp_path: Path
) -> None:
    first = get_dataset("tiny", tmp_path)
    (dataset_folder("tiny", tmp_path) / "catalog.parquet").write_bytes(b"damaged")
    assert get_dataset("tiny", tmp_path).fingerprint == first.fingerprint
    assert len(shelf.ranges) == 1


def test_a_broken_connection_is_continued_where_it_broke(
    tiny: tuple[DatasetSource, bytes], shelf: Shelf, tmp_path: Path
) -> None:
    shelf.break_after = 100
    get_dataset("tiny", tmp_path)
    assert shelf.ranges == [None, "bytes=100-"]


def test_a_part_of_an_earlier_run_is_continued(shelf: Shelf, tmp_path: Path) -> None:
    shelf.files["/x"] = b"0123456789"
    (tmp_path / "x.part").write_bytes(b"0123")
    expected = hashlib.sha256(b"0123456789").hexdigest()
    fetch_url(f"{shelf.address}/x", tmp_path / "x", sha256=expected)
    assert (tmp_path / "x").read_bytes() == b"0123456789"
    assert shelf.ranges == ["bytes=4-"]


def test_a_part_of_another_version_is_thrown_away_and_loaded_whole(
    shelf: Shelf, tmp_path: Path
) -> None:
    shelf.files["/x"] = b"0123456789"
    (tmp_path / "x.part").write_bytes(b"zzzz")
    expected = hashlib.sha256(b"0123456789").hexdigest()
    fetch_url(f"{shelf.address}/x", tmp_path / "x", sha256=expected)
    assert (tmp_path / "x").read_bytes() == b"0123456789"
    assert shelf.ranges == ["bytes=4-", None]


def test_a_part_that_is_already_whole_is_taken(shelf: Shelf, tmp_path: Path) -> None:
    shelf.files["/x"] = b"0123"
    (tmp_path / "x.part").write_bytes(b"0123")
    fetch_url(f"{shelf.address}/x", tmp_path / "x", sha256=hashlib.sha256(b"0123").hexdigest())
    assert (tmp_path / "x").read_bytes() == b"0123"


def test_a_wrong_checksum_is_refused_and_nothing_is_kept(
    tiny: tuple[DatasetSource, bytes], shelf: Shelf, tmp_path: Path
) -> None:
    shelf.files["/tiny.zip"] = tiny[1][:-1] + b"?"
    with pytest.raises(SourceUnreachableError, match="expected sha256"):
        get_dataset("tiny", tmp_path)
    assert not dataset_folder("tiny", tmp_path).exists()
    assert list((tmp_path / "cache" / "downloads").iterdir()) == []


def test_a_wrong_number_of_rows_is_refused(
    tiny: tuple[DatasetSource, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(monkeypatch, replace(tiny[0], n_interactions=4))
    with pytest.raises(DamagedFileError, match=r"must have 4 ratings.* has 3"):
        get_dataset("tiny", tmp_path)
    assert not dataset_folder("tiny", tmp_path).exists()


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_offline_names_every_source_and_what_to_do(
    tiny: tuple[DatasetSource, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = ArchiveSource(url=f"http://127.0.0.1:{closed_port()}/tiny.zip", sha256="0", n_bytes=1)
    missing = replace(tiny[0].sources[0], url=tiny[0].sources[0].url + "x")  # type: ignore[union-attr]
    register(monkeypatch, replace(tiny[0], sources=(gone, missing)))
    with pytest.raises(SourceUnreachableError) as caught:
        get_dataset("tiny", tmp_path)
    assert gone.url in caught.value.problem
    assert "refused" in caught.value.problem
    assert "404" in caught.value.problem
    assert "--from" in caught.value.remedy
    assert "rapport data import" in caught.value.remedy


def test_the_second_source_is_tried_when_the_first_fails(
    tiny: tuple[DatasetSource, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = ArchiveSource(url=f"http://127.0.0.1:{closed_port()}/tiny.zip", sha256="0", n_bytes=1)
    register(monkeypatch, replace(tiny[0], sources=(gone, *tiny[0].sources)))
    dataset = get_dataset("tiny", tmp_path)
    assert len(dataset.catalog) == 3
    assert len(dataset.meta["tried_before"]) == 1


def test_a_server_that_never_answers_does_not_hold_us(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "_READ_SECONDS", 0.2)
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(FetchError, match="no answer in time"),
    ):
        fetch_url(f"http://127.0.0.1:{silent.getsockname()[1]}/x", tmp_path / "x")


def test_no_room_on_the_disk_is_told_before_anything_is_loaded(
    tiny: tuple[DatasetSource, bytes], shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(monkeypatch, replace(tiny[0], unpacked_bytes=10**18))
    with pytest.raises(StorageError, match="has only"):
        get_dataset("tiny", tmp_path)
    assert shelf.ranges == []


@pytest.mark.parametrize("as_zip", [False, True])
def test_files_that_are_already_there_are_used(
    tiny: tuple[DatasetSource, bytes], shelf: Shelf, tmp_path: Path, as_zip: bool
) -> None:
    place = tmp_path / "mine"
    place.mkdir()
    if as_zip:
        (place / "tiny.zip").write_bytes(tiny[1])
    else:
        write_csv_set(place)
    dataset = get_dataset("tiny", tmp_path, source_dir=place)
    assert len(dataset.interactions) == 3
    assert dataset.meta.get("is_official_archive", False) is as_zip
    assert shelf.ranges == []


def test_the_members_of_a_wheel_are_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = recbole_folder(tmp_path / "made")
    wheel = tmp_path / "toy-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as opened:
        for path in folder.iterdir():
            opened.write(path, f"toy/data/{path.name}")
    monkeypatch.setattr(download, "_pip_download", lambda *_: wheel)
    sums = {path.name: download.sha256_of(path) for path in folder.iterdir()}
    source = WheelSource(requirement="toy==1.0", folder="toy/data", members=sums, n_bytes=100)
    unpacked = fetch_wheel(source, tmp_path / "cache")
    assert {path.name for path in unpacked.iterdir()} == set(sums)
    monkeypatch.setattr(download, "_pip_download", lambda *_: pytest.fail("fetched again"))
    assert fetch_wheel(source, tmp_path / "cache") == unpacked
    monkeypatch.setattr(download, "_pip_download", lambda *_: wheel)
    changed = replace(source, members={**sums, "ml-100k.item": "0" * 64})
    with pytest.raises(DamagedFileError, match=r"'ml-100k.item'.*sha256"):
        fetch_wheel(changed, tmp_path / "other")
    assert not (tmp_path / "other" / "toy-1.0").exists()


def test_an_unknown_name_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UnknownDatasetError, match="ml-100k"):
        get_dataset("netflix", tmp_path)


def test_the_registry_is_whole() -> None:
    assert list(DATASETS) == ["ml-100k", "ml-latest-small", "ml-1m", "ml-20m", "ml-32m"]
    for source in DATASETS.values():
        official = source.sources[0]
        assert isinstance(official, ArchiveSource)
        assert official.url == f"https://files.grouplens.org/datasets/movielens/{source.name}.zip"
        assert re.fullmatch(r"[0-9a-f]{64}", official.sha256)
    assert isinstance(DATASETS["ml-100k"].sources[1], WheelSource)


def test_a_data_set_survives_saving(tmp_path: Path) -> None:
    before = film_dataset()
    save_dataset(before, tmp_path / "films")
    after = load_dataset(tmp_path / "films")
    assert after.catalog.items == before.catalog.items
    assert after.interactions.fingerprint == before.interactions.fingerprint
    assert (after.name, after.meta) == (before.name, before.meta)


def test_parts_of_different_data_sets_are_not_mixed(tmp_path: Path) -> None:
    films = film_dataset()
    save_dataset(films, tmp_path / "films")
    half = Dataset(
        name="half",
        catalog=films.catalog,
        interactions=films.interactions.take(films.interactions.user_rows < 10),
    )
    save_dataset(half, tmp_path / "half")
    (tmp_path / "half" / "interactions.parquet").replace(
        tmp_path / "films" / "interactions.parquet"
    )
    with pytest.raises(DamagedFileError, match="do not fit"):
        load_dataset(tmp_path / "films")


def test_missing_and_damaged_descriptions(tmp_path: Path) -> None:
    with pytest.raises(UnknownDatasetError, match="no data set 'none'"):
        load_dataset(tmp_path / "none")
    save_dataset(film_dataset(), tmp_path / "films")
    (tmp_path / "films" / "dataset.json").write_text("{")
    with pytest.raises(DamagedFileError, match=r"dataset.json cannot be read"):
        load_dataset(tmp_path / "films")


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "a b"])
def test_names_of_data_sets_cannot_leave_their_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(UnknownDatasetError):
        dataset_folder(name, tmp_path)


@pytest.mark.slow
def test_ml_100k_really_comes_from_the_package_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel_only = replace(DATASETS["ml-100k"], sources=DATASETS["ml-100k"].sources[1:])
    register(monkeypatch, wheel_only)
    try:
        dataset = get_dataset("ml-100k", tmp_path)
    except SourceUnreachableError as error:
        pytest.skip(f"the package index does not answer: {error.problem}")
    assert (len(dataset.catalog), dataset.interactions.n_users) == (1682, 943)
    assert len(dataset.interactions) == 100_000
    heat = next(item for item in dataset.catalog if item.title == "Heat")
    assert (heat.year, heat.genres) == (1995, ("Action", "Crime", "Thriller"))
    assert not any(item.title.endswith((", The", ", A")) for item in dataset.catalog)
