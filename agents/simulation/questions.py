"""Questions to people before a study: would you take this, when only we know what the real user did?

For people played by a language model, whose tastes are nowhere written down: they can only be asked. Each
gets a page of which half is what the real user took later, and half what the real user never took.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rec_core import Catalog, bootstrap_interval

from .behaviour import session_key
from .fidelity import Measured
from .people import Costly, PeopleEngine, PersonFailed
from .types import PageVisit, Persona, SessionRecord

QUESTIONS = "(questions)"
"""Stands where sessions have their arm's name; no arm can be called so."""

_RESAMPLES = 1_000


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What came of the questions.

    Attributes:
        people, answers: How many answered, and how often.
        failed: Pages that were not answered.
        accuracy: Share of answers that were right, mean over people; the interval resamples people.
        taken: Share of all items asked about that were said to be taken; half of them is the truth.
        ratings: Ratings given to items that the real user took, and whose rating is known.
        rmse, guess_rmse: Error of those, and of saying the mean of all real ratings every time; nan for none.
        calls: Calls to the model.
    """

    people: int
    answers: int
    failed: int
    accuracy: Measured
    taken: float
    ratings: int
    rmse: float
    guess_rmse: float
    calls: int


def draw_questions(persona: Persona, catalog: Catalog, seed: int, size: int) -> tuple[str, ...]:
    """A page of `size` items in an order of its own: half taken later, half never taken.

    Drawn evenly by persona and seed. With fewer hidden items than half a page there are as many others, so
    the page is shorter; empty where nothing of the catalog is hidden.
    """
    generator = np.random.default_rng(session_key("questions", persona.persona_id, seed))
    hidden = {one for one in (*persona.hidden_likes, *persona.hidden_dislikes) if one in catalog}
    known = hidden | set(persona.history)
    taken = sorted(hidden - set(persona.history))
    others = [one for one in catalog.ids.ids if one not in known]
    n_asked = min(size // 2, len(taken), len(others))
    page = [*generator.permutation(taken)[:n_asked], *generator.permutation(others)[:n_asked]]
    return tuple(str(one) for one in generator.permutation(page))


def ask(
    people: PeopleEngine, persona: Persona, catalog: Catalog, seed: int, size: int
) -> SessionRecord:
    """Show one page of questions; no exit interview. A person who cannot answer has a failed record."""
    person = people.open(persona, seed)
    shown = draw_questions(persona, catalog, seed, size)
    visits: tuple[PageVisit, ...] = ()
    failure = ""
    try:
        reactions = person.look(shown)
        visits = (PageVisit(page=1, shown=shown, reactions=reactions, leaving="leave"),)
    except PersonFailed as fault:
        failure = fault.reason
    return SessionRecord(
        arm=QUESTIONS,
        persona_id=persona.persona_id,
        seed=seed,
        protocol="browse",
        visits=visits,
        ending="failed" if failure else "left",
        failure=failure,
        person_calls=person.model_calls if isinstance(person, Costly) else 0,
        person_tokens=person.tokens if isinstance(person, Costly) else 0,
    )


def judge_answers(
    records: Sequence[SessionRecord],
    personas: Sequence[Persona],
    real: dict[tuple[str, str], float],
    *,
    generator: np.random.Generator,
) -> Answered:
    """Hold the answers against what the real users did.

    Args:
        records: As `ask` made them.
        personas: Everybody who was asked.
        real: (user id, item id) → rating of hidden events, where it is known for certain.
        generator: Source of resamples.
    """
    people = {one.persona_id: one for one in personas}
    right: dict[str, list[bool]] = {}
    taken: list[bool] = []
    given: list[tuple[float, float]] = []
    for record in records:
        persona = people[record.persona_id]
        truth = {*persona.hidden_likes, *persona.hidden_dislikes}
        for one in (reaction for visit in record.visits for reaction in visit.reactions):
            right.setdefault(record.persona_id, []).append(one.watched == (one.item_id in truth))
            taken.append(one.watched)
            rating = real.get((persona.user_id, one.item_id))
            if one.rating is not None and rating is not None:
                given.append((float(one.rating), rating))
    shares = np.array([np.mean(answers) for answers in right.values()])
    low, high = bootstrap_interval(shares, generator, n_resamples=_RESAMPLES)
    table = np.array(given).reshape(-1, 2)
    mean = float(np.mean(list(real.values()))) if real else float("nan")
    return Answered(
        people=len(right),
        answers=len(taken),
        failed=sum(bool(record.failure) for record in records),
        accuracy=Measured(value=_mean(shares), low=low, high=high),
        taken=_mean(np.array(taken, dtype=float)),
        ratings=len(table),
        rmse=_mean((table[:, 0] - table[:, 1]) ** 2) ** 0.5,
        guess_rmse=_mean((mean - table[:, 1]) ** 2) ** 0.5,
        calls=sum(record.person_calls for record in records),
    )


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")
