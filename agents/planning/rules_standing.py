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
    """Say "Leaving out Horror, as you told me", once per topic; "" when no rule shaped the slate.

    What is asked for now outranks a rule; that it does is said, too.
    """
    if view.state.last_slate and reading.refined:
        return ""
    wish = reading.wish
    wanted = {name.casefold() for name in (*wish.genres_all, *wish.genres_any, *wish.people_all)}
    said = {name.casefold() for name in (*wish.genres_none, *wish.people_none)}
    against = [
        rule for rule in view.preferences
        if rule.kind in ("dislike", "must_not") and rule.subject in ("genre", "person")
        and (rule.value in catalog.genres or rule.value in catalog.people)
    ]  # fmt: skip
    left_out = [_name(rule) for rule in against if rule.value.casefold() not in wanted | said]
    kept = [
        _name(rule)
        for rule in view.preferences
        if rule.kind == "must" and rule.subject in ("genre", "person", "year")
    ]
    parts = [f"leaving out {', '.join(left_out[:3])}"] if left_out else []
    parts += [f"keeping to {', '.join(kept[:2])}"] if kept else []
    text = " and ".join(parts)
    shaped = f"{text[:1].upper()}{text[1:]}, as you told me." if text else ""
    return f"{_outranked([r for r in against if r.value.casefold() in wanted])} {shaped}".strip()


def _outranked(rules: Sequence[Preference]) -> str:
    """That something is shown against what was said for good: "You told me "never horror"; …"."""
    if not rules:
        return ""
    told = " and ".join(
        f"{'never' if rule.kind == 'must_not' else 'no'} {_name(rule)}" for rule in rules[:2]
    )
    return f'You once told me "{told}"; I went by what you ask for now.'


def _name(rule: Preference) -> str:
    return kind_words(rule.value) if rule.subject == "genre" else rule.label
