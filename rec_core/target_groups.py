"""Parts of a ranking task that a mean over all users hides: light users, items hardly seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

COLD_BELOW = 5
"""A target with fewer training events than this counts as cold."""


@dataclass(frozen=True, kw_only=True)
class TargetGroup:
    """Some targets of a task, and the users that they belong to.

    Attributes:
        kind: "activity" or "target".
        name: What the group has in common, for people.
        places: (n,) index of its targets in the task, ascending.
        users: (n,) their users, numbered 0, 1, … within the group, ascending.
    """

    kind: str
    name: str
    places: np.ndarray
    users: np.ndarray

    @property
    def n_users(self) -> int:
        """How many users have a target in the group."""
        return int(self.users[-1]) + 1 if len(self.users) else 0


def target_groups(
    histories: Sequence[np.ndarray],
    targets: np.ndarray,
    target_users: np.ndarray,
    item_counts: np.ndarray,
    *,
    cold_below: int = COLD_BELOW,
) -> tuple[TargetGroup, ...]:
    """Users by thirds of their history's length, targets by how often training saw them.

    The thirds are cut at the 1/3 and 2/3 quantiles of the lengths; equal lengths stay together, so
    that thirds need not be equally large. Groups without a target are not in the result.

    Args:
        histories: Item rows of each user.
        targets: (n_targets,) item rows.
        target_users: (n_targets,) index into `histories`, ascending.
        item_counts: (n_items,) training events.
        cold_below: Fewer training events make a target cold.
    """
    lengths = np.array([len(history) for history in histories], dtype=np.int64)[target_users]
    masks = _activity(lengths, [len(history) for history in histories])
    counts = item_counts[targets]
    masks += [
        ("target", "never in training", counts == 0),
        ("target", f"fewer than {cold_below} training events", counts < cold_below),
        ("target", f"{cold_below} or more training events", counts >= cold_below),
    ]
    return tuple(
        _group(kind, name, np.flatnonzero(mask), target_users)
        for kind, name, mask in masks
        if mask.any()
    )


def _activity(lengths: np.ndarray, all_lengths: list[int]) -> list[tuple[str, str, np.ndarray]]:
    """`lengths` is the history's length for each target, `all_lengths` for each user."""
    if not all_lengths:
        return []
    low, high = (int(cut) for cut in np.quantile(all_lengths, [1 / 3, 2 / 3], method="lower"))
    masks = (
        (f"history of at most {low}", lengths <= low),
        (f"history of {low + 1} to {high}", (lengths > low) & (lengths <= high)),
        (f"history of {high + 1} or more", lengths > high),
    )
    return [("activity", name, mask) for name, mask in masks]


def _group(kind: str, name: str, places: np.ndarray, target_users: np.ndarray) -> TargetGroup:
    users = np.unique(target_users[places], return_inverse=True)[1]
    return TargetGroup(kind=kind, name=name, places=places, users=users)
