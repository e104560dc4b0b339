"""When to ask and when to only show, decided by what an answer would be worth. Pure.

Something is always shown. A question goes with it when the wish is wide open and the best question about
one attribute of what could be shown is expected to tell enough. Its worth is the mutual information between
the item that the person has in mind and their answer,

    I(item; answer) = H(answer) - sum_i w_i * H(answer | i),

over the pool of candidates with weights w (softmax of their scores in standard deviations). Somebody whose item fits n of the
answers is taken to choose among them evenly, so H(answer | i) = log2 n; an item that fits none is one more
answer, "none of these". In bits: 1 is a question that halves the pool.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from rec_core import Candidate, Catalog, Item

from .reasons import FOR_CHILDREN, kind_words
from .state import ConversationState, Wish

POOL = 40
ENOUGH_BITS = 0.9
MOST_ANSWERS = 4
FEWEST_ANSWERS = 3
MOST_CONDITIONS = 1
# An answer that fits nearly everything or hardly anything is not worth a button.
_LEAST_SHARE, _MOST_SHARE = 0.04, 0.75
# At this many standard deviations of score below the best, an item counts a third of it.
_TEMPERATURE = 1.5
_SAID_AS = {
    "Comedy": "A comedy",
    "Thriller": "A thriller",
    "Romance": "A romance",
    "Horror": "A horror film",
    "Drama": "A drama",
    "Action": "An action film",
    "Adventure": "An adventure film",
    "Animation": "An animated film",
    "Crime": "A crime film",
    "Fantasy": "A fantasy film",
    "Mystery": "A mystery",
    "Sci-Fi": "Science fiction",
    "War": "A war film",
}
_QUESTIONS = {
    "genre": "What kind would you like most?",
    "era": "Rather newer or older ones?",
    "mood": "Which of these comes closest to what you are after?",
}


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question about one attribute.

    Attributes:
        attribute: "genre", "era" or "mood".
        text: As it is asked.
        answers: Three or four messages to click; kinds and years are always understood when they are
            said, of moods some few are not (tags that are everyday words, such as "classic").
        bits: What the answer is expected to tell.
    """

    attribute: str
    text: str
    answers: tuple[str, ...]
    bits: float


def question_text(attribute: str) -> str:
    """The question about an attribute; "" for an attribute that is never asked about."""
    return _QUESTIONS.get(attribute, "")


def may_ask(wish: Wish, state: ConversationState) -> bool:
    """Whether a question would be welcome: a wide open wish, and the last answer was none.

    Wide open: no example, no person, no words, no number asked for, and at most one of a kind and years.
    """
    if state.asked or wish.count is not None:
        return False
    if wish.like_item_ids or wish.people_all or wish.query or wish.notes:
        return False
    wanted = any(weight > 0 for weight in wish.genre_weights.values())
    kinds = len(wish.genres_all) + bool(wish.genres_any) + wanted
    years = wish.year_min is not None or wish.year_max is not None
    return kinds + years <= MOST_CONDITIONS


def best_question(
    pool: Sequence[Candidate],
    catalog: Catalog,
    wish: Wish,
    *,
    asked_about: Iterable[str] = (),
    enough_bits: float = ENOUGH_BITS,
) -> Question | None:
    """The question that tells most about a pool, or None when none tells enough.

    Args:
        pool: Candidates for this wish, scores as the core gave them; the best `POOL` are looked at.
        catalog: Knows the items.
        wish: What is stated already is not asked for.
        asked_about: Attributes that were asked about before in this conversation.
        enough_bits: The least that an answer must be expected to tell.

    Ties go to the first of genre, era, mood.
    """
    best = sorted(pool, key=lambda one: -one.score)[:POOL]
    items = [catalog[one.item_id] for one in best if one.item_id in catalog]
    if len(items) < FEWEST_ANSWERS:
        return None
    weights = pool_weights([one.score for one in best if one.item_id in catalog])
    options = {
        "genre": {} if wish.genres_all or wish.genres_any else _genre_options(items, catalog),
        "era": {} if wish.year_min or wish.year_max else _era_options(items),
        "mood": _mood_options(items),
    }
    found: Question | None = None
    for attribute, fitting in options.items():
        if attribute in set(asked_about):
            continue
        question = _question(attribute, fitting, weights)
        if question is not None and (found is None or question.bits > found.bits + 1e-9):
            found = question
    return found if found is not None and found.bits >= enough_bits else None


def pool_weights(scores: Sequence[float]) -> np.ndarray:
    """Softmax of scores in standard deviations, (n,) summing to 1; equal scores count the same."""
    values = np.asarray(scores, dtype=np.float64)
    spread = float(values.std())
    scaled = (values - values.max()) / (spread * _TEMPERATURE) if spread > 0 else values * 0.0
    weights = np.exp(scaled)
    return weights / weights.sum()


def expected_bits(fits: np.ndarray, weights: np.ndarray) -> float:
    """I(item; answer) in bits, for answers that fit items as in the bool matrix (n_answers, n_items)."""
    fits = np.vstack([fits, ~fits.any(axis=0)])
    number = fits.sum(axis=0)
    shares = (fits / number) @ weights
    positive = shares[shares > 0]
    return float(-(positive * np.log2(positive)).sum() - weights @ np.log2(number))


def _question(
    attribute: str, fitting: dict[str, np.ndarray], weights: np.ndarray
) -> Question | None:
    """The best few answers, taken one by one by what each adds; None with fewer than three."""
    left = {
        answer: fits
        for answer, fits in fitting.items()
        if _LEAST_SHARE <= float(fits @ weights) <= _MOST_SHARE
    }
    chosen: dict[str, np.ndarray] = {}
    bits = 0.0
    while left and len(chosen) < MOST_ANSWERS:
        worth = {
            answer: expected_bits(np.array([*chosen.values(), fits]), weights)
            for answer, fits in left.items()
        }
        answer = max(worth, key=lambda one: round(worth[one], 9))
        if worth[answer] < bits and len(chosen) >= FEWEST_ANSWERS:
            break
        bits, chosen[answer] = worth[answer], left.pop(answer)
    if len(chosen) < FEWEST_ANSWERS:
        return None
    # In the order in which the answers were offered by the attribute: eras by time, kinds by frequency.
    answers = tuple(answer for answer in fitting if answer in chosen)
    return Question(
        attribute=attribute, text=_QUESTIONS[attribute], answers=answers, bits=round(bits, 6)
    )


def _genre_options(items: Sequence[Item], catalog: Catalog) -> dict[str, np.ndarray]:
    """An answer per kind; "for the whole family" stands for kinds that say whom it is for."""
    return {
        "For the whole family" if genre in FOR_CHILDREN else _genre_answer(genre): np.array(
            [genre in item.genres for item in items]
        )
        for genre in catalog.genres
    }


def _genre_answer(genre: str) -> str:
    words = kind_words(genre)
    return _SAID_AS.get(genre, f"{words[:1].upper()}{words[1:]}")


def _era_options(items: Sequence[Item]) -> dict[str, np.ndarray]:
    """Decades, the oldest and the newest open at their end."""
    years = sorted(item.year for item in items if item.year is not None)
    if not years:
        return {}
    newest = 10 * (years[-1] // 10)
    oldest = max(newest - 10 * (MOST_ANSWERS - 1), 10 * (years[0] // 10))
    known = np.array([-1 if item.year is None else item.year for item in items])
    options = {}
    for decade in range(newest, oldest - 1, -10):
        inside = (known >= decade) & (known < decade + 10)
        if decade == oldest and years[0] < oldest:
            options[f"From before {decade + 10}"] = (known >= 0) & (known < decade + 10)
        else:
            options[f"From the {decade}s"] = inside
    return options


def _mood_options(items: Sequence[Item]) -> dict[str, np.ndarray]:
    """Tags that several of the items have, most frequent first; ties by name."""
    tags: dict[str, int] = {}
    for item in items:
        for tag in dict.fromkeys(item.tags):
            tags[tag] = tags.get(tag, 0) + 1
    often = math.ceil(_LEAST_SHARE * len(items)) + 1
    common = sorted((tag for tag, n in tags.items() if n >= often), key=lambda t: (-tags[t], t))
    return {
        f"Something about {tag}": np.array([tag in item.tags for item in items]) for tag in common
    }
