"""Judging one ranking: the only place where a recommender's answer meets the right one.

Ranks count from 0. Items that the context mentions are taken out of the ranking first, whoever
ranked them; an item that comes twice counts where it comes first.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from .examples import CrsExample
from .recommenders import CrsRecommender, MeteredRecommender


@dataclass(frozen=True, kw_only=True)
class ExampleScore:
    """What one recommender did with one example.

    Attributes:
        example_id, row: Which example, which line of the table.
        ranks: Rank of each target in the order of the example; None where it was not ranked.
        seconds: Wall time of the ranking alone.
        tokens: Of language models, for this example.
    """

    example_id: str
    row: str
    ranks: tuple[int | None, ...]
    seconds: float
    tokens: int


def score_example(
    recommender: CrsRecommender, example: CrsExample, *, row: str, n_items: int
) -> ExampleScore:
    """Let a recommender rank the whole catalog for the context of an example, and look up the targets."""
    before = _tokens(recommender)
    started = time.perf_counter()
    ranking = recommender.rank(example.context, n_items)
    seconds = round(time.perf_counter() - started, 6)
    return ExampleScore(
        example_id=example.example_id,
        row=row,
        ranks=ranks_in(ranking, example.targets, without=example.mentioned),
        seconds=seconds,
        tokens=_tokens(recommender) - before,
    )


def ranks_in(
    ranking: Sequence[str], targets: Sequence[str], *, without: Collection[str]
) -> tuple[int | None, ...]:
    """Rank of each target among the ranked items that are not in `without`.

    None for a target that is not ranked or is itself in `without`.
    """
    left_out = frozenset(without)
    place_of: dict[str, int] = {}
    for item_id in ranking:
        if item_id not in left_out:
            place_of.setdefault(item_id, len(place_of))
    return tuple(place_of.get(target) for target in targets)


def _tokens(recommender: CrsRecommender) -> int:
    return recommender.tokens_spent if isinstance(recommender, MeteredRecommender) else 0
