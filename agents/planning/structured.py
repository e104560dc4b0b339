"""The planner of one model call: a message becomes compact JSON, code links it, checks it and plans.

For models too small to call tools, above all the embedded one. The model reads, and nothing else: what it says is
checked against the person's own words, joined with what the rules read (`parse_merging` says who is believed), and
planned by the same code that plans for the rules. So it cannot invent an item, and a slate costs one call.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime

from rec_core import Recommender

from ..budget import BudgetMeter, TurnLimits
from ..errors import PlannerFailed
from ..llm.chat import ModelFailed
from ..llm.structured import Loadable, StructuredModel
from ..understanding import Reader, Reading
from .base import Plan, TurnView
from .from_reading import ReadingPlanner
from .parse import MessageParse, kinds_of, parse_schema, read_parse
from .parse_linking import LinkedParse, ParseLinker, describe
from .parse_merging import ReadingMerger
from .parse_policy import POLICY, SETTLED, MergePolicy
from .parse_prompt import parse_messages, parse_prompt

ADAPTER = "planner"
_REMEMBERED_TURNS = 256
_LONGEST_ANSWER = 4_000
_UNUSABLE = "the language model gave an answer that could not be used"


class StructuredPlanner:
    """Plans by one structured answer of a model. Safe to share between threads.

    Args:
        recommender: For linking and for knowing what a filter leaves.
        model: Writes the parse. One whose name ends in "+planner" carries the adapter trained on this
            task and gets the short prompt it was trained with.
        clock: When preferences are dated.
        policy: Whom to believe, the model or the rules.
    """

    name = "structured"

    def __init__(
        self,
        recommender: Recommender,
        model: StructuredModel,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        policy: MergePolicy = POLICY,
    ) -> None:
        self._recommender = recommender
        self._model = model
        self._reader = Reader(recommender)
        self._linker = ParseLinker(recommender, lambda: self._reader.lexicon)
        self._merger = ReadingMerger(
            self._reader.read, lambda: self._reader.lexicon, lambda i: recommender.catalog[i].label, policy
        )  # fmt: skip
        self._planner = ReadingPlanner(self.name, recommender, clock)
        self._schema = parse_schema(kinds_of(recommender.catalog.genres))
        self._readings: OrderedDict[tuple[str, str], Reading] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def is_tuned(self) -> bool:
        """True when the model was trained on this very task."""
        return self._model.name.endswith(f"+{ADAPTER}")

    def load(self) -> None:
        """Load now what the first message would have to wait for, where there is something to load.

        Raises:
            RapportError: The model is missing or damaged.
        """
        if isinstance(self._model, Loadable):
            self._model.load()

    def plan(self, view: TurnView) -> Plan:
        """The next step of this turn; the model is asked in the first round only.

        Raises:
            PlannerFailed: The model gave nothing usable, or the core refused every call for items.
            BudgetExceeded, TurnStopped: From the turn's meter.
        """
        return self._planner.plan(view, self._reading(view))

    def parse(self, view: TurnView) -> MessageParse:
        """What the model makes of the message, unchecked.

        Raises:
            PlannerFailed: Nothing usable.
            BudgetExceeded, TurnStopped: From the turn's meter.
        """
        prompt = parse_prompt(tuned=self.is_tuned)
        messages = parse_messages(
            describe(view.state, self._recommender), view.text, tuned=self.is_tuned
        )
        meter = view.meter or BudgetMeter(TurnLimits())
        try:
            text = self._model.complete(
                messages, schema=self._schema, prompt=(prompt.name, prompt.sha), meter=meter
            )
            return read_parse(text[:_LONGEST_ANSWER])
        except ModelFailed as fault:
            raise PlannerFailed(fault.phrase) from fault
        except ValueError as fault:
            raise PlannerFailed(_UNUSABLE) from fault

    def read(self, view: TurnView, parse: MessageParse) -> tuple[Reading, LinkedParse]:
        """A parse, linked, checked and joined with what the rules read."""
        found = self._linker.link(parse, view.text, view.state)
        rules = self._reader.read(view.text, view.state)
        return self._merger.merge(view.text, view.state, rules, found), found

    def _reading(self, view: TurnView) -> Reading:
        """The reading of this turn: made once, kept for the turn's other rounds."""
        key = (view.turn_id, view.text)
        with self._lock:
            kept = self._readings.get(key)
        if kept is not None and (view.outcomes or view.repair):
            return kept
        reading = self._reader.read(view.text, view.state)
        if reading.act not in SETTLED:
            reading, _ = self.read(view, self.parse(view))
        with self._lock:
            self._readings[key] = reading
            while len(self._readings) > _REMEMBERED_TURNS:
                self._readings.popitem(last=False)
        return reading
