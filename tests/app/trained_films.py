"""A home folder with the film world in it, and trainings small enough for a test."""

from __future__ import annotations

from pathlib import Path

import pytest

from rec_core import (
    HashEncoder,
    TextEncoder,
    dataset_folder,
    evaluation_runs,
    save_dataset,
    training,
)
from rec_core.sasrec.config import SasrecConfig
from rec_core.selection import PipelineConfig
from rec_core.two_tower.config import TwoTowerConfig
from tests.film_world import film_dataset

TINY = PipelineConfig(
    sasrec=SasrecConfig(dimension=16, n_layers=1, max_epochs=2),
    two_tower=TwoTowerConfig(dimension=16, max_epochs=2),
    windows=(5,),
    regularisations=(300.0,),
)


def small_home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point the settings at an empty home that has the film world, and make trainings tiny."""
    home = folder / "home"
    monkeypatch.setenv("RAPPORT_HOME", str(home))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(folder)
    save_dataset(film_dataset(), dataset_folder("film-world", home))
    for function in (training.train_pipeline, evaluation_runs.evaluate_dataset):
        monkeypatch.setitem(function.__kwdefaults__, "config", TINY)
    monkeypatch.setattr(training, "default_encoder", _hash_encoder)
    return home


def _hash_encoder(cache_folder: Path | None = None, *, n_items: int | None = None) -> TextEncoder:
    return HashEncoder(64)
