"""How often items are targets: counted, or estimated from the stream of training steps."""

from __future__ import annotations

import numpy as np

from ..event_source import EventSource

_LARGE_PRIME = np.uint64(2**31 - 1)


def target_shares(source: EventSource) -> np.ndarray:
    """(n_items,) float64: each item's share of all next-item targets.

    A user's first event is never a target. Items that are never one get the share of half a target.
    """
    counts = np.maximum(source.item_counts - source.first_counts, 0.5)
    return counts / counts.sum()


class StreamingFrequency:
    """Estimates how often an item comes by from the gaps between its visits.

    Yi et al., "Sampling-Bias-Corrected Neural Modeling for Large Corpus Item Recommendations"
    (RecSys 2019), algorithm 2: for the bucket h of an item that comes at time t,
    B[h] <- (1 - rate) B[h] + rate (t - A[h]) and A[h] <- t; its frequency is 1 / B[h]. Memory depends
    on the number of buckets and not on the catalog, and a drift of popularity is followed. With
    several hash functions the largest gap counts, as a collision can only shorten gaps.

    Other than there, time counts training steps (examples) and not batches, so that an item that is
    in every batch is told from one that is there twice; and until a bucket has had 1 / rate gaps, B
    is their plain mean, so that no start value has to be forgotten.

    Args:
        n_buckets: Length of each hash table.
        rate: Weight of the newest gap.
        generator: Draws the hash functions.
        n_hashes: How many tables.
    """

    def __init__(
        self,
        n_buckets: int,
        *,
        rate: float,
        generator: np.random.Generator,
        n_hashes: int = 2,
    ) -> None:
        self.rate = rate
        self._clock = 0
        self._multiplier = generator.integers(1, 2**31, n_hashes, dtype=np.uint64)
        self._shift = generator.integers(0, 2**31, n_hashes, dtype=np.uint64)
        self._last = np.zeros((n_hashes, n_buckets), dtype=np.int64)
        self._gaps = np.zeros((n_hashes, n_buckets))
        self._visits = np.zeros((n_hashes, n_buckets), dtype=np.int64)

    def update(self, items: np.ndarray) -> None:
        """Let items (n,) int64 come by, one after the other."""
        for table, buckets in enumerate(self._buckets(items)):
            self._update_table(table, buckets)
        self._clock += len(items)

    def _update_table(self, table: int, buckets: np.ndarray) -> None:
        order = np.argsort(buckets, kind="stable")
        ordered = buckets[order]
        is_first = np.diff(ordered, prepend=-1) != 0
        place = np.arange(len(ordered))
        nth = place - np.maximum.accumulate(np.where(is_first, place, 0))
        for visit in range(int(nth.max(initial=-1)) + 1):
            now = nth == visit
            bucket, time = ordered[now], self._clock + 1 + order[now]
            visits = self._visits[table, bucket] + 1
            rate = np.maximum(self.rate, 1.0 / visits)
            gap = time - self._last[table, bucket]
            self._gaps[table, bucket] += rate * (gap - self._gaps[table, bucket])
            self._last[table, bucket] = time
            self._visits[table, bucket] = visits

    def shares(self, items: np.ndarray) -> np.ndarray:
        """(n,) float64 in (0, 1]: estimated share of each item; one that never came by has 1 / t."""
        gaps = np.stack(
            [
                np.where(self._visits[table, buckets] > 0, self._gaps[table, buckets], self._clock)
                for table, buckets in enumerate(self._buckets(items))
            ]
        ).max(axis=0)
        return 1.0 / np.maximum(gaps, 1.0)

    def _buckets(self, items: np.ndarray) -> np.ndarray:
        """(n_hashes, n) int64."""
        codes = items.astype(np.uint64) * self._multiplier[:, None] + self._shift[:, None]
        return (codes % _LARGE_PRIME % np.uint64(self._last.shape[1])).astype(np.int64)

    def tensors(self) -> dict[str, np.ndarray]:
        """The whole state as arrays, for a checkpoint."""
        return {
            "clock": np.array([self._clock]),
            "last": self._last,
            "gaps": self._gaps,
            "visits": self._visits,
        }

    def restore(self, tensors: dict[str, np.ndarray]) -> None:
        """The counterpart of `tensors`; the hash functions come from the generator."""
        self._clock = int(tensors["clock"][0])
        self._last[:] = tensors["last"]
        self._gaps[:] = tensors["gaps"]
        self._visits[:] = tensors["visits"]
