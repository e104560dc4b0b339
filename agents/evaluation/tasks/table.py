"""From trials to figures: pass^k with intervals over tasks, and where it was won and lost.

pass^k is the chance that k trials of a task, drawn from its n without putting back, all pass: C(c, k) / C(n, k)
for c passed ones, which is unbiased (Yao et al., "τ-bench", 2024, section 4), averaged over tasks. It is
None where a task has fewer than k trials. Intervals resample tasks; all rows share the resamples.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import comb

import numpy as np

from .keys import KeyedTask
from .running import Trials
from .task import POLICIES
from .trial import TrialResult

KS = (1, 2, 4, 8)
ALL = "all"
_TAILS = (0.025, 0.975)
_RESAMPLES = 1000

Range = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class TaskRow:
    """One agent on the tasks of one suite (`ALL` for every one).

    Attributes:
        row, suite, n_tasks, trials: What the figures stand on.
        passes: k → pass^k; None with fewer trials.
        ci: k → 95 % interval.
        met, clean: Share of trials that ended as they should; and that broke no rule.
        strict: pass^1 when foreign rules count that an agent without their tools cannot keep.
        forced: Wishes a trial that came out although nobody asked.
        messages, model_calls, tokens, seconds: Means over trials.
        faults: Policy → share of trials that broke it.
        parts: Dimension ("kind", "constraints", "reveal") → value → (tasks, pass^1).
    """

    row: str
    suite: str
    n_tasks: int
    trials: int
    passes: Mapping[int, float | None]
    ci: Mapping[int, Range | None]
    met: float
    clean: float
    strict: float
    forced: float
    messages: float
    model_calls: float
    tokens: float
    seconds: float
    faults: Mapping[str, float]
    parts: Mapping[str, Mapping[str, tuple[int, float]]]


def pass_k(passed: int, n: int, k: int) -> float | None:
    """C(passed, k) / C(n, k); None when k > n."""
    return comb(passed, k) / comb(n, k) if k <= n else None


def build_table(
    tasks: Sequence[KeyedTask], trials: Trials, *, generator: np.random.Generator
) -> tuple[TaskRow, ...]:
    """Rows of every suite, in the order of the tasks, then of all together if there are several."""
    suites = tuple(dict.fromkeys(one.suite for one in tasks))
    shown = (*suites, ALL) if len(suites) > 1 else suites
    rows: list[TaskRow] = []
    for suite, stream in zip(shown, generator.spawn(len(shown)), strict=True):
        some = [one for one in tasks if suite in (one.suite, ALL)]
        weights = stream.multinomial(
            len(some), np.full(len(some), 1.0 / len(some)), size=_RESAMPLES
        )
        rows += [_row(row, suite, some, trials[row], weights) for row in trials]
    return tuple(rows)


def _row(
    row: str,
    suite: str,
    tasks: Sequence[KeyedTask],
    of: Mapping[tuple[str, str], tuple[TrialResult, ...]],
    weights: np.ndarray,
) -> TaskRow:
    by_task = [of[one.suite, one.task.id] for one in tasks]
    every = [trial for some in by_task for trial in some]
    n = len(by_task[0])
    passed = [sum(trial.passed for trial in some) for some in by_task]
    passes: dict[int, float | None] = {}
    ci: dict[int, Range | None] = {}
    for k in KS:
        values = [value for c in passed if (value := pass_k(c, n, k)) is not None]
        passes[k] = float(np.mean(values)) if values else None
        ci[k] = _interval(weights @ np.array(values) / len(values)) if values else None
    return TaskRow(
        row=row,
        suite=suite,
        n_tasks=len(tasks),
        trials=n,
        passes=passes,
        ci=ci,
        met=_mean(every, lambda one: one.met),
        clean=_mean(every, lambda one: not one.faults),
        strict=_mean(every, lambda one: one.passed and not one.breaches),
        forced=_mean(every, lambda one: one.n_forced),
        messages=_mean(every, lambda one: len(one.transcript)),
        model_calls=_mean(every, lambda one: one.model_calls),
        tokens=_mean(every, lambda one: one.tokens),
        seconds=_mean(every, lambda one: one.seconds),
        faults={policy: _mean(every, _breaking(policy)) for policy in POLICIES},
        parts=_parts(tasks, by_task),
    )


def _mean(trials: Sequence[TrialResult], measure: Callable[[TrialResult], float]) -> float:
    return float(np.mean([measure(one) for one in trials]))


def _breaking(policy: str) -> Callable[[TrialResult], bool]:
    """Whether a trial broke a policy; "abstain" is broken by not owning up where there is nothing."""
    if policy == "abstain":
        return lambda one: not one.met and one.should_abstain
    return lambda one: any(fault.policy == policy for fault in one.faults)


def _parts(
    tasks: Sequence[KeyedTask], by_task: Sequence[Sequence[TrialResult]]
) -> dict[str, dict[str, tuple[int, float]]]:
    """pass^1 by kind, number of constraints and the reveal tags that a task has."""
    found: dict[str, dict[str, list[float]]] = {"kind": {}, "constraints": {}, "reveal": {}}
    for one, trials in zip(tasks, by_task, strict=True):
        task, share = one.task, _mean(trials, lambda trial: trial.passed)
        found["kind"].setdefault(task.kind, []).append(share)
        found["constraints"].setdefault(str(len(task.constraints)), []).append(share)
        for reveal in dict.fromkeys(c.reveal for c in task.constraints):
            found["reveal"].setdefault(reveal, []).append(share)
    return {
        name: {value: (len(some), float(np.mean(some))) for value, some in sorted(values.items())}
        for name, values in found.items()
    }


def _interval(resampled: np.ndarray) -> Range:
    low, high = np.quantile(resampled, _TAILS)
    return float(low), float(high)
