"""A task: what a scripted person wants, when they tell it, and what the agent must not do."""

from __future__ import annotations

import hashlib
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from .constraint import Constraint

FORMAT_VERSION = 1
POLICIES = ("catalog", "history", "rejected", "announce", "at_most", "forbidden", "abstain")
"""What faults are sorted by."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Policies(_Frozen):
    """What the agent must keep to besides the constraints; nothing outside the catalog ever counts.

    Attributes:
        history: Nothing that the person has in their history is shown.
        rejected: Nothing is shown again once it was turned down.
        announce: Whatever breaks a year, a genre or a person that was stated is shown only with
            words that say so.
        at_most: Items shown at once; None leaves it open.
        at_most_always: Whether that goes for every answer, or the first one alone.
    """

    history: bool = True
    rejected: bool = True
    announce: bool = True
    at_most: int | None = Field(default=None, ge=1)
    at_most_always: bool = False


class Forbidden(_Frozen):
    """What may not be shown or said: items by label, genres, and words of a reply outside quotation marks
    (case counts).
    """

    items: tuple[str, ...] = ()
    genres: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


class Step(_Frozen):
    """What the person says next whatever they were shown: a critique, or another mind.

    Attributes:
        say: Ways of saying it, one is drawn.
        adds, drops: Names of constraints that hold from here on, and that no longer do.
    """

    say: tuple[str, ...] = Field(min_length=1)
    adds: tuple[str, ...] = ()
    drops: tuple[str, ...] = ()


class Key(_Frozen):
    """Which items are right, kept small: how many, and a hash of their sorted ids."""

    n_valid: int = Field(ge=0)
    sha256: str


class Task(_Frozen):
    """One scripted evaluation.

    Attributes:
        id: Unique in its suite.
        kind: What is tested; figures are broken down by it.
        persona: Who it is, for readers; nothing is computed from it.
        opening: First messages, one is drawn; "{wish}" stands for the volunteered constraints in
            words. () leaves all of it to the bank of phrases.
        constraints: All that ever hold.
        steps: Played in order, one after each answer, before anything is accepted.
        earlier: Messages of a conversation that this person had before.
        history: Labels of items that the person knows and liked, put into their profile.
        policies, forbidden: See there.
        answer: "none" when no item satisfies all constraints.
        turns: Messages before the person gives up.
        patience: Answers without progress before what is told only on request is told anyway.
        unmapped: Rules of a foreign benchmark that an agent without its tools cannot be held to.
        key: The checked answer key.
    """

    id: str = Field(min_length=1)
    kind: str = Field(min_length=1)
    persona: str = ""
    opening: tuple[str, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    steps: tuple[Step, ...] = ()
    earlier: tuple[str, ...] = ()
    history: tuple[str, ...] = ()
    policies: Policies = Policies()
    forbidden: Forbidden = Forbidden()
    answer: Literal["item", "none"] = "item"
    turns: int = Field(default=8, ge=1, le=40)
    patience: int = Field(default=2, ge=0)
    unmapped: tuple[str, ...] = ()
    key: Key | None = None

    @model_validator(mode="after")
    def _check_names(self) -> Task:
        names = [one.name for one in self.constraints if one.name]
        if len(set(names)) < len(names):
            raise ValueError("two constraints have the same name")
        for name in (name for step in self.steps for name in (*step.adds, *step.drops)):
            if name not in names:
                raise ValueError(f"a step names the constraint {name!r}, which is not there")
        return self

    @property
    def added_later(self) -> frozenset[str]:
        """Names of constraints that a step brings in."""
        return frozenset(name for step in self.steps for name in step.adds)

    @property
    def dropped(self) -> frozenset[str]:
        """Names of constraints that a step takes back."""
        return frozenset(name for step in self.steps for name in step.drops)

    @property
    def final(self) -> tuple[Constraint, ...]:
        """What the item must satisfy in the end."""
        return tuple(one for one in self.constraints if one.name not in self.dropped)

    @property
    def digest(self) -> str:
        """Changes with anything in the task but its key."""
        text = self.model_dump_json(exclude={"key"})
        return hashlib.sha256(text.encode()).hexdigest()[:16]


class Suite(_Frozen):
    """A file of tasks.

    Attributes:
        name: Shown in tables.
        version: Of the format.
        catalog: Name of the catalog that the keys were made on.
        about: What it is and where it comes from, with its terms.
        tasks: Their ids are distinct.
    """

    name: str = Field(min_length=1)
    version: Literal[1] = FORMAT_VERSION
    catalog: str
    about: str = ""
    tasks: tuple[Task, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _check_ids(self) -> Suite:
        ids = [task.id for task in self.tasks]
        twice = sorted({one for one in ids if ids.count(one) > 1})
        if twice:
            raise ValueError(f"two tasks are called {twice[0]!r}")
        return self
