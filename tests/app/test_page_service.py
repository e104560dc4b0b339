"""The page's actions over a real store: what they save, and that nobody reaches another's things."""

import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents import NotYours
from app.page.service import PageService, explain
from rec_core import RapportError
from tests.app.scripted_agent import ScriptedAgent

ADA, BOB = "ada", "bob"


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[ScriptedAgent]:
    made = ScriptedAgent(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def service(agent: ScriptedAgent) -> PageService:
    return PageService(agent)


def talk(service: PageService, user_id: str, text: str, conversation_id: str = "") -> str:
    conversation_id, running = service.begin(user_id, conversation_id, uuid.uuid4().hex, text)
    *_, (progress, _) = service.watch(user_id, conversation_id, running)
    assert progress.result is not None
    assert running.wait(5)
    return conversation_id


def first_item(agent: ScriptedAgent) -> str:
    return agent.recommender.catalog.at(0).item_id


def test_a_first_message_makes_a_conversation_that_a_reload_finds(service: PageService) -> None:
    made = talk(service, ADA, "a heist film")
    assert service.resolve(ADA, "") == made
    assert service.resolve(ADA, made) == made
    shown = service.transcript(ADA, made)
    assert "a heist film" in shown
    assert "Here are three films." in shown
    assert "a heist film" in service.sidebar(ADA, made)


def test_an_empty_page_greets_and_lists_nothing(service: PageService) -> None:
    assert service.resolve(ADA, "made-up") == ""
    assert "What would you like to watch?" in service.transcript(ADA, "")
    assert "will appear here" in service.sidebar(ADA, "")


def test_the_accordion_of_a_finished_turn_is_kept(service: PageService) -> None:
    made = talk(service, ADA, "a heist film")
    assert "Picked films for you" in service.transcript(ADA, made)


def test_the_same_turn_id_twice_is_one_turn(service: PageService, agent: ScriptedAgent) -> None:
    turn_id = uuid.uuid4().hex
    made, running = service.begin(ADA, "", turn_id, "once")
    list(service.watch(ADA, made, running))
    _, again = service.begin(ADA, made, turn_id, "once")
    list(service.watch(ADA, made, again))
    assert len(agent.store.turns(ADA, made)) == 1


def test_a_dislike_is_saved_shown_and_remembered(
    service: PageService, agent: ScriptedAgent
) -> None:
    made = talk(service, ADA, "a film")
    item_id = first_item(agent)
    service.judge(ADA, made, uuid.uuid4().hex, item_id, "dislike")
    assert "is-dislike" in service.transcript(ADA, made)
    assert "Noted: you won't see this one again." in service.transcript(ADA, made)
    assert "you set it with a click" in service.memory(ADA)
    talk(service, ADA, "more", made)
    newest = agent.store.turns(ADA, made)[-1].result
    assert item_id not in [item.item_id for item in newest.items]


def test_a_second_click_takes_a_judgement_back(service: PageService, agent: ScriptedAgent) -> None:
    made = talk(service, ADA, "a film")
    item_id = first_item(agent)
    service.judge(ADA, made, uuid.uuid4().hex, item_id, "like")
    assert "is-like" in service.transcript(ADA, made)
    service.judge(ADA, made, uuid.uuid4().hex, item_id, "clear")
    assert "is-like" not in service.transcript(ADA, made)


@pytest.mark.parametrize(("item_id", "kind"), [("no-such-item", "like"), (None, "adore")])
def test_a_forged_button_is_refused(
    service: PageService, agent: ScriptedAgent, item_id: str | None, kind: str
) -> None:
    made = talk(service, ADA, "a film")
    with pytest.raises(RapportError, match="no longer fits"):
        service.judge(ADA, made, uuid.uuid4().hex, item_id or first_item(agent), kind)


def test_undo_gives_the_words_back(service: PageService) -> None:
    made = talk(service, ADA, "a heist film")
    assert service.take_back(ADA, made) == "a heist film"
    assert service.take_back(ADA, made) == ""
    assert service.take_back(ADA, "") == ""


def test_a_stopped_turn_leaves_nothing(tmp_path: Path) -> None:
    gate = threading.Event()
    agent = ScriptedAgent(tmp_path, gate=gate)
    service = PageService(agent)
    turn_id = uuid.uuid4().hex
    made, running = service.begin(ADA, "", turn_id, "a heist film")
    snapshots = service.watch(ADA, made, running)
    next(snapshots)
    service.stop(ADA, made)
    list(snapshots)
    assert agent.stopped == [(ADA, turn_id)]
    gate.set()
    assert running.is_stopped
    assert not service.is_committed(ADA, made, turn_id, running)
    assert agent.store.turns(ADA, made) == ()
    agent.store.close()


def test_nobody_reaches_another_persons_conversation(
    service: PageService, agent: ScriptedAgent
) -> None:
    hers = talk(service, ADA, "a secret wish")
    assert service.resolve(BOB, hers) == ""
    assert "secret" not in service.sidebar(BOB, hers)
    with pytest.raises(NotYours):
        service.transcript(BOB, hers)
    with pytest.raises(NotYours):
        service.rename(BOB, hers, "mine")
    with pytest.raises(NotYours):
        service.erase(BOB, hers)
    with pytest.raises(NotYours):
        service.take_back(BOB, hers)
    with pytest.raises(NotYours):
        service.judge(BOB, hers, uuid.uuid4().hex, first_item(agent), "like")
    conversation_id, running = service.begin(BOB, hers, uuid.uuid4().hex, "let me in")
    with pytest.raises(NotYours):
        list(service.watch(BOB, conversation_id, running))
    assert [turn.text for turn in agent.store.turns(ADA, hers)] == ["a secret wish"]


def test_stop_of_another_person_does_not_reach_the_turn(tmp_path: Path) -> None:
    gate = threading.Event()
    agent = ScriptedAgent(tmp_path, gate=gate)
    service = PageService(agent)
    made, running = service.begin(ADA, "", uuid.uuid4().hex, "a film")
    service.stop(BOB, made)
    assert agent.stopped == []
    gate.set()
    *_, (progress, _) = service.watch(ADA, made, running)
    assert progress.result is not None
    assert running.wait(5)
    agent.store.close()


def test_conversations_are_renamed_and_deleted(service: PageService) -> None:
    first = talk(service, ADA, "one")
    second = talk(service, ADA, "two")
    service.rename(ADA, first, "  Friday  ")
    assert "Friday" in service.sidebar(ADA, first)
    service.rename(ADA, first, "   ")
    assert "Friday" in service.sidebar(ADA, first)
    service.erase(ADA, second)
    assert service.resolve(ADA, second) == first


def test_preferences_are_edited_deleted_and_paused(
    service: PageService, agent: ScriptedAgent
) -> None:
    made = talk(service, ADA, "a film")
    service.judge(ADA, made, uuid.uuid4().hex, first_item(agent), "dislike")
    (noted,) = agent.store.preferences(ADA)
    service.amend(ADA, noted.preference_id, kind="like")
    (amended,) = agent.store.preferences(ADA)
    assert amended.kind == "like"
    with pytest.raises(NotYours):
        service.drop(BOB, amended.preference_id)
    service.drop(ADA, amended.preference_id)
    assert agent.store.preferences(ADA) == ()
    service.pause(ADA, True)
    assert service.is_paused(ADA)
    assert "Learning is paused" in service.memory(ADA)


def test_export_has_ones_own_words_and_forget_removes_them(service: PageService) -> None:
    talk(service, ADA, "a secret wish")
    talk(service, BOB, "something loud")
    exported = service.export(ADA)
    assert "a secret wish" in exported
    assert "something loud" not in exported
    service.forget(ADA)
    assert service.resolve(ADA, "") == ""
    assert "a secret wish" not in service.export(ADA)
    assert service.resolve(BOB, "") != ""


def test_a_message_is_cut_at_its_limit(service: PageService, agent: ScriptedAgent) -> None:
    talk(service, ADA, "x" * 100_000)
    assert len(agent.said[0]) == 2_000


def test_faults_are_explained_without_their_own_words() -> None:
    assert explain(RapportError("Full.", "Make room.")) == ("Full.", "Make room.")
    problem, remedy = explain(ValueError("secret internals"))
    assert "secret" not in problem + remedy
    assert "no longer there" in explain(NotYours())[0]
