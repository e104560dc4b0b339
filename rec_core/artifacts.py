"""Saved models: a folder of safetensors, JSON and parquet with a manifest. Never pickle.

A folder appears complete or not at all. Its `manifest.json` lists each file with its sha256; the
sha256 over these is the fingerprint that reports and other artifacts refer to.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import ArtifactError
from .files import atomic_folder

if TYPE_CHECKING:
    import torch

_SCHEMA_VERSION = 1
_MANIFEST = "manifest.json"
_VERSIONS_OF = ("rapport", "numpy", "torch")


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """A saved folder, opened for reading.

    Attributes:
        folder: Where it lies.
        manifest: The parsed manifest: kind, fingerprint, files, config, metrics, created, versions.
    """

    folder: Path
    manifest: dict[str, Any]

    @property
    def fingerprint(self) -> str:
        """sha256 (hex) over the sha256 of every file."""
        return self.manifest["fingerprint"]

    @property
    def config(self) -> dict[str, Any]:
        """What it was made with."""
        return self.manifest["config"]

    def __contains__(self, name: str) -> bool:
        return (self.folder / name).exists()

    def path(self, name: str) -> Path:
        """Path of a file or folder in it. Raises ArtifactError when it is not there."""
        path = self.folder / name
        if not path.exists():
            raise _unusable(self.folder, f"{name!r} is missing")
        return path

    def tensors(self, name: str) -> dict[str, torch.Tensor]:
        """Tensors of one safetensors file, on the CPU. Raises ArtifactError when damaged."""
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            return load_file(self.path(_with_suffix(name, ".safetensors")))
        except (SafetensorError, OSError) as error:
            raise _unusable(self.folder, f"{name!r} cannot be read") from error

    def arrays(self, name: str) -> dict[str, np.ndarray]:
        """The same as numpy arrays, without importing torch. Raises ArtifactError when damaged."""
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        try:
            return load_file(self.path(_with_suffix(name, ".safetensors")))
        except (SafetensorError, OSError) as error:
            raise _unusable(self.folder, f"{name!r} cannot be read") from error

    def json(self, name: str) -> Any:  # noqa: ANN401
        """The value of one JSON file. Raises ArtifactError when damaged."""
        try:
            return json.loads(self.path(_with_suffix(name, ".json")).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise _unusable(self.folder, f"{name!r} cannot be read") from error


class ArtifactWriter:
    """Collects the files of an artifact; use as a context manager.

    On a clean exit the manifest is written and the folder gets its name, replacing an older one
    as a whole. After an error nothing is left and the older one is as it was.

    Args:
        folder: Where the artifact shall lie.
        kind: What it is ("pipeline", "two-tower", …); a reader must ask for the same kind.
        config: JSON values it was made with.
        rebuildable: Sub-folders that change in use and can be made anew (an index database); they
            are neither listed in the manifest nor part of the fingerprint.

    Raises:
        StorageError: On leaving, when the disk is full or may not be written.
    """

    def __init__(
        self,
        folder: Path,
        *,
        kind: str,
        config: Mapping[str, Any],
        rebuildable: Sequence[str] = (),
    ) -> None:
        self._rebuildable = tuple(rebuildable)
        self._kind = kind
        self._config = dict(config)
        self._metrics: dict[str, Any] = {}
        self._context: AbstractContextManager[Path] = atomic_folder(folder)
        self._temporary: Path | None = None

    def __enter__(self) -> ArtifactWriter:
        self._temporary = self._context.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            try:
                self._write_manifest()
            except BaseException as failure:
                self._context.__exit__(type(failure), failure, failure.__traceback__)
                raise
        self._context.__exit__(kind, error, trace)
        self._temporary = None

    @property
    def folder(self) -> Path:
        """The temporary folder while writing."""
        if self._temporary is None:
            message = "ArtifactWriter is used outside its with block"
            raise RuntimeError(message)
        return self._temporary

    def path(self, name: str) -> Path:
        """Where to write a file of that name; missing parent folders are made."""
        relative = PurePosixPath(name)
        if relative.is_absolute() or ".." in relative.parts or name in ("", _MANIFEST):
            message = f"not a name for a file in an artifact: {name!r}"
            raise ValueError(message)
        path = self.folder / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def add_tensors(self, name: str, tensors: Mapping[str, torch.Tensor | np.ndarray]) -> None:
        """Write one safetensors file ("name" or "name.safetensors")."""
        path = self.path(_with_suffix(name, ".safetensors"))
        if all(isinstance(tensor, np.ndarray) for tensor in tensors.values()):
            from safetensors.numpy import save_file

            save_file({key: np.ascontiguousarray(value) for key, value in tensors.items()}, path)
            return
        import torch
        from safetensors.torch import save_file as save_torch_file

        # Tied weights share memory, which safetensors refuses: every tensor gets its own.
        own = {
            key: torch.as_tensor(value).detach().cpu().contiguous().clone()
            for key, value in tensors.items()
        }
        save_torch_file(own, path)

    def add_json(self, name: str, value: object) -> None:
        """Write one JSON file ("name" or "name.json")."""
        text = json.dumps(value, ensure_ascii=False, indent=1)
        self.path(_with_suffix(name, ".json")).write_text(text, encoding="utf-8")

    def add_metrics(self, metrics: Mapping[str, Any]) -> None:
        """Put figures into the manifest."""
        self._metrics.update(metrics)

    def _write_manifest(self) -> None:
        files = _hashes(self.folder, self._rebuildable)
        manifest = {
            "schema_version": _SCHEMA_VERSION,
            "kind": self._kind,
            "fingerprint": _fingerprint(files),
            "files": files,
            "config": self._config,
            "metrics": self._metrics,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "versions": _versions(),
        }
        text = json.dumps(manifest, ensure_ascii=False, indent=1)
        (self.folder / _MANIFEST).write_text(text, encoding="utf-8")


def read_artifact(folder: Path, *, kind: str, verify: bool = False) -> Artifact:
    """Open a saved folder.

    Args:
        folder: Where it lies.
        kind: What it must be.
        verify: Compare the sha256 of every file with the manifest (reads everything).

    Raises:
        ArtifactError: Missing, damaged, of another kind or of another version.
    """
    if not (folder / _MANIFEST).is_file():
        raise ArtifactError(
            f"There is no trained {kind} in {str(folder)!r}.",
            "Run `rapport setup` (or `rapport train`) first.",
        )
    try:
        manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _unusable(folder, "its manifest cannot be read") from error
    if not isinstance(manifest, dict) or manifest.get("schema_version") != _SCHEMA_VERSION:
        raise _unusable(folder, "it was written by another version of Rapport")
    if manifest["kind"] != kind:
        raise _unusable(folder, f"it is a {manifest['kind']!r}, not a {kind!r}")
    _check_files(folder, manifest["files"], verify=verify)
    return Artifact(folder=folder, manifest=manifest)


def _check_files(folder: Path, files: Mapping[str, str], *, verify: bool) -> None:
    for name, expected in files.items():
        path = folder / name
        if not path.is_file():
            raise _unusable(folder, f"{name!r} is missing")
        if verify and _sha256(path) != expected:
            raise _unusable(folder, f"{name!r} was changed after it was written")


def _unusable(folder: Path, why: str) -> ArtifactError:
    return ArtifactError(
        f"The model in {str(folder)!r} is not usable: {why}.",
        "Remove that folder and run `rapport setup` (or `rapport train`) again.",
    )


def _with_suffix(name: str, suffix: str) -> str:
    return name if name.endswith(suffix) else name + suffix


def _hashes(folder: Path, left_out: Sequence[str]) -> dict[str, str]:
    outside = [folder / name for name in left_out]
    paths = sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not any(path.is_relative_to(other) for other in outside)
    )
    return {path.relative_to(folder).as_posix(): _sha256(path) for path in paths}


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _fingerprint(files: Mapping[str, str]) -> str:
    lines = "".join(f"{name} {digest}\n" for name, digest in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def _versions() -> dict[str, str]:
    found = {}
    for name in _VERSIONS_OF:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found
