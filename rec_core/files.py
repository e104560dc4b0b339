"""Writing so that a reader sees the old state or the new one, never half of it."""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import StorageError

_SPACE_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_PERMISSION_ERRORS = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


@contextmanager
def storage_faults(path: Path) -> Iterator[None]:
    """Turn "disk full" and "not allowed" below this block into a StorageError that names `path`."""
    try:
        yield
    except OSError as error:
        if error.errno in _SPACE_ERRORS:
            raise StorageError(
                f"The disk is full: {str(path)!r} could not be written.",
                "Free some space, or choose another folder with RAPPORT_HOME.",
            ) from error
        if error.errno in _PERMISSION_ERRORS:
            raise StorageError(
                f"{str(path)!r} may not be written ({error.strerror}).",
                "Change its permissions, or choose another folder with RAPPORT_HOME.",
            ) from error
        raise


def check_free_space(folder: Path, needed_bytes: int) -> None:
    """Raise StorageError unless the disk that holds (or will hold) `folder` has room enough."""
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    free = shutil.disk_usage(place).free
    if free < needed_bytes:
        raise StorageError(
            f"{str(folder)!r} needs {_megabytes(needed_bytes)} but its disk has only "
            f"{_megabytes(free)} free.",
            "Free some space, or choose another folder with RAPPORT_HOME.",
        )


def _megabytes(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:,.0f} MB"


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on a clean exit it takes the name `path`.

    Missing parent folders are made. After an error nothing is left and `path` is as it was.

    Raises:
        StorageError: The disk is full or may not be written.
    """
    with storage_faults(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = tempfile.NamedTemporaryFile(  # noqa: SIM115
            dir=path.parent, prefix=f".{path.name}.", suffix=".tmp", delete=False
        )
        handle.close()
        temporary = Path(handle.name)
        try:
            yield temporary
            temporary.chmod(0o644)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(folder: Path) -> Iterator[Path]:
    """Yield a new temporary folder beside `folder`; on a clean exit it takes its place.

    A folder of that name that was there before is replaced as a whole. After an error nothing is
    left and the old one is as it was.

    Raises:
        StorageError: The disk is full or may not be written.
    """
    with storage_faults(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.tmp-"))
        try:
            yield temporary
            temporary.chmod(0o755)
            _swap(temporary, folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _swap(temporary: Path, folder: Path) -> None:
    if not folder.exists():
        temporary.rename(folder)
        return
    old = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.old-"))
    try:
        folder.rename(old / folder.name)
        try:
            temporary.rename(folder)
        except OSError:
            (old / folder.name).rename(folder)
            raise
    finally:
        shutil.rmtree(old, ignore_errors=True)
