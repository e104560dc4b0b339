from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from rec_core import DataError, IdMap

unique_ids = st.lists(st.text(max_size=8), unique=True, max_size=30)


@given(unique_ids)
def test_rows_and_ids_are_inverse(ids: list[str]) -> None:
    id_map = IdMap(ids)
    assert [id_map.row(id_) for id_ in ids] == list(range(len(ids)))
    assert [id_map.ids[row] for row in id_map.rows(ids)] == ids
    assert len(id_map) == len(ids)


@given(unique_ids, st.lists(st.text(max_size=8), max_size=20))
def test_known_rows_skips_exactly_the_strangers(ids: list[str], asked: list[str]) -> None:
    id_map = IdMap(ids)
    assert id_map.known_rows(asked).tolist() == [ids.index(one) for one in asked if one in ids]


def test_rows_are_int64_even_when_there_are_none() -> None:
    assert IdMap(["a"]).rows([]).dtype == np.int64
    assert IdMap(["a"]).known_rows(["b"]).dtype == np.int64


def test_a_repeated_id_is_named() -> None:
    with pytest.raises(DataError, match="'b'"):
        IdMap(["a", "b", "c", "b"])


def test_unknown_ids_are_key_errors() -> None:
    id_map = IdMap(["a"])
    assert "b" not in id_map
    with pytest.raises(KeyError):
        id_map.row("b")
    with pytest.raises(KeyError):
        id_map.rows(["a", "b"])
