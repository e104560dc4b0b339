"""Preferences on their way to the store: what a model's tools noted, checked against the person's words.

Nothing is saved from here; the commit of the turn takes what was collected.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import get_args
from uuid import NAMESPACE_URL, uuid5

from rec_core import Catalog

from ..state import ALL_OF_SUBJECT, Preference, PreferenceKind, PreferenceSubject

_LONGEST = 200
_WORD = re.compile(r"[^\W_]+")


class PreferenceDrafts:
    """Collects what remember_preference and forget_preference say in one turn.

    Args:
        text: The person's message; only what it says can be noted.
        turn_id: Makes ids that come out the same when the turn is resumed.
        catalog: For labels.
        existing: Preferences in force, for forgetting.
        clock: Gives the moment, with a zone.
    """

    def __init__(
        self,
        *,
        text: str,
        turn_id: str,
        catalog: Catalog,
        existing: Sequence[Preference],
        clock: Callable[[], datetime],
    ) -> None:
        self._words = _words(text)
        self._turn_id = turn_id
        self._catalog = catalog
        self._existing = tuple(existing)
        self._clock = clock
        self.learned: list[Preference] = []
        self.forgotten: list[str] = []

    def remember(self, *, kind: str, subject: str, value: str, quote: str) -> str:
        """Note a preference, if the quote stands in the person's own words."""
        if kind not in get_args(PreferenceKind) or subject not in get_args(PreferenceSubject):
            return "That is not a kind of preference that can be noted."
        quoted = _words(quote)
        if not quoted or quoted not in self._words:
            return "Not noted: the quote is not in what the person just said."
        label = self._label(subject, value)
        slot = f"{self._turn_id}/{kind}/{subject}/{value.casefold()}"
        preference = Preference(
            preference_id=uuid5(NAMESPACE_URL, slot).hex,
            kind=kind,  # type: ignore[arg-type]
            subject=subject,  # type: ignore[arg-type]
            value=value[:_LONGEST],
            label=label,
            quote=quote[:_LONGEST],
            source_turn_id=self._turn_id,
            confidence=0.9,
            created_at=self._clock(),
        )
        if all(one.preference_id != preference.preference_id for one in self.learned):
            self.learned.append(preference)
        return f"Will be noted when this turn ends: {kind} {label}."

    def forget(self, *, subject: str, value: str) -> str:
        """Take back what was noted about something."""
        key = value.casefold().strip()
        gone = [
            one
            for one in self._existing
            if one.subject == subject
            and key in (one.value.casefold(), one.label.casefold(), ALL_OF_SUBJECT)
        ]
        self.learned = [
            one for one in self.learned if (one.subject, one.value.casefold()) != (subject, key)
        ]
        if not gone:
            return "Nothing of that kind was noted."
        self.forgotten.extend(
            one.preference_id for one in gone if one.preference_id not in self.forgotten
        )
        return f"Will be forgotten when this turn ends: {', '.join(one.label for one in gone)}."

    def _label(self, subject: str, value: str) -> str:
        if subject == "item" and value in self._catalog:
            return self._catalog[value].label
        return value[:_LONGEST]


def _words(text: str) -> str:
    """Lower-case words, one space around each, for finding one text in another; "" without words."""
    words = _WORD.findall(text.casefold())
    return f" {' '.join(words)} " if words else ""
