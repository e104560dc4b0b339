"""How far simulated people can be trusted: measures that open every report, before any verdict on arms.

Judged against hidden events, which no fit has seen, by what a person is before being told its own hidden
truth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rec_core import Catalog, Interactions, bootstrap_interval

from .fitting import STARS, expected_rating, rating_chances
from .personas import HiddenSplit, is_exact, traits_of_users
from .rating_signals import Biases
from .statistical import StatisticalPeople
from .types import Persona, SessionRecord, Traits

Negatives = Literal["uniform", "popular"]
"""How unseen items are drawn: evenly (as published) or by popularity (harder)."""

RATIOS = (1, 2, 3, 9)
"""Unseen items for each seen one, as Agent4Rec has them."""

ITEMS_PER_PERSON = 20
_RESAMPLES = 1_000


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A figure with its 95 % bootstrap interval over people."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class SeenUnseen:
    """Can the people tell what they took later from what they never took?

    Attributes:
        ratio: Unseen items for each seen one.
        negatives: How the unseen were drawn.
        people: How many were asked.
        accuracy: Mean over people; the interval resamples people.
        precision, recall, f1: Of "I would take it", over all answers pooled.
    """

    ratio: int
    negatives: Negatives
    people: int
    accuracy: Measured
    precision: float
    recall: float
    f1: float


def seen_unseen(
    people: StatisticalPeople,
    personas: Sequence[Persona],
    split: HiddenSplit,
    *,
    ratio: int,
    negatives: Negatives,
    generator: np.random.Generator,
) -> SeenUnseen:
    """Ask everybody about 20 items: 20/(ratio + 1) of their hidden ones, the rest never taken at all.

    Somebody with fewer hidden items is asked about those, and as many times `ratio` others. The threshold
    is the one the fit was calibrated for (half and half) whatever the ratio: a person does not know it.
    Items that are also in the history are no question.
    """
    counts = split.visible.item_counts
    n_asked = max(1, ITEMS_PER_PERSON // (ratio + 1))
    rows: list[tuple[float, int, int, int]] = []
    for persona in personas:
        interest = people.interest[people.row_of(persona)]
        hidden = people.catalog.ids.rows((*persona.hidden_likes, *persona.hidden_dislikes))
        seen = np.concatenate([hidden, people.catalog.ids.rows(persona.history)])
        asked = generator.permutation(np.sort(hidden))[:n_asked]
        others = np.setdiff1d(np.arange(len(people.catalog)), seen)
        n_others = min(ratio * len(asked), len(others))
        if not len(asked) or not n_others:
            continue
        weights = counts[others] + 0.5 if negatives == "popular" else np.ones(len(others))
        drawn = generator.choice(others, n_others, replace=False, p=weights / weights.sum())
        hits = int((interest[asked] > 0).sum())
        false = int((interest[drawn] > 0).sum())
        right = (hits + n_others - false) / (len(asked) + n_others)
        rows.append((right, hits, false, len(asked) - hits))
    table = np.array(rows, dtype=float).reshape(-1, 4)
    hits, false, missed = table[:, 1:].sum(axis=0)
    return SeenUnseen(
        ratio=ratio,
        negatives=negatives,
        people=len(table),
        accuracy=_mean(table[:, 0], generator),
        precision=_share(hits, hits + false),
        recall=_share(hits, hits + missed),
        f1=_share(2 * hits, 2 * hits + false + missed),
    )


@dataclass(frozen=True, kw_only=True)
class RatingError:
    """How far ratings are from held-out ones.

    Attributes:
        people, ratings: How many were judged.
        rmse, mae: Of the expected rating.
        baseline_rmse: Of the user-and-item-bias baseline, fitted on the same visible events.
        gain: baseline_rmse - rmse, paired, resampling people.
        real, simulated: Shares of 1 to 5 stars.
        distance: Total variation between these, 0 to 1.
    """

    people: int
    ratings: int
    rmse: Measured
    mae: float
    baseline_rmse: float
    gain: Measured
    real: tuple[float, ...]
    simulated: tuple[float, ...]
    distance: float


def rating_error(
    people: StatisticalPeople,
    personas: Sequence[Persona],
    split: HiddenSplit,
    *,
    generator: np.random.Generator,
) -> RatingError | None:
    """Compare with all hidden ratings of people none of whose ratings were withheld.

    Where a source withholds low ratings only, known ones alone would look too good; so somebody with a
    single withheld rating, visible or hidden, is left out whole. None where nobody is left.
    """
    users, items, real, scores = _judged(people, personas, split)
    if not len(real):
        return None
    expected = expected_rating(scores, people.cuts)
    baseline = Biases.fit(split.visible).predict(users, items)
    _, person = np.unique(users, return_inverse=True)
    sums = np.stack(
        [
            np.bincount(person, weights)
            for weights in (np.ones_like(real), (expected - real) ** 2, (baseline - real) ** 2)
        ],
        axis=1,
    )
    shares_real = np.bincount(np.floor(real).astype(int), minlength=STARS + 1)[1:] / len(real)
    shares_simulated = rating_chances(scores, people.cuts).mean(axis=0)
    samples = generator.integers(0, len(sums), (_RESAMPLES, len(sums)))
    resampled = np.stack([sums[sample].sum(axis=0) for sample in samples])
    roots = np.sqrt(resampled[:, 1:] / resampled[:, :1])
    rmse, root_baseline = np.sqrt(sums.sum(axis=0)[1:] / len(real))
    return RatingError(
        people=len(sums),
        ratings=len(real),
        rmse=_measured(float(rmse), roots[:, 0]),
        mae=float(np.abs(expected - real).mean()),
        baseline_rmse=float(root_baseline),
        gain=_measured(float(root_baseline - rmse), roots[:, 1] - roots[:, 0]),
        real=tuple(shares_real.tolist()),
        simulated=tuple(shares_simulated.tolist()),
        distance=float(np.abs(shares_real - shares_simulated).sum() / 2),
    )


def _judged(
    people: StatisticalPeople, personas: Sequence[Persona], split: HiddenSplit
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """User rows, item rows, real ratings and scores of the pairs that can be judged."""
    withheld = _withheld(split.visible) | _withheld(split.hidden)
    rows = split.visible.users.rows(persona.user_id for persona in personas)
    place = np.full(split.visible.n_users, -1)
    place[rows] = [people.row_of(persona) for persona in personas]
    hidden = split.hidden
    chosen = (place[hidden.user_rows] >= 0) & ~withheld[hidden.user_rows]
    if not hidden.has_ratings:
        chosen[:] = False
    users, items = hidden.user_rows[chosen], hidden.item_rows[chosen]
    scores = people.ratings[place[users], items].astype(np.float64)
    return users, items, hidden.weights[chosen].astype(np.float64), scores


def _withheld(events: Interactions) -> np.ndarray:
    """Which users have a rating that is not known, (n_users,) bool."""
    unknown = ~is_exact(events)
    return np.bincount(events.user_rows, weights=unknown, minlength=events.n_users) > 0


def order_agreement(online: Mapping[str, float], offline: Mapping[str, float]) -> float:
    """Spearman's ρ between two figures of the same arms, ties sharing middle ranks; nan below 3 arms."""
    names = sorted(online.keys() & offline.keys())
    if len(names) < 3:
        return float("nan")
    ranks = [_ranks(np.array([figures[name] for name in names])) for figures in (online, offline)]
    if min(float(column.std()) for column in ranks) == 0:
        return float("nan")
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def control_is_worst(figures: Mapping[str, float], control: str) -> bool:
    """Whether the bad recommender comes out below every other arm (and there is another)."""
    others = [value for name, value in figures.items() if name != control]
    return bool(others) and figures[control] < min(others)


def leak_rate(records: Sequence[SessionRecord]) -> float:
    """Sentences that the guard had to stop, per sentence said; 0 where nothing was said."""
    said = sum(len(record.exchanges) for record in records)
    return sum(record.leaks for record in records) / said if said else 0.0


@dataclass(frozen=True, kw_only=True)
class Spread:
    """A distribution in few numbers; all 0 for nothing."""

    count: int
    mean: float
    deviation: float
    low: float
    median: float
    high: float


def reply_lengths(records: Sequence[SessionRecord]) -> Spread:
    """Words in a sentence that people said; `low` and `high` are the 5th and 95th of a hundred."""
    lengths = [len(exchange.said.split()) for record in records for exchange in record.exchanges]
    if not lengths:
        return Spread(count=0, mean=0.0, deviation=0.0, low=0.0, median=0.0, high=0.0)
    low, median, high = np.quantile(lengths, [0.05, 0.5, 0.95]).tolist()
    return Spread(
        count=len(lengths),
        mean=float(np.mean(lengths)),
        deviation=float(np.std(lengths)),
        low=low,
        median=median,
        high=high,
    )


def rating_shares(records: Sequence[SessionRecord]) -> tuple[float, ...]:
    """Shares of 1 to 5 stars that people gave in sessions; zeros where they gave none."""
    given = np.array(
        [
            reaction.rating
            for record in records
            for visit in record.visits
            for reaction in visit.reactions
            if reaction.rating is not None
        ],
        dtype=int,
    )
    counts = np.bincount(given, minlength=STARS + 1)[1:]
    return tuple((counts / max(len(given), 1)).tolist())


def stability(records: Sequence[SessionRecord]) -> float:
    """Split-half: does somebody act like themselves? Correlation over people, Spearman-Brown corrected.

    Compared is the share of shown items that was taken, less the mean of the same arm. The halves are every
    other seed, since luck is shared between arms of one seed; with one seed alone, every other arm, which
    flatters. nan with fewer than 3 people in both.
    """
    seeds = sorted({record.seed for record in records})
    arms = sorted({record.arm for record in records})
    shares: dict[str, tuple[list[tuple[str, float]], list[tuple[str, float]]]] = {}
    by_arm: dict[str, list[float]] = {}
    for record in records:
        reactions = [reaction for visit in record.visits for reaction in visit.reactions]
        if reactions:
            share = sum(reaction.watched for reaction in reactions) / len(reactions)
            place = seeds.index(record.seed) if len(seeds) > 1 else arms.index(record.arm)
            shares.setdefault(record.persona_id, ([], []))[place % 2].append((record.arm, share))
            by_arm.setdefault(record.arm, []).append(share)
    means = {arm: float(np.mean(values)) for arm, values in by_arm.items()}
    halves = [
        (_mean_gap(even, means), _mean_gap(odd, means))
        for even, odd in shares.values()
        if even and odd
    ]
    if len(halves) < 3:
        return float("nan")
    first, second = np.array(halves).T
    return _corrected(first, second)


def trait_stability(catalog: Catalog, visible: Interactions) -> Traits:
    """Split-half: are traits a person's own? Correlation over users of each trait from every other event.

    Users with fewer than 10 events are left out; Spearman-Brown corrected; nan where a trait never moves.
    """
    lengths = np.diff(visible.offsets)
    place = np.arange(len(visible)) - visible.offsets[visible.user_rows]
    enough = lengths[visible.user_rows] >= 10
    users = np.flatnonzero(lengths >= 10)
    halves = [
        traits_of_users(catalog, visible.take(enough & (place % 2 == half)))[users]
        for half in (0, 1)
    ]
    activity, conformity, diversity, novelty = (
        _corrected(halves[0][:, column], halves[1][:, column]) for column in range(4)
    )
    return Traits(activity=activity, conformity=conformity, diversity=diversity, novelty=novelty)


def _corrected(first: np.ndarray, second: np.ndarray) -> float:
    """Correlation of two halves, carried over to the whole (Spearman-Brown); nan when it has none."""
    if len(first) < 3 or first.std() == 0 or second.std() == 0:
        return float("nan")
    raw = float(np.corrcoef(first, second)[0, 1])
    return 2 * raw / (1 + raw) if raw > -1 else float("nan")


def _mean_gap(own: Sequence[tuple[str, float]], means: Mapping[str, float]) -> float:
    return float(np.mean([share - means[arm] for arm, share in own]))


def _ranks(values: np.ndarray) -> np.ndarray:
    ordered = np.sort(values)
    first = np.searchsorted(ordered, values, side="left")
    last = np.searchsorted(ordered, values, side="right")
    return (first + last - 1) / 2


def _mean(values: np.ndarray, generator: np.random.Generator) -> Measured:
    low, high = bootstrap_interval(values, generator, n_resamples=_RESAMPLES)
    return Measured(value=float(values.mean()) if len(values) else float("nan"), low=low, high=high)


def _measured(value: float, resampled: np.ndarray) -> Measured:
    low, high = np.quantile(resampled, [0.025, 0.975]).tolist()
    return Measured(value=value, low=low, high=high)


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else 0.0
