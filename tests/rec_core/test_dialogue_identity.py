"""The leak audit: one dialogue under two ids is found, two dialogues with common phrases are not."""

from __future__ import annotations

import gzip
import json

from rec_core.dialogue import DialogueExample, Utterance, same_dialogue_groups
from rec_core.dialogue.identity import is_same_dialogue, message_hashes
from tests.shared_data import shared_data

LONG = "I would love something like Alien but with more jokes and a much happier ending please"
MIDDLING = "no horror for me tonight, my kids watch too"
ANOTHER = "we saw all of those at the cinema already"


def example(name: str, *seeker: str, assistant: str = "Hello") -> DialogueExample:
    context = [Utterance("assistant", assistant), *(Utterance("user", text) for text in seeker)]
    return DialogueExample(dialogue_id=name, context=tuple(context), target_ids=("a",))


def test_turns_of_one_id_are_one_dialogue() -> None:
    groups = same_dialogue_groups([example("r/1"), example("r/2"), example("r/1", LONG)])
    assert groups == [0, 1, 0]


def test_a_long_message_written_again_is_the_same_dialogue_whatever_the_id_and_the_spelling() -> (
    None
):
    changed = LONG.upper().replace(" but", ", but") + "!"
    assert same_dialogue_groups([example("r/1", LONG), example("e/9", changed)]) == [0, 0]


def test_one_middling_message_in_common_proves_nothing_and_two_do() -> None:
    first = example("r/1", MIDDLING, ANOTHER)
    assert same_dialogue_groups([first, example("e/1", MIDDLING)]) == [0, 1]
    assert same_dialogue_groups([first, example("e/1", ANOTHER, MIDDLING)]) == [0, 0]


def test_what_the_recommender_says_does_not_count() -> None:
    groups = same_dialogue_groups([example("r/1", assistant=LONG), example("e/1", assistant=LONG)])
    assert groups == [0, 1]


def test_sameness_goes_from_dialogue_to_dialogue() -> None:
    chain = [example("a/1", LONG), example("b/1", LONG, MIDDLING, ANOTHER)]
    chain.append(example("c/1", MIDDLING, ANOTHER))
    assert same_dialogue_groups(chain) == [0, 0, 0]


def test_hashes_tell_long_messages_from_middling_ones_and_leave_short_ones_out() -> None:
    spoken = [Utterance("user", "hi there"), Utterance("user", MIDDLING), Utterance("user", LONG)]
    codes = message_hashes(spoken)
    assert list(codes.values()) == [False, True]
    assert is_same_dialogue(list(codes)[1:], codes)
    assert not is_same_dialogue(list(codes)[:1], codes)


def read(name: str) -> list[DialogueExample]:
    """The labelled turns of one file of the shared bundle; skips where it is not there."""
    with gzip.open(shared_data(f"crs_eval/{name}.jsonl.gz"), "rt", encoding="utf-8") as stream:
        rows = [json.loads(line) for line in stream]
    return [
        DialogueExample(
            dialogue_id=f"{row['source']}/{row['dialog_id']}",
            context=tuple(Utterance(said["role"], said["text"]) for said in row["context"]),
            target_ids=tuple(row["target_item_ids"]),
        )
        for row in rows
    ]


def test_the_twenty_redial_dialogues_that_e_redial_rewrites_are_found() -> None:
    examples = [*read("redial_valid"), *read("eredial_all")]
    groups = same_dialogue_groups(examples)
    assert len({one.dialogue_id for one in examples}) == 990 + 150
    assert len(set(groups)) == 990 + 150 - 20
