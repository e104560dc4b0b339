"""The small readers by themselves, the lexicon's strictness, and what holds for any text."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings, strategies as st
from pydantic import ValidationError

from agents.state import ConversationState, Wish
from agents.understanding import Reader
from agents.understanding.lexicon import Entry, Lexicon
from agents.understanding.numbers import read_count
from agents.understanding.polarity import polarity_at, read_cues
from agents.understanding.text import clean
from agents.understanding.years import point_years, read_years
from tests.agents.rules_world import film_recommender
from tests.film_world import film_catalog


@cache
def reader() -> Reader:
    return Reader(film_recommender())


@pytest.mark.parametrize(
    ("words", "years"),
    [
        ("1994", (1994, 1994)),
        ("the 90s", (1990, 1999)),
        ("early 1980s", (1980, 1983)),
        ("mid nineties", (1993, 1996)),
        ("late '60s", (1966, 1969)),
        ("nineteen forty", (1940, 1940)),
        ("two thousand and seven", (2007, 2007)),
        ("twenty twelve", (2012, 2012)),
        ("the 10s", (2010, 2019)),
    ],
)
def test_points_in_time(words: str, years: tuple[int, int]) -> None:
    assert point_years(words) == years


def test_what_is_no_point_is_refused() -> None:
    with pytest.raises(ValueError, match="names no year"):
        point_years("soon")


@pytest.mark.parametrize(
    "text", ["1500 dollars", "in my 40s", "90% sure", "step 1980.5", "older kids"]
)
def test_numbers_that_are_no_years(text: str) -> None:
    reading = read_years(text, oldest=1930, newest=2010)
    assert not reading.bounded
    assert reading.relative is None


@pytest.mark.parametrize(
    ("text", "value", "more"),
    [
        ("three films", 3, False),
        ("another two", 2, True),
        ("two more please", 2, True),
        ("another one", 1, True),
        ("just one", 1, False),
        ("50 films", 10, False),
        ("a couple of movies", 2, False),
    ],
)
def test_counts(text: str, value: int, more: bool) -> None:
    count = read_count(text)
    assert count is not None
    assert (count.value, count.more) == (value, more)


@pytest.mark.parametrize("text", ["two hours", "10 years ago", "a 5 star film", "zero", "the one"])
def test_numbers_that_count_nothing(text: str) -> None:
    assert read_count(text) is None


@pytest.mark.parametrize(
    ("text", "word", "polarity"),
    [
        ("no horror", "horror", "refuse"),
        ("no horror or gore", "gore", "refuse"),
        ("not scary and funny", "funny", "want"),
        ("less violent but funny", "funny", "want"),
        ("not too scary", "scary", "less"),
        ("a bit more action", "action", "more"),
        ("no horror, something funny", "funny", "want"),
        ("no, a comedy", "comedy", "want"),
        ("not only comedies", "comedies", "want"),
        ("nothing sad or slow", "slow", "refuse"),
        ("no horror with robots", "robots", "want"),
    ],
)
def test_how_far_a_not_reaches(text: str, word: str, polarity: str) -> None:
    assert polarity_at(text, read_cues(text), text.index(word), name=False) == polarity


def test_the_lexicon_leaves_out_genres_that_the_catalog_lacks() -> None:
    lexicon = Lexicon(("Puzzle", "Comedy"))
    (match,) = lexicon.match("something scary")
    assert match.entry.genre == ()
    assert match.entry.weights == {}
    (funny,) = lexicon.match("something funny")
    assert funny.entry.genre == ("Comedy",)


def test_the_lexicon_takes_the_first_name_that_the_catalog_has() -> None:
    (match,) = Lexicon(("Science Fiction",)).match("scifi")
    assert match.entry.genre == ("Science Fiction",)


def test_the_lexicon_refuses_unknown_keys() -> None:
    with pytest.raises(ValidationError):
        Entry.model_validate({"words": ["x"], "wieght": {}})


def test_every_genre_of_the_lexicon_is_written_as_some_catalog_writes_it() -> None:
    known = {*film_catalog().genres, "Documentary"}
    raw = Lexicon(tuple(known))
    assert {genre for entry in raw.entries for genre in entry.genre} <= known
    assert all(-1 <= weight <= 1 for entry in raw.entries for weight in entry.weights.values())


@given(st.text(max_size=300))
@settings(max_examples=150, deadline=None)
def test_cleaning_keeps_offsets_and_nothing_invisible(text: str) -> None:
    utterance = clean(text, {})
    assert len(utterance.text) == len(utterance.plain) <= 1_000
    assert utterance.text.isprintable() or not utterance.text


@given(st.text(max_size=200))
@settings(max_examples=80, deadline=None)
def test_any_text_is_read_without_complaint(text: str) -> None:
    reading = reader().read(text, ConversationState())
    assert set(reading.wish.like_item_ids) <= set(film_catalog().ids.ids)


_WORDS = st.sampled_from(
    [
        "no",
        "not",
        "less",
        "more",
        "like",
        "heat",
        "alien",
        "the",
        "second",
        "one",
        "another",
        "comedy",
        "horror",
        "funny",
        "for",
        "kids",
        "90s",
        "before",
        "1990",
        "with",
        "tom",
        "hanks",
        "why",
        "compare",
        "forget",
        "that",
        "i",
        "love",
        "hate",
        "seen",
        "it",
        "and",
        "or",
        "but",
        ",",
        ".",
        "?",
        "three",
        "newer",
        "than",
    ]
)


@given(st.lists(_WORDS, max_size=14), st.lists(_WORDS, max_size=8))
@settings(max_examples=150, deadline=None)
def test_any_conversation_gives_a_wish_that_the_catalog_knows(
    first: list[str], second: list[str]
) -> None:
    catalog = film_catalog()
    slate = catalog.ids.ids[:5]
    before = reader().read(" ".join(first), ConversationState())
    state = ConversationState(wish=before.wish, last_slate=slate, shown_item_ids=slate)
    after = reader().read(" ".join(second), state)
    wish = after.wish
    assert {*wish.genres_all, *wish.genres_any, *wish.genres_none} <= set(catalog.genres)
    assert not set(wish.genres_all) & set(wish.genres_none)
    assert not set(wish.people_all) & set(wish.people_none)
    assert all(-1 <= weight <= 1 for weight in wish.genre_weights.values())
    assert wish.count is None or 1 <= wish.count <= 10
    assert wish.year_min is None or wish.year_max is None or wish.year_min <= wish.year_max


@given(st.lists(_WORDS, max_size=14))
@settings(max_examples=50, deadline=None)
def test_reading_twice_is_reading_once(words: list[str]) -> None:
    state = ConversationState(wish=Wish(year_min=1990), last_slate=film_catalog().ids.ids[:3])
    text = " ".join(words)
    assert reader().read(text, state) == reader().read(text, state)
