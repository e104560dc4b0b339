"""The candidate bus: handles, provenance, undo, and what may be presented."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from rec_core import Candidate
from tools import CandidateBus, ToolRetry


def candidates(*item_ids: str) -> list[Candidate]:
    return [Candidate(item_id=item_id, score=1.0) for item_id in item_ids]


def test_sets_get_handles_in_order_and_come_back_as_they_were() -> None:
    bus = CandidateBus()
    assert bus.latest is None
    assert bus.put(candidates("a", "b"), source="search_items", arguments={"k": 2}) == "c1"
    assert bus.put(candidates("b"), source="recommend", arguments={}) == "c2"
    assert bus.handles == ("c1", "c2")
    assert bus.latest == "c2"
    assert [candidate.item_id for candidate in bus.get("c1")] == ["a", "b"]


def test_an_unknown_handle_is_answered_with_the_known_ones() -> None:
    bus = CandidateBus()
    with pytest.raises(ToolRetry, match="none yet"):
        bus.get("c1")
    bus.put(candidates("a"), source="search_items", arguments={})
    with pytest.raises(ToolRetry, match="Known handles: c1"):
        bus.get("c7")


def test_provenance_names_every_source() -> None:
    bus = CandidateBus()
    bus.put(candidates("a"), source="search_items", arguments={})
    bus.put(candidates("a"), source="recommend", arguments={"like": ["x"]})
    bus.look_up(["a", "z"], source="item_details")
    bus.look_up(["a"], source="item_details")
    assert bus.provenance("a") == ("c1 search_items", "c2 recommend", "item_details")
    assert bus.provenance("z") == ("item_details",)
    assert bus.provenance("nobody") == ()
    assert [found.arguments for found in bus.sets_with("a")] == [{}, {"like": ["x"]}]


def test_undo_drops_the_newest_set_and_never_reuses_its_handle() -> None:
    bus = CandidateBus()
    bus.put(candidates("a"), source="search_items", arguments={})
    bus.put(candidates("b"), source="recommend", arguments={})
    assert bus.undo() == "c2"
    assert "b" not in bus
    assert "a" in bus
    assert bus.put(candidates("c"), source="recommend", arguments={}) == "c3"
    assert bus.undo() == "c3"
    assert bus.undo() == "c1"
    assert bus.undo() is None


def test_only_items_on_the_bus_can_be_presented() -> None:
    bus = CandidateBus()
    bus.put(candidates("a", "b"), source="search_items", arguments={})
    bus.look_up(["c"], source="item_details")
    assert bus.presented is None
    bus.present(["b", "c"], "Two for tonight")
    assert bus.presented == ("b", "c")
    assert bus.message == "Two for tonight"
    with pytest.raises(ToolRetry, match="'stranger'"):
        bus.present(["a", "stranger"])
    assert bus.presented == ("b", "c")


def test_undo_withdraws_a_slate_whose_items_went() -> None:
    bus = CandidateBus()
    bus.put(candidates("a"), source="search_items", arguments={})
    bus.put(candidates("b"), source="recommend", arguments={})
    bus.present(["a"], "hello")
    bus.undo()
    assert bus.presented == ("a",)
    bus.undo()
    assert bus.presented is None
    assert bus.message == ""


ITEM_IDS = st.sampled_from("abcdef")


class BusAgainstModel(RuleBasedStateMachine):
    """The bus against the plainest model of it: a list of lists and a set."""

    def __init__(self) -> None:
        super().__init__()
        self.bus = CandidateBus()
        self.sets: list[tuple[str, list[str]]] = []
        self.seen: set[str] = set()
        self.looked_up: set[str] = set()

    @rule(item_ids=st.lists(ITEM_IDS, max_size=4))
    def put(self, item_ids: list[str]) -> None:
        handle = self.bus.put(candidates(*item_ids), source="recommend", arguments={})
        assert handle not in self.seen
        self.seen.add(handle)
        self.sets.append((handle, item_ids))

    @rule()
    def undo(self) -> None:
        expected = self.sets.pop()[0] if self.sets else None
        assert self.bus.undo() == expected

    @rule(item_id=ITEM_IDS)
    def look_up(self, item_id: str) -> None:
        self.bus.look_up([item_id], source="item_details")
        self.looked_up.add(item_id)

    @rule(item_ids=st.lists(ITEM_IDS, min_size=1, max_size=4))
    def present(self, item_ids: list[str]) -> None:
        if all(item_id in self.bus for item_id in item_ids):
            self.bus.present(item_ids)
            assert self.bus.presented == tuple(item_ids)
        else:
            with pytest.raises(ToolRetry):
                self.bus.present(item_ids)

    @invariant()
    def agrees_with_the_model(self) -> None:
        live = self.looked_up | {item_id for _, item_ids in self.sets for item_id in item_ids}
        assert {item_id for item_id in "abcdef" if item_id in self.bus} == live
        assert self.bus.handles == tuple(handle for handle, _ in self.sets)
        assert set(self.bus.presented or ()) <= live
        assert all(bool(self.bus.provenance(item_id)) == (item_id in live) for item_id in "abcdef")


TestBusAgainstModel = BusAgainstModel.TestCase
TestBusAgainstModel.settings = settings(deadline=None, max_examples=50)


@settings(deadline=None)
@given(item_ids=st.lists(ITEM_IDS, max_size=6))
def test_what_is_put_is_what_is_got(item_ids: list[str]) -> None:
    bus = CandidateBus()
    handle = bus.put(candidates(*item_ids), source="search_items", arguments={})
    assert [candidate.item_id for candidate in bus.get(handle)] == item_ids
