"""Names that people use and the catalog does not know, learned from labelled dialogues."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .knowledge import ItemKnowledge
from .utterances import DialogueExample

if TYPE_CHECKING:
    from ..ids import IdMap

_SEEN_AT_LEAST = 2
_SHARE = 0.5


def learn_names(examples: Sequence[DialogueExample], knowledge: ItemKnowledge) -> dict[str, int]:
    """Written name, without case → the row that labels say it means.

    A name counts when the code takes it for an item that the labels deny, while the labels have
    exactly one item that the code did not find; and when that holds for the same item in at least
    two dialogues and more than half of all in which the name is written.
    """
    meant: dict[str, Counter[int]] = defaultdict(Counter)
    written: Counter[str] = Counter()
    longest: dict[str, DialogueExample] = {}
    for example in examples:
        known = longest.get(example.dialogue_id)
        if example.mentioned_ids is not None and (
            known is None or len(example.context) > len(known.context)
        ):
            longest[example.dialogue_id] = example
    for example in longest.values():
        found, labelled = _found_and_labelled(example, knowledge)
        written.update(set(found))
        wrong = {name for name, row in found.items() if row not in labelled}
        missing = labelled - set(found.values())
        if len(wrong) == len(missing) == 1:
            meant[wrong.pop()][missing.pop()] += 1
    names = {}
    for name, rows in meant.items():
        row, count = rows.most_common(1)[0]
        if count >= _SEEN_AT_LEAST and count > _SHARE * written[name]:
            names[name] = row
    return names


def _found_and_labelled(
    example: DialogueExample, knowledge: ItemKnowledge
) -> tuple[dict[str, int], set[int]]:
    ids: IdMap = knowledge.catalog.ids
    found = {
        utterance.text[link.start : link.end].casefold(): link.row
        for utterance in example.context
        for link in knowledge.linker.link(utterance.text).items
    }
    return found, {int(row) for row in ids.known_rows(example.mentioned_ids or ())}
