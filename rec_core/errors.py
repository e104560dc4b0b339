"""Every error a person can cause, each saying what was wrong, what was expected and what to do.

RapportError
├── DataError               a file, column or row is not usable
│   ├── UnknownDatasetError no data set of that name
│   ├── DamagedFileError    checksum or format does not fit
│   └── SourceUnreachableError  every place to fetch from failed
├── ArtifactError           a saved model folder is missing, damaged or of another version
├── UnknownItemError        an item id that the catalog does not have
├── UnknownUserError        a user id that the interactions do not have
├── StorageError            no disk space, or no permission to write
└── SettingsError           a setting or an argument that cannot work
"""

from __future__ import annotations


class RapportError(Exception):
    """A fault that the reader of the message can mend.

    Args:
        problem: What was wrong, with the bad value quoted.
        remedy: What to do about it; may be empty when `problem` already says so.
    """

    def __init__(self, problem: str, remedy: str = "") -> None:
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{problem} {remedy}".strip())


class DataError(RapportError):
    """A file, column or row is not usable."""


class UnknownDatasetError(DataError):
    """No data set has that name."""


class DamagedFileError(DataError):
    """A file does not have the expected checksum or format."""


class SourceUnreachableError(DataError):
    """Every source of a data set was tried and none answered."""


class ArtifactError(RapportError):
    """A saved model folder is missing, damaged or written by another version."""


class UnknownItemError(RapportError):
    """An item id is not in the catalog."""


class UnknownUserError(RapportError):
    """A user id is not in the interactions."""


class StorageError(RapportError):
    """The disk is full or may not be written."""


class SettingsError(RapportError):
    """A setting or an argument cannot work."""
