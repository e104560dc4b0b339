"""The script itself: ten styles, thirty turns each, nothing said twice in a style."""

from __future__ import annotations

from collections import Counter

from rec_core import Catalog, Item
from tests.agents.scripted_turns import SCRIPTS, Turn, violations

CATALOG = Catalog(
    [
        Item(item_id="a", title="Funny", year=1995, genres=("Comedy",)),
        Item(item_id="b", title="Scary", year=1980, genres=("Horror",)),
    ]
)


def test_ten_styles_of_thirty_turns() -> None:
    turns = Counter(script.style for script in SCRIPTS for _ in script.turns)
    assert turns == dict.fromkeys(turns, 30)
    assert len(turns) == 10


def test_what_counts_as_a_violation() -> None:
    turn = Turn(text="", genres=("Comedy",), years=(1990, 1999), no=("Horror",), most=1)
    assert violations(turn, ["a"], "One pick.", [], CATALOG) == ()
    assert any(
        "Horror" in wrong for wrong in violations(turn, ["b"], "One.", ["Nothing fits"], CATALOG)
    )
    assert violations(turn, ["x"], "One.", [], CATALOG) == (
        "not in the catalog: x",
        "nothing shown",
    )
    assert "a blank" in violations(Turn(text="", slate=None), [], " ", [], CATALOG)


def test_a_told_relaxation_is_no_violation() -> None:
    turn = Turn(text="", genres=("Comedy",), years=(2000, None))
    assert violations(turn, ["a"], "x", [], CATALOG) != ()
    assert violations(turn, ["a"], "x", ["Nothing fits, so I let go of the years."], CATALOG) == ()
