"""Where title and people look-up says that it does not know."""

from __future__ import annotations

from pathlib import Path

import pytest

from rec_core import Catalog, HashEncoder, Item, SearchEngine
from rec_core.search.people import PeopleIndex
from rec_core.search.titles import TitleIndex
from rec_core.text_vectors import SENTENCE_ENCODER_LIMIT, default_encoder

CATALOG = Catalog(
    [
        Item(item_id="1", title="Haunted", cast=("Michael Smith",)),
        Item(item_id="2", title="The Man Who Hunted Alone at Night", cast=("Michelle Jones",)),
        Item(item_id="3", title="Trainspotting", cast=("Ewan McGregor",)),
    ]
)


def test_a_real_word_is_less_likely_a_typing_error() -> None:
    titles = TitleIndex(CATALOG)
    assert titles.find("hunted", 1) == ()
    assert titles.find("hauntd", 1)[0].item_id == "1"


def test_errors_in_both_words_of_a_name_are_forgiven() -> None:
    match = PeopleIndex(CATALOG).match("ewn mcgergor")
    assert match is not None
    assert match.name == "Ewan McGregor"


def test_two_real_names_are_two_people_and_a_higher_threshold_refuses_more() -> None:
    people = PeopleIndex(CATALOG)
    assert people.match("Michelle Smith") is None
    assert people.match("ewn mcgregor", threshold=0.99) is None
    assert people.match("Ewan McGregor", threshold=0.99) is not None


def test_a_misspelt_title_that_is_judged_is_spotted(tmp_path: Path) -> None:
    search = SearchEngine.build(CATALOG, HashEncoder(8), tmp_path)
    assert [match.item_id for match in search.spot_titles("Trainspoting sucks")] == ["3"]


def test_a_large_catalog_gets_the_hashing_encoder_and_a_note(
    caplog: pytest.LogCaptureFixture,
) -> None:
    encoder = default_encoder(n_items=SENTENCE_ENCODER_LIMIT + 1)
    assert encoder.name == "hash-256"
    assert "not by meaning" in caplog.text or default_encoder().name == "hash-256"
