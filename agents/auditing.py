"""Checking shown reasons after the fact, from what the store and the catalog say.

Apart from making them (`reasons`): whoever checks must not take the maker's word for what the person
liked, asked for or said.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import TYPE_CHECKING

from .events import SlateItem, TurnResult
from .evidence import EvidenceFinder, Person
from .planning.core import CorePlanner
from .reasons import Clause, clauses_for, in_words
from .state import Wish
from .turn.run import opinions, taken_gladly

if TYPE_CHECKING:
    from .agent import ConversationalRecommender


def unsupported_reasons(
    agent: ConversationalRecommender, user_id: str, conversation_id: str, result: TurnResult
) -> tuple[str, ...]:
    """Reasons of a turn's slate that do not hold, each as "Title (year): reason (what is wrong)".

    To be called before the next turn and before any click: it looks at what is known now. Checked are the
    facts on the card, every piece of evidence, and that the words are those of grounds that hold.

    Raises:
        NotYours: The conversation is not this user's.
    """
    finder = EvidenceFinder(
        agent.recommender, person_after(agent, user_id, conversation_id, result)
    )
    return tuple(
        f"{item.title} ({item.year}): {item.reason} ({fault})"
        for item in result.items
        for fault in _faults(item, finder)
    )


def person_after(
    agent: ConversationalRecommender, user_id: str, conversation_id: str, result: TurnResult
) -> Person:
    """What reasons of the newest turn may refer to, read from the store."""
    store, recommender = agent.store, agent.recommender
    state = store.state(user_id, conversation_id)
    preferences = store.preferences(user_id)
    liked, _ = opinions(store, recommender.catalog, user_id, conversation_id, state, preferences)
    # The last resort has not read the wish, so none of its reasons may stand on it.
    wish = Wish() if result.planner == CorePlanner.name else state.wish
    return Person(
        wish=wish,
        liked=liked,
        history=taken_gladly(recommender, user_id),
        preferences=preferences,
    )


def _faults(item: SlateItem, finder: EvidenceFinder) -> Iterator[str]:
    if item.item_id not in finder.catalog:
        yield "not in the catalog"
        return
    known = finder.catalog[item.item_id]
    if (item.title, item.year, item.genres) != (known.title, known.year, known.genres):
        yield "the card differs from the catalog"
    for evidence in item.evidence:
        if not finder.check(item.item_id, evidence):
            yield f"{evidence.kind} {evidence.field} {evidence.value!r} does not hold"
    clauses = clauses_for(item.item_id, finder)
    if not any(in_words(chosen) == item.reason for chosen in _choices(clauses)):
        yield "its words are not those of any ground that holds"


def _choices(clauses: list[Clause]) -> Iterator[tuple[Clause, ...]]:
    yield from ((clause,) for clause in clauses)
    yield from permutations(clauses, 2)
