"""The summary of a long conversation: every fact in force once, nothing withdrawn, bounded in a stated order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings, strategies as st

from agents import ConversationState, Preference, RulesPlanner, TurnRecord, TurnResult, Wish
from agents.turn.summary import DROPPED_FIRST, fact_words, facts_in_force, summary_text

from ..film_world import film_catalog, film_id
from .turn_kit import ScriptedPlanner, a_plan, an_agent, film_recommender, said

START = datetime(2026, 1, 1, tzinfo=UTC)
ITEMS = tuple(item.item_id for item in film_catalog())[:8]
GENRES = ("Comedy", "Crime", "Drama", "Horror")
some_items = st.lists(st.sampled_from(ITEMS), unique=True, max_size=5).map(tuple)
some_genres = st.lists(st.sampled_from(GENRES), unique=True, max_size=2).map(tuple)
wishes = st.builds(
    Wish,
    year_min=st.none() | st.integers(1950, 1999),
    year_max=st.none() | st.integers(2000, 2010),
    genres_all=some_genres,
    genres_any=some_genres,
    genres_none=some_genres,
    people_none=st.sampled_from(((), ("Tom Cruise",))),
    like_item_ids=some_items,
    unlike_item_ids=some_items,
    genre_weights=st.dictionaries(st.sampled_from(GENRES), st.sampled_from((-0.5, 0.5))),
    query=st.sampled_from(("", "heist")),
    avoid=st.sampled_from(("", "violence")),
    count=st.none() | st.integers(1, 5),
)
states = st.builds(
    ConversationState,
    wish=wishes,
    rejected_item_ids=some_items,
    seen_item_ids=some_items,
    asked=st.booleans(),
)
notices = st.lists(st.sampled_from(("I widened the years.", "Only two fit.")), max_size=2).map(
    tuple
)
talks = st.lists(st.tuples(states, notices, some_items), max_size=6)


def record(place: int, state: ConversationState, told: tuple[str, ...] = ()) -> TurnRecord:
    result = TurnResult(
        turn_id=f"t{place}", conversation_id="talk", text="PROSE", planner="rules",
        notices=told, suggestions=("Older", "Newer"),
    )  # fmt: skip
    when = START + timedelta(minutes=place)
    return TurnRecord(
        turn_id=f"t{place}", text="WORDS", result=result, state=state, committed_at=when
    )


def like(place: int, item_id: str, turn_id: str) -> Preference:
    return Preference(
        preference_id=f"p{place}-{item_id}", kind="like", subject="item", value=item_id,
        label=item_id, source_turn_id=turn_id, created_at=START,
    )  # fmt: skip


def expected(
    state: ConversationState, turns: list[TurnRecord], liked: set[str]
) -> set[tuple[str, str]]:
    """What must be told, worked out apart: (kind, subject)."""
    wish, refused = state.wish, set(state.rejected_item_ids)
    facts = {("refused", item_id) for item_id in refused}
    facts |= {("refused", f"like {one}") for one in wish.unlike_item_ids if one not in refused}
    facts |= {("seen", item_id) for item_id in state.seen_item_ids if item_id not in refused}
    facts |= {("liked", item_id) for item_id in liked - refused}
    facts |= {("condition", f"genre {one}") for one in wish.genres_all}
    facts |= {("condition", f"no genre {one}") for one in wish.genres_none}
    facts |= {("condition", f"without {one}") for one in wish.people_none}
    if wish.genres_any:
        facts.add(("condition", f"one of the genres {' or '.join(wish.genres_any)}"))
    if wish.year_min is not None:
        facts.add(("condition", f"from year {wish.year_min}"))
    if wish.year_max is not None:
        facts.add(("condition", f"up to year {wish.year_max}"))
    facts |= {("soft", f"like {one}") for one in wish.like_item_ids}
    facts |= {("soft", f"{'more' if w > 0 else 'less'} {g}") for g, w in wish.genre_weights.items()}
    facts |= {("soft", f"about: {wish.query}")} if wish.query else set()
    facts |= {("soft", f"rather not: {wish.avoid}")} if wish.avoid else set()
    facts |= {("soft", f"{wish.count} at a time")} if wish.count is not None else set()
    if state.asked and turns:
        facts.add(("question", "Older / Newer"))
    return facts | {("notice", one) for turn in turns for one in turn.result.notices}


@settings(max_examples=25, deadline=None)
@given(talks, states)
def test_every_fact_in_force_is_there_once_and_no_other(talk, now: ConversationState) -> None:
    turns = [record(place, state, told) for place, (state, told, _) in enumerate(talk)]
    likes = {
        item_id: like(place, item_id, f"t{place}")
        for place, (_, _, items) in enumerate(talk)
        for item_id in items
    }
    elsewhere = like(99, film_id("Fargo"), "another conversation")
    facts = facts_in_force(turns, now, [*likes.values(), elsewhere])
    told = [(one.kind, one.subject) for one in facts]
    assert len(set(told)) == len(told)
    assert set(told) == expected(now, turns, set(likes))
    assert all(0 <= one.turn <= len(turns) for one in facts)
    text = summary_text(facts, film_catalog(), limit=10**6)
    told_words = [part for line in text.splitlines() for part in line.split(": ", 1)[1].split("; ")]
    assert sorted(told_words) == sorted(fact_words(one, film_catalog()) for one in facts)
    assert "PROSE" not in text
    assert "WORDS" not in text


@settings(max_examples=20, deadline=None)
@given(talks, states, st.integers(0, 400))
def test_a_summary_is_bounded_and_keeps_conditions_and_refusals(talk, now, limit: int) -> None:
    turns = [record(place, state, told) for place, (state, told, _) in enumerate(talk)]
    facts = facts_in_force(turns, now, [])
    text = summary_text(facts, film_catalog(), limit=limit)
    firm = [one for one in facts if one.kind not in DROPPED_FIRST]
    assert len(text) <= max(limit, len(summary_text(firm, film_catalog(), limit=0)))
    for fact in firm:
        assert fact_words(fact, film_catalog()) in text


def test_the_turn_of_a_fact_is_the_one_since_which_it_holds() -> None:
    heat, alien = film_id("Heat"), film_id("Alien")
    crime, both = Wish(genres_all=("Crime",)), Wish(genres_all=("Crime",), year_min=1990)
    states = [
        ConversationState(wish=both, rejected_item_ids=(heat,)),
        ConversationState(wish=crime),  # Heat was taken back, the years as well
        ConversationState(wish=both, rejected_item_ids=(alien, heat)),
    ]
    turns = [record(place, state) for place, state in enumerate(states)]
    facts = facts_in_force(turns, states[-1], [])
    assert {(one.kind, one.subject): one.turn for one in facts} == {
        ("condition", "from year 1990"): 3,
        ("condition", "genre Crime"): 1,
        ("refused", alien): 3,
        ("refused", heat): 3,
    }
    assert "Refused: Alien (1979) [turn 3]; Heat (1995) [turn 3]" in summary_text(
        facts, film_catalog()
    )


def test_notices_go_first_and_refusals_never() -> None:
    heat, big = film_id("Heat"), film_id("Big")
    state = ConversationState(rejected_item_ids=(heat,), wish=Wish(query="heist"))
    facts = facts_in_force([record(0, state, ("A notice.",))], state, [like(0, big, "t0")])
    whole = summary_text(facts, film_catalog())
    shorter = summary_text(facts, film_catalog(), limit=len(whole) - 1)
    assert "A notice." in whole
    assert "A notice." not in shorter
    assert "Big (1988)" in shorter
    assert summary_text(facts, film_catalog(), limit=0) == "Refused: Heat (1995) [turn 1]"


def test_a_model_sees_the_summary_of_a_long_conversation(tmp_path: Path) -> None:
    rules = an_agent(RulesPlanner(film_recommender()), home=tmp_path)
    for place, text in enumerate(["no horror please", "I hated Casino", *["thanks"] * 6]):
        rules.reply(said(text, f"r{place}"))
    model = ScriptedPlanner(a_plan(say="Hello.", intent="chat"), name="tool_calling")
    an_agent(model, home=tmp_path).reply(said("hello", "m1"))
    (view,) = model.views
    assert "Refused: Casino (1995) [turn 2]" in view.summary
    assert [one.value for one in view.relevant] == [film_id("Casino")]
    plain = ScriptedPlanner(a_plan(say="Hello.", intent="chat"))
    an_agent(plain, home=tmp_path).reply(said("hello", "m2"))
    assert plain.views[0].summary == ""  # who reads no prose needs none, and does not wait for it
