"""τ-Rec's tasks and catalog as ours (Narasimhan and Narasimhan, RecSys 2026; data CC BY 4.0).

What carries over: constraints, reveal tags, watched items, the catalog, honest abstention. Availability
becomes a constraint on the catalog's field of streaming services, told on request: the agent must find
out about it like about any other wish, for it has no tool for it. "One item at a time" stands in τ-Rec's system
prompt; here the person asks for it. Two rules need τ-Rec's own tools: disclosure of sponsored items, asking
about age before rated films. They are listed as `unmapped` and counted apart ("strict"); `recommend_tool` is
how a pick is recorded there, and the person's pick takes its place.

What its people do on their first refusal ("mention that you dislike Horror") is prose in τ-Rec; where that prose
names a genre of the catalog, it becomes a hidden constraint.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from rec_core import Catalog, DataError, Item

from .constraint import Constraint, Op, Reveal
from .facts import Fact, FactTable
from .suites import read_records
from .task import Policies, Suite, Task

NAME = "tau-rec"
ABOUT = "τ-Rec's tasks (Narasimhan and Narasimhan 2026, CC BY 4.0), mapped; changed as its adapter says."
_REVEALS: dict[str, Reveal] = {
    "volunteer": "volunteered",
    "on_ask": "on_request",
    "hidden": "hidden",
}
_OPS: dict[str, Op] = {"==": "=", "not_contains_any": "not_contains_any"}
_RULES = {"sponsored": "sponsored", "age_restricted": "age_restricted"}
_MAPPED = frozenset({"availability", "watch_history", "recommend_tool", *_RULES})
_UNFILTERED = (
    "on runtime, rating, age rating or services, which Rapport has no filter for: it can read them in "
    "texts and tags at best."
)
_TURNS = 20
_OPENINGS = (
    "One suggestion at a time, please: {wish}.",
    "I'm looking for {wish}. Only ever show me one at a time.",
)
_DISLIKE = re.compile(r"on your first rejection[^.]*dislike[^.]*", re.IGNORECASE)


class _Predicate(BaseModel):
    model_config = ConfigDict(extra="ignore")

    field: str
    op: str
    value: str | float | int | bool | list[str]


class _Tagged(BaseModel):
    model_config = ConfigDict(extra="ignore")

    constraint: _Predicate
    reveal: str


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore")

    constraint_solutions: list[str] = []


class _TauTask(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: str
    constraints: list[_Tagged]
    persona: str = ""
    policy_flags: list[str] = []
    no_valid_recommendation: bool = False
    complexity: str = ""
    user_id: str = ""
    user_history: dict[str, dict[str, Any]] = {}
    user_services: list[str] = []
    answer: _Answer | None = None


def is_tau_rec(path: Path) -> bool:
    """Whether a file of tasks is one of τ-Rec's."""
    if not path.name.removesuffix(".gz").endswith(".jsonl"):
        return False
    records = read_records(path)
    return bool(records) and "policy_flags" in records[0]


def read_tau_catalog(path: Path) -> FactTable:
    """τ-Rec's catalog: items as ours, and its further fields for predicates.

    Raises:
        DataError: It cannot be read, or is none of its catalogs.
    """
    records = read_records(path)
    if not records or "streaming_services" not in records[0]:
        raise DataError(
            f"{path.name} is no catalog of τ-Rec.", "Its items have streaming_services."
        )
    try:
        items = [_item(record) for record in records]
        more = {str(record["id"]): _more(record) for record in records}
    except (KeyError, TypeError, ValueError) as fault:
        raise DataError(
            f"{path.name} has an item without a field that all others have ({fault}).",
            "Take the file as τ-Rec gives it.",
        ) from fault
    return FactTable(Catalog(items), more)


def read_tau_suite(path: Path, facts: FactTable) -> tuple[Suite, tuple[str, ...]]:
    """τ-Rec's tasks as a suite, and what to know about the mapping.

    Raises:
        DataError: A task cannot be read, or its own answers do not fit the catalog.
    """
    try:
        found = [_TauTask.model_validate(record) for record in read_records(path)]
    except ValidationError as fault:
        raise DataError(f"{path.name} holds no tasks of τ-Rec.", "Take it as it comes.") from fault
    for one in found:
        _check_answer(one, facts)
    suite = Suite(
        name=NAME, catalog=NAME, about=ABOUT, tasks=tuple(_task(one, facts) for one in found)
    )
    return suite, _notes(found, suite)


def _item(record: Mapping[str, Any]) -> Item:
    services = tuple(record.get("streaming_services") or ())
    facts = (
        f"Runs {record.get('runtime')} minutes. Rated {record.get('content_rating')}, "
        f"{record.get('rating')} out of 10."
    )
    return Item(
        item_id=str(record["id"]),
        title=str(record["title"]),
        year=int(str(record["release_date"])[:4]) if record.get("release_date") else None,
        genres=tuple(record["genres"]),
        directors=(str(record["director"]),) if record.get("director") else (),
        cast=tuple(record.get("cast") or ()),
        tags=(*services, str(record.get("content_rating") or "unrated")),
        texts={"overview": str(record.get("overview") or ""), "facts": facts},
    )


def _more(record: Mapping[str, Any]) -> dict[str, Fact]:
    return {
        "runtime": record["runtime"],
        "rating": record["rating"],
        "content_rating": record["content_rating"],
        "streaming_services": tuple(record["streaming_services"] or ()),
        "sponsored": bool(record["sponsored"]),
    }


def _constraint(one: _Tagged) -> Constraint:
    predicate = one.constraint
    value = tuple(predicate.value) if isinstance(predicate.value, list) else predicate.value
    return Constraint.model_validate(
        {
            "field": predicate.field,
            "op": _OPS.get(predicate.op, predicate.op),
            "value": value,
            "reveal": _REVEALS[one.reveal],
        }
    )


def _task(one: _TauTask, facts: FactTable) -> Task:
    history = one.user_history.get(one.user_id, {}).get("watched", [])
    return Task(
        id=one.id,
        kind=one.complexity or "task",
        persona=one.persona,
        constraints=(
            *(_constraint(tagged) for tagged in one.constraints),
            *_availability(one),
            *_prose(one.persona, facts),
        ),
        history=tuple(facts.label(item_id) for item_id in history),
        answer="none" if one.no_valid_recommendation else "item",
        turns=_TURNS,
        opening=_OPENINGS,
        policies=Policies(at_most=1, at_most_always=True),
        unmapped=tuple(_RULES[flag] for flag in one.policy_flags if flag in _RULES),
    )


def _availability(one: _TauTask) -> list[Constraint]:
    if "availability" not in one.policy_flags or not one.user_services:
        return []
    services = tuple(one.user_services)
    return [
        Constraint(
            field="streaming_services", op="contains_any", value=services, reveal="on_request"
        )
    ]


def _prose(persona: str, facts: FactTable) -> list[Constraint]:
    """Genres that the persona refuses on the first occasion."""
    said = " ".join(_DISLIKE.findall(persona)).casefold()
    return [
        Constraint(field="genres", op="not_contains", value=genre, reveal="hidden")
        for genre in facts.catalog.genres
        if re.search(rf"\b{re.escape(genre.casefold())}\b", said)
    ]


def _check_answer(one: _TauTask, facts: FactTable) -> None:
    """τ-Rec's own key must come out of its own constraints."""
    if one.answer is None:
        return
    constraints = [_constraint(tagged) for tagged in one.constraints]
    found = {i for i, row in facts.rows.items() if all(c.holds(row) for c in constraints)}
    if found != set(one.answer.constraint_solutions):
        raise DataError(
            f"Task {one.id!r}: {len(one.answer.constraint_solutions)} solutions in the file, "
            f"{len(found)} in this catalog.",
            "Take tasks and catalog of the same release of τ-Rec.",
        )


def _notes(found: Sequence[_TauTask], suite: Suite) -> tuple[str, ...]:
    flags = sorted({flag for one in found for flag in one.policy_flags} - _MAPPED)
    counts = {name: sum(name in t.unmapped for t in suite.tasks) for name in _RULES.values()}
    apart = ", ".join(f"{name} ({count} tasks)" for name, count in counts.items())
    unknown = {"runtime", "rating", "content_rating", "streaming_services"}
    n_tasks = sum(any(c.field in unknown for c in task.constraints) for task in suite.tasks)
    notes = [
        f"Rules that need τ-Rec's tools count in “strict” only: {apart}.",
        f"{n_tasks} of {len(suite.tasks)} tasks have constraints {_UNFILTERED}",
    ]
    if flags:
        notes.append(
            f"Rules that are not known to the adapter and are not checked: {', '.join(flags)}."
        )
    return tuple(notes)
