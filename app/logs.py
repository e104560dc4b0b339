"""Where log lines go: into a file, never onto the screen, where they would be taken for answers."""

from __future__ import annotations

import io
import logging
import logging.handlers
from pathlib import Path

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_MAX_BYTES = 1_000_000
_KEPT = 3


class _LazyFile(logging.handlers.RotatingFileHandler):
    """Makes the folder with the first line, so that a quiet run writes nothing at all."""

    def _open(self) -> io.TextIOWrapper:
        Path(self.baseFilename).parent.mkdir(parents=True, exist_ok=True)
        return super()._open()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 logging's own name
        """A log that cannot be written (full disk) must not disturb the conversation."""


def configure_logging(folder: Path, *, debug: bool = False) -> None:
    """Warnings and faults of all libraries go to folder/rapport.log; with `debug` to stderr as well."""
    handlers: list[logging.Handler] = [
        _LazyFile(
            folder / "rapport.log",
            maxBytes=_MAX_BYTES,
            backupCount=_KEPT,
            encoding="utf-8",
            delay=True,
        )
    ]
    if debug:
        handlers.append(logging.StreamHandler())
    logging.basicConfig(level=logging.WARNING, format=_FORMAT, handlers=handlers, force=True)
    logging.captureWarnings(True)
