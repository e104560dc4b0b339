"""Near spellings against the plain definition, and keys kept by their hash alone."""

from __future__ import annotations

from hypothesis import given, strategies as st
from rapidfuzz.distance import OSA

from rec_core.search.spellings import NumbersByKey, Spellings

WORDS = st.text(alphabet="abc", min_size=1, max_size=6)


@given(names=st.sets(WORDS, max_size=30), word=WORDS, allowed=st.integers(0, 3))
def test_near_is_what_comparing_with_every_name_gives(
    names: set[str], word: str, allowed: int
) -> None:
    distances = {name: OSA.distance(word, name) for name in names}
    expected = sorted(
        (distance, name)
        for name, distance in distances.items()
        if distance <= allowed and (name[0] == word[0] or distance <= 1)
    )
    assert [(distance, name) for name, distance in Spellings(names).near(word, allowed)] == expected


def test_the_first_letter_can_be_held_fast() -> None:
    assert Spellings(["heat", "beat"]).near("heap", 1, other_first_letter=False) == [("heat", 1)]


def test_numbers_of_a_key_come_in_the_order_given() -> None:
    index = NumbersByKey([("b", 7), ("a", 3), ("b", 2)])
    assert index.get("b").tolist() == [7, 2]
    assert index.count("a") == 1
    assert index.get("c").tolist() == []
