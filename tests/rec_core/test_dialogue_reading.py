"""What is read out of a dialogue: items, people, feelings, wishes."""

from __future__ import annotations

import numpy as np
import pytest

from rec_core import Catalog, Item
from rec_core.dialogue import Utterance
from rec_core.dialogue.cues import eras_of, feeling_of, genres_meant, sentence_around
from rec_core.dialogue.linking import DialogueLinker
from rec_core.dialogue.reading import DialogueReading, read_dialogue

CATALOG = Catalog(
    [
        Item(item_id="alien", title="Alien", year=1979, cast=("Sigourney Weaver",)),
        Item(item_id="heat", title="Heat", year=1995, cast=("Al Pacino",)),
        Item(item_id="yes", title="Yes", year=2004),
        Item(item_id="pacino", title="Al Pacino", year=2001),
        *(Item(item_id=f"other{n}", title=f"Nameless Number {n}", year=1990) for n in range(14)),
    ]
)
POPULARITY = np.array([90.0, 80.0, 1.0, 1.0, *[0.0] * 14])
LINKER = DialogueLinker(CATALOG, POPULARITY)
ALIEN, HEAT = 0, 1


def read(*messages: str, names: dict[str, int] | None = None) -> DialogueReading:
    """Messages in turns; the seeker begins and "> " marks the assistant."""
    context = [
        Utterance("assistant", text[2:]) if text.startswith("> ") else Utterance("user", text)
        for text in messages
    ]
    return read_dialogue(context, LINKER, names)


def test_items_are_found_once_in_order_of_first_mention() -> None:
    reading = read(
        "I loved Heat (1995).", "> Did you see Alien (1979)?", "Yes, and Heat (1995) too"
    )
    assert [mention.row for mention in reading.mentions] == [HEAT, ALIEN]
    assert [mention.role for mention in reading.mentions] == ["user", "assistant"]


def test_an_everyday_word_is_no_obscure_film() -> None:
    assert read("Yes").mentions == ()


def test_a_person_is_not_the_film_about_them() -> None:
    reading = read("Anything with Al Pacino?")
    assert reading.mentions == ()
    assert reading.people == (("Al Pacino", True),)


def test_people_of_older_messages_are_kept_as_such() -> None:
    reading = read("Sigourney Weaver is great", "> Sure", "ok", "> What else?")
    assert reading.people == (("Sigourney Weaver", False),)


def test_a_learned_name_wins() -> None:
    plain = read("I saw Heat (1995)")
    learned = read("I saw Heat (1995)", names={"heat (1995)": ALIEN})
    assert [mention.row for mention in plain.mentions] == [HEAT]
    assert [mention.row for mention in learned.mentions] == [ALIEN]


def test_feelings_come_from_the_seekers_sentence_or_their_answer() -> None:
    reading = read("I hated Alien (1979). Nice day.", "> Then Heat (1995)?", "I loved that one")
    assert [mention.feeling for mention in reading.mentions] == [-1, 1]


def test_what_the_assistant_thinks_of_a_film_is_nobodys_feeling() -> None:
    assert read("> I loved Heat (1995)!").mentions[0].feeling == 0


def test_words_of_titles_are_no_wish() -> None:
    reading = read("I like Heat (1995) and quiet evenings")
    assert "heat" not in reading.words_last
    assert "quiet" in reading.words_last


def test_a_refused_genre_is_not_asked_for() -> None:
    reading = read("Something funny, but no, not horror")
    assert "funni" in reading.genres_last
    assert "horror" in reading.genres_refused
    assert "horror" not in reading.genres_last


def test_the_texts_are_the_seekers_and_everybodys() -> None:
    reading = read("one", "> two", "three")
    assert reading.texts == ("one three", "one two three")
    assert reading.seeker_spoke_last
    assert (reading.n_messages, reading.last_length) == (3, 5)


def test_silence_is_read_as_silence() -> None:
    reading = read()
    assert reading.mentions == ()
    assert reading.texts == ("", "")
    assert (reading.n_messages, reading.last_length) == (0, 0)


@pytest.mark.parametrize(
    ("text", "feeling"),
    [
        ("I loved it", 1),
        ("I didn't really like it", -1),
        ("not my favourite", -1),
        ("it is from 1995", 0),
        ("that was boring", -1),
    ],
)
def test_feelings(text: str, feeling: int) -> None:
    assert feeling_of(text) == feeling


@pytest.mark.parametrize(
    ("text", "eras"),
    [
        ("a 90's comedy", ((1990, 1999),)),
        ("from the 1980s or the seventies", ((1980, 1989), (1970, 1979))),
        ("the 2000s", ((2000, 9999),)),
        ("90 minutes", ()),
    ],
)
def test_eras(text: str, eras: tuple[tuple[int, int], ...]) -> None:
    assert eras_of(text) == eras


def test_a_sentence_is_cut_at_its_signs() -> None:
    text = "Hi. I loved Heat a lot! Bye."
    assert sentence_around(text, 12, 16) == " I loved  _  a lot"


def test_everyday_words_mean_genres() -> None:
    assert genres_meant("scari") == "horror"
    assert genres_meant("tabl") is None
