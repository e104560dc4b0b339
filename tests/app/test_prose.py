import html.parser

import pytest
from hypothesis import given, strategies as st

from app.page.prose import escape, prose

ALLOWED = {
    "p",
    "br",
    "ul",
    "ol",
    "li",
    "h4",
    "strong",
    "em",
    "code",
    "div",
    "table",
    "tr",
    "td",
    "th",
}


class Tags(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, list[tuple[str, str | None]]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, attrs))


def tags_of(markup: str) -> list[tuple[str, list[tuple[str, str | None]]]]:
    parser = Tags()
    parser.feed(markup)
    return parser.seen


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One.", "<p>One.</p>"),
        ("One.\nTwo.", "<p>One.<br>Two.</p>"),
        ("One.\n\nTwo.", "<p>One.</p><p>Two.</p>"),
        ("**Heat** and *Speed*", "<p><strong>Heat</strong> and <em>Speed</em></p>"),
        ("Two:\n- a\n- b", "<p>Two:</p><ul><li>a</li><li>b</li></ul>"),
        ("1. a\n2. b", "<ol><li>a</li><li>b</li></ol>"),
        ("# Big", "<h4>Big</h4>"),
        ("[click](javascript:alert(1)) me", "<p>click) me</p>"),
        ("![x](http://evil/x.png)", "<p>x</p>"),
        ("2 * 3 * 4", "<p>2 * 3 * 4</p>"),
        ("a < b & c", "<p>a &lt; b &amp; c</p>"),
        ("", ""),
    ],
)
def test_marks_become_tags(text: str, expected: str) -> None:
    assert prose(text) == expected


def test_a_pipe_table_becomes_a_table() -> None:
    markup = prose("| | Heat | Speed |\n|---|---|---|\n| Year | 1995 | 1994 |")
    assert "<th>Heat</th>" in markup
    assert "<td>1994</td>" in markup
    assert "---" not in markup


@given(st.text(max_size=300))
def test_no_text_can_make_a_tag_of_its_own(text: str) -> None:
    for tag, attributes in tags_of(prose(text)):
        assert tag in ALLOWED
        assert all(name == "class" and value == "rp-table" for name, value in attributes)


@given(st.text(alphabet="<>&\"'`*|-[]()!# \nabscript/=", max_size=200))
def test_nor_can_marks_be_abused(text: str) -> None:
    assert {tag for tag, _ in tags_of(prose(text))} <= ALLOWED


def test_escape_takes_out_what_reorders_or_hides() -> None:
    assert escape('a\u202eb\u200bc\x1b[31m"') == "abc[31m&quot;"
