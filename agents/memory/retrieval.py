"""What long-term memory counts for today: likes fade, rules do not; and what matters for one turn.

Pure. Nothing is rewritten: the store keeps what was said with its date, and how much it still counts is
worked out when it is read.

**Decay.** A like loses half its confidence every `HALF_LIFE_DAYS` (one of an item, which is an opinion on
something fixed, half as fast). Never fading: must, must_not, and dislikes: showing somebody what they
said to hate is worse than leaving out what they would put up with by now.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from rec_core import Item, Recommender

from ..state import Preference, Wish

HALF_LIFE_DAYS = 180.0
ITEM_HALF_LIFE_DAYS = 360.0
_SECONDS_OF_A_DAY = 86_400.0
# What is told by name outweighs all else; what has nothing to do with the turn still counts a little.
_NAMED, _WANTED, _SAME_KIND, _ALIKE, _IDLE = 4.0, 2.0, 1.0, 2.0, 0.5


def strength(preference: Preference, now: datetime) -> float:
    """How much a preference still counts, in [0, its confidence]; what is dated later counts in full."""
    if preference.kind != "like":
        return preference.confidence
    half_life = ITEM_HALF_LIFE_DAYS if preference.subject == "item" else HALF_LIFE_DAYS
    days = max(0.0, (now - preference.created_at).total_seconds() / _SECONDS_OF_A_DAY)
    return preference.confidence * 0.5 ** (days / half_life)


def faded(preferences: Iterable[Preference], now: datetime) -> tuple[Preference, ...]:
    """The preferences, order kept, with the confidence that they have now."""
    return tuple(
        one.model_copy(update={"confidence": round(strength(one, now), 4)}) for one in preferences
    )


def relevant_preferences(
    preferences: Sequence[Preference],
    *,
    wish: Wish,
    text: str,
    limit: int,
    recommender: Recommender,
) -> tuple[Preference, ...]:
    """What of long-term memory matters for a turn: at most `limit`, but every rule in any case.

    Rules (must, must_not, dislikes of kinds and people) come first, newest first. Then the rest by how
    much it has to do with the wish and the message (named in it; a shared kind or person; an item clearly
    like one that is named, as `Recommender.influences` has it), times what it still counts. Ties: newest
    first, then as given.

    Args:
        preferences: In force, with the confidence that they have now (see `faded`).
        wish: The wish as it stands before the message.
        text: The message.
        limit: How many at most; rules over it are kept all the same.
        recommender: Knows what the items are.
    """
    newest = sorted(preferences, key=lambda one: one.created_at, reverse=True)
    rules = [one for one in newest if _is_rule(one)]
    room = max(0, limit - len(rules))
    rest = [one for one in newest if not _is_rule(one)]
    if len(rest) <= room:
        return (*rules, *rest)
    topic = _Topic(wish, text, rest, recommender)
    best = sorted(rest, key=lambda one: -(_IDLE + topic.nearness(one)) * one.confidence)
    return (*rules, *best[:room])


def _is_rule(preference: Preference) -> bool:
    if preference.kind == "dislike":
        return preference.subject in ("genre", "person")
    return preference.kind in ("must", "must_not")


class _Topic:
    """What a turn is about, and how near a preference is to it."""

    def __init__(
        self, wish: Wish, text: str, preferences: Sequence[Preference], recommender: Recommender
    ) -> None:
        self._catalog = recommender.catalog
        self._text = f" {' '.join(text.casefold().split())} "
        seeds = [item_id for item_id in wish.like_item_ids if item_id in self._catalog]
        named = [self._catalog[item_id] for item_id in seeds]
        wanted = [genre for genre, weight in wish.genre_weights.items() if weight > 0]
        self._genres = {*wish.genres_all, *wish.genres_any, *wanted}
        self._genres |= {genre for item in named for genre in item.genres}
        self._people = {*wish.people_all, *(name for item in named for name in item.people)}
        items = [one.value for one in preferences if one.subject == "item"]
        known = [item_id for item_id in dict.fromkeys(items) if item_id in self._catalog]
        self._alike: dict[str, float] = {}
        for seed in seeds:
            for found in recommender.influences(seed, known, k=len(known)):
                share = max(self._alike.get(found.item_id, 0.0), found.share)
                self._alike[found.item_id] = share

    def nearness(self, preference: Preference) -> float:
        """0 for what has nothing to do with the turn."""
        name = preference.label.rsplit(" (", 1)[0].casefold()
        near = _NAMED if name and f" {name}" in self._text else 0.0
        if preference.subject == "genre":
            return near + _WANTED * (preference.value in self._genres)
        if preference.subject == "person":
            return near + _WANTED * (preference.value in self._people)
        if preference.subject == "item" and preference.value in self._catalog:
            return near + self._item_nearness(self._catalog[preference.value])
        return near

    def _item_nearness(self, item: Item) -> float:
        shared = self._genres.intersection(item.genres)
        kinds = _SAME_KIND * len(shared) / max(1, len(self._genres))
        people = _WANTED * bool(self._people.intersection(item.people))
        return kinds + people + _ALIKE * self._alike.get(item.item_id, 0.0)
