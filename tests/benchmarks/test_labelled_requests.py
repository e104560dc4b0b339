"""Labelled requests: what counts as understood, by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agents.planning.base import Plan
from agents.state import Wish
from benchmarks.labelled_requests import (
    HARD,
    LabelledRequest,
    Scores,
    TitleTable,
    judge,
    read_requests,
    understood,
    view_of,
)
from tests.film_world import film_catalog

SIZES = {
    "dev": 200,
    "choice": 100,
    "choice_2": 100,
    "choice_3": 125,
    "held_back": 200,
    "held_back_2": 200,
    "held_back_3": 200,
}
SETS = sorted((Path(__file__).resolve().parents[2] / "benchmarks" / "requests").glob("*.jsonl"))


def request_of(**fields: object) -> LabelledRequest:
    given = {"id": "x", "kind": "mixed", "text": "…", "intent": "recommend", **fields}
    return LabelledRequest.model_validate(given)


def judged(request: LabelledRequest, **plan: object) -> tuple[Scores, object]:
    titles, scores = TitleTable(film_catalog()), Scores()
    view = view_of(request, titles)
    found = understood(Plan(planner="p", summary="", **{"intent": "recommend", **plan}), view)  # pyright: ignore[reportArgumentType]
    return scores, judge(request, found, titles, scores)


def test_hard_finds_are_pooled_over_what_was_said_and_what_was_found():
    request = request_of(
        wish={"genres": ["Comedy"], "years": [1990, None], "people_not": ["Tom Hanks"]}
    )
    scores, verdict = judged(request, wish=Wish(genres_all=("Comedy", "Crime"), year_min=1991))
    tally = scores.tally(HARD)
    assert (tally.right, tally.extra, tally.missed) == (1, 2, 2)
    assert tally.f1 == pytest.approx(2 / 6)
    assert not verdict.is_right  # pyright: ignore[reportAttributeAccessIssue]


def test_soft_words_match_by_stem_synonym_comparative_or_genre():
    request = request_of(wish={"words": ["heists", "dark", "scary|Horror"], "less": ["violent"]})
    wish = Wish(query="heist", notes=("darker", "less violent"), genre_weights={"Horror": 0.5})
    scores, verdict = judged(request, wish=wish)
    assert verdict.is_right  # pyright: ignore[reportAttributeAccessIssue]
    assert scores.whole == 1


def test_a_note_about_something_never_said_is_one_too_many():
    scores, _ = judged(
        request_of(wish={"words": ["quiet"]}), wish=Wish(query="quiet", notes=("funnier",))
    )
    assert scores.fields["word"].extra == 1
    assert scores.fields["word"].right == 1


def test_titles_of_the_wish_before_are_not_asked_for_again():
    request = request_of(
        before={"wish": {"like": ["Heat (1995)"]}, "slate": ["Casino (1995)"]},
        wish={"like": ["Heat (1995)", "Casino (1995)"]},
    )
    ids = TitleTable(film_catalog()).first(["Heat (1995)", "Casino (1995)"])
    scores, verdict = judged(request, wish=Wish(like_item_ids=ids))
    assert verdict.is_right  # pyright: ignore[reportAttributeAccessIssue]
    assert scores.fields["titles linked"].right == 1


def test_more_of_a_changed_wish_is_a_wish_and_a_question_back_answers_what_was_said():
    changed = Wish(query="heist")
    assert (
        judged(request_of(wish={"words": ["heist"]}), intent="more", wish=changed)[0].intents == 1
    )
    assert judged(request_of(intent="more"), intent="more")[0].intents == 1
    assert judged(request_of(intent="chat"), intent="ask")[0].intents == 1


@pytest.mark.parametrize("path", SETS, ids=lambda path: path.stem)
def test_the_sets_hold_valid_requests(path: Path):
    requests = read_requests(path)
    assert len(requests) >= SIZES[path.stem]
    assert len({one.id for one in requests}) == len(requests)
    assert len({one.text for one in requests}) == len(requests)


def test_no_request_is_in_two_sets():
    texts = [
        {json.loads(line)["text"] for line in path.read_text("utf-8").splitlines()} for path in SETS
    ]
    assert len(texts) == len(SIZES)
    assert sum(map(len, texts)) == len(set().union(*texts))
