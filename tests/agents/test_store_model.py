"""The store against a model made of plain lists, under random programs of two users.

The model works out what is in force by asking, for every statement, whether a later contrary one
exists; it shares no code with the store. After every step both must agree for both users, and no
user's export may hold a word of the other's.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from agents.errors import NotYours
from agents.memory import ConversationStore
from agents.state import ConversationState

from .store_kit import Clock, preference, result

USERS = st.sampled_from(["alice7", "bobby7"])
SLOTS = st.sampled_from([("genre", "Horror"), ("genre", "War"), ("item", "1"), ("item", "2")])
KINDS = st.sampled_from(["like", "dislike", "must", "must_not"])
CLICKS = st.sampled_from(["like", "dislike", "not_seen", "clear"])
TALKS = st.integers(0, 1)
PICK = st.integers(0, 50)
LEARNED = st.lists(st.tuples(KINDS, SLOTS), min_size=1, max_size=3)


@dataclass
class Statement:
    id: str
    kind: str
    slot: tuple[str, str]
    origin: str
    turn: str = ""
    hidden_in: str = ""

    @property
    def favours(self) -> bool:
        return self.kind in ("like", "must")


@dataclass
class Turn:
    id: str
    text: str
    clicks_known: int
    status: str = "begun"
    rejected: tuple[str, ...] = ()


@dataclass
class Talk:
    turns: list[Turn] = field(default_factory=list)

    @property
    def live(self) -> list[Turn]:
        return [turn for turn in self.turns if turn.status == "committed"]


@dataclass
class Person:
    talks: dict[str, Talk] = field(default_factory=dict)
    told: list[Statement] = field(default_factory=list)
    clicks: list[dict] = field(default_factory=list)
    paused: bool = False
    n_clicks: int = 0

    @property
    def visible(self) -> list[Statement]:
        return [one for one in self.told if not one.hidden_in]

    def superseded(self, one: Statement) -> bool:
        later = self.visible[self.visible.index(one) + 1 :]
        return any(it.slot == one.slot and it.favours != one.favours for it in later)

    def in_force(self) -> set[tuple[str, tuple[str, str]]]:
        return {(one.kind, one.slot) for one in self.visible if not self.superseded(one)}

    def going(self, one: Statement) -> list[Statement]:
        """What must go with a statement that is in force."""
        visible = self.visible
        last = max(i for i, it in enumerate(visible) if (it.kind, it.slot) == (one.kind, one.slot))
        return [
            it
            for i, it in enumerate(visible)
            if it.slot == one.slot and (it.kind == one.kind or (self.superseded(it) and i < last))
        ]

    def release(self, item_ids: set[str]) -> None:
        self.n_clicks += 1
        for click in self.clicks:
            if click["item"] in item_ids:
                click |= {"kind": "clear", "at": self.n_clicks}


def items_of(statements: list[Statement]) -> set[str]:
    return {one.slot[1] for one in statements if one.slot[0] == "item"}


class StoreAgainstModel(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.store = ConversationStore("sqlite://", clock=self.clock)
        self.people = {"alice7": Person(), "bobby7": Person()}
        self.count = 0

    def fresh(self, user: str, kind: str) -> str:
        self.count += 1
        return f"{user}-{kind}-{self.count}"

    def talk(self, user: str, number: int) -> tuple[str, Talk]:
        """A conversation of the user's, made when it is not there."""
        name = f"{user}-talk-{number}"
        if name not in self.people[user].talks:
            self.store.create_conversation(user, conversation_id=name)
            self.people[user].talks[name] = Talk()
        return name, self.people[user].talks[name]

    def begin(self, user: str, name: str, talk: Talk) -> Turn:
        person = self.people[user]
        known = max((click["at"] for click in person.clicks), default=0)
        turn = Turn(self.fresh(user, "turn"), f"{user} says {self.count}", known)
        talk.turns.append(turn)
        assert self.store.begin_turn(user, name, turn.id, turn.text) is None
        return turn

    def commit(self, user, name, talk, turn, learned=(), forget=None) -> None:
        person = self.people[user]
        state = ConversationState(rejected_item_ids=turn.rejected)
        told = [
            preference(self.fresh(user, "word"), kind, slot[1], subject=slot[0],
                       created_at=self.clock(), quote=turn.text)
            for kind, slot in learned
        ]  # fmt: skip
        forgotten = [self.own_id(user, forget)] if forget else []
        outcome = result(turn.id, name, turn.text)
        self.store.commit_turn(user, name, turn.id, outcome, state, told, forgotten)
        earlier = {one.id for one in talk.turns}
        person.told = [one for one in person.told if one.hidden_in not in earlier]
        if forget:
            gone = person.going(forget)
            person.release(items_of(gone))
            for one in gone:
                one.hidden_in = turn.id
        if not person.paused:
            for one in told:
                slot = (one.subject, one.value)
                person.told.append(Statement(one.preference_id, one.kind, slot, "turn", turn.id))
        turn.status = "committed"
        talk.turns.remove(turn)
        talk.turns.append(turn)

    def chosen(self, user: str, pick: int) -> Statement | None:
        """A statement in force: the store's own first id of one of its preferences."""
        person = self.people[user]
        valid = [one for one in person.visible if not person.superseded(one)]
        return valid[pick % len(valid)] if valid else None

    @rule(
        user=USERS,
        number=TALKS,
        turns=st.lists(
            st.tuples(LEARNED, st.sampled_from([(), ("1",), ("2",)])), min_size=1, max_size=3
        ),
    )
    def hold_turns(self, user, number, turns) -> None:
        name, talk = self.talk(user, number)
        for learned, rejected in turns:
            turn = self.begin(user, name, talk)
            turn.rejected = rejected
            self.commit(user, name, talk, turn, learned)

    @rule(user=USERS, number=TALKS, pick=PICK)
    def forget_in_a_turn(self, user, number, pick) -> None:
        chosen = self.chosen(user, pick)
        if chosen is not None:
            name, talk = self.talk(user, number)
            self.commit(user, name, talk, self.begin(user, name, talk), forget=chosen)

    @rule(user=USERS, number=TALKS)
    def begin_and_never_finish(self, user, number) -> None:
        self.begin(user, *self.talk(user, number))

    @rule(
        user=USERS, number=TALKS, pick=PICK, learned=st.lists(st.tuples(KINDS, SLOTS), max_size=1)
    )
    def send_an_old_turn_again(self, user, number, pick, learned) -> None:
        name, talk = self.talk(user, number)
        if not talk.turns:
            return
        turn = talk.turns[pick % len(talk.turns)]
        answer = self.store.begin_turn(user, name, turn.id, turn.text)
        if turn.status == "begun":
            assert answer is None
            self.commit(user, name, talk, turn, learned)
        else:
            assert answer == result(turn.id, name, turn.text)
            other = result(turn.id, name, "doubled")
            told = [preference("doubled")]
            self.store.commit_turn(user, name, turn.id, other, ConversationState(), told, [])

    @rule(user=USERS, number=TALKS)
    def undo(self, user, number) -> None:
        name, talk = self.talk(user, number)
        undone = self.store.undo_last_turn(user, name)
        if not talk.live:
            assert undone is None
            return
        turn, person = talk.live[-1], self.people[user]
        assert undone is not None
        assert undone.turn_id == turn.id
        turn.status = "undone"
        person.told = [one for one in person.told if (one.origin, one.turn) != ("turn", turn.id)]
        for one in person.told:
            if one.hidden_in == turn.id:
                one.hidden_in = ""

    @rule(
        user=USERS,
        number=TALKS,
        clicks=st.lists(
            st.tuples(st.sampled_from(["1", "2"]), CLICKS, st.booleans()), min_size=1, max_size=4
        ),
    )
    def click(self, user, number, clicks) -> None:
        name, _ = self.talk(user, number)
        for item, kind, twice in clicks:
            click_id = self.fresh(user, "click")
            for _ in range(1 + twice):
                self.store.record_feedback(user, name, click_id, item, f"{user}'s {item}", kind)
            self.note_click(self.people[user], name, click_id, item, kind)

    def note_click(self, person, name, click_id, item, kind) -> None:
        person.n_clicks = max((click["at"] for click in person.clicks), default=0) + 1
        withdraws = kind in ("clear", "not_seen")
        learns = withdraws or not person.paused
        person.clicks.append(
            {"item": item, "kind": kind, "talk": name, "at": person.n_clicks, "learned": learns}
        )
        if withdraws:
            person.told = [
                one for one in person.told
                if (one.origin, one.slot) != ("button", ("item", item))
            ]  # fmt: skip
        elif learns:
            person.told.append(Statement(click_id, kind, ("item", item), "button"))

    @rule(user=USERS, kind=KINDS, slot=SLOTS)
    def save(self, user, kind, slot) -> None:
        saved = preference(self.fresh(user, "saved"), kind, slot[1], subject=slot[0],
                           created_at=self.clock())  # fmt: skip
        self.store.save_preference(user, saved)
        self.people[user].told.append(Statement(saved.preference_id, kind, slot, "page"))

    def own_id(self, user: str, one: Statement) -> str:
        """The id under which the store shows a preference (clicks get theirs from the store)."""
        (shown,) = [
            it.preference_id
            for it in self.store.preferences(user)
            if (it.kind, (it.subject, it.value)) == (one.kind, one.slot)
        ]
        return shown

    @rule(user=USERS, pick=PICK)
    def delete_preference(self, user, pick) -> None:
        one, person = self.chosen(user, pick), self.people[user]
        if one is not None:
            self.store.delete_preference(user, self.own_id(user, one))
            gone = person.going(one)
            person.told = [it for it in person.told if it not in gone]
            person.release(items_of(gone))

    @rule(user=USERS, pick=PICK, kind=KINDS)
    def edit_preference(self, user, pick, kind) -> None:
        one, person = self.chosen(user, pick), self.people[user]
        if one is not None and kind != one.kind:
            shown = self.own_id(user, one)
            self.store.edit_preference(user, shown, kind=kind)
            gone = person.going(one)
            person.told = [it for it in person.told if it not in gone]
            person.release(items_of(gone))
            person.told.append(Statement(shown, kind, one.slot, "page"))

    @rule(user=USERS, paused=st.booleans())
    def pause(self, user, paused) -> None:
        self.store.set_paused(user, paused)
        self.people[user].paused = paused

    @rule(
        user=USERS, number=TALKS, what=st.sampled_from(["", "", "", "preferences", "talk", "user"])
    )
    def wipe(self, user, number, what) -> None:
        person = self.people[user]
        if what == "preferences":
            self.store.delete_all_preferences(user)
            person.release(items_of(person.told))
            person.told = []
        elif what == "talk":
            name, _ = self.talk(user, number)
            self.store.delete_conversation(user, name)
            del person.talks[name]
            person.clicks = [click for click in person.clicks if click["talk"] != name]
        elif what == "user":
            self.store.forget(user)
            self.people[user] = Person()

    @rule(user=USERS, number=TALKS, pick=PICK)
    def reach_for_the_others_things(self, user, number, pick) -> None:
        other = "bobby7" if user == "alice7" else "alice7"
        name, talk = self.talk(other, number)
        mine, _ = self.talk(user, number)
        attempts = [
            lambda: self.store.turns(user, name),
            lambda: self.store.begin_turn(user, name, "stolen", "hello"),
            lambda: self.store.record_feedback(user, name, "stolen", "1", "Heat", "like"),
            lambda: self.store.create_conversation(user, conversation_id=name),
            lambda: self.store.delete_conversation(user, name),
        ]
        if talk.turns:
            turn_id = talk.turns[pick % len(talk.turns)].id
            attempts.append(lambda: self.store.begin_turn(user, mine, turn_id, "hello"))
        for attempt in attempts:
            with pytest.raises(NotYours):
                attempt()

    @invariant()
    def both_agree(self) -> None:
        for user, person in self.people.items():
            assert self.store.is_paused(user) == person.paused
            shown = self.store.preferences(user)
            valid = {(one.kind, (one.subject, one.value)) for one in shown}
            assert valid == person.in_force()
            assert len(shown) == len(valid)
            assert {one.conversation_id for one in self.store.conversations(user)} == set(
                person.talks
            )
            newest = {c["item"]: c["kind"] for c in sorted(person.clicks, key=lambda c: c["at"])
                      if c["learned"]}  # fmt: skip
            assert self.store.feedback(user) == {i: k for i, k in newest.items() if k != "clear"}
            for name, talk in person.talks.items():
                self.agree_on(user, name, talk)

    def agree_on(self, user: str, name: str, talk: Talk) -> None:
        kept = self.store.turns(user, name)
        assert [(one.turn_id, one.text) for one in kept] == [(it.id, it.text) for it in talk.live]
        rejected = set(talk.live[-1].rejected) if talk.live else set()
        known = talk.live[-1].clicks_known if talk.live else -1
        clicks = [c for c in self.people[user].clicks if c["talk"] == name and c["at"] > known]
        for click in sorted(clicks, key=lambda c: c["at"]):
            (rejected.add if click["kind"] == "dislike" else rejected.discard)(click["item"])
        assert set(self.store.state(user, name).rejected_item_ids) == rejected

    @invariant()
    def nobody_sees_the_other(self) -> None:
        assert "bobby7" not in json.dumps(self.store.export("alice7"))
        assert "alice7" not in json.dumps(self.store.export("bobby7"))

    def teardown(self) -> None:
        self.store.close()


def run_programs(n_programs: int, n_steps: int) -> None:
    run_state_machine_as_test(
        StoreAgainstModel,
        settings=settings(
            max_examples=n_programs,
            stateful_step_count=n_steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_a_few_programs_leave_store_and_model_agreed() -> None:
    run_programs(4, 12)


@pytest.mark.slow
def test_many_programs_leave_store_and_model_agreed() -> None:
    run_programs(50, 40)
