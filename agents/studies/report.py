"""A study's findings as values: trust first, then figures, comparisons, costs and failures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ..simulation.types import Persona
from .measures import Measure, measures_of
from .sessions import Session
from .spec import StudySpec
from .statistics import Comparison, Estimate

_DIGITS = 6


@dataclass(frozen=True, kw_only=True)
class Check:
    """Something that shows how far a study can be trusted.

    Attributes:
        name: What was looked at.
        value: What was found, in words or figures.
        mark: What it should be; "" where there is no mark.
        passed: None where nothing is passed or failed.
        meaning: One sentence for people who know nothing of the project.
        decides: Whether nothing may be concluded unless it passed.
    """

    name: str
    value: str
    mark: str = ""
    passed: bool | None = None
    meaning: str = ""
    decides: bool = False


@dataclass(frozen=True, kw_only=True)
class ArmCost:
    """What an arm cost a session, on the mean; `person_*` is what playing the person cost."""

    seconds: float
    model_calls: float
    tokens: float
    person_calls: float
    person_tokens: float


@dataclass(frozen=True, kw_only=True)
class Background:
    """Where everything came from, for those who want to run it again.

    Attributes:
        spec_text: The study's file, word for word.
        command: How it was run.
        facts: What else is fixed: name → value.
        labels: Item → how it is shown.
        checks: How far the simulated people can be trusted, measured on data.
    """

    spec_text: str
    command: str
    facts: Mapping[str, str]
    labels: Mapping[str, str]
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, kw_only=True)
class StudyReport:
    """Everything that a study found out.

    Attributes:
        spec, background: What was asked for, and the surroundings.
        n_people: People that the figures stand on.
        n_planned, n_held: Sessions.
        stopped_by: The budget that ended it; "" for none.
        arms: Arm → measure → estimate, best first by the first measure.
        comparisons: Measure → all pairs.
        control: Whether the bad recommender came out bad.
        offline: Arm → NDCG@10 on hidden likes, ranked offline; those that rank nothing are absent.
        agreements: Measure → Spearman of the arms' order with the offline one; empty without.
        found_by_turn: Arm → share of talks that had found by turn 1, 2, …; empty for browsing.
        costs: Arm → cost.
        endings: Arm → ending → sessions.
        failures: (arm, person, seed, what happened) of sessions that failed.
        sessions: All sessions, for transcripts.
        people: Personas by id.
    """

    spec: StudySpec
    background: Background
    n_people: int
    n_planned: int
    n_held: int
    stopped_by: str
    arms: Mapping[str, Mapping[str, Estimate]]
    comparisons: Mapping[str, tuple[Comparison, ...]]
    control: Check
    offline: Mapping[str, float]
    agreements: Mapping[str, Estimate]
    found_by_turn: Mapping[str, tuple[float, ...]]
    costs: Mapping[str, ArmCost]
    endings: Mapping[str, Mapping[str, int]]
    failures: tuple[tuple[str, str, int, str], ...]
    sessions: tuple[Session, ...] = field(repr=False)
    people: Mapping[str, Persona] = field(repr=False)

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The measures, the deciding one first."""
        return measures_of(self.spec.session.protocol)

    @property
    def checks(self) -> tuple[Check, ...]:
        """Everything that trust stands on: people, control, order."""
        return (*self.background.checks, self.control, *self._order_check())

    @property
    def agreement(self) -> Estimate | None:
        """That of the deciding measure."""
        return self.agreements.get(self.measures[0].name)

    @property
    def is_trustworthy(self) -> bool:
        """Whether the control and whatever else decides passed; the other checks qualify a verdict."""
        return not self.broken

    @property
    def broken(self) -> tuple[Check, ...]:
        """The checks that decide and did not pass."""
        return tuple(one for one in self.checks if one.decides and one.passed is not True)

    def _order_check(self) -> tuple[Check, ...]:
        if self.agreement is None:
            return ()
        one = self.agreement
        return (
            Check(
                name="Order of recommenders, against ranking without people",
                value=f"Spearman {one.mean:.2f} ({one.low:.2f} to {one.high:.2f})",
                mark="at least 0.80",
                passed=one.mean >= 0.8,
                meaning="The same recommenders were also scored by how well they rank what the real users "
                "liked later. 1 means that both orders are the same.",
            ),
        )

    def verdict(self) -> str:
        """Who is best and how sure that is, in one or two sentences."""
        measure = self.measures[0]
        names = list(self.arms)
        if not names or not self.n_people:
            return "Nobody's sessions are complete, so nothing can be said yet."
        best = names[0]
        one = self.arms[best][measure.name]
        said = (
            f"“{best}” comes first, with {measure.unit} {shown(one.mean, measure)} "
            f"(95 % interval {shown(one.low, measure)} to {shown(one.high, measure)})"
        )
        near = self.not_clearly_behind()
        if not near:
            return f"{said}, clearly ahead of every other recommender."
        return f"{said}, but not clearly ahead of {_listed(near)}."

    def not_clearly_behind(self) -> list[str]:
        """Arms whose difference from the best one may be chance."""
        names = list(self.arms)
        if not names:
            return []
        best = names[0]
        unclear = {
            frozenset((one.first, one.second))
            for one in self.comparisons.get(self.measures[0].name, ())
            if not one.is_clear
        }
        return [name for name in names[1:] if frozenset((best, name)) in unclear]

    def tables(self) -> dict[str, Any]:
        """All figures that do not depend on clocks or on how the run went; rounded."""
        return {
            "n_people": self.n_people,
            "arms": {
                arm: {name: _rounded(one) for name, one in of.items()}
                for arm, of in self.arms.items()
            },
            "comparisons": {
                name: [
                    {
                        "first": one.first,
                        "second": one.second,
                        "difference": _rounded(one.difference),
                        "p": round(one.p, _DIGITS),
                        "p_holm": round(one.p_holm, _DIGITS),
                    }
                    for one in pairs
                ]
                for name, pairs in self.comparisons.items()
            },
            "control": asdict(self.control),
            "offline_ndcg@10": {arm: round(value, _DIGITS) for arm, value in self.offline.items()},
            "agreement": {name: _rounded(one) for name, one in self.agreements.items()},
            "found_by_turn": {
                arm: [round(value, _DIGITS) for value in of]
                for arm, of in self.found_by_turn.items()
            },
            "endings": {arm: dict(of) for arm, of in self.endings.items()},
            "model_use": {
                arm: {
                    "model_calls": round(one.model_calls, 3),
                    "tokens": round(one.tokens, 3),
                    "person_calls": round(one.person_calls, 3),
                    "person_tokens": round(one.person_tokens, 3),
                }
                for arm, one in self.costs.items()
            },
        }

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values: everything but the sessions."""
        return {
            "study": self.spec.name,
            "verdict": self.verdict(),
            "is_trustworthy": self.is_trustworthy,
            "checks": [asdict(one) for one in self.checks],
            "tables": self.tables(),
            "seconds_a_session": {arm: round(one.seconds, 4) for arm, one in self.costs.items()},
            "sessions": {
                "planned": self.n_planned,
                "held": self.n_held,
                "failed": len(self.failures),
                "stopped_by": self.stopped_by,
            },
            "failures": [list(one) for one in self.failures],
            "definitions": {one.name: one.meaning for one in self.measures},
            "spec": self.spec.model_dump(
                mode="json", exclude={"data": {"catalog", "interactions"}}
            ),
            "fingerprint": self.spec.fingerprint,
            "facts": dict(self.background.facts),
            "command": self.background.command,
        }


def shown(value: float, measure: Measure) -> str:
    """A figure of a measure for people."""
    if math.isnan(value):
        return "–"
    return f"{100 * value:.1f} %" if measure.is_share else f"{value:.2f}"


def _rounded(one: Estimate) -> dict[str, float | None]:
    values = asdict(one)
    return {name: None if math.isnan(v) else round(v, _DIGITS) for name, v in values.items()}


def _listed(names: Sequence[str]) -> str:
    quoted = [f"“{name}”" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
