"""A data set on disk: a folder with the catalog, the interactions and where they come from."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..catalog import Catalog
from ..errors import DamagedFileError, UnknownDatasetError
from ..files import atomic_folder
from ..interactions import Interactions

_SCHEMA_VERSION = 1
_CATALOG = "catalog.parquet"
_INTERACTIONS = "interactions.parquet"
_DESCRIPTION = "dataset.json"


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A catalog with its interactions (perhaps none).

    Attributes:
        name: The name under which it is stored, such as "ml-100k".
        catalog: The items.
        interactions: The events; their item rows are rows of `catalog`.
        meta: JSON values: sources, checksums, licence, notes.
    """

    name: str
    catalog: Catalog
    interactions: Interactions
    meta: dict[str, Any] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """Changes with the content of the catalog or of the interactions."""
        return f"{self.catalog.fingerprint[:16]}-{self.interactions.fingerprint[:16]}"


def dataset_folder(name: str, home: Path) -> Path:
    """Where the data set of that name lives. Raises UnknownDatasetError for an unusable name."""
    allowed = name and all(sign.isalnum() or sign in "-_." for sign in name)
    if not allowed or name.startswith("."):
        raise UnknownDatasetError(
            f"{name!r} cannot be the name of a data set.",
            "Use letters, digits, '-', '_' and '.', not starting with '.'.",
        )
    return home / "data" / name


def save_dataset(dataset: Dataset, folder: Path) -> None:
    """Write the folder as a whole or not at all. Raises StorageError."""
    description = {
        "schema_version": _SCHEMA_VERSION,
        "name": dataset.name,
        "n_items": len(dataset.catalog),
        "n_users": dataset.interactions.n_users,
        "n_interactions": len(dataset.interactions),
        "fingerprint": dataset.fingerprint,
        "meta": dataset.meta,
    }
    with atomic_folder(folder) as temporary:
        dataset.catalog.save(temporary / _CATALOG)
        dataset.interactions.save(temporary / _INTERACTIONS)
        text = json.dumps(description, ensure_ascii=False, indent=2)
        (temporary / _DESCRIPTION).write_text(text, encoding="utf-8")


def load_dataset(folder: Path) -> Dataset:
    """Read what `save_dataset` wrote.

    Raises:
        UnknownDatasetError: There is no such folder.
        DamagedFileError: A file in it is missing, unreadable or does not fit the others.
    """
    if not (folder / _DESCRIPTION).is_file():
        raise UnknownDatasetError(
            f"There is no data set {folder.name!r} in {str(folder.parent)!r}.",
            f"Run `rapport data get {folder.name}` or `rapport data import {folder.name} …`; "
            "`rapport data list` shows what is there.",
        )
    try:
        description = json.loads((folder / _DESCRIPTION).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged(folder, f"{_DESCRIPTION} cannot be read") from error
    if description.get("schema_version") != _SCHEMA_VERSION:
        raise _damaged(folder, "it was written by another version of Rapport")
    catalog = Catalog.load(folder / _CATALOG)
    dataset = Dataset(
        name=description["name"],
        catalog=catalog,
        interactions=Interactions.load(folder / _INTERACTIONS, catalog),
        meta=description["meta"],
    )
    if dataset.fingerprint != description["fingerprint"]:
        raise _damaged(folder, "its files do not fit its fingerprint")
    return dataset


def _damaged(folder: Path, why: str) -> DamagedFileError:
    return DamagedFileError(
        f"The data set in {str(folder)!r} is not usable: {why}.",
        "Get or import it again (`rapport data get` or `rapport data import`).",
    )
