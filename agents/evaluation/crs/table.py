"""From ranks to figures: pooled recall, NDCG, MRR, intervals over dialogues, paired differences.

Definitions, for a list cut at k, mentioned items taken out before:

* r@k: targets found in the first k places over all targets, pooled over examples. An example with
  three targets weighs three times as much as one with a single target.
* ndcg@k: for each example, the sum of 1 / log2(place + 1) over its found targets, over the same sum for
  a list with its (distinct) targets in front; the mean over examples.
* mrr: 1 / place of an example's best target in the whole ranking; the mean over examples.

Turns of one dialogue resemble each other, so intervals resample whole dialogues (a cluster bootstrap;
Davison and Hinkley, "Bootstrap Methods and their Application", 1997, section 3.8). All rows share the
resamples, so the difference of two rows is paired.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rec_core import ndcg_at

from .examples import CrsExample
from .scoring import ExampleScore

CUTS = (1, 5, 10, 20, 50)
POOLED = "all"
"""Name of the source that stands for all of them together."""
MEASURES = (*(f"r@{k}" for k in CUTS), *(f"ndcg@{k}" for k in CUTS), "mrr")
DEFINITIONS = {
    "r@k": "targets in the first k places over all targets, pooled over examples",
    "ndcg@k": "mean over examples; binary gains, ideal list of the example's distinct targets",
    "mrr": "mean over examples of 1 / place of the best target in the whole ranking",
    "ranking": "the whole catalog, items mentioned in the context taken out; unknown targets are misses",
    "ci": "95 % percentile bootstrap over dialogues, all rows on the same resamples",
}
_BLOCK = 50
_TAILS = (0.025, 0.975)

Range = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class TableRow:
    """One recommender on the examples of one source.

    Attributes:
        row, source: Its name, and that of the source (`POOLED` for all).
        n_examples, n_targets, n_dialogues: What the figures stand on.
        values: Measure → value, in the order of `MEASURES`.
        ci: Measure → 95 % interval.
        seconds_p50, seconds_p95: Wall seconds of one ranking.
        tokens: Tokens of language models, mean over examples.
    """

    row: str
    source: str
    n_examples: int
    n_targets: int
    n_dialogues: int
    values: Mapping[str, float]
    ci: Mapping[str, Range]
    seconds_p50: float
    seconds_p95: float
    tokens: float


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One row less another on the same examples, measure by measure, with 95 % intervals."""

    row: str
    minus: str
    source: str
    values: Mapping[str, float]
    ci: Mapping[str, Range]


@dataclass(frozen=True, kw_only=True)
class Table:
    """All rows of all sources, sources first in the order of the files, then all together."""

    rows: tuple[TableRow, ...]
    differences: tuple[Difference, ...]

    @property
    def shown_sources(self) -> tuple[str, ...]:
        """Sources for people's eyes: a single one is not repeated as "all"."""
        sources = tuple(dict.fromkeys(row.source for row in self.rows))
        return sources if len(sources) > 2 else sources[:1]


def build_table(
    examples: Sequence[CrsExample],
    scores: Mapping[str, Sequence[ExampleScore]],
    *,
    generator: np.random.Generator,
    compared: str = "rapport",
    n_resamples: int = 1000,
) -> Table:
    """Put the table together.

    Args:
        examples: What was scored; at least one.
        scores: Row → scores in the order of `examples`.
        generator: Source of the resampling; each source gets a stream of its own from it.
        compared: The row that every other one is subtracted from, where it is there.
        n_resamples: Resamples of the dialogues.
    """
    rows: list[TableRow] = []
    differences: list[Difference] = []
    sources = (*dict.fromkeys(example.source for example in examples), POOLED)
    for source, stream in zip(sources, generator.spawn(len(sources)), strict=True):
        places = [n for n, e in enumerate(examples) if source in (e.source, POOLED)]
        some = [examples[place] for place in places]
        picked = {row: [of[place] for place in places] for row, of in scores.items()}
        estimates = _estimates(some, picked, stream, n_resamples)
        rows += [_row(row, source, some, picked[row], estimates[row]) for row in picked]
        if compared in picked:
            differences += [
                _difference(compared, other, source, estimates)
                for other in picked
                if other != compared
            ]
    return Table(rows=tuple(rows), differences=tuple(differences))


@dataclass(frozen=True)
class _Estimate:
    """(n_measures,) values and (n_resamples, n_measures) resampled ones."""

    values: np.ndarray
    resampled: np.ndarray


def _estimates(
    examples: Sequence[CrsExample],
    scores: Mapping[str, Sequence[ExampleScore]],
    generator: np.random.Generator,
    n_resamples: int,
) -> dict[str, _Estimate]:
    """Both halves of every ratio are summed by dialogue; a resample weighs dialogues, not examples."""
    names, dialogue = np.unique([e.dialogue_id for e in examples], return_inverse=True)
    parts = np.stack([_parts(examples, of) for of in scores.values()], axis=1)
    n_rows, n_columns = parts.shape[1:]
    sums = np.zeros((len(names), n_rows * n_columns))
    np.add.at(sums, dialogue, parts.reshape(len(examples), -1))
    resampled = np.concatenate(
        [
            _weights(len(names), min(_BLOCK, n_resamples - start), generator) @ sums
            for start in range(0, n_resamples, _BLOCK)
        ]
    ).reshape(-1, n_rows, n_columns)
    whole = sums.sum(axis=0).reshape(n_rows, n_columns)
    return {
        row: _Estimate(_ratios(whole[place]), _ratios(resampled[:, place]))
        for place, row in enumerate(scores)
    }


def _weights(n_dialogues: int, count: int, generator: np.random.Generator) -> np.ndarray:
    """(count, n_dialogues): how often each dialogue is drawn in each resample."""
    even = np.full(n_dialogues, 1.0 / n_dialogues)
    return generator.multinomial(n_dialogues, even, size=count).astype(np.float64)


def _parts(examples: Sequence[CrsExample], scores: Sequence[ExampleScore]) -> np.ndarray:
    """(n_examples, 2 + n_measures): 1, number of targets, then hits, NDCG and reciprocal rank."""
    beyond = np.iinfo(np.int32).max
    counts = np.array([len(example.targets) for example in examples])
    ranks = np.array([beyond if r is None else r for of in scores for r in of.ranks])
    owner = np.repeat(np.arange(len(examples)), counts)
    n = len(examples)
    hits = [np.bincount(owner, weights=ranks < k, minlength=n) for k in CUTS]
    ndcg = [ndcg_at(ranks, owner, k=k, n_users=n) for k in CUTS]
    best = np.full(n, beyond)
    np.minimum.at(best, owner, ranks)
    reciprocal = np.where(best < beyond, 1.0 / (best + 1.0), 0.0)
    return np.stack([np.ones(n), counts, *hits, *ndcg, reciprocal], axis=1)


def _ratios(sums: np.ndarray) -> np.ndarray:
    """(…, 2 + n_measures) sums → (…, n_measures) measures."""
    n_examples, n_targets = sums[..., :1], sums[..., 1:2]
    hits, means = sums[..., 2 : 2 + len(CUTS)], sums[..., 2 + len(CUTS) :]
    return np.concatenate([hits / n_targets, means / n_examples], axis=-1)


def _row(
    row: str,
    source: str,
    examples: Sequence[CrsExample],
    scores: Sequence[ExampleScore],
    estimate: _Estimate,
) -> TableRow:
    p50, p95 = np.quantile([score.seconds for score in scores], [0.5, 0.95])
    return TableRow(
        row=row,
        source=source,
        n_examples=len(examples),
        n_targets=sum(len(example.targets) for example in examples),
        n_dialogues=len({example.dialogue_id for example in examples}),
        values=_named(estimate.values),
        ci=_ranges(estimate.resampled),
        seconds_p50=float(p50),
        seconds_p95=float(p95),
        tokens=float(np.mean([score.tokens for score in scores])),
    )


def _difference(
    row: str, minus: str, source: str, estimates: Mapping[str, _Estimate]
) -> Difference:
    mine, theirs = estimates[row], estimates[minus]
    return Difference(
        row=row,
        minus=minus,
        source=source,
        values=_named(mine.values - theirs.values),
        ci=_ranges(mine.resampled - theirs.resampled),
    )


def _named(values: np.ndarray) -> dict[str, float]:
    return dict(zip(MEASURES, values.tolist(), strict=True))


def _ranges(resampled: np.ndarray) -> dict[str, Range]:
    low, high = np.quantile(resampled, _TAILS, axis=0)
    return dict(zip(MEASURES, zip(low.tolist(), high.tolist(), strict=True), strict=True))
