"""`get_dataset`: fetch, check, parse and keep one of the named data sets."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..catalog import Catalog
from ..errors import (
    ArtifactError,
    DamagedFileError,
    DataError,
    SourceUnreachableError,
    UnknownDatasetError,
)
from ..files import check_free_space
from ..interactions import Interactions
from ..runtime import Progress, no_progress
from .dataset import Dataset, dataset_folder, load_dataset, save_dataset
from .download import FetchError, fetch_archive, fetch_wheel, sha256_of
from .filesets import FileSet
from .movielens import parse_movielens
from .registry import DATASETS, ArchiveSource, DatasetSource


def get_dataset(
    name: str,
    home: Path,
    *,
    source_dir: Path | None = None,
    progress: Progress = no_progress,
) -> Dataset:
    """The data set of that name, fetched, checked and parsed unless it is already there.

    Downloads are kept under home/cache/downloads and continued where they broke off; the parsed
    set is put under home/data/<name> as a whole. A damaged copy there is made anew.

    Args:
        name: One of DATASETS.
        home: Rapport's folder.
        source_dir: Take the files from this folder or zip file and fetch nothing. Extracted files
            cannot be compared with the checksum of the archive; rows are always counted.
        progress: Told of the stages "download", "parse" and "save".

    Raises:
        UnknownDatasetError: No such name.
        SourceUnreachableError: No source answered; the message names each and what to do.
        DamagedFileError: A checksum or the number of rows does not fit.
        StorageError: No room or no permission.
    """
    source = DATASETS.get(name)
    if source is None:
        raise UnknownDatasetError(
            f"There is no data set {name!r} to fetch.",
            f"Known are {', '.join(DATASETS)}; your own files come in with `rapport data import`.",
        )
    folder = dataset_folder(name, home)
    ready = _ready(folder)
    if ready is not None and source_dir is None:
        return ready
    check_free_space(folder, source.unpacked_bytes)
    files, origin = (
        _given(source, source_dir)
        if source_dir is not None
        else _fetched(source, home / "cache" / "downloads", progress)
    )
    progress("parse", 0, 1)
    catalog, interactions = parse_movielens(files)
    _check_counts(source, catalog, interactions, files)
    progress("parse", 1, 1)
    meta = {"licence": source.licence, **origin, "notes": _notes(catalog)}
    dataset = Dataset(name=name, catalog=catalog, interactions=interactions, meta=meta)
    save_dataset(dataset, folder)
    progress("save", 1, 1)
    return dataset


def _ready(folder: Path) -> Dataset | None:
    try:
        return load_dataset(folder)
    except (DataError, ArtifactError):
        return None


def _given(source: DatasetSource, place: Path) -> tuple[FileSet, dict[str, Any]]:
    """Files that the user has: a folder (perhaps with the zip file in it) or a zip file."""
    archive = place / f"{source.name}.zip" if place.is_dir() else place
    wheels = sorted(place.glob("recbole-*.whl")) if place.is_dir() else []
    if not archive.is_file() and source.name == "ml-100k" and wheels:
        archive = wheels[0]
    files = FileSet(archive if archive.is_file() else place)
    origin: dict[str, Any] = {"source": str(files.place)}
    if files.place.is_file():
        origin["sha256"] = sha256_of(files.place)
        official = {one.sha256 for one in source.sources if isinstance(one, ArchiveSource)}
        origin["is_official_archive"] = origin["sha256"] in official
    return files, origin


def _fetched(
    source: DatasetSource, cache: Path, progress: Progress
) -> tuple[FileSet, dict[str, Any]]:
    """The first source that answers. Raises SourceUnreachableError when none does."""
    failures: list[str] = []
    for one in source.sources:
        fetch: Callable[[], Path]
        if isinstance(one, ArchiveSource):
            fetch, sums = (lambda one=one: fetch_archive(one, cache, progress)), one.sha256
        else:
            fetch, sums = (lambda one=one: fetch_wheel(one, cache, progress)), dict(one.members)
        try:
            files = FileSet(fetch())
        except (FetchError, DamagedFileError, zipfile.BadZipFile) as error:
            failures.append(f"{one.label}: {error}")
            continue
        return files, {"source": one.label, "sha256": sums, "tried_before": failures}
    tried = "; ".join(f"({number}) {failure}" for number, failure in enumerate(failures, 1))
    raise SourceUnreachableError(
        f"{source.name} could not be fetched. Tried in this order: {tried}.",
        f"Connect to the internet and run it again, or put {source.name}.zip (or its unpacked "
        f"files) into a folder and run `rapport data get {source.name} --from FOLDER`, or bring "
        "your own data with `rapport data import`.",
    )


def _check_counts(
    source: DatasetSource, catalog: Catalog, interactions: Interactions, files: FileSet
) -> None:
    for what, expected, found in (
        ("films", source.n_items, len(catalog)),
        ("ratings", source.n_interactions, len(interactions)),
    ):
        if expected != found:
            raise DamagedFileError(
                f"{source.name} must have {expected:,} {what}, but {str(files.place)!r} has "
                f"{found:,}.",
                "The files are cut or of another data set: get them again.",
            )


def _notes(catalog: Catalog) -> list[str]:
    """What a careful user of the set wants to know about it."""
    counts = Counter((item.title, item.year) for item in catalog)
    doubles = sum(1 for count in counts.values() if count > 1)
    without_year = sum(1 for item in catalog if item.year is None)
    notes = []
    if doubles:
        notes.append(f"{doubles} films are in the data set under more than one id; all are kept.")
    if without_year:
        notes.append(f"Films without a year: {without_year}.")
    return notes
