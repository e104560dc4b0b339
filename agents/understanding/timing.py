"""From what was said about years to bounds: comparisons are measured against items and slates."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median_low

import numpy as np

from rec_core import Catalog

from ..state import ConversationState
from .merging import YearChange
from .reading import Mention
from .years import OLD_UNTIL, RECENT_SPAN, YearReading

_NO_CHANGE = YearChange()


def catalog_span(catalog: Catalog) -> tuple[int, int]:
    """First and last known year of the catalog; (0, 0) when no item has one."""
    known = catalog.years[catalog.years > 0]
    return (int(known.min()), int(known.max())) if known.size else (0, 0)


def year_change(
    years: YearReading, mentions: Sequence[Mention], state: ConversationState, catalog: Catalog
) -> tuple[YearChange, tuple[str, ...]]:
    """The bounds that the message sets, and what must be told about how it was taken."""
    if years.cleared:
        return YearChange(clears=True), ()
    if years.relative is not None:
        return _relative(years, mentions, state, catalog)
    if years.outside != (None, None) and not years.bounded:
        return _outside(years, catalog)
    low, high = years.year_min, years.year_max
    if low is not None and high is not None and low > high:
        return _NO_CHANGE, (
            f"Nothing can be from {low} or later and from {high} or earlier, so I left the years open.",
        )
    if not years.bounded:
        return _NO_CHANGE, ()
    return YearChange(year_min=low, year_max=high), _guess_told(years, catalog)


def _guess_told(years: YearReading, catalog: Catalog) -> tuple[str, ...]:
    if not years.said:
        return ()
    if years.year_min is not None:
        newest = catalog_span(catalog)[1]
        return (
            f'I took "{years.said}" as {years.year_min} or later; the newest here is from {newest}.',
        )
    return (f'I took "{years.said}" as {years.year_max} or earlier.',)


def _relative(
    years: YearReading, mentions: Sequence[Mention], state: ConversationState, catalog: Catalog
) -> tuple[YearChange, tuple[str, ...]]:
    named = _year_of_mention(years, mentions, catalog)
    year = named or _year_of_slate(state, catalog)
    oldest, newest = catalog_span(catalog)
    if years.relative in ("same_year", "same_decade"):
        if year is None:
            return _NO_CHANGE, ()
        low = year if years.relative == "same_year" else year // 10 * 10
        high = year if years.relative == "same_year" else low + 9
        return YearChange(year_min=low, year_max=high), ()
    if years.relative == "newer":
        low = year + 1 if year is not None else newest - RECENT_SPAN
        low = low if named else min(low, newest - 1)
        high = state.wish.year_max
        kept = high if high is not None and high >= low + 2 else None
        told = f"Newer: from {low} on." if named is None else ""
        return YearChange(year_min=low, year_max=kept, clears=True), (told,) if told else ()
    high = year - 1 if year is not None else min(OLD_UNTIL, newest)
    high = high if named else max(high, oldest + 1)
    low = state.wish.year_min
    kept = low if low is not None and low <= high - 2 else None
    told = f"Older: up to {high}." if named is None else ""
    return YearChange(year_min=kept, year_max=high, clears=True), (told,) if told else ()


def _year_of_mention(
    years: YearReading, mentions: Sequence[Mention], catalog: Catalog
) -> int | None:
    after = [
        m
        for m in mentions
        if m.role == "than" or (m.start >= years.position and m.start - years.position < 12)
    ]
    for mention in after:
        known = [year for i in mention.item_ids if (year := catalog[i].year) is not None]
        if known:
            return max(known) if years.relative == "newer" else min(known)
    return None


def _year_of_slate(state: ConversationState, catalog: Catalog) -> int | None:
    known = [
        year for i in state.last_slate if i in catalog and (year := catalog[i].year) is not None
    ]
    return median_low(known) if known else None


def _outside(years: YearReading, catalog: Catalog) -> tuple[YearChange, tuple[str, ...]]:
    """Bounds cannot leave out a stretch in the middle: keep the side that has more items."""
    first, last = years.outside
    if first is None or last is None:
        return _NO_CHANGE, ()
    known = catalog.years[catalog.years > 0]
    later, earlier = int(np.sum(known > last)), int(np.sum(known < first))
    if later >= earlier:
        return YearChange(year_min=last + 1), (
            f"Leaving those years out, I looked at {last + 1} or later.",
        )
    return YearChange(year_max=first - 1), (
        f"Leaving those years out, I looked at {first - 1} or earlier.",
    )
