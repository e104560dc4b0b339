"""The page's markup against hostile text, and against what a reader expects to find."""

from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from agents import (
    Conversation,
    Evidence,
    Preference,
    SlateItem,
    TurnResult,
)
from app.page.cards import card, hue, initials, slate
from app.page.memory import memory
from app.page.sidebar import ago, sidebar
from app.page.transcript import View, greeting, trouble, turn
from app.render import Step, TurnProgress

HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)</script>\u202e'
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
VIEW = View(feedback={}, title_of=lambda _: None)


class Document(HTMLParser):
    """Tags with their attributes, and the text between them."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def having(self, **wanted: str) -> list[dict[str, str | None]]:
        names = {key.replace("_", "-"): value for key, value in wanted.items()}
        return [found for _, found in self.tags if names.items() <= found.items()]


def item(**changes: object) -> SlateItem:
    plain: dict[str, object] = {
        "item_id": "7",
        "title": "The Usual Suspects",
        "year": 1995,
        "genres": ("Crime", "Thriller"),
        "people": ("Bryan Singer",),
        "reason": "A crime story.",
        "evidence": (Evidence(kind="field", field="genres", value="Crime"),),
    }
    return SlateItem.model_validate({**plain, **changes})


def hostile_item() -> SlateItem:
    return item(
        item_id=HOSTILE,
        title=HOSTILE,
        genres=(HOSTILE,),
        people=(HOSTILE,),
        reason=HOSTILE,
        evidence=(Evidence(kind="field", field="x", value=HOSTILE),),
    )


def preference(**changes: object) -> Preference:
    plain: dict[str, object] = {
        "preference_id": "p1",
        "kind": "dislike",
        "subject": "item",
        "value": "7",
        "label": "Heat (1995)",
        "created_at": NOW,
    }
    return Preference.model_validate({**plain, **changes})


def assert_harmless(markup: str) -> None:
    document = Document(markup)
    names = {tag for tag, _ in document.tags}
    assert not names & {"script", "img", "iframe", "object", "a", "form", "style", "link"}
    for _, attributes in document.tags:
        assert not any(name.startswith("on") for name in attributes)
    assert "\u202e" not in markup


@pytest.mark.parametrize(
    "markup",
    [
        card(hostile_item(), "dislike", lambda _: HOSTILE),
        turn(
            TurnProgress(
                turn_id=HOSTILE,
                question=HOSTILE,
                steps=(Step(title=HOSTILE, detail=HOSTILE, done=True),),
                text=HOSTILE,
                items=(hostile_item(),),
                notices=(HOSTILE,),
                result=TurnResult(
                    turn_id=HOSTILE,
                    conversation_id=HOSTILE,
                    text=HOSTILE,
                    suggestions=(HOSTILE,),
                    saved=(HOSTILE,),
                    planner=HOSTILE,
                ),
            ),
            VIEW,
            is_last=True,
        ),
        trouble(HOSTILE, HOSTILE, HOSTILE),
        sidebar(
            [
                Conversation(
                    conversation_id=HOSTILE,
                    title=HOSTILE,
                    created_at=NOW,
                    updated_at=NOW,
                    n_turns=1,
                )
            ],
            HOSTILE,
            NOW,
        ),
        memory(
            [
                preference(preference_id=HOSTILE, label=HOSTILE, quote=HOSTILE),
                preference(preference_id=HOSTILE, subject="note", label=HOSTILE),
            ],
            is_paused=True,
        ),
        greeting(),
    ],
    ids=["card", "turn", "trouble", "sidebar", "memory", "greeting"],
)
def test_hostile_text_stays_text(markup: str) -> None:
    assert_harmless(markup)


def test_a_card_tells_title_facts_reason_and_evidence() -> None:
    text = Document(card(item(), None, lambda _: None)).text
    for expected in (
        "The Usual Suspects",
        "1995",
        "Crime · Thriller",
        "Bryan Singer",
        "A crime story.",
    ):
        assert expected in text


def test_a_card_has_four_buttons_that_know_their_item() -> None:
    document = Document(card(item(), None, lambda _: None))
    kinds = [found["data-kind"] for found in document.having(data_act="judge")]
    assert kinds == ["like", "dislike", "not_seen"]
    assert all(found["data-item"] == "7" for found in document.having(data_act="judge"))
    (why,) = document.having(data_act="say")
    assert why["data-text"] == "Why The Usual Suspects (1995)?"


def test_a_given_judgement_is_shown_and_can_be_taken_back() -> None:
    document = Document(card(item(), "dislike", lambda _: None))
    (pressed,) = document.having(aria_pressed="true")
    assert pressed["data-kind"] == "clear"
    assert "won't see this one again" in document.text


def test_an_item_without_facts_still_makes_a_card() -> None:
    bare = item(year=None, genres=(), people=(), evidence=())
    document = Document(card(bare, None, lambda _: None))
    assert "None" not in document.text
    assert slate((), {}, lambda _: None) == ""


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Heat", "H"),
        ("The Usual Suspects", "US"),
        ("The Silence of the Lambs", "SL"),
        ("8½", "8"),
        ("It", "I"),
        ("The", "T"),
        ("…", "?"),
    ],
)
def test_initials(title: str, expected: str) -> None:
    assert initials(title) == expected


def test_a_hue_is_stable_and_a_degree() -> None:
    assert hue(("Crime",)) == 225
    assert hue(("Gardening",)) == hue(("Gardening", "Crime"))
    assert 0 <= hue(()) < 360


def finished(**changes: object) -> TurnProgress:
    result = TurnResult(
        turn_id="t", conversation_id="c", text="Here.", suggestions=("More",), planner="rules"
    )
    return TurnProgress(
        turn_id="t",
        question="a heist",
        steps=(Step(title="Understood", detail="Heists", done=True),),
        text="Here.",
        result=result.model_copy(update=changes),
    )


def test_only_the_last_turn_offers_retry_undo_and_suggestions() -> None:
    last = Document(turn(finished(), VIEW, is_last=True))
    earlier = Document(turn(finished(), VIEW, is_last=False))
    for action in ("again", "back"):
        assert last.having(data_act=action)
        assert not earlier.having(data_act=action)
    assert [found["data-text"] for found in last.having(data_act="say")] == ["More"]
    assert not earlier.having(data_act="say")


def test_a_running_turn_is_busy_and_shows_its_steps_open() -> None:
    running = TurnProgress(turn_id="t", question="q", steps=(Step(title="Searching"),))
    markup = turn(running, VIEW, is_last=True)
    assert 'aria-busy="true"' in markup
    assert '<details class="rp-steps" open>' in markup
    ended = turn(finished(), VIEW, is_last=True)
    assert 'aria-busy="true"' not in ended
    assert '<details class="rp-steps">' in ended
    assert "Thinking" in turn(TurnProgress(turn_id="t", question="q"), VIEW, is_last=True)


def test_a_notice_is_shown_once() -> None:
    told = TurnProgress(
        turn_id="t",
        question="q",
        text="None from 1990.",
        notices=("None from 1990.", "Older ones."),
    )
    markup = turn(told, VIEW, is_last=True)
    assert markup.count("None from 1990.") == 1
    assert "Older ones." in markup


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (timedelta(seconds=5), "now"),
        (timedelta(minutes=7), "7 min"),
        (timedelta(hours=3), "3 h"),
        (timedelta(days=9), "12 Nov"),
        (timedelta(days=400), "17 Oct 2025"),
    ],
)
def test_ago(before: timedelta, expected: str) -> None:
    assert ago(NOW - before, NOW) == expected


def test_memory_shows_kind_label_quote_and_offers_edit_and_delete() -> None:
    document = Document(
        memory([preference(quote="I hated Heat", kind="must_not")], is_paused=False)
    )
    assert "Heat (1995)" in document.text
    assert "you said: “I hated Heat”" in document.text
    assert document.having(data_act="drop", data_preference="p1")
    assert document.having(data_act="amend", data_preference="p1")
    assert [found for tag, found in document.tags if tag == "option" and "selected" in found] == [
        {"value": "must_not", "selected": None}
    ]


def test_a_note_is_no_like() -> None:
    note = preference(subject="note", value="n", label="I watch with my daughter", kind="like")
    document = Document(memory([note], is_paused=False))
    assert "Note" in document.text
    assert not [tag for tag, _ in document.tags if tag in ("select", "option")]
    assert document.having(data_act="amend-note", data_preference="p1")


def test_an_empty_memory_says_how_to_fill_it() -> None:
    assert "Nothing yet." in Document(memory([], is_paused=False)).text
    assert "Learning is paused" in Document(memory([], is_paused=True)).text
