"""Controls: trainings whose reward says nothing, and what they must come to.

A reward drawn by chance, and the targets of other tasks, cannot teach anything about a task. If a control
gained like the real reward, the gain would be an artefact (of length, of format, of a leak).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rec_core import Progress, no_progress

from .checking import CheckRow
from .pipeline import RunPlan, TrainingParts, train_rewriter

if TYPE_CHECKING:
    from .recipes import RewardName

CONTROLS: tuple[RewardName, ...] = ("random", "shuffled")


@dataclass(frozen=True, kw_only=True)
class Control:
    """What a control came to on the check tasks, and whether its interval holds zero gain over its start."""

    reward: str
    rows: tuple[CheckRow, ...]
    folder: str


def run_controls(
    plan: RunPlan,
    parts: TrainingParts,
    *,
    start: Path,
    steps: int,
    rewards: Sequence[RewardName] = CONTROLS,
    progress: Progress = no_progress,
) -> tuple[Control, ...]:
    """Short GRPO runs from the same adapter, one with each control's reward.

    Args:
        plan: Of the real run; its folder gets one folder a control.
        parts: As for the real run.
        start: Adapter that all begin with.
        steps: Of each.
        rewards: Which controls.
        progress: As for `train_rewriter`.
    """
    found: list[Control] = []
    for reward in rewards:
        folder = plan.out / f"control-{reward}"
        own = replace(plan, out=folder, start=start, steps=steps, sft_steps=0, reward=reward)
        report = train_rewriter(own, parts, progress=progress)
        found.append(Control(reward=reward, rows=report.rows, folder=str(folder)))
    return tuple(found)
