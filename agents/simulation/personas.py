"""Personas: real users' pasts, cut in time, with traits read from what they did.

The rule of the cut: of every user's events, in the order of the interactions, the last `share` (rounded
down) is hidden; users with too few events keep all of theirs in the visible part. Traits come from the
visible part alone.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from rec_core import Catalog, DataError, Interactions

from .types import Persona, Traits

LIKED_FROM = 4.0
"""A rating of at least this says that an item was liked; where there are no ratings, taking says so."""

_GENRE_MASS = 0.8


@dataclass(frozen=True, kw_only=True)
class HiddenSplit:
    """What arms may learn from, and the truth about people.

    Attributes:
        visible: Events before each user's cut: for arms, traits and the people's model.
        hidden: Events after it: never for an arm, and never fitted.
        share: Of each user's events, how many are hidden.
    """

    visible: Interactions
    hidden: Interactions
    share: float

    @property
    def fingerprint(self) -> str:
        """First 16 hex digits of a sha256 over both parts."""
        parts = f"{self.share!r} {self.visible.fingerprint} {self.hidden.fingerprint}"
        return hashlib.sha256(parts.encode()).hexdigest()[:16]


def hide_late_events(
    interactions: Interactions, *, share: float = 0.2, min_visible: int = 5
) -> HiddenSplit:
    """Cut every user's events in time: the last `share` is hidden.

    Users for whom fewer than `min_visible` events would be left hide nothing. Equal timestamps keep the
    order of the interactions.

    Raises:
        DataError: `share` is not between 0 and 1, or nobody has events enough.
    """
    if not 0 < share < 1:
        raise DataError(
            f"A hidden share of {share} leaves nothing to see or to find.",
            "Choose one between 0 and 1, such as 0.2.",
        )
    lengths = np.diff(interactions.offsets)
    n_hidden = np.floor(share * lengths).astype(np.int64)
    n_hidden[lengths - n_hidden < min_visible] = 0
    if not n_hidden.any():
        raise DataError(
            "No user has events enough to hide some and keep some.",
            f"People are simulated from users with at least {min_visible} visible events.",
        )
    place = np.arange(len(interactions)) - interactions.offsets[interactions.user_rows]
    is_hidden = place >= (lengths - n_hidden)[interactions.user_rows]
    return HiddenSplit(
        visible=interactions.take(~is_hidden), hidden=interactions.take(is_hidden), share=share
    )


def is_liked(interactions: Interactions) -> np.ndarray:
    """Which events were likes, (n_events,) bool."""
    if not interactions.has_ratings:
        return np.ones(len(interactions), dtype=bool)
    return interactions.weights >= LIKED_FROM


def is_exact(interactions: Interactions) -> np.ndarray:
    """Which ratings are known for certain, (n_events,) bool.

    Whole and half stars are; any other number is an expectation in place of a rating that the source
    withheld.
    """
    if not interactions.has_ratings:
        return np.zeros(len(interactions), dtype=bool)
    doubled = 2 * interactions.weights
    return doubled == np.rint(doubled)


def draw_personas(
    catalog: Catalog,
    split: HiddenSplit,
    *,
    count: int,
    generator: np.random.Generator,
    min_hidden_likes: int = 1,
) -> tuple[Persona, ...]:
    """Draw people evenly, without repeats, from users with hidden likes; in the order of user rows.

    Fewer than `count` come back when there are fewer. Histories have each item once, at its first place.

    Raises:
        DataError: Nobody has `min_hidden_likes` hidden likes.
    """
    liked = is_liked(split.hidden)
    n_likes = np.bincount(split.hidden.user_rows[liked], minlength=split.hidden.n_users)
    able = np.flatnonzero(n_likes >= min_hidden_likes)
    if not len(able):
        raise DataError(
            f"Nobody in these interactions has {min_hidden_likes} hidden likes.",
            "Take a larger data set, or ask for fewer hidden likes.",
        )
    chosen = np.sort(generator.permutation(able)[:count])
    traits = traits_of_users(catalog, split.visible)
    return tuple(_persona(split, int(row), traits, liked) for row in chosen)


def _persona(split: HiddenSplit, row: int, traits: np.ndarray, liked: np.ndarray) -> Persona:
    visible, hidden = split.visible, split.hidden
    ids = visible.catalog_ids.ids
    ratings = visible.weights_of(row).tolist() if visible.has_ratings else None
    history: dict[str, float | None] = {}
    for place, item in enumerate(visible.history(row).tolist()):
        history.setdefault(ids[item], None if ratings is None else ratings[place])
    late = slice(hidden.offsets[row], hidden.offsets[row + 1])
    late_ids = [ids[item] for item in hidden.item_rows[late].tolist()]
    fresh = dict.fromkeys(item for item in late_ids if item not in history)
    likes = {item for item, good in zip(late_ids, liked[late].tolist(), strict=True) if good}
    user_id = visible.users.ids[row]
    activity, conformity, diversity, novelty = traits[row].tolist()
    return Persona(
        persona_id=f"p-{user_id}",
        user_id=user_id,
        history=tuple(history),
        ratings=tuple(history.values()),
        hidden_likes=tuple(item for item in fresh if item in likes),
        hidden_dislikes=tuple(item for item in fresh if item not in likes),
        traits=Traits(
            activity=activity, conformity=conformity, diversity=diversity, novelty=novelty
        ),
    )


def traits_of_users(catalog: Catalog, interactions: Interactions) -> np.ndarray:
    """Traits of every user as places among all users: (n_users, 4) float in 0..1, fields as in `Traits`.

    Activity is the number of events; conformity how near ratings are to the items' means (.5 for all where
    there are no ratings); diversity how many genres hold 80 % of the genre marks, ties by their entropy;
    novelty the mean of -log(share of users who took the item). Ties share their middle place.
    """
    n_users = interactions.n_users
    events = np.maximum(np.bincount(interactions.user_rows, minlength=n_users), 1)
    users, items = interactions.user_rows, interactions.item_rows
    distance = np.zeros(n_users)
    if interactions.has_ratings:
        off = np.abs(interactions.weights - interactions.item_mean_ratings[items])
        distance = np.bincount(users, weights=off, minlength=n_users) / events
    rarity = -np.log((interactions.item_counts[items] + 1) / (n_users + 1))
    novelty = np.bincount(users, weights=rarity, minlength=n_users) / events
    columns = (events, -distance, _genre_spread(catalog, interactions), novelty)
    return np.stack([_places(column) for column in columns], axis=1)


def _genre_spread(catalog: Catalog, interactions: Interactions) -> np.ndarray:
    """Genres to 80 % of a user's marks, plus entropy as a tie-break below 1; (n_users,)."""
    genres = catalog.genre_matrix
    if not genres.shape[1]:
        return np.zeros(interactions.n_users)
    marks = np.zeros((interactions.n_users, genres.shape[1]))
    for column in range(genres.shape[1]):
        held = genres[interactions.item_rows, column]
        marks[:, column] = np.bincount(
            interactions.user_rows, weights=held, minlength=interactions.n_users
        )
    shares = marks / np.maximum(marks.sum(axis=1, keepdims=True), 1)
    mass = np.cumsum(-np.sort(-shares, axis=1), axis=1)
    needed = (mass < _GENRE_MASS).sum(axis=1) + 1
    entropy = -(shares * np.log(np.maximum(shares, 1e-12))).sum(axis=1)
    return needed + entropy / (1 + np.log(genres.shape[1] + 1))


def _places(values: np.ndarray) -> np.ndarray:
    """Each value's place among all, 0..1; equal values share the middle of theirs."""
    ordered = np.sort(values)
    below = np.searchsorted(ordered, values, side="left")
    up_to = np.searchsorted(ordered, values, side="right")
    return (below + up_to) / (2 * len(values))
