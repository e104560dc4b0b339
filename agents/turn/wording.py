"""How a turn tells people what became of the plan: fallbacks and cuts, in plain words."""

from __future__ import annotations

from collections.abc import Sequence

from ..budget import TurnLimits
from ..grounding import Verdict

_STAND_INS = {
    "rules": "so I used my built-in rules",
    "structured": "so I used my built-in small model",
    "core": "so here is what suits you in general",
}

NOT_THIS = "As you asked, I keep this to this conversation only."
NOT_LEARNING = "Learning is paused, so I keep this to this conversation only."


def fallback_notice(planner: str, next_planner: str, reason: str) -> str:
    """Tell of a fallback: "The language model did not answer in time, so I used my built-in rules."."""
    if planner == "rules":
        reason = "my built-in rules could not handle that"
    stand_in = _STAND_INS.get(next_planner, "so I went about it another way")
    return f"{reason[:1].upper()}{reason[1:]}, {stand_in}."


def limit_reason(limit: str, limits: TurnLimits) -> str:
    """A limit that ran out, as the reason of a fallback."""
    reasons = {
        "model_calls": f"the language model needed more than {limits.model_calls} calls",
        "tool_calls": f"the language model used more than its share of {limits.tool_calls} tool calls",
        "tokens": f"the language model needed more than {limits.tokens:,} tokens",
        "seconds": f"the language model needed more than {limits.seconds:.0f} seconds",
    }
    return reasons.get(limit, "the language model needed too much")


def cut_notice(verdict: Verdict) -> tuple[str, ...]:
    """What grounding took out, without repeating it."""
    notices = []
    if verdict.n_items_cut:
        picks = "one pick" if verdict.n_items_cut == 1 else f"{verdict.n_items_cut} picks"
        notices.append(f"I left out {picks} that did not fit what you asked for.")
    if verdict.n_sentences_cut:
        many = (
            "a sentence" if verdict.n_sentences_cut == 1 else f"{verdict.n_sentences_cut} sentences"
        )
        notices.append(f"I left out {many} that the catalog does not back.")
    return tuple(notices)


def set_aside_notice(labels: Sequence[str]) -> tuple[str, ...]:
    """Long-term rules that the request itself went against."""
    return tuple(
        f"You asked for {label} now, so I set your “never {label}” aside." for label in labels
    )


def forgotten_notice(labels: Sequence[str]) -> tuple[str, ...]:
    """What a model had dropped from the notes: the person must see it, asked for or not."""
    return (f"Gone from my notes: {', '.join(labels)}.",) if labels else ()
