"""What all tests share: how examples are searched for, and a home with ml-100k fetched and trained."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Generator
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings

from app.build import is_set_up, set_up
from app.settings import Settings, default_home
from rec_core import SourceUnreachableError

# What a test says about words must not hang on a model's reading of them; tests of the built-in model ask for it.
os.environ.setdefault("RAPPORT_LLM__PLANNER", "rules")

# How quick a machine is, and what else it does meanwhile, is no fault of the code.
settings.register_profile("rapport", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("rapport")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What importing and collecting make stays to the end; to look through it again and again is dear."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session")
def trained_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of its own: models copied from one that is set up, or made here (some minutes).

    The one to copy is the checkout's, or the one that RAPPORT_TEST_HOME names. Where tests run in
    several processes, one of them makes the models and every one copies them.
    """
    home = tmp_path_factory.mktemp("trained")
    theirs = Settings(home=Path(os.environ.get("RAPPORT_TEST_HOME") or default_home()))
    if not (is_set_up(theirs) and theirs.data_folder.is_dir()):
        theirs = Settings(home=_folder_of_the_run(tmp_path_factory) / "made")
        _make(theirs)
    shutil.copytree(theirs.data_folder, home / "data" / theirs.data)
    shutil.copytree(theirs.model_folder, home / "models" / theirs.data)
    return home


def _folder_of_the_run(factory: pytest.TempPathFactory) -> Path:
    """Shared by all processes of the run: each process's own folder lies in it."""
    own = factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


def _make(wanted: Settings) -> None:
    with FileLock(f"{wanted.home}.lock"):
        if is_set_up(wanted):
            return
        try:
            set_up(wanted, lambda stage, done, total: None)
        except SourceUnreachableError as fault:
            pytest.skip(f"ml-100k cannot be fetched here: {fault.problem}")
