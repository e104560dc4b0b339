from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.evaluation.tasks import (
    Answer,
    Contestant,
    Exchange,
    FactTable,
    Fool,
    KeyedTask,
    Oracle,
    Refuser,
    ScriptedPerson,
    Session,
    Task,
    TasksReport,
    TrialFault,
    TrialResult,
    Trials,
    build_table,
    check_keys,
    generate_suite,
    keyed,
    open_journal,
    read_tau_catalog,
    read_tau_suite,
    run_all,
    run_trial,
)
from rec_core import DataError, no_progress
from tests.film_world import film_catalog


@cache
def facts() -> FactTable:
    return FactTable(film_catalog())


@cache
def tasks() -> tuple[KeyedTask, ...]:
    generator = np.random.default_rng(0)
    suite = generate_suite(facts(), name="g", catalog="films", count=30, generator=generator)
    return check_keys(suite, facts())


class FilmWorld:
    """Only scripted agents; counts how many sessions were opened."""

    def __init__(self) -> None:
        self.opened = 0

    @property
    def facts(self) -> FactTable:
        return facts()

    def fingerprint(self, row: str) -> str:
        return row

    def contestant(self, row: str) -> Contestant:
        made = {"oracle": Oracle(facts()), "fool": Fool(facts()), "refuser": Refuser()}
        return Counting(made[row], self)


class Counting(Contestant):
    def __init__(self, inner: Contestant, world: FilmWorld) -> None:
        self._inner = inner
        self._world = world

    def open(self, keyed: KeyedTask, name: str, person: ScriptedPerson) -> Session:
        self._world.opened += 1
        return self._inner.open(keyed, name, person)


def held(folder: Path, **more: Any) -> tuple[Trials, int]:
    world = FilmWorld()
    options: dict[str, Any] = {"rows": ("oracle", "fool", "refuser"), "trials": 2, "seed": 0} | more
    return run_all(world, tasks(), folder=folder, progress=no_progress, **options), world.opened


def test_the_oracle_passes_everything_the_fool_next_to_nothing_the_refuser_what_has_no_answer(
    tmp_path: Path,
) -> None:
    trials, opened = held(tmp_path)
    assert opened == 3 * 2 * 30
    rows = {
        row.row: row for row in build_table(tasks(), trials, generator=np.random.default_rng(0))
    }
    assert rows["oracle"].passes == {1: 1.0, 2: 1.0, 4: None, 8: None}
    assert rows["oracle"].ci[1] == (1.0, 1.0)
    fool = rows["fool"].passes[1]
    assert fool is not None
    assert fool < 0.15
    without = sum(one.task.answer == "none" for one in tasks()) / 30
    assert rows["refuser"].passes[1] == pytest.approx(without)
    assert rows["refuser"].parts["kind"]["impossible"] == (2, 1.0)


def test_what_is_in_the_journal_is_not_held_again(tmp_path: Path) -> None:
    first, _ = held(tmp_path)
    again, opened = held(tmp_path)
    assert opened == 0
    assert again == first
    journal = tmp_path / "trials.jsonl"
    lines = journal.read_text().splitlines(keepends=True)
    # A crash: half of the run is missing, and half a line is left over.
    journal.write_text("".join(lines[:100]) + lines[100][:40])
    resumed, opened = held(tmp_path)
    assert opened == 80
    assert resumed == first
    more, opened = held(tmp_path, trials=3)
    assert opened == 90
    assert more["fool"]["g", "g-001"][:2] == first["fool"]["g", "g-001"]


def test_two_runs_in_one_folder_are_refused(tmp_path: Path) -> None:
    with open_journal(tmp_path), pytest.raises(DataError, match="Another run"):
        held(tmp_path)


@pytest.mark.slow
def test_processes_change_nothing(tmp_path: Path) -> None:
    alone, _ = held(tmp_path / "one")
    several, _ = held(tmp_path / "two", processes=2)
    assert several == alone


class Parrot(Contestant):
    """Answers every message in the same way."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def open(self, keyed: KeyedTask, name: str, person: ScriptedPerson) -> Session:
        return _ParrotSession(self._answer)


class _ParrotSession(Session):
    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def reply(self, text: str) -> Answer:
        return self._answer


def test_a_trial_tells_why_it_failed_and_what_it_cost() -> None:
    task = Task.model_validate(
        {
            "id": "a",
            "kind": "k",
            "turns": 2,
            "constraints": [{"field": "genres", "op": "contains", "value": "Crime"}],
        }
    )
    toy = facts().named("Toy Story")
    parrot = Parrot(Answer(text="Enjoy!", item_ids=toy, model_calls=1, tokens=10, seconds=0.5))
    result = run_trial(keyed(task, "s", facts()), facts(), parrot, seed=0, trial=0, name="s-a-0-0")
    assert (result.passed, result.ending, result.picked) == (False, "gave up", "")
    assert [fault.policy for fault in result.faults] == ["announce", "rejected", "announce"]
    assert "Toy Story (1995) breaks “genres contains Crime”" in result.reason
    assert len(result.transcript) == 2
    assert (result.model_calls, result.tokens, result.seconds) == (2, 20, 1.0)


def a_report(*, reason: str = "<b>odd</b>\x00") -> TasksReport:
    some = tasks()[:2]
    bad = TrialResult(
        task_id=some[0].task.id, suite="g", trial=0, style="plain", ending="gave up", picked="",
        met=False, should_abstain=False, faults=(TrialFault(policy="announce", turn=1, reason=reason),),
        n_forced=0, transcript=(Exchange(said="<script>", text="hm", items=("Heat (1995)",)),),
        model_calls=0, tokens=0, seconds=0.1,
    )  # fmt: skip
    good = bad.model_copy(update={"task_id": some[1].task.id, "met": True, "faults": ()})
    trials = {
        row: {("g", some[0].task.id): (bad,), ("g", some[1].task.id): (good,)}
        for row in ("rules", "oracle")
    }
    return TasksReport(
        rows=build_table(some, trials, generator=np.random.default_rng(0)),
        tasks=some, trials=trials, seed=0, limit=None, suites=(), catalog_name="films",
        catalog_hash="x" * 64, n_items=3, agents={}, machine="m", scripted=("oracle",),
    )  # fmt: skip


def test_the_report_lists_failures_with_their_conversations(tmp_path: Path) -> None:
    report = a_report()
    report.write(tmp_path)
    written = json.loads((tmp_path / "results.json").read_text())
    assert [row["row"] for row in written["rows"]] == ["rules", "oracle"]
    assert written["rows"][0]["pass^1"] == 0.5
    assert written["rows"][0]["pass^2"] is None
    assert [one["row"] for one in written["failures"]] == ["rules"]
    page = (tmp_path / "report.html").read_text()
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert "Heat (1995)" in page
    assert "| rules | 0.500" in (tmp_path / "report.md").read_text()


def test_junit_has_a_case_for_every_task_and_can_be_parsed() -> None:
    from xml.etree import ElementTree

    root = ElementTree.fromstring(a_report().as_junit())
    assert [suite.attrib for suite in root] == [{"name": "rules", "tests": "2", "failures": "1"}]
    failure = root.find(".//failure")
    assert failure is not None
    assert "1 of 1 trials failed" in failure.attrib["message"]


TAU_CATALOG = [
    {"id": "t1", "title": "Alpha", "release_date": "2025-01-02", "runtime": 90, "genres": ["Drama"],
     "overview": "x", "cast": ["A B"], "director": "C D", "rating": 7.0, "vote_count": 1,
     "streaming_services": ["Netflix"], "sponsored": False, "content_rating": "R"},
    {"id": "t2", "title": "Beta", "release_date": "2024-01-02", "runtime": 150, "genres": ["Drama", "Horror"],
     "overview": "y", "cast": [], "director": None, "rating": 5.0, "vote_count": 1,
     "streaming_services": [], "sponsored": True, "content_rating": "PG"},
]  # fmt: skip
TAU_TASK = {
    "id": "task_1",
    "constraints": [
        {"constraint": {"field": "genres", "op": "contains", "value": "Drama"}, "reveal": "volunteer"},
        {"constraint": {"field": "runtime", "op": "<=", "value": 200}, "reveal": "on_ask"},
    ],
    "persona": "On your first rejection, say that you dislike Horror crossovers. Stay firm.",
    "policy_flags": ["availability", "age_restricted", "recommend_tool", "bribery"],
    "no_valid_recommendation": False, "complexity": "simple", "user_id": "u",
    "user_history": {"u": {"watched": []}}, "user_services": ["Netflix", "Hulu"],
    "answer": {"constraint_solutions": ["t1", "t2"]},
}  # fmt: skip


def tau_files(folder: Path, task: Mapping[str, object] = TAU_TASK) -> tuple[Path, Path]:
    catalog, suite = folder / "catalog.jsonl", folder / "tasks.jsonl"
    catalog.write_text("\n".join(map(json.dumps, TAU_CATALOG)))
    suite.write_text(json.dumps(task))
    return suite, catalog


def test_tau_rec_is_mapped_and_what_cannot_be_is_named(tmp_path: Path) -> None:
    path, catalog = tau_files(tmp_path)
    known = read_tau_catalog(catalog)
    suite, notes = read_tau_suite(path, known)
    (task,) = suite.tasks
    assert [(str(c), c.reveal) for c in task.constraints] == [
        ("genres contains Drama", "volunteered"),
        ("runtime <= 200", "on_request"),
        ("streaming_services contains any Netflix, Hulu", "on_request"),
        ("genres not contains Horror", "hidden"),
    ]
    assert task.unmapped == ("age_restricted",)
    assert keyed(task, suite.name, known).valid == {"t1"}
    assert any("bribery" in note for note in notes)
    rated = run_trial(
        keyed(task, suite.name, known),
        known,
        Parrot(Answer(text="Here.", item_ids=("t1",))),
        seed=0,
        trial=0,
        name="x",
    )
    assert rated.passed
    assert rated.breaches == ("age_restricted",)


def test_tau_recs_own_answers_must_come_out(tmp_path: Path) -> None:
    path, catalog = tau_files(tmp_path, TAU_TASK | {"answer": {"constraint_solutions": ["t1"]}})
    with pytest.raises(DataError, match="1 solutions in the file, 2"):
        read_tau_suite(path, read_tau_catalog(catalog))
