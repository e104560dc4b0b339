"""A file of JSON lines that grows while a long run goes on, and survives kill -9.

Lines are appended and synced; half a line at the end, left by a crash, is cut off when the file is
opened again. One run at a time may write to a folder.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from rec_core import DataError, atomic_file

_LOCK = ".running"


class LineFile:
    """Lines that were there, and room for more; made by `open_lines`.

    Attributes:
        lines: What was there when the file was opened, whole lines only, without their ends.
    """

    def __init__(self, path: Path, stream: IO[bytes]) -> None:
        self._path = path
        self._stream = stream
        self.lines: tuple[bytes, ...] = _whole_lines(stream)

    def append(self, lines: Iterable[str]) -> None:
        """Write lines so that they outlive a crash; none of them may hold a line break."""
        self._stream.write("".join(f"{line}\n" for line in lines).encode())
        self._stream.flush()
        os.fsync(self._stream.fileno())

    def finish(self, lines: Iterable[str]) -> None:
        """Put these lines in the place of all others, at once; nothing can be appended afterwards."""
        with atomic_file(self._path) as temporary, temporary.open("w", encoding="utf-8") as stream:
            stream.writelines(f"{line}\n" for line in lines)
        self._stream.close()  # it leads to the file that is gone


@contextmanager
def open_lines(path: Path) -> Iterator[LineFile]:
    """The file, whose folder is made if need be and locked against a second run.

    Raises:
        DataError: Another run is writing there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with (path.parent / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as fault:
            raise DataError(
                f"Another run is writing to {str(path.parent)!r}.",
                "Wait for it, or name another folder with --out.",
            ) from fault
        with path.open("ab+") as stream:
            yield LineFile(path, stream)


def _whole_lines(stream: IO[bytes]) -> tuple[bytes, ...]:
    stream.seek(0)
    content = stream.read()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        stream.truncate(len(whole))
    return tuple(whole.splitlines())
