"""The seam to models that answer with JSON under a schema, wherever they run.

Apart from `chat` because the embedded model has no server, and planners must not care.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from langchain_core.messages import BaseMessage

from ..budget import BudgetMeter


class StructuredModel(Protocol):
    """Writes one JSON object a call."""

    @property
    def name(self) -> str:
        """The model's name, for the ledger and for results."""
        ...

    def complete(
        self,
        messages: Sequence[BaseMessage],
        *,
        schema: Mapping[str, Any],
        prompt: tuple[str, str],
        meter: BudgetMeter,
    ) -> str:
        """JSON text that fits the schema, as far as the model can be held to it: callers validate.

        Args:
            messages: System, person, and examples between them, oldest first.
            schema: JSON schema of one object; arrays and strings in it are bounded.
            prompt: Name and hash of the prompt in use, for the ledger.
            meter: Charged for every try; also tells when the turn was stopped.

        Raises:
            ModelFailed: No usable answer.
            BudgetExceeded, TurnStopped: From the meter.
        """
        ...


@runtime_checkable
class Loadable(Protocol):
    """A model that takes a while to load, and can be told to do it ahead."""

    def load(self) -> None:
        """Load now. Raises RapportError."""
        ...
