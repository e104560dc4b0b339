"""The walk itself: what it says must hold, and what counts as a fault."""

from __future__ import annotations

import numpy as np

from rec_core import Catalog, Item
from tests.agents.random_conversations import OPENING, Standing, Walk, faults

CATALOG = Catalog(
    [
        Item(item_id="a", title="Funny", year=1995, genres=("Comedy",)),
        Item(item_id="b", title="Scary", year=1980, genres=("Horror",)),
    ]
)


def walked(seed: int, temper: str, n_moves: int = 40) -> list[str]:
    walk = Walk(generator=np.random.default_rng(seed), temper=temper)
    texts = []
    for _ in range(n_moves):
        texts.append(walk.next().text)
        walk.answered(["a", "b"])
    return texts


def test_a_walk_is_the_same_for_the_same_seed_and_has_its_temper() -> None:
    assert walked(1, "plain") == walked(1, "plain")
    assert walked(1, "plain") != walked(2, "plain")
    assert not OPENING & set(walked(1, "plain", 200))
    assert OPENING & set(walked(1, "hostile", 200))


def test_conditions_stay_until_a_new_topic_and_what_was_refused_does_not_come_back() -> None:
    walk = Walk(generator=np.random.default_rng(3), temper="plain")
    for _ in range(300):
        before, said = walk.standing, walk.next()
        if said.kind == "years":
            assert said.standing.genre == before.genre
            assert said.standing.years is not None
        if said.kind in ("dislike", "seen"):
            assert said.standing.gone >= before.gone | {"a"}
        if said.kind == "wish":
            assert said.standing.genre not in before.refused
        walk.answered(["a", "b"])


def test_what_is_a_fault() -> None:
    standing = Standing(genre="Comedy", years=(1990, 1999), refused=frozenset({"Horror"}), most=1)
    assert faults(standing, ["a"], "One comedy.", [], CATALOG) == ()
    assert faults(Standing(genre="Horror"), ["a"], "Six.", [], CATALOG) == (
        "broken untold: Funny (1995)",
    )
    assert faults(Standing(genre="Horror"), ["a"], "Six.", ["Nothing fits."], CATALOG) == ()
    told = faults(standing, ["b"], "Six.", ["Nothing fits."], CATALOG)
    assert told == ("broken: refused: Scary (1980) is Horror",)
    assert faults(Standing(gone=frozenset({"a"})), ["a"], "x", [], CATALOG)[0].startswith(
        "broken: came back"
    )
    assert faults(Standing(), ["z"], "x", [], CATALOG) == ("outside the catalog: z",)
    assert faults(Standing(), [], " ", [], CATALOG) == ("blank: nothing said, nothing shown",)
    assert faults(Standing(), [], 'Traceback (most recent call last) {"a": 1}', [], CATALOG)[
        0
    ].startswith("noise")
    assert len(faults(standing, ["a", "a"], "x", [], CATALOG)) == 2
