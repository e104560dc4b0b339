"""Words that switch long-term learning: "stop learning about me", "you can learn again", "don't remember this".

Read before any planner: what somebody wants kept out of the notes must not hang on how well a planner
understands. Pure but for the plan's tool calls, which run like any other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tools import ToolCall

from ..budget import CALLS_PER_MESSAGE
from ..planning.base import Plan
from ..state import Preference

LearningKind = Literal["pause", "resume", "not_this"]

_BEFORE = r"(?:(?:please|now|and|ok(?:ay)?|hey|actually|can you|could you|would you|i(?:'d like| want) you to|just|for now)[ ,]+)*"
_AFTER = r"(?:[ ,]+(?:please|thanks|thank you|now|for now|for a while|for the moment|at the moment|today|tonight|again|from now on|until i say so|in this (?:chat|conversation)))*[ .!]*"
_NOTING = r"(?:learning|remembering|noting|taking notes|tracking|memori[sz]ing|saving)"
_OF_ME = r"(?: (?:things|anything|everything|stuff))?(?: (?:about|from|on|of))?(?: (?:me|my tastes?|my preferences|what i (?:say|like|tell you)|things|anything|i say))?"
_NOTE = r"(?:learn|remember|save|store|note|track|keep|keep track of|write down)"
_PAUSE = re.compile(
    rf"{_BEFORE}(?:(?:stop|pause|quit|no more) (?:your |the )?(?:{_NOTING}{_OF_ME}|memory)"
    rf"|(?:don't|do not|dont) {_NOTE}(?: about| from)? (?:anything|things|me|what i (?:say|like|tell you))(?: (?:about|from|of) me| i (?:say|like|tell you))?"
    rf"|(?:go |switch to |turn on |use )?(?:incognito|private)(?: mode)?"
    rf"|(?:turn|switch) off (?:your |my |the )?(?:learning|memory)|(?:turn|switch) (?:your |my |the )?(?:learning|memory) off){_AFTER}"
)
_RESUME = re.compile(
    rf"{_BEFORE}(?:(?:resume|restart|continue|start|unpause|go on) (?:your |the )?(?:{_NOTING}{_OF_ME}|memory)"
    rf"|(?:you (?:can|may) )?{_NOTE}(?: about| from)? (?:me|things|what i (?:say|like|tell you)) again"
    rf"|you (?:can|may) {_NOTE}(?: things| about me| from me| what i (?:say|like|tell you))?(?: again)?"
    rf"|(?:leave|end|stop|exit|quit|turn off) (?:incognito|private)(?: mode)?"
    rf"|(?:turn|switch) on (?:your |my |the )?(?:learning|memory)|(?:turn|switch) (?:your |my |the )?(?:learning|memory) (?:back )?on){_AFTER}"
)
_NOT_THIS = re.compile(
    rf"(?:(?:but|and|please|so)[ ,]+)*(?:(?<!\bi )(?:don't|do not|dont|no need to) {_NOTE} (?:this|that|it)(?: (?:one|time|down))?(?=\s*(?:$|[,.:;!\u2014-]|but\b|and\b))"
    r"|(?:this is |strictly )?off the record|(?:keep (?:this|it|that) )?just between (?:you and me|us))",
)
_EDGES = " \t\n,.:;!-\u2014"


@dataclass(frozen=True, kw_only=True)
class LearningCommand:
    """What a message says about learning.

    Attributes:
        kind: Pause, resume, or leave this one message out of the notes.
        rest: What else the message says, for the planner; "" when there is nothing.
    """

    kind: LearningKind
    rest: str = ""


def read_learning(text: str) -> LearningCommand | None:
    """The command in a message; None when there is none. Pausing and resuming stand alone."""
    plain = " ".join(text.replace("\u2019", "'").split())
    folded = plain.casefold()
    if _RESUME.fullmatch(folded):
        return LearningCommand(kind="resume")
    if _PAUSE.fullmatch(folded):
        return LearningCommand(kind="pause")
    # Folding may change a text's length; then the words are taken from the folded one.
    source = plain if len(plain) == len(folded) else folded
    match = _NOT_THIS.search(folded)
    if match is None:
        return None
    rest = f"{source[: match.start()].rstrip(_EDGES)}. {source[match.end() :].strip(_EDGES)}"
    rest = rest.strip(_EDGES)
    return LearningCommand(kind="not_this", rest=rest if re.search(r"\w\w", rest) else "")


def plan_learning(
    command: LearningCommand, *, is_paused: bool, just_noted: Sequence[Preference]
) -> Plan | None:
    """The plan for a message that is nothing but such a command; None when it says more.

    Args:
        command: What was read.
        is_paused: Whether learning is paused now.
        just_noted: What the turn before this one noted: "don't remember that" takes it back.
    """
    if command.rest:
        return None
    going = tuple(just_noted)[:CALLS_PER_MESSAGE] if command.kind == "not_this" else ()
    calls = tuple(
        ToolCall(tool="forget_preference", arguments={"subject": one.subject, "value": one.value})
        for one in going
    )
    return Plan(
        planner="rules",
        intent="remember",
        summary=_SUMMARIES[command.kind],
        calls=calls,
        say=_words(command.kind, is_paused=is_paused, labels=[one.label for one in going]),
        suggestions=_NEXT[command.kind],
    )


_SUMMARIES: dict[LearningKind, str] = {
    "pause": "Pause learning",
    "resume": "Learn again",
    "not_this": "Take back what was just noted",
}
_NEXT: dict[LearningKind, tuple[str, ...]] = {
    "pause": ("Resume learning", "What do you know about me?", "Surprise me"),
    "resume": ("What do you know about me?", "Recommend something for me"),
    "not_this": ("What do you know about me?", "Pause learning", "Surprise me"),
}


def _words(kind: LearningKind, *, is_paused: bool, labels: Sequence[str]) -> str:
    if kind == "pause":
        start = "Learning is paused already" if is_paused else "I'm pausing learning"
        return (
            f"{start}: nothing you say or click goes into my notes until you say “resume learning”. "
            "What I had noted before stays and still counts; “forget everything” drops it."
        )
    if kind == "resume":
        if not is_paused:
            return "I was not paused: what you tell me about your taste goes into my notes."
        return "I'm learning again. What you said while I was paused has not been kept."
    if labels:
        return f"I'm taking this out of my notes again: {'; '.join(labels)}."
    return (
        "I noted nothing from what you just said. To keep the rest out of my notes as well, "
        "say “pause learning”."
    )
