"""Compact look-up structures for many names: by key, and by near spelling."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import OSA


class NumbersByKey:
    """Key → numbers, twelve bytes an entry: only the hash of a key is kept.

    Two keys may share a hash (about once in 10^19 pairs), so callers compare what they get with
    what they asked for. Hashes of text differ from process to process: never saved.

    Args:
        entries: (key, number) in any order.
    """

    def __init__(self, entries: Iterable[tuple[Hashable, int]]) -> None:
        pairs = np.fromiter(
            ((hash(key), number) for key, number in entries),
            dtype=[("key", np.int64), ("number", np.int32)],
        )
        pairs = pairs[np.argsort(pairs["key"], kind="stable")]
        self._hashes = np.ascontiguousarray(pairs["key"])
        self._numbers = np.ascontiguousarray(pairs["number"])

    def get(self, key: Hashable) -> np.ndarray:
        """Numbers of the key, int32, in the order given; empty when it has none."""
        start, stop = self._span(key)
        return self._numbers[start:stop]

    def count(self, key: Hashable) -> int:
        """How many numbers the key has."""
        start, stop = self._span(key)
        return stop - start

    def _span(self, key: Hashable) -> tuple[int, int]:
        code = np.int64(hash(key))
        start = int(np.searchsorted(self._hashes, code, side="left"))
        return start, int(np.searchsorted(self._hashes, code, side="right"))


class Spellings:
    """Names, and those within a few typing errors of a given word.

    Distance is optimal string alignment: a letter put in, left out or replaced, or two neighbours
    swapped, is one error. A name that starts with another letter counts only at distance 1, which
    is what lets a look-up visit names of about the same length and the same first letter alone:
    it stays in milliseconds at a million names.

    Args:
        names: Repeats are dropped.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(name for name in names if name)
        self._shelves: dict[tuple[str, int], list[str]] = defaultdict(list)
        for name in sorted(self._names):
            self._shelves[name[0], len(name)].append(name)
        self._first_letters = sorted({letter for letter, _ in self._shelves})

    def near(
        self, word: str, allowed: int, *, other_first_letter: bool = True
    ) -> list[tuple[str, int]]:
        """(name, distance) for names at most `allowed` errors away, nearest first, then by name."""
        if not word or allowed < 0:
            return []
        found: dict[str, int] = {}
        for length in range(len(word) - allowed, len(word) + allowed + 1):
            shelf = self._shelves.get((word[0], length))
            if shelf:
                hits = process.extract(
                    word, shelf, scorer=OSA.distance, score_cutoff=allowed, limit=None
                )
                found.update((name, int(distance)) for name, distance, _ in hits)
        if other_first_letter and allowed:
            found.update((name, 1) for name in self._other_starts(word) if name in self._names)
        return sorted(found.items(), key=lambda hit: (hit[1], hit[0]))

    def _other_starts(self, word: str) -> Iterable[str]:
        """Every spelling one error away whose first letter is not that of the word."""
        rest = word[1:]
        starts = [letter for letter in self._first_letters if letter != word[0]]
        yield from (letter + rest for letter in starts)
        yield from (letter + word for letter in starts)
        if rest and rest[0] != word[0]:
            yield rest
            yield rest[0] + word[0] + rest[1:]
