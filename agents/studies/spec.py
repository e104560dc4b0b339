"""What a study is, as people write it: a TOML file, checked to the last key before anything is done."""

from __future__ import annotations

import hashlib
import json
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from rec_core import DataError

ArmKind = Literal[
    "random",
    "popularity",
    "transitions",
    "ease",
    "two_tower",
    "sasrec",
    "pipeline",
    "search",
    "agent",
]
PlannerName = Literal["rules", "structured", "tools", "embedded"]
Protocol = Literal["browse", "seek"]

_Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 _.,:()+-]{0,39}$")]
_MOST_SESSIONS = 1_000_000


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ArmSpec(_Part):
    """One recommender of a study.

    Attributes:
        name: How the report calls it; the kind where none is given.
        kind: What it is.
        planner: Who plans an agent's turns.
        model, base_url: The served model of an agent; the key comes from the settings, never from here.
        rewriter: Whether the agent's search rewrites queries by the shipped adapter.
    """

    name: _Name = ""
    kind: ArmKind
    planner: PlannerName = "rules"
    model: str = ""
    base_url: str = ""
    rewriter: bool = False

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: object) -> object:
        if isinstance(value, dict) and not value.get("name") and "kind" in value:
            return {**value, "name": str(value["kind"])}
        return value

    @model_validator(mode="after")
    def _agents_alone_plan(self) -> ArmSpec:
        given = self.model_fields_set & {"planner", "model", "base_url", "rewriter"}
        if self.kind != "agent" and given:
            message = f"{', '.join(sorted(given))} belong to agents; {self.name!r} is {self.kind!r}"
            raise ValueError(message)
        return self

    @property
    def asks_a_server(self) -> bool:
        """Whether its turns ask a served model."""
        return self.kind == "agent" and self.planner in ("structured", "tools")


class DataSpec(_Part):
    """Where items and events come from: a data set by name, or files as `rapport data import` takes."""

    name: str = ""
    catalog: Path | None = None
    interactions: Path | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> DataSpec:
        files = self.catalog is not None and self.interactions is not None
        if bool(self.name) == files or (self.catalog is None) != (self.interactions is None):
            message = "give either name, or catalog and interactions"
            raise ValueError(message)
        return self


class PeopleSpec(_Part):
    """Who takes part.

    Attributes:
        count: How many people, drawn from the data's users.
        engine: "statistical" decides by a model fitted to ratings, "llm" asks a language model.
        seed: Of the draw.
        model, base_url: The served model of the "llm" engine; the embedded one where there is none.
    """

    count: int = Field(default=100, ge=2, le=100_000)
    engine: Literal["statistical", "llm"] = "statistical"
    seed: int = 0
    model: str = ""
    base_url: str = ""


class SessionSpec(_Part):
    """What people do: look through pages, or seek one item in a talk.

    Attributes:
        protocol: Which of both.
        pages, page_size: Of browsing.
        turns: Of a talk, at most.
        manner: Whether somebody who seeks tells facts unasked, or only answers what is asked.
        slips: Share of longer words that they mistype.
    """

    protocol: Protocol = "browse"
    pages: int = Field(default=5, ge=1, le=50)
    page_size: int = Field(default=4, ge=1, le=50)
    turns: int = Field(default=5, ge=1, le=20)
    manner: Literal["volunteers", "answers"] = "volunteers"
    slips: float = Field(default=0.0, ge=0.0, le=0.5)


class TrainingSpec(_Part):
    """How the recommenders learn from what is visible.

    Attributes:
        networks: Whether two-tower and SASRec are trained; without, pipeline and agents have the rest.
        max_epochs: Most epochs of each; None leaves the recipe's own.
        encoder: "sentences" by meaning, "words" by spelling (the same on every machine).
        seed: Of the training.
    """

    networks: bool = True
    max_epochs: int | None = Field(default=None, ge=1)
    encoder: Literal["sentences", "words"] = "sentences"
    seed: int = 0


class BudgetSpec(_Part):
    """Where the study stops, whatever is left to do; None sets no limit."""

    sessions: int | None = Field(default=None, ge=1)
    model_calls: int | None = Field(default=None, ge=0)
    tokens: int | None = Field(default=None, ge=0)
    seconds: float | None = Field(default=None, gt=0)


class StudySpec(_Part):
    """A whole study. Paths are resolved against the file's folder by `read_spec`."""

    name: _Name
    title: str = ""
    data: DataSpec
    people: PeopleSpec = PeopleSpec()
    session: SessionSpec = SessionSpec()
    training: TrainingSpec = TrainingSpec()
    budget: BudgetSpec = BudgetSpec()
    seeds: tuple[int, ...] = (0,)
    cassette: Path | None = None
    arms: tuple[ArmSpec, ...]

    @field_validator("arms")
    @classmethod
    def _distinct_arms(cls, arms: tuple[ArmSpec, ...]) -> tuple[ArmSpec, ...]:
        names = [arm.name for arm in arms]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            message = f"two arms are called {twice[0]!r}"
            raise ValueError(message)
        if len(arms) < 2:
            message = "a study compares at least two arms"
            raise ValueError(message)
        return arms

    @field_validator("seeds")
    @classmethod
    def _distinct_seeds(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if not seeds or len(set(seeds)) < len(seeds):
            message = "seeds are different whole numbers, at least one"
            raise ValueError(message)
        return seeds

    @model_validator(mode="after")
    def _not_too_large(self) -> StudySpec:
        if self.n_sessions > _MOST_SESSIONS:
            message = f"{self.n_sessions:,} sessions are more than {_MOST_SESSIONS:,}"
            raise ValueError(message)
        return self

    @property
    def n_sessions(self) -> int:
        """Arms times people times seeds."""
        return len(self.arms) * self.people.count * len(self.seeds)

    @property
    def has_control(self) -> bool:
        """Whether an arm recommends at random, which must come out worst."""
        return any(arm.kind == "random" for arm in self.arms)

    def arm(self, name: str) -> ArmSpec:
        """The arm of that name. Raises KeyError."""
        found = {arm.name: arm for arm in self.arms}
        return found[name]

    @property
    def fingerprint(self) -> str:
        """sha256 (hex) of all that figures depend on; budget, title and places of files are left out."""
        return _digest(
            self.model_dump(mode="json", exclude={"budget", "title", "cassette", "data"})
        )

    def session_key(self, arm: str) -> str:
        """sha256 (hex) of what a session of an arm depends on: other arms and seeds can come later."""
        left_out = {"arms", "seeds", "budget", "title", "cassette", "data"}
        return _digest([self.model_dump(mode="json", exclude=left_out), self.arm(arm).model_dump()])


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def read_spec(path: Path) -> StudySpec:
    """Read a study's file; relative paths in it are relative to its folder.

    Raises:
        DataError: The file cannot be read, is no TOML, or does not describe a study. The message
            names the place, and the known keys where one is unknown.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as fault:
        problem = f"The study {str(path)!r} cannot be read."
        raise DataError(problem, "Name a TOML file, such as configs/study_smoke.toml.") from fault
    except tomllib.TOMLDecodeError as fault:
        raise DataError(
            f"The study {str(path)!r} is no TOML: {fault}.", "Mend that line."
        ) from fault
    try:
        spec = StudySpec.model_validate(content)
    except ValidationError as fault:
        raise _explained(path, fault) from fault
    return _resolved(spec, path.resolve().parent)


def _resolved(spec: StudySpec, folder: Path) -> StudySpec:
    def at(path: Path | None) -> Path | None:
        return None if path is None else (folder / path.expanduser()).resolve()

    data = spec.data.model_copy(
        update={"catalog": at(spec.data.catalog), "interactions": at(spec.data.interactions)}
    )
    return spec.model_copy(update={"data": data, "cassette": at(spec.cassette)})


def _explained(path: Path, fault: ValidationError) -> DataError:
    first = fault.errors()[0]
    place = ".".join(str(part + 1 if isinstance(part, int) else part) for part in first["loc"])
    where = f"The study {str(path)!r}"
    if first["type"] == "extra_forbidden":
        known = _known_keys(first["loc"][:-1])
        near = get_close_matches(str(first["loc"][-1]), known, n=1)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        return DataError(
            f"{where} has an unknown key {place!r}.", f"{hint}Known are {', '.join(known)}."
        )
    if first["type"] == "missing":
        return DataError(f"{where} lacks {place!r}.", "Add it; see configs/study_smoke.toml.")
    said = first["msg"].removeprefix("Value error, ")
    if first["type"] == "string_pattern_mismatch":
        said = "at most 40 letters, digits, blanks and . , : ( ) + - _, beginning with a letter or digit"
    value = "" if isinstance(first["input"], dict | list) else f" is {first['input']!r}"
    return DataError(f"{where}: {place or 'the study'}{value}: {said}.", "Mend the file.")


def _known_keys(parents: tuple[int | str, ...]) -> list[str]:
    """Keys of the table that an unknown key was found in."""
    parts: dict[str, type[BaseModel]] = {
        "data": DataSpec,
        "people": PeopleSpec,
        "session": SessionSpec,
        "training": TrainingSpec,
        "budget": BudgetSpec,
        "arms": ArmSpec,
    }
    table = parts.get(str(parents[0]), StudySpec) if parents else StudySpec
    return sorted(table.model_fields)
