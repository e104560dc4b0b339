"""Generated training messages: what a parse copies stands in the message, and the code makes of it what was meant."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from agents.planning.parse import KINDS, MessageParse, parse_schema, read_parse
from agents.tuning.planner import compare_parses, training_pairs
from agents.tuning.planner_data import Pair, PairMaker, load_banks, read_titles
from rec_core import DataError
from tests.film_world import film_catalog

COPIED = (
    "like",
    "unlike",
    "liked",
    "disliked",
    "seen",
    "about",
    "people",
    "no_people",
    "words",
    "less",
)


@cache
def pairs(count: int = 1200, seed: int = 5) -> tuple[Pair, ...]:
    titles = [(item.title, item.year) for item in film_catalog()]
    return tuple(PairMaker(load_banks(), titles, np.random.default_rng(seed)).pairs(count))


def test_what_a_parse_copies_stands_in_the_message() -> None:
    for pair in pairs():
        for key in COPIED:
            for name in getattr(pair.parse, key):
                assert name.startswith("#") or name.casefold() in pair.message.casefold(), pair


def test_every_parse_is_one_that_the_schema_allows() -> None:
    known = parse_schema()["properties"]
    for pair in pairs():
        assert read_parse(pair.parse.as_json()) == pair.parse
        assert list(json.loads(pair.parse.as_json())) == [
            key for key in known if key in json.loads(pair.parse.as_json())
        ]
        assert set(pair.parse.genres) | set(pair.parse.no_genres) <= set(KINDS)
        assert not set(pair.parse.genres) & set(pair.parse.no_genres)


def test_nothing_is_pointed_at_that_was_not_shown() -> None:
    for pair in pairs():
        if any(name.startswith("#") for name in pair.parse.titles):
            assert pair.context.shown, pair


def test_nothing_is_let_go_that_did_not_stand() -> None:
    for pair in pairs():
        for slot in pair.parse.drop:
            assert pair.context.wish.get(slot), pair


def test_all_acts_and_keys_occur() -> None:
    acts = {pair.parse.act for pair in pairs()}
    assert acts == set(parse_schema()["properties"]["act"]["enum"])
    keys = {key for pair in pairs() for key in json.loads(pair.parse.as_json())}
    assert keys == set(parse_schema()["properties"])


def test_the_same_seed_gives_the_same_messages() -> None:
    assert pairs(40, 9) == pairs.__wrapped__(40, 9)
    assert pairs(40, 9) != pairs(40, 10)


def test_no_template_is_left_unfilled() -> None:
    for pair in pairs():
        assert not set("{}[]") & set(pair.message), pair.message


def test_training_pairs_end_in_the_answer_alone() -> None:
    (made,) = training_pairs(pairs(1200)[:1])
    assert [message.type for message in made.messages] == ["system", "human"]
    assert made.messages[-1].text.endswith(f"message: {pairs(1200)[0].message}")
    assert read_parse(made.answer) == pairs(1200)[0].parse


def test_parses_are_compared_by_value() -> None:
    right = MessageParse(act="new", genres=("Comedy",), like=("Heat", "Fargo"))
    near = MessageParse(act="new", genres=("Comedy",), like=("heat",))
    scores = compare_parses([right, right, right], [right, near, None])
    assert (scores.exact, scores.act, scores.failed) == (
        pytest.approx(1 / 3),
        pytest.approx(2 / 3),
        1,
    )
    assert scores.f1["like"] == pytest.approx(2 * 3 / (3 + 6))  # 3 of 6 wanted, 3 of 3 given


def test_titles_are_read_from_either_kind_of_file(tmp_path: Path) -> None:
    names = [f"Film Number {n} (19{n:02d})" for n in range(60)]
    csv_file = tmp_path / "films.csv"
    csv_file.write_text(
        "movie_id,name\n" + "\n".join(f"{n},{name}" for n, name in enumerate(names))
    )
    assert read_titles(csv_file)[7] == ("Film Number 7", 1907)
    lines = tmp_path / "films.jsonl"
    lines.write_text(
        "\n".join(json.dumps({"title": f"Game {n}, The", "year": 1990}) for n in range(60))
    )
    assert read_titles(lines)[0] == ("The Game 0", 1990)


def test_too_few_titles_are_refused(tmp_path: Path) -> None:
    few = tmp_path / "few.csv"
    few.write_text("title\nHeat\n")
    with pytest.raises(DataError, match="only 1 usable"):
        read_titles(few)
    with pytest.raises(DataError, match="There is no file"):
        read_titles(tmp_path / "none.csv")
