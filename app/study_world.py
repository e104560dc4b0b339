"""The sessions of a study as pieces of work: arms and people opened in whichever process they are held."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from agents.simulation import (
    QUESTIONS,
    Arm,
    LanguagePeople,
    LanguageSeekers,
    PeopleEngine,
    Persona,
    SeekerEngine,
    SessionRecord,
    TemplateSeekers,
    ask,
    browse,
    draw_target,
    seek,
)
from agents.studies import (
    AgentArm,
    ArmSpec,
    RandomArm,
    ScorerArm,
    SearchArm,
    StudyStopped,
    rows_of,
)
from rec_core import Scorer, ndcg_at, ranks_of_targets

from .settings import load_settings
from .study_models import (
    PATIENCE,
    Tape,
    WatchedCassette,
    models_of_arm,
    rewriters_of_arm,
    voice_of_people,
)
from .study_parts import StudyParts

if TYPE_CHECKING:
    from agents import ConversationalRecommender
    from agents.llm.structured import StructuredModel

_MOMENT = datetime(2026, 1, 1, 12, tzinfo=UTC)
"""Studies know no other time, so that what a model is asked does not change with the day."""
_CUT = 10
_SCORED_AT_ONCE = 32
_PLANNERS = {
    "rules": "rules",
    "structured": "structured",
    "embedded": "structured",
    "tools": "tool_calling",
}


class StudyWorld:
    """A `SessionSource` over prepared parts; picklable, everything is opened at the first use."""

    def __init__(self, parts: StudyParts, tape: Tape) -> None:
        self.parts = parts
        self.tape = tape
        self._arms: dict[str, Arm] = {}

    def __reduce__(self) -> tuple[type[StudyWorld], tuple[StudyParts, Tape]]:
        return type(self), (self.parts, self.tape)

    def hold(self, arm: str, persona_id: str, seed: int) -> SessionRecord:
        """As `SessionSource.hold`; a turn that the agent's planner left to another one is a failure."""
        record = self._held(arm, persona_id, seed)
        self._cassette.check()
        if arm == QUESTIONS:
            return record
        opened = self._arm(arm)
        if not isinstance(opened, AgentArm) or not opened.fallbacks or record.failure:
            return record
        others = ", ".join(sorted(set(opened.fallbacks)))
        said = f"{len(opened.fallbacks)} turns were planned by {others} instead of {opened.planner}"
        return replace(record, failure=said)

    def _held(self, arm: str, persona_id: str, seed: int) -> SessionRecord:
        persona = self.parts.personas[persona_id]
        session = self.parts.spec.session
        if arm == QUESTIONS:
            return ask(self._people, persona, self.parts.catalog, seed, session.page_size)
        if session.protocol == "browse":
            return browse(
                self._people,
                persona,
                self._arm(arm),
                seed,
                pages=session.pages,
                page_size=session.page_size,
            )
        target = draw_target(persona, seed, self.parts.catalog)
        return seek(self._seekers, persona, target, self._arm(arm), seed, max_turns=session.turns)

    @cached_property
    def _cassette(self) -> WatchedCassette:
        return WatchedCassette(self.tape.path, self.tape.mode)

    @cached_property
    def _people(self) -> PeopleEngine:
        if self.parts.spec.people.engine == "statistical":
            return self.parts.people
        return LanguagePeople(self._voice(), self.parts.catalog)

    def _voice(self) -> StructuredModel:
        return voice_of_people(self.parts.spec.people, self._cassette, self.parts.home)

    @cached_property
    def _seekers(self) -> SeekerEngine:
        session = self.parts.spec.session
        if self.parts.spec.people.engine == "llm":
            return LanguageSeekers(self._voice(), self.parts.catalog)
        return TemplateSeekers(self.parts.catalog, manner=session.manner, slips=session.slips)

    def offline(self, arm: str, persona_ids: Sequence[str]) -> list[float | None]:
        """As `SessionSource.offline`: full catalog, visible history left out."""
        opened = self._arm(arm)
        people = [self.parts.personas[one] for one in persona_ids]
        if isinstance(opened, ScorerArm):
            return [
                value
                for start in range(0, len(people), _SCORED_AT_ONCE)
                for value in self._ranked(opened, people[start : start + _SCORED_AT_ONCE])
            ]
        if isinstance(opened, RandomArm):
            return [
                self._ndcg(one, opened.scores(one.persona_id, one.history, 0)) for one in people
            ]
        return [None] * len(people)

    def _ranked(self, arm: ScorerArm, people: Sequence[Persona]) -> list[float | None]:
        scores = arm.scorer.score([rows_of(arm.ids, one.history) for one in people])
        return [self._ndcg(one, row) for one, row in zip(people, scores, strict=True)]

    def _ndcg(self, persona: Persona, scores: np.ndarray) -> float | None:
        ids = self.parts.catalog.ids
        targets = rows_of(ids, persona.hidden_likes)
        if not len(targets):
            return None
        seen = np.zeros(len(ids), dtype=bool)
        seen[rows_of(ids, persona.history)] = True
        n = len(targets)
        ranks = ranks_of_targets(
            np.broadcast_to(scores, (n, len(scores))),
            targets,
            np.broadcast_to(seen, (n, len(seen))),
        )
        return float(ndcg_at(ranks, np.zeros(n, dtype=np.int64), k=_CUT, n_users=1)[0])

    def _arm(self, name: str) -> Arm:
        if name not in self._arms:
            self._arms[name] = self._opened(self.parts.spec.arm(name))
            _one_thread()
        return self._arms[name]

    def _opened(self, arm: ArmSpec) -> Arm:
        ids = self.parts.catalog.ids
        talks = self.parts.spec.session.protocol == "seek"
        if arm.kind == "random":
            return RandomArm(arm.name, ids, talks)
        if arm.kind == "search":
            return SearchArm(arm.name, self.parts.recommender)
        if arm.kind == "agent":
            return self._agent(arm)
        return ScorerArm(arm.name, self._scorer(arm.kind), ids, talks)

    def _scorer(self, kind: str) -> Scorer:
        from rec_core.baselines.popularity import Popularity

        if kind == "popularity":
            return Popularity.fit(self.parts.visible)
        models = self.parts.models
        known: dict[str, Scorer | None] = {
            "transitions": models.transitions,
            "ease": models.ease,
            "two_tower": models.two_tower,
            "sasrec": models.sasrec,
            "pipeline": models.pipeline,
        }
        scorer = known[kind]
        if scorer is None:
            raise StudyStopped(
                f"There is no {kind!r} for this data: it is too large for it, or too small to train on.",
                "Leave that arm out, or set training.networks = true.",
            )
        return scorer

    def _agent(self, arm: ArmSpec) -> AgentArm:
        from agents import build_planners
        from tools import default_toolbox

        recommender, toolbox = self.parts.recommender, default_toolbox()
        tape = self._cassette
        planners = build_planners(
            recommender=recommender,
            toolbox=toolbox,
            models=models_of_arm(arm, tape, self.parts.home),
            clock=_clock,
        )
        limits = load_settings().limits.model_dump()
        limits["seconds"] = max(limits["seconds"], PATIENCE)
        new_rewriter = rewriters_of_arm(arm, recommender, self.parts.home)

        def new_agent() -> ConversationalRecommender:
            from agents import (
                ConversationalRecommender,
                ConversationStore,
                TurnLimits,
                open_checkpointer,
            )

            return ConversationalRecommender(
                recommender=recommender,
                toolbox=toolbox,
                store=ConversationStore("sqlite://", clock=_clock),
                planners=planners,
                checkpointer=open_checkpointer(None),
                limits=TurnLimits(**limits),
                clock=_clock,
                rewriter=new_rewriter(),
            )

        users = {one.persona_id: one.user_id for one in self.parts.personas.values()}
        return AgentArm(arm.name, new_agent, users, _PLANNERS[arm.planner], tape.check)

    @cached_property
    def labels(self) -> dict[str, str]:
        """Item → title with year."""
        return {one.item_id: one.label for one in self.parts.catalog}


def _clock() -> datetime:
    return _MOMENT


def _one_thread() -> None:
    """Sums in one thread each, in this process from now on: over another number of threads they round
    otherwise, and then figures would depend on the machine's cores.
    """
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)
    if "torch" in sys.modules:
        import torch

        torch.set_num_threads(1)
