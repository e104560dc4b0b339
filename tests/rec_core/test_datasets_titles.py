from __future__ import annotations

import pytest

from rec_core.datasets.titles import in_reading_order, parse_title, title_key


@pytest.mark.parametrize(
    ("raw", "title", "year", "others"),
    [
        ("Heat (1995)", "Heat", 1995, ()),
        ("Matrix, The (1999)", "The Matrix", 1999, ()),
        ("American in Paris, An (1951)", "An American in Paris", 1951, ()),
        ("Fish Called Wanda, A (1988)", "A Fish Called Wanda", 1988, ()),
        ("Avventura, L' (a.k.a. Adventure, The) (1960)", "L'Avventura", 1960, ("The Adventure",)),
        ("Seven (a.k.a. Se7en) (1995)", "Seven", 1995, ("Se7en",)),
        (
            "City of Lost Children, The (Cité des enfants perdus, La) (1995)",
            "The City of Lost Children",
            1995,
            ("La Cité des enfants perdus",),
        ),
        (
            "Lord of the Rings: The Two Towers, The (2002)",
            "The Lord of the Rings: The Two Towers",
            2002,
            (),
        ),
        ("(500) Days of Summer (2009)", "(500) Days of Summer", 2009, ()),
        (
            "Birdman: Or (The Unexpected Virtue of Ignorance) (2014)",
            "Birdman: Or (The Unexpected Virtue of Ignorance)",
            2014,
            (),
        ),
        ("Land Before Time III (V) (1995)", "Land Before Time III", 1995, ()),
        ("Death Note (2006–2007)", "Death Note", 2006, ()),
        ("Fawlty Towers (1975- )", "Fawlty Towers", 1975, ()),
        ("2001: A Space Odyssey (1968)", "2001: A Space Odyssey", 1968, ()),
        ("1984", "1984", None, ()),
        ("Good, The Bad and The Ugly, The", "The Good, The Bad and The Ugly", None, ()),
        ("Paris, Texas (1984)", "Paris, Texas", 1984, ()),
        ("Alien  (1979) ", "Alien", 1979, ()),
        (
            "Legend of 1900, The (a.k.a. Legend, The) (Leggenda, La) (1998)",
            "The Legend of 1900",
            1998,
            ("The Legend", "La Leggenda"),
        ),
    ],
)
def test_movielens_titles(raw: str, title: str, year: int | None, others: tuple[str, ...]) -> None:
    assert parse_title(raw) == (title, year, others)


def test_a_year_that_is_known_wins() -> None:
    assert parse_title("Land Before Time (1995)", 1994) == ("Land Before Time", 1994, ())


def test_an_article_alone_stays() -> None:
    assert in_reading_order("The") == "The"
    assert in_reading_order("To Have, or Not") == "To Have, or Not"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The Matrix", "Matrix, The"),
        ("Amélie", "amelie"),
        ("Tom & Jerry", "Tom and Jerry"),
        ("You've Got Mail", "Youve got mail!"),
        ("Schindler’s List", "Schindler's List"),
    ],
)
def test_spellings_of_one_title_share_a_key(one: str, other: str) -> None:
    assert title_key(one) == title_key(other)


@pytest.mark.parametrize(("one", "other"), [("Alien", "Aliens"), ("A", "The"), ("It", "I")])
def test_different_titles_do_not(one: str, other: str) -> None:
    assert title_key(one) != title_key(other)
