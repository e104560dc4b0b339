"""Scripted arms and people for studies: what happens is known beforehand, so figures can be worked out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from agents.evaluation.engines import InProcess
from agents.simulation import (
    ArmReply,
    Exchange,
    PageVisit,
    Persona,
    Reaction,
    SessionRecord,
    Traits,
)
from agents.studies import (
    Background,
    Outcome,
    StudyPlan,
    StudyReport,
    StudySpec,
    build_report,
    hold_sessions,
)
from agents.studies.running import SessionSource
from rec_core import DataError

ARMS = ("random", "popularity", "ease")
QUALITY = {"random": 0.1, "popularity": 0.4, "ease": 0.7}
PEOPLE = tuple(f"p-{number:02d}" for number in range(20))


def persona(persona_id: str, *, hidden_likes: tuple[str, ...] = ("i1", "i2")) -> Persona:
    return Persona(
        persona_id=persona_id,
        user_id=persona_id.removeprefix("p-"),
        history=("i8", "i9"),
        ratings=(4.0, 2.0),
        hidden_likes=hidden_likes,
        hidden_dislikes=(),
        traits=Traits(activity=0.9, conformity=0.5, diversity=0.1, novelty=0.2),
    )


def browsing(arm: str, persona_id: str, seed: int, liked: Sequence[bool]) -> SessionRecord:
    """One page of items i0, i1 …, each watched and rated when liked, passed over otherwise."""
    shown = tuple(f"i{number}" for number in range(len(liked)))
    reactions = tuple(
        Reaction(item_id=item, watched=good, rating=5 if good else None, liked=good or None)
        for item, good in zip(shown, liked, strict=True)
    )
    visit = PageVisit(page=1, shown=shown, reactions=reactions, leaving="leave")
    return SessionRecord(
        arm=arm, persona_id=persona_id, seed=seed, protocol="browse", visits=(visit,),
        satisfaction=1.0 + 9.0 * sum(liked) / len(liked),
    )  # fmt: skip


def seeking(arm: str, persona_id: str, seed: int, hit_turn: int | None, *, turns: int = 5) -> SessionRecord:  # fmt: skip
    exchanges = tuple(
        Exchange(
            said=f"sentence {turn}",
            reply=ArmReply(text="What about these?", item_ids=("i1",), model_calls=1, tokens=10),
        )
        for turn in range(1, (hit_turn or turns) + 1)
    )
    return SessionRecord(
        arm=arm, persona_id=persona_id, seed=seed, protocol="seek", exchanges=exchanges,
        target_id="i1", hit_turn=hit_turn, ending="accepted" if hit_turn else "out_of_turns",
    )  # fmt: skip


class ScriptedSource:
    """A source whose sessions are drawn from their seed; better arms please more."""

    def __init__(self, *, fail: str = "", calls: list[str] | None = None) -> None:
        self._fail = fail
        self.calls = calls

    def hold(self, arm: str, persona_id: str, seed: int) -> SessionRecord:
        if self.calls is not None:
            self.calls.append(f"{arm}/{persona_id}/{seed}")
        if persona_id == self._fail:
            raise DataError("The arm broke.")
        liked = np.random.default_rng(seed).random(8) < QUALITY[arm]
        return browsing(arm, persona_id, seed, liked.tolist())

    def offline(self, arm: str, persona_ids: Sequence[str]) -> list[float | None]:
        return [QUALITY[arm] for _ in persona_ids]


class Killed(Exception):
    """Stands for kill -9 in the middle of a run."""


class DyingEngine(InProcess):
    """Hands out work from the last to the first, and dies after some answers."""

    def __init__(self, source: SessionSource, after: int = 10**6) -> None:
        super().__init__(source)
        self._left = after

    def each(self, work: Callable[[Any, Any], Any], arguments: Sequence[Any]) -> Iterator[Any]:
        for answer in super().each(work, tuple(reversed(arguments))):
            if not self._left:
                raise Killed
            self._left -= 1
            yield answer


def spec(protocol: str = "browse", arms: Sequence[str] = ARMS, **more: Any) -> StudySpec:
    return StudySpec.model_validate(
        {
            "name": "scripted", "data": {"name": "ml-100k"}, "people": {"count": len(PEOPLE)},
            "session": {"protocol": protocol}, "arms": [{"kind": arm} for arm in arms], **more,
        }
    )  # fmt: skip


def plan(arms: Sequence[str] = ARMS, seeds: tuple[int, ...] = (0, 1), **more: Any) -> StudyPlan:
    return StudyPlan(
        name="scripted", arms=tuple(arms), persona_ids=PEOPLE, seeds=seeds,
        made_by={arm: f"made-{arm}" for arm in arms}, **more,
    )  # fmt: skip


def hold(folder: Path, engine: InProcess | None = None, **more: Any) -> Outcome:
    return hold_sessions(plan(), engine or InProcess(ScriptedSource()), folder, **more)


def report_of(outcome: Outcome, study: StudySpec | None = None, **labels: str) -> StudyReport:
    study = study or spec(seeds=[0, 1])
    people = {one: persona(one) for one in PEOPLE}
    offline = {arm.name: [QUALITY[arm.name]] * len(PEOPLE) for arm in study.arms}
    background = Background(
        spec_text='name = "scripted"',
        command="rapport study run scripted.toml --out scripted",
        facts={"data": "scripted <data>"},
        labels={"i1": "The Sought One (1999)", **labels},
    )
    generator = np.random.default_rng(0)
    return build_report(study, outcome, people, offline, background, generator=generator)
