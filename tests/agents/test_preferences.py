from __future__ import annotations

from hypothesis import given, strategies as st

from agents.memory.preferences import (
    contradict,
    in_force,
    named,
    removed_with,
    resolve,
    settle,
    slot_of,
)

from .store_kit import kinds, moment, preference


def test_the_newest_of_two_contrary_statements_is_in_force_and_both_are_kept_with_dates() -> None:
    like, dislike = preference("a", "like", second=1), preference("b", "dislike", second=2)
    settled = settle([like, dislike])
    assert [one.preference_id for one in settled] == ["a", "b"]
    assert settled[0].superseded_at == moment(2)
    assert settled[0].created_at == moment(1)
    assert settled[1].superseded_at is None


def test_must_and_must_not_are_contrary_and_so_are_must_not_and_like() -> None:
    assert contradict(preference("a", "must"), preference("b", "must_not"))
    assert contradict(preference("a", "like"), preference("b", "must_not"))
    assert contradict(preference("a", "must"), preference("b", "dislike"))
    assert not contradict(preference("a", "like"), preference("b", "must"))
    assert not contradict(preference("a", "like", "Horror"), preference("b", "dislike", "Drama"))


def test_the_same_statement_twice_is_one_with_the_newer_date_and_the_higher_confidence() -> None:
    first = preference("a", second=1, confidence=0.9, quote="I love horror", source_turn_id="t1")
    again = preference("b", second=5, confidence=0.4, quote="horror, please", source_turn_id="t2")
    (merged,) = settle([first, again])
    assert merged.preference_id == "a"
    assert (merged.created_at, merged.confidence) == (moment(5), 0.9)
    assert (merged.quote, merged.source_turn_id) == ("horror, please", "t2")


def test_a_click_does_not_wipe_out_the_words_that_said_the_same() -> None:
    said = preference("a", second=1, quote="I love horror", source_turn_id="t1")
    (merged,) = settle([said, preference("b", second=2)])
    assert (merged.quote, merged.source_turn_id) == ("I love horror", "t1")


def test_names_are_compared_without_case_and_spacing_but_item_ids_exactly() -> None:
    assert (
        len(settle([preference("a", value="Film  Noir"), preference("b", value="film noir")])) == 1
    )
    upper = preference("a", value="A1", subject="item")
    lower = preference("b", value="a1", subject="item")
    assert len(settle([upper, lower])) == 2


def test_like_and_must_stand_together_and_fall_together() -> None:
    both = [preference("a", "like", second=1), preference("b", "must", second=2)]
    assert kinds(in_force(both)) == [("like", "Horror"), ("must", "Horror")]
    assert kinds(in_force([*both, preference("c", "dislike", second=3)])) == [("dislike", "Horror")]


def test_resolve_names_what_comes_into_force_and_what_is_superseded() -> None:
    existing = [preference("a", "like", "Horror", 1), preference("b", "like", "Drama", 2)]
    added, superseded = resolve(existing, [preference("c", "dislike", "Horror", 3)])
    assert [one.preference_id for one in added] == ["c"]
    assert [(one.preference_id, one.superseded_at) for one in superseded] == [("a", moment(3))]


def test_a_repetition_counts_as_added_because_its_date_is_refreshed() -> None:
    added, superseded = resolve([preference("a", second=1)], [preference("b", second=9)])
    assert [(one.preference_id, one.created_at) for one in added] == [("a", moment(9))]
    assert superseded == ()


def test_a_statement_that_arrives_late_but_is_older_does_not_win() -> None:
    clicked_meanwhile = preference("a", "dislike", second=5)
    added, superseded = resolve([clicked_meanwhile], [preference("b", "like", second=2)])
    assert added == ()
    assert [one.preference_id for one in superseded] == ["b"]


def test_at_equal_dates_the_later_in_order_wins() -> None:
    assert kinds(in_force([preference("a", "like"), preference("b", "dislike")])) == [
        ("dislike", "Horror")
    ]


def test_deleting_what_is_in_force_brings_nothing_back() -> None:
    told = [
        preference("a", "like", second=1),
        preference("b", "dislike", second=2),
        preference("c", "like", second=3),
        preference("d", "like", second=4),
        preference("e", "like", "Drama", second=5),
    ]
    assert removed_with(told, "d") == {"a", "b", "c", "d"}
    assert removed_with(told, "b") == {"b"}
    assert removed_with(told, "nobody's") == frozenset()


def test_a_merged_preference_is_found_by_the_id_of_any_statement() -> None:
    told = [preference("a", second=1), preference("b", second=2)]
    assert named(told, "b") == named(told, "a") == settle(told)[0]
    assert named(told, "z") is None


STATEMENT = st.builds(
    preference,
    preference_id=st.uuids().map(lambda one: one.hex),
    kind=st.sampled_from(["like", "dislike", "must", "must_not"]),
    value=st.sampled_from(["Horror", "horror ", "Drama", "War"]),
    second=st.integers(0, 8),
    subject=st.sampled_from(["genre", "item"]),
    confidence=st.floats(0, 1),
)
STATEMENTS = st.lists(STATEMENT, max_size=12, unique_by=lambda one: one.preference_id)


@given(STATEMENTS)
def test_nothing_in_force_contradicts_or_repeats_another(statements) -> None:
    valid = in_force(statements)
    assert not any(contradict(one, other) for one in valid for other in valid)
    assert len({(slot_of(one), one.kind) for one in valid}) == len(valid)


@given(STATEMENTS)
def test_the_newest_statement_of_every_slot_is_in_force(statements) -> None:
    newest = {}
    for statement in sorted(statements, key=lambda one: one.created_at):
        newest[slot_of(statement)] = statement.kind
    valid = {(slot_of(one), one.kind) for one in in_force(statements)}
    assert set(newest.items()) <= valid


@given(STATEMENTS)
def test_settling_again_changes_nothing_in_force(statements) -> None:
    once = settle(statements)
    assert in_force(once) == in_force(statements)
    assert [one.preference_id for one in settle(once)] == [one.preference_id for one in once]


@given(STATEMENTS)
def test_every_statement_is_kept_in_some_preference(statements) -> None:
    for statement in statements:
        found = named(statements, statement.preference_id)
        assert found is not None
        assert found.kind == statement.kind
        assert found.created_at >= statement.created_at
        assert found.confidence >= statement.confidence


@given(STATEMENTS, st.data())
def test_what_is_deleted_stays_away(statements, data) -> None:
    valid = in_force(statements)
    if not valid:
        return
    target = data.draw(st.sampled_from(valid))
    gone = removed_with(statements, target.preference_id)
    left = in_force([one for one in statements if one.preference_id not in gone])
    before = {(slot_of(one), one.kind) for one in valid}
    after = {(slot_of(one), one.kind) for one in left}
    assert after == before - {(slot_of(target), target.kind)}
