"""Arms keep their side of the contract: nothing twice, nothing of the history, equal seeds equal sessions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from agents import ConversationalRecommender, open_checkpointer
from agents.memory import ConversationStore
from agents.planning.rules import RulesPlanner
from agents.simulation import Arm, Reaction
from agents.studies import AgentArm, RandomArm, ScorerArm, SearchArm
from agents.studies.arms import SHOWN_A_TURN
from rec_core import IdMap, Recommender
from tools import default_toolbox

from ..film_world import film_catalog, film_id
from ..flows.agent_world import build_search, load_recommender

IDS = IdMap([f"i{number}" for number in range(12)])


class Next:
    """Prefers the item after the newest one, then the one after that, round and round."""

    def score(self, histories: Sequence[np.ndarray]) -> np.ndarray:
        newest = np.array([history[-1] if len(history) else -1 for history in histories])
        return -((np.arange(12)[None, :] - newest[:, None] - 1) % 12).astype(np.float32)


@pytest.fixture(scope="module")
def recommender(tmp_path_factory: pytest.TempPathFactory) -> Recommender:
    folder = tmp_path_factory.mktemp("search")
    build_search(folder)
    return load_recommender(folder)


def agent_arm(recommender: Recommender) -> AgentArm:
    planner = RulesPlanner(recommender)

    def new_agent() -> ConversationalRecommender:
        return ConversationalRecommender(
            recommender=recommender, toolbox=default_toolbox(), planners=[planner],
            store=ConversationStore("sqlite://"), checkpointer=open_checkpointer(None),
        )  # fmt: skip

    return AgentArm("agent", new_agent, {"p-u001": "u001"}, "rules")


def test_a_ranking_goes_on_and_follows_what_is_taken() -> None:
    session = ScorerArm("next", Next(), IDS).open("p", ("i3", "unknown"), 0)
    assert session.page(2) == ("i4", "i5")
    assert session.page(2) == ("i6", "i7")
    session.learn([Reaction(item_id="i7", watched=False)])
    assert session.page(1) == ("i8",)
    session.learn([Reaction(item_id="i8", watched=True, rating=1, liked=False)])
    # After i8 come i9 … i11, i0 …; i3 is history, i4 … i8 were shown.
    assert session.page(9) == ("i9", "i10", "i11", "i0", "i1", "i2")
    assert session.page(1) == ()


def test_an_arm_without_words_shows_the_next_whatever_is_said() -> None:
    with pytest.raises(NotImplementedError):
        ScorerArm("deaf", Next(), IDS).open("p", (), 0).say("hello")
    session = ScorerArm("deaf", Next(), IDS, converses=True).open("p", (), 0)
    assert session.say("hello").item_ids == ("i0", "i1", "i2", "i3", "i4")
    assert session.say("something else").item_ids == ("i5", "i6", "i7", "i8", "i9")


def test_random_is_random_but_the_same_for_the_same_seed() -> None:
    arm = RandomArm("random", IDS)
    pages = [arm.open("p", ("i0",), seed).page(11) for seed in (1, 1, 2)]
    assert pages[0] == pages[1] != pages[2]
    assert sorted(pages[0]) == sorted(set(IDS.ids) - {"i0"})
    assert arm.open("q", ("i0",), 1).page(11) != pages[0]


@pytest.mark.parametrize("kind", ["search", "agent"])
def test_what_hears_words_follows_them_and_shows_nothing_twice(
    recommender: Recommender, kind: str
) -> None:
    arm: Arm = agent_arm(recommender) if kind == "agent" else SearchArm("search", recommender)
    toy_story = film_id("Toy Story")
    session = arm.open("p-u001", (toy_story,), 0)
    first = session.say("a crime film with Al Pacino")
    pacino = {one.item_id for one in film_catalog() if "Al Pacino" in one.cast}
    assert set(first.item_ids) & pacino
    second = session.say("show me others")
    assert len(second.item_ids) <= SHOWN_A_TURN
    assert not set(first.item_ids) & set(second.item_ids)
    again = arm.open("p-u001", (toy_story,), 0).say("a crime film with Al Pacino")
    assert again.item_ids == first.item_ids, "a session must not know of another"


def test_an_agent_can_be_browsed_and_told_by_button(recommender: Recommender) -> None:
    arm = agent_arm(recommender)
    session = arm.open("p-u001", (), 0)
    page = session.page(4)
    session.learn([Reaction(item_id=page[0], watched=True, rating=5, liked=True)])
    more = session.page(4)
    assert len(page) == 4
    assert more
    assert not set(page) & set(more)
    assert arm.fallbacks == []


def test_who_planned_instead_is_noted(recommender: Recommender, tmp_path: Path) -> None:
    from dataclasses import replace

    arm = replace(agent_arm(recommender), planner="structured")
    arm.open("p-u001", (), 0).say("something funny")
    assert arm.fallbacks == ["rules"]
