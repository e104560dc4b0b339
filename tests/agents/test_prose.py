"""A model's prose made plain, and its sentences."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from agents.prose import LONGEST_PROSE, emphasised, plain, sentences, without


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("**Heat** is *fine*.", "Heat is fine."),
        ("See [Heat](https://evil.example).", "See Heat."),
        ("See [Heat][1].\n[1]: https://evil.example", "See Heat."),
        ("A ![pixel](https://evil.example/x.png) here.", "A here."),
        ("Go to https://evil.example/a?b=c now.", "Go to now."),
        ("Go to //evil.example now.", "Go to now."),
        ("<b>Heat</b> <script>alert(1)</script>is fine.", "Heat is fine."),
        ("<img src=x onerror=alert(1)>Fine.", "Fine."),
        ("Fine. <scr<script>ipt>alert(1)</script>Lost.", "Fine."),
        ("<think>they want…</think>Fine.", "Fine."),
        ("# Picks\n- Heat\n* Casino\n1. Alien", "Picks\nHeat\nCasino\nAlien"),
        ("```json\n{}\n```Fine.", "Fine."),
        ("Zero\u200bwidth \u202eflipped \x1b[31mred", "Zerowidth flipped [31mred"),
        ("<scr<b>ipt>alert(1)</script>Fine.", ""),
        ("<\u200bscript>alert(1)</script>Fine.", "Fine."),
        ("![x]\u200b(https://evil.example)Fine.", "Fine."),
        ("ht<b></b>tps://evil.example Fine.", "ht Fine."),
        ("I <3 this, 2 < 3.", "I <3 this, 2 < 3."),
        ("snake_case_name stays", "snake_case_name stays"),
        ("data:text/html;base64,xx and javascript:alert(1) go", "and go"),
    ],
)
def test_only_words_are_left(text: str, expected: str) -> None:
    result = plain(text)
    for part in ("evil", "alert", "http", "<script", "onerror"):
        assert part not in result
    assert result == expected


@given(st.text(max_size=400))
def test_plain_is_stable_short_and_free_of_control(text: str) -> None:
    once = plain(text)
    assert len(once) <= LONGEST_PROSE
    assert all(
        character == "\n" or character.isprintable() or character.isspace() for character in once
    )


@given(st.text(max_size=300))
def test_sentences_are_the_whole_text(text: str) -> None:
    assert "".join(text[start:end] for start, end in sentences(text)) == text


def test_sentences_end_where_people_end_them() -> None:
    text = "Mr. Smith goes. L.A. Confidential is good! 1995 was a year (really). See Dr. No"
    assert [text[a:b].strip() for a, b in sentences(text)] == [
        "Mr. Smith goes.",
        "L.A. Confidential is good!",
        "1995 was a year (really).",
        "See Dr. No",
    ]


def test_a_title_with_a_full_stop_is_not_cut_in_two() -> None:
    text = "Try Monsters, Inc. for fun. Or not."
    start = text.index("Monsters")
    spans = sentences(text, unbroken=[(start, start + len("Monsters, Inc."))])
    assert [text[a:b].strip() for a, b in spans] == ["Try Monsters, Inc. for fun.", "Or not."]


def test_bad_sentences_go_whole() -> None:
    kept, gone = without("One. Two bad words. Three.", [(9, 12)])
    assert (kept, gone) == ("One. Three.", ("Two bad words.",))


def test_long_prose_ends_at_a_sentence() -> None:
    text = "This is a sentence. " * 200
    assert plain(text).endswith("sentence.")
    assert len(plain(text)) <= LONGEST_PROSE
    assert plain("x" * 5_000).endswith("…")


def test_emphasis_is_found_but_code_is_not() -> None:
    assert emphasised("**Heat** and _The Blue Harbour_ and `code`") == ("Heat", "The Blue Harbour")
