"""The leak audit: nothing that a rewriter is judged by may have been in its training.

Runs before every training, and stops it. A trained adapter carries `training_groups.txt`: hashes of
what it learned from, by name and by content, so that any later evaluation can leave that out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rec_core import ArtifactError, DataError
from rec_core.dialogue import dialogue_hash, is_same_dialogue, message_hashes

from .tasks import RewriteTask, says_much

TRAINING_GROUPS_FILE = "training_groups.txt"
_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class LeakAudit:
    """What training and held-out tasks share; all empty when there is no leak.

    Attributes:
        n_train, n_held_out: Tasks on either side.
        groups, tasks: Ids on both sides.
        contexts: Held-out task ids whose context is also in training, by hash of the same words.
        conversations: Held-out task ids of a conversation that training knows by what was said.
        items: Targets of both sides, for tasks made from catalog texts, whose unit is the item.
    """

    n_train: int
    n_held_out: int
    groups: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    contexts: tuple[str, ...] = ()
    conversations: tuple[str, ...] = ()
    items: tuple[str, ...] = ()

    @property
    def is_clean(self) -> bool:
        """True when nothing is shared."""
        return not (self.groups or self.tasks or self.contexts or self.conversations or self.items)

    @property
    def sentence(self) -> str:
        """For reports and messages."""
        sizes = f"{self.n_train:,} tasks to train on, {self.n_held_out:,} held back"
        if self.is_clean:
            return f"{sizes}; no group, task, context, conversation or described item is in both."
        found = (
            ("groups", self.groups),
            ("tasks", self.tasks),
            ("equal contexts", self.contexts),
            ("conversations", self.conversations),
            ("described items", self.items),
        )
        named = "; ".join(
            f"{len(ids):,} {name} ({', '.join(ids[:_SHOWN])})" for name, ids in found if ids
        )
        return f"{sizes}; in both: {named}."


def audit_leaks(train: Sequence[RewriteTask], held_out: Sequence[RewriteTask]) -> LeakAudit:
    """Compare two parts by group, task, context, conversation and described item."""
    known = training_marks(train)
    contexts = {task.context for task in train}
    described = {target for task in train if task.source == "texts" for target in task.targets}
    return LeakAudit(
        n_train=len(train),
        n_held_out=len(held_out),
        groups=_shared((t.group_id for t in train), (t.group_id for t in held_out)),
        tasks=_shared((t.task_id for t in train), (t.task_id for t in held_out)),
        contexts=tuple(
            t.task_id for t in held_out if t.context in contexts and says_much(t.context)
        ),
        conversations=tuple(task.task_id for task in held_out if was_trained_on(task, known)),
        items=tuple(
            target
            for task in held_out
            if task.source == "texts"
            for target in task.targets
            if target in described
        ),
    )


def check_no_leak(train: Sequence[RewriteTask], held_out: Sequence[RewriteTask]) -> LeakAudit:
    """The audit of two parts. Raises DataError when they share anything."""
    audit = audit_leaks(train, held_out)
    if not audit.is_clean:
        raise DataError(
            f"Training would see what it is judged by: {audit.sentence}",
            "Split by group (split_by_group) over all files at once, and leave the shared tasks out.",
        )
    return audit


def training_marks(tasks: Iterable[RewriteTask]) -> frozenset[str]:
    """Hashes of groups and of what their people wrote: what `training_groups.txt` holds, a line each."""
    marks: set[str] = set()
    for task in tasks:
        marks.add(dialogue_hash(task.group_id))
        marks.update(message_hashes(task.context))
    return frozenset(marks)


def was_trained_on(task: RewriteTask, marks: frozenset[str]) -> bool:
    """True when the task's group, or a conversation in the same words, is among the marks."""
    messages = message_hashes(task.context)
    return dialogue_hash(task.group_id) in marks or is_same_dialogue(
        marks & messages.keys(), messages
    )


def write_marks(tasks: Iterable[RewriteTask], folder: Path) -> Path:
    """Write `training_groups.txt` into an adapter's folder, sorted; its path."""
    path = folder / TRAINING_GROUPS_FILE
    path.write_text("".join(f"{mark}\n" for mark in sorted(training_marks(tasks))), "utf-8")
    return path


def read_marks(folder: Path) -> frozenset[str]:
    """The marks of an adapter.

    Raises:
        ArtifactError: The adapter does not say what it learned from.
    """
    path = folder / TRAINING_GROUPS_FILE
    try:
        return frozenset(path.read_text(encoding="utf-8").split())
    except (OSError, UnicodeDecodeError) as fault:
        raise ArtifactError(
            f"The adapter in {str(folder)!r} has no readable {TRAINING_GROUPS_FILE}, so nobody can "
            "tell what it was trained on.",
            "Train it again with `rapport tune rewriter`, or name another folder.",
        ) from fault


def _shared(first: Iterable[str], second: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(first) & set(second)))
