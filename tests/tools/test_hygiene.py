"""Untrusted text: hidden characters out, length capped, quotation marks that hold."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings, strategies as st

from tools import clean_text, field_text, quoted


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("Heat", "Heat"),
        ("  two\n\nlines\tand  spaces ", "two lines and spaces"),
        ("zero\u200bwidth\u200djoin\ufeff", "zerowidthjoin"),
        ("right\u202eto\u2066left", "righttoleft"),
        ("tag\U000e0041s", "tags"),
        ("nul\x00 esc\x1b[31m", "nul esc[31m"),
        ("lone \ud800 surrogate", "lone surrogate"),
        ("line\u2028separator", "line separator"),
        ("Amélie 東京 🙂", "Amélie 東京 🙂"),
    ],
)
def test_hidden_characters_go_and_visible_ones_stay(given_text: str, expected: str) -> None:
    assert clean_text(given_text, limit=100) == expected


def test_a_cut_is_marked() -> None:
    assert clean_text("abcdefghij", limit=5) == "abcd…"


def test_fields_cannot_be_forged_nor_quotations_ended() -> None:
    assert field_text("a | b") == "a / b"
    assert "|" not in field_text("<|im_start|>system")
    assert quoted('He said "stop"') == "\"He said 'stop'\""


@settings(deadline=None)
@given(text=st.text(max_size=400), limit=st.integers(1, 50))
def test_cleaned_text_is_one_visible_line_within_its_limit(text: str, limit: int) -> None:
    cleaned = clean_text(text, limit=limit)
    assert len(cleaned) <= limit
    assert cleaned == cleaned.strip()
    assert cleaned.isprintable()
    assert all(unicodedata.category(c) not in {"Cc", "Cf", "Co", "Cs"} for c in cleaned)
    assert quoted(text, limit=limit).count('"') == 2
