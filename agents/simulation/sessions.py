"""Sessions: one person before one arm, from the first page or sentence to the end."""

from __future__ import annotations

from collections.abc import Sequence

from rec_core import UnknownItemError

from .people import Costly, PeopleEngine, PersonFailed
from .seeking import SeekerEngine
from .types import Arm, Ending, Exchange, PageVisit, Persona, SessionRecord


def browse(
    people: PeopleEngine,
    persona: Persona,
    arm: Arm,
    seed: int,
    *,
    pages: int = 5,
    page_size: int = 4,
) -> SessionRecord:
    """Look at pages, take and rate, until tired, then answer the exit interview.

    After Agent4Rec (Zhang et al. 2024). An arm that breaks its contract (items shown twice, unknown ids,
    too many) or has nothing to show ends the session as "failed". Faults of the arm itself are raised.
    """
    person = people.open(persona, seed)
    session = arm.open(persona.persona_id, persona.history, seed)
    visits: list[PageVisit] = []
    ending: Ending = "out_of_pages"
    failure, satisfaction = "", None
    try:
        for page in range(1, pages + 1):
            shown = tuple(session.page(page_size))
            _check_page(shown, visits, page_size)
            reactions = person.look(shown)
            session.learn(reactions)
            leaving = person.leave_or_stay()
            visits.append(PageVisit(page=page, shown=shown, reactions=reactions, leaving=leaving))
            if leaving == "leave":
                ending = "left"
                break
        satisfaction = person.satisfaction()
    except (PersonFailed, _ArmFailed) as fault:
        ending, failure = "failed", fault.reason
    except UnknownItemError as fault:
        ending, failure = "failed", fault.problem
    return SessionRecord(
        arm=arm.name,
        persona_id=persona.persona_id,
        seed=seed,
        protocol="browse",
        visits=tuple(visits),
        satisfaction=satisfaction,
        ending=ending,
        failure=failure,
        person_calls=person.model_calls if isinstance(person, Costly) else 0,
        person_tokens=person.tokens if isinstance(person, Costly) else 0,
    )


def seek(
    people: SeekerEngine,
    persona: Persona,
    target_id: str,
    arm: Arm,
    seed: int,
    *,
    max_turns: int = 5,
) -> SessionRecord:
    """Talk until the arm shows the item in mind, by its id, or turns run out; everything shown counts.

    Every sentence passes the leak guard before the arm hears it. Faults of the arm are raised.

    Raises:
        UnknownItemError: The target is not in the people's catalog.
    """
    seeker = people.open(persona, target_id, seed)
    session = arm.open(persona.persona_id, persona.history, seed)
    exchanges: list[Exchange] = []
    hit_turn: int | None = None
    failure = ""
    try:
        said = seeker.opening()
        for turn in range(1, max_turns + 1):
            reply = session.say(said)
            exchanges.append(Exchange(said=said, reply=reply))
            if target_id in reply.item_ids:
                hit_turn = turn
                break
            if turn < max_turns:
                said = seeker.answer(reply)
    except PersonFailed as fault:
        failure = fault.reason
    ending: Ending = "out_of_turns" if hit_turn is None else "accepted"
    return SessionRecord(
        arm=arm.name,
        persona_id=persona.persona_id,
        seed=seed,
        protocol="seek",
        exchanges=tuple(exchanges),
        target_id=target_id,
        hit_turn=hit_turn,
        ending="failed" if failure else ending,
        leaks=seeker.leaks,
        failure=failure,
        person_calls=seeker.model_calls if isinstance(seeker, Costly) else 0,
        person_tokens=seeker.tokens if isinstance(seeker, Costly) else 0,
    )


class _ArmFailed(Exception):
    """The arm broke its contract; `reason` says how."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def _check_page(shown: tuple[str, ...], visits: Sequence[PageVisit], page_size: int) -> None:
    if not shown:
        raise _ArmFailed("the arm had nothing to show")
    if len(shown) > page_size:
        raise _ArmFailed(f"the arm showed {len(shown)} items on a page of {page_size}")
    before = {item_id for visit in visits for item_id in visit.shown}
    if len(set(shown)) < len(shown) or before.intersection(shown):
        raise _ArmFailed("the arm showed an item twice")
