"""`rapport study` and `rapport report` as people use them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from langchain_core.messages import BaseMessage, SystemMessage
from typer.testing import CliRunner

from agents.evaluation.engines import InProcess
from agents.planning import structured as planning
from agents.planning.parse import ParseContext
from agents.simulation import QUESTIONS
from agents.studies import StudyStopped, hold_sessions, read_spec, session_seed
from agents.studies.spec import StudySpec
from app import study_run
from app.cli import application
from app.study_models import Tape, check_servers
from app.study_parts import StudyParts
from app.study_trust import model_checks
from app.study_world import StudyWorld
from rec_core import DataError, RapportError, SettingsError

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = sorted((ROOT / "configs").glob("study_*.toml"))
SMOKE = ROOT / "configs" / "study_smoke.toml"


def call(*arguments: str) -> str:
    result = CliRunner().invoke(application, list(arguments))
    if isinstance(result.exception, RapportError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> StudyParts:
    """The smoke study's data with quick arms, browsed by eight people."""
    folder = tmp_path_factory.mktemp("study")
    spec = read_spec(SMOKE)
    changed = spec.model_dump(exclude={"cassette"}) | {
        "people": {"count": 8},
        "session": {"protocol": "browse", "pages": 2},
        "arms": [{"kind": kind} for kind in ("random", "popularity", "transitions", "ease")],
    }
    parts = StudyParts(StudySpec.model_validate(changed), folder / "work", folder / "home")
    parts.prepare()
    return parts


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_shipped_studies_are_sound(config: Path) -> None:
    said = call("study", "check", str(config))
    assert "random" in said
    assert "warning" not in said


def test_a_study_without_a_control_is_warned_about(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    text = 'name="s"\n[data]\nname="ml-100k"\n[[arms]]\nkind="ease"\n[[arms]]\nkind="popularity"\n'
    path.write_text(text)
    assert "no arm is random" in call("study", "check", str(path))


def test_a_report_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="rapport study run"):
        call("report", "open", str(tmp_path))


def test_a_report_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    (tmp_path / "report.html").write_text("<p>hi</p>")
    assert call("report", "open", str(tmp_path)).strip() == (tmp_path / "report.html").as_uri()


def test_recommenders_see_nothing_of_what_is_hidden(small: StudyParts) -> None:
    visible = small.visible
    for one in small.personas.values():
        row = visible.users.row(one.user_id)
        seen = {visible.catalog_ids.ids[item] for item in visible.history(row)}
        assert one.hidden_likes
        assert not seen & {*one.hidden_likes, *one.hidden_dislikes}
        assert seen == set(one.history)


def test_what_is_prepared_is_kept(small: StudyParts) -> None:
    again = StudyParts(small.spec, small.folder, small.home)
    before = {path: path.stat().st_mtime_ns for path in small.folder.rglob("*") if path.is_file()}
    again.prepare()
    after = {path: path.stat().st_mtime_ns for path in small.folder.rglob("*") if path.is_file()}
    assert before == after


def test_sessions_are_held_over_real_parts(small: StudyParts, tmp_path: Path) -> None:
    world = StudyWorld(small, Tape(path=tmp_path / "tape.db", mode="auto"))
    plan = study_run.plan_of(small.spec, small)
    outcome = hold_sessions(plan, InProcess(world), tmp_path)
    assert len(outcome.sessions) == 4 * 8
    assert not [one for one in outcome.sessions if one.record.failure]
    for one in outcome.sessions:
        shown = [item for visit in one.record.visits for item in visit.shown]
        assert len(shown) == len(set(shown))
        assert not set(shown) & set(small.personas[one.key.persona_id].history)
    marks = world.offline("popularity", plan.persona_ids)
    assert all(mark is not None and 0 <= mark <= 1 for mark in marks)


def test_people_played_by_a_model_are_asked_first(small: StudyParts, tmp_path: Path) -> None:
    world = StudyWorld(small, Tape(path=tmp_path / "tape.db", mode="auto"))
    plan = study_run.with_questions(study_run.plan_of(small.spec, small))
    asked = hold_sessions(plan, InProcess(world), tmp_path)
    assert (asked.n_planned, plan.arms[0]) == (5 * 8, QUESTIONS)

    outcome, answers = study_run.without_questions(asked, plan)
    assert (outcome.n_planned, len(outcome.sessions), len(answers)) == (4 * 8, 4 * 8, 8)
    # These are the statistical people, who can be asked as well: some are right, none takes all.
    personas = tuple(small.personas.values())
    knows, apart, choosy, rated = model_checks(
        answers, personas, small.split, generator=np.random.default_rng(0)
    )
    assert knows.passed
    assert apart.value.startswith("right 0.")
    assert choosy.passed
    assert rated.value.startswith(("off by", "not measured"))

    nobody = model_checks([], personas, small.split, generator=np.random.default_rng(0))
    assert [one.passed for one in nobody] == [False, False, False, None]


def test_more_people_than_there_are_is_a_sentence(small: StudyParts) -> None:
    people = small.spec.people.model_copy(update={"count": 5_000})
    spec = small.spec.model_copy(update={"people": people})
    with pytest.raises(DataError, match=r"the study asks for 5,000 people.*Lower people\.count"):
        StudyParts(spec, small.folder, small.home).prepare()


def test_a_served_arm_needs_a_server_or_a_tape(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RAPPORT_LLM__BASE_URL", "RAPPORT_LLM__MODEL"):
        monkeypatch.delenv(name, raising=False)
    spec = read_spec(SMOKE)
    check_servers(spec, "replay")
    with pytest.raises(SettingsError, match="RAPPORT_LLM__BASE_URL"):
        check_servers(spec, "auto")
    nameless = spec.arms[-1].model_copy(update={"model": ""})
    with pytest.raises(SettingsError, match="RAPPORT_LLM__MODEL"):
        check_servers(spec.model_copy(update={"arms": (nameless,)}), "replay")


def with_rewriter(parts: StudyParts) -> StudyParts:
    """The same data, sought by eight people, before agents with and without a rewriter."""
    changed = parts.spec.model_dump(exclude={"cassette"}) | {
        "session": {"protocol": "seek", "turns": 2},
        "arms": [
            {"kind": "random"},
            {"kind": "agent", "name": "plain"},
            {"kind": "agent", "name": "rewriting", "rewriter": True},
        ],
    }
    return StudyParts(StudySpec.model_validate(changed), parts.folder, parts.home)


def test_a_rewriter_that_is_not_there_is_a_sentence(
    small: StudyParts, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = with_rewriter(small).spec
    monkeypatch.setattr("agents.rewriting.shipped.shipped_adapter", lambda _: None)
    with pytest.raises(SettingsError, match="The arm 'rewriting' wants its queries rewritten"):
        check_servers(spec, "auto")


@pytest.mark.slow
def test_an_arm_rewrites_its_queries_and_pays_for_it(small: StudyParts, tmp_path: Path) -> None:
    parts = with_rewriter(small)
    try:
        check_servers(parts.spec, "auto")
    except SettingsError as fault:
        pytest.skip(fault.problem)
    parts.prepare()
    persona = next(iter(parts.personas))

    def held(arm: str) -> list[tuple[str, tuple[str, ...], int]]:
        world = StudyWorld(parts, Tape(path=tmp_path / "tape.db", mode="auto"))
        record = world.hold(arm, persona, session_seed("rewriting", persona, 0))
        assert not record.failure
        replies = [(one.said, one.reply) for one in record.exchanges]
        return [(said, reply.item_ids, reply.model_calls) for said, reply in replies]

    rewritten = held("rewriting")
    assert [calls for _, _, calls in held("plain")] == [0] * len(held("plain"))
    assert sum(calls for _, _, calls in rewritten) > 0
    assert held("rewriting") == rewritten


@pytest.mark.slow
def test_the_shipped_study_replays_and_stands(tmp_path: Path) -> None:
    said = call("--home", str(tmp_path / "home"), "study", "run", str(SMOKE), "--out",
                str(tmp_path / "smoke"), "--processes", "1")  # fmt: skip
    assert "✓ Bad recommender comes out bad" in said
    assert '"failed": 0' in (tmp_path / "smoke" / "report.json").read_text()
    assert 'failures="0"' in (tmp_path / "smoke" / "junit.xml").read_text()


@pytest.mark.slow
def test_a_changed_prompt_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = read_spec(SMOKE)
    assert spec.cassette is not None
    parts = StudyParts(spec, tmp_path / "work", tmp_path / "home")
    parts.prepare()
    tape = tmp_path / "tape.db"
    shutil.copyfile(spec.cassette, tape)
    persona = next(iter(parts.personas))
    name = spec.arms[-1].name
    plan = study_run.plan_of(spec, parts)

    def held() -> list[tuple[str, tuple[str, ...]]]:
        world = StudyWorld(parts, Tape(path=tape, mode="replay"))
        record = world.hold(name, persona, session_seed(plan.name, persona, 0))
        return [(one.said, one.reply.item_ids) for one in record.exchanges]

    assert held() == held()
    told = planning.parse_messages

    def changed(context: ParseContext, message: str, *, tuned: bool) -> tuple[BaseMessage, ...]:
        system, *rest = told(context, message, tuned=tuned)
        return (SystemMessage(f"{system.text} Be brief."), *rest)

    monkeypatch.setattr(planning, "parse_messages", changed)
    with pytest.raises(StudyStopped, match="Record it again"):
        held()
