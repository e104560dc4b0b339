"""The rewriter in the chat: one query for one conversation, quickly or not at all."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ..budget import BudgetMeter
from ..errors import BudgetExceeded
from ..llm.chat import ModelFailed
from .additions import addition_messages, composed_query
from .prompting import read_rewrite, rewrite_messages, rewrite_prompt, rewrite_schema

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from rec_core.dialogue import Utterance

    from ..llm.structured import StructuredModel
    from .companions import Companions
    from .facts import FactFinder, Facts

_LOG = logging.getLogger(__name__)
_REMEMBERED = 64
_MESSAGES_READ = 40  # of a long conversation; what came earlier is not looked up again


@dataclass(frozen=True, kw_only=True)
class ChatRewrite:
    """A rewrite for the search.

    Attributes:
        query: What shall be looked for.
        written: What of it the model wrote; the rest is the rule's words. For the ledger.
    """

    query: str
    written: str


class QueryRewriter:
    """Asks a model what the search should look for. It abstains sooner than it makes anybody wait.

    Args:
        model: Writes JSON under a schema: the embedded model with a rewriter's adapter, or any other.
        finder: Facts about the films that the conversation names.
        companions: Makes what a model that was trained on this task chooses from, when it is first
            needed; None for a model as it comes, which is given instructions.
        seconds: The longest that one rewrite may take, of what the turn has left.
    """

    def __init__(
        self,
        model: StructuredModel,
        finder: FactFinder,
        *,
        companions: Callable[[], Companions] | None = None,
        seconds: float = 4.0,
    ) -> None:
        self._model = model
        self._finder = finder
        self._tuned = companions is not None
        self._make = companions
        self._seconds = seconds
        self._known: OrderedDict[tuple[Utterance, ...], ChatRewrite] = OrderedDict()

    @property
    def name(self) -> str:
        """The model's name, for the ledger."""
        return self._model.name

    def rewrite(self, context: Sequence[Utterance], meter: BudgetMeter) -> ChatRewrite | None:
        """The query for what was said, the oldest message first.

        Args:
            context: The conversation so far.
            meter: Of the turn; charged for one call, unless the same was asked a moment ago.

        Returns:
            None where the person said nothing, the model failed or was too slow, the turn's limits
            ran out, or the answer is no rewrite: the search then looks for the person's own words.

        Raises:
            TurnStopped: The person pressed stop.
        """
        said = tuple(context)[-_MESSAGES_READ:]
        if not any(one.role == "user" and one.text.strip() for one in said):
            return None
        if said in self._known:
            return self._known[said]
        prompt, facts = rewrite_prompt(tuned=self._tuned), self._finder.facts(said)
        try:
            text = self._model.complete(
                self._messages(said, facts),
                schema=rewrite_schema(),
                prompt=(prompt.name, prompt.sha),
                meter=_Hurried(meter, self._seconds),
            )
        except (ModelFailed, BudgetExceeded) as fault:
            _LOG.info("no rewrite: %s", fault)
            return None
        rewrite = read_rewrite(text)
        if rewrite is None:
            return None
        query = composed_query(facts, rewrite.query) if self._tuned else rewrite.query
        found = ChatRewrite(query=query, written=rewrite.query)
        self._known[said] = found
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return found

    def _messages(self, said: Sequence[Utterance], facts: Facts) -> list[BaseMessage]:
        if self._companions is None:
            return rewrite_messages(said, facts, tuned=False)
        return addition_messages(said, facts, self._companions.shown(facts))

    @cached_property
    def _companions(self) -> Companions | None:
        return None if self._make is None else self._make()


class _Hurried(BudgetMeter):
    """A turn's meter with less time; everything is charged to the turn."""

    def __init__(self, meter: BudgetMeter, seconds: float) -> None:
        super().__init__(limits=meter.limits, timer=meter.timer)
        self._meter = meter
        self._until = meter.timer() + seconds

    @property
    def seconds_left(self) -> float:
        """Of this call."""
        return max(0.0, min(self._meter.seconds_left, self._until - self.timer()))

    def check_stopped(self) -> None:
        """As the turn's."""
        self._meter.check_stopped()

    def charge_model_call(self, *, prompt_tokens: int) -> None:
        """As the turn's."""
        self._meter.charge_model_call(prompt_tokens=prompt_tokens)

    def charge_tokens(self, tokens: int, usd: float = 0.0) -> None:
        """As the turn's."""
        self._meter.charge_tokens(tokens, usd)
