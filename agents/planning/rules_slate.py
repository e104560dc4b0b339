"""How the rules choose a slate: what is asked of the core, and what is relaxed when too little fits.

**Order of relaxing**, one step a round, each on top of the ones before: people; "all of these genres"
becomes "any of them"; the years widened by five; the years dropped. A step that would let no new item in is
skipped unless a later one needs it. Never relaxed: anything with "not", what is disliked or refused, rules of long standing, a
single genre, and "for kids". Items that fit everything come first, then those that miss least of the wish, and the
person is told what was let go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rec_core import Catalog, Item, ItemFilter, Recommender
from tools import ToolCall

from ..answering import DIRECTING, showable
from ..asking import POOL, Question, best_question, may_ask
from ..constraints import conditions_of
from ..errors import PlannerFailed
from ..reasons import genre_words, joined
from ..state import Preference, Wish
from ..understanding import Reading
from ..understanding.makers import credits_of
from ..understanding.series import SeriesIndex
from .base import Plan, ToolOutcome, TurnView
from .rules_standing import long_term_notice, long_term_weights
from .rules_words import (
    mood_notice,
    next_steps,
    notices_of,
    relaxed_notice,
    slate_words,
    summary_of,
)

DEFAULT_COUNT = 6
ENOUGH_BY_DEFAULT = 3
WIDENED_YEARS = 5
MOST_ITEMS = 10
_SPARE = 4
_WIDENED = "also looked at"
_STILL_WANTED = 0.7
AUDIENCES = frozenset(("Children", "Family", "Kids"))
_MOST_EXCLUDED = 100
_PLANNER = "rules"


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One question to the core.

    Attributes:
        item_filter: The hard part asked for.
        relaxed: Wish fields not held to.
        told: What was let go, as phrases that follow "I".
    """

    item_filter: ItemFilter
    relaxed: tuple[str, ...] = ()
    told: tuple[str, ...] = ()


class SlatePlanner:
    """Plans the rounds that end in a slate.

    Args:
        recommender: Only its catalog is asked here; items come through the tools.
    """

    def __init__(self, recommender: Recommender) -> None:
        self._catalog = recommender.catalog
        self._series = SeriesIndex(recommender.catalog)

    def plan(self, view: TurnView, reading: Reading, learned: tuple[Preference, ...]) -> Plan:
        """Ask, relax or present, whichever is next.

        Raises:
            PlannerFailed: when every call for items was refused.
        """
        attempts = self.attempts(reading.wish, view.preferences)
        done = [outcome for outcome in view.outcomes if outcome.call.tool == "recommend"]
        if done and all(outcome.result is None for outcome in done):
            raise PlannerFailed("the recommender did not accept the request")
        wanted = wanted_count(reading)
        found = self._found(done, reading.wish)[:wanted]
        n_full = len(self._found(done[:1], reading.wish)[:wanted])
        if done and (len(found) >= _enough(reading, wanted) or len(done) >= len(attempts)):
            return self._present(view, reading, learned, attempts[len(done) - 1], found, n_full)
        attempt = attempts[len(done)]
        return Plan(
            planner=_PLANNER,
            intent=reading.intent,
            summary=summary_of(reading, self._catalog),
            calls=(self._recommend(reading, view, attempt, wanted),),
            wish=reading.wish,
            # Opinions in the message count for this very ranking.
            learned=learned,
            rejected_item_ids=tuple(dict.fromkeys(reading.disliked_item_ids)),
            seen_item_ids=reading.seen_item_ids,
            final=False,
        )

    def attempts(self, wish: Wish, preferences: Sequence[Preference]) -> tuple[Attempt, ...]:
        """The full wish, then each relaxation that lets something new in.

        A step that alone lets nothing in waits: it is taken together with a later one if only
        both together help.
        """
        done = [Attempt(item_filter=conditions_of(wish, preferences).item_filter)]
        waiting = done[0]
        for step in (self._without_people, self._any_genre, self._wider_years, self._any_year):
            alone, together = step(done[-1], wish), step(waiting, wish)
            if alone is None or together is None:
                continue
            waiting = together
            better = next(
                (a for a in (alone, together) if self._size(a) > self._size(done[-1])), None
            )
            if better is not None:
                done.append(better)
                waiting = better
        return tuple(done)

    def _size(self, attempt: Attempt) -> int:
        return int(np.count_nonzero(self._catalog.mask(attempt.item_filter)))

    def _without_people(self, last: Attempt, wish: Wish) -> Attempt | None:
        if not wish.people_all:
            return None
        kept = tuple(p for p in last.item_filter.people_all if p not in wish.people_all)
        return Attempt(
            item_filter=replace(last.item_filter, people_all=kept),
            relaxed=(*last.relaxed, "people_all"),
            told=(*last.told, f"did not insist on {joined(wish.people_all)}"),
        )

    def _any_genre(self, last: Attempt, wish: Wish) -> Attempt | None:
        loose = tuple(genre for genre in wish.genres_all if genre not in AUDIENCES)
        if len(wish.genres_all) < 2 or not loose:
            return None
        kept = tuple(g for g in last.item_filter.genres_all if g not in loose)
        any_of = tuple(dict.fromkeys((*loose, *wish.genres_any)))
        if len(any_of) == 1:  # "funny" and "for kids": what is left is for kids
            any_of = wish.genres_any
        told = f"settled for {joined([genre_words([g]) for g in any_of], last='or')}"
        if not any_of:
            told = f"did not insist on {genre_words(loose)}"
        return Attempt(
            item_filter=replace(last.item_filter, genres_all=kept, genres_any=any_of),
            relaxed=(*last.relaxed, "genres_all", *(["genres_any"] if wish.genres_any else [])),
            told=(*last.told, told),
        )

    def _wider_years(self, last: Attempt, wish: Wish) -> Attempt | None:
        if wish.year_min is None and wish.year_max is None:
            return None
        oldest, newest = _span(self._catalog)
        low = None if wish.year_min is None else min(wish.year_min, newest) - WIDENED_YEARS
        high = None if wish.year_max is None else max(wish.year_max, oldest) + WIDENED_YEARS
        return Attempt(
            item_filter=replace(last.item_filter, year_min=low, year_max=high),
            relaxed=(*last.relaxed, *_year_fields(wish)),
            told=(*last.told, f"{_WIDENED} {_years(low, high)}"),
        )

    def _any_year(self, last: Attempt, wish: Wish) -> Attempt | None:
        if wish.year_min is None and wish.year_max is None:
            return None
        told = [words for words in last.told if not words.startswith(_WIDENED)]
        return Attempt(
            item_filter=replace(last.item_filter, year_min=None, year_max=None),
            relaxed=tuple(dict.fromkeys((*last.relaxed, *_year_fields(wish)))),
            told=(*told, "looked at any year"),
        )

    def _refused_series(self, reading: Reading, view: TurnView) -> list[str]:
        """The rest of each series that was refused by name: "not Star Trek" means all of them.

        A film that was shown and refused stands for itself alone.
        """
        refused = dict.fromkeys((*reading.disliked_item_ids, *view.state.rejected_item_ids))
        unseen = (i for i in refused if i in self._catalog and i not in view.state.shown_item_ids)
        wanted = set(reading.wish.like_item_ids)
        return [i for one in unseen for i in self._series.of(one) if i not in wanted]

    def _acted_only(self, wish: Wish) -> list[str]:
        """What somebody only acts in who is wanted as a director; a wish holds no roles but in its notes."""
        names = [p for p in wish.people_all if f"{p}{DIRECTING}" in wish.notes]
        return [item_id for name in names for item_id in credits_of(name, self._catalog)[1]]

    def _recommend(
        self, reading: Reading, view: TurnView, attempt: Attempt, wanted: int
    ) -> ToolCall:
        wish = reading.wish
        weights = long_term_weights(wish, view.preferences, self._catalog)
        if "genres_all" in attempt.relaxed:
            weights |= dict.fromkeys(wish.genres_all, _STILL_WANTED)
        exclude = [*reading.disliked_item_ids, *reading.seen_item_ids, *reading.liked_item_ids]
        exclude += [
            i for i in (*wish.unlike_item_ids, *view.state.seen_item_ids) if i in self._catalog
        ]
        exclude += self._refused_series(reading, view)
        exclude = [
            *exclude[: _MOST_EXCLUDED // 2],
            *self._acted_only(wish),
            *exclude[_MOST_EXCLUDED // 2 :],
        ]
        arguments: dict[str, object] = {
            "query": wish.query[:400],
            "like": [i for i in wish.like_item_ids if i in self._catalog],
            "avoid": wish.avoid[:400],
            "genre_weights": self._pushed_away(weights, wish),
            "filter": _filter_arguments(attempt.item_filter),
            "exclude": list(dict.fromkeys(exclude))[:_MOST_EXCLUDED],
        }
        kept = {name: value for name, value in arguments.items() if value}
        kept["k"] = POOL if _is_open(reading, view) else wanted + _SPARE
        if may_repeat(reading):
            kept["include_shown"] = True
        return ToolCall(tool="recommend", arguments=kept)

    def _pushed_away(self, weights: dict[str, float], wish: Wish) -> dict[str, float]:
        """For "not like Titanic", push its kind away too, except for what else is wanted."""
        wanted = {*wish.genres_all, *wish.genres_any}
        wanted |= {
            g for i in wish.like_item_ids if i in self._catalog for g in self._catalog[i].genres
        }
        pushed = dict(weights)
        for item_id in wish.unlike_item_ids:
            genres = self._catalog[item_id].genres if item_id in self._catalog else ()
            for genre in genres:
                if genre not in wanted:
                    pushed[genre] = max(-1.0, pushed.get(genre, 0.0) - 0.4)
        return pushed

    def _found(self, done: Sequence[ToolOutcome], wish: Wish) -> list[str]:
        """Item ids over all rounds: those that miss least of the wish first, ties in the core's order."""
        found = [
            candidate.item_id
            for outcome in done
            if outcome.result is not None
            for candidate in outcome.result.items
            if candidate.item_id in self._catalog
        ]
        shown = showable(found, self._catalog)
        return sorted(shown, key=lambda item_id: _missed(self._catalog[item_id], wish))

    def _present(
        self,
        view: TurnView,
        reading: Reading,
        learned: tuple[Preference, ...],
        attempt: Attempt,
        found: list[str],
        n_full: int,
    ) -> Plan:
        relaxed = attempt.relaxed if n_full < len(found) else ()
        notices = [*notices_of(reading, self._catalog, view)]
        if told := long_term_notice(reading, view, self._catalog):
            notices.append(told)
        if told := mood_notice(reading, view, self._catalog):
            notices.append(told)
        if told := relaxed_notice(reading, attempt.told, n_full, len(found), wanted_count(reading)):
            notices.append(told)
        calls = (ToolCall(tool="present_slate", arguments={"item_ids": found}),) if found else ()
        say = slate_words(reading, view, self._catalog, len(found))
        question = self._question(view, reading) if found and not relaxed else None
        say = f"{say} {question.text}" if say and question else say
        steps = next_steps(reading, self._catalog, shown=found)
        return Plan(
            planner=_PLANNER,
            intent=reading.intent if found or reading.intent != "feedback" else "more",
            summary=summary_of(reading, self._catalog),
            calls=calls,
            wish=reading.wish,
            say=say,
            learned=learned,
            rejected_item_ids=tuple(dict.fromkeys(reading.disliked_item_ids)),
            seen_item_ids=reading.seen_item_ids,
            notices=tuple(dict.fromkeys(notices)),
            suggestions=question.answers if question else steps,
            relaxed=relaxed,
            focus_item_id=found[0] if found else None,
            asks=question is not None,
            asks_about=question.attribute if question else "",
        )

    def _question(self, view: TurnView, reading: Reading) -> Question | None:
        """What to ask beside showing a slate, if an answer is worth it."""
        if not _is_open(reading, view):
            return None
        pool = next((one.result.items for one in view.outcomes if one.result is not None), ())
        return best_question(pool, self._catalog, reading.wish, asked_about=view.state.asked_about)


def wanted_count(reading: Reading) -> int:
    """How many items this slate should have."""
    return min(reading.count or reading.wish.count or DEFAULT_COUNT, MOST_ITEMS)


def may_repeat(reading: Reading) -> bool:
    """A refined wish may show again what fits it; "more", opinions and open wishes bring new items."""
    return reading.act == "wish"


def _is_open(reading: Reading, view: TurnView) -> bool:
    """Whether this message leaves so much open that a question may help."""
    asks_for_items = reading.act in ("open", "wish", "start_over") and reading.count is None
    return asks_for_items and may_ask(reading.wish, view.state)


def _enough(reading: Reading, wanted: int) -> int:
    stated = reading.count is not None or reading.wish.count is not None
    return wanted if stated else ENOUGH_BY_DEFAULT


def _filter_arguments(item_filter: ItemFilter) -> dict[str, object]:
    fields = (
        "year_min", "year_max", "genres_all", "genres_any", "genres_none", "people_all", "people_none",
    )  # fmt: skip
    values = {name: getattr(item_filter, name) for name in fields}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in values.items()
        if value not in (None, ())
    }


def _year_fields(wish: Wish) -> tuple[str, ...]:
    return tuple(name for name in ("year_min", "year_max") if getattr(wish, name) is not None)


def _years(low: int | None, high: int | None) -> str:
    if low is None:
        return f"{high} or earlier"
    return f"{low} or later" if high is None else f"{low} to {high}"


def _missed(item: Item, wish: Wish) -> float:
    """How much of the hard wish an item misses: each genre and person 1, and every five years 1."""
    missed = sum(genre not in item.genres for genre in wish.genres_all)
    missed += bool(wish.genres_any) and not set(wish.genres_any) & set(item.genres)
    missed += sum(person not in item.people for person in wish.people_all)
    if wish.year_min is None and wish.year_max is None:
        return missed
    if item.year is None:
        return missed + 1
    early = 0 if wish.year_min is None else max(0, wish.year_min - item.year)
    late = 0 if wish.year_max is None else max(0, item.year - wish.year_max)
    return missed + (early + late) / WIDENED_YEARS


def _span(catalog: Catalog) -> tuple[int, int]:
    known = catalog.years[catalog.years > 0]
    return (int(known.min()), int(known.max())) if known.size else (0, 0)
