"""One recommended item as a card: poster tile, facts, reason, evidence, and four buttons."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping

from agents import FeedbackKind, SlateItem

from ..render import evidence_chips, item_label, one_line
from .icons import icon
from .prose import escape

# Hues that people expect of a genre; any other word gets a stable hue of its own.
_HUES = {
    "action": 18,
    "adventure": 38,
    "animation": 190,
    "children": 45,
    "comedy": 32,
    "crime": 225,
    "documentary": 160,
    "drama": 262,
    "family": 45,
    "fantasy": 285,
    "film-noir": 240,
    "horror": 355,
    "musical": 320,
    "mystery": 250,
    "romance": 338,
    "sci-fi": 205,
    "thriller": 212,
    "war": 90,
    "western": 26,
}
_ARTICLES = {
    "the",
    "a",
    "an",
    "of",
    "by",
    "and",
    "in",
    "to",
    "for",
    "der",
    "die",
    "das",
    "le",
    "la",
    "les",
    "il",
    "el",
    "los",
}
_BUTTONS: tuple[tuple[FeedbackKind, str, str], ...] = (
    ("like", "Like", "I like it"),
    ("dislike", "Dislike", "Not for me: never show it again"),
    ("not_seen", "Not seen", "I have not seen it"),
)
_STATES = {
    "like": "You like this one.",
    "dislike": "Noted: you won't see this one again.",
    "not_seen": "Noted: you haven't seen it.",
}


def slate(
    items: tuple[SlateItem, ...],
    feedback: Mapping[str, FeedbackKind],
    title_of: Callable[[str], str | None],
) -> str:
    """The items as a grid of cards, in order; "" when there are none."""
    if not items:
        return ""
    cards = "".join(card(item, feedback.get(item.item_id), title_of) for item in items)
    return f'<ul class="rp-slate" aria-label="Recommendations">{cards}</ul>'


def card(item: SlateItem, given: FeedbackKind | None, title_of: Callable[[str], str | None]) -> str:
    """One card; `given` is the person's judgement so far."""
    label = escape(item_label(item))
    state = f'<p class="rp-state" role="status">{_STATES[given]}</p>' if given in _STATES else ""
    classes = "rp-card" + (f" is-{given.replace('_', '-')}" if given in _STATES else "")
    return (
        f'<li class="{classes}" data-item="{escape(item.item_id)}">'
        f"{_poster(item)}"
        '<div class="rp-body">'
        f'<h3 class="rp-title">{escape(one_line(item.title))}{_year(item)}</h3>'
        f"{_facts(item)}"
        f'<p class="rp-reason">{escape(one_line(item.reason, 320))}</p>'
        f"{_chips(item, title_of)}{state}"
        f'<div class="rp-acts" role="group" aria-label="Your view of {label}">'
        f"{''.join(_button(item, kind, text, hint, given) for kind, text, hint in _BUTTONS)}"
        f"{_why(item)}</div></div></li>"
    )


def hue(genres: tuple[str, ...]) -> int:
    """A hue in degrees for the first genre, the same on every machine and every day."""
    word = genres[0].lower() if genres else "other"
    known = next((degrees for name, degrees in _HUES.items() if word.startswith(name)), None)
    return known if known is not None else zlib.crc32(word.encode()) % 360


def initials(title: str) -> str:
    """One or two capitals that stand for a title: "The Usual Suspects" → "US"."""
    words = re.findall(r"[^\W_]+", title)
    telling = [word for word in words if word.lower() not in _ARTICLES] or words
    return "".join(word[0].upper() for word in telling[:2]) or "?"


def _year(item: SlateItem) -> str:
    return f' <span class="rp-year">{item.year}</span>' if item.year is not None else ""


def _poster(item: SlateItem) -> str:
    return (
        f'<div class="rp-poster" style="--hue:{hue(item.genres)}" aria-hidden="true">'
        f"<span>{escape(initials(item.title))}</span></div>"
    )


def _facts(item: SlateItem) -> str:
    genres = " · ".join(escape(one_line(genre, 30)) for genre in item.genres[:4])
    people = ", ".join(escape(one_line(person, 40)) for person in item.people[:3])
    lines = (f'<p class="rp-facts">{part}</p>' for part in (genres, people) if part)
    return "".join(lines)


def _chips(item: SlateItem, title_of: Callable[[str], str | None]) -> str:
    """Evidence as chips; the kind becomes a class so that it can be told apart."""
    chips = "".join(
        f'<li class="is-{chip.kind.replace("_", "-")}">{escape(chip.text)}</li>'
        for chip in evidence_chips(item.evidence, title_of)
    )
    return f'<ul class="rp-evidence" aria-label="Evidence">{chips}</ul>' if chips else ""


def _button(
    item: SlateItem, kind: FeedbackKind, text: str, hint: str, given: FeedbackKind | None
) -> str:
    pressed = given == kind
    wanted = "clear" if pressed else kind
    return (
        f'<button type="button" class="rp-act rp-{kind.replace("_", "-")}" data-act="judge" '
        f'data-item="{escape(item.item_id)}" data-kind="{wanted}" aria-pressed="{str(pressed).lower()}" '
        f'title="{hint}">{icon(kind)}<span>{text}</span></button>'
    )


def _why(item: SlateItem) -> str:
    question = escape(f"Why {item_label(item)}?")
    return (
        f'<button type="button" class="rp-act rp-why" data-act="say" data-text="{question}" '
        f'title="Ask why this was chosen">{icon("why")}<span>Why</span></button>'
    )
