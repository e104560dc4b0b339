"""Batches of history windows, whose next-item steps are each other's negatives.

A window is a run of next-item steps of one user. Its steps read nearly the same events, so the
history before the first step is fetched once for all of them: a batch of 1,024 steps touches about
four thousand events and not fifty times as many.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..batches import all_windows


@dataclass(frozen=True, kw_only=True)
class WindowBatch:
    """The steps of some windows; column c of a window is the c-th event it reads.

    Step s reads columns s .. s + max_length - 1 of its window, the newest last.

    Attributes:
        items: (n, max_length + window - 1) int64 item rows; -1 where there is no event.
        n_before: (n, window) int64: how many events step s reads; 0 = there is no such step.
        targets: (n_steps,) int64 item rows of the steps, window by window.
        users: (n,) int64: which of the block's users a window is of.
    """

    items: np.ndarray
    n_before: np.ndarray
    targets: np.ndarray
    users: np.ndarray

    @property
    def step_windows(self) -> np.ndarray:
        """(n_steps,) int64: which window a step is of."""
        return np.repeat(np.arange(len(self.users)), (self.n_before > 0).sum(axis=1))


def window_batches(
    item_rows: np.ndarray,
    offsets: np.ndarray,
    *,
    window: int,
    max_length: int,
    batch_size: int,
    generator: np.random.Generator,
) -> Iterator[WindowBatch]:
    """Every next-item step of some histories once, in random windows.

    Args:
        item_rows: (n_events,) int64.
        offsets: (n_users + 1,): the history of user u is item_rows[offsets[u] : offsets[u + 1]].
        window: Most steps of a window.
        max_length: Events that a step reads.
        batch_size: Steps of a batch; whole windows, so that it is met about.
        generator: Cuts the windows and shuffles them.

    Yields:
        Batches; one whose steps all have the same target has no negative and is left out.
    """
    starts, counts = all_windows(offsets, length=window, generator=generator)
    order = generator.permutation(len(starts))
    if not len(order):
        return
    ends = np.cumsum(counts[order])
    cuts = np.flatnonzero(np.diff((ends - 1) // batch_size)) + 1
    for chosen in np.split(order, cuts):
        users = np.searchsorted(offsets, starts[chosen], side="right") - 1
        is_step = np.arange(window) < counts[chosen][:, None]
        # Places outside a history are looked up at event 0 and then taken out.
        first_target = starts[chosen][:, None] + 1
        targets = item_rows[np.where(is_step, first_target + np.arange(window), 0)][is_step]
        if (targets == targets[0]).all():
            continue
        begin = offsets[users][:, None]
        events = first_target - max_length + np.arange(max_length + window - 1)
        is_read = (events >= begin) & (events < first_target - 1 + counts[chosen][:, None])
        n_before = np.minimum(first_target + np.arange(window) - begin, max_length)
        yield WindowBatch(
            items=np.where(is_read, item_rows[np.where(is_read, events, 0)], -1),
            n_before=np.where(is_step, n_before, 0),
            targets=targets,
            users=users,
        )


def blocked_pairs(
    step_codes: tuple[np.ndarray, ...], column_codes: tuple[np.ndarray, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of a step and a candidate column that are alike in any of several codes.

    Args:
        step_codes: Each (n_steps,) int64.
        column_codes: Each (n_columns,) int64, in the order of `step_codes`.

    Returns:
        (steps, columns): int64, steps ascending; a pair may come more than once.
    """
    steps, columns = [], []
    for mine, theirs in zip(step_codes, column_codes, strict=True):
        order = np.argsort(theirs, kind="stable")
        low = np.searchsorted(theirs[order], mine, side="left")
        count = np.searchsorted(theirs[order], mine, side="right") - low
        within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        steps.append(np.repeat(np.arange(len(mine)), count))
        columns.append(order[np.repeat(low, count) + within])
    joined = np.concatenate(steps)
    by_step = np.argsort(joined, kind="stable")
    return joined[by_step], np.concatenate(columns)[by_step]
