"""Where tests find the shared research data sets; they are never part of the project."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def shared_data(name: str) -> Path:
    """Path of a shared data file; skips the calling test, with the reason, where it is absent."""
    path = SHARED_DATA / name
    if not path.exists():
        pytest.skip(f"needs the shared data file {name}, which is not beside this checkout")
    return path
