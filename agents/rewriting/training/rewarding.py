"""The reward kit as TRL asks for it: one function for each part, so that each is logged on its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from rec_core import RapportError

from ..additions import SEPARATOR, addition_text, composed_query
from ..environment import RankingEnvironment
from ..facts import FactFinder
from ..prompting import read_rewrite
from ..rewards import PARTS, RewardConfig, RewardFailed, RewardKit, RewardParts, ndcg
from ..tasks import RewriteTask

RewardFunction = Callable[..., list[float | None]]
"""As TRL calls it: completions, columns of the data by name → a reward each."""
_UNUSED = ("popularity", "diversity")


class ComposingEnvironment:
    """Ranks for what a model adds: each query is completed by the rule's words of its task.

    Args:
        environment: Ranks whole queries.
        finder: Facts for the rule.
    """

    def __init__(self, environment: RankingEnvironment, finder: FactFinder) -> None:
        self._environment = environment
        self._finder = finder
        self._tasks: Sequence[RewriteTask] = ()

    @property
    def fingerprint(self) -> str:
        """Of the environment beneath."""
        return self._environment.fingerprint

    def rows(self, item_ids: Sequence[str]) -> np.ndarray:
        """int64 (n,) rows of items; -1 for one that the catalog lacks."""
        return self._environment.rows(item_ids)

    def expect(self, tasks: Sequence[RewriteTask]) -> None:
        """Name the tasks of the queries that the next `rank` is asked for, in order."""
        self._tasks = tasks

    def rank(self, queries: Sequence[str], excluded: Sequence[Sequence[str]]) -> list[np.ndarray]:
        """Item rows for each completed query."""
        whole = [
            composed_query(self._finder.facts(task.context), query)
            for task, query in zip(self._tasks, queries, strict=True)
        ]
        return self._environment.rank(whole, excluded)

    def values(
        self, tasks: Sequence[RewriteTask], queries: Sequence[str], *, depth: int
    ) -> list[float]:
        """NDCG of each completed query for its task."""
        self.expect(tasks)
        rankings = self.rank(queries, [task.excluded for task in tasks])
        return [
            ndcg(ranked, self.rows(task.targets), depth=depth)
            for ranked, task in zip(rankings, tasks, strict=True)
        ]


class AdditionRewards:
    """Rewards of what a model adds, part by part.

    Args:
        tasks: Task id → task; the trainer names tasks by id.
        environment: Ranks whole queries.
        finder: Facts for the rule.
        config: How parts count.
        chance: A generator replaces NDCG by a number drawn from [0, 1): the control that must gain nothing.

    Attributes:
        seconds: Spent on rewards so far.
        count: Completions rewarded so far.
    """

    def __init__(
        self,
        tasks: Mapping[str, RewriteTask],
        environment: RankingEnvironment,
        finder: FactFinder,
        config: RewardConfig | None = None,
        *,
        chance: np.random.Generator | None = None,
    ) -> None:
        self._tasks = tasks
        self._environment = ComposingEnvironment(environment, finder)
        self._kit = RewardKit(self._environment, config)
        self._chance = chance
        self._last: tuple[list[str], list[str], tuple[RewardParts, ...]] = ([], [], ())
        self.seconds = 0.0
        self.count = 0

    def functions(self) -> list[RewardFunction]:
        """One for each part; None where a part does not apply."""
        return [self._function(part) for part in PARTS if part not in _UNUSED]

    def parts(self, task_ids: Sequence[str], completions: Sequence[str]) -> tuple[RewardParts, ...]:
        """The parts of each completion; those of the last batch are remembered.

        Raises:
            RewardFailed: A part raised, or is not a number.
        """
        if (list(task_ids), list(completions)) != self._last[:2]:
            started = time.perf_counter()
            tasks = [self._tasks[one] for one in task_ids]
            self._environment.expect(
                [
                    task
                    for task, completion in zip(tasks, completions, strict=True)
                    if read_rewrite(completion) is not None
                ]
            )
            found = self._kit.reward(tasks, completions)
            if self._chance is not None:
                found = tuple(
                    one if one.ndcg is None else replace(one, ndcg=float(self._chance.random()))
                    for one in found
                )
            self._last = (list(task_ids), list(completions), found)
            self.seconds += time.perf_counter() - started
            self.count += len(completions)
        return self._last[2]

    def title_gains(
        self, task_ids: Sequence[str], completions: Sequence[str]
    ) -> tuple[tuple[float, ...], ...]:
        """What each written title adds to NDCG after those before it; () where an answer is no rewrite.

        A title that was written before adds 0. The gains of an answer sum up to its NDCG less that of
        the rule's query. Under the control of
        chance they are drawn too.

        Raises:
            RewardFailed: The search raised.
        """
        started = time.perf_counter()
        tasks = [self._tasks[one] for one in task_ids]
        rewrites = [read_rewrite(completion) for completion in completions]
        titles = [[] if one is None else one.query.split(SEPARATOR.strip()) for one in rewrites]
        if self._chance is not None:
            return tuple(tuple(self._chance.random(len(some)).tolist()) for some in titles)
        try:
            values = iter(
                self._environment.values(
                    [
                        task
                        for task, some in zip(tasks, titles, strict=True)
                        for _ in _beginnings(some)
                    ],
                    [one for some in titles for one in _beginnings(some)],
                    depth=self._kit.config.depth,
                )
            )
        except RapportError:
            raise
        except Exception as fault:  # as in the kit: training must not go on with a wrong reward
            raise RewardFailed(
                f"The gains of titles could not be computed: {type(fault).__name__}: {fault}.",
                "Training stops with its last checkpoint; mend the reward and resume.",
            ) from fault
        found = [np.diff([next(values) for _ in _beginnings(some)]).tolist() for some in titles]
        self.seconds += time.perf_counter() - started
        return tuple(map(tuple, found))

    def _function(self, part: str) -> RewardFunction:
        def reward(
            completions: Sequence[str], task: Sequence[str], **_: object
        ) -> list[float | None]:
            return [getattr(one, part) for one in self.parts(task, completions)]

        reward.__name__ = part  # TRL logs each function under its name
        return reward


def _beginnings(titles: Sequence[str]) -> list[str]:
    """What an answer asks for after no title, the first, the first two and so on."""
    return [addition_text(titles[:count]) for count in range(len(titles) + 1)] if titles else []


def shuffled_targets(
    tasks: Sequence[RewriteTask], generator: np.random.Generator
) -> tuple[RewriteTask, ...]:
    """The same tasks with the targets of others: a control whose reward says nothing of the task.

    A task's new targets never stand among its own excluded items.

    Raises:
        RewardFailed: No task's targets fit another.
    """
    order = generator.permutation(len(tasks))
    found: list[RewriteTask] = []
    for place, task in enumerate(tasks):
        for offset in range(1, len(tasks)):
            other = tasks[order[(place + offset) % len(tasks)]]
            if other.group_id != task.group_id and not set(other.targets) & set(task.excluded):
                found.append(replace(task, targets=other.targets))
                break
        else:
            raise RewardFailed(
                "The targets of the tasks cannot be shuffled: there are too few tasks.",
                "Give examples of more dialogues.",
            )
    return tuple(found)
