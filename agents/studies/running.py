"""Holding all sessions of a study: what is done is kept at once, what was done is not done again.

Neither the order of sessions, nor the number of processes, nor how often a run was killed changes a
figure: every session has a seed of its own and shares nothing with another.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Protocol, TypeVar

from rec_core import Progress, RapportError, no_progress

from ..evaluation.engines import Engine
from ..evaluation.lines import open_lines
from ..simulation.types import SessionRecord
from .sessions import Session, SessionJournal, SessionKey, open_journal, session_seed
from .spec import BudgetSpec

_CHUNK = 16  # people; an answer of a worker is written at once, so a kill costs at most that many
_Value = TypeVar("_Value")
_RANKED_AT_ONCE = 64
_AT_ONCE = 200  # pieces handed to an engine before the budget is looked at


class StudyStopped(RapportError):
    """What went wrong would go wrong in every session, so the study ends here; nothing of it is kept."""


class SessionSource(Protocol):
    """Holds sessions. Must be picklable: each process gets its own copy."""

    def hold(self, arm: str, persona_id: str, seed: int) -> SessionRecord:
        """One session; equal arguments give equal records, seconds aside."""
        ...

    def offline(self, arm: str, persona_ids: Sequence[str]) -> list[float | None]:
        """NDCG@10 of a full ranking on each person's hidden likes; None where an arm ranks nothing."""
        ...


@dataclass(frozen=True, kw_only=True)
class StudyPlan:
    """Which sessions there shall be.

    Attributes:
        name: The study's name, part of every session's seed.
        arms, persona_ids, seeds: All of these times each other.
        made_by: Arm → fingerprint of all that its sessions depend on.
        alone: Arms whose sessions are handed out one by one, because each is dear.
    """

    name: str
    arms: tuple[str, ...]
    persona_ids: tuple[str, ...]
    seeds: tuple[int, ...]
    made_by: dict[str, str]
    alone: frozenset[str] = frozenset()

    def keys(self) -> Iterator[SessionKey]:
        """Every session; people first, so that a run cut short has whole people."""
        for seed in self.seeds:
            for people in _batches(self.persona_ids, _CHUNK):
                for arm in self.arms:
                    for persona_id in people:
                        yield SessionKey(
                            arm=arm, persona_id=persona_id, seed=seed, made_by=self.made_by[arm]
                        )


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a run came to.

    Attributes:
        sessions: In the order of the plan; fewer than planned when the budget ended.
        n_planned: How many there should have been.
        stopped_by: Which budget ended it; "" for none.
        n_resumed: How many had been held by an earlier run.
    """

    sessions: tuple[Session, ...]
    n_planned: int
    stopped_by: str = ""
    n_resumed: int = 0


@dataclass(frozen=True, kw_only=True)
class _Piece:
    study: str
    keys: tuple[SessionKey, ...]


@dataclass(frozen=True, kw_only=True)
class _Ranking:
    arm: str
    persona_ids: tuple[str, ...]


def hold_sessions(
    plan: StudyPlan,
    engine: Engine,
    folder: Path,
    *,
    budget: BudgetSpec | None = None,
    progress: Progress = no_progress,
    clock: Callable[[], float] = time.monotonic,
) -> Outcome:
    """Hold every session of the plan that the journal in `folder` lacks.

    A session that fails by itself is kept as failed, with the reason. The budget is looked at whenever
    a piece of work comes back, so it can be overrun by what is under way.

    Args:
        plan: Which sessions.
        engine: Where they are held; its source is a `SessionSource`.
        folder: Where the journal lies.
        budget: Where to stop; sessions of earlier runs count, their wall time does not.
        progress: Told of the stage "sessions".
        clock: Seconds, for the budget.

    Raises:
        DataError: A process died, or another run is writing to the folder.
        StudyStopped: A source says that no session can go well.
    """
    keys = list(plan.keys())
    with open_journal(folder) as journal:
        meter = _Meter(budget or BudgetSpec(), clock)
        resumed = [journal.done[key] for key in keys if key in journal.done]
        meter.count(resumed)
        progress("sessions", meter.sessions, len(keys))
        _hold_rest(plan, keys, journal, engine, meter, progress)
        found = tuple(journal.done[key] for key in keys if key in journal.done)
    return Outcome(
        sessions=found,
        n_planned=len(keys),
        stopped_by="" if len(found) == len(keys) else meter.exceeded,
        n_resumed=len(resumed),
    )


def offline_figures(
    plan: StudyPlan,
    engine: Engine,
    folder: Path,
    *,
    progress: Progress = no_progress,
) -> dict[str, list[float | None]]:
    """Arm → NDCG@10 person by person, in the order of the plan; what was computed before is kept.

    Args:
        plan: Whose arms and people.
        engine: Where rankings are made; its source is a `SessionSource`.
        folder: Where figures are kept.
        progress: Told of the stage "rankings".

    Raises:
        DataError: A process died, or another run is writing to the folder.
    """
    wanted = [(arm, persona_id) for arm in plan.arms for persona_id in plan.persona_ids]
    with open_lines(folder / "rankings" / "ndcg.jsonl") as lines:
        done = {tuple(one[:3]): one[3] for one in map(json.loads, lines.lines)}
        left = [one for one in wanted if (plan.made_by[one[0]], *one) not in done]
        progress("rankings", len(wanted) - len(left), len(wanted))
        pieces = [
            _Ranking(arm=arm, persona_ids=people)
            for arm in plan.arms
            for people in _batches((p for name, p in left if name == arm), _RANKED_AT_ONCE)
        ]
        n_done = len(wanted) - len(left)
        for piece, values in engine.each(_rank, pieces):
            made_by = plan.made_by[piece.arm]
            found = [
                (made_by, piece.arm, persona_id, value)
                for persona_id, value in zip(piece.persona_ids, values, strict=True)
            ]
            lines.append(json.dumps(one) for one in found)
            done.update((one[:3], one[3]) for one in found)
            n_done += len(found)
            progress("rankings", n_done, len(wanted))
    return {
        arm: [done[plan.made_by[arm], arm, persona_id] for persona_id in plan.persona_ids]
        for arm in plan.arms
    }


def _rank(source: SessionSource, piece: _Ranking) -> tuple[_Ranking, list[float | None]]:
    return piece, source.offline(piece.arm, piece.persona_ids)


def _hold_rest(
    plan: StudyPlan,
    keys: Sequence[SessionKey],
    journal: SessionJournal,
    engine: Engine,
    meter: _Meter,
    progress: Progress,
) -> None:
    for pieces in _batches(_pieces(plan, keys, journal), _AT_ONCE):
        if meter.exceeded:
            return
        answers = engine.each(_hold, pieces)
        for sessions in answers:
            journal.append(sessions)
            meter.count(sessions)
            progress("sessions", meter.sessions, len(keys))
            if meter.exceeded:
                break
        close = getattr(answers, "close", None)
        if close is not None:
            close()


def _pieces(
    plan: StudyPlan, keys: Sequence[SessionKey], journal: SessionJournal
) -> Iterator[_Piece]:
    """What is still to be done, neighbours of one arm and seed together."""
    waiting: list[SessionKey] = []
    for key in keys:
        if key in journal.done:
            continue
        same = waiting and (waiting[0].arm, waiting[0].seed) == (key.arm, key.seed)
        if waiting and (not same or len(waiting) == (1 if key.arm in plan.alone else _CHUNK)):
            yield _Piece(study=plan.name, keys=tuple(waiting))
            waiting = []
        waiting.append(key)
    if waiting:
        yield _Piece(study=plan.name, keys=tuple(waiting))


def _batches(values: Iterable[_Value], size: int) -> Iterator[tuple[_Value, ...]]:
    """Tuples of `size` values, the last one perhaps shorter."""
    left = iter(values)
    while some := tuple(islice(left, size)):
        yield some


def _hold(source: SessionSource, piece: _Piece) -> list[Session]:
    return [_session(source, piece.study, key) for key in piece.keys]


def _session(source: SessionSource, study: str, key: SessionKey) -> Session:
    started = time.perf_counter()
    seed = session_seed(study, key.persona_id, key.seed)
    try:
        record = source.hold(key.arm, key.persona_id, seed)
    except StudyStopped:
        raise
    except RapportError as fault:
        record = SessionRecord(
            arm=key.arm,
            persona_id=key.persona_id,
            seed=key.seed,
            protocol="",
            ending="failed",
            failure=str(fault),
        )
    record = replace(record, arm=key.arm, persona_id=key.persona_id, seed=key.seed)
    return Session(key=key, record=record, seconds=time.perf_counter() - started)


class _Meter:
    """Adds up what was spent, and says which limit is reached.

    Attributes:
        sessions: How many are counted.
    """

    def __init__(self, budget: BudgetSpec, clock: Callable[[], float]) -> None:
        self._budget = budget
        self._clock = clock
        self._started = clock()
        self.sessions = self._model_calls = self._tokens = 0

    def count(self, sessions: Sequence[Session]) -> None:
        """Note what these sessions cost."""
        replies = [talk.reply for one in sessions for talk in one.record.exchanges]
        self.sessions += len(sessions)
        self._model_calls += sum(reply.model_calls for reply in replies)
        self._model_calls += sum(one.record.person_calls for one in sessions)
        self._tokens += sum(reply.tokens for reply in replies)
        self._tokens += sum(one.record.person_tokens for one in sessions)

    @property
    def exceeded(self) -> str:
        """The limit that is reached, in words; "" while there is room."""
        limits: tuple[tuple[str, float, float | None], ...] = (
            ("sessions", self.sessions, self._budget.sessions),
            ("model calls", self._model_calls, self._budget.model_calls),
            ("tokens", self._tokens, self._budget.tokens),
            ("seconds", self._clock() - self._started, self._budget.seconds),
        )
        for name, spent, most in limits:
            if most is not None and spent >= most:
                return f"{most:,g} {name}"
        return ""
