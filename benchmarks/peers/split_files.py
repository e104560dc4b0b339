"""The split as a file that every contestant reads, and fingerprints of what each one made of it.

Runs in every environment of the comparison, so it needs numpy only. Users and items are
rows 0 .. n-1; the last event of each user tests, the last but one validates, the others train.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Events:
    """Who took what, in the order in which each user did.

    Attributes:
        users: (n_events,) int64 user rows, ascending; every user has at least three events.
        items: (n_events,) int64 item rows.
        n_items: Size of the catalog that is ranked; some items may have no training event.
    """

    users: np.ndarray
    items: np.ndarray
    n_items: int

    @cached_property
    def offsets(self) -> np.ndarray:
        """(n_users + 1,) boundaries of the users in `items`."""
        return np.concatenate([[0], np.cumsum(np.bincount(self.users))]).astype(np.int64)

    @property
    def n_users(self) -> int:
        """How many users there are; all are evaluated."""
        return len(self.offsets) - 1

    @cached_property
    def places(self) -> np.ndarray:
        """(n_events,) place of each event in its user's history, from 0."""
        return np.arange(len(self.users)) - self.offsets[self.users]

    def history(self, part: str) -> Events:
        """What is known before the targets of "valid" or "test"; for "valid" that is what trains."""
        held_out = {"valid": 2, "test": 1}[part]
        known = self.places < (np.diff(self.offsets) - held_out)[self.users]
        return Events(self.users[known], self.items[known], self.n_items)

    def targets(self, part: str) -> np.ndarray:
        """(n_users,) item row that each user took next."""
        return self.items[self.offsets[1:] - {"valid": 2, "test": 1}[part]]

    def histories(self) -> list[np.ndarray]:
        """Item rows of each user, oldest first."""
        return np.split(self.items, self.offsets[1:-1])


def write_events(events: Events, path: Path) -> None:
    """A numpy archive: what every environment reads without another package."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, users=events.users, items=events.items, n_items=np.int64(events.n_items))


def read_events(path: Path) -> Events:
    """The counterpart of `write_events`."""
    with np.load(path, allow_pickle=False) as arrays:
        return Events(arrays["users"], arrays["items"], int(arrays["n_items"]))


def order_hash(users: np.ndarray, items: np.ndarray) -> str:
    """sha256 (hex) over users with their items in order; how the users are ordered is no matter."""
    order = np.argsort(users, kind="stable")
    return _digest(users[order], items[order])


def set_hash(users: np.ndarray, items: np.ndarray) -> str:
    """sha256 (hex) over who took what, for libraries that keep no order."""
    order = np.lexsort((items, users))
    return _digest(users[order], items[order])


def last_hash(events: Events, length: int) -> str:
    """`order_hash` of the last `length` events of each user."""
    kept = events.places >= (np.diff(events.offsets) - length)[events.users]
    return order_hash(events.users[kept], events.items[kept])


def _digest(*columns: np.ndarray) -> str:
    digest = hashlib.sha256()
    for column in columns:
        digest.update(np.ascontiguousarray(column, dtype="<i8").tobytes())
    return digest.hexdigest()
