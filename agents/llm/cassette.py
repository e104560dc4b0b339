"""Answers of a model on tape: recorded once, replayed for nothing in tests and repeated studies.

An answer is found by what was asked: model, messages, tools, schema and sampling, hashed part by part.
Of the request only the hashes are kept, never its words, a key or an address; of the answer what the
model said, which may repeat what a person said: a tape belongs to tests and studies.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Literal

from langchain_core.messages import convert_to_openai_messages
from pydantic import BaseModel, ConfigDict

from rec_core import StorageError

from .answers import Answer, RequestedCall
from .exchange import Request
from .failures import ModelFailed
from .raw_calls import tamed

CassetteMode = Literal["off", "record", "replay", "auto"]

_LOCK_SECONDS = 10.0
_PAUSE_SECONDS = 0.01
_SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY,
    model TEXT NOT NULL,
    parts TEXT NOT NULL,
    answer TEXT NOT NULL
) WITHOUT ROWID
"""


class ReplayMissed(ModelFailed):
    """Nothing was recorded for this request; `detail` names what differs from the nearest one."""

    def __init__(self, detail: str) -> None:
        super().__init__("unrecorded")
        self.detail = detail
        self.args = (f"{self.phrase}: {detail}",)


class _Call(BaseModel):
    model_config = ConfigDict(frozen=True)

    name: str
    arguments: dict[str, Any] | None
    raw: str = ""
    call_id: str = ""


class _Recorded(BaseModel):
    """An answer as it lies on the tape."""

    model_config = ConfigDict(frozen=True)

    text: str = ""
    calls: tuple[_Call, ...] = ()
    tokens_in: int | None = None
    tokens_out: int | None = None
    finish: str = ""


class Cassette:
    """One tape in one SQLite file. Safe between threads and processes, and after kill -9.

    Args:
        path: The file; made with the first recording.
        mode: "record" always asks and keeps the newest answer, "replay" never asks, "auto" asks for
            what was not recorded yet. "off" does nothing.
    """

    def __init__(self, path: Path, mode: CassetteMode) -> None:
        self._path = path
        self.mode: CassetteMode = mode

    @property
    def may_ask(self) -> bool:
        """Whether what is not on the tape may be asked for."""
        return self.mode != "replay"

    def find(self, model: str, request: Request) -> Answer | None:
        """The recorded answer to this request; None when the model is to be asked.

        Raises:
            ReplayMissed: In mode "replay", when there is none.
            StorageError: The tape cannot be read.
        """
        if self.mode in ("off", "record"):
            return None
        parts = _parts(model, request)
        with self._open() as tape:
            row = tape.execute(
                "SELECT answer FROM answers WHERE key = ?", (_key(parts),)
            ).fetchone()
            if row is None and self.mode == "replay":
                raise ReplayMissed(_difference(tape, parts))
        return _answer_of(_Recorded.model_validate_json(row[0])) if row is not None else None

    def keep(self, model: str, request: Request, answer: Answer) -> None:
        """Record an answer, unless the mode forbids it.

        Raises:
            StorageError: The tape cannot be written.
        """
        if self.mode not in ("record", "auto"):
            return
        parts = _parts(model, request)
        text = _recorded(answer).model_dump_json()
        with self._open() as tape, tape:
            tape.execute(
                "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)",
                (_key(parts), model, json.dumps(parts), text),
            )

    def __len__(self) -> int:
        with self._open() as tape:
            return tape.execute("SELECT count(*) FROM answers").fetchone()[0]

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection of its own per use: a call to a model costs a thousand times as much."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self._path, timeout=_LOCK_SECONDS)) as tape:
                _write_ahead(tape)
                tape.execute(_SCHEMA)
                yield tape
        except (OSError, sqlite3.Error) as fault:
            raise StorageError(
                f"The recorded model answers cannot be used: {self._path} ({fault}).",
                "Remove the file, or set RAPPORT_LLM__CACHE=off.",
            ) from fault


def _write_ahead(tape: sqlite3.Connection) -> None:
    """Switch a tape to its write-ahead log; SQLite itself does not wait for its turn at this switch."""
    until = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            tape.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as fault:
            if fault.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def _parts(model: str, request: Request) -> dict[str, Any]:
    """What decides an answer, each part as a hash that says nothing about its content."""
    messages = convert_to_openai_messages(list(request.messages))
    sampling = {"temperature": request.temperature, "tokens": request.answer_tokens}
    return {
        "model": model,
        "messages": [f"{one.get('role', '')}:{_hash(one)}" for one in messages],
        "tools": _hash([dict(tool) for tool in request.tools]),
        "tool choice": request.tool_choice,
        "schema": _hash(request.response_format),
        "sampling": _hash(sampling),
    }


def _hash(value: object) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _plain(value: object) -> object:
    return dict(value) if isinstance(value, Mapping) else str(value)


def _key(parts: Mapping[str, Any]) -> str:
    return _hash(dict(parts))


def _difference(tape: sqlite3.Connection, parts: Mapping[str, Any]) -> str:
    """What separates a request from the one on the tape that has most in common with it."""
    rows = tape.execute("SELECT parts FROM answers").fetchall()
    if not rows:
        return "nothing is recorded at all"
    recorded = [json.loads(row[0]) for row in rows]
    nearest = max(recorded, key=lambda other: _in_common(other, parts))
    other = [name for name in parts if name != "messages" and nearest[name] != parts[name]]
    found = [f"the {name} differs" if name != "tools" else "the tools differ" for name in other]
    if nearest["model"] != parts["model"]:
        found[0] = f"the model is {parts['model']!r}, recorded was {nearest['model']!r}"
    mine, theirs = parts["messages"], nearest["messages"]
    if mine != theirs:
        place = _shared(mine, theirs)
        if place < min(len(mine), len(theirs)):
            role = mine[place].partition(":")[0]
            found.append(f"message {place + 1} of {len(mine)} (from {role}) differs")
        else:
            found.append(f"there are {len(mine)} messages, recorded were {len(theirs)}")
    return "; ".join(found) + f" ({len(recorded)} recorded)"


def _in_common(other: Mapping[str, Any], parts: Mapping[str, Any]) -> tuple[int, int]:
    same = sum(other[name] == parts[name] for name in parts)
    return same, _shared(other["messages"], parts["messages"])


def _shared(first: list[str], second: list[str]) -> int:
    """How many messages at the start are the same."""
    pairs = zip(first, second, strict=False)
    differing = (place for place, (one, two) in enumerate(pairs) if one != two)
    return next(differing, min(len(first), len(second)))


def _recorded(answer: Answer) -> _Recorded:
    return _Recorded(
        text=answer.text,
        calls=tuple(
            _Call(
                name=call.name,
                arguments=tamed(call.arguments) if call.arguments is not None else None,
                raw=call.raw.encode("utf-8", "replace").decode(),
                call_id=call.call_id,
            )
            for call in answer.calls
        ),
        tokens_in=answer.tokens_in,
        tokens_out=answer.tokens_out,
        finish=answer.finish,
    )


def _answer_of(recorded: _Recorded) -> Answer:
    calls = tuple(
        RequestedCall(name=call.name, arguments=call.arguments, raw=call.raw, call_id=call.call_id)
        for call in recorded.calls
    )
    return Answer(
        text=recorded.text,
        calls=calls,
        tokens_in=recorded.tokens_in,
        tokens_out=recorded.tokens_out,
        finish=recorded.finish,
    )
