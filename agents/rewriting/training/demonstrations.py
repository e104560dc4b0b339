"""Demonstrations: for each training task the best of several additions, by the reward of what they find.

Proposals are drawn from what other people's dialogues of the training part recommend: films named
together with the ones named here, and films often recommended for the genres wished for. A task's own
dialogue is left out of the counts of its proposals, so that what is learnt is what generalises; only its
well-known targets are proposed beside them. Search alone, no model: some hundred tasks a second.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rec_core import Catalog, Progress, no_progress
from rec_core.search.words import stems

from ..additions import addition_text, composed_query
from ..environment import RankingEnvironment
from ..facts import FactFinder, Facts
from ..rewards import ndcg
from ..tasks import RewriteTask

_SMOOTHING = 3.0
_GENRE_WEIGHT = 0.05
_COUNT_POWER = 0.7
_FEWEST = 3
"""A film must have been recommended in that many other dialogues to be proposed for a genre."""
_POOL = 24
_NOISE = 0.5


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
        titles: Titles of an addition.
        tries: Additions tried for a task, the likeliest one among them.
        known_targets: A target is proposed when that many other dialogues recommend it too.
    """

    titles: int = 6
    tries: int = 6
    known_targets: int = 3


class Proposer:
    """What other dialogues recommend after such talk.

    Args:
        tasks: The training part; nothing else is counted.
        finder: Facts about the films named.
    """

    def __init__(self, tasks: Sequence[RewriteTask], finder: FactFinder) -> None:
        self._finder = finder
        self._catalog: Catalog = finder.catalog
        self._named: dict[str, set[int]] = defaultdict(set)
        self._wanted: dict[str, set[int]] = defaultdict(set)
        for task in tasks:
            targets = {self._catalog.row(item) for item in task.targets if item in self._catalog}
            films = {film.row for film in finder.facts(task.context).films}
            self._wanted[task.group_id] |= targets
            self._named[task.group_id] |= targets | films
        self._count = Counter(row for rows in self._wanted.values() for row in rows)
        self._occurs = Counter(row for rows in self._named.values() for row in rows)

    def scores(self, task: RewriteTask) -> dict[int, float]:
        """Row → how likely it is to be recommended, by the other dialogues; larger is likelier."""
        facts = self._finder.facts(task.context)
        scores: Counter[int] = Counter()
        for film in facts.films:
            for row, count in self._beside(film.row, task.group_id).items():
                scores[row] += count / (self._occurs[row] + _SMOOTHING) ** 0.5
        wished = self._wished(facts)
        for row, count in self.often(task.group_id):
            genres = self._catalog.at(row).genres
            fit = sum(wished.get(genre, 0.0) for genre in genres) / (1 + 0.3 * len(genres))
            scores[row] += _GENRE_WEIGHT * (fit if wished else 0.5) * count**_COUNT_POWER
        said = {film.row for film in facts.films}
        said |= {self._catalog.row(item) for item in task.excluded if item in self._catalog}
        return {row: score for row, score in scores.items() if row not in said and score > 0}

    def often(self, group_id: str) -> list[tuple[int, int]]:
        """(row, other dialogues that recommend it), those with enough of them."""
        own = self._wanted.get(group_id, set())
        counts = ((row, count - (row in own)) for row, count in self._count.items())
        return [(row, count) for row, count in counts if count >= _FEWEST]

    def is_known(self, row: int, task: RewriteTask, at_least: int) -> bool:
        """Whether enough other dialogues recommend it."""
        return self._count[row] - (row in self._wanted[task.group_id]) >= at_least

    def _beside(self, row: int, group_id: str) -> Counter[int]:
        found: Counter[int] = Counter()
        for group in self._groups_of.get(row, ()):
            if group != group_id:
                found.update(self._named[group])
        found.pop(row, None)
        return found

    @cached_property
    def _groups_of(self) -> dict[int, list[str]]:
        groups: dict[int, list[str]] = defaultdict(list)
        for group, rows in self._named.items():
            for row in rows:
                groups[row].append(group)
        return groups

    def _wished(self, facts: Facts) -> dict[str, float]:
        asked = set(facts.reading.genres_all)
        wished = {genre: 1.0 for genre, words in self._genre_stems.items() if words <= asked}
        films = [film for film in facts.films if film.feeling >= 0]
        for film in films:
            for genre in film.genres:
                wished[genre] = wished.get(genre, 0.0) + 1.0 / len(films)
        return wished

    @cached_property
    def _genre_stems(self) -> dict[str, set[str]]:
        return {genre: set(stems(genre)) for genre in self._catalog.genres}


def find_demonstrations(
    tasks: Sequence[RewriteTask],
    *,
    proposer: Proposer,
    finder: FactFinder,
    environment: RankingEnvironment,
    generator: np.random.Generator,
    plan: SearchPlan | None = None,
    progress: Progress = no_progress,
) -> tuple[Demonstration, ...]:
    """The best addition of each task; tasks for which nothing is proposed are left out.

    Args:
        tasks: The training part, or some of it.
        proposer: Over the whole training part.
        finder: Facts for the rule's part of the query.
        environment: Ranks.
        generator: Draws the tries.
        plan: How.
        progress: Told after each task, stage "demonstrations".
    """
    plan = plan or SearchPlan()
    found: list[Demonstration] = []
    title = _titles(finder.catalog)
    for number, task in enumerate(tasks, 1):
        facts = finder.facts(task.context)
        additions = [""] + [
            addition_text([title(row) for row in rows])
            for rows in _tries(task, proposer, plan, generator, finder.catalog)
        ]
        if len(additions) > 1:
            rewards = _rewards(task, [composed_query(facts, one) for one in additions], environment)
            best = 1 + int(np.argmax(rewards[1:]))
            found.append(
                Demonstration(
                    task=task, answer=additions[best], reward=rewards[best], rule=rewards[0]
                )
            )
        progress("demonstrations", number, len(tasks))
    return tuple(found)


def _tries(
    task: RewriteTask,
    proposer: Proposer,
    plan: SearchPlan,
    generator: np.random.Generator,
    catalog: Catalog,
) -> list[list[int]]:
    """Rows of each try; the first is the likeliest, the others are drawn near it."""
    scores = proposer.scores(task)
    pool = sorted(scores, key=lambda row: (-scores[row], row))[:_POOL]
    if not pool:
        return []
    targets = [catalog.row(item) for item in task.targets if item in catalog]
    known = [row for row in targets if proposer.is_known(row, task, plan.known_targets)]
    tries = [pool[: plan.titles]]
    logs = np.log([scores[row] for row in pool])
    for _ in range(plan.tries - 1):
        order = np.argsort(-(logs + _NOISE * generator.gumbel(size=len(pool))), kind="stable")
        drawn = [pool[place] for place in order]
        with_targets = [*known, *(row for row in drawn if row not in known)]
        tries.append(with_targets[: plan.titles])
    return tries


def _rewards(
    task: RewriteTask, queries: Sequence[str], environment: RankingEnvironment
) -> list[float]:
    rankings = environment.rank(queries, [task.excluded] * len(queries))
    rows = environment.rows(task.targets)
    return [ndcg(ranked, rows, depth=1000) for ranked in rankings]


def _titles(catalog: Catalog) -> Callable[[int], str]:
    return lambda row: catalog.at(row).title
