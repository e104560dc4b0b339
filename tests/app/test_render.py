import pytest

from agents import (
    Evidence,
    Grounded,
    PlanMade,
    SlateItem,
    SlateReady,
    TextDelta,
    ToolFinished,
    ToolStarted,
    TurnFinished,
    TurnResult,
    TurnStarted,
    Usage,
)
from app.render import (
    Step,
    TurnProgress,
    advance,
    clean,
    evidence_chips,
    follow,
    item_label,
    noted,
    one_line,
    usage_label,
)

HEAT = SlateItem(item_id="1", title="Heat", year=1995, reason="A heist.", evidence=())
RESULT = TurnResult(turn_id="t", conversation_id="c", text="Here.", items=(HEAT,), planner="rules")


def test_a_turn_is_followed_from_question_to_result() -> None:
    progress = follow(
        [
            TurnStarted(turn_id="t", conversation_id="c", text="a heist"),
            PlanMade(planner="rules", intent="recommend", summary="Heists"),
            ToolStarted(index=0, tool="recommend"),
            ToolFinished(index=0, tool="recommend", ok=True, summary="9 found", seconds=0.5),
            TextDelta(text="He"),
            TextDelta(text="re."),
            SlateReady(items=(HEAT,)),
        ]
    )
    assert (progress.question, progress.text, progress.items) == ("a heist", "Here.", (HEAT,))
    assert progress.steps == (
        Step(title="Understood", detail="Heists", done=True),
        Step(title="Picked films for you", detail="9 found", done=True, seconds=0.5),
    )
    assert progress.result is None
    assert advance(progress, TurnFinished(result=RESULT)).result == RESULT


def test_parallel_calls_of_one_tool_close_in_order() -> None:
    progress = follow(
        [
            ToolStarted(index=0, tool="search_items"),
            ToolStarted(index=1, tool="search_items"),
            ToolFinished(index=1, tool="search_items", ok=True, summary="b", seconds=0.0),
        ]
    )
    assert [step.done for step in progress.steps] == [True, False]


def test_a_failed_tool_and_a_cut_item_are_told() -> None:
    progress = follow(
        [
            ToolStarted(index=0, tool="item_details"),
            ToolFinished(index=0, tool="item_details", ok=False, summary="No such id", seconds=0.0),
            Grounded(cut=("Heat 2",), notices=("One title was not in the catalog.",)),
        ]
    )
    assert progress.steps[0].ok is False
    assert progress.steps[1].detail == "One title was not in the catalog.; Heat 2"


def test_grounding_that_found_nothing_is_no_step() -> None:
    assert follow([Grounded()]).steps == ()


def test_progress_is_never_changed_in_place() -> None:
    start = TurnProgress()
    advance(start, TextDelta(text="x"))
    assert start == TurnProgress()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\x1b[31mb", "a[31mb"),
        ("a\u202eb", "ab"),
        ("a\u200b\u2066b", "ab"),
        ("a\U000e0041b", "ab"),
        ("a\nb\tc", "a\nb\tc"),
        ("Amélie – 日本", "Amélie – 日本"),
    ],
)
def test_clean_keeps_words_and_drops_steering_characters(text: str, expected: str) -> None:
    assert clean(text) == expected


def test_one_line_folds_and_cuts() -> None:
    assert one_line(" a \n b ") == "a b"
    assert one_line("abcdef", 4) == "abc…"


def test_evidence_of_one_source_becomes_one_chip() -> None:
    evidence = [
        Evidence(kind="seed_item", field="genres", value="Crime", item_id="1"),
        Evidence(kind="request", field="year", value="1995"),
        Evidence(kind="seed_item", field="viewers", value="58%", item_id="1"),
        Evidence(kind="seed_item", field="genres", value="Crime", item_id="1"),
        Evidence(kind="seed_item", field="lift", value="2.6", item_id="1"),
        Evidence(kind="liked_item", field="influence", value="40%", item_id="1"),
        Evidence(kind="preference", field="genre", value="Drama"),
        Evidence(kind="popularity", field="rating", value="4.2"),
        Evidence(kind="field", field="genres", value="War"),
    ]
    assert [chip.text for chip in evidence_chips(evidence, {"1": "Heat"}.get)] == [
        "like Heat: Crime, 58% of its viewers, 2.6× as often with its viewers",
        "you asked for: 1995",
        "you liked Heat: 40% of the match",
        "your taste: Drama",
        "rated 4.2",
        "War",
    ]


@pytest.mark.parametrize(
    "evidence",
    [
        Evidence(kind="liked_item", item_id="unknown"),
        Evidence(kind="seed_item", field="genres", value="Crime"),
        Evidence(kind="field", field="genres", value=""),
    ],
)
def test_evidence_that_says_nothing_is_no_chip(evidence: Evidence) -> None:
    assert evidence_chips([evidence], {"1": "Heat"}.get) == ()


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("You like Fargo", "Remembered: you like Fargo"),
        ("Youth in films", "Remembered: Youth in films"),
    ],
)
def test_what_was_saved_is_confirmed(label: str, expected: str) -> None:
    assert noted(label) == expected


def test_labels_of_items_and_usage() -> None:
    assert item_label(HEAT) == "Heat (1995)"
    assert item_label(HEAT.model_copy(update={"year": None})) == "Heat"
    assert usage_label("rules", Usage(seconds=0.14)) == "built-in rules · 0 model calls · 0.1 s"
    usage = Usage(model_calls=1, tokens=1200, seconds=2.0, usd=0.001)
    assert usage_label("tool_calling", usage) == (
        "language model · 1 model call · 1,200 tokens · 2.0 s · $0.0010"
    )


def test_a_match_made_by_one_title_alone_has_no_share() -> None:
    whole = Evidence(kind="liked_item", field="influence", value="100%", item_id="1")
    (chip,) = evidence_chips([whole], lambda _: "Heat")
    assert chip.text == "you liked Heat"
