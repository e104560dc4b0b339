"""What a model's server can do, as far as it is known, and where that is kept between runs.

Apart from the probe that finds it out, because every call teaches something too: a refusal of tools
is noted at once and holds from then on.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from rec_core import StorageError, atomic_file

from .exchange import LimitName, LLMOptions

_LOG = logging.getLogger(__name__)
_VERSION = 1
_GOOD_FOR = timedelta(days=7)

PlannerChoice = Literal["tools", "structured", "rules"]


class Abilities(BaseModel):
    """What was seen to work; None where nobody knows yet.

    Attributes:
        answers: The server answers at all.
        tools: It calls a tool that it is offered, and goes on from the result.
        tool_choice: "required" is held to.
        json_schema: An answer follows a JSON schema given as `response_format`.
        json_object: An answer is a JSON object where `response_format` asks for one.
        streams: The answer comes in pieces.
        limit_name: The name of the limit on the answer's length that is held to.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    answers: bool | None = None
    tools: bool | None = None
    tool_choice: bool | None = None
    json_schema: bool | None = None
    json_object: bool | None = None
    streams: bool | None = None
    limit_name: LimitName = "max_completion_tokens"

    @property
    def planner(self) -> PlannerChoice:
        """The best planner for such a server; while little is known, the best is hoped for."""
        if self.answers is False:
            return "rules"
        return "structured" if self.tools is False else "tools"


class _Page(BaseModel):
    """One file: what one model at one server can do."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: int = _VERSION
    model: str
    checked_at: datetime | None = None
    abilities: Abilities


class AbilityBook:
    """What is known of one model at one server. Safe between threads.

    Args:
        options: Which model and server.
        folder: Where it is kept; None keeps it in this process only. The file's name is a hash of
            both, so that an address with a password in it is written nowhere.
        clock: Gives the moment, with a zone.
    """

    def __init__(
        self,
        options: LLMOptions,
        *,
        folder: Path | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._model = options.model
        self._clock = clock
        self._lock = threading.Lock()
        key = hashlib.sha256(f"{options.base_url}\n{options.model}".encode()).hexdigest()
        self._file = folder / f"{key[:24]}.json" if folder is not None else None
        page = self._read()
        self._abilities = page.abilities if page is not None else Abilities()
        self._checked_at = page.checked_at if page is not None else None

    @property
    def is_kept(self) -> bool:
        """Whether what is found out is still known in the next run."""
        return self._file is not None

    @property
    def abilities(self) -> Abilities:
        """As known now."""
        with self._lock:
            return self._abilities

    @property
    def checked_at(self) -> datetime | None:
        """When the last whole probe ended; None when there was none or something proved it wrong."""
        with self._lock:
            return self._checked_at

    @property
    def is_stale(self) -> bool:
        """True when the server should be probed (again): never done, long ago, or found wrong."""
        checked_at = self.checked_at
        return checked_at is None or self._clock() - checked_at > _GOOD_FOR

    def settle(self, abilities: Abilities) -> None:
        """Keep the outcome of a whole probe."""
        with self._lock:
            self._abilities, self._checked_at = abilities, self._clock()
        self._write()

    def learn(self, **changes: bool | LimitName) -> None:
        """Note what a call has shown. What contradicts the last probe makes that stale."""
        with self._lock:
            known = self._abilities
            news = {name: value for name, value in changes.items() if getattr(known, name) != value}
            if not news:
                return
            if any(getattr(known, name) is not None for name in news):
                self._checked_at = None
            self._abilities = Abilities.model_validate(known.model_dump() | news)
        self._write()

    def _read(self) -> _Page | None:
        if self._file is None:
            return None
        try:
            page = _Page.model_validate_json(self._file.read_bytes())
        except (OSError, ValidationError):
            return None
        return page if (page.version, page.model) == (_VERSION, self._model) else None

    def _write(self) -> None:
        if self._file is None:
            return
        with self._lock:
            page = _Page(model=self._model, checked_at=self._checked_at, abilities=self._abilities)
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with atomic_file(self._file) as temporary:
                temporary.write_text(page.model_dump_json(indent=2), encoding="utf-8")
        except (OSError, StorageError):
            # It is found out again next time; no conversation should end for that.
            _LOG.warning("what the model's server can do could not be kept")
