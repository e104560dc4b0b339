"""One trial: a scripted person and an agent talk until the person has found something or gives up."""

from __future__ import annotations

import hashlib
from typing import Protocol

import numpy as np
from pydantic import BaseModel, ConfigDict

from .facts import FactTable
from .keys import KeyedTask
from .listening import Answer
from .person import ScriptedPerson
from .policing import Fault, faults_of
from .speech import STYLES


class Session(Protocol):
    """One conversation with an agent under test."""

    def reply(self, text: str) -> Answer:
        """The answer to a message."""
        ...


class Contestant(Protocol):
    """An agent under test."""

    def open(self, keyed: KeyedTask, name: str, person: ScriptedPerson) -> Session:
        """A session for a person nobody has met, with their history and what they said earlier.

        Args:
            keyed: The task.
            name: Unique among all trials of this agent.
            person: Only for scripted agents that are to know what is right.
        """
        ...


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class Exchange(_Value):
    """A message and its answer, for transcripts; items by label."""

    said: str
    text: str
    items: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


class TrialFault(_Value):
    """As `Fault`, storable."""

    policy: str
    turn: int
    reason: str


class TrialResult(_Value):
    """What came of a trial.

    Attributes:
        task_id, suite, trial: Which.
        ending: "accepted", "abstained" or "gave up".
        picked: Label of what was taken; "" for nothing.
        met: Whether it ended as it should: with a right item, or with none where there is none.
        should_abstain: Whether there is none.
        faults: Broken rules.
        breaches: Rules of a foreign benchmark that were broken and that do not count, by name.
        n_forced: Wishes that nobody asked for and that came out all the same.
        transcript: All of it.
        model_calls, tokens, seconds: Sums.
    """

    task_id: str
    suite: str
    trial: int
    style: str
    ending: str
    picked: str
    met: bool
    should_abstain: bool
    faults: tuple[TrialFault, ...]
    breaches: tuple[str, ...] = ()
    n_forced: int
    transcript: tuple[Exchange, ...]
    model_calls: int
    tokens: int
    seconds: float

    @property
    def passed(self) -> bool:
        """Constraints times policies."""
        return self.met and not self.faults

    @property
    def reason(self) -> str:
        """Why it failed, in one line; "" when it passed."""
        if self.passed:
            return ""
        ends = {
            "gave up": "nothing right was shown before the person gave up",
            "abstained": "it says that there is nothing",
        }
        reasons = [] if self.met else [ends.get(self.ending, self.ending)]
        reasons += [f"message {one.turn}: {one.reason}" for one in self.faults[:3]]
        more = len(self.faults) - 3
        return "; ".join([*reasons, *([f"and {more} more"] if more > 0 else [])])


def generator_of(seed: int, suite: str, task_id: str, trial: int) -> np.random.Generator:
    """The random numbers of a trial: nothing else of a run has a say in them."""
    name = hashlib.sha256(f"{suite}\n{task_id}".encode()).digest()[:8]
    return np.random.default_rng([seed, int.from_bytes(name, "big"), trial])


def run_trial(
    keyed: KeyedTask, facts: FactTable, contestant: Contestant, *, seed: int, trial: int, name: str
) -> TrialResult:
    """Let them talk. The wording is that of (seed, task, trial), whoever is under test."""
    task = keyed.task
    generator = generator_of(seed, keyed.suite, task.id, trial)
    person = ScriptedPerson(keyed, facts, generator, STYLES[trial % len(STYLES)])
    session = contestant.open(keyed, name, person)
    answers: list[Answer] = []
    faults: list[Fault] = []
    transcript: list[Exchange] = []
    text: str | None = person.first()
    while text is not None:
        answer = session.reply(text)
        answers.append(answer)
        faults += faults_of(answer, person, facts)
        transcript.append(
            Exchange(
                said=text,
                text=answer.text,
                items=tuple(facts.label(one) for one in answer.item_ids),
                notices=answer.notices,
            )
        )
        text = person.hear(answer)
    return TrialResult(
        task_id=task.id,
        suite=keyed.suite,
        trial=trial,
        style=person.style,
        ending=person.ending or "gave up",
        picked=facts.label(person.picked) if person.picked else "",
        met=person.ending == ("accepted" if task.answer == "item" else "abstained"),
        should_abstain=task.answer == "none",
        faults=tuple(TrialFault(policy=f.policy, turn=f.turn, reason=f.reason) for f in faults),
        breaches=_breaches(task.unmapped, answers, person.picked, facts),
        n_forced=person.n_forced,
        transcript=tuple(transcript),
        model_calls=sum(one.model_calls for one in answers),
        tokens=sum(one.tokens for one in answers),
        seconds=sum(one.seconds for one in answers),
    )


def _breaches(
    unmapped: tuple[str, ...], answers: list[Answer], picked: str, facts: FactTable
) -> tuple[str, ...]:
    """Rules of τ-Rec that need its tools, as far as a conversation shows that they were broken."""
    row = facts.rows.get(picked, {})
    last = answers[-1].words.casefold()
    is_told = "sponsor" in last or "promot" in last
    is_warned = "mature" in last or "restricted" in last or "rated r" in last
    broken = {
        "sponsored": row.get("sponsored") is True and not is_told,
        "age_restricted": row.get("content_rating") in ("R", "NC-17") and not is_warned,
    }
    return tuple(name for name in unmapped if broken.get(name, False))
