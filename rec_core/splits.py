"""Splits of the interactions into train, validation and test parts.

Which items of the same user and the same second come first is a choice that moves the figures, so
the tie policy is part of a split and of every report that stands on it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from .errors import DataError
from .interactions import Interactions

_SOURCE_ORDER = "events of a user with equal timestamps keep the order of the source file"


@dataclass(frozen=True, kw_only=True)
class Split:
    """Three disjoint parts that together are all events that took part.

    Attributes:
        name: "leave-one-out" or "global-time".
        train, valid, test: The parts; all have the same users and items.
        fingerprint: sha256 (hex) over name, parameters and which event went where.
        tie_policy: How equal timestamps were ordered, one sentence.
        leaks: What the split lets a model see that it would not know in reality, one sentence.
    """

    name: str
    train: Interactions
    valid: Interactions
    test: Interactions
    fingerprint: str
    tie_policy: str
    leaks: str


def leave_one_out(interactions: Interactions, *, min_history: int = 3) -> Split:
    """Per user: the last event tests, the last but one validates, the others train.

    Users with fewer than `min_history` events (at least 3) stay in the training part as a whole.

    Raises:
        DataError: `min_history` is below 3, or no user has that many events.
    """
    if min_history < 3:
        raise DataError(f"min_history is {min_history}, but three parts need at least 3 events.")
    lengths = np.diff(interactions.offsets)
    ends = interactions.offsets[1:][lengths >= min_history]
    if not len(ends):
        raise DataError(
            f"No user has {min_history} or more interactions, so nothing can be held out.",
            "Import more interactions, or train without evaluating.",
        )
    part = np.zeros(len(interactions), dtype=np.int8)
    part[ends - 2] = 1
    part[ends - 1] = 2
    return _split(
        interactions,
        part,
        name="leave-one-out",
        parameters=f"min_history={min_history}",
        tie_policy=f"Last means newest; {_SOURCE_ORDER}.",
        leaks=(
            "Training events of other users may be later than a test event, so trends of the "
            "future are visible."
        ),
    )


def global_time(
    interactions: Interactions, *, valid_share: float = 0.1, test_share: float = 0.1
) -> Split:
    """One pair of moments for everybody: before both trains, between validates, after both tests.

    The moments are timestamps of events, chosen so that about `test_share` of all events are in
    the test part and `valid_share` in the validation part; events of one timestamp stay together,
    on the later side.

    Raises:
        DataError: There are no timestamps, shares are not sensible, or a part would be empty.
    """
    if not interactions.has_timestamps:
        raise DataError(
            "A split by time needs timestamps, and these interactions have none.",
            "Use the leave-one-out split, or import the interactions with a time column.",
        )
    if not (valid_share > 0 and test_share > 0 and valid_share + test_share < 1):
        raise DataError(
            f"The shares {valid_share} and {test_share} leave no room for three parts.",
            "Both must be above 0 and together below 1.",
        )
    times = np.sort(interactions.timestamps)
    valid_from, test_from = (
        times[min(round(len(times) * (1 - share)), len(times) - 1)] if len(times) else 0
        for share in (valid_share + test_share, test_share)
    )
    part = np.zeros(len(interactions), dtype=np.int8)
    part[interactions.timestamps >= valid_from] = 1
    part[interactions.timestamps >= test_from] = 2
    if len(np.unique(part)) < 3:
        raise DataError(
            "The timestamps are too much alike to cut train, validation and test apart.",
            "Use the leave-one-out split.",
        )
    return _split(
        interactions,
        part,
        name="global-time",
        parameters=f"valid_share={valid_share!r} test_share={test_share!r}",
        tie_policy=f"Equal timestamps fall into the same, later part; {_SOURCE_ORDER}.",
        leaks="None in time; the catalog itself lists items from after the cuts.",
    )


def _split(
    interactions: Interactions,
    part: np.ndarray,
    *,
    name: str,
    parameters: str,
    tie_policy: str,
    leaks: str,
) -> Split:
    digest = hashlib.sha256(f"{name} {parameters} {interactions.fingerprint}".encode())
    digest.update(part.tobytes())
    return Split(
        name=name,
        train=interactions.take(part == 0),
        valid=interactions.take(part == 1),
        test=interactions.take(part == 2),
        fingerprint=digest.hexdigest(),
        tie_policy=tie_policy,
        leaks=leaks,
    )
