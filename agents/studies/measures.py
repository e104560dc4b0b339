"""From sessions to figures of people: what each measure is, for whom, and which way is up."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..simulation.types import Persona, SessionRecord
from .sessions import Session
from .spec import Protocol


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One figure of a session.

    Attributes:
        name: Short, for JSON.
        label: For people.
        meaning: One sentence for people who know nothing of the project.
        is_more_better: False where a low figure is good; None where it is neither.
        is_share: Whether it is a share, to be shown in per cent.
        unit: What stands before the figure in a sentence; of deciding measures alone.
    """

    name: str
    label: str
    meaning: str
    is_more_better: bool | None = True
    is_share: bool = False
    unit: str = ""


BROWSE = (
    Measure(
        name="p_view",
        label="Share watched",
        meaning="Of the items shown, the share that the person chose to watch.",
        is_share=True,
        unit="a share of what was shown that people watched of",
    ),
    Measure(
        name="likes",
        label="Liked items",
        meaning="How many of the items shown in a session the person watched and liked.",
    ),
    Measure(
        name="p_like",
        label="Share liked",
        meaning="Of the items shown, the share that the person watched and liked.",
        is_share=True,
    ),
    Measure(
        name="pages",
        label="Pages looked at",
        meaning="How many pages the person went through before leaving.",
    ),
    Measure(
        name="satisfaction",
        label="Satisfaction",
        meaning="The person's own mark from 1 to 10, asked when leaving.",
    ),
    Measure(
        name="precision",
        label="Hits on real likes, of what was shown",
        meaning="Of the items shown, the share that the real user behind the person is known to have "
        "liked later. No simulated opinion enters here.",
        is_share=True,
    ),
    Measure(
        name="recall",
        label="Hits on real likes, of all real likes",
        meaning="Of the items that the real user liked later, the share that was shown.",
        is_share=True,
    ),
)
SEEK = (
    Measure(
        name="hit",
        label="Found",
        meaning="Share of talks in which the item that the person had in mind was shown.",
        is_share=True,
        unit="a share of sought items found of",
    ),
    Measure(
        name="turns",
        label="Turns needed",
        meaning="Turns until the item was shown; one more than allowed where it never was.",
        is_more_better=False,
    ),
    Measure(
        name="first_turn",
        label="Found at once",
        meaning="Share of talks in which the very first answer had it: success that needed no dialogue.",
        is_share=True,
    ),
    Measure(
        name="later",
        label="Found later",
        meaning="Share of talks in which a later answer had it. For recommenders that hear no words this is "
        "what more items alone bring; what others have beyond that is due to the dialogue.",
        is_share=True,
    ),
    Measure(
        name="leaks",
        label="Stopped slips",
        meaning="Sentences a talk in which the person was about to name the item, and was stopped.",
        is_more_better=None,
    ),
)


def measures_of(protocol: Protocol) -> tuple[Measure, ...]:
    """The measures of a protocol; the first one decides the verdict."""
    return BROWSE if protocol == "browse" else SEEK


@dataclass(frozen=True, kw_only=True)
class PeopleFigures:
    """Means over the seeds, person by person.

    Attributes:
        arms: Columns.
        persona_ids: Rows: those who sat in front of every arm with every seed.
        values: Measure → (n_people, n_arms) float64; NaN where nothing could be said.
    """

    arms: tuple[str, ...]
    persona_ids: tuple[str, ...]
    values: Mapping[str, np.ndarray]


def figures_of_people(
    sessions: Sequence[Session],
    people: Mapping[str, Persona],
    *,
    arms: Sequence[str],
    n_seeds: int,
    protocol: Protocol,
    most_turns: int,
) -> PeopleFigures:
    """Figures of everybody whose sessions are all there; the others are left out of every arm.

    Args:
        sessions: What was held, in any order.
        people: Personas by id.
        arms: Order of the columns.
        n_seeds: How many sessions a person has with each arm.
        protocol: What they did.
        most_turns: Of a talk; a miss counts as one more.
    """
    held: dict[str, dict[str, list[SessionRecord]]] = {}
    for one in sessions:
        held.setdefault(one.key.persona_id, {}).setdefault(one.key.arm, []).append(one.record)
    whole = tuple(
        persona_id
        for persona_id in people
        if all(len(held.get(persona_id, {}).get(arm, ())) == n_seeds for arm in arms)
    )
    values = {
        measure.name: np.full((len(whole), len(arms)), np.nan) for measure in measures_of(protocol)
    }
    of_session = _Reader(protocol, most_turns)
    for row, persona_id in enumerate(whole):
        for column, arm in enumerate(arms):
            # Seeds in their order: sums of floats in another order round otherwise.
            records = sorted(held[persona_id][arm], key=lambda record: record.seed)
            read = [of_session(record, people[persona_id]) for record in records]
            for name, table in values.items():
                table[row, column] = _mean([one[name] for one in read])
    return PeopleFigures(arms=tuple(arms), persona_ids=whole, values=values)


def session_figures(
    record: SessionRecord, persona: Persona, *, protocol: Protocol, most_turns: int
) -> dict[str, float]:
    """Measure → value of one session; NaN where nothing can be said."""
    return _Reader(protocol, most_turns)(record, persona)


def worth(figures: Mapping[str, float]) -> float:
    """How good a session was, for putting sessions in order: what was watched, then liked, of what was
    shown; or how early the item was found.
    """
    return -figures["turns"] if "turns" in figures else figures["p_view"] + figures["p_like"] / 100


class _Reader:
    def __init__(self, protocol: Protocol, most_turns: int) -> None:
        self._most_turns = most_turns
        readers: dict[Protocol, Callable[[SessionRecord, Persona], dict[str, float]]] = {
            "browse": self._browsed,
            "seek": self._sought,
        }
        self._read = readers[protocol]

    def __call__(self, record: SessionRecord, persona: Persona) -> dict[str, float]:
        return self._read(record, persona)

    def _browsed(self, record: SessionRecord, persona: Persona) -> dict[str, float]:
        reactions = [one for visit in record.visits for one in visit.reactions]
        shown = {item_id for visit in record.visits for item_id in visit.shown}
        n_shown = sum(len(visit.shown) for visit in record.visits)
        watched = sum(one.watched for one in reactions)
        liked = sum(bool(one.liked) for one in reactions)
        hidden = set(persona.hidden_likes)
        return {
            "likes": float(liked),
            "p_view": watched / max(n_shown, 1),
            "p_like": liked / max(n_shown, 1),
            "pages": float(len(record.visits)),
            "satisfaction": math.nan if record.satisfaction is None else record.satisfaction,
            "precision": len(hidden & shown) / max(len(shown), 1),
            "recall": len(hidden & shown) / len(hidden) if hidden else math.nan,
        }

    def _sought(self, record: SessionRecord, persona: Persona) -> dict[str, float]:
        del persona
        turn = record.hit_turn
        return {
            "hit": float(turn is not None),
            "turns": float(turn if turn is not None else self._most_turns + 1),
            "first_turn": float(turn == 1),
            "later": float(turn is not None and turn > 1),
            "leaks": float(record.leaks),
        }


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return math.fsum(known) / len(known) if known else math.nan
