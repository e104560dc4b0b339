"""What is known about a person, as markup: every preference with its date and source, to edit or delete."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

from agents import Preference

from ..render import one_line
from .icons import icon
from .prose import escape

_KINDS = (("like", "Like"), ("dislike", "Dislike"), ("must", "Always"), ("must_not", "Never"))
_SUBJECTS = {
    "item": "title",
    "genre": "genre",
    "person": "person",
    "year": "years",
    "tag": "tag",
}


def memory(preferences: Sequence[Preference], *, is_paused: bool) -> str:
    """All preferences in force, newest first, and below them the way to be forgotten."""
    newest_first = sorted(preferences, key=lambda one: one.created_at, reverse=True)
    rows = "".join(_row(preference) for preference in newest_first)
    return (
        '<section class="rp-memory"><h2>What I know about you</h2>'
        '<p class="rp-lead">Everything I remember from one conversation to the next, and where it came from. '
        "It stays in a file on this computer. Change or delete whatever you like.</p>"
        f"{_paused() if is_paused else ''}"
        f"{f'<ul class=rp-prefs>{rows}</ul>' if rows else _nothing()}"
        f"{_forget()}</section>"
    )


def _row(preference: Preference) -> str:
    key = escape(preference.preference_id)
    label = escape(one_line(preference.label, 120))
    shown = (
        f'<input class="rp-note" data-act="amend-note" data-preference="{key}" value="{label}" '
        f'maxlength="200" aria-label="Note">'
        if preference.subject == "note"
        else f"<strong>{label}</strong>"
    )
    return (
        f'<li class="rp-pref is-{preference.kind.replace("_", "-")}" data-preference="{key}">'
        f"{_kind(preference, key, label)}"
        f'<div class="rp-what">{shown}{_subject(preference)}'
        f"{_source(preference)}</div>"
        f'<button type="button" class="rp-mini rp-danger" data-act="drop" data-preference="{key}" '
        f'aria-label="Forget {label}" title="Forget this">{icon("trash")}</button></li>'
    )


def _kind(preference: Preference, key: str, label: str) -> str:
    """What they think of it, to change; a note is in their own words and has no such thing."""
    if preference.subject == "note":
        return '<span class="rp-kind">Note</span>'
    kinds = "".join(
        f'<option value="{kind}"{" selected" if kind == preference.kind else ""}>{name}</option>'
        for kind, name in _KINDS
    )
    return (
        f'<select data-act="amend" data-preference="{key}" '
        f'aria-label="What you think of {label}">{kinds}</select>'
    )


def _subject(preference: Preference) -> str:
    words = _SUBJECTS.get(preference.subject, "")
    return f"<small>{words}</small>" if words else ""


def _source(preference: Preference) -> str:
    moment = preference.created_at
    day = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone()
    when = f"{day.day} {day:%B %Y}, {day:%H:%M}"
    quote = one_line(preference.quote, 160)
    how = f"you said: “{escape(quote)}”" if quote else "you set it with a click"
    return f'<p class="rp-source">{how} · <time>{when}</time></p>'


def _paused() -> str:
    return (
        f'<p class="rp-notices rp-pausing">{icon("note")}<span>Learning is paused: '
        "nothing new is remembered until you switch it on again.</span></p>"
    )


def _nothing() -> str:
    return (
        '<p class="rp-none rp-nothing">Nothing yet. Press Like or Dislike on a card, or say something like '
        "“I can't stand musicals”.</p>"
    )


def _forget() -> str:
    return (
        '<details class="rp-forget"><summary>Forget me…</summary>'
        "<p>This deletes every conversation, every preference and every button you pressed, for good. "
        "There is no way back; export first if you want a copy.</p>"
        '<button type="button" class="rp-mini rp-danger rp-big" data-act="forget" '
        f'data-confirm="Yes, really">{icon("trash")}<span>Delete everything about me</span></button></details>'
    )
