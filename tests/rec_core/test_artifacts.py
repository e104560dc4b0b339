from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from rec_core import ArtifactError, ArtifactWriter, StorageError, read_artifact


def write(folder: Path, value: float = 1.0) -> None:
    with ArtifactWriter(folder, kind="toy", config={"size": 3}) as writer:
        writer.add_tensors("weights", {"w": torch.full((2, 2), value), "n": np.arange(3)})
        writer.add_tensors("arrays.safetensors", {"a": np.array([[1.5, 2.5]])})
        writer.add_json("names", ["ä", "b"])
        writer.path("inner/note.txt").write_text("hello")
        writer.add_metrics({"ndcg": 0.5})


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    write(tmp_path / "model")
    artifact = read_artifact(tmp_path / "model", kind="toy", verify=True)
    assert artifact.tensors("weights")["w"].tolist() == [[1, 1], [1, 1]]
    assert artifact.tensors("weights")["n"].tolist() == [0, 1, 2]
    assert artifact.arrays("arrays")["a"].tolist() == [[1.5, 2.5]]
    assert artifact.json("names") == ["ä", "b"]
    assert artifact.path("inner/note.txt").read_text() == "hello"
    assert artifact.config == {"size": 3}
    assert artifact.manifest["metrics"] == {"ndcg": 0.5}
    assert set(artifact.manifest["files"]) == {
        "arrays.safetensors", "inner/note.txt", "names.json", "weights.safetensors"
    }  # fmt: skip
    assert "names.json" in artifact
    assert "other.json" not in artifact


def test_tied_weights_are_stored_twice_instead_of_failing(tmp_path: Path) -> None:
    tied = torch.ones(4)
    with ArtifactWriter(tmp_path / "model", kind="toy", config={}) as writer:
        writer.add_tensors("weights", {"a": tied, "b": tied, "c": tied[:2]})
    tensors = read_artifact(tmp_path / "model", kind="toy").tensors("weights")
    assert [len(tensors[name]) for name in "abc"] == [4, 4, 2]


def test_the_fingerprint_is_that_of_the_content(tmp_path: Path) -> None:
    write(tmp_path / "a")
    write(tmp_path / "b")
    write(tmp_path / "c", value=2.0)
    a, b, c = (read_artifact(tmp_path / name, kind="toy").fingerprint for name in "abc")
    assert a == b != c


def test_rebuildable_folders_may_change(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    with ArtifactWriter(folder, kind="toy", config={}, rebuildable=("index",)) as writer:
        writer.add_json("names", [])
        writer.path("index/data.db").write_text("before")
    (folder / "index" / "data.db").write_text("after")
    artifact = read_artifact(folder, kind="toy", verify=True)
    assert set(artifact.manifest["files"]) == {"names.json"}
    assert artifact.path("index/data.db").read_text() == "after"


def test_an_error_leaves_nothing_and_keeps_the_old_one(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    write(folder)
    with (
        pytest.raises(TypeError, match="not JSON serializable"),
        ArtifactWriter(folder, kind="toy", config={}) as writer,
    ):
        writer.add_json("names", object())
    assert read_artifact(folder, kind="toy").json("names") == ["ä", "b"]
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_new_one_replaces_the_old_one_as_a_whole(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    write(folder)
    with ArtifactWriter(folder, kind="toy", config={}) as writer:
        writer.add_json("names", ["new"])
    assert read_artifact(folder, kind="toy").json("names") == ["new"]
    assert not (folder / "weights.safetensors").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_folder_that_cannot_be_written_is_a_storage_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.mkdtemp", full)
    with (
        pytest.raises(StorageError, match="disk is full"),
        ArtifactWriter(tmp_path / "model", kind="toy", config={}),
    ):
        pass


@pytest.mark.parametrize("name", ["../x", "/etc/x", "", "manifest.json"])
def test_names_stay_inside(tmp_path: Path, name: str) -> None:
    with (
        pytest.raises(ValueError, match="not a name"),
        ArtifactWriter(tmp_path / "model", kind="toy", config={}) as writer,
    ):
        writer.path(name)
    assert not (tmp_path / "model").exists()


def damage_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_text("{")


def age(folder: Path) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema_version": 0}))


def remove_file(folder: Path) -> None:
    (folder / "names.json").unlink()


def change_file(folder: Path) -> None:
    (folder / "names.json").write_text("[]")


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (damage_manifest, "manifest cannot be read"),
        (age, "another version"),
        (remove_file, "'names.json' is missing"),
        (change_file, "'names.json' was changed"),
    ],
)
def test_harm_is_named_and_comes_with_a_remedy(tmp_path: Path, harm, words: str) -> None:
    write(tmp_path / "model")
    harm(tmp_path / "model")
    with pytest.raises(ArtifactError, match=words) as caught:
        read_artifact(tmp_path / "model", kind="toy", verify=True)
    assert "rapport setup" in caught.value.remedy


def test_a_missing_folder_and_another_kind(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="no trained toy"):
        read_artifact(tmp_path / "none", kind="toy")
    write(tmp_path / "model")
    with pytest.raises(ArtifactError, match="'toy', not a 'pipeline'"):
        read_artifact(tmp_path / "model", kind="pipeline")


def test_damaged_tensors_are_an_artifact_error(tmp_path: Path) -> None:
    write(tmp_path / "model")
    artifact = read_artifact(tmp_path / "model", kind="toy")
    (tmp_path / "model" / "weights.safetensors").write_bytes(b"\x00" * 20)
    with pytest.raises(ArtifactError, match="cannot be read"):
        artifact.tensors("weights")
