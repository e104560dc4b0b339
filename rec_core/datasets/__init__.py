"""Data sets: named ones to fetch, anybody's files to import, and how they lie on disk."""

from __future__ import annotations

from .dataset import Dataset, dataset_folder, load_dataset, save_dataset
from .fetching import get_dataset
from .importing import ImportReport, import_dataset
from .registry import DATASETS, DatasetSource
from .texts import TextsReport, attach_texts

__all__ = [
    "DATASETS",
    "Dataset",
    "DatasetSource",
    "ImportReport",
    "TextsReport",
    "attach_texts",
    "dataset_folder",
    "get_dataset",
    "import_dataset",
    "load_dataset",
    "save_dataset",
]
