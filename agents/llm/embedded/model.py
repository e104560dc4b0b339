"""The language model that runs inside Rapport's own process: one set of weights for all conversations.

It fits the same seam as a served model (`agents.llm.structured`): charged to the turn's meter, written
into the ledger, stopped by the person or by the clock between two tokens, failing as `ModelFailed`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from langchain_core.messages import BaseMessage

from rec_core import RapportError

from ...budget import BudgetMeter
from ..chat import ModelFailed
from ..ledger import Ledger, ModelCall
from .base_model import NAME

if TYPE_CHECKING:
    from .decoding import Written
    from .weights import Weights

_LOG = logging.getLogger(__name__)
_POLL_SECONDS = 0.02


@dataclass(frozen=True, kw_only=True)
class EmbeddedOptions:
    """How the embedded model runs.

    Attributes:
        threads: torch's threads while it writes; None leaves them as they are.
        answer_tokens: The most an answer may have. One that gets longer is closed after its last
            whole value.
        prompt_tokens: Longer prompts are refused: reading them would take too long.
        wait_seconds: The longest wait behind other conversations.
    """

    threads: int | None = None
    answer_tokens: int = 160
    prompt_tokens: int = 1_500
    wait_seconds: float = 10.0


class EmbeddedModel:
    """Writes JSON under a schema with the embedded model. One per process, shared between threads.

    Loading takes a second or two (once ever, ten more to unpack) and happens when first needed. An
    adapter has weights of its own, merged once and never changed: views with different adapters
    cannot get in each other's way, and only take turns at the processor.

    Args:
        folder: From `prepare_base_model`, or a function that returns it, called when first needed.
        adapters: Folders of LoRA adapters by name.
        adapter: The one in use; None is the model as it came.
        options: How it runs.
        ledger: Gets every call, beside the turn's own count.

    Raises:
        KeyError: No adapter of that name.
    """

    def __init__(
        self,
        folder: Path | Callable[[], Path],
        *,
        adapters: Mapping[str, Path] | None = None,
        adapter: str | None = None,
        options: EmbeddedOptions | None = None,
        ledger: Ledger | None = None,
    ) -> None:
        self._shared = _Shared(folder, dict(adapters or {}))
        self._adapter = self._shared.checked(adapter)
        self.options = options or EmbeddedOptions()
        self.ledger = ledger or Ledger()

    @property
    def name(self) -> str:
        """The model's name, with its adapter's after a plus sign."""
        return NAME if self._adapter is None else f"{NAME}+{self._adapter}"

    def with_adapter(self, adapter: str | None) -> EmbeddedModel:
        """The same model, weights and ledger with another adapter. Raises KeyError for unknown ones."""
        view = EmbeddedModel.__new__(EmbeddedModel)
        view.__dict__.update(self.__dict__)
        view._adapter = self._shared.checked(adapter)
        return view

    def load(self) -> None:
        """Load now what the first request would have to wait for.

        Raises:
            RapportError: The package is missing, or a file is damaged.
        """
        with self._shared.lock:
            self._shared.weights(self._adapter)

    def complete(
        self,
        messages: Sequence[BaseMessage],
        *,
        schema: Mapping[str, Any],
        prompt: tuple[str, str],
        meter: BudgetMeter,
        generator: np.random.Generator | None = None,
        temperature: float = 0.0,
    ) -> str:
        """One JSON object that fits the schema, without blanks, keys in the schema's order.

        Args:
            messages: System, person, and examples between them, oldest first. What is equal to the
                last request from the beginning on is not read again.
            schema: JSON schema of one object.
            prompt: Name and hash of the prompt in use, for the ledger.
            meter: Charged once; asked between tokens whether to go on.
            generator: Draws tokens, where `temperature` is above 0.
            temperature: 0 takes the likeliest.

        Raises:
            ModelFailed: "busy", "timeout", "rejected" (too long), "unreachable" (it cannot be
                loaded) or "unusable" (no end in sight).
            BudgetExceeded, TurnStopped: From the meter.
            ValueError: The schema cannot be expressed as a grammar.
        """
        with self._turn(meter):
            weights = self._loaded()
            tokens = weights.chat.prompt(messages)
            if len(tokens) > self.options.prompt_tokens:
                raise ModelFailed("rejected")
            meter.charge_model_call(prompt_tokens=len(tokens))
            started = time.monotonic()
            outcome, written = "stopped", None
            try:
                written = self._write(weights, tokens, schema, meter, generator, temperature)
                text = _whole_text(weights, written, schema)
                outcome = "ok"
                return text
            except ModelFailed as fault:
                outcome = fault.kind
                raise
            finally:
                call = self._record(prompt, outcome, len(tokens), written, started)
                self.ledger.add(call)
                meter.charge_tokens(call.tokens)

    def _write(
        self,
        weights: Weights,
        tokens: list[int],
        schema: Mapping[str, Any],
        meter: BudgetMeter,
        generator: np.random.Generator | None,
        temperature: float,
    ) -> Written:
        from .decoding import Drafts, greedy, sampler, write_answer

        def check() -> None:
            meter.check_stopped()
            if meter.seconds_left <= 0:
                raise ModelFailed("timeout")

        choose = greedy
        if generator is not None and temperature > 0:
            choose = sampler(generator, temperature)
        with weights.threads(self.options.threads):
            return write_answer(
                weights.network,
                tokens,
                weights.grammars.begin(schema),
                cache=weights.cache,
                end_token=weights.chat.end,
                limit=self.options.answer_tokens,
                choose=choose,
                check=check,
                drafts=Drafts(tokens, weights.chat.word),
            )

    def _loaded(self) -> Weights:
        try:
            return self._shared.weights(self._adapter)
        except RapportError as fault:
            _LOG.warning("the embedded model cannot be loaded: %s", fault)
            raise ModelFailed("unreachable") from fault

    @contextmanager
    def _turn(self, meter: BudgetMeter) -> Iterator[None]:
        """Wait for the others, not longer than is allowed."""
        deadline = time.monotonic() + min(self.options.wait_seconds, meter.seconds_left)
        while not self._shared.lock.acquire(timeout=_POLL_SECONDS):
            meter.check_stopped()
            if time.monotonic() >= deadline:
                raise ModelFailed("busy")
        try:
            meter.check_stopped()
            yield
        finally:
            self._shared.lock.release()

    def _record(
        self,
        prompt: tuple[str, str],
        outcome: str,
        tokens_in: int,
        written: Written | None,
        started: float,
    ) -> ModelCall:
        return ModelCall(
            model=self.name,
            prompt=prompt[0],
            prompt_sha=prompt[1],
            outcome=outcome,
            tokens_in=tokens_in,
            tokens_out=0 if written is None else len(written.tokens),
            seconds=time.monotonic() - started,
            usd=0.0,
        )


def _whole_text(weights: Weights, written: Written, schema: Mapping[str, Any]) -> str:
    from .constrained import closed_early

    text = weights.chat.text(written.tokens)
    if written.is_complete:
        return text
    closed = closed_early(text, lambda candidate: weights.grammars.fits(candidate, schema))
    if closed is None:
        raise ModelFailed("unusable")
    return closed


class _Shared:
    """Weights by adapter, and the lock of the one who writes."""

    def __init__(self, folder: Path | Callable[[], Path], adapters: dict[str, Path]) -> None:
        self.lock = threading.Lock()
        self._folder = folder
        self._adapters = adapters
        self._weights: dict[str | None, Weights] = {}

    def checked(self, adapter: str | None) -> str | None:
        if adapter is not None and adapter not in self._adapters:
            raise KeyError(adapter)
        return adapter

    def weights(self, adapter: str | None) -> Weights:
        """Loaded on first use; the caller holds the lock."""
        if adapter not in self._weights:
            from .weights import load_weights

            folder = self._folder if isinstance(self._folder, Path) else self._folder()
            beside = next(iter(self._weights.values()), None)
            place = None if adapter is None else self._adapters[adapter]
            self._weights[adapter] = load_weights(folder, adapter=place, beside=beside)
        return self._weights[adapter]
