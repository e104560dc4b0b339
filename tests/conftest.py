"""A home with ml-100k fetched and trained, shared by the slow tests."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from app.build import is_set_up, set_up
from app.settings import Settings, default_home
from rec_core import SourceUnreachableError

# What a test says about words must not hang on a model's reading of them; tests of the built-in model ask for it.
os.environ.setdefault("RAPPORT_LLM__PLANNER", "rules")


@pytest.fixture(scope="session")
def trained_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of its own: models copied from one that is set up, or made here (some minutes).

    The one to copy is the checkout's, or the one that RAPPORT_TEST_HOME names.
    """
    home = tmp_path_factory.mktemp("trained")
    theirs = Settings(home=Path(os.environ.get("RAPPORT_TEST_HOME") or default_home()))
    if is_set_up(theirs) and theirs.data_folder.is_dir():
        shutil.copytree(theirs.data_folder, home / "data" / theirs.data)
        shutil.copytree(theirs.model_folder, home / "models" / theirs.data)
        return home
    try:
        set_up(Settings(home=home), lambda stage, done, total: None)
    except SourceUnreachableError as fault:
        pytest.skip(f"ml-100k cannot be fetched here: {fault.problem}")
    return home
