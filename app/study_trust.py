"""How far the simulated people of a study can be trusted, measured on what no fit has seen."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from agents.simulation import (
    Answered,
    HiddenSplit,
    Measured,
    Persona,
    SessionRecord,
    StatisticalPeople,
    is_exact,
    judge_answers,
    leak_rate,
    leaks_heard,
    rating_error,
    rating_shares,
    reply_lengths,
    seen_unseen,
    stability,
)
from agents.studies import Check
from rec_core import Catalog

SEEKERS_ARE_TEMPLATES = Check(
    name="Speak as people do",
    value="not measured",
    meaning="What these people say is true of the sought item and comes from a bank of sentences, in variety "
    "but in good order. Real people are vaguer, and sometimes wrong: expect less with them.",
)
SEEKERS_ARE_MODELS = Check(
    name="Speak as people do",
    value="not measured",
    meaning="A language model puts true facts of the sought item into words. Nobody compared its words with "
    "those of real people, and a small model may say less than it was given, or something else.",
)
_SEEN_MARK = 0.79
_MOST_PEOPLE = 1_000
_FEWEST_RATINGS = 30
_CHOOSY = (0.2, 0.8)
_GUESSING = 0.5


def people_checks(
    people: StatisticalPeople,
    personas: Sequence[Persona],
    split: HiddenSplit,
    *,
    generator: np.random.Generator,
) -> tuple[Check, ...]:
    """What can be said before any session: can they tell what they took, do they rate as they did?"""
    some = personas[:_MOST_PEOPLE]
    return (
        *_seen_checks(people, some, split, generator),
        *_rating_checks(people, some, split, generator),
    )


def model_checks(
    answers: Sequence[SessionRecord],
    personas: Sequence[Persona],
    split: HiddenSplit,
    *,
    generator: np.random.Generator,
) -> tuple[Check, ...]:
    """What people who are played by a language model answered when they were asked before the study."""
    hidden = split.hidden
    known = np.flatnonzero(is_exact(hidden))
    real = {
        (hidden.users.ids[user], hidden.catalog_ids.ids[item]): float(rating)
        for user, item, rating in zip(
            hidden.user_rows[known].tolist(),
            hidden.item_rows[known].tolist(),
            hidden.weights[known].tolist(),
            strict=True,
        )
    }
    found = judge_answers(answers, personas, real, generator=generator)
    return (_better_than_guessing(found), _told_apart(found), _choosy(found), _rated(found))


def _better_than_guessing(found: Answered) -> Check:
    return Check(
        name="Know their own taste at all",
        value=f"right {_interval(found.accuracy)} of the time"
        if found.answers
        else "nobody answered",
        mark="above 0.50, the whole interval",
        passed=found.accuracy.low > _GUESSING,
        meaning="Of pages of which the real users took half, did they say better than by tossing a coin which "
        "half? If not, what they do in front of a recommender says nothing about the real users.",
        decides=True,
    )


def _told_apart(found: Answered) -> Check:
    asked = (
        f"{found.answers:,} answers of {found.people:,} people, {found.calls:,} calls of the model"
    )
    failed = f"; {found.failed:,} pages got no answer" if found.failed else ""
    return Check(
        name="Tell what the real user took later from what not",
        value=f"right {_interval(found.accuracy)} of the time, {asked}{failed}"
        if found.answers
        else f"nobody answered{failed}",
        mark=f"at least {_SEEN_MARK:.2f}",
        passed=found.accuracy.value >= _SEEN_MARK,
        meaning="Before they met any recommender, people were shown pages of which half is what the real user "
        "took later and half was drawn at random; guessing gives 0.50. Published language-model simulators "
        "reach 0.69 and 0.79.",
    )


def _choosy(found: Answered) -> Check:
    low, high = _CHOOSY
    return Check(
        name="Neither take everything nor nothing",
        value=f"took {100 * found.taken:.0f} % of these" if found.answers else "nobody answered",
        mark=f"{100 * low:.0f} % to {100 * high:.0f} %",
        passed=low <= found.taken <= high,
        meaning="Half would be right. People who take all that they are shown cannot tell recommenders apart: "
        "whatever they watched or liked then says nothing about who recommends well.",
    )


def _rated(found: Answered) -> Check:
    name = "Rate as the real users did"
    if found.ratings < _FEWEST_RATINGS:
        return Check(
            name=name,
            value=f"not measured: they rated {found.ratings} items whose real rating is known",
            meaning=f"At least {_FEWEST_RATINGS} are needed to say anything.",
        )
    return Check(
        name=name,
        value=f"off by {found.rmse:.3f} stars, {found.ratings:,} ratings",
        mark=f"below {found.guess_rmse:.3f}",
        passed=found.rmse < found.guess_rmse,
        meaning="Root mean square error, against somebody who says the mean of all ratings every time.",
    )


def session_checks(records: Sequence[SessionRecord], catalog: Catalog) -> tuple[Check, ...]:
    """What the sessions themselves show about the people in them."""
    found: list[Check] = []
    steady = stability(records)
    if not math.isnan(steady):
        found.append(
            Check(
                name="People stay themselves",
                value=f"{steady:.2f}",
                mark="well above 0",
                passed=steady > 0.3,
                meaning="Do people who take more than others with some recommenders also do so with the rest? "
                "1 means always, 0 means that nobody has a character.",
            )
        )
    said = sum(len(record.exchanges) for record in records)
    if said:
        rate, heard = leak_rate(records), leaks_heard(records, catalog)
        lengths = reply_lengths(records)
        found.append(
            Check(
                name="Nobody names what they seek",
                value=f"{heard:,} of {said:,} sentences that recommenders heard named it; "
                f"{100 * rate:.1f} % were stopped before and said in another way",
                mark="0 heard",
                passed=heard == 0,
                meaning="A talk proves nothing when the person gives the answer away. Every sentence is checked "
                "before it is heard, and all of them once more here, by other means.",
            )
        )
        found.append(
            Check(
                name="Length of what people say",
                value=f"{lengths.mean:.1f} words ({lengths.low:.0f} to {lengths.high:.0f})",
                meaning="Mean, and where nine in ten sentences lie.",
            )
        )
    shares = rating_shares(records)
    if sum(shares):
        given = ", ".join(f"{star}★ {100 * share:.0f} %" for star, share in enumerate(shares, 1))
        found.append(
            Check(
                name="Ratings given in the study",
                value=given,
                meaning="Of what people chose to watch. They choose, so these are kinder than chance.",
            )
        )
    return tuple(found)


def _seen_checks(
    people: StatisticalPeople,
    personas: Sequence[Persona],
    split: HiddenSplit,
    generator: np.random.Generator,
) -> list[Check]:
    one = seen_unseen(people, personas, split, ratio=1, negatives="uniform", generator=generator)
    hard = seen_unseen(people, personas, split, ratio=1, negatives="popular", generator=generator)
    nine = seen_unseen(people, personas, split, ratio=9, negatives="uniform", generator=generator)
    return [
        Check(
            name="Tell what the real user took later from what not",
            value=f"right {_interval(one.accuracy)} of the time",
            mark=f"at least {_SEEN_MARK:.2f}",
            passed=one.accuracy.value >= _SEEN_MARK,
            meaning="As many items that the real user took later as items drawn at random; guessing gives "
            "0.50. Published language-model simulators reach 0.69 and 0.79. The people are asked before "
            "they are told what is hidden.",
        ),
        Check(
            name="The same, against well-known items",
            value=f"right {_interval(hard.accuracy)} of the time",
            meaning="Harder: what was not taken is drawn by popularity, so that fame does not give it away.",
        ),
        Check(
            name="The same, with nine others for each",
            value=f"right {_interval(nine.accuracy)}; precision {nine.precision:.2f}, recall {nine.recall:.2f}",
            meaning="As in real life, most of what is shown is not for them.",
        ),
    ]


def _rating_checks(
    people: StatisticalPeople,
    personas: Sequence[Persona],
    split: HiddenSplit,
    generator: np.random.Generator,
) -> list[Check]:
    found = rating_error(people, personas, split, generator=generator)
    if found is None:
        return [
            Check(
                name="Rate as the real users did",
                value="not measured: the data has no ratings that could be held out",
                meaning="Ratings are then invented, and say no more than what was watched.",
            )
        ]
    return [
        Check(
            name="Rate as the real users did",
            value=f"off by {found.rmse.value:.3f} stars ({found.rmse.low:.3f} to {found.rmse.high:.3f}), "
            f"{found.ratings:,} ratings",
            mark=f"below {found.baseline_rmse:.3f}",
            passed=found.rmse.value < found.baseline_rmse,
            meaning="Root mean square error on ratings that nothing was fitted to, against a baseline that "
            "knows how kind each user is and how good each item.",
        ),
        Check(
            name="Use the stars as the real users do",
            value=f"distance {found.distance:.3f}",
            mark="below 0.10",
            passed=found.distance < 0.10,
            meaning="How much of the distribution over 1 to 5 stars would have to move; 0 is the same.",
        ),
    ]


def _interval(one: Measured) -> str:
    return f"{one.value:.3f} ({one.low:.3f} to {one.high:.3f})"
