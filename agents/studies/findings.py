"""From sessions to findings: who is best, how sure that is, and whether the people can be believed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from ..simulation.types import Persona, SessionRecord
from .measures import Measure, PeopleFigures, figures_of_people, measures_of
from .report import ArmCost, Background, Check, StudyReport, shown
from .running import Outcome
from .sessions import Session
from .spec import StudySpec
from .statistics import Comparison, Estimate, compare_all, estimates, resampled_means, spearman


def build_report(
    spec: StudySpec,
    outcome: Outcome,
    people: Mapping[str, Persona],
    offline: Mapping[str, Sequence[float | None]],
    background: Background,
    *,
    generator: np.random.Generator,
) -> StudyReport:
    """Put the findings together; equal sessions give equal tables.

    Args:
        spec: The study.
        outcome: What was held.
        people: Personas by id, in the order of the plan.
        offline: Arm → NDCG@10 person by person, in the order of `people`; None where it ranks nothing.
        background: Surroundings.
        generator: Source of resamples; spawned per table, so that one table does not move another.
    """
    protocol = spec.session.protocol
    names = tuple(arm.name for arm in spec.arms)
    figures = figures_of_people(
        outcome.sessions,
        people,
        arms=names,
        n_seeds=len(spec.seeds),
        protocol=protocol,
        most_turns=spec.session.turns,
    )
    measures = measures_of(protocol)
    found: dict[str, list[Estimate]] = {}
    compared: dict[str, tuple[Comparison, ...]] = {}
    for measure, stream in zip(measures, generator.spawn(len(measures)), strict=True):
        found[measure.name] = estimates(figures.values[measure.name], stream)
        if measure.is_more_better is not None:
            pairs = compare_all(names, figures.values[measure.name], stream)
            compared[measure.name] = tuple(pairs)
    order = _best_first(names, [one.mean for one in found[measures[0].name]])
    arms = {
        name: {measure.name: found[measure.name][names.index(name)] for measure in measures}
        for name in order
    }
    records = [one.record for one in outcome.sessions]
    ranked = {
        arm: math.fsum(known) / len(known)
        for arm, values in offline.items()
        if (known := [value for value in values if value is not None])
    }
    return StudyReport(
        spec=spec,
        background=background,
        n_people=len(figures.persona_ids),
        n_planned=outcome.n_planned,
        n_held=len(outcome.sessions),
        stopped_by=outcome.stopped_by,
        arms=arms,
        comparisons=compared,
        control=control_check(spec, arms, compared.get(measures[0].name, ())),
        offline=ranked,
        agreements=_agreements(figures, measures, ranked, generator),
        found_by_turn=_found_by_turn(records, names, spec.session.turns)
        if protocol == "seek"
        else {},
        costs={
            name: _cost([one for one in outcome.sessions if one.key.arm == name]) for name in order
        },
        endings={
            name: dict(sorted(Counter(one.ending for one in records if one.arm == name).items()))
            for name in order
        },
        failures=tuple(
            (one.arm, one.persona_id, one.seed, one.failure) for one in records if one.failure
        ),
        sessions=outcome.sessions,
        people=people,
    )


def control_check(
    spec: StudySpec,
    arms: Mapping[str, Mapping[str, Estimate]],
    comparisons: Sequence[Comparison],
) -> Check:
    """Whether recommending at random came out worst by the deciding measure.

    It must be strictly last, and clearly behind the best arm: people who cannot tell the best from
    chance can tell nothing.
    """
    measure = measures_of(spec.session.protocol)[0]
    name = "Bad recommender comes out bad"
    meaning = (
        "One recommender shows items at random. If simulated people do not find it the worst, "
        "nothing else that they say can be believed."
    )
    randoms = [arm.name for arm in spec.arms if arm.kind == "random"]
    if not randoms or not arms:
        return Check(
            name=name,
            value="there was no recommender that shows items at random",
            mark="worst of all",
            passed=False,
            meaning=meaning,
            decides=True,
        )
    bad, best = randoms[0], next(iter(arms))
    means = {arm: of[measure.name].mean for arm, of in arms.items()}
    is_last = all(means[bad] < mean for arm, mean in means.items() if arm not in randoms)
    is_clear = any({one.first, one.second} == {bad, best} and one.is_clear for one in comparisons)
    place = 1 + sum(mean > means[bad] for mean in means.values())
    value = f"“{bad}” is number {place} of {len(means)} ({shown(means[bad], measure)})"
    if is_last and not is_clear:
        value += ", but not clearly behind the best: too few people, or people who do not care"
    return Check(
        name=name,
        value=value,
        mark="worst of all, clearly behind the best",
        passed=is_last and is_clear,
        meaning=meaning,
        decides=True,
    )


def _best_first(names: Sequence[str], means: Sequence[float]) -> list[str]:
    """By mean, highest first; ties and NaN in the order of the file."""
    places = range(len(names))
    return [
        names[place]
        for place in sorted(
            places, key=lambda place: -means[place] if not math.isnan(means[place]) else math.inf
        )
    ]


def _agreements(
    figures: PeopleFigures,
    measures: Sequence[Measure],
    ranked: Mapping[str, float],
    generator: np.random.Generator,
) -> dict[str, Estimate]:
    """Measure → agreement, for those that are good or bad; in the order of the measures."""
    judged = [one for one in measures if one.is_more_better is not None]
    found = {}
    for one, stream in zip(judged, generator.spawn(len(judged)), strict=True):
        sign = 1.0 if one.is_more_better else -1.0
        agreement = _agreement(figures, sign * figures.values[one.name], ranked, stream)
        if agreement is not None:
            found[one.name] = agreement
    return found


def _agreement(
    figures: PeopleFigures,
    primary: np.ndarray,
    ranked: Mapping[str, float],
    generator: np.random.Generator,
) -> Estimate | None:
    """Spearman over arms that were ranked offline, resampling people of the study."""
    columns = [place for place, arm in enumerate(figures.arms) if arm in ranked]
    kept = primary[:, columns][~np.isnan(primary[:, columns]).any(axis=1)]
    if len(columns) < 3 or not len(kept):
        return None
    marks = [ranked[figures.arms[place]] for place in columns]
    mean = spearman(kept.mean(axis=0).tolist(), marks)
    if math.isnan(mean):
        return None
    drawn = resampled_means(kept, generator, 1000)
    low, high = np.nanquantile([spearman(row.tolist(), marks) for row in drawn], [0.025, 0.975])
    return Estimate(mean=mean, low=float(low), high=float(high))


def _found_by_turn(
    records: Sequence[SessionRecord], names: Sequence[str], turns: int
) -> dict[str, tuple[float, ...]]:
    shares = {}
    for name in names:
        hits = [one.hit_turn for one in records if one.arm == name]
        shares[name] = tuple(
            sum(turn is not None and turn <= most for turn in hits) / max(len(hits), 1)
            for most in range(1, turns + 1)
        )
    return shares


def _cost(sessions: Sequence[Session]) -> ArmCost:
    replies = [talk.reply for one in sessions for talk in one.record.exchanges]
    n = max(len(sessions), 1)
    return ArmCost(
        seconds=math.fsum(one.seconds for one in sessions) / n,
        model_calls=sum(reply.model_calls for reply in replies) / n,
        tokens=sum(reply.tokens for reply in replies) / n,
        person_calls=sum(one.record.person_calls for one in sessions) / n,
        person_tokens=sum(one.record.person_tokens for one in sessions) / n,
    )
