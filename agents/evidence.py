"""Grounds for showing an item: found in the data by code, and checkable in the data afterwards.

Apart from the wording (`reasons`): what is true and how to say it change for different causes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from rec_core import Item, Recommender

from .events import Evidence
from .state import Preference, Wish

SAME_YEARS = 4
_MIN_VIEWERS = 5
_MIN_LIFT = 1.3
_BIG_SHARE = 0.25
_BIG_LIFT = 2.0
_MIN_INFLUENCE = 0.15
_GOES_WITH_LIFT = 1.5
# A kind that more than this share of the catalog has says nothing by itself: "drama, like Fargo".
_COMMON_KIND = 0.15
_POPULAR = 0.9
_WELL_RATED = 0.9
_SHARED_FIELDS = ("directors", "cast", "tags", "genres")


@dataclass(frozen=True, kw_only=True)
class Person:
    """What grounds may refer to of the person and the request.

    Attributes:
        wish: The wish that the slate answers.
        liked: Item ids liked by button or in words, oldest first.
        history: Item ids of the data's own record of this person, oldest first.
        preferences: Long-term preferences in force.
    """

    wish: Wish = field(default_factory=Wish)
    liked: tuple[str, ...] = ()
    history: tuple[str, ...] = ()
    preferences: tuple[Preference, ...] = ()


class EvidenceFinder:
    """Finds and checks evidence over one recommender. Pure: the same answer for the same question."""

    def __init__(self, recommender: Recommender, person: Person) -> None:
        self.recommender = recommender
        self.catalog = recommender.catalog
        self.person = person
        self._viewers: dict[str, np.ndarray] = {}

    def find(self, item_id: str) -> tuple[Evidence, ...]:
        """All grounds for an item; may be empty. Every one of them passes `check`."""
        item = self.catalog[item_id]
        found = (
            *self._from_request(item),
            *self._from_seeds(item),
            *self._from_likes(item),
            *self._from_preferences(item),
            *self._from_popularity(item),
        )
        return tuple(dict.fromkeys(found))

    def check(self, item_id: str, evidence: Evidence) -> bool:
        """Whether the evidence holds for the item, looked up again."""
        if item_id not in self.catalog:
            return False
        item = self.catalog[item_id]
        if evidence.kind == "field":
            return evidence.value in _values(item, evidence.field)
        finders = {
            "request": self._from_request,
            "seed_item": self._from_seeds,
            "liked_item": self._from_likes,
            "preference": self._from_preferences,
            "popularity": self._from_popularity,
        }
        return evidence in finders[evidence.kind](item)

    def _from_request(self, item: Item) -> Iterator[Evidence]:
        wish = self.person.wish
        wanted = [genre for genre, weight in wish.genre_weights.items() if weight > 0]
        for genre in _both((*wish.genres_all, *wish.genres_any, *wanted), item.genres):
            yield Evidence(kind="request", field="genres", value=genre)
        for person in _both(wish.people_all, item.directors):
            yield Evidence(kind="request", field="directors", value=person)
        for person in _both(wish.people_all, item.cast):
            if person not in item.directors:
                yield Evidence(kind="request", field="cast", value=person)
        if item.year is not None and _fits_bounds(item.year, wish):
            yield Evidence(kind="request", field="year", value=str(item.year))
        for tag in item.tags:
            if _said(tag, wish.query):
                yield Evidence(kind="request", field="tags", value=tag)

    def _from_seeds(self, item: Item) -> Iterator[Evidence]:
        for seed in self._items(self.person.wish.like_item_ids, but=item):
            yield from _shared(item, seed, "seed_item")
            if _same_years(item, seed):
                yield Evidence(
                    kind="seed_item", field="year", value=str(item.year), item_id=seed.item_id
                )
            yield from self._from_viewers(item, seed)

    def _from_viewers(self, item: Item, seed: Item) -> Iterator[Evidence]:
        """The share of the seed's people, or how much more often they took it when that is small."""
        found = self.viewers(seed.item_id, item.item_id)
        if found is None:
            return
        share, lift = found
        told = ("viewers", f"{share:.0%}") if share >= _BIG_SHARE else ("lift", f"{lift:.1f}")
        if share >= _BIG_SHARE or lift >= _BIG_LIFT:
            yield Evidence(kind="seed_item", field=told[0], value=told[1], item_id=seed.item_id)

    def _from_likes(self, item: Item) -> Iterator[Evidence]:
        seeds = set(self.person.wish.like_item_ids)
        liked = [one.item_id for one in self._items(self.person.liked, but=item)]
        history = [one.item_id for one in self._items(self.person.history, but=item)]
        together = list(dict.fromkeys((*history, *liked)))
        if not together:
            return
        for influence in self.recommender.influences(item.item_id, together):
            # What was named as a seed speaks as one already.
            if influence.share < _MIN_INFLUENCE or influence.item_id in seeds:
                continue
            other = self.catalog[influence.item_id]
            telling = self._telling(tuple(_shared(item, other, "liked_item")))
            if not telling and not self._goes_with(item, other):
                continue
            yield from telling
            yield Evidence(
                kind="liked_item",
                field="influence",
                value=f"{influence.share:.0%}",
                item_id=influence.item_id,
            )

    def _telling(self, shared: Sequence[Evidence]) -> tuple[Evidence, ...]:
        """What is shared, without a single common kind: "drama, like Fargo" says nothing."""
        kinds = [one.value for one in shared if one.field == "genres"]
        if len(kinds) > 1 or any(kind not in self._common_kinds for kind in kinds):
            return tuple(shared)
        return tuple(one for one in shared if one.field != "genres")

    def _goes_with(self, item: Item, other: Item) -> bool:
        """Whether clearly more people than usual took both: a likeness in numbers is not enough, and
        the influence of the only liked item is always the whole.
        """
        found = self.viewers(other.item_id, item.item_id)
        return found is not None and found[1] >= _GOES_WITH_LIFT

    @cached_property
    def _common_kinds(self) -> frozenset[str]:
        counts = self.catalog.genre_matrix.sum(axis=0)
        limit = _COMMON_KIND * len(self.catalog)
        pairs = zip(self.catalog.genres, counts.tolist(), strict=True)
        return frozenset(genre for genre, count in pairs if count > limit)

    def _from_preferences(self, item: Item) -> Iterator[Evidence]:
        fields = {"genre": ("genres",), "person": ("directors", "cast"), "tag": ("tags",)}
        for preference in self.person.preferences:
            if preference.kind not in ("like", "must"):
                continue
            for name in fields.get(preference.subject, ()):
                for value in _both([preference.value], _values(item, name)):
                    yield Evidence(kind="preference", field=name, value=value)

    def _from_popularity(self, item: Item) -> Iterator[Evidence]:
        percentile = self.recommender.popularity(item.item_id)
        if percentile >= _POPULAR:
            yield Evidence(kind="popularity", field="percentile", value=f"{percentile:.2f}")
        interactions = self.recommender.interactions
        if interactions.has_ratings:
            means = interactions.item_mean_ratings
            # Chosen by the cautious mean, told as the plain one.
            standing = float(means[self.catalog.ids.row(item.item_id)])
            if standing >= self._high_rating:
                mean = self.mean_rating(item.item_id)
                yield Evidence(kind="popularity", field="rating", value=f"{mean:.1f}")

    @cached_property
    def _high_rating(self) -> float:
        return float(np.quantile(self.recommender.interactions.item_mean_ratings, _WELL_RATED))

    def mean_rating(self, item_id: str) -> float:
        """The plain mean of an item's ratings; 0 when it has none."""
        interactions = self.recommender.interactions
        ratings = interactions.weights[interactions.item_rows == self.catalog.ids.row(item_id)]
        return float(ratings.mean()) if len(ratings) else 0.0

    def viewers(self, seed_id: str, item_id: str) -> tuple[float, float] | None:
        """Of the people who took the seed, the share who took the item, and that share over
        everybody's; None unless at least five did and the second is 1.3 or more.
        """
        seeds, takers = self._viewers_of(seed_id), self._viewers_of(item_id)
        both = len(np.intersect1d(seeds, takers, assume_unique=True))
        if both < _MIN_VIEWERS:
            return None
        share = both / len(seeds)
        lift = share / (len(takers) / self.recommender.interactions.n_users)
        return (share, lift) if lift >= _MIN_LIFT else None

    def _viewers_of(self, item_id: str) -> np.ndarray:
        """Rows of the users who took an item, ascending, without repeats."""
        if item_id not in self._viewers:
            interactions = self.recommender.interactions
            took = interactions.item_rows == self.catalog.ids.row(item_id)
            self._viewers[item_id] = np.unique(interactions.user_rows[took])
        return self._viewers[item_id]

    def _items(self, item_ids: Iterable[str], *, but: Item) -> list[Item]:
        known = (one for one in dict.fromkeys(item_ids) if one in self.catalog)
        return [self.catalog[one] for one in known if one != but.item_id]


def _values(item: Item, name: str) -> tuple[str, ...]:
    """The item's values of a field, as texts."""
    if name == "year":
        return (str(item.year),) if item.year is not None else ()
    if name in ("genres", "directors", "cast", "tags", "people"):
        return getattr(item, name)
    return ()


def _both(wanted: Sequence[str], owned: Sequence[str]) -> list[str]:
    """The owned values that are wanted, case not minded, in the order wanted."""
    by_key = {value.casefold(): value for value in owned}
    return [by_key[key] for key in dict.fromkeys(one.casefold() for one in wanted) if key in by_key]


def _shared(item: Item, other: Item, kind: str) -> Iterator[Evidence]:
    for name in _SHARED_FIELDS:
        for value in _both(_values(other, name), _values(item, name)):
            yield Evidence(kind=kind, field=name, value=value, item_id=other.item_id)  # type: ignore[arg-type]


def _same_years(item: Item, other: Item) -> bool:
    return (
        item.year is not None
        and other.year is not None
        and abs(item.year - other.year) <= SAME_YEARS
    )


def _fits_bounds(year: int, wish: Wish) -> bool:
    if wish.year_min is None and wish.year_max is None:
        return False
    return (wish.year_min or year) <= year <= (wish.year_max or year)


def _said(tag: str, query: str) -> bool:
    """Whether every word of the tag is a word of the query."""
    words = set(query.casefold().split())
    parts = tag.casefold().split()
    return bool(parts) and words.issuperset(parts)
