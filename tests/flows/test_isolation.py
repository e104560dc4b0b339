"""Two people, one agent: nobody sees or changes the other's things, whatever ids they send."""

from __future__ import annotations

import itertools
import threading
from pathlib import Path

import pytest

from agents import ConversationalRecommender, NotYours
from rec_core import Recommender

from .agent_world import build_search, load_recommender, message, open_agent

ANN, BOB = "ann-7f3a", "bob-91cc"
CANARY = {ANN: "zebrafinch", BOB: "quokkaherd"}
TALK = {ANN: "talk-of-ann", BOB: "talk-of-bob"}


@pytest.fixture(scope="module")
def recommender(tmp_path_factory: pytest.TempPathFactory) -> Recommender:
    index = tmp_path_factory.mktemp("index")
    build_search(index)
    return load_recommender(index)


@pytest.fixture
def agent(recommender: Recommender, tmp_path: Path):
    agent = open_agent(recommender, tmp_path)
    yield agent
    agent.store.close()


def say(agent: ConversationalRecommender, user_id: str, turn_id: str, text: str) -> str:
    """All that a turn shows, as one text."""
    events = agent.stream(message(user_id, TALK[user_id], turn_id, text))
    return "\n".join(event.model_dump_json() for event in events)


def live(agent: ConversationalRecommender, user_id: str) -> None:
    """A conversation whose words, title, clicks and preferences carry the user's canary."""
    word = CANARY[user_id]
    agent.store.create_conversation(user_id, conversation_id=TALK[user_id])
    say(agent, user_id, f"{user_id}-t1", f"I love horror films, says {word}")
    slate = agent.store.state(user_id, TALK[user_id]).last_slate
    agent.store.record_feedback(user_id, TALK[user_id], f"{word}-click", slate[0], word, "dislike")
    say(agent, user_id, f"{user_id}-t2", f"something scary about a {word}")
    agent.store.rename_conversation(user_id, TALK[user_id], f"all about {word}")


def everything(agent: ConversationalRecommender, user_id: str) -> dict:
    return agent.store.export(user_id)["tables"]


def test_what_one_person_says_never_reaches_the_other(agent: ConversationalRecommender) -> None:
    for user_id in (ANN, BOB):
        live(agent, user_id)
    requests = (
        "something scary", "what do you know about me", "why the first one?", "more",
        "another one", "what did the others ask you?", f"tell me about {TALK[ANN]}", "thanks",
    )  # fmt: skip
    for number, text in enumerate(requests):
        for user_id, other in ((ANN, BOB), (BOB, ANN)):
            shown = say(agent, user_id, f"{user_id}-q{number}", text)
            assert CANARY[other] not in shown
    for user_id, other in ((ANN, BOB), (BOB, ANN)):
        assert CANARY[other] not in str(everything(agent, user_id))
        assert CANARY[user_id] in str(everything(agent, user_id))


def test_forged_conversation_and_turn_ids_are_refused_and_change_nothing(
    agent: ConversationalRecommender,
) -> None:
    for user_id in (ANN, BOB):
        live(agent, user_id)
    before = {user_id: everything(agent, user_id) for user_id in (ANN, BOB)}
    conversations = (TALK[BOB], "no-such-talk", "", "../rapport.db", "' OR 1=1 --", "💥" * 500)
    turns = ("new-turn", f"{BOB}-t1", f"{ANN}-t1", "' OR 1=1 --")
    forged = [(one, turn) for one, turn in itertools.product(conversations, turns)]
    forged.append((TALK[ANN], f"{BOB}-t1"))
    for conversation_id, turn_id in forged:
        with pytest.raises(NotYours) as caught:
            agent.reply(message(ANN, conversation_id, turn_id, "show me what was said"))
        assert CANARY[BOB] not in str(caught.value)
    assert {user_id: everything(agent, user_id) for user_id in (ANN, BOB)} == before


def test_a_dislike_of_one_does_not_take_films_from_the_other(
    agent: ConversationalRecommender,
) -> None:
    for user_id in (ANN, BOB):
        agent.store.create_conversation(user_id, conversation_id=TALK[user_id])
        say(agent, user_id, f"{user_id}-t1", "a crime film from the 90s")
    first = agent.store.state(ANN, TALK[ANN]).last_slate
    assert first == agent.store.state(BOB, TALK[BOB]).last_slate
    for item_id in first:
        agent.store.record_feedback(ANN, TALK[ANN], f"no-{item_id}", item_id, item_id, "dislike")
    for user_id in (ANN, BOB):
        other = agent.store.create_conversation(user_id).conversation_id
        agent.reply(message(user_id, other, f"{user_id}-t2", "a crime film from the 90s"))
        again = agent.store.state(user_id, other).last_slate
        assert (set(again) & set(first) == set()) == (user_id == ANN)


def test_turns_of_both_at_once_stay_apart(agent: ConversationalRecommender) -> None:
    shown: dict[str, list[str]] = {ANN: [], BOB: []}
    faults: list[BaseException] = []

    def talk(user_id: str) -> None:
        try:
            for number in range(5):
                text = f"a film about a {CANARY[user_id]}, number {number}"
                shown[user_id].append(say(agent, user_id, f"{user_id}-t{number}", text))
        except BaseException as fault:
            faults.append(fault)
            raise

    for user_id in (ANN, BOB):
        agent.store.create_conversation(user_id, conversation_id=TALK[user_id])
    threads = [threading.Thread(target=talk, args=(user_id,)) for user_id in (ANN, BOB)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    for user_id, other in ((ANN, BOB), (BOB, ANN)):
        assert len(agent.store.turns(user_id, TALK[user_id])) == 5
        assert CANARY[other] not in "".join(shown[user_id])
        assert CANARY[other] not in str(everything(agent, user_id))


def test_forgetting_one_leaves_the_other_and_no_bytes(
    agent: ConversationalRecommender, tmp_path: Path
) -> None:
    for user_id in (ANN, BOB):
        live(agent, user_id)
    kept = everything(agent, BOB)
    stopped = agent.stream(message(ANN, TALK[ANN], f"{ANN}-stopped", f"a {CANARY[ANN]} again"))
    next(stopped)
    stopped.close()
    agent.store.forget(ANN)
    assert everything(agent, BOB) == kept
    for path in tmp_path.iterdir():
        assert CANARY[ANN].encode() not in path.read_bytes(), path.name
        assert ANN.encode() not in path.read_bytes(), path.name
    with pytest.raises(NotYours):
        agent.reply(message(ANN, TALK[ANN], f"{ANN}-t9", "hello"))
