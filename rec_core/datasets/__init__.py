"""Data sets: named ones to fetch, anybody's files to import, and how they lie on disk."""

from __future__ import annotations

from .dataset import Dataset, dataset_folder, load_dataset, save_dataset
from .fetching import get_dataset
from .registry import DATASETS, DatasetSource

__all__ = [
    "DATASETS",
    "Dataset",
    "DatasetSource",
    "dataset_folder",
    "get_dataset",
    "load_dataset",
    "save_dataset",
]
