"""One run of `rapport study run`: prepare, hold the sessions, put the report together."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from agents.evaluation.engines import Engine, Processes
from agents.llm.cassette import CassetteMode
from agents.simulation import QUESTIONS, SessionRecord
from agents.studies import (
    Background,
    Check,
    Outcome,
    StudyPlan,
    StudyReport,
    StudySpec,
    StudyStopped,
    build_report,
    hold_sessions,
    offline_figures,
)
from rec_core import DataError, Progress, RunOptions, atomic_file

from .study_models import Tape, check_servers
from .study_parts import StudyParts
from .study_trust import (
    SEEKERS_ARE_MODELS,
    SEEKERS_ARE_TEMPLATES,
    model_checks,
    people_checks,
    session_checks,
)
from .study_world import StudyWorld

EngineName = Literal["local", "ray"]
_WORK, _TAPE = "work", "model_answers.db"
_CODE = Path(__file__).resolve().parent.parent
_ALWAYS = ("agents/simulation", "agents/studies/arms.py", "rec_core/baselines")
_WITH_WORDS = ("agents", "prompts", "tools", "rec_core")


@dataclass(frozen=True, kw_only=True)
class StudyOptions:
    """How a study is run; nothing here changes a figure.

    Attributes:
        path: The study's file.
        out: Folder of the results; what is kept for the next run lies in its sub-folder "work".
        processes: How many, each with its own models.
        engine: Where sessions are held.
        cassette: What to do with recorded answers; None goes by whether the study names a tape.
        home: Rapport's folder.
    """

    path: Path
    out: Path
    processes: int
    engine: EngineName
    cassette: CassetteMode | None
    home: Path


def run_study(spec: StudySpec, options: StudyOptions, progress: Progress) -> StudyReport:
    """Hold whatever sessions are not there yet, and report on all of them.

    Raises:
        RapportError: Data that cannot be had, no room, an engine that is not installed; StudyStopped when
            the cassette lacks an answer.
    """
    tape = _tape(spec, options)
    check_servers(spec, tape.mode)
    parts = StudyParts(spec, options.out / _WORK, options.home)
    with _engine(StudyWorld(parts, tape), options) as engine:
        parts.prepare(progress)
        plan = plan_of(spec, parts)
        offline = offline_figures(plan, engine, options.out / _WORK, progress=progress)
        if _asks_first(spec):
            plan = with_questions(plan)
        held = hold_sessions(plan, engine, options.out, budget=spec.budget, progress=progress)
    outcome, answers = without_questions(held, plan)
    if spec.cassette is not None and tape.mode == "auto":
        _keep_recording(tape, spec.cassette, outcome)
    run = RunOptions(seed=spec.people.seed)
    checks = (
        *_people_checks(parts, answers, run),
        *session_checks([one.record for one in outcome.sessions], parts.catalog),
    )
    background = Background(
        spec_text=options.path.read_text("utf-8"),
        command=f"rapport study run {options.path.name} --out {options.out.name}",
        facts=_facts(parts, tape, options),
        labels=StudyWorld(parts, tape).labels,
        checks=checks,
    )
    return build_report(
        spec,
        outcome,
        parts.personas,
        offline,
        background,
        generator=run.generator("study statistics"),
    )


def _people_checks(
    parts: StudyParts, answers: Sequence[SessionRecord], run: RunOptions
) -> tuple[Check, ...]:
    """Those who browse choose and rate, by a fitted model or by a language model; others only speak."""
    if parts.spec.session.protocol == "seek":
        is_model = parts.spec.people.engine == "llm"
        return (SEEKERS_ARE_MODELS if is_model else SEEKERS_ARE_TEMPLATES,)
    personas = tuple(parts.personas.values())
    generator = run.generator("study trust")
    if parts.spec.people.engine == "llm":
        return model_checks(answers, personas, parts.split, generator=generator)
    return people_checks(parts.people, personas, parts.split, generator=generator)


def _asks_first(spec: StudySpec) -> bool:
    return spec.people.engine == "llm" and spec.session.protocol == "browse"


def with_questions(plan: StudyPlan) -> StudyPlan:
    """The plan with a page of questions to everybody before each round of sessions.

    They are kept, resumed and paid for as sessions are.
    """
    made_by = {**plan.made_by, QUESTIONS: _digest(QUESTIONS, *sorted(plan.made_by.values()))}
    alone = plan.alone | {QUESTIONS}
    return replace(plan, arms=(QUESTIONS, *plan.arms), made_by=made_by, alone=alone)


def without_questions(outcome: Outcome, plan: StudyPlan) -> tuple[Outcome, list[SessionRecord]]:
    """Sessions with recommenders, and what was answered to questions."""
    answers = [one.record for one in outcome.sessions if one.key.arm == QUESTIONS]
    n_asked = len(plan.persona_ids) * len(plan.seeds) if QUESTIONS in plan.arms else 0
    kept = tuple(one for one in outcome.sessions if one.key.arm != QUESTIONS)
    return replace(outcome, sessions=kept, n_planned=outcome.n_planned - n_asked), answers


def _engine(world: StudyWorld, options: StudyOptions) -> AbstractContextManager[Engine]:
    if options.engine == "ray":
        from agents.studies.ray_engine import RayEngine

        return RayEngine(world, options.processes)
    return Processes(world, options.processes)


def plan_of(spec: StudySpec, parts: StudyParts) -> StudyPlan:
    """What to hold; sessions made by other code or from other data are not the same sessions."""
    talks = {
        arm.name
        for arm in spec.arms
        if arm.kind in ("agent", "search") or spec.people.engine == "llm"
    }
    code = {False: _code(_ALWAYS), True: _code(_WITH_WORDS)}
    made_by = {
        arm.name: _digest(spec.session_key(arm.name), parts.fingerprint, code[arm.name in talks])
        for arm in spec.arms
    }
    return StudyPlan(
        name=spec.name,
        arms=tuple(arm.name for arm in spec.arms),
        persona_ids=tuple(parts.personas),
        seeds=spec.seeds,
        made_by=made_by,
        alone=frozenset(
            arm.name for arm in spec.arms if arm.asks_a_server or spec.people.engine == "llm"
        ),
    )


def _tape(spec: StudySpec, options: StudyOptions) -> Tape:
    """A copy of the study's tape to work with; a tape of the run's own where the study has none.

    With the latter nothing is paid twice: what a model answered before a crash is not asked again. So is a
    recording, which grows in a file of its own until it is whole.
    """
    work = options.out / _WORK
    work.mkdir(parents=True, exist_ok=True)
    if spec.cassette is None:
        return Tape(path=work / _TAPE, mode=options.cassette or "auto")
    mode = options.cassette or "replay"
    if mode == "record":
        key = _digest(spec.fingerprint, _code(_WITH_WORDS))[:12]
        return Tape(path=work / f"recording-{key}.db", mode="auto")
    if mode == "replay" and not spec.cassette.is_file():
        raise DataError(
            f"The cassette {str(spec.cassette)!r} is not there.",
            "Record it with --cassette record and a model's server.",
        )
    copy = work / "cassette.db"
    for stale in (copy, *work.glob("cassette.db-*")):
        stale.unlink(missing_ok=True)
    if spec.cassette.is_file():
        shutil.copyfile(spec.cassette, copy)
    return Tape(path=copy, mode=mode)


def _keep_recording(tape: Tape, cassette: Path, outcome: Outcome) -> None:
    """Put a whole recording in the place of the study's cassette.

    Raises:
        StudyStopped: It is not whole: a session failed, or the budget ended.
    """
    faults = [one.record.failure for one in outcome.sessions if one.record.failure]
    if faults or outcome.stopped_by:
        why = faults[0] if faults else f"the budget of {outcome.stopped_by} was spent"
        raise StudyStopped(
            f"The cassette was not replaced, because the recording has gaps: {why}.",
            "See that the model answers in time (RAPPORT_LIMITS__SECONDS, RAPPORT_LLM__TIMEOUT), and "
            "record again in a new folder.",
        )
    with atomic_file(cassette) as temporary:
        shutil.copyfile(tape.path, temporary)


def _facts(parts: StudyParts, tape: Tape, options: StudyOptions) -> dict[str, str]:
    spec = parts.spec
    facts = dict(parts.about)
    facts["data fingerprint"] = facts.pop("fingerprint")
    if any(arm.asks_a_server for arm in spec.arms):
        facts["answers of models"] = (
            "replayed from a cassette, no model was asked"
            if tape.mode == "replay"
            else "asked of the servers named, and recorded"
        )
        models = {arm.name: arm.model for arm in spec.arms if arm.asks_a_server and arm.model}
        facts["models"] = ", ".join(f"{name}: {model}" for name, model in models.items())
    facts["machine"] = f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}"
    facts["engine"] = f"{options.engine}, {options.processes} processes"
    return facts


def _code(places: Sequence[str]) -> str:
    """Of the code that sessions stand on, prompts and word lists included."""
    files = [
        path
        for place in places
        for path in (
            [_CODE / place] if place.endswith(".py") else sorted((_CODE / place).rglob("*"))
        )
        if path.suffix in (".py", ".md", ".toml", ".txt", ".safetensors")
    ]
    return _digest(*(hashlib.sha256(path.read_bytes()).hexdigest() for path in files))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
