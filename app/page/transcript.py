"""The conversation as markup: what was said, how the answer came about, the answer, the cards."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from agents import FeedbackKind, TurnRecord

from ..render import Step, TurnProgress, noted, one_line, usage_label
from .cards import slate
from .icons import icon
from .prose import escape, prose

EXAMPLES: tuple[tuple[str, str], ...] = (
    ("Like a film you love", "Something like Heat but less violent, from the 90s"),
    ("For a family evening", "A funny film for kids from the eighties, not animated"),
    ("By mood and genre", "A thoughtful science fiction film, nothing with aliens"),
    ("Tell me about you", "I love Fargo and Pulp Fiction, but I can't stand musicals"),
)


@dataclass(frozen=True, kw_only=True)
class View:
    """What rendering needs to know beside the turns.

    Attributes:
        feedback: The person's judgement by item id.
        title_of: Item id to its label, None for ids that the catalog does not have.
        steps: Accordion lines by turn id; turns of an earlier start have none.
    """

    feedback: Mapping[str, FeedbackKind]
    title_of: Callable[[str], str | None]
    steps: Mapping[str, Sequence[Step]] = field(default_factory=dict)


def transcript(conversation_id: str, turns: Sequence[TurnRecord], view: View) -> str:
    """All committed turns; the greeting with examples when there are none yet."""
    last = len(turns) - 1
    body = "".join(
        turn(progress_of(record, view), view, is_last=position == last)
        for position, record in enumerate(turns)
    )
    return (
        f'<div class="rp-turns" data-conversation="{escape(conversation_id)}">'
        f"{body or greeting()}</div>"
    )


def progress_of(record: TurnRecord, view: View) -> TurnProgress:
    """A stored turn in the shape of one that has just ended."""
    return TurnProgress(
        turn_id=record.turn_id,
        question=record.text,
        steps=tuple(view.steps.get(record.turn_id, ())),
        text=record.result.text,
        items=record.result.items,
        notices=record.result.notices,
        result=record.result,
    )


def turn(progress: TurnProgress, view: View, *, is_last: bool) -> str:
    """One turn, running or ended. Retry, undo and suggestions belong to the last one alone."""
    ended = progress.result is not None
    parts = [
        _steps(progress.steps, ended=ended),
        f'<div class="rp-prose">{prose(progress.text)}</div>' if progress.text else "",
        _notices(progress.notices, progress.text),
        slate(progress.items, view.feedback, view.title_of),
        _ending(progress, is_last=is_last),
    ]
    busy = "" if ended else ' aria-busy="true"'
    return (
        f'<section class="rp-turn" data-turn="{escape(progress.turn_id)}">'
        f'<div class="rp-said"><p>{_said(progress.question)}</p></div>'
        f'<div class="rp-answer"{busy}>{"".join(parts)}</div></section>'
    )


def trouble(question: str, problem: str, remedy: str) -> str:
    """A turn that did not come to an answer: what was said, what went wrong, what to do."""
    again = escape(question)
    return (
        '<section class="rp-turn rp-failed">'
        f'<div class="rp-said"><p>{_said(question)}</p></div>'
        f'<div class="rp-answer"><div class="rp-trouble" role="alert"><strong>{escape(problem)}</strong>'
        f"<p>{escape(remedy)}</p>"
        f'<button type="button" class="rp-chip" data-act="say" data-text="{again}">'
        "Try again</button></div></div></section>"
    )


def greeting() -> str:
    """The empty page: what this is, and four things to click."""
    cards = "".join(
        f'<button type="button" class="rp-example" data-act="say" data-text="{escape(text)}">'
        f"<strong>{escape(head)}</strong><span>{escape(text)}</span></button>"
        for head, text in EXAMPLES
    )
    return (
        f'<section class="rp-hello"><div class="rp-mark">{icon("spark")}</div>'
        "<h1>What would you like to watch?</h1>"
        "<p>Say it in your own words: a film you love, a mood, a decade, what to leave out. "
        "I answer from the catalog only, and I tell you why.</p>"
        f'<div class="rp-examples">{cards}</div></section>'
    )


def _said(text: str) -> str:
    return escape(text.strip()).replace("\n", "<br>")


def _steps(steps: Sequence[Step], *, ended: bool) -> str:
    """The accordion: open with a spinner while the turn runs, closed with a summary afterwards."""
    if not steps:
        return "" if ended else '<p class="rp-thinking"><i class="rp-spin"></i>Thinking…</p>'
    lines = "".join(_step(step) for step in steps)
    if not ended:
        head = f'<i class="rp-spin"></i>{escape(steps[-1].title)}…'
    else:
        count = "1 step" if len(steps) == 1 else f"{len(steps)} steps"
        head = f"How I got there <small>{count}</small>"
    opened = "" if ended else " open"
    return f'<details class="rp-steps"{opened}><summary>{head}</summary><ol>{lines}</ol></details>'


def _step(step: Step) -> str:
    mood = "is-running" if not step.done else ("is-done" if step.ok else "is-failed")
    seconds = f"<small>{step.seconds:.2f} s</small>" if step.done and step.seconds >= 0.005 else ""
    detail = f"<span>{escape(step.detail)}</span>" if step.detail else ""
    return f'<li class="{mood}"><b>{escape(step.title)}</b>{detail}{seconds}</li>'


def _notices(notices: Sequence[str], text: str) -> str:
    """What must be told, unless the answer itself already says it in the same words."""
    left = [one_line(notice, 300) for notice in notices if notice.strip() and notice not in text]
    if not left:
        return ""
    lines = "".join(f"<li>{icon('note')}<span>{escape(notice)}</span></li>" for notice in left)
    return f'<ul class="rp-notices" role="status">{lines}</ul>'


def _ending(progress: TurnProgress, *, is_last: bool) -> str:
    result = progress.result
    if result is None:
        return ""
    saved = "".join(
        f'<p class="rp-saved">{icon("check")}{escape(noted(label))}</p>' for label in result.saved
    )
    chips = "".join(
        f'<button type="button" class="rp-chip" data-act="say" data-text="{escape(text)}">'
        f"{escape(one_line(text, 60))}</button>"
        for text in (result.suggestions if is_last else ())
    )
    suggestions = f'<div class="rp-chips" aria-label="Suggestions">{chips}</div>' if chips else ""
    return saved + suggestions + _foot(progress, is_last=is_last)


def _foot(progress: TurnProgress, *, is_last: bool) -> str:
    result = progress.result
    if result is None:
        return ""
    tools = (
        '<button type="button" class="rp-mini" data-act="again" title="Answer this once more">'
        f"{icon('retry')}<span>Retry</span></button>"
        '<button type="button" class="rp-mini" data-act="back" title="Take this turn back and edit it">'
        f"{icon('undo')}<span>Undo</span></button>"
    )
    return (
        f'<div class="rp-foot"><span>{escape(usage_label(result.planner, result.usage))}</span>'
        f"{tools if is_last else ''}</div>"
    )
