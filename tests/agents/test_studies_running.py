"""Holding sessions: whatever happens to a run, the same figures, and nothing done twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.evaluation.engines import InProcess, Processes
from agents.studies import (
    JOURNAL,
    Outcome,
    StudyStopped,
    hold_sessions,
    offline_figures,
    session_seed,
)
from agents.studies.sessions import open_journal
from agents.studies.spec import BudgetSpec
from rec_core import DataError

from .studies_kit import (
    ARMS,
    PEOPLE,
    DyingEngine,
    Killed,
    ScriptedSource,
    hold,
    plan,
    report_of,
    seeking,
)


def tables(outcome: Outcome) -> object:
    return report_of(outcome).tables()


def test_killed_twice_in_another_order_the_tables_are_the_same(tmp_path: Path) -> None:
    whole = hold(tmp_path / "whole")
    for after in (3, 2):
        with pytest.raises(Killed):
            hold(tmp_path / "killed", DyingEngine(ScriptedSource(), after))
        with (tmp_path / "killed" / JOURNAL).open("ab") as stream:
            stream.write(b'{"made_by": "made-ease", "rec')  # half a line, as a crash leaves it
    resumed = hold(tmp_path / "killed", DyingEngine(ScriptedSource()))
    # Five pieces of work came back before the two crashes; each has at most 16 people.
    assert 5 <= resumed.n_resumed <= 5 * 16
    assert [one.key for one in resumed.sessions] == [one.key for one in whole.sessions]
    assert tables(resumed) == tables(whole)


def test_what_was_held_is_not_held_again(tmp_path: Path) -> None:
    calls: list[str] = []
    with pytest.raises(Killed):
        hold(tmp_path, DyingEngine(ScriptedSource(calls=calls), 4))
    kept = len((tmp_path / JOURNAL).read_text().splitlines())
    more: list[str] = []
    hold(tmp_path, InProcess(ScriptedSource(calls=more)))
    assert len(more) == len(ARMS) * len(PEOPLE) * 2 - kept
    hold(tmp_path, InProcess(ScriptedSource(calls=more)))
    assert len(more) == len(set(more)) == len(ARMS) * len(PEOPLE) * 2 - kept


def test_a_person_comes_to_every_arm_with_the_same_luck_and_no_two_share_it() -> None:
    seeds = {session_seed("s", person, seed) for person in PEOPLE for seed in range(5)}
    assert len(seeds) == 5 * len(PEOPLE)
    assert session_seed("s", "p", 0) != session_seed("t", "p", 0)


def test_sessions_of_another_arm_or_model_are_passed_over(tmp_path: Path) -> None:
    hold(tmp_path)
    calls: list[str] = []
    changed = plan()
    changed.made_by["ease"] = "made anew"
    outcome = hold_sessions(changed, InProcess(ScriptedSource(calls=calls)), tmp_path)
    assert len(calls) == len(PEOPLE) * 2
    assert {call.split("/")[0] for call in calls} == {"ease"}
    assert len(outcome.sessions) == len(ARMS) * len(PEOPLE) * 2


@pytest.mark.parametrize(
    ("limit", "said"), [({"sessions": 40}, "40 sessions"), ({"seconds": 0.5}, "0.5 seconds")]
)
def test_a_budget_ends_the_study_and_the_next_run_goes_on(
    tmp_path: Path, limit: dict[str, float], said: str
) -> None:
    ticks = iter(range(1000))
    budget = BudgetSpec.model_validate(limit)
    outcome = hold(tmp_path, budget=budget, clock=lambda: float(next(ticks)))
    assert outcome.stopped_by == said
    assert len(outcome.sessions) < outcome.n_planned == 120
    rest = hold(tmp_path)
    assert rest.stopped_by == ""
    assert rest.n_resumed == len(outcome.sessions)
    assert len(rest.sessions) == 120


def test_model_calls_and_tokens_count_against_the_budget(tmp_path: Path) -> None:
    class Talking(ScriptedSource):
        def hold(self, arm: str, persona_id: str, seed: int) -> object:  # type: ignore[override]
            return seeking(arm, persona_id, seed, None)  # five calls of ten tokens

    outcome = hold(tmp_path, InProcess(Talking()), budget=BudgetSpec(tokens=800))
    assert outcome.stopped_by == "800 tokens"
    assert len(outcome.sessions) == 16  # one piece of work, which alone costs 800


def test_a_session_that_fails_is_kept_as_failed(tmp_path: Path) -> None:
    outcome = hold(tmp_path, InProcess(ScriptedSource(fail="p-03")))
    failed = [one.record for one in outcome.sessions if one.record.failure]
    assert {one.persona_id for one in failed} == {"p-03"}
    assert len(failed) == len(ARMS) * 2
    assert failed[0].failure == "The arm broke."
    assert failed[0].ending == "failed"


def test_what_stops_the_study_is_told_and_not_kept(tmp_path: Path) -> None:
    class Stopping(ScriptedSource):
        def hold(self, arm: str, persona_id: str, seed: int) -> object:  # type: ignore[override]
            raise StudyStopped("The cassette lacks an answer.", "Record it again.")

    with pytest.raises(StudyStopped, match="Record it again"):
        hold(tmp_path, InProcess(Stopping()))
    assert (tmp_path / JOURNAL).read_text() == ""


def test_two_runs_do_not_write_to_one_folder(tmp_path: Path) -> None:
    with open_journal(tmp_path), pytest.raises(DataError, match="Another run is writing"):
        hold(tmp_path)


def test_rankings_without_people_are_made_once(tmp_path: Path) -> None:
    found = offline_figures(plan(), InProcess(ScriptedSource()), tmp_path)
    assert found["ease"] == [0.7] * len(PEOPLE)

    class Broken(ScriptedSource):
        def offline(self, arm: str, persona_ids: object) -> list[float | None]:
            raise AssertionError(arm)

    assert offline_figures(plan(), InProcess(Broken()), tmp_path) == found


@pytest.mark.slow
def test_processes_give_what_one_process_gives(tmp_path: Path) -> None:
    with Processes(ScriptedSource(), 2) as engine:
        several = hold(tmp_path / "several", engine)  # type: ignore[arg-type]
    assert tables(several) == tables(hold(tmp_path / "one"))
