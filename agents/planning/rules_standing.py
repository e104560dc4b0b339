"""Rules of long standing in a slate: what somebody said for good, unless tonight's wish says otherwise."""

from __future__ import annotations

from collections.abc import Sequence

from rec_core import Catalog

from ..reasons import kind_words
from ..state import Preference, Wish
from ..understanding import Reading
from .base import TurnView

_GENERAL_LIKING = 0.15
_OPEN_LIKING = 0.4


def long_term_weights(
    wish: Wish, preferences: Sequence[Preference], catalog: Catalog
) -> dict[str, float]:
    """The wish's soft pulls; genres liked for good pull a little, more when nothing else is said, and
    less the longer ago it was said.
    """
    is_open = not (wish.genres_all or wish.genres_any or wish.like_item_ids or wish.query)
    weights = dict(wish.genre_weights)
    for rule in preferences:
        if rule.kind == "like" and rule.subject == "genre" and rule.value in catalog.genres:
            liking = _OPEN_LIKING if is_open else _GENERAL_LIKING
            weights.setdefault(rule.value, round(liking * rule.confidence, 3))
    return {genre: weight for genre, weight in weights.items() if genre in catalog.genres}


def long_term_notice(reading: Reading, view: TurnView, catalog: Catalog) -> str:
    """Say "Leaving out Horror, as you told me", once per topic; "" when no rule shaped the slate."""
    if view.state.last_slate and reading.refined:
        return ""
    wish = reading.wish
    wanted = {name.casefold() for name in (*wish.genres_all, *wish.genres_any, *wish.people_all)}
    said = {name.casefold() for name in (*wish.genres_none, *wish.people_none)}
    left_out = [
        kind_words(rule.value) if rule.subject == "genre" else rule.label
        for rule in view.preferences
        if rule.kind in ("dislike", "must_not") and rule.subject in ("genre", "person")
        and rule.value.casefold() not in wanted | said
        and (rule.value in catalog.genres or rule.value in catalog.people)
    ]  # fmt: skip
    kept = [
        kind_words(r.value) if r.subject == "genre" else r.label
        for r in view.preferences
        if r.kind == "must" and r.subject in ("genre", "person", "year")
    ]
    parts = [f"leaving out {', '.join(left_out[:3])}"] if left_out else []
    parts += [f"keeping to {', '.join(kept[:2])}"] if kept else []
    text = " and ".join(parts)
    return f"{text[:1].upper()}{text[1:]}, as you told me." if text else ""
