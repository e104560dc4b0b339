"""Files of tasks: JSON lines (a line about the suite, then a task each) or YAML, perhaps .gz."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from rec_core import DataError, atomic_file

from .task import Suite

SHIPPED = Path(__file__).resolve().parent / "suites"
_REMEDY = "`rapport eval tasks --help` shows the format."


def shipped_suites() -> dict[str, Path]:
    """Name → file of the suites that come with the package, by name."""
    found = [*SHIPPED.glob("*.jsonl"), *SHIPPED.glob("*.yaml")]
    return {path.stem: path for path in sorted(found)}


def find_suite(name: str) -> Path:
    """The file of that path, or the shipped suite of that name.

    Raises:
        DataError: There is neither.
    """
    path = Path(name)
    if path.is_file():
        return path
    shipped = shipped_suites()
    if name in shipped:
        return shipped[name]
    raise DataError(
        f"There is no file {name!r}, and no suite of that name comes with Rapport.",
        f"Suites are {', '.join(shipped) or 'none'}.",
    )


def read_records(path: Path) -> list[dict[str, Any]]:
    """The JSON objects of a file, one a line.

    Raises:
        DataError: It cannot be read, or a line is no JSON object.
    """
    records = []
    for number, line in enumerate(read_text(path).splitlines(), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError as fault:
            raise DataError(f"{path.name}, line {number}, is not JSON.", _REMEDY) from fault
        if not isinstance(record, dict):
            raise DataError(f"{path.name}, line {number}, is no JSON object.", _REMEDY)
        records.append(record)
    return records


def read_suite(path: Path) -> Suite:
    """Read a suite.

    Raises:
        DataError: It cannot be read or is no suite; the first mistake is named.
    """
    if path.name.removesuffix(".gz").endswith((".yaml", ".yml")):
        record = _read_yaml(path)
    else:
        lines = read_records(path)
        if not lines or "id" in lines[0]:
            raise DataError(
                f"{path.name} does not begin with a line about the suite.",
                'Such a line is {"name": …, "version": 1, "catalog": …, "about": …}.',
            )
        record = {**lines[0], "tasks": lines[1:]}
    try:
        return Suite.model_validate(record)
    except ValidationError as fault:
        raise DataError(f"{path.name}: {_first(record, fault)}.", _REMEDY) from fault


def write_suite(suite: Suite, path: Path) -> None:
    """Write a suite as JSON lines, without what is as usual."""
    head = suite.model_dump(mode="json", exclude={"tasks"})
    lines = [json.dumps(head, ensure_ascii=False)]
    lines += [task.model_dump_json(exclude_defaults=True) for task in suite.tasks]
    with atomic_file(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")


def read_text(path: Path) -> str:
    """The text of a file, unpacked where it is packed.

    Raises:
        DataError: It cannot be read.
    """
    try:
        content = path.read_bytes()
        return (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8")
    except (OSError, EOFError, UnicodeDecodeError) as fault:
        raise DataError(
            f"{str(path)!r} cannot be read.", "Check that it is a text file or a whole .gz."
        ) from fault


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        record = yaml.safe_load(read_text(path))
    except yaml.YAMLError as fault:
        mark = getattr(fault, "problem_mark", None)
        place = f", line {mark.line + 1}," if mark is not None else ""
        raise DataError(f"{path.name}{place} is not YAML.", _REMEDY) from fault
    if not isinstance(record, dict):
        raise DataError(f"{path.name} is no mapping with a name and tasks.", _REMEDY)
    return record


def _first(record: dict[str, Any], fault: ValidationError) -> str:
    """The first mistake, with the task it is in."""
    error = fault.errors()[0]
    place = [str(part) for part in error["loc"]]
    tasks = record.get("tasks")
    if len(place) > 1 and place[0] == "tasks" and isinstance(tasks, list):
        task = tasks[int(place[1])] if place[1].isdigit() else None
        name = task.get("id") if isinstance(task, dict) else None
        place = [f"task {name or place[1]}", *place[2:]]
    message = error["msg"].removeprefix("Value error, ")
    return f"{', '.join(place)}: {message}" if place else message
