from __future__ import annotations

from collections.abc import Sequence
from math import log2

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from agents.rewriting.prompting import answer_text
from agents.rewriting.rewards import (
    PARTS,
    RewardConfig,
    RewardFailed,
    RewardKit,
    copy_penalty,
    diversity_guard,
    length_penalty,
    ndcg,
    popularity_guard,
    recall,
)
from agents.rewriting.tasks import RewriteTask
from rec_core import SettingsError
from rec_core.dialogue import Utterance

RANKED = np.array([7, 3, 5, 1], dtype=np.int32)


class Fixed:
    """Ranks the same whatever is asked, and notes what was."""

    fingerprint = "fixed"

    def __init__(self, ranked: np.ndarray = RANKED) -> None:
        self.queries: list[str] = []
        self._ranked = ranked

    def rank(self, queries: Sequence[str], excluded: Sequence[Sequence[str]]) -> list[np.ndarray]:
        self.queries += queries
        return [self._ranked for _ in zip(queries, excluded, strict=True)]

    def rows(self, item_ids: Sequence[str]) -> np.ndarray:
        return np.array([int(item) for item in item_ids])


def task(text: str = "a western please", targets: tuple[str, ...] = ("3",)) -> RewriteTask:
    return RewriteTask(
        task_id="t", source="talk", group_id="g", context=(Utterance(role="user", text=text),),
        excluded=(), targets=targets,
    )  # fmt: skip


def test_ndcg_by_hand() -> None:
    # Targets at places 2 and 4 of the list; the ideal list has them at 1 and 2.
    expected = (1 / log2(3) + 1 / log2(5)) / (1 + 1 / log2(3))

    assert ndcg(RANKED, np.array([3, 1]), depth=100) == pytest.approx(expected)
    assert ndcg(RANKED, np.array([3, 1]), depth=2) == pytest.approx(1 / log2(3) / (1 + 1 / log2(3)))
    assert ndcg(RANKED, np.array([7]), depth=100) == 1.0
    assert ndcg(RANKED, np.array([9]), depth=100) == 0.0


def test_repeats_count_once_on_both_sides() -> None:
    assert ndcg(RANKED, np.array([7, 7, 7]), depth=100) == 1.0
    assert ndcg(np.array([5, 5, 7]), np.array([7]), depth=100) == pytest.approx(1 / log2(3))


def test_unknown_targets_are_in_the_ideal_list_and_never_found() -> None:
    assert ndcg(RANKED, np.array([7, -1]), depth=100) == pytest.approx(1 / (1 + 1 / log2(3)))
    assert recall(RANKED, np.array([7, -1, -1]), depth=10) == pytest.approx(1 / 3)
    assert ndcg(np.zeros(0, dtype=np.int32), np.array([-1]), depth=10) == 0.0
    with pytest.raises(ValueError, match="target"):
        ndcg(RANKED, np.zeros(0, dtype=np.int64), depth=10)


@settings(max_examples=50, deadline=None)
@given(st.permutations(range(12)), st.sets(st.integers(0, 20), min_size=1, max_size=6))
def test_ndcg_is_a_share_and_moving_a_target_up_never_hurts(
    order: list[int], wanted: set[int]
) -> None:
    targets = np.array(sorted(wanted))
    before = ndcg(np.array(order), targets, depth=8)
    hit = next((place for place, row in enumerate(order) if row in wanted), 0)
    better = [order[hit], *order[:hit], *order[hit + 1 :]]

    assert 0 <= before <= ndcg(np.array(better), targets, depth=8) <= 1


def test_length_costs_beyond_what_is_free() -> None:
    assert length_penalty("one two", free_words=2) == 0
    assert length_penalty("one two three", free_words=2) == -0.5
    assert length_penalty("one " * 50, free_words=2) == -1


def test_copying_the_last_message_costs() -> None:
    message = "I want a slow western"

    assert copy_penalty("I WANT a slow western!", message) == -1
    assert copy_penalty("western slow", message) == 0
    # A run of four of five words: share .8, above one half by .3 of .5.
    assert copy_penalty("want a slow western horses", message) == pytest.approx(-0.6)
    assert copy_penalty("slow western", "slow western") is None


def test_guards_look_at_the_first_ten() -> None:
    popular = popularity_guard(np.array([0, 0, 5, 9]))
    # Shares of less popular items: 0, 0, 1/2, 3/4.
    assert popular(np.array([3, 2])) == pytest.approx(1 - (0.75 + 0.5) / 2)
    assert popular(np.zeros(0, dtype=np.int64)) == 1

    diverse = diversity_guard(np.eye(3, dtype=np.float32)[[0, 0, 1]])
    assert diverse(np.array([0, 1])) == pytest.approx(0)
    assert diverse(np.array([0, 2])) == pytest.approx(1)
    assert diverse(np.array([2])) == 1


def test_the_kit_gives_every_part_on_its_own() -> None:
    kit = RewardKit(Fixed(), RewardConfig(depth=100))

    (parts,) = kit.reward(
        [task("show me slow westerns with horses")], [answer_text("western horses")]
    )

    assert parts.ndcg == pytest.approx(1 / log2(3))
    assert (parts.format, parts.length, parts.copy) == (0.1, 0.0, 0.0)
    assert parts.popularity is None
    assert parts.diversity is None
    assert parts.total == pytest.approx(1 / log2(3) + 0.1)
    assert set(parts.as_dict()) == {*PARTS, "total"}


def test_what_is_no_rewrite_is_not_searched_for() -> None:
    environment = Fixed()

    found = RewardKit(environment).reward(
        [task(), task(), task()], ["I think so.\n", answer_text("western"), '{"query":"!!"}']
    )

    assert environment.queries == ["western"]
    assert [one.ndcg is None for one in found] == [True, False, True]
    assert found[0].total == -1.0


def test_guards_count_with_their_weight_and_must_be_there() -> None:
    config = RewardConfig(popularity_weight=0.5)
    kit = RewardKit(Fixed(), config, popularity=lambda _: 0.4)

    assert kit.reward([task()], [answer_text("western")])[0].popularity == pytest.approx(0.2)
    with pytest.raises(SettingsError, match="popularity guard"):
        RewardKit(Fixed(), config)


def test_a_reward_that_raises_or_is_not_a_number_says_so() -> None:
    config = RewardConfig(diversity_weight=1.0)

    def broken(_: np.ndarray) -> float:
        raise ZeroDivisionError

    for guard, message in ((broken, "ZeroDivisionError"), (lambda _: float("nan"), "is nan")):
        with pytest.raises(RewardFailed, match=message):
            RewardKit(Fixed(), config, diversity=guard).reward([task()], [answer_text("western")])
