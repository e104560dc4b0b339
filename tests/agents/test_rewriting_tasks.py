from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from agents.rewriting.leaks import (
    audit_leaks,
    check_no_leak,
    read_marks,
    training_marks,
    was_trained_on,
    write_marks,
)
from agents.rewriting.tasks import (
    RewriteTask,
    split_by_group,
    tasks_from_dialogues,
    tasks_from_histories,
    tasks_from_texts,
    without_names,
)
from rec_core import ArtifactError, DataError, Item, SettingsError
from rec_core.dialogue import Utterance
from tests.agents.crs_world import example

LONG = "I am looking for a very long and very slow western with hardly any words spoken"


def said(text: str) -> tuple[Utterance, ...]:
    return (Utterance(role="user", text=text),)


def task(
    name: str, group: str, text: str = "", source: str = "talk", target: str = "i1"
) -> RewriteTask:
    return RewriteTask(
        task_id=name, source=source, group_id=group, context=said(text or f"message {name}"),
        excluded=(), targets=(target,),
    )  # fmt: skip


def test_a_dialogue_gives_a_task_with_its_context_alone() -> None:
    made = tasks_from_dialogues([example(3, targets=("i1", "i2"), mentioned=("i0",))])

    assert made == (
        RewriteTask(
            task_id="e3", source="talk", group_id="talk/d3", context=said("message 3"),
            excluded=("i0",), targets=("i1", "i2"),
        ),
    )  # fmt: skip


def test_the_same_conversation_under_two_names_is_one_group() -> None:
    first = example(1, targets=("i1",), dialogue="redial/9", context=said(LONG))
    second = example(2, targets=("i2",), dialogue="eredial/4", context=said(LONG.upper()))
    other = example(3, targets=("i2",), dialogue="eredial/5")

    assert [made.group_id for made in tasks_from_dialogues([first, second, other])] == [
        "eredial/4", "eredial/4", "eredial/5",
    ]  # fmt: skip


def test_equal_contexts_are_one_group_but_greetings_are_not() -> None:
    assistant = Utterance(role="assistant", text="Hello! What kind of films do you enjoy at home?")
    context = (assistant, *said("Something funny"))
    many = [
        example(number, targets=("i1",), dialogue=f"d/{number}", context=words)
        for number, words in enumerate((context, context, said("Hi"), said("Hi")))
    ]

    assert [made.group_id for made in tasks_from_dialogues(many)] == ["d/0", "d/0", "d/2", "d/3"]


def test_a_history_asks_for_what_came_last_after_the_last_titles() -> None:
    histories = {"ann": ["a", "b", "c", "d"], "bob": ["a"], "eve": ["a", "b", "a"]}

    (made,) = tasks_from_histories(histories, {one: one.upper() for one in "abcd"}, length=2)

    assert made.context == said("I watched B, C. What should I watch next?")
    assert (made.excluded, made.targets) == (("a", "b", "c"), ("d",))


def test_a_history_of_unknown_items_is_refused() -> None:
    with pytest.raises(DataError, match="'b' has no title"):
        tasks_from_histories({"ann": ["b", "a"]}, {"a": "A"})


def test_a_description_does_not_name_what_it_describes() -> None:
    film = Item(
        item_id="x", title="Heat", year=1995, directors=("Michael Mann",), cast=("Al Pacino",),
        texts={"plot": "Heat is a 1995 film by Mann. Pacino heats up as a policeman who hunts a thief."},
    )  # fmt: skip

    (made,) = tasks_from_texts([film, Item(item_id="y", title="None")])

    assert made.context[0].text.endswith(
        "… is a … film by …. … heats up as a policeman who hunts a thief."
    )
    assert (made.group_id, made.targets) == ("texts/x", ("x",))
    assert without_names("no names", Item(item_id="z", title="Z")) == "no names"


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 40), max_size=40), st.randoms())
def test_a_group_stays_on_its_side_whatever_else_is_split(
    groups: list[int], random: object
) -> None:
    tasks = [task(f"t{place}", f"g{group}") for place, group in enumerate(groups)]
    shuffled = list(tasks)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    train, held_out = split_by_group(tasks, 0.5, "salt")

    assert not {one.group_id for one in train} & {one.group_id for one in held_out}
    assert set(split_by_group(shuffled, 0.5, "salt")[1]) == set(held_out)
    assert all(one in held_out for one in split_by_group(held_out[:3], 0.5, "salt")[1])
    assert len(train) + len(held_out) == len(tasks)


def test_the_share_is_about_what_was_asked_for_and_must_be_a_share() -> None:
    tasks = [task(f"t{number}", f"g{number}") for number in range(2000)]

    assert 340 < len(split_by_group(tasks, 0.2, "salt")[1]) < 460
    with pytest.raises(SettingsError):
        split_by_group(tasks, 1.5, "salt")


def test_a_clean_split_passes_the_audit() -> None:
    audit = check_no_leak([task("a", "g1")], [task("b", "g2")])

    assert audit.is_clean
    assert "1 tasks to train on, 1 held back; no group" in audit.sentence


def test_every_kind_of_leak_is_found() -> None:
    train = [task("a", "g1", LONG), task("b", "g2", "hello", source="texts", target="x")]
    held_out = [
        task("a", "g3"), task("c", "g1"), task("d", "g4", LONG),
        task("e", "g5", f"{LONG}!"), task("f", "g6", source="texts", target="x"),
    ]  # fmt: skip

    audit = audit_leaks(train, held_out)

    assert (audit.tasks, audit.groups, audit.items) == (("a",), ("g1",), ("x",))
    assert audit.contexts == ("d",)
    assert audit.conversations == ("c", "d", "e")
    with pytest.raises(DataError, match="Training would see what it is judged by"):
        check_no_leak(train, held_out)


def test_an_adapter_says_what_it_was_trained_on(tmp_path: Path) -> None:
    trained = [task("a", "g1", LONG)]
    write_marks(trained, tmp_path)

    marks = read_marks(tmp_path)

    assert marks == training_marks(trained)
    assert was_trained_on(task("x", "g1"), marks)
    assert was_trained_on(task("y", "elsewhere", LONG), marks)
    assert not was_trained_on(task("z", "g2"), marks)
    with pytest.raises(ArtifactError, match="trained on"):
        read_marks(tmp_path / "nowhere")
