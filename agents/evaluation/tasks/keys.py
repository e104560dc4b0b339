"""Answer keys: which items are right is worked out from the catalog, and compared with what was stored."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from rec_core import DataError

from .facts import FactTable
from .task import Key, Suite, Task


@dataclass(frozen=True, kw_only=True)
class KeyedTask:
    """A task with its answers in one catalog.

    Attributes:
        task: The task.
        suite: Name of its suite.
        valid: Ids of the items that are right; empty for tasks without an answer.
        history, forbidden: Ids of what the person knows, and of what may not be shown.
    """

    task: Task
    suite: str
    valid: frozenset[str]
    history: frozenset[str]
    forbidden: frozenset[str]


def keyed(task: Task, suite: str, facts: FactTable) -> KeyedTask:
    """Work out the answers of a task.

    Raises:
        DataError: It names an item or a field that the catalog does not have.
    """
    history = _ids(task, task.history, facts)
    forbidden = _ids(task, task.forbidden.items, facts)
    for one in task.constraints:
        if one.field not in facts.fields:
            raise DataError(
                f"Task {task.id!r}: items of this catalog have no field {one.field!r}.",
                f"Fields are {', '.join(sorted(facts.fields))}.",
            )
    genres = {genre.casefold() for genre in task.forbidden.genres}
    valid = frozenset(
        item_id
        for item_id, row in facts.rows.items()
        if all(one.holds(row) for one in task.final)
        and item_id not in history
        and item_id not in forbidden
        and genres.isdisjoint(_folded(row.get("genres")))
    )
    return KeyedTask(task=task, suite=suite, valid=valid, history=history, forbidden=forbidden)


def key_of(one: KeyedTask) -> Key:
    """The key that is stored with the task."""
    text = "\n".join(sorted(one.valid))
    return Key(n_valid=len(one.valid), sha256=hashlib.sha256(text.encode()).hexdigest()[:16])


def with_keys(suite: Suite, facts: FactTable) -> Suite:
    """The suite with the keys of this catalog."""
    tasks = [
        task.model_copy(update={"key": key_of(keyed(task, suite.name, facts))})
        for task in suite.tasks
    ]
    return suite.model_copy(update={"tasks": tuple(tasks)})


def check_keys(suite: Suite, facts: FactTable, *, rekey: bool = False) -> tuple[KeyedTask, ...]:
    """The tasks with their answers.

    Args:
        suite: The tasks.
        facts: Of the catalog.
        rekey: Take the answers of this catalog where they are others than the stored ones.

    Raises:
        DataError: A stored key does not fit the catalog, or a task says that there is an answer
            where there is none, or the other way round.
    """
    found = tuple(keyed(task, suite.name, facts) for task in suite.tasks)
    changed = [one for one in found if one.task.key not in (None, key_of(one))]
    if changed and not rekey:
        first = changed[0]
        key = first.task.key
        stored = key.n_valid if key is not None else 0
        raise DataError(
            f"{len(changed)} of {len(found)} answer keys of {suite.name!r} do not fit this catalog; "
            f"the first is {first.task.id!r}: {stored} items when the key was made, "
            f"{len(first.valid)} now.",
            f"The suite was made on {suite.catalog!r}: name it with --data or --catalog. "
            "Or take this catalog's own answers with --rekey.",
        )
    for one in found:
        if bool(one.valid) != (one.task.answer == "item"):
            raise DataError(
                f"Task {one.task.id!r} of {suite.name!r} says that its answer is "
                f"{one.task.answer!r}, and {len(one.valid)} items of this catalog satisfy it.",
                "Correct the task, or use the catalog that it was written for.",
            )
    return found


def _ids(task: Task, labels: tuple[str, ...], facts: FactTable) -> frozenset[str]:
    for label in labels:
        if not facts.named(label):
            raise DataError(
                f"Task {task.id!r}: there is no {label!r} in this catalog.",
                "Write titles as the catalog has them, with the year, or name the catalog that it was made on.",
            )
    return frozenset(item_id for label in labels for item_id in facts.named(label))


def _folded(values: object) -> set[str]:
    return {str(one).casefold() for one in values} if isinstance(values, tuple) else set()
