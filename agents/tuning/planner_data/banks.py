"""The phrase banks, read strictly: an unknown table, an empty one or an unknown slot is an error at once."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ...planning.parse import KINDS, DropSlot, ParseAct

_FOLDER = Path(__file__).parent / "banks"
Lines = tuple[str, ...]
TitleKey = Literal["like", "unlike", "liked", "disliked", "seen", "about"]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Kind(_Strict):
    """How people say one kind of film; the head of kinds.toml explains the keys."""

    one: Lines = Field(min_length=1)
    many: Lines = Field(min_length=1)
    like: Lines = Field(min_length=1)
    that: Lines = Field(min_length=1)
    who: Lines = ()


class Turn(_Strict):
    """A family of follow-up messages; the head of turns.toml explains the keys."""

    act: ParseAct
    lines: Lines = Field(min_length=1)
    weight: int = 1
    needs: Literal["", "slate", "wish", "focus", "years", "genres", "people"] = ""
    kind: Literal["genres", "not"] = "genres"
    person: Literal["people", "without"] = "people"
    title: TitleKey = "like"
    point: TitleKey = "like"
    years: Literal["", "newer", "older"] = ""
    drop: tuple[DropSlot, ...] = ()


class Banks(_Strict):
    """All banks: phrases by name, kinds by genre, and the families of follow-ups."""

    kinds: Mapping[str, Kind]
    phrases: Mapping[str, Lines]
    turns: tuple[Turn, ...]

    def __getitem__(self, name: str) -> Lines:
        """The lines of one bank."""
        return self.phrases[name]


@cache
def load_banks() -> Banks:
    """Read all banks of the package.

    Raises:
        ValueError: A file has an unknown key, a wrong type or a kind that no parse knows.
    """
    kinds = {name: Kind.model_validate(_tabled(table)) for name, table in _read("kinds").items()}
    if set(kinds) != set(KINDS):
        raise ValueError(f"kinds.toml must have exactly {KINDS}")
    phrases: dict[str, Lines] = {}
    for file in ("words", "requests", "names", "noise"):
        for name, text in _read(file).items():
            phrases[name] = _lines(text)
    turns = tuple(Turn.model_validate(_tabled(table)) for table in _read("turns")["turn"])
    return Banks(kinds=kinds, phrases=phrases, turns=turns)


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def _tabled(table: Mapping[str, object]) -> dict[str, object]:
    """Texts of several lines as tuples of lines; other values as they are."""
    return {
        name: _lines(value) if isinstance(value, str) and "\n" in value else value
        for name, value in table.items()
    }


def _lines(text: str) -> Lines:
    return tuple(line for line in text.splitlines() if line.strip())
