"""What a rewrite is worth: pure functions, one for each part, and the kit that adds them up.

The main part is NDCG of the ranking that the rewrite leads to. Trainings cut it deep (1,000), so
that a query which brings the wanted item up from place 900 to 300 earns something; reports cut it
at 100 (Jiang et al., Rec-R1, 2025, do the same). A part that does not apply is None, never 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields

import numpy as np

from rec_core import RapportError, SettingsError

from .environment import DEPTH, RankingEnvironment
from .prompting import Rewrite, query_words, read_rewrite
from .tasks import RewriteTask

REPORT_DEPTH = 100
_GUARDED = 10


class RewardFailed(RapportError):
    """A reward could not be computed; training must stop and keep what it has."""


@dataclass(frozen=True, kw_only=True)
class RewardConfig:
    """How parts count.

    Attributes:
        depth: Cut-off of NDCG.
        format_bonus: For an answer that is a rewrite.
        format_penalty: For one that is none; nothing else is then earned.
        free_words: Words of a query that cost nothing.
        length_weight: Lost for each further `free_words` words, in proportion.
        copy_weight: Lost by a query that is the last message itself, word for word.
        popularity_weight: Of the popularity guard; 0 leaves it out.
        diversity_weight: Of the diversity guard; 0 leaves it out.
    """

    depth: int = DEPTH
    format_bonus: float = 0.1
    format_penalty: float = -1.0
    free_words: int = 40
    length_weight: float = 0.1
    copy_weight: float = 0.1
    popularity_weight: float = 0.0
    diversity_weight: float = 0.0


@dataclass(frozen=True, kw_only=True)
class RewardParts:
    """The parts of one completion's reward, each as it counts; None where one does not apply."""

    ndcg: float | None
    format: float
    length: float | None
    copy: float | None
    popularity: float | None
    diversity: float | None

    @property
    def total(self) -> float:
        """The sum of what applies."""
        return sum(value for value in asdict(self).values() if value is not None)

    def as_dict(self) -> dict[str, float | None]:
        """Every part by name, with "total"."""
        return {**asdict(self), "total": self.total}


PARTS = tuple(field.name for field in fields(RewardParts))
"""Names of the parts, for logs."""

Guard = Callable[[np.ndarray], float]
"""Ranked rows → a value in [0, 1], 1 where nothing is to be held against them."""


def ndcg(ranked: np.ndarray, targets: np.ndarray, *, depth: int) -> float:
    """NDCG@depth with binary gains (Järvelin and Kekäläinen 2002); repeats count once on both sides.

    Args:
        ranked: Rows, best first.
        targets: Rows; -1 (unknown to the catalog) is a target that no ranking finds.
        depth: Places looked at.

    Returns:
        A number in [0, 1]. The ideal list has each distinct target in front, unknown ones too.

    Raises:
        ValueError: There is no target.
    """
    places = target_ranks(ranked, targets)
    if not len(places):
        raise ValueError("a task needs at least one target")
    found = places[places < depth]
    ideal = np.arange(min(len(places), depth))
    return float((1.0 / np.log2(found + 2.0)).sum() / (1.0 / np.log2(ideal + 2.0)).sum())


def target_ranks(ranked: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Place of each distinct target, 0 = best; a very large number where it is not ranked.

    Each unknown target (-1) is one of its own.
    """
    known = np.unique(targets[targets >= 0])
    places = np.full(len(known) + int((targets < 0).sum()), np.iinfo(np.int64).max)
    _, first = np.unique(ranked, return_index=True)
    kept = ranked[np.sort(first)]  # a repeated row counts where it comes first
    hits = np.flatnonzero(np.isin(kept, known))
    places[np.searchsorted(known, kept[hits])] = hits
    return places


def recall(ranked: np.ndarray, targets: np.ndarray, *, depth: int) -> float:
    """Share of the distinct targets in the first `depth` places."""
    return float(np.mean(target_ranks(ranked, targets) < depth))


def length_penalty(query: str, *, free_words: int) -> float:
    """0 up to `free_words` words, then -1 for as many again, in proportion; never below -1."""
    extra = len(query.split()) - free_words
    return -min(1.0, max(0.0, extra / max(1, free_words)))


def copy_penalty(query: str, last_message: str) -> float | None:
    """-1 when the query is the last message word for word, 0 when at most half of it is taken over.

    What counts is the longest run of words that both share, over the longer of the two, in
    proportion above one half. None when the message has fewer than four words: a short wish may
    well be the best query.
    """
    said, asked = query_words(last_message), query_words(query)
    if len(said) < 4 or not asked:
        return None
    share = _longest_run(asked, said) / max(len(asked), len(said))
    return min(0.0, 1.0 - 2 * share)


def _longest_run(first: Sequence[str], second: Sequence[str]) -> int:
    """Length of the longest common run of words."""
    best = 0
    ends = [0] * (len(second) + 1)
    for word in first:
        fresh = [0] * (len(second) + 1)
        for place, other in enumerate(second):
            if word == other:
                fresh[place + 1] = ends[place] + 1
                best = max(best, fresh[place + 1])
        ends = fresh
    return best


def popularity_guard(popularity: np.ndarray) -> Guard:
    """1 less the mean popularity (as a share of items that are less popular) of the first ten.

    Args:
        popularity: (n_items,) counts; ties share the lower place.
    """
    order = np.sort(popularity)
    share = np.searchsorted(order, popularity, side="left") / max(1, len(popularity))
    return lambda ranked: 1.0 - float(share[ranked[:_GUARDED]].mean()) if len(ranked) else 1.0


def diversity_guard(item_vectors: np.ndarray) -> Guard:
    """1 less the mean cosine between two of the first ten, cut to [0, 1].

    Args:
        item_vectors: (n_items, d) unit rows.
    """

    def guard(ranked: np.ndarray) -> float:
        some = item_vectors[ranked[:_GUARDED]].astype(np.float64)
        n = len(some)
        if n < 2:
            return 1.0
        mean = (np.square(some.sum(axis=0)).sum() - n) / (n * (n - 1))
        return float(min(1.0, max(0.0, 1.0 - mean)))

    return guard


class RewardKit:
    """Rewards of completions.

    Args:
        environment: Ranks.
        config: How parts count.
        popularity, diversity: Guards, needed where their weight is not 0.

    Raises:
        SettingsError: A guard has a weight and is not given.
    """

    def __init__(
        self,
        environment: RankingEnvironment,
        config: RewardConfig | None = None,
        *,
        popularity: Guard | None = None,
        diversity: Guard | None = None,
    ) -> None:
        self.environment = environment
        self.config = config or RewardConfig()
        guards = {
            "popularity": (popularity, self.config.popularity_weight),
            "diversity": (diversity, self.config.diversity_weight),
        }
        for name, (guard, weight) in guards.items():
            if weight and guard is None:
                raise SettingsError(
                    f"The {name} guard has weight {weight} and is not there.",
                    f"Give {name}_guard(…), or leave its weight at 0.",
                )
        self._guards = guards

    def reward(
        self, tasks: Sequence[RewriteTask], completions: Sequence[str]
    ) -> tuple[RewardParts, ...]:
        """The reward of each completion for its task; rankings of a batch are made together.

        Raises:
            RewardFailed: A part raised, or is not a number.
        """
        rewrites = [read_rewrite(completion) for completion in completions]
        pairs = [
            (task, rewrite)
            for task, rewrite in zip(tasks, rewrites, strict=True)
            if rewrite is not None
        ]
        try:
            rankings = iter(
                self.environment.rank(
                    [rewrite.query for _, rewrite in pairs], [task.excluded for task, _ in pairs]
                )
            )
            parts = tuple(
                self._no_rewrite()
                if rewrite is None
                else self._parts(task, rewrite, next(rankings))
                for task, rewrite in zip(tasks, rewrites, strict=True)
            )
        except RapportError:
            raise
        except Exception as fault:  # whatever it is, training must not go on with a wrong reward
            raise RewardFailed(
                f"The reward could not be computed: {type(fault).__name__}: {fault}.",
                "Training stops with its last checkpoint; mend the reward and resume.",
            ) from fault
        _check_numbers(tasks, parts)
        return parts

    def _no_rewrite(self) -> RewardParts:
        return RewardParts(
            ndcg=None,
            format=self.config.format_penalty,
            length=None,
            copy=None,
            popularity=None,
            diversity=None,
        )

    def _parts(self, task: RewriteTask, rewrite: Rewrite, ranked: np.ndarray) -> RewardParts:
        config = self.config
        last = next((said.text for said in reversed(task.context) if said.role == "user"), "")
        copied = copy_penalty(rewrite.query, last)
        length = length_penalty(rewrite.query, free_words=config.free_words)
        return RewardParts(
            ndcg=ndcg(ranked, self.environment.rows(task.targets), depth=config.depth),
            format=config.format_bonus,
            length=config.length_weight * length,
            copy=None if copied is None else config.copy_weight * copied,
            popularity=self._guarded("popularity", ranked),
            diversity=self._guarded("diversity", ranked),
        )

    def _guarded(self, name: str, ranked: np.ndarray) -> float | None:
        guard, weight = self._guards[name]
        return weight * guard(ranked) if guard is not None and weight else None


def _check_numbers(tasks: Sequence[RewriteTask], parts: Sequence[RewardParts]) -> None:
    for task, one in zip(tasks, parts, strict=True):
        for name, value in one.as_dict().items():
            if value is not None and not math.isfinite(value):
                raise RewardFailed(
                    f"The reward part {name!r} of task {task.task_id!r} is {value}.",
                    "Training stops with its last checkpoint; mend the reward and resume.",
                )
