"""Turns whatever went wrong into two sentences on stderr, and the rest into a log file."""

from __future__ import annotations

import errno
import sys
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path

from rec_core import RapportError, StorageError

from .settings import load_settings

_FULL = {errno.ENOSPC, errno.EDQUOT}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


def report_fault(fault: Exception, *, debug: bool = False) -> int:
    """Print what went wrong and what to do about it; return the exit code.

    A fault that nobody foresaw is written to a log file and named by one sentence.
    """
    if debug:
        traceback.print_exception(fault, file=sys.stderr)
        return 1
    known = as_rapport_error(fault)
    if known is not None:
        show_fault(known)
        return 1
    log = _write_log(fault)
    show_fault(
        RapportError(
            f"Something went wrong inside Rapport ({type(fault).__name__}).",
            f"The details are in {log}; `--debug` shows them here.",
        )
    )
    return 1


def as_rapport_error(fault: Exception) -> RapportError | None:
    """The fault in terms that its reader can mend, or None when it is nothing of that kind."""
    if isinstance(fault, RapportError):
        return fault
    if not isinstance(fault, OSError):
        return None
    place = f" ({fault.filename})" if fault.filename else ""
    if fault.errno in _FULL:
        return StorageError(
            f"The disk is full{place}.", "Free some space, or choose another folder with --home."
        )
    if fault.errno in _FORBIDDEN:
        return StorageError(
            f"No permission to write there{place}.",
            "Change its permissions, or choose another folder with --home.",
        )
    return None


def show_fault(fault: RapportError) -> None:
    """Problem and remedy on stderr, the problem in red where the terminal knows colour."""
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(Text("problem: ", style="bold red"), Text(fault.problem), sep="")
    if fault.remedy:
        console.print(Text("what to do: ", style="bold"), Text(fault.remedy), sep="")


def _write_log(fault: Exception) -> Path:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    text = "".join(traceback.format_exception(fault))
    for folder in _log_folders():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            target = folder / f"fault-{stamp}.log"
            target.write_text(text, encoding="utf-8")
        except OSError:
            continue
        return target
    return Path("(no folder could be written)")


def _log_folders() -> tuple[Path, ...]:
    fallback = Path(tempfile.gettempdir()) / "rapport-logs"
    try:
        return (load_settings().log_folder, fallback)
    except RapportError:
        return (fallback,)
