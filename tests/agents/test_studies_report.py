"""What a report says, and what it must not say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from agents.evaluation.engines import InProcess
from agents.simulation import SessionRecord
from agents.studies import (
    Check,
    Outcome,
    Session,
    SessionKey,
    StudyReport,
    hold_sessions,
    junit,
    page,
    write_report,
)
from agents.studies.measures import session_figures
from agents.studies.plots import axis_ticks

from .studies_kit import (
    ARMS,
    PEOPLE,
    ScriptedSource,
    browsing,
    persona,
    plan,
    report_of,
    seeking,
    spec,
)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> StudyReport:
    folder = tmp_path_factory.mktemp("study")
    return report_of(hold_sessions(plan(), InProcess(ScriptedSource()), folder))


def outcome_of(records: list[SessionRecord]) -> Outcome:
    sessions = tuple(
        Session(
            key=SessionKey(arm=one.arm, persona_id=one.persona_id, seed=one.seed, made_by=""),
            record=one,
            seconds=0.5,
        )
        for one in records
    )
    return Outcome(sessions=sessions, n_planned=len(sessions))


def browsed(liked: dict[str, list[bool]]) -> StudyReport:
    """Everybody has the same session with an arm."""
    records = [
        browsing(arm, person, seed, of)
        for arm, of in liked.items()
        for person in PEOPLE
        for seed in (0, 1)
    ]
    return report_of(outcome_of(records))


def test_figures_of_a_browsing_session_by_hand() -> None:
    # Four shown (i0 … i3), i0 and i1 liked; i1 and i2 are the hidden likes.
    record = browsing("ease", "p-00", 0, [True, True, False, False])
    found = session_figures(record, persona("p-00"), protocol="browse", most_turns=5)
    assert found == {
        "likes": 2.0, "p_view": 0.5, "p_like": 0.5, "pages": 1.0, "satisfaction": 5.5,
        "precision": 0.5, "recall": 1.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("turn", "expected"), [(1, (1, 1, 1, 0)), (3, (1, 3, 0, 1)), (None, (0, 6, 0, 0))]
)
def test_figures_of_a_talk_by_hand(turn: int | None, expected: tuple[int, ...]) -> None:
    record = seeking("ease", "p-00", 0, turn)
    found = session_figures(record, persona("p-00"), protocol="seek", most_turns=5)
    assert tuple(found[name] for name in ("hit", "turns", "first_turn", "later")) == expected


def test_the_better_arm_comes_first_and_the_verdict_says_how_sure(report: StudyReport) -> None:
    assert list(report.arms) == ["ease", "popularity", "random"]
    assert "“ease” comes first" in report.verdict()
    assert "clearly ahead of every other" in report.verdict()
    assert report.is_trustworthy
    assert report.control.passed
    assert report.agreement is not None
    assert report.agreement.mean == pytest.approx(1.0)


def test_arms_that_please_alike_are_not_told_apart() -> None:
    good = [True, True, False, True]
    report = browsed({"random": [False] * 4, "popularity": good, "ease": good})
    assert report.not_clearly_behind() == ["ease"]
    assert "but not clearly ahead of “ease”" in report.verdict()


def test_a_control_that_is_not_worst_is_told_first_and_in_red() -> None:
    report = browsed(
        {"random": [True] * 4, "popularity": [False] * 4, "ease": [True, False, True, True]}
    )
    assert not report.is_trustworthy
    html = page(report)
    alarm = html.index("Do not draw conclusions")
    assert 'class="box alarm"' in html[:alarm]
    assert alarm < html.index("In short") < html.index("What came out")
    assert "number 1 of 3" in html


@pytest.mark.parametrize("passed", [True, False, None])
def test_whatever_decides_must_pass(report: StudyReport, passed: bool | None) -> None:
    check = Check(
        name="Know anything", value="as much as a coin", mark="more", passed=passed, decides=True
    )
    told = replace(report, background=replace(report.background, checks=(check,)))
    assert told.is_trustworthy is (passed is True)
    html = page(told)
    assert ("Do not draw conclusions" in html) is (not told.is_trustworthy)
    assert ("Know anything, it should be more: as much as a coin" in html) is (not passed)
    assert "The control failed" not in html


def test_no_control_is_no_trust() -> None:
    good = [True, True, False, True]
    records = [
        browsing(arm, person, seed, good)
        for arm in ("popularity", "ease")
        for person in PEOPLE
        for seed in (0, 1)
    ]
    study = spec(arms=("popularity", "ease"), seeds=[0, 1])
    report = report_of(outcome_of(records), study)
    assert not report.is_trustworthy
    assert "no recommender that shows items at random" in report.control.value


def test_people_who_did_not_meet_every_arm_are_left_out() -> None:
    records = [
        browsing(arm, person, seed, [True, False])
        for arm in ARMS
        for person in PEOPLE
        for seed in (0, 1)
        if (arm, person, seed) != ("ease", "p-00", 1)
    ]
    assert report_of(outcome_of(records)).n_people == len(PEOPLE) - 1


def test_talks_show_how_much_needed_no_talking() -> None:
    turns = {"random": None, "popularity": 1, "ease": 2}
    records = [seeking(arm, person, 0, turn) for arm, turn in turns.items() for person in PEOPLE]
    report = report_of(outcome_of(records), spec("seek", seeds=[0]))
    assert report.found_by_turn["ease"] == (0.0, 1.0, 1.0, 1.0, 1.0)
    assert report.arms["popularity"]["first_turn"].mean == 1.0
    assert report.arms["ease"]["later"].mean == 1.0
    assert report.costs["random"].model_calls == 5.0
    assert report.costs["ease"].tokens == 20.0
    assert "Found by turn" in page(report)


def test_texts_of_people_and_data_are_escaped_and_nothing_is_loaded() -> None:
    evil = "<script>alert(1)</script>"
    records = [seeking(arm, person, 0, 1) for arm in ARMS for person in PEOPLE]
    records[0] = SessionRecord(
        arm="random", persona_id="p-00", seed=0, protocol="seek", ending="failed", failure=evil
    )
    report = report_of(outcome_of(records), spec("seek", seeds=[0], title=evil), i1=evil)
    html = page(report)
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert "http" not in html
    assert " src=" not in html
    assert "scripted &lt;data&gt;" in html


def test_the_page_explains_what_was_done_before_any_figure(report: StudyReport) -> None:
    html = page(report)
    order = ["In short", "What was studied", "How far the simulated people", "What came out",
             "Each against each", "Do people and ranking tests agree", "What it cost", "Failures",
             "side by side", "Read sessions", "How to run it again"]  # fmt: skip
    places = [html.index(one) for one in order]
    assert places == sorted(places)
    assert "20 simulated people" in html
    assert "rapport study run scripted.toml" in html
    assert "The Sought One (1999)" in html


def test_results_for_ci_fail_where_the_study_fails(report: StudyReport) -> None:
    good = Xml.fromstring(junit(report))
    assert good.get("failures") == "0"
    names = [case.get("name") for case in good]
    assert "Bad recommender comes out bad" in names
    assert good.get("tests") == str(len(names))
    bad = browsed({"random": [True] * 4, "popularity": [False] * 4, "ease": [False] * 4})
    failed = [case.get("name") for case in Xml.fromstring(junit(bad)) if case.find("failure") is not None]  # fmt: skip
    assert "Bad recommender comes out bad" in failed


def test_a_cut_short_study_says_so(report: StudyReport) -> None:
    some = Outcome(sessions=report.sessions[:80], n_planned=120, stopped_by="80 sessions")
    cut = report_of(some)
    assert "80 of 120 sessions were held" in page(cut)
    assert Xml.fromstring(junit(cut)).get("failures") != "0"


def test_files_are_written(report: StudyReport, tmp_path: Path) -> None:
    write_report(report, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"report.html", "report.json", "junit.xml"}
    assert '"is_trustworthy": true' in (tmp_path / "report.json").read_text()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 9.7], [0, 2, 4, 6, 8, 10]),
        ([-1.2, 3.4], [-2, -1, 0, 1, 2, 3, 4]),
        ([0.81, 0.84], [0.81, 0.82, 0.83, 0.84]),
        ([], [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
    ],
)
def test_axes_have_round_numbers(values: list[float], expected: list[float]) -> None:
    found = axis_ticks(values)
    assert found[0] <= min(values, default=0.0)
    assert found[-1] >= max(values, default=1.0)
    if len(expected) != 4:
        assert found == pytest.approx(expected)
