"""Predicates over the fields of an item, and when the person of a task tells them.

Text is compared without case. A list satisfies "contains" when one of its values is equal to the wanted one;
a single text when it has the wanted one in it. An unknown value (None) satisfies only "!=" and
"not_contains".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from .facts import Fact

Op = Literal[
    "=",
    "!=",
    "<=",
    ">=",
    "contains",
    "contains_any",
    "not_contains",
    "not_contains_any",
    "in",
    "between",
]
Reveal = Literal["volunteered", "on_request", "hidden", "earlier"]
REVEALS: tuple[Reveal, ...] = ("volunteered", "on_request", "hidden", "earlier")
Scalar = str | int | float | bool
_SIGNS = {"≤": "<=", "≥": ">=", "≠": "!=", "==": "="}
_OF_MANY = frozenset({"contains_any", "not_contains_any", "in", "between"})
_NEGATIVE = frozenset({"!=", "not_contains", "not_contains_any"})


def _plain_sign(op: object) -> object:
    return _SIGNS.get(op, op) if isinstance(op, str) else op


class Constraint(BaseModel):
    """One condition on the item that the person takes.

    Attributes:
        field: Of the item: year, genres, people, …
        op, value: The predicate; "contains_any", "not_contains_any" and "in" take a list, "between"
            two numbers, both inclusive.
        reveal: Told without being asked; only when asked (or when nothing moves); only as the
            refusal of something shown that breaks it; or in an earlier conversation.
        name: What steps call it; "" for constraints that no step mentions.
        say: The person's own ways of saying it; () leaves it to the bank of phrases.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    field: str
    op: Annotated[Op, BeforeValidator(_plain_sign)]
    value: Scalar | tuple[Scalar, ...]
    reveal: Reveal = "volunteered"
    name: str = ""
    say: tuple[str, ...] = Field(default=())

    @model_validator(mode="after")
    def _check_value(self) -> Constraint:
        is_list = isinstance(self.value, tuple)
        if is_list != (self.op in _OF_MANY):
            raise ValueError(f"{self.op} takes {'a list' if self.op in _OF_MANY else 'one value'}")
        if self.op == "between" and (len(self.values) != 2 or self.number(0) > self.number(1)):
            raise ValueError("between takes two numbers, the smaller one first")
        if self.op in ("<=", ">="):
            self.number(0)
        return self

    @property
    def values(self) -> tuple[Scalar, ...]:
        """The value or values as a tuple."""
        return self.value if isinstance(self.value, tuple) else (self.value,)

    @property
    def words(self) -> tuple[str, ...]:
        """The values as text."""
        return tuple(str(value) for value in self.values)

    def number(self, place: int) -> float:
        """One of the values as a number; ValueError when it is none."""
        value = self.values[place]
        if isinstance(value, str | bool):
            raise ValueError(f"{self.op} takes a number, not {value!r}")
        return float(value)

    @property
    def is_negative(self) -> bool:
        """Whether it says what must not be."""
        return self.op in _NEGATIVE

    def __str__(self) -> str:
        between = " and " if self.op == "between" else ", "
        return f"{self.field} {self.op.replace('_', ' ')} {between.join(self.words)}"

    def holds(self, facts: Mapping[str, Fact]) -> bool:
        """Whether an item of these facts satisfies it."""
        fact = facts.get(self.field)
        if self.is_negative:
            return fact is None or not _has_any(fact, self.values, whole=self.op == "!=")
        if fact is None:
            return False
        if self.op in ("<=", ">=", "between"):
            return self._in_range(fact)
        return _has_any(fact, self.values, whole=self.op in ("=", "in"))

    def _in_range(self, fact: Fact) -> bool:
        if not isinstance(fact, int | float) or isinstance(fact, bool):
            return False
        low = self.number(0) if self.op in (">=", "between") else -float("inf")
        high = self.number(len(self.values) - 1) if self.op in ("<=", "between") else float("inf")
        return low <= fact <= high


def _has_any(fact: Fact, wanted: tuple[Scalar, ...], *, whole: bool) -> bool:
    if isinstance(fact, tuple):
        known = {one.casefold() for one in fact}
        return any(str(one).casefold() in known for one in wanted)
    if isinstance(fact, str):
        text = fact.casefold()
        said = (str(one).casefold() for one in wanted)
        return any(one == text if whole else one in text for one in said)
    return any(one == fact for one in wanted)
