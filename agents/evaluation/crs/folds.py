"""Who may be judged by which model: the leak audit, and folds over dialogues.

An example whose dialogue a model was trained on is never scored by that model. Such dialogues are cut
into folds; a model for each fold is fitted on the dialogues of the other folds. Two dialogues that are
the same conversation under two names (one data set may rewrite another) are always in one fold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from rec_core.dialogue import DialogueExample, Utterance, same_dialogue_groups

from .examples import CrsExample

SHIPPED = -1
"""Stands for "no fold": the model as it ships."""


class TrainedModel(Protocol):
    """A model that knows which dialogues it was fitted on."""

    def was_trained_on(self, dialogue_id: str, context: Sequence[Utterance]) -> bool:
        """By name or by content."""
        ...


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """Which model scores which example.

    Attributes:
        fold_of: Example id → fold, or SHIPPED where the model as it ships never saw the dialogue.
        left_out: Ids of the examples that no model here may score.
        n_trained_on: How many examples are of dialogues that the shipped model was trained on.
        n_folds: How many folds were cut; 0 when none were needed or wanted.
    """

    fold_of: dict[str, int]
    left_out: tuple[str, ...]
    n_trained_on: int
    n_folds: int

    @property
    def folds(self) -> tuple[int, ...]:
        """The folds that have examples, ascending."""
        return tuple(sorted({fold for fold in self.fold_of.values() if fold != SHIPPED}))


def assign_folds(
    examples: Sequence[CrsExample],
    model: TrainedModel,
    *,
    n_folds: int,
    generator: np.random.Generator,
    all_anew: bool = False,
) -> Assignment:
    """Find the examples that `model` was trained on, and cut all dialogues into folds.

    A dialogue counts as trained on as soon as one of its examples does. Every dialogue gets a fold,
    so that those which the model never saw can be trained on; only the seen ones are scored by it.

    Args:
        examples: All examples of the given files, whatever part of them is scored.
        model: The model as it ships.
        n_folds: 0 leaves the examples out that the model was trained on; else at least 2.
        generator: Shuffles the dialogues.
        all_anew: Let the model as it ships score nothing at all.
    """
    groups = np.array(same_dialogue_groups([as_training(example) for example in examples]))
    seen = {
        int(group)
        for group, example in zip(groups, examples, strict=True)
        if model.was_trained_on(example.dialogue_id, example.context)
    }
    n_trained_on = int(np.isin(groups, list(seen)).sum())
    if n_folds and (seen or all_anew):
        folds = deal(groups, n_folds, generator)
        places = [
            int(fold) if all_anew or int(group) in seen else SHIPPED
            for group, fold in zip(groups, folds, strict=True)
        ]
        fold_of = {e.example_id: place for e, place in zip(examples, places, strict=True)}
        return Assignment(fold_of=fold_of, left_out=(), n_trained_on=n_trained_on, n_folds=n_folds)
    clean = [int(group) not in seen for group in groups]
    return Assignment(
        fold_of={e.example_id: SHIPPED for e, ok in zip(examples, clean, strict=True) if ok},
        left_out=tuple(e.example_id for e, ok in zip(examples, clean, strict=True) if not ok),
        n_trained_on=n_trained_on,
        n_folds=0,
    )


def deal(groups: np.ndarray, n_folds: int, generator: np.random.Generator) -> np.ndarray:
    """Deal groups out to folds like cards: (n,) folds, equal for equal groups, sizes within one."""
    names, place = np.unique(groups, return_inverse=True)
    fold_of_group = np.empty(len(names), dtype=np.int64)
    fold_of_group[generator.permutation(len(names))] = np.arange(len(names)) % n_folds
    return fold_of_group[place]


def training_part(
    examples: Sequence[CrsExample], assignment: Assignment, fold: int
) -> tuple[DialogueExample, ...]:
    """What the model of a fold is fitted on: everything but the fold, and nothing like it.

    `examples` may hold more than was assigned (other files to learn from). Examples of the same conversation as any example of the fold are kept out whatever their names,
    also where the fold itself does not score them.
    """
    groups = same_dialogue_groups([as_training(example) for example in examples])
    held_back = {
        group
        for group, example in zip(groups, examples, strict=True)
        if assignment.fold_of.get(example.example_id) == fold
    }
    return tuple(
        as_training(example)
        for group, example in zip(groups, examples, strict=True)
        if group not in held_back
    )


def as_training(example: CrsExample) -> DialogueExample:
    """The example with its labels, for fitting."""
    return DialogueExample(
        dialogue_id=example.dialogue_id,
        context=example.context,
        target_ids=example.targets,
        mentioned_ids=example.mentioned,
    )
