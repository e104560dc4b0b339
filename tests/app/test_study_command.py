"""`rapport study` and `rapport report` as people use them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from langchain_core.messages import BaseMessage, SystemMessage
from typer.testing import CliRunner

from agents.evaluation.engines import InProcess
from agents.planning import structured as planning
from agents.planning.parse import ParseContext
from agents.studies import StudyStopped, hold_sessions, read_spec, session_seed
from agents.studies.spec import StudySpec
from app import study_run
from app.cli import application
from app.study_models import Tape, check_servers
from app.study_parts import StudyParts
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
