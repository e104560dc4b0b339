"""One way to read named files, whether they lie in a folder, in a zip file or in a wheel."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from ..errors import DamagedFileError, DataError

_ARCHIVES = (".zip", ".whl")
_DEPTH = 4


class FileSet:
    """Files by their bare names; of several with one name, the least nested one counts.

    Args:
        place: A folder (sub-folders included, four levels deep) or a zip file or wheel.

    Raises:
        DataError: There is nothing at `place`, or it is neither of these.
        DamagedFileError: The archive cannot be opened.
    """

    def __init__(self, place: Path) -> None:
        self.place = place
        if place.is_dir():
            found = [path.relative_to(place).as_posix() for path in _walk(place, _DEPTH)]
        elif place.is_file() and place.suffix.lower() in _ARCHIVES:
            found = _members(place)
        else:
            raise DataError(
                f"{str(place)!r} is neither a folder nor a zip file.",
                "Name the folder with the files, or the zip file itself.",
            )
        self._paths: dict[str, str] = {}
        for name in sorted(found, key=lambda name: (name.count("/"), name)):
            self._paths.setdefault(PurePosixPath(name).name, name)

    @property
    def names(self) -> frozenset[str]:
        """All bare names."""
        return frozenset(self._paths)

    def find(self, suffix: str) -> str | None:
        """The first name, in order, that ends with `suffix`; None when there is none."""
        return next((name for name in sorted(self._paths) if name.endswith(suffix)), None)

    def path(self, name: str) -> Path | None:
        """Path of a file that lies in a folder; None in an archive."""
        return self.place / self._paths[name] if self.place.is_dir() else None

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """Open one file for reading bytes. Raises DamagedFileError when it is cut or corrupt."""
        try:
            if self.place.is_dir():
                with (self.place / self._paths[name]).open("rb") as stream:
                    yield stream
            else:
                with zipfile.ZipFile(self.place) as archive, archive.open(self._paths[name]) as raw:
                    yield raw
        except (zipfile.BadZipFile, EOFError, OSError) as error:
            raise DamagedFileError(
                f"{name!r} in {str(self.place)!r} cannot be read ({error}).",
                "Get the file again.",
            ) from error


def _walk(folder: Path, depth: int) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_dir() and depth > 0:
            yield from _walk(path, depth - 1)
        elif path.is_file():
            yield path


def _members(archive: Path) -> list[str]:
    try:
        with zipfile.ZipFile(archive) as opened:
            return [info.filename for info in opened.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, OSError) as error:
        raise DamagedFileError(
            f"{str(archive)!r} is damaged: it cannot be opened as a zip file.",
            "Get the file again.",
        ) from error
