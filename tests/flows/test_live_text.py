"""A model's words reach the person while it still speaks, as far as they are backed already."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agents import PlanMade, TextDelta

from ..openai_server import say
from .agent_world import build_search, load_recommender
from .malformed_replies import stream
from .reply_kit import ReplyWorld


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReplyWorld]:
    folder = tmp_path_factory.mktemp("world")
    build_search(folder / "search")
    return ReplyWorld(load_recommender(folder / "search"), folder)


def told(events: list) -> tuple[str, str]:
    """What was told before the plan was made, and after."""
    place = next(at for at, event in enumerate(events) if isinstance(event, PlanMade))
    before = [one.text for one in events[:place] if isinstance(one, TextDelta)]
    after = [one.text for one in events[place:] if isinstance(one, TextDelta)]
    return "".join(before), "".join(after)


def test_sentences_are_told_as_they_come_and_once(world: ReplyWorld) -> None:
    result, events = world.turn([say("You are welcome. Enjoy it. Bye for now.")], text="thanks")
    before, after = told(events)
    assert before == "You are welcome. Enjoy it."
    assert before + after == result.text == "You are welcome. Enjoy it. Bye for now."


def test_a_sentence_that_nothing_backs_is_not_told(world: ReplyWorld) -> None:
    boast = say('You are welcome. Next see "The Blue Harbour" (1994). Bye for now. And so on.')
    result, events = world.turn([boast], text="thanks")
    before, _ = told(events)
    assert before == "You are welcome."
    assert "Blue Harbour" not in result.text + before


def test_a_slate_is_not_announced_before_it_is_there(world: ReplyWorld) -> None:
    _, events = world.turn([say("Sure. Here it comes. Wait for it. Soon.")])
    assert told(events)[0] == ""


def test_a_stream_that_breaks_after_some_words_ends_in_a_whole_answer(world: ReplyWorld) -> None:
    from ..openai_server import piece

    broken = stream(piece({"content": "You are wel"}), "{broken")
    result, events = world.turn([broken, say("You are welcome. Bye.")], text="thanks")
    assert result.text == "You are welcome. Bye."
    assert "".join(told(events)) == result.text
