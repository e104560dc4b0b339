"""Whatever a model or its server sends, the turn ends in a useful answer, and nobody sees what went wrong.

The kinds are in `malformed_replies.py`. Here the model sends nothing else, turn after turn.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from .agent_world import build_search, load_recommender
from .malformed_replies import GOOD_STREAMS, KINDS, STREAMS
from .mutations import PLANNERS, Planner, mutant
from .reply_kit import ReplyWorld, present_found

# Set aside where the client is made; pytest turns every warning into an error again.
pytestmark = pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReplyWorld]:
    folder = tmp_path_factory.mktemp("world")
    build_search(folder / "search")
    world = ReplyWorld(load_recommender(folder / "search"), folder)
    yield world
    world.check_stored()


# Every second kind, of each sort, in the fast run; all of them with both planners in the slow one.
FEW = list(KINDS)[::2]


def test_there_are_forty_kinds_and_more() -> None:
    assert len(FEW) >= 40
    assert len(STREAMS) >= 15


@pytest.mark.parametrize("kind", FEW)
def test_a_kind_that_never_ends_leaves_a_useful_answer(world: ReplyWorld, kind: str) -> None:
    world.check(*world.turn(KINDS[kind]))


@pytest.mark.slow
@pytest.mark.parametrize("can_stream", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("planner", ["tools", "structured"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_with_both_planners(
    world: ReplyWorld, kind: str, planner: Planner, can_stream: bool
) -> None:
    world.check(*world.turn(KINDS[kind], setting=planner, can_stream=can_stream))


@pytest.mark.slow
@pytest.mark.parametrize("kind", STREAMS)
def test_after_one_bad_stream_the_model_goes_on(world: ReplyWorld, kind: str) -> None:
    world.check(*world.turn([*STREAMS[kind], present_found]))


@pytest.mark.slow
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("planner", ["tools", "structured"])
def test_a_thousand_random_mutations(world: ReplyWorld, planner: Planner) -> None:
    for number in range(1_000):
        generator = np.random.default_rng([0, PLANNERS.index(planner), number])
        script = [mutant(planner, generator) for _ in range(3)]
        can_stream = bool(generator.integers(2))
        world.check(*world.turn(script, setting=planner, can_stream=can_stream))


@pytest.mark.parametrize("kind", GOOD_STREAMS)
def test_odd_streams_lose_nothing(world: ReplyWorld, kind: str) -> None:
    result, events = world.turn([GOOD_STREAMS[kind], present_found])
    world.check(result, events)
    assert result.planner == "tool_calling"
    assert result.usage.model_calls == 2
