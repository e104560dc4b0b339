"""What a rewriter is asked and judged by: requests with the items that were really wanted.

A policy is given a task's context and nothing else. Targets enter at the reward alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rec_core import DataError, Item, SettingsError
from rec_core.dialogue import DialogueExample, Utterance, same_dialogue_groups

if TYPE_CHECKING:
    from ..evaluation.crs import CrsExample

HISTORY_LENGTH = 10
SPLIT_SALT = "rapport-rewriter-1"
"""With a share of .2, what this salt holds back is never trained on nor looked at for a choice."""
HELD_OUT_SHARE = 0.2

_NAME_MARK = "…"
_SHORTEST_TEXT = 60
_TEXT_LIMIT = 400
_GREETING = 40  # characters


@dataclass(frozen=True, kw_only=True)
class RewriteTask:
    """A request, and what the person really wanted.

    Attributes:
        task_id: Unique over all tasks of a run.
        source: "redial", "eredial", "inspired", "opendialkg", "histories", "texts", …
        group_id: The unit of splitting (dialogue, user or item); unique over sources.
        context: All that a policy may read, oldest first. A history is one message that lists titles.
        excluded: Item ids that never count (mentioned, already taken): removed from every ranking.
        targets: Item ids without repeats, never empty.
    """

    task_id: str
    source: str
    group_id: str
    context: tuple[Utterance, ...]
    excluded: tuple[str, ...]
    targets: tuple[str, ...]


def tasks_from_dialogues(examples: Sequence[CrsExample]) -> tuple[RewriteTask, ...]:
    """A task for each recommender turn, in order.

    Examples of the same conversation under two names (one data set rewrites another), or with the
    same context of more than a greeting, get one group: the name that sorts first.
    """
    groups = _joined(
        same_dialogue_groups([_as_training(example) for example in examples]),
        [example.context for example in examples],
    )
    name_of: dict[int, str] = {}
    for group, example in zip(groups, examples, strict=True):
        name_of[group] = min(name_of.get(group, example.dialogue_id), example.dialogue_id)
    return tuple(
        RewriteTask(
            task_id=example.example_id,
            source=example.source,
            group_id=name_of[group],
            context=example.context,
            excluded=example.mentioned,
            targets=tuple(dict.fromkeys(example.targets)),
        )
        for group, example in zip(groups, examples, strict=True)
    )


def tasks_from_histories(
    histories: Mapping[str, Sequence[str]],
    labels: Mapping[str, str],
    *,
    source: str = "histories",
    length: int = HISTORY_LENGTH,
) -> tuple[RewriteTask, ...]:
    """For each user: the last titles before the last item, and the last item.

    Args:
        histories: User → item ids, oldest first; users with fewer than two items give no task.
        labels: Item id → title as people write it ("Heat (1995)").
        source: Name of the data set.
        length: Titles shown at most; everything earlier is excluded from rankings too.

    Raises:
        DataError: An item has no label.
    """
    tasks = []
    for user, history in histories.items():
        if len(history) < 2:
            continue
        *before, target = history
        shown = [_label(item_id, labels) for item_id in before[-length:]]
        if target in before:
            continue  # nothing new was taken
        said = f"I watched {', '.join(shown)}. What should I watch next?"
        tasks.append(
            RewriteTask(
                task_id=f"{source}/{user}",
                source=source,
                group_id=f"{source}/{user}",
                context=(Utterance(role="user", text=said),),
                excluded=tuple(dict.fromkeys(before)),
                targets=(target,),
            )
        )
    return tuple(tasks)


def tasks_from_texts(items: Sequence[Item], *, source: str = "texts") -> tuple[RewriteTask, ...]:
    """For each item with a text: its description with its names removed, and the item.

    Titles, other titles and people of the item are replaced by "…"; texts shorter than 60
    characters give no task.
    """
    tasks = []
    for item in items:
        text = next((text for text in item.texts.values() if len(text) >= _SHORTEST_TEXT), None)
        if text is None:
            continue
        said = f"I am looking for a film like this: {without_names(text[:_TEXT_LIMIT], item)}"
        tasks.append(
            RewriteTask(
                task_id=f"{source}/{item.item_id}",
                source=source,
                group_id=f"{source}/{item.item_id}",
                context=(Utterance(role="user", text=said),),
                excluded=(),
                targets=(item.item_id,),
            )
        )
    return tuple(tasks)


def without_names(text: str, item: Item) -> str:
    """The text with the item's titles, year and people (surnames too) replaced by "…"."""
    names = [item.title, *item.alt_titles, *item.people]
    names += [person.split()[-1] for person in item.people if " " in person]
    if item.year is not None:
        names.append(str(item.year))
    usable = sorted({name for name in names if len(name) > 1}, key=len, reverse=True)
    if not usable:
        return text
    pattern = "|".join(re.escape(name) for name in usable)
    return re.sub(rf"(?<!\w)(?:{pattern})(?!\w)", _NAME_MARK, text, flags=re.IGNORECASE)


def split_by_group(
    tasks: Sequence[RewriteTask], held_out_share: float = HELD_OUT_SHARE, salt: str = SPLIT_SALT
) -> tuple[tuple[RewriteTask, ...], tuple[RewriteTask, ...]]:
    """(tasks to train on, tasks held back), whole groups at a time and in the old order.

    A group's side hangs on the sha256 of its id alone: more tasks, or another order, move none.

    Raises:
        SettingsError: The share is not between 0 and 1.
    """
    if not 0 <= held_out_share <= 1:
        raise SettingsError(
            f"The share to hold back is {held_out_share}.", "Give a number from 0 to 1."
        )
    held_out = tuple(task for task in tasks if _place(task.group_id, salt) < held_out_share)
    train = tuple(task for task in tasks if _place(task.group_id, salt) >= held_out_share)
    return train, held_out


def _place(group_id: str, salt: str) -> float:
    """A number in [0, 1) that stands for the group."""
    digest = hashlib.sha256(f"{salt}\0{group_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def says_much(context: Sequence[Utterance]) -> bool:
    """True when two people hardly say these very words: more than a greeting."""
    return sum(len(said.text) for said in context) > _GREETING


def _joined(groups: Sequence[int], contexts: Sequence[tuple[Utterance, ...]]) -> list[int]:
    """Group numbers with those made equal that share a context."""
    root = {group: group for group in groups}

    def find(group: int) -> int:
        while root[group] != group:
            group = root[group]
        return group

    first: dict[tuple[Utterance, ...], int] = {}
    for group, context in zip(groups, contexts, strict=True):
        if says_much(context):
            root[find(group)] = find(first.setdefault(context, group))
    return [find(group) for group in groups]


def _label(item_id: str, labels: Mapping[str, str]) -> str:
    if item_id not in labels:
        raise DataError(f"The item {item_id!r} has no title.", "Give the catalog of the histories.")
    return labels[item_id]


def _as_training(example: CrsExample) -> DialogueExample:
    return DialogueExample(
        dialogue_id=example.dialogue_id, context=example.context, target_ids=example.targets
    )
