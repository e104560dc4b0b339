"""The scripted person: what they say next, by code, given what they were shown.

They volunteer what they volunteer, answer questions, refuse what breaks a wish that they had not told,
push when nothing moves, and take the first item shown that is right. The same task and the same random
numbers give the same person; nothing they do depends on which agent is under test except through its answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from . import speech
from .constraint import Constraint
from .facts import FactTable
from .keys import KeyedTask
from .listening import Answer, asks, asks_about, owns_up

Ending = Literal["accepted", "abstained", "gave up"]
_KEPT_BACK = 0.3  # how often one of several volunteered wishes comes with the second message


class ScriptedPerson:
    """One trial's person.

    Args:
        keyed: Their task and what is right.
        facts: Of the catalog.
        generator: Draws wording, order and slips.
        style: How they type, see `speech.roughened`.

    Attributes:
        said: Constraints told so far that still hold, in order.
        rejected: Ids of what they turned down.
        ending: How it ended; None while it goes on.
        picked: What they took; "" for nothing.
        n_messages: Messages so far.
        n_forced: Wishes that came out only because nothing moved.
    """

    def __init__(
        self,
        keyed: KeyedTask,
        facts: FactTable,
        generator: np.random.Generator,
        style: str = "plain",
    ) -> None:
        self.keyed = keyed
        self.task = keyed.task
        self.said: list[Constraint] = []
        self.rejected: set[str] = set()
        self.ending: Ending | None = None
        self.picked = ""
        self.n_messages = 0
        self.n_forced = 0
        self._facts = facts
        self._generator = generator
        self._style = style
        self._waits = 0
        self._steps = list(self.task.steps)
        later = self.task.added_later
        known = [one for one in self.task.constraints if one.name not in later]
        self._by_name = {one.name: one for one in self.task.constraints if one.name}
        self._volunteered = [one for one in known if one.reveal == "volunteered"]
        self._on_request = [one for one in known if one.reveal == "on_request"]
        self._hidden = [one for one in known if one.reveal == "hidden"]
        self.said += [one for one in known if one.reveal == "earlier"]

    @property
    def must_be_told(self) -> tuple[Constraint, ...]:
        """What they have not said yet."""
        return (*self._volunteered, *self._on_request, *self._hidden)

    @property
    def has_steps(self) -> bool:
        """Whether they will say something more whatever is shown."""
        return bool(self._steps or self._volunteered)

    @property
    def style(self) -> str:
        """How they type."""
        return self._style

    def first(self) -> str:
        """The first message."""
        told = self._volunteered
        if len(told) > 1 and not self.task.opening and self._generator.random() < _KEPT_BACK:
            told = told[:-1]
        self._volunteered = [one for one in self._volunteered if one not in told]
        self.said += told
        if not self.task.opening:
            return self._typed(speech.opening(told, self._generator))
        text = speech.one_of(self.task.opening, self._generator)
        return self._typed(text.replace("{wish}", speech.wish(told, self._generator)))

    def hear(self, answer: Answer) -> str | None:
        """The next message; None when the conversation is over (see `ending`)."""
        text = self._next(answer)
        if text is None:
            return None
        if self.n_messages >= self.task.turns:
            self.ending = "gave up"
            return None
        return self._typed(text)

    def _typed(self, text: str) -> str:
        self.n_messages += 1
        return speech.roughened(text, self._style, self._generator)

    def _next(self, answer: Answer) -> str | None:
        shown = [one for one in answer.item_ids if one in self._facts.rows]
        if self._steps:
            return self._step(bool(shown) or owns_up(answer))
        right = [one for one in shown if one in self.keyed.valid and one not in self.rejected]
        if right:
            self.ending, self.picked = "accepted", right[0]
            return None
        if self.task.answer == "none" and owns_up(answer) and self._is_hopeless():
            self.ending = "abstained"
            return None
        if self._volunteered:
            one = self._volunteered.pop(0)
            self.said.append(one)
            return f"Oh, and: {speech.told(one, self._generator)}"
        return self._refusal(shown, answer) if shown else self._without_slate(answer)

    def _step(self, is_answered: bool) -> str:
        if not is_answered and not self._waits:
            self._waits += 1
            return speech.stalled(self._generator)
        self._waits = 0
        step = self._steps.pop(0)
        self.said = [one for one in self.said if one.name not in step.drops]
        self._volunteered = [one for one in self._volunteered if one.name not in step.drops]
        self.said += [self._by_name[name] for name in step.adds]
        return speech.one_of(step.say, self._generator)

    def _is_hopeless(self) -> bool:
        """Whether what was said already leaves nothing: then there is nothing more to wait for."""
        return not any(
            all(one.holds(row) for one in self.said) and item_id not in self.keyed.history
            for item_id, row in self._facts.rows.items()
        )

    def _refusal(self, shown: Sequence[str], answer: Answer) -> str:
        told = self._answered(answer)
        if told:
            return told
        broken = self._most_broken(self.said, shown)
        if broken is not None and broken[1] == len(shown):
            self._turn_down(shown, broken[0])
            return speech.reminder(broken[0], self._generator)
        hidden = self._most_broken(self._hidden, shown)
        if hidden is not None:
            one, _ = hidden
            self._hidden.remove(one)
            self.said.append(one)
            self._turn_down(shown, one)
            label = next(i for i in shown if not one.holds(self._facts.rows[i]))
            return speech.objection(self._facts.label(label), one, self._generator)
        known = [one for one in shown if one in self.keyed.history]
        if known:
            self.rejected.update(known[:1])
            return speech.knows(self._facts.label(known[0]), self._generator)
        told = self._forced()
        if told:
            return told
        self.rejected.update(shown)
        return speech.vague(self._generator)

    def _turn_down(self, shown: Sequence[str], one: Constraint) -> None:
        self.rejected.update(i for i in shown if not one.holds(self._facts.rows[i]))

    def _without_slate(self, answer: Answer) -> str:
        told = self._answered(answer)
        if told:
            return told
        if owns_up(answer):
            # In despair people say what else they had in mind, and then all of it again.
            return self._forced() or speech.insisting(self.said, self._generator)
        if asks(answer):
            return self._forced() or speech.insisting(self.said, self._generator)
        return speech.stalled(self._generator)

    def _answered(self, answer: Answer) -> str:
        """The answer to a question about something that is told on request; "" when there is none."""
        if not asks(answer):
            return ""
        topics = asks_about(answer)
        fitting = [one for one in self._on_request if one.field in topics or "" in topics]
        if not fitting:
            return ""
        return self._tell(fitting[0])

    def _forced(self) -> str:
        """What was to be told on request, when nobody asks; "" while they are patient."""
        self._waits += 1
        if not self._on_request or self._waits <= self.task.patience:
            return ""
        self.n_forced += 1
        return self._tell(self._on_request[0])

    def _tell(self, one: Constraint) -> str:
        self._waits = 0
        self._on_request.remove(one)
        self.said.append(one)
        return speech.told(one, self._generator)

    def _most_broken(
        self, constraints: Sequence[Constraint], shown: Sequence[str]
    ) -> tuple[Constraint, int] | None:
        """The constraint that most of the items break, with how many; ties by order."""
        counts = [
            sum(not one.holds(self._facts.rows[item_id]) for item_id in shown)
            for one in constraints
        ]
        if not any(counts):
            return None
        place = int(np.argmax(counts))
        return constraints[place], counts[place]
