"""The candidate bus: what tools found, kept outside the prompt under short handles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rec_core import Candidate

from .errors import ToolRetry


@dataclass(frozen=True, kw_only=True)
class CandidateSet:
    """Candidates with where they came from: the tool and its arguments."""

    handle: str
    candidates: tuple[Candidate, ...]
    source: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


class CandidateBus:
    """Candidate sets of one turn, with provenance and undo.

    Handles are "c1", "c2", … in order of arrival and are never used twice. An item is on the bus
    while a live set holds it, or once a tool looked it up by name or id.
    """

    def __init__(self) -> None:
        self._sets: dict[str, CandidateSet] = {}
        self._n_put = 0
        self._looked_up: dict[str, list[str]] = {}
        self._presented: tuple[str, ...] | None = None
        self._message = ""

    def put(
        self, candidates: Sequence[Candidate], *, source: str, arguments: Mapping[str, Any]
    ) -> str:
        """Keep candidates (best first) and return their new handle."""
        self._n_put += 1
        handle = f"c{self._n_put}"
        self._sets[handle] = CandidateSet(
            handle=handle,
            candidates=tuple(candidates),
            source=source,
            arguments=dict(arguments),
        )
        return handle

    def get(self, handle: str) -> tuple[Candidate, ...]:
        """The candidates under a handle. Raises ToolRetry that names the known handles."""
        if handle not in self._sets:
            known = ", ".join(self._sets) or "none yet"
            raise ToolRetry(f"There is no candidate set {handle[:20]!r}. Known handles: {known}.")
        return self._sets[handle].candidates

    def look_up(self, item_ids: Sequence[str], *, source: str) -> None:
        """Note items that a tool was asked about directly; undo does not take them back."""
        for item_id in item_ids:
            sources = self._looked_up.setdefault(item_id, [])
            if source not in sources:
                sources.append(source)

    def __contains__(self, item_id: object) -> bool:
        """Whether an item is in any live set or was looked up."""
        return item_id in self._looked_up or any(
            candidate.item_id == item_id
            for candidate_set in self._sets.values()
            for candidate in candidate_set.candidates
        )

    def provenance(self, item_id: str) -> tuple[str, ...]:
        """Where an item came from, oldest first: "c1 search_items", …, then look-ups."""
        return (
            *(f"{found.handle} {found.source}" for found in self.sets_with(item_id)),
            *self._looked_up.get(item_id, ()),
        )

    def sets_with(self, item_id: str) -> tuple[CandidateSet, ...]:
        """The live sets that hold an item, oldest first."""
        return tuple(
            candidate_set
            for candidate_set in self._sets.values()
            if any(candidate.item_id == item_id for candidate in candidate_set.candidates)
        )

    @property
    def handles(self) -> tuple[str, ...]:
        """Handles of the live sets, oldest first."""
        return tuple(self._sets)

    @property
    def latest(self) -> str | None:
        """Handle of the newest live set; None when there is none."""
        return next(reversed(self._sets), None)

    def undo(self) -> str | None:
        """Drop the newest live set and return its handle; None when there is none.

        What was presented is withdrawn when an item of it is no longer on the bus.
        """
        handle = self.latest
        if handle is None:
            return None
        del self._sets[handle]
        if self._presented is not None and not all(item in self for item in self._presented):
            self._presented, self._message = None, ""
        return handle

    def present(self, item_ids: Sequence[str], message: str = "") -> None:
        """Choose the slate; a later call replaces an earlier one.

        Raises:
            ToolRetry: Naming the items that are not on the bus; the slate stays as it was.
        """
        strangers = [item_id for item_id in item_ids if item_id not in self]
        if strangers:
            names = ", ".join(repr(item_id[:60]) for item_id in strangers[:10])
            raise ToolRetry(
                f"Not found by any tool in this turn: {names}. Present only ids that a tool "
                "returned; look others up with item_details or search_items first."
            )
        self._presented, self._message = tuple(item_ids), message

    @property
    def presented(self) -> tuple[str, ...] | None:
        """Item ids of the chosen slate in order; None until something was presented."""
        return self._presented

    @property
    def message(self) -> str:
        """The words that came with the slate; "" until something was presented."""
        return self._message
