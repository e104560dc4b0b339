"""Training windows over user histories, in batches of nearly equal length.

Right padding and windows of one length class mean that a causal model needs no mask: padding comes
after every real position, and the loss looks at real positions only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class SequenceBatch:
    """Inputs and next-item targets.

    Attributes:
        items: (n, length) int64 item rows, right-padded with `padding`.
        targets: (n_real,) int64 next items of the real positions, row by row.
        real: (n, length) bool; True where a position has a target.
        gaps: (n, length) int64 `gap_classes` from each input to its target, or None.
    """

    items: np.ndarray
    targets: np.ndarray
    real: np.ndarray
    gaps: np.ndarray | None = None

    def share(self, part: int, n_parts: int) -> SequenceBatch:
        """Every `n_parts`-th window from the `part`-th on; of one part, the batch itself."""
        if n_parts == 1:
            return self
        mine = np.zeros(len(self.items), dtype=bool)
        mine[part::n_parts] = True
        return SequenceBatch(
            items=self.items[mine],
            targets=self.targets[np.repeat(mine, self.real.sum(axis=1))],
            real=self.real[mine],
            gaps=None if self.gaps is None else self.gaps[mine],
        )


def all_windows(
    offsets: np.ndarray, *, length: int, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Cut every history into windows so that each next-item step is trained exactly once.

    A history of m events has m - 1 steps. They are cut into runs of `length`; the first cut is at
    a random place, so that over the epochs every item is seen with short and long contexts.

    Args:
        offsets: (n_users + 1,) history boundaries in the event array.
        length: Most steps in one window.
        generator: Source of the cuts.

    Returns:
        (starts, counts): int64; window w has inputs starts[w] .. starts[w] + counts[w] - 1 and
        targets one later.
    """
    steps = np.maximum(np.diff(offsets) - 1, 0)
    shift = generator.integers(0, length, len(steps))
    first = np.where(steps > length, shift, 0)
    n_windows = np.where(steps > 0, np.ceil((steps + first) / length), 0).astype(np.int64)
    user = np.repeat(np.arange(len(steps)), n_windows)
    place = np.arange(len(user)) - np.repeat(np.cumsum(n_windows) - n_windows, n_windows)
    begin = np.maximum(place * length - first[user], 0)
    end = np.minimum((place + 1) * length - first[user], steps[user])
    return (offsets[user] + begin).astype(np.int64), (end - begin).astype(np.int64)


def last_windows(offsets: np.ndarray, *, length: int) -> tuple[np.ndarray, np.ndarray]:
    """One window a history: its last `length` next-item steps, or all when there are fewer.

    Returns:
        (starts, counts) as `all_windows`.
    """
    steps = np.maximum(np.diff(offsets) - 1, 0)
    counts = np.minimum(steps, length)
    starts = offsets[:-1] + steps - counts
    return starts[counts > 0].astype(np.int64), counts[counts > 0].astype(np.int64)


def bucketed_batches(
    counts: np.ndarray, *, batch_size: int, generator: np.random.Generator
) -> list[np.ndarray]:
    """Window indices in batches of similar length, batches in random order.

    Lengths are jittered a little before sorting, so that batches differ from epoch to epoch.
    """
    jittered = counts + generator.uniform(0.0, 1.0 + 0.1 * counts)
    order = np.argsort(jittered, kind="stable")
    batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    return [batches[index] for index in generator.permutation(len(batches))]


def shuffled_ties(
    item_rows: np.ndarray,
    user_rows: np.ndarray,
    timestamps: np.ndarray,
    generator: np.random.Generator,
) -> np.ndarray:
    """Item rows sorted by user and time, those of one user and one time stamp in a random order."""
    draw = generator.random(len(item_rows))
    return item_rows[np.lexsort((draw, timestamps, user_rows))]


UNKNOWN_GAP = 0
"""The class of a gap that nobody knows."""

N_GAP_CLASSES = 32
"""Classes of gaps: unknown, none, then doubling from a second to thirty-four years."""


def gap_classes(seconds: np.ndarray) -> np.ndarray:
    """Class of each gap between two events: 1 for 0 s, 2 for 1 s, 3 for 2 to 3 s, and so on.

    Args:
        seconds: Of any shape, >= 0.

    Returns:
        int64 of that shape in 1 .. N_GAP_CLASSES - 1.
    """
    doublings = np.floor(np.log2(seconds.astype(np.float64) + 1.0)).astype(np.int64)
    return np.minimum(doublings + 1, N_GAP_CLASSES - 1)


def sequence_batch(
    item_rows: np.ndarray,
    starts: np.ndarray,
    counts: np.ndarray,
    *,
    padding: int,
    timestamps: np.ndarray | None = None,
) -> SequenceBatch:
    """Inputs and targets of some windows (see `all_windows`).

    Args:
        item_rows: (n_events,) with two events or more.
        starts: (n,) where each window begins.
        counts: (n,) its steps, >= 1.
        padding: Item row of places without an item.
        timestamps: (n_events,) seconds; when given, the batch has gaps.
    """
    places = np.arange(counts.max())
    real = places < counts[:, None]
    index = np.minimum(starts[:, None] + places, len(item_rows) - 2)
    return SequenceBatch(
        items=np.where(real, item_rows[index], padding),
        targets=item_rows[index + 1][real],
        real=real,
        gaps=None if timestamps is None else _gaps(timestamps, index, real),
    )


def _gaps(timestamps: np.ndarray, index: np.ndarray, real: np.ndarray) -> np.ndarray:
    classes = gap_classes(np.maximum(timestamps[index + 1] - timestamps[index], 0))
    return np.where(real, classes, UNKNOWN_GAP)


def padded_histories(
    histories: list[np.ndarray], *, length: int, padding: int
) -> tuple[np.ndarray, np.ndarray]:
    """The last `length` items of each history, right-padded.

    Returns:
        ((n, longest) int64, (n,) int64 lengths); an empty history has length 0.
    """
    recent = [history[-length:] for history in histories]
    lengths = np.array([len(history) for history in recent], dtype=np.int64)
    padded = np.full((len(recent), max(1, int(lengths.max(initial=1)))), padding, dtype=np.int64)
    padded[np.arange(padded.shape[1]) < lengths[:, None]] = np.concatenate(
        [*recent, np.empty(0, dtype=np.int64)]
    )
    return padded, lengths
