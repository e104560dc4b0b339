"""Typed events → what a screen shows. Pure, and shared by the page, the terminal and the demo.

All text is untrusted (titles, people's words, a model's words): `clean` takes out what could steer a
terminal or reorder a line; markup characters are the screen's own business.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from agents import (
    Evidence,
    EvidenceKind,
    Grounded,
    PlanMade,
    SlateItem,
    SlateReady,
    TextDelta,
    ToolFinished,
    ToolStarted,
    TurnEvent,
    TurnFinished,
    TurnResult,
    TurnStarted,
    Usage,
)

_DOING = {
    "search_items": ("Searching the catalog", "Searched the catalog"),
    "recommend": ("Picking films for you", "Picked films for you"),
    "similar_items": ("Looking for similar ones", "Looked for similar ones"),
    "rank_candidates": ("Ranking the candidates", "Ranked the candidates"),
    "item_details": ("Looking it up", "Looked it up"),
    "compare_items": ("Comparing", "Compared"),
    "why_recommended": ("Checking the reasons", "Checked the reasons"),
    "remember_preference": ("Noting what you said", "Noted what you said"),
    "forget_preference": ("Forgetting it", "Forgot it"),
    "present_slate": ("Putting the list together", "Put the list together"),
}
_PLANNERS = {
    "rules": "built-in rules",
    "structured": "small model and rules",
    "tool_calling": "language model",
}
_LEADS: dict[EvidenceKind, str] = {
    "field": "",
    "request": "you asked for",
    "liked_item": "you liked",
    "seed_item": "like",
    "preference": "your taste",
    "popularity": "",
}
_ABOUT_ITEMS = {"liked_item", "seed_item"}
_RELATIONS = {
    "viewers": "{value} of its viewers",
    "lift": "{value}× as often with its viewers",
    "influence": "{value} of the match",
    "year": "same years",
}
_KEEP = {"\n", "\t"}


@dataclass(frozen=True, kw_only=True)
class Step:
    """One line of the accordion. `done` False while it runs; `ok` False when it failed."""

    title: str
    detail: str = ""
    done: bool = False
    ok: bool = True
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class TurnProgress:
    """A turn as far as it has come. `result` is set when it is committed."""

    turn_id: str = ""
    question: str = ""
    steps: tuple[Step, ...] = ()
    text: str = ""
    items: tuple[SlateItem, ...] = ()
    notices: tuple[str, ...] = ()
    result: TurnResult | None = None


def advance(progress: TurnProgress, event: TurnEvent) -> TurnProgress:
    """The progress after one more event; the given one stays as it is."""
    match event:
        case TurnStarted():
            return replace(progress, turn_id=event.turn_id, question=event.text)
        case PlanMade():
            plan = Step(title="Understood", detail=one_line(event.summary), done=True)
            # A planner that looks at results plans again; the same understanding is said once.
            known = plan in progress.steps
            return progress if known else replace(progress, steps=(*progress.steps, plan))
        case ToolStarted():
            step = Step(title=_phrase(event.tool, done=False))
            return replace(progress, steps=(*progress.steps, step))
        case ToolFinished():
            return replace(progress, steps=_finish(progress.steps, event))
        case Grounded():
            return replace(progress, steps=(*progress.steps, *_grounding_steps(event)))
        case TextDelta():
            return replace(progress, text=progress.text + event.text)
        case SlateReady():
            return replace(progress, items=event.items)
        case TurnFinished():
            result = event.result
            return replace(
                progress,
                text=result.text,
                items=result.items,
                notices=result.notices,
                result=result,
            )


def follow(events: Iterable[TurnEvent]) -> TurnProgress:
    """The progress after all events."""
    progress = TurnProgress()
    for event in events:
        progress = advance(progress, event)
    return progress


def clean(text: str) -> str:
    """The text without control, formatting (bidi, zero-width) and private characters."""
    return "".join(
        character
        for character in text
        if character in _KEEP or not unicodedata.category(character).startswith("C")
    )


def one_line(text: str, limit: int = 200) -> str:
    """Cleaned, white space folded, cut at `limit` characters with an ellipsis."""
    folded = " ".join(clean(text).split())
    return folded if len(folded) <= limit else folded[: limit - 1].rstrip() + "…"


def item_label(item: SlateItem) -> str:
    """Title and year as people write them: "Heat (1995)"."""
    title = one_line(item.title)
    return f"{title} ({item.year})" if item.year is not None else title


@dataclass(frozen=True, kw_only=True)
class Chip:
    """A few words of evidence; `kind` says where they can be looked up."""

    kind: EvidenceKind
    text: str


def evidence_chips(
    evidence: Iterable[Evidence], title_of: Callable[[str], str | None]
) -> tuple[Chip, ...]:
    """One chip for each source of evidence: "like Heat: Crime, Thriller, 58% of its viewers".

    Sources keep the order in which they first appear, and so do the values of each. `title_of`
    maps an item id to its title in the catalog, or to None; evidence about unknown items is left out.
    """
    values: dict[tuple[EvidenceKind, str], list[str]] = {}
    for one in evidence:
        about = one_line(title_of(one.item_id) or "", 40) if one.item_id else ""
        if one.kind in _ABOUT_ITEMS and not about:
            continue
        words = _evidence_words(one)
        known = values.setdefault((one.kind, about), [])
        if words and words not in known:
            known.append(words)
    chips = (
        Chip(kind=kind, text=_chip_text(kind, about, words))
        for (kind, about), words in values.items()
    )
    return tuple(chip for chip in chips if chip.text)


def noted(label: str) -> str:
    """How a preference that was saved with a turn is confirmed."""
    words = one_line(label, 160)
    if words.startswith("You "):
        words = f"you {words[4:]}"
    return f"Remembered: {words}"


def planner_label(planner: str) -> str:
    """How a planner is called in front of people."""
    return _PLANNERS.get(planner, one_line(planner, 30))


def usage_label(planner: str, usage: Usage) -> str:
    """The small line under an answer: planner, model calls, seconds."""
    calls = "1 model call" if usage.model_calls == 1 else f"{usage.model_calls} model calls"
    parts = [planner_label(planner), calls, f"{usage.seconds:.1f} s"]
    if usage.tokens:
        parts.insert(2, f"{usage.tokens:,} tokens")
    if usage.usd:
        parts.append(f"${usage.usd:.4f}")
    return " · ".join(parts)


def _evidence_words(evidence: Evidence) -> str:
    value = one_line(evidence.value, 40)
    if evidence.field == "influence" and value == "100%":
        return ""
    if evidence.kind == "popularity":
        return f"rated {value}" if evidence.field == "rating" else "among the most rated"
    if evidence.kind in _ABOUT_ITEMS and evidence.field in _RELATIONS:
        return _RELATIONS[evidence.field].format(value=value)
    return value


def _chip_text(kind: EvidenceKind, about: str, words: list[str]) -> str:
    listed = ", ".join(words[:4])
    lead = _LEADS[kind]
    if kind in _ABOUT_ITEMS:
        return f"{lead} {about}: {listed}" if listed else f"{lead} {about}"
    if not listed:
        return ""
    return f"{lead}: {listed}" if lead else listed


def _phrase(tool: str, *, done: bool) -> str:
    known = _DOING.get(tool)
    if known is not None:
        return known[1 if done else 0]
    name = one_line(tool, 40).replace("_", " ")
    return f"Did: {name}" if done else f"Doing: {name}"


def _finish(steps: tuple[Step, ...], event: ToolFinished) -> tuple[Step, ...]:
    """Close the oldest open step of that tool; parallel calls may end in any order."""
    ended = Step(
        title=_phrase(event.tool, done=True),
        detail=one_line(event.summary),
        done=True,
        ok=event.ok,
        seconds=event.seconds,
    )
    pending = _phrase(event.tool, done=False)
    for position, step in enumerate(steps):
        if not step.done and step.title == pending:
            return (*steps[:position], ended, *steps[position + 1 :])
    return (*steps, ended)


def _grounding_steps(event: Grounded) -> tuple[Step, ...]:
    if not event.cut and not event.notices:
        return ()
    detail = "; ".join(one_line(part, 120) for part in (*event.notices, *event.cut))
    return (Step(title="Checked against the catalog", detail=detail, done=True),)
