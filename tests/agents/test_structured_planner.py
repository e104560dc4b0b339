"""The structured planner over the film world: a model that plays a script, real linking, real tools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from langchain_core.messages import BaseMessage

from agents import ModelFailed, PlannerFailed
from agents.budget import BudgetMeter
from agents.planning.base import TurnView
from agents.planning.parse import MessageParse, kinds_of, parse_schema, read_parse
from agents.planning.parse_linking import describe
from agents.planning.structured import StructuredPlanner
from agents.state import ConversationState, Wish
from agents.understanding import Reading
from tests.agents.rules_world import film_recommender
from tests.film_world import film_catalog, film_id

SLATE = tuple(film_id(title) for title in ("Heat", "Fargo", "Alien", "Big", "Casablanca"))


@dataclass
class ScriptedModel:
    """Writes its answers in order; asked once too often, it fails the test."""

    answers: list[str | Exception]
    name: str = "scripted+planner"
    asked: list[Sequence[BaseMessage]] = field(default_factory=list)
    prompts: list[tuple[str, str]] = field(default_factory=list)

    def complete(
        self,
        messages: Sequence[BaseMessage],
        *,
        schema: Mapping[str, Any],
        prompt: tuple[str, str],
        meter: BudgetMeter,
    ) -> str:
        assert self.answers, "the model was asked once too often"
        self.asked.append(messages)
        self.prompts.append(prompt)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def reading_of(text: str, answer: str, state: ConversationState | None = None) -> Reading:
    """What the planner makes of a message when the model answers so."""
    planner = StructuredPlanner(film_recommender(), ScriptedModel([answer]))
    view = TurnView(turn_id="t", text=text, state=state or ConversationState())
    return planner.read(view, planner.parse(view))[0]


def linked(text: str, answer: str, state: ConversationState | None = None):
    planner = StructuredPlanner(film_recommender(), ScriptedModel([answer]))
    view = TurnView(turn_id="t", text=text, state=state or ConversationState())
    return planner.read(view, planner.parse(view))[1]


def on_slate(**wish: object) -> ConversationState:
    return ConversationState(wish=Wish(**wish), last_slate=SLATE, focus_item_id=SLATE[0])


def titles(item_ids: Sequence[str]) -> list[str]:
    return [film_catalog()[item_id].title for item_id in item_ids]


# ---- the format ---------------------------------------------------------------------------------


def test_a_parse_is_compact_and_in_the_order_of_the_schema() -> None:
    parse = MessageParse(
        act="refine", no_genres=("Horror",), genres=("Comedy",), years=(1990, None)
    )
    assert (
        parse.as_json()
        == '{"act":"refine","genres":["Comedy"],"not":["Horror"],"years":[1990,null]}'
    )
    assert read_parse(parse.as_json()) == parse
    fields = [field.alias or name for name, field in MessageParse.model_fields.items()]
    assert list(parse_schema()["properties"]) == fields


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "no json",
        "[]",
        '{"genres":["Comedy"]}',
        '{"act":"dance"}',
        '{"act":"new","colour":"red"}',
        '{"act":"new","years":[1990]}',
        '{"act":"new","like":["a","b","c","d","e"]}',
        '{"act":"new","words":["' + "x" * 200 + '"]}',
    ],
)
def test_what_is_no_parse_hands_over_to_the_rules(answer: str) -> None:
    planner = StructuredPlanner(film_recommender(), ScriptedModel([answer]))
    with pytest.raises(PlannerFailed, match="could not be used"):
        planner.plan(TurnView(turn_id="t", text="something nice", state=ConversationState()))


def test_a_model_that_is_down_hands_over_to_the_rules() -> None:
    planner = StructuredPlanner(film_recommender(), ScriptedModel([ModelFailed("unreachable")]))
    with pytest.raises(PlannerFailed, match="could not be reached"):
        planner.plan(TurnView(turn_id="t", text="something nice", state=ConversationState()))


def test_other_catalogs_bring_their_own_kinds() -> None:
    assert kinds_of(("Comedy", "Family", "Cooking"))[-1] == "Cooking"
    assert "Family" not in kinds_of(("Family",))  # it is what Children is called there


# ---- what the model is shown --------------------------------------------------------------------


def test_the_model_sees_the_state_and_the_message() -> None:
    model = ScriptedModel(['{"act":"more"}'])
    planner = StructuredPlanner(film_recommender(), model)
    state = on_slate(genres_all=("Crime",), year_min=1990, like_item_ids=(film_id("Casino"),))
    planner.parse(TurnView(turn_id="t", text="more  of that", state=state))
    assert [message.type for message in model.asked[0]] == ["system", "human"]
    assert model.asked[0][-1].text == (
        "wish: genres Crime; years 1990-; like Casino\n"
        "shown: 1 Heat; 2 Fargo; 3 Alien; 4 Big; 5 Casablanca\n"
        "talked about: Heat\n"
        "message: more of that"
    )


def test_an_untuned_model_gets_the_format_explained_with_examples() -> None:
    model = ScriptedModel(['{"act":"chat"}'], name="some-large-model")
    planner = StructuredPlanner(film_recommender(), model)
    planner.parse(TurnView(turn_id="t", text="hello", state=ConversationState()))
    kinds = [message.type for message in model.asked[0]]
    assert kinds[0] == "system"
    assert kinds[1:-1] == ["human", "ai"] * ((len(kinds) - 2) // 2)
    for message in model.asked[0]:
        if message.type == "ai":
            assert read_parse(message.text).as_json() == message.text
    assert model.prompts[0][0] == "message_parse"


def test_the_model_is_asked_once_a_turn() -> None:
    model = ScriptedModel(['{"act":"new","genres":["Crime"]}'])
    planner = StructuredPlanner(film_recommender(), model)
    view = TurnView(turn_id="t", text="a crime film", state=ConversationState())
    first = planner.plan(view)
    assert first.planner == "structured"
    assert not first.final
    again = TurnView(turn_id="t", text="a crime film", state=ConversationState(), repair="mend it")
    assert planner.plan(again) == first


@pytest.mark.parametrize("text", ["", "  ", "what can you do?", "i want to kill myself"])
def test_some_messages_no_model_is_asked_about(text: str) -> None:
    planner = StructuredPlanner(film_recommender(), ScriptedModel([]))
    planner.plan(TurnView(turn_id="t", text=text, state=ConversationState()))


# ---- what the person did not say goes -----------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "answer", "dropped"),
    [
        ("a comedy", '{"act":"new","like":["Titanic"]}', "title: Titanic"),
        ("a comedy", '{"act":"new","genres":["Horror"]}', "genre: Horror"),
        ("a comedy", '{"act":"new","people":["Tom Hanks"]}', "person: Tom Hanks"),
        ("a comedy", '{"act":"new","words":["heist"]}', "word: heist"),
        ("a comedy", '{"act":"new","years":[1990,1999]}', "years: (1990, 1999)"),
        ("a comedy please", '{"act":"new","like":["#2"]}', "pointer: #2"),
        ("something", '{"act":"new","like":["something"]}', "title: something"),
    ],
)
def test_what_was_not_said_is_dropped(text: str, answer: str, dropped: str) -> None:
    found = linked(text, answer, on_slate())
    assert found.dropped == (dropped,)
    assert not any((found.items, found.people, found.words, found.genres, found.years))


def test_slips_of_the_keyboard_are_no_inventions() -> None:
    found = linked(
        "sth like Toy Stroy w/ tom hnaks",
        '{"act":"new","people":["tom hnaks"],"like":["Toy Stroy"]}',
    )
    assert titles(found.of("like")) == ["Toy Story"]
    assert found.people == ("Tom Hanks",)


def test_a_mood_bears_out_its_kind() -> None:
    assert linked("make me laugh", '{"act":"new","genres":["Comedy"]}').genres == ("Comedy",)


def test_names_that_nobody_has_are_told() -> None:
    found = linked("like Blorp Returns", '{"act":"new","like":["Blorp Returns"]}')
    assert found.unknown_titles == ("Blorp Returns",)


@pytest.mark.parametrize(
    ("text", "pointer", "expected"),
    [
        ("the second one", "#2", ["Fargo"]),
        ("the last one", "#last", ["Casablanca"]),
        ("tell me more about it", "#it", ["Heat"]),
        ("all of them", "#all", ["Heat", "Fargo", "Alien", "Big", "Casablanca"]),
    ],
)
def test_pointers_mean_the_slate(text: str, pointer: str, expected: list[str]) -> None:
    found = linked(text, f'{{"act":"details","about":["{pointer}"]}}', on_slate())
    assert titles(found.of("about")) == expected


def test_pointing_beyond_the_slate_is_told() -> None:
    found = linked("the eighth one", '{"act":"details","about":["#8"]}', on_slate())
    assert found.missing_references == ("number 8",)
    assert not found.items


# ---- joining with the rules ---------------------------------------------------------------------


def test_words_that_the_rules_passed_over_come_from_the_model() -> None:
    text = "my sister is here for the weekend and after all that talk about flatmates we need something on loneliness"
    wish = reading_of(text, '{"act":"new","words":["loneliness"]}').wish
    assert "loneliness" in wish.query


def test_what_is_to_be_less_is_pushed_down() -> None:
    wish = reading_of(
        "less singing", '{"act":"refine","less":["singing"]}', on_slate(genres_all=("Crime",))
    ).wish
    assert "singing" in wish.avoid
    assert wish.genres_all == ("Crime",)


def test_a_wish_that_only_the_model_understood_gets_a_slate() -> None:
    text = "what about something on loneliness, without Zzyzx Qwortle"
    reading = reading_of(text, '{"act":"new","words":["loneliness"],"without":["Zzyzx Qwortle"]}')
    assert reading.wants_slate
    assert "loneliness" in reading.wish.query


def test_parts_of_the_old_wish_are_let_go() -> None:
    state = on_slate(genres_all=("Crime",), people_all=("Al Pacino",))
    wish = reading_of(
        "doesn't need Al Pacino in it", '{"act":"refine","drop":["people"]}', state
    ).wish
    assert not wish.people_all
    assert wish.genres_all == ("Crime",)


def test_an_opinion_that_only_the_model_saw_is_learnt() -> None:
    reading = reading_of("Casino put me into a coma", '{"act":"feedback","disliked":["Casino"]}')
    assert titles(reading.disliked_item_ids) == ["Casino"]
    assert ("dislike", "item", film_id("Casino")) in [
        (p.kind, p.subject, p.value) for p in reading.learned
    ]
    assert film_id("Casino") not in reading.wish.like_item_ids


def test_a_title_is_never_both_wanted_and_pushed_away() -> None:
    answer = '{"act":"new","like":["Heat"],"unlike":["Heat","Casino"]}'
    wish = reading_of("like Heat but not like Casino", answer).wish
    assert not set(wish.like_item_ids) & set(wish.unlike_item_ids)
    assert titles(wish.unlike_item_ids) == ["Casino"]


_TEXT = st.text(alphabet=st.characters(codec="utf-8"), max_size=30)
_NAMES = st.lists(
    st.one_of(
        _TEXT.filter(bool), st.sampled_from(["#1", "#9", "#it", "#all", "Heat", "tom hanks"])
    ),
    max_size=4,
)


@settings(max_examples=60, deadline=None)
@given(
    text=st.one_of(_TEXT, st.sampled_from(["more like the second one", "i loved Heat, no horror"])),
    act=st.sampled_from(
        [
            "new",
            "refine",
            "more",
            "explain",
            "compare",
            "details",
            "feedback",
            "remember",
            "profile",
            "forget",
            "chat",
            "unknown",
        ]
    ),
    names=st.dictionaries(
        st.sampled_from(["like", "unlike", "people", "without", "liked", "seen", "about"]), _NAMES
    ),
)
def test_no_parse_breaks_the_planner_and_nothing_is_in_two_places(
    text: str, act: str, names: dict[str, list[str]]
) -> None:
    parse = MessageParse.model_validate({"act": act, **names})
    planner = StructuredPlanner(film_recommender(), ScriptedModel([parse.as_json()] * 2))
    view = TurnView(turn_id="t", text=text, state=on_slate(genres_all=("Crime",)))
    plan = planner.plan(view)
    wish = plan.wish or view.state.wish
    assert plan.planner == "structured"
    assert not set(wish.like_item_ids) & set(wish.unlike_item_ids)
    assert not set(wish.genres_all) & set(wish.genres_none)
    assert not set(wish.people_all) & set(wish.people_none)
    assert describe(view.state, film_recommender()).shown[0] == "Heat"
