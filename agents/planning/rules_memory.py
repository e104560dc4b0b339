"""What the rules do about memory: show what is noted, note more, forget."""

from __future__ import annotations

import re

from tools import ToolCall

from ..reasons import kind_words
from ..state import ALL_OF_SUBJECT, Preference
from ..understanding import Reading
from .base import Plan, TurnView

_MOST_FORGOTTEN = 6
_MOST_TOLD = 6
_MOST_SHOWN = 12
_POINTS_BACK = re.compile(r"\b(?:that|this|it)\W*$")
_STARTS = {"like": "you like", "dislike": "you don't like", "must": "always", "must_not": "never"}


def plan_memory(
    view: TurnView, reading: Reading, learned: tuple[Preference, ...], planner: str
) -> Plan:
    """The plan for "what do you know about me", "remember …", "forget …"."""
    going = _to_forget(view, reading)
    calls = tuple(
        ToolCall(tool="forget_preference", arguments={"subject": subject, "value": value})
        for subject, value in _slots(going)
    )
    say = {
        "profile": _profile_words(view.preferences),
        "remember": _noted_words(learned),
    }.get(reading.act) or _forgotten_words(view, reading, going)
    return Plan(
        planner=planner,
        intent="remember",
        summary={"profile": "Show what is noted", "remember": "Note something"}.get(
            reading.act, "Forget something"
        ),
        calls=calls,
        wish=reading.wish if reading.wish != view.state.wish else None,
        say=say,
        learned=learned,
        notices=reading.notices,
        suggestions=_suggestions(view, reading),
    )


def _to_forget(view: TurnView, reading: Reading) -> tuple[Preference, ...]:
    """What is named, or else the newest; "everything about horror" takes notes that speak of it too."""
    if reading.act not in ("forget", "forget_all") or not view.preferences:
        return ()
    if reading.forget:
        named = {(subject, value.casefold()) for subject, value in reading.forget}
        words = {value for _, value in named} if reading.act == "forget_all" else set()
        found = tuple(
            one
            for one in view.preferences
            if (one.subject, one.value.casefold()) in named or _speaks_of(one, words)
        )[:_MOST_FORGOTTEN]
        # "Forget that" points at what was said; only an item that was noted can be meant by it.
        if found or not _POINTS_BACK.search(view.text.casefold()):
            return found
    if reading.act == "forget_all":
        return view.preferences
    return (max(view.preferences, key=lambda preference: preference.created_at),)


def _speaks_of(preference: Preference, words: set[str]) -> bool:
    return preference.subject == "note" and any(
        word in preference.value.casefold() for word in words
    )


def _slots(going: tuple[Preference, ...]) -> tuple[tuple[str, str], ...]:
    """What to call forgetting for: each preference, or whole subjects when there are too many."""
    slots = tuple(dict.fromkeys((one.subject, one.value) for one in going))
    if len(slots) <= _MOST_FORGOTTEN:
        return slots
    return tuple((subject, ALL_OF_SUBJECT) for subject in dict.fromkeys(s for s, _ in slots))


def _forgotten_words(view: TurnView, reading: Reading, going: tuple[Preference, ...]) -> str:
    if not going:
        return "There is nothing of that kind in my notes, so there is nothing to forget."
    more = len(going) - _MOST_TOLD
    labels = "; ".join(_phrase(preference) for preference in going[:_MOST_TOLD])
    labels += f"; and {more} more" if more > 0 else ""
    if reading.act == "forget_all" and len(going) == len(view.preferences):
        return f"I'm forgetting all I had noted: {labels}."
    return f"I'm forgetting this: {labels}."


def _profile_words(preferences: tuple[Preference, ...]) -> str:
    if not preferences:
        return (
            "I have noted nothing about you so far. Tell me what you love or can't stand, "
            "and I'll keep it in mind."
        )
    lines = [f"- {_phrase(preference)}" for preference in preferences[:_MOST_SHOWN]]
    more = len(preferences) - _MOST_SHOWN
    tail = f"\n- and {more} more" if more > 0 else ""
    return (
        "This is what I have noted:\n"
        + "\n".join(lines)
        + f'{tail}\nSay "forget …" to drop any of it.'
    )


def _noted_words(learned: tuple[Preference, ...]) -> str:
    if not learned:
        return 'What should I remember? For example: "remember that I can\'t stand musicals".'
    return "I'll keep it in mind: " + "; ".join(_phrase(preference) for preference in learned) + "."


def _phrase(preference: Preference) -> str:
    if preference.subject == "note":
        return f'"{preference.label}"'
    about = kind_words(preference.value) if preference.subject == "genre" else preference.label
    return f"{_STARTS[preference.kind]} {about}"


def _suggestions(view: TurnView, reading: Reading) -> tuple[str, ...]:
    if reading.act == "profile" and view.preferences:
        return ("Recommend something for me", f"Forget {view.preferences[0].label}")
    return ("Recommend something for me", "What do you know about me?")
