"""A made-up catalog and its events, of any size, written in bounded memory and equal for equal seeds.

Items live in clusters of about a hundred. Clusters, and items within one, are taken as often as
their rank says (Zipf). A user has three favourite clusters and goes, from one event to the next,
half of the time to the successor of the item just taken (the next places of its cluster), three
times in ten to a favourite cluster, else to anything popular. So there is popularity, taste and order to be
learnt. A title is a word of the cluster, which all its items share, and words at random.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

GENRES = (
    "Action", "Adventure", "Animation", "Biography", "Comedy", "Crime", "Documentary", "Drama",
    "Family", "Fantasy", "History", "Horror", "Music", "Mystery", "Romance", "Science Fiction",
    "Sport", "Thriller", "War", "Western",
)  # fmt: skip
_ITEMS_PER_CLUSTER = 100
_CHUNK_USERS = 20_000
_CHUNK_ITEMS = 20_000
_FIRST_TIME = 1_600_000_000
_MEAN_GAP = 40_000.0
_N_WORDS = 20_000
_ONSETS = (
    "b",
    "br",
    "c",
    "d",
    "dr",
    "f",
    "g",
    "gr",
    "h",
    "k",
    "l",
    "m",
    "n",
    "p",
    "r",
    "s",
    "st",
    "t",
    "v",
    "w",
)
_VOWELS = ("a", "e", "i", "o", "u", "ai", "ea", "io", "ou")


@dataclass(frozen=True, kw_only=True)
class World:
    """How large it is; everything in it follows from this."""

    n_items: int
    n_events: int
    n_users: int
    seed: int = 0

    @property
    def n_clusters(self) -> int:
        """Clusters of the catalog."""
        return max(4, self.n_items // _ITEMS_PER_CLUSTER)

    def generator(self, stream: int) -> np.random.Generator:
        """Numbers for one purpose."""
        return np.random.default_rng([self.seed, stream])


class _Zipf:
    """Draws from 0 .. n-1 with weight (rank + shift)^-power."""

    def __init__(self, n: int, *, power: float, shift: float) -> None:
        self._cumulative = np.cumsum((np.arange(n) + shift) ** -power)

    def draw(self, count: int, generator: np.random.Generator) -> np.ndarray:
        places = generator.random(count) * self._cumulative[-1]
        return np.minimum(np.searchsorted(self._cumulative, places), len(self._cumulative) - 1)


def write_items(world: World, path: Path) -> None:
    """The catalog as JSON lines: id, title, year, genres, directors."""
    generator = world.generator(0)
    words = _words(generator)
    cluster_words = generator.integers(0, len(words), world.n_clusters)
    cluster_genres = generator.integers(0, len(GENRES), (world.n_clusters, 2))
    often = _Zipf(len(words), power=0.8, shift=10.0)
    n_directors = max(10, world.n_items // 20)
    with path.open("w", encoding="utf-8") as stream:
        for start in range(0, world.n_items, _CHUNK_ITEMS):
            rows = np.arange(start, min(start + _CHUNK_ITEMS, world.n_items))
            clusters = rows % world.n_clusters
            more = often.draw(3 * len(rows), generator).reshape(-1, 3)
            lengths = generator.integers(1, 4, len(rows))
            years = generator.integers(1950, 2026, len(rows))
            directors = generator.integers(0, n_directors, len(rows))
            for place, row in enumerate(rows.tolist()):
                cluster = clusters[place]
                own = [
                    words[cluster_words[cluster]],
                    *(words[w] for w in more[place, : lengths[place]]),
                ]
                director = directors[place]
                record = {
                    "item_id": f"i{row}",
                    "title": " ".join(own).title(),
                    "year": int(years[place]),
                    "genres": sorted({GENRES[genre] for genre in cluster_genres[cluster]}),
                    "directors": [
                        f"{words[director % 997]} {words[director % len(words)]}".title()
                    ],
                }
                stream.write(json.dumps(record) + "\n")


def write_events(world: World, path: Path) -> int:
    """Events as parquet (user_id, item_id, timestamp), users one after the other; returns how many.

    Repeats of an item by one user are dropped, so that the number is near the one asked for.
    """
    generator = world.generator(1)
    schema = pa.schema(
        [("user_id", pa.string()), ("item_id", pa.string()), ("timestamp", pa.int64())]
    )
    written = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for start in range(0, world.n_users, _CHUNK_USERS):
            n_users = min(_CHUNK_USERS, world.n_users - start)
            users, items, times = _chunk(world, n_users, generator)
            names = [f"u{start + row}" for row in range(n_users)]
            columns = {
                "user_id": pa.array(names).take(pa.array(users)),
                "item_id": pa.array(np.char.add("i", items.astype(str))),
                "timestamp": pa.array(times),
            }
            writer.write_table(pa.table(columns, schema=schema))
            written += len(items)
    return written


def _chunk(
    world: World, n_users: int, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(user, item, time) of every event of some users, user by user, oldest first."""
    mean = world.n_events / world.n_users
    lengths = generator.integers(max(3, round(0.5 * mean)), round(1.5 * mean) + 2, n_users)
    n_steps = round(1.25 * lengths.max())
    items = _walks(world, n_users, n_steps, generator)
    fresh = _first_occurrences(items)
    fresh &= np.cumsum(fresh, axis=1) <= lengths[:, None]
    gaps = generator.exponential(_MEAN_GAP, items.shape)
    gaps[:, 0] = generator.uniform(0.0, 3e7, n_users)
    times = _FIRST_TIME + np.cumsum(gaps, axis=1).astype(np.int64)
    users = np.broadcast_to(np.arange(n_users)[:, None], items.shape)
    return users[fresh], items[fresh], times[fresh]


def _walks(world: World, n_users: int, n_steps: int, generator: np.random.Generator) -> np.ndarray:
    """(n_users, n_steps) item rows."""
    n_clusters = world.n_clusters
    clusters = _Zipf(n_clusters, power=0.8, shift=10.0)
    places = _Zipf(max(1, world.n_items // n_clusters), power=1.0, shift=2.0)
    favourites = clusters.draw(3 * n_users, generator).reshape(n_users, 3)
    cluster = favourites[:, 0]
    place = places.draw(n_users, generator)
    items = np.zeros((n_users, n_steps), dtype=np.int64)
    for step in range(n_steps):
        choice = generator.random(n_users)
        favourite = favourites[np.arange(n_users), generator.integers(0, 3, n_users)]
        anything = clusters.draw(n_users, generator)
        follows = choice < 0.5
        leap = 1 + (generator.random(n_users) < 0.3) + (generator.random(n_users) < 0.1)
        drawn = places.draw(n_users, generator)
        place = np.where(follows, place + leap, drawn)
        cluster = np.where(follows, cluster, np.where(choice < 0.8, favourite, anything))
        sizes = (world.n_items - cluster + n_clusters - 1) // n_clusters
        place %= sizes
        items[:, step] = place * n_clusters + cluster
    return items


def _first_occurrences(items: np.ndarray) -> np.ndarray:
    """(n, m) bool: where a value stands in its row for the first time."""
    order = np.argsort(items, axis=1, kind="stable")
    ordered = np.take_along_axis(items, order, axis=1)
    first = np.ones(items.shape, dtype=bool)
    first[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    result = np.zeros(items.shape, dtype=bool)
    np.put_along_axis(result, order, first, axis=1)
    return result


def _words(generator: np.random.Generator) -> list[str]:
    """Different pronounceable words."""
    found: dict[str, None] = {}
    while len(found) < _N_WORDS:
        count = int(generator.integers(2, 5))
        onsets = generator.integers(0, len(_ONSETS), count)
        vowels = generator.integers(0, len(_VOWELS), count)
        found["".join(_ONSETS[a] + _VOWELS[b] for a, b in zip(onsets, vowels, strict=True))] = None
    return list(found)
