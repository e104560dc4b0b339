from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from rec_core import Catalog, DamagedFileError, DataError, Interactions, Item

CATALOG = Catalog([Item(item_id=id_, title=id_.upper()) for id_ in "abcdef"])
rows = st.lists(
    st.tuples(
        st.sampled_from(["u", "v", "w"]),
        st.sampled_from("abcdef"),
        st.integers(1, 5),
        st.integers(-3, 3),
    ),
    max_size=30,
)


def frame_of(events: list[tuple[str, str, int, int]]) -> pd.DataFrame:
    return pd.DataFrame(events, columns=["user_id", "item_id", "weight", "timestamp"])


@settings(max_examples=100, deadline=None)
@given(rows)
def test_histories_are_oldest_first_and_ties_keep_the_order_of_the_source(
    events: list[tuple[str, str, int, int]],
) -> None:
    interactions = Interactions.from_frame(frame_of(events), CATALOG)
    assert interactions.users.ids == tuple(dict.fromkeys(event[0] for event in events))
    for user_row, user in enumerate(interactions.users.ids):
        own = sorted((event for event in events if event[0] == user), key=lambda event: event[3])
        ids = [CATALOG.ids.ids[row] for row in interactions.history(user_row)]
        assert ids == [event[1] for event in own]
        assert interactions.weights_of(user_row).tolist() == [event[2] for event in own]
        start, end = interactions.offsets[user_row : user_row + 2]
        assert interactions.timestamps[start:end].tolist() == [event[3] for event in own]


@settings(max_examples=50, deadline=None)
@given(rows, st.data())
def test_take_keeps_order_users_and_items(
    events: list[tuple[str, str, int, int]], data: st.DataObject
) -> None:
    whole = Interactions.from_frame(frame_of(events), CATALOG)
    mask = np.array(
        data.draw(st.lists(st.booleans(), min_size=len(whole), max_size=len(whole))), bool
    )
    part = whole.take(mask)
    assert part.item_rows.tolist() == whole.item_rows[mask].tolist()
    assert (part.users, part.n_items) == (whole.users, whole.n_items)
    assert part.offsets[-1] == len(part) == mask.sum()
    shuffled = np.random.default_rng(0).permutation(np.flatnonzero(mask))
    assert whole.take(shuffled).fingerprint == part.fingerprint


@settings(max_examples=40, deadline=None)
@given(rows, st.booleans(), st.booleans())
def test_saving_and_loading_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory,
    events: list[tuple[str, str, int, int]],
    ratings: bool,
    times: bool,
) -> None:
    path = tmp_path_factory.mktemp("events") / "interactions.parquet"
    left_out = [name for name, keep in (("weight", ratings), ("timestamp", times)) if not keep]
    before = Interactions.from_frame(frame_of(events).drop(columns=left_out), CATALOG)
    before.save(path)
    after = Interactions.load(path, CATALOG)
    assert after.fingerprint == before.fingerprint
    assert (after.has_ratings, after.has_timestamps) == (ratings, times)


def test_users_without_events_survive_saving(tmp_path: Path) -> None:
    whole = Interactions.from_frame(frame_of([("u", "a", 1, 1), ("v", "b", 2, 2)]), CATALOG)
    part = whole.take(np.array([1]))
    part.save(tmp_path / "part.parquet")
    loaded = Interactions.load(tmp_path / "part.parquet", CATALOG)
    assert loaded.users.ids == ("u", "v")
    assert loaded.history(0).tolist() == []
    assert loaded.history(1).tolist() == [1]


def test_without_ratings_and_times_weights_are_one_and_times_zero() -> None:
    frame = pd.DataFrame({"user_id": [7, 7], "item_id": ["b", "a"]})
    interactions = Interactions.from_frame(frame, CATALOG)
    assert interactions.users.ids == ("7",)
    assert interactions.weights.tolist() == [1.0, 1.0]
    assert interactions.timestamps.tolist() == [0, 0]
    assert interactions.history(0).tolist() == [1, 0]


def test_numbers_and_texts_that_read_the_same_are_one_user() -> None:
    frame = pd.DataFrame({"user_id": pd.Series([1, "1", 2], dtype=object), "item_id": list("abc")})
    assert Interactions.from_frame(frame, CATALOG).users.ids == ("1", "2")


def test_counts_and_shrunk_means_by_hand() -> None:
    events = [("u", "a", 5, 1), ("v", "a", 5, 1), ("w", "b", 2, 1)]
    interactions = Interactions.from_frame(frame_of(events), CATALOG)
    assert interactions.item_counts.tolist() == [2, 1, 0, 0, 0, 0]
    overall = 4.0
    expected = [(10 + 10 * overall) / 12, (2 + 10 * overall) / 11, *[overall] * 4]
    np.testing.assert_allclose(interactions.item_mean_ratings, expected, rtol=1e-6)


def test_no_events_at_all_is_fine() -> None:
    empty = Interactions.from_frame(frame_of([]), CATALOG)
    assert (len(empty), empty.n_users, empty.n_items) == (0, 0, 6)
    assert empty.item_mean_ratings.tolist() == [0] * 6


def test_unknown_items_are_named() -> None:
    with pytest.raises(DataError, match="'zz', 'yy'"):
        Interactions.from_frame(
            pd.DataFrame({"user_id": ["u"] * 3, "item_id": ["zz", "a", "yy"]}), CATALOG
        )


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (pd.DataFrame({"user": ["u"], "item_id": ["a"]}), "no column 'user_id'"),
        (pd.DataFrame({"user_id": ["u", None], "item_id": ["a", "b"]}), "empty 'user_id'"),
        (
            pd.DataFrame({"user_id": ["u"], "item_id": ["a"], "weight": [float("nan")]}),
            "'weight'.*empty",
        ),
        (
            pd.DataFrame({"user_id": ["u"], "item_id": ["a"], "weight": [float("inf")]}),
            "not a finite number",
        ),
    ],
)
def test_unusable_columns_are_told_clearly(frame: pd.DataFrame, words: str) -> None:
    with pytest.raises(DataError, match=words):
        Interactions.from_frame(frame, CATALOG)


def test_a_file_of_another_catalog_or_a_damaged_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "interactions.parquet"
    Interactions.from_frame(frame_of([("u", "a", 1, 1)]), CATALOG).save(path)
    other = Catalog([Item(item_id="a", title="A")])
    with pytest.raises(DamagedFileError, match="another catalog"):
        Interactions.load(path, other)
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(DamagedFileError, match="cannot be read"):
        Interactions.load(path, CATALOG)
