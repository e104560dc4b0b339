"""Conversations, turns, undo, clicks: what the store promises, one promise a test."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from agents.errors import NotYours
from agents.memory import ConversationStore, IdReusedError
from agents.state import ConversationState, Wish
from rec_core import SettingsError

from .store_kit import Clock, hold_turn, kinds, preference, result


@pytest.fixture
def store() -> ConversationStore:
    return ConversationStore("sqlite://", clock=Clock())


@pytest.fixture
def talk(store: ConversationStore) -> str:
    return store.create_conversation("ann", conversation_id="talk").conversation_id


def test_a_conversation_is_listed_with_its_owner_alone(store: ConversationStore, talk: str) -> None:
    assert [one.conversation_id for one in store.conversations("ann")] == [talk]
    assert store.conversations("bob") == ()


def test_conversations_come_newest_activity_first(store: ConversationStore) -> None:
    for name in ("first", "second"):
        store.create_conversation("ann", conversation_id=name)
    hold_turn(store, "ann", "first", "t1")
    listed = store.conversations("ann")
    assert [(one.conversation_id, one.n_turns) for one in listed] == [("first", 1), ("second", 0)]


def test_creating_a_conversation_again_gives_the_same_one(store: ConversationStore) -> None:
    made = store.create_conversation("ann", conversation_id="x", title="Films")
    assert store.create_conversation("ann", conversation_id="x", title="Other") == made
    with pytest.raises(NotYours):
        store.create_conversation("bob", conversation_id="x")


def test_the_title_comes_from_the_first_message_and_stays(store, talk: str) -> None:
    hold_turn(store, "ann", talk, "t1", "something like Heat\nbut less violent " + "please " * 9)
    hold_turn(store, "ann", talk, "t2", "another one")
    title = store.conversations("ann")[0].title
    assert title == "something like Heat but less violent please please please…"
    store.rename_conversation("ann", talk, "Crime night")
    assert store.conversations("ann")[0].title == "Crime night"


def test_a_committed_turn_is_replayed_and_committing_again_changes_nothing(store, talk) -> None:
    hold_turn(store, "ann", talk, "t1", "hello")
    before = store.turns("ann", talk)
    assert store.begin_turn("ann", talk, "t1", "hello") == before[0].result
    other = result("t1", talk, "another answer")
    learned = [preference("p")]
    store.commit_turn("ann", talk, "t1", other, ConversationState(turn_count=9), learned, [])
    assert store.turns("ann", talk) == before
    assert store.preferences("ann") == ()


def test_a_turn_that_was_only_begun_may_begin_again_and_is_not_shown(store, talk) -> None:
    assert store.begin_turn("ann", talk, "t1", "hello") is None
    assert store.begin_turn("ann", talk, "t1", "hello") is None
    assert store.turns("ann", talk) == ()
    assert store.conversations("ann")[0].n_turns == 0


def test_one_turn_id_for_two_messages_is_refused(store, talk) -> None:
    hold_turn(store, "ann", talk, "t1", "hello")
    with pytest.raises(IdReusedError):
        store.begin_turn("ann", talk, "t1", "goodbye")


def test_a_turn_id_of_another_conversation_or_user_is_refused(store, talk) -> None:
    store.create_conversation("ann", conversation_id="other")
    store.create_conversation("bob", conversation_id="bobs")
    hold_turn(store, "ann", talk, "t1")
    for user_id, conversation_id in (("ann", "other"), ("bob", "bobs")):
        with pytest.raises(NotYours):
            store.begin_turn(user_id, conversation_id, "t1", "a crime film")
        outcome = result("t1", conversation_id)
        with pytest.raises(NotYours):
            store.commit_turn(user_id, conversation_id, "t1", outcome, ConversationState(), [], [])


def test_a_turn_that_was_never_begun_cannot_be_committed(store, talk) -> None:
    with pytest.raises(NotYours):
        store.commit_turn("ann", talk, "t1", result("t1", talk), ConversationState(), [], [])


def test_turns_come_oldest_first_and_a_limit_takes_the_newest(store, talk) -> None:
    for number in range(5):
        hold_turn(store, "ann", talk, f"t{number}", f"message {number}")
    assert [one.turn_id for one in store.turns("ann", talk)] == ["t0", "t1", "t2", "t3", "t4"]
    newest = store.turns("ann", talk, limit=2)
    assert [one.text for one in newest] == ["message 3", "message 4"]
    assert newest[-1].result.text == "Answer to: message 4"


@pytest.mark.parametrize(
    "call",
    [
        lambda store: store.rename_conversation("bob", "talk", "mine now"),
        lambda store: store.delete_conversation("bob", "talk"),
        lambda store: store.begin_turn("bob", "talk", "t9", "hello"),
        lambda store: store.turns("bob", "talk"),
        lambda store: store.state("bob", "talk"),
        lambda store: store.undo_last_turn("bob", "talk"),
        lambda store: store.record_feedback("bob", "talk", "f1", "1", "Heat", "like"),
        lambda store: store.edit_preference("bob", "anns", kind="dislike"),
        lambda store: store.delete_preference("bob", "anns"),
        lambda store: store.turns("ann", "no such conversation"),
        lambda store: store.delete_preference("ann", "no such preference"),
    ],
)
def test_what_is_not_yours_is_refused_and_left_alone(store, talk, call) -> None:
    hold_turn(store, "ann", talk, "t1", learned=(preference("anns"),))
    tables = store.export("ann")["tables"]
    with pytest.raises(NotYours):
        call(store)
    assert store.export("ann")["tables"] == tables


def test_the_state_is_that_of_the_newest_turn(store, talk) -> None:
    assert store.state("ann", talk) == ConversationState()
    state = ConversationState(wish=Wish(genres_all=("Crime",)), shown_item_ids=("1", "2"))
    hold_turn(store, "ann", talk, "t1", state=state)
    assert store.state("ann", talk) == state


def test_a_dislike_rejects_at_once_and_a_later_like_or_clear_readmits(store, talk) -> None:
    hold_turn(store, "ann", talk, "t1", state=ConversationState(rejected_item_ids=("7",)))
    store.record_feedback("ann", talk, "f1", "1", "Heat", "dislike")
    store.record_feedback("ann", talk, "f2", "2", "Ronin", "dislike")
    assert store.state("ann", talk).rejected_item_ids == ("7", "1", "2")
    store.record_feedback("ann", talk, "f3", "1", "Heat", "clear")
    store.record_feedback("ann", talk, "f4", "7", "Seven", "like")
    assert store.state("ann", talk).rejected_item_ids == ("2",)


def test_a_disliked_item_is_no_longer_what_the_wish_is_like(store, talk) -> None:
    state = ConversationState(wish=Wish(like_item_ids=("1", "2")))
    hold_turn(store, "ann", talk, "t1", state=state)
    store.record_feedback("ann", talk, "f1", "1", "Heat", "dislike")
    assert store.state("ann", talk).wish.like_item_ids == ("2",)


def test_a_click_while_a_turn_is_under_way_is_not_lost_by_its_commit(store, talk) -> None:
    store.begin_turn("ann", talk, "t1", "more")
    store.record_feedback("ann", talk, "f1", "1", "Heat", "dislike")
    state = ConversationState(shown_item_ids=("5",))
    store.commit_turn("ann", talk, "t1", result("t1", talk), state, [], [])
    assert store.state("ann", talk).rejected_item_ids == ("1",)


def test_clicks_known_to_the_newest_turn_are_not_applied_again(store, talk) -> None:
    store.record_feedback("ann", talk, "f1", "1", "Heat", "like")
    refused_in_words = ConversationState(rejected_item_ids=("1",))
    hold_turn(store, "ann", talk, "t1", "not Heat again", state=refused_in_words)
    assert store.state("ann", talk).rejected_item_ids == ("1",)


def test_undo_takes_the_newest_turn_out_and_returns_it(store, talk) -> None:
    hold_turn(store, "ann", talk, "t1", "one", state=ConversationState(turn_count=1))
    hold_turn(store, "ann", talk, "t2", "two", state=ConversationState(turn_count=2))
    undone = store.undo_last_turn("ann", talk)
    assert undone is not None
    assert undone.text == "two"
    assert [one.turn_id for one in store.turns("ann", talk)] == ["t1"]
    assert store.state("ann", talk).turn_count == 1
    hold_turn(store, "ann", talk, "t3", "three")
    assert [one.turn_id for one in store.turns("ann", talk)] == ["t1", "t3"]


def test_an_undone_turn_is_not_made_again_by_a_late_repetition(store, talk) -> None:
    hold_turn(store, "ann", talk, "t1", "one")
    store.undo_last_turn("ann", talk)
    assert store.begin_turn("ann", talk, "t1", "one") is not None
    assert store.turns("ann", talk) == ()
    assert store.undo_last_turn("ann", talk) is None
    assert store.conversations("ann")[0].title == ""


def test_undo_withdraws_what_the_turn_learned_and_restores_what_it_superseded(store, talk) -> None:
    hold_turn(store, "ann", talk, "t1", learned=(preference("a", "like", second=1),))
    hold_turn(
        store, "ann", talk, "t2",
        learned=(preference("b", "dislike", second=2), preference("c", "like", "War", 2)),
    )  # fmt: skip
    assert kinds(store.preferences("ann")) == [("dislike", "Horror"), ("like", "War")]
    store.undo_last_turn("ann", talk)
    assert store.preferences("ann", include_superseded=True) == (
        preference("a", "like", second=1, source_turn_id="t1"),
    )


def test_undo_gives_a_repeated_preference_its_old_date_back(store, talk) -> None:
    hold_turn(store, "ann", talk, "t1", learned=(preference("a", second=1),))
    before = store.preferences("ann")
    hold_turn(store, "ann", talk, "t2", learned=(preference("b", second=2),))
    assert [one.preference_id for one in store.preferences("ann")] == ["a"]
    assert store.preferences("ann") != before
    store.undo_last_turn("ann", talk)
    assert store.preferences("ann") == before


def test_undo_does_not_restore_what_a_later_click_has_contradicted(store, talk) -> None:
    like = preference("a", "like", "1", 1, subject="item")
    hold_turn(store, "ann", talk, "t1", learned=(like,))
    hold_turn(store, "ann", talk, "t2", learned=(like.model_copy(update={"kind": "dislike"}),))
    store.record_feedback("ann", talk, "f1", "1", "Heat", "dislike")
    store.undo_last_turn("ann", talk)
    assert kinds(store.preferences("ann")) == [("dislike", "1")]


def test_what_was_forgotten_in_a_turn_comes_back_with_undo_but_not_after_the_next(
    store, talk
) -> None:
    hold_turn(store, "ann", talk, "t1", learned=(preference("a"),))
    hold_turn(store, "ann", talk, "t2", "forget that", forgotten=("a", "unknown"))
    assert store.preferences("ann", include_superseded=True) == ()
    store.undo_last_turn("ann", talk)
    assert kinds(store.preferences("ann")) == [("like", "Horror")]
    hold_turn(store, "ann", talk, "t3", "forget that", forgotten=("a",))
    hold_turn(store, "ann", talk, "t4", "thanks")
    assert store.export("ann")["tables"]["preferences"] == []
    store.undo_last_turn("ann", talk)
    store.undo_last_turn("ann", talk)
    assert store.preferences("ann") == ()


def test_a_dislike_supersedes_the_like_and_both_are_kept(store, talk) -> None:
    store.record_feedback("ann", talk, "f1", "1", "Heat (1995)", "like")
    store.record_feedback("ann", talk, "f2", "1", "Heat (1995)", "dislike")
    assert kinds(store.preferences("ann")) == [("dislike", "1")]
    old, new = store.preferences("ann", include_superseded=True)
    assert old.superseded_at == new.created_at > old.created_at
    assert (new.label, new.subject, new.confidence) == ("Heat (1995)", "item", 1.0)
    assert store.feedback("ann") == {"1": "dislike"}


def test_the_same_click_twice_is_one(store, talk) -> None:
    for _ in range(3):
        store.record_feedback("ann", talk, "f1", "1", "Heat", "like")
    assert len(store.export("ann")["tables"]["feedback"]) == 1
    assert len(store.export("ann")["tables"]["preferences"]) == 1
    with pytest.raises(IdReusedError):
        store.record_feedback("ann", talk, "f1", "1", "Heat", "dislike")


@pytest.mark.parametrize(("kind", "left"), [("clear", {}), ("not_seen", {"1": "not_seen"})])
def test_clear_and_not_seen_take_clicks_back_but_not_words(store, talk, kind, left) -> None:
    said = preference("a", "like", "2", subject="item", quote="I love Ronin")
    hold_turn(store, "ann", talk, "t1", learned=(said,))
    store.record_feedback("ann", talk, "f1", "1", "Heat", "like")
    store.record_feedback("ann", talk, "f2", "1", "Heat", "dislike")
    store.record_feedback("ann", talk, "f3", "1", "Heat", kind)
    assert store.feedback("ann") == left
    assert kinds(store.preferences("ann", include_superseded=True)) == [("like", "2")]


def test_deleting_an_item_preference_releases_its_button(store, talk) -> None:
    store.record_feedback("ann", talk, "f1", "1", "Heat", "dislike")
    hold_turn(store, "ann", talk, "t1", state=store.state("ann", talk))
    (disliked,) = store.preferences("ann")
    store.delete_preference("ann", disliked.preference_id)
    assert store.preferences("ann", include_superseded=True) == ()
    assert store.feedback("ann") == {}
    assert store.state("ann", talk).rejected_item_ids == ()


def test_an_edited_preference_is_the_persons_own_and_survives_undo(store, talk) -> None:
    learned = preference("a", "like", quote="I love horror", confidence=0.5)
    hold_turn(store, "ann", talk, "t1", learned=(learned,))
    store.edit_preference("ann", "a", kind="must_not")
    store.undo_last_turn("ann", talk)
    (edited,) = store.preferences("ann")
    assert (edited.preference_id, edited.kind, edited.value) == ("a", "must_not", "Horror")
    assert (edited.quote, edited.source_turn_id, edited.confidence) == ("", "", 1.0)


def test_a_new_label_alone_changes_nothing_else(store, talk) -> None:
    hold_turn(store, "ann", talk, "t1", learned=(preference("a", quote="scary ones"),))
    before = store.preferences("ann")[0]
    store.edit_preference("ann", "a", label="Scary films")
    assert store.preferences("ann") == (before.model_copy(update={"label": "Scary films"}),)


def test_saving_under_a_known_id_replaces(store) -> None:
    store.save_preference("ann", preference("a", value="Horror"))
    store.save_preference("ann", preference("a", value="Drama"))
    store.save_preference("bob", preference("a", value="War"))
    assert kinds(store.preferences("ann", include_superseded=True)) == [("like", "Drama")]
    assert kinds(store.preferences("bob")) == [("like", "War")]


def test_delete_all_leaves_no_preference_and_no_pressed_button(store, talk) -> None:
    store.save_preference("bob", preference("b"))
    hold_turn(store, "ann", talk, "t1", learned=(preference("a"), preference("a", "dislike")))
    store.record_feedback("ann", talk, "f1", "1", "Heat", "like")
    store.delete_all_preferences("ann")
    assert store.preferences("ann", include_superseded=True) == ()
    assert store.feedback("ann") == {}
    assert len(store.preferences("bob")) == 1


def test_nothing_long_term_is_learned_while_paused(store, talk) -> None:
    store.set_paused("ann", True)
    hold_turn(store, "ann", talk, "t1", learned=(preference("a"),))
    store.record_feedback("ann", talk, "f1", "1", "Heat", "dislike")
    assert store.preferences("ann") == ()
    assert store.feedback("ann") == {}
    assert store.feedback("ann", conversation_id=talk) == {"1": "dislike"}
    assert store.state("ann", talk).rejected_item_ids == ("1",)
    assert (store.is_paused("ann"), store.is_paused("bob")) == (True, False)
    store.set_paused("ann", False)
    store.record_feedback("ann", talk, "f2", "2", "Ronin", "like")
    assert kinds(store.preferences("ann")) == [("like", "2")]


def test_a_deleted_conversation_takes_its_turns_and_leaves_what_was_learned(store, talk) -> None:
    hold_turn(store, "ann", talk, "t1", learned=(preference("a"),))
    store.record_feedback("ann", talk, "f1", "1", "Heat", "like")
    store.begin_turn("ann", talk, "t2", "and then?")
    store.delete_conversation("ann", talk)
    assert store.conversations("ann") == ()
    assert kinds(store.preferences("ann")) == [("like", "Horror"), ("like", "1")]
    tables = store.export("ann")["tables"]
    assert (tables["turns"], tables["feedback"]) == ([], [])
    with pytest.raises(NotYours):
        store.commit_turn("ann", talk, "t2", result("t2", talk), ConversationState(), [], [])


def test_odd_texts_are_kept_or_mended(store, talk) -> None:
    hold_turn(store, "ann", talk, "t1", "naïve 😀 \x00 \ud800 'quotes'); DROP TABLE turns;--")
    assert (
        store.turns("ann", talk)[0].text == "naïve 😀 \ufffd \ufffd 'quotes'); DROP TABLE turns;--"
    )


def test_everything_is_there_after_opening_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/deep/rapport.db"
    first = ConversationStore(url)
    first.create_conversation("ann", conversation_id="talk")
    hold_turn(first, "ann", "talk", "t1", learned=(preference("a"),))
    first.record_feedback("ann", "talk", "f1", "1", "Heat", "dislike")
    kept = first.turns("ann", "talk"), first.preferences("ann"), first.state("ann", "talk")
    first.close()
    again = ConversationStore(url)
    assert (
        again.turns("ann", "talk"),
        again.preferences("ann"),
        again.state("ann", "talk"),
    ) == kept


def test_many_threads_make_each_turn_once(tmp_path: Path) -> None:
    store = ConversationStore(f"sqlite:///{tmp_path}/rapport.db")
    store.create_conversation("ann", conversation_id="talk")
    turn_ids = [f"t{number}" for number in range(6)]

    def client() -> None:
        for turn_id in turn_ids:
            if store.begin_turn("ann", "talk", turn_id, "same") is None:
                told = [preference(f"p-{turn_id}", value=turn_id)]
                outcome = result(turn_id, "talk")
                store.commit_turn("ann", "talk", turn_id, outcome, ConversationState(), told, [])
            store.record_feedback("ann", "talk", f"f-{turn_id}", turn_id, turn_id, "like")

    threads = [threading.Thread(target=client) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.turn_id for one in store.turns("ann", "talk")) == turn_ids
    assert len(store.preferences("ann", include_superseded=True)) == 12
    assert len(store.export("ann")["tables"]["feedback"]) == 6


@pytest.mark.parametrize(
    "url", ["rapport.db", "nosuchdatabase://here/x", "postgresql+nodriver://x"]
)
def test_an_address_that_cannot_work_is_refused_in_plain_words(url: str) -> None:
    with pytest.raises(SettingsError):
        ConversationStore(url)
