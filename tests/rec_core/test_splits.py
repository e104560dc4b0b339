from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from rec_core import Catalog, DataError, Interactions, Item, global_time, leave_one_out
from tests.film_world import film_dataset

CATALOG = Catalog([Item(item_id=id_, title=id_) for id_ in "abcdefgh"])


def events_of(text: str) -> Interactions:
    """ "u:a1 b2; v:c1" is user u with item a at time 1 and b at 2, and user v with c at 1."""
    rows = [
        (user, event[0], int(event[1:]))
        for user, events in (part.strip().split(":") for part in text.split(";"))
        for event in events.split()
    ]
    return Interactions.from_frame(
        pd.DataFrame(rows, columns=["user_id", "item_id", "timestamp"]), CATALOG
    )


def ids_of(interactions: Interactions, user_row: int) -> str:
    return "".join(CATALOG.ids.ids[row] for row in interactions.history(user_row))


def test_leave_one_out_by_hand() -> None:
    split = leave_one_out(events_of("u:a1 b2 c3 d4; v:e1 f2; w:g9 h8 a7"))
    assert [ids_of(split.train, row) for row in range(3)] == ["ab", "ef", "a"]
    assert [ids_of(split.valid, row) for row in range(3)] == ["c", "", "h"]
    assert [ids_of(split.test, row) for row in range(3)] == ["d", "", "g"]


def test_among_equal_times_the_last_in_the_source_tests() -> None:
    split = leave_one_out(events_of("u:a5 b5 c5"))
    assert (ids_of(split.train, 0), ids_of(split.valid, 0), ids_of(split.test, 0)) == (
        "a",
        "b",
        "c",
    )
    assert "source" in split.tie_policy


def test_min_history_keeps_short_users_in_training() -> None:
    split = leave_one_out(events_of("u:a1 b2 c3 d4; v:e1 f2 g3"), min_history=4)
    assert ids_of(split.train, 1) == "efg"
    assert len(split.test) == 1


def test_global_time_by_hand() -> None:
    split = global_time(
        events_of("u:a1 b2 c9; v:d3 e4 f10; w:g5 h6 a7 b8"), valid_share=0.2, test_share=0.2
    )
    assert sorted(split.train.timestamps) == [1, 2, 3, 4, 5, 6]
    assert sorted(split.valid.timestamps) == [7, 8]
    assert sorted(split.test.timestamps) == [9, 10]


def test_global_time_keeps_equal_times_together() -> None:
    events = events_of("u:a1 b2 c3; v:d1 e2 f3; w:g1 h2 a3")
    split = global_time(events, valid_share=0.3, test_share=0.3)
    for part, time in ((split.train, 1), (split.valid, 2), (split.test, 3)):
        assert set(part.timestamps.tolist()) == {time}


rows = st.lists(
    st.tuples(st.sampled_from("uvw"), st.sampled_from("abcdefgh"), st.integers(0, 20)),
    min_size=1,
    max_size=40,
)


@settings(max_examples=80, deadline=None)
@given(rows)
def test_parts_are_the_whole_and_later_parts_are_later(rows: list[tuple[str, str, int]]) -> None:
    whole = Interactions.from_frame(
        pd.DataFrame(rows, columns=["user_id", "item_id", "timestamp"]), CATALOG
    )
    for cut in (leave_one_out, global_time):
        try:
            split = cut(whole)
        except DataError:
            continue
        assert len(split.train) + len(split.valid) + len(split.test) == len(whole)
        for user_row in range(whole.n_users):
            parts = [part.history(user_row) for part in (split.train, split.valid, split.test)]
            assert np.concatenate(parts).tolist() == whole.history(user_row).tolist()


def test_the_fingerprint_sees_data_kind_and_parameters() -> None:
    interactions = film_dataset().interactions
    base = leave_one_out(interactions)
    assert leave_one_out(interactions).fingerprint == base.fingerprint
    others = {
        leave_one_out(interactions, min_history=20).fingerprint,
        global_time(interactions).fingerprint,
        leave_one_out(interactions.take(np.arange(len(interactions) - 1))).fingerprint,
    }
    assert len(others | {base.fingerprint}) == 4


@pytest.mark.parametrize(
    ("cut", "words"),
    [
        (lambda: leave_one_out(events_of("u:a1 b2 c3"), min_history=2), "min_history is 2"),
        (lambda: leave_one_out(events_of("u:a1 b2")), "No user has 3"),
        (lambda: global_time(events_of("u:a1 b1 c1")), "too much alike"),
        (lambda: global_time(events_of("u:a1 b2 c3"), valid_share=0.6, test_share=0.5), "no room"),
        (lambda: global_time(events_of("u:a1"), test_share=0), "no room"),
    ],
)
def test_impossible_splits_say_why(cut, words: str) -> None:
    with pytest.raises(DataError, match=words):
        cut()


def test_a_split_by_time_needs_times() -> None:
    frame = pd.DataFrame({"user_id": ["u"] * 3, "item_id": list("abc")})
    with pytest.raises(DataError, match="needs timestamps"):
        global_time(Interactions.from_frame(frame, CATALOG))
