"""Demonstrations: for each training task the best of several choices, by the reward of what they find.

The choices are drawn from the companions that the prompt shows, likely ones oftener; a task's own
dialogue is left out of their counts. Where no choice finds clearly more than the likeliest companions,
the first drawn one is shown: a policy that has learnt to vary is one that GRPO can improve. Search
alone, no model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rec_core import Progress, no_progress

from ..additions import SHOWN_COMPANIONS, addition_text, composed_query
from ..companions import Companions
from ..environment import RankingEnvironment
from ..facts import FactFinder
from ..rewards import ndcg
from ..tasks import RewriteTask

_CLEARLY = 0.02
"""NDCG by which a choice must find more than the likeliest one."""
_DEPTH = 1000
_STEEPNESS = 0.35
"""Each place further down the list is drawn less often by this much, in nats."""


@dataclass(frozen=True, kw_only=True)
class Demonstration:
    """What a model shall write for a task.

    Attributes:
        task: Of the training part.
        answer: Titles, separated.
        reward: NDCG@1000 of the composed query; `rule` is that of the rule's query alone.
        rule: See `reward`.
    """

    task: RewriteTask
    answer: str
    reward: float
    rule: float


@dataclass(frozen=True, kw_only=True)
class SearchPlan:
    """How demonstrations are searched for.

    Attributes:
        titles: Titles of a choice.
        tries: Choices tried for a task, the likeliest one among them.
    """

    titles: int = 4
    tries: int = 8


def find_demonstrations(
    tasks: Sequence[RewriteTask],
    *,
    companions: Companions,
    finder: FactFinder,
    environment: RankingEnvironment,
    generator: np.random.Generator,
    plan: SearchPlan | None = None,
    progress: Progress = no_progress,
) -> tuple[Demonstration, ...]:
    """The best choice for each task; tasks without companions are left out.

    Args:
        tasks: The training part, or some of it.
        companions: Counted over the whole training part.
        finder: Facts for the rule's part of the query.
        environment: Ranks.
        generator: Draws the tries.
        plan: How.
        progress: Told after each task, stage "demonstrations".
    """
    plan = plan or SearchPlan()
    found: list[Demonstration] = []
    for number, task in enumerate(tasks, 1):
        facts = finder.facts(task.context)
        shown = companions.likely(facts, SHOWN_COMPANIONS, without=task.group_id)
        if shown:
            answers = [
                addition_text([finder.catalog.at(row).title for row in rows])
                for rows in _tries(shown, plan, generator)
            ]
            rule, *rewards = _rewards(
                task, [composed_query(facts, one) for one in ("", *answers)], environment
            )
            best = int(np.argmax(rewards))
            if rewards[best] <= rewards[0] + _CLEARLY:
                best = min(1, len(rewards) - 1)
            found.append(
                Demonstration(task=task, answer=answers[best], reward=rewards[best], rule=rule)
            )
        progress("demonstrations", number, len(tasks))
    return tuple(found)


def _tries(
    shown: Sequence[int], plan: SearchPlan, generator: np.random.Generator
) -> list[list[int]]:
    """Rows of each try, in the order shown; the first are the likeliest, the others drawn near them."""
    count = min(plan.titles, len(shown))
    tries = [[*shown[:count]]]
    for _ in range(plan.tries - 1):
        noisy = generator.gumbel(size=len(shown)) - _STEEPNESS * np.arange(len(shown))
        tries.append([shown[place] for place in np.sort(np.argsort(-noisy)[:count])])
    return tries


def _rewards(
    task: RewriteTask, queries: Sequence[str], environment: RankingEnvironment
) -> list[float]:
    rankings = environment.rank(queries, [task.excluded] * len(queries))
    rows = environment.rows(task.targets)
    return [ndcg(ranked, rows, depth=_DEPTH) for ranked in rankings]
