"""Sessions as pieces of work: what each is known by, its seed, and the journal of those that are done."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ..evaluation.lines import LineFile, open_lines
from ..simulation.types import SessionRecord

JOURNAL = "sessions.jsonl"
_RECORD = TypeAdapter(SessionRecord)
_SEED_BYTES = 7


@dataclass(frozen=True, kw_only=True)
class SessionKey:
    """One session: who sits in front of what, and which repetition it is.

    Attributes:
        arm, persona_id, seed: Which session.
        made_by: Fingerprint of all that its outcome depends on: arm, people, data, protocol.
    """

    arm: str
    persona_id: str
    seed: int
    made_by: str


@dataclass(frozen=True, kw_only=True)
class Session:
    """A finished session, and the wall seconds that it took."""

    key: SessionKey
    record: SessionRecord
    seconds: float


def session_seed(study: str, persona_id: str, seed: int) -> int:
    """The seed of one session, below 2^56: it depends on nothing but these three.

    The arm is not among them on purpose: a person comes to every arm in the same mood and with the same
    luck, so that a difference is the arms' own. What an arm draws it salts with its name.
    """
    text = json.dumps([study, persona_id, seed], ensure_ascii=True)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:_SEED_BYTES], "little")


class SessionJournal:
    """Finished sessions on disk; made by `open_journal`.

    Attributes:
        done: What is there, by what it depends on.
    """

    def __init__(self, lines: LineFile) -> None:
        self._lines = lines
        self.done: dict[SessionKey, Session] = {
            one.key: one for one in map(_read, lines.lines) if one
        }

    def append(self, sessions: Iterable[Session]) -> None:
        """Write sessions so that they outlive a crash."""
        added = list(sessions)
        self._lines.append(_line(one) for one in added)
        self.done.update((one.key, one) for one in added)


@contextmanager
def open_journal(folder: Path) -> Iterator[SessionJournal]:
    """The journal of a folder, locked against a second run.

    Raises:
        DataError: Another run is writing there.
    """
    with open_lines(folder / JOURNAL) as lines:
        yield SessionJournal(lines)


def record_json(record: SessionRecord) -> dict[str, Any]:
    """A record as plain JSON values."""
    return _RECORD.dump_python(record, mode="json")


def _line(session: Session) -> str:
    content = {
        "made_by": session.key.made_by,
        "seconds": round(session.seconds, 6),
        "record": record_json(session.record),
    }
    return json.dumps(content, ensure_ascii=False)


def _read(line: bytes) -> Session | None:
    try:
        content = json.loads(line)
        record = _RECORD.validate_python(content["record"])
        made_by, seconds = str(content["made_by"]), float(content["seconds"])
    except (ValueError, KeyError, TypeError, ValidationError):
        return None  # a damaged line is held again
    key = SessionKey(
        arm=record.arm, persona_id=record.persona_id, seed=record.seed, made_by=made_by
    )
    return Session(key=key, record=record, seconds=seconds)
