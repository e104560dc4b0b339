"""What the rules do about memory: show what is noted, note more, forget."""

from __future__ import annotations

from tools import ToolCall

from ..reasons import kind_words
from ..state import Preference
from ..understanding import Reading
from .base import Plan, TurnView

_MOST_FORGOTTEN = 6
_MOST_SHOWN = 12
_STARTS = {"like": "you like", "dislike": "you don't like", "must": "always", "must_not": "never"}


def plan_memory(
    view: TurnView, reading: Reading, learned: tuple[Preference, ...], planner: str
) -> Plan:
    """The plan for "what do you know about me", "remember …", "forget …"."""
    going = _to_forget(view, reading)
    calls = tuple(
        ToolCall(tool="forget_preference", arguments={"subject": p.subject, "value": p.value})
        for p in going
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
    """Newest first when nothing is named; at most as many as one message may call for."""
    if reading.act == "forget_all":
        return view.preferences[:_MOST_FORGOTTEN]
    if reading.act != "forget" or not view.preferences:
        return ()
    if reading.forget:
        named = {(subject, value.casefold()) for subject, value in reading.forget}
        return tuple(p for p in view.preferences if (p.subject, p.value.casefold()) in named)[
            :_MOST_FORGOTTEN
        ]
    return (max(view.preferences, key=lambda preference: preference.created_at),)


def _forgotten_words(view: TurnView, reading: Reading, going: tuple[Preference, ...]) -> str:
    if not going:
        return "There is nothing of that kind in my notes, so there is nothing to forget."
    labels = "; ".join(_phrase(preference) for preference in going)
    left = len(view.preferences) - len(going)
    if reading.act == "forget_all" and left:
        return f"I'm forgetting the first {len(going)} of my notes: {labels}. Say it again for the other {left}."
    if reading.act == "forget_all":
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
