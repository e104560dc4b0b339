"""Conversational examples from files: what a recommender may read, apart from what it is judged by.

A line of such a file is one recommender turn of a real dialogue. Only the fields named here are read;
the reference answer, the seeker's verdicts and the outcome never enter the program.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rec_core import Catalog, DamagedFileError, DataError
from rec_core.dialogue import Utterance

_SHOWN = 5
_NAMES_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class CrsExample:
    """One recommender turn: what was said before it, and the items it newly names.

    Attributes:
        example_id: Unique over all files of a run.
        source: The data set that the dialogue is from; figures are given for each.
        dialogue_id: "source/id", unique over sources; intervals and folds go by it.
        context: Everything said before, oldest first. The only part that a recommender is given.
        mentioned: Item ids named in the context; the scorer takes them out of every ranking.
        targets: Item ids to be found, without repeats, never empty.
        file_hash: sha256 of the file that it stands in.
        place: "file, line n", for messages.
    """

    example_id: str
    source: str
    dialogue_id: str
    context: tuple[Utterance, ...]
    mentioned: tuple[str, ...]
    targets: tuple[str, ...]
    file_hash: str = ""
    place: str = ""


@dataclass(frozen=True, kw_only=True)
class ExampleFile:
    """A file that was read: its bare name, the sha256 of its (unpacked) content, its examples."""

    name: str
    sha256: str
    n_examples: int


@dataclass(frozen=True, kw_only=True)
class ExampleSet:
    """The examples of all files of a run, in the order of files and lines."""

    examples: tuple[CrsExample, ...]
    files: tuple[ExampleFile, ...]

    @property
    def fingerprint(self) -> str:
        """sha256 over the contents of all files, in order."""
        return hashlib.sha256("".join(file.sha256 for file in self.files).encode()).hexdigest()

    def sample(self, count: int | None, generator: np.random.Generator) -> tuple[CrsExample, ...]:
        """At most `count` random examples in their old order; all of them for None."""
        if count is None or count >= len(self.examples):
            return self.examples
        chosen = np.sort(generator.choice(len(self.examples), count, replace=False))
        return tuple(self.examples[place] for place in chosen)


@dataclass(frozen=True, kw_only=True)
class UnknownIds:
    """Ids of the examples that the catalog lacks; unknown targets count as misses.

    Attributes:
        targets, mentioned: How many, over all examples.
        places: The first few unknown targets, each as "id (file, line n)".
    """

    targets: int
    mentioned: int
    places: tuple[str, ...]


class _Message(BaseModel):
    model_config = ConfigDict(extra="ignore")

    role: Literal["user", "assistant"]
    text: str


_Id = Annotated[str, Field(min_length=1, coerce_numbers_to_str=True)]


class _Line(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: _Id
    source: str = "unnamed"
    dialog_id: _Id
    context: list[_Message]
    mentioned_item_ids: list[_Id] = []
    target_item_ids: Annotated[list[_Id], Field(min_length=1)]


def read_examples(paths: Sequence[Path]) -> ExampleSet:
    """Read files of one JSON object a line, each perhaps gzipped (".gz").

    Raises:
        DataError: A file is absent or holds no example; lines that are no examples, or an id that
            comes twice, are named with their numbers.
        DamagedFileError: A file is cut, corrupt or not UTF-8.
    """
    examples: list[CrsExample] = []
    files: list[ExampleFile] = []
    seen: dict[str, str] = {}
    for path in paths:
        content = _content(path)
        digest = hashlib.sha256(content).hexdigest()
        found = _parse(path.name, content, digest, seen)
        examples += found
        files.append(ExampleFile(name=path.name, sha256=digest, n_examples=len(found)))
    return ExampleSet(examples=tuple(examples), files=tuple(files))


def check_ids(examples: Sequence[CrsExample], catalog: Catalog) -> UnknownIds:
    """Count the ids that the catalog does not have.

    Raises:
        DataError: None of a source's targets is in the catalog: it is the wrong one for them.
    """
    known_sources: set[str] = set()
    places: list[str] = []
    n_targets = n_mentioned = 0
    for example in examples:
        unknown = [target for target in example.targets if target not in catalog]
        if len(unknown) < len(example.targets):
            known_sources.add(example.source)
        n_targets += len(unknown)
        n_mentioned += sum(item not in catalog for item in example.mentioned)
        places += [f"{target!r} ({example.place})" for target in unknown]
    for source in dict.fromkeys(example.source for example in examples):
        if source not in known_sources:
            first = next(example for example in examples if example.source == source)
            raise DataError(
                f"No target of the {source!r} examples is in the catalog; the first is "
                f"{first.targets[0]!r} ({first.place}).",
                "Name the catalog that these examples are about with --catalog.",
            )
    return UnknownIds(targets=n_targets, mentioned=n_mentioned, places=tuple(places[:_SHOWN]))


def _content(path: Path) -> bytes:
    if not path.is_file():
        raise DataError(f"There is no file {str(path)!r}.", "Check the path given with --examples.")
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if path.suffix.lower() == ".gz" else content
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DamagedFileError(
            f"{str(path)!r} is damaged and cannot be unpacked ({error}).", "Get the file again."
        ) from error


def _text(file: str, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DamagedFileError(
            f"{file!r} is not a text file in UTF-8 (line {line}).", "Write it in UTF-8."
        ) from error


def _parse(file: str, content: bytes, digest: str, seen: dict[str, str]) -> list[CrsExample]:
    examples: list[CrsExample] = []
    faults: list[str] = []
    for number, line in enumerate(_text(file, content).split("\n"), 1):
        if not line.strip():
            continue
        place = f"{file}, line {number}"
        example = _example(line, place, digest)
        if isinstance(example, str):
            faults.append(f"line {number}: {example}")
        elif (before := seen.setdefault(example.example_id, place)) != place:
            faults.append(f"line {number}: id {example.example_id!r} was there before ({before})")
        else:
            examples.append(example)
    _check_faults(file, faults)
    if not examples:
        raise DataError(f"{file!r} has no example.", "Each line must be one JSON object.")
    return examples


def _check_faults(file: str, faults: Sequence[str]) -> None:
    if faults:
        more = f" and {len(faults) - _NAMES_SHOWN:,} more" if len(faults) > _NAMES_SHOWN else ""
        raise DataError(
            f"{file!r} has lines that cannot be used: {'; '.join(faults[:_NAMES_SHOWN])}{more}.",
            "Each line is one example: id, source, dialog_id, context (role and text), "
            "mentioned_item_ids, target_item_ids.",
        )


def _example(line: str, place: str, digest: str) -> CrsExample | str:
    """The example, or what is wrong with the line."""
    try:
        parsed = _Line.model_validate(json.loads(line))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        return f"{field or 'the line'}: {first['msg'][:1].lower()}{first['msg'][1:]}"
    except (ValueError, RecursionError) as error:
        return f"not valid JSON ({error})"
    return CrsExample(
        example_id=parsed.id,
        source=parsed.source,
        dialogue_id=f"{parsed.source}/{parsed.dialog_id}",
        context=tuple(Utterance(role=said.role, text=said.text) for said in parsed.context),
        mentioned=tuple(dict.fromkeys(parsed.mentioned_item_ids)),
        targets=tuple(dict.fromkeys(parsed.target_item_ids)),
        file_hash=digest,
        place=place,
    )
