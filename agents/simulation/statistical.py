"""Statistical people: no model of language, a calibrated model of choice and rating per persona.

What the fit is told: the visible events of all users. The last fifth of each user's visible events weighs
the signals (calibration), the signals are then made anew from all that is visible. Hidden events are never
fitted, so they can judge. In a session a person also knows the own hidden likes and dislikes: that is the
truth an arm has to find.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rec_core import (
    ArtifactError,
    ArtifactWriter,
    Catalog,
    DataError,
    Interactions,
    UnknownUserError,
    read_artifact,
)

from .behaviour import StatisticalPerson, Tastes
from .fitting import STARS, BentLogistic, OrderedLogit
from .personas import HiddenSplit, hide_late_events, is_exact, is_liked
from .rating_signals import RatingSignals
from .tastes import TasteSignals
from .types import Persona

_KIND = "simulated-people"
_CALIBRATION_USERS, _PER_USER = 2_000, 20
_NUMBERS_AT_ONCE = 15_000_000
# Cuts for data without ratings: shares of stars 1 to 4 and below as in MovieLens-1M, on a unit logistic.
_INVENTED_CUTS = np.array([-2.82, -1.65, -0.30, 1.23])


class StatisticalPeople:
    """People of a study, ready to be opened; a session costs microseconds an item.

    Args:
        catalog: Items; rows of the matrices are its rows.
        persona_ids: Whom it has, in the order of the matrices' rows.
        interest: (n_people, n_items) float32 logits of P(take | shown) when half of what is shown is theirs.
        ratings: (n_people, n_items) float32 scores of the ordered logit of ratings.
        cuts: (4,) its thresholds.
    """

    name = "statistical"

    def __init__(
        self,
        catalog: Catalog,
        persona_ids: Sequence[str],
        interest: np.ndarray,
        ratings: np.ndarray,
        cuts: np.ndarray,
    ) -> None:
        self.catalog = catalog
        self.persona_ids = tuple(persona_ids)
        self.interest = interest
        self.ratings = ratings
        self.cuts = cuts
        self._row_of = {persona_id: row for row, persona_id in enumerate(self.persona_ids)}

    @classmethod
    def fit(
        cls, catalog: Catalog, split: HiddenSplit, personas: Sequence[Persona], *, seed: int = 0
    ) -> StatisticalPeople:
        """Fit on the visible part alone; seconds to a minute. Equal arguments give equal people.

        Raises:
            DataError: The interactions name no user of a persona, or too few events are visible.
        """
        rows = _rows_of(split.visible, personas)
        inner = hide_late_events(split.visible, share=0.2)
        interest = _interest(catalog, split.visible, inner, rows, seed)
        if split.visible.has_ratings:
            ratings, cuts = _ratings(catalog, split.visible, inner, rows, seed)
        else:
            # Nobody said how good anything was: what attracts more is taken to please more.
            spread = max(float(interest.std()), 1e-6)
            ratings, cuts = (interest - interest.mean()) / spread, _INVENTED_CUTS
        names = [persona.persona_id for persona in personas]
        return cls(catalog, names, interest, ratings, cuts)

    def save(self, folder: Path) -> None:
        """Write an artifact folder, for other processes. Raises StorageError."""
        config = {"catalog": self.catalog.fingerprint, "persona_ids": list(self.persona_ids)}
        with ArtifactWriter(folder, kind=_KIND, config=config) as writer:
            arrays = {"interest": self.interest, "ratings": self.ratings, "cuts": self.cuts}
            writer.add_tensors("people", arrays)

    @classmethod
    def load(cls, folder: Path, catalog: Catalog) -> StatisticalPeople:
        """Read what `save` wrote.

        Raises:
            ArtifactError: Missing, damaged, or fitted on another catalog.
        """
        artifact = read_artifact(folder, kind=_KIND)
        if artifact.config["catalog"] != catalog.fingerprint:
            raise ArtifactError(
                f"The simulated people in {str(folder)!r} were fitted on another catalog.",
                "Remove that folder and run the study again.",
            )
        arrays = artifact.arrays("people")
        names = artifact.config["persona_ids"]
        return cls(catalog, names, arrays["interest"], arrays["ratings"], arrays["cuts"])

    def row_of(self, persona: Persona) -> int:
        """The row of a persona in the matrices. Raises UnknownUserError."""
        if persona.persona_id not in self._row_of:
            raise UnknownUserError(
                f"The simulated people have no {persona.persona_id!r}.",
                "Fit them with all personas of the study.",
            )
        return self._row_of[persona.persona_id]

    def open(self, persona: Persona, seed: int) -> StatisticalPerson:
        """The person at the start of a session. Raises UnknownUserError."""
        row = self.row_of(persona)
        tastes = Tastes(
            ids=self.catalog.ids,
            interest=self.interest[row],
            ratings=self.ratings[row],
            cuts=self.cuts,
        )
        return StatisticalPerson(persona, tastes, seed)


def _rows_of(visible: Interactions, personas: Sequence[Persona]) -> np.ndarray:
    unknown = [one.user_id for one in personas if one.user_id not in visible.users]
    if unknown or not personas:
        raise DataError(
            f"The interactions have no user {unknown[0]!r}."
            if unknown
            else "There are no personas.",
            "Draw the personas from the same split.",
        )
    return visible.users.rows(one.user_id for one in personas)


def _interest(
    catalog: Catalog, visible: Interactions, inner: HiddenSplit, rows: np.ndarray, seed: int
) -> np.ndarray:
    features, answers = _choices(
        TasteSignals(catalog, inner.visible, seed=seed), visible, inner.hidden, seed
    )
    model = BentLogistic.fit(features, answers)
    signals = TasteSignals(catalog, visible, seed=seed)
    found = np.empty((len(rows), len(catalog)), dtype=np.float32)
    for start, end in _blocks(len(rows), len(catalog)):
        block = signals.of(rows[start:end])
        flat = model.logits(block.reshape(-1, block.shape[-1]))
        found[start:end] = flat.reshape(end - start, -1)
    return found


def _choices(
    signals: TasteSignals, visible: Interactions, calibration: Interactions, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """What calibration users took (1) against as many drawn evenly and as many drawn by popularity (0).

    Every taken item stands there twice, once for each kind, so that both together are as many. "Never
    taken" is judged by visible events alone: a few of the drawn were taken later, which the fit cannot know.
    """
    generator = np.random.default_rng(seed)
    able = np.flatnonzero(np.diff(calibration.offsets))
    users = np.sort(generator.permutation(able)[:_CALIBRATION_USERS])
    features: list[np.ndarray] = []
    answers: list[np.ndarray] = []
    for start, end in _blocks(len(users), visible.n_items):
        block = signals.of(users[start:end])
        for user, table in zip(users[start:end].tolist(), block, strict=True):
            taken = np.unique(calibration.history(user))
            if len(taken) > _PER_USER:
                taken = generator.choice(taken, _PER_USER, replace=False)
            others = np.setdiff1d(np.arange(visible.n_items), visible.history(user))
            drawn = draw_unseen(others, signals.counts, 2 * len(taken), generator)
            features.append(table[np.concatenate([taken, taken, drawn])])
            answers.append(np.repeat([1.0, 0.0], [2 * len(taken), len(drawn)]))
    return np.concatenate(features), np.concatenate(answers)


def draw_unseen(
    others: np.ndarray, counts: np.ndarray, count: int, generator: np.random.Generator
) -> np.ndarray:
    """Of `others`: half of `count` evenly, half by popularity, each without repeats."""
    evenly = generator.choice(others, min(count // 2, len(others)), replace=False)
    weights = counts[others] + 0.5
    weights = weights / weights.sum()
    famous = generator.choice(
        others, min(count - count // 2, len(others)), replace=False, p=weights
    )
    return np.concatenate([evenly, famous])


def _ratings(
    catalog: Catalog, visible: Interactions, inner: HiddenSplit, rows: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    signals, calibration = RatingSignals(catalog, inner.visible, seed=seed), inner.hidden
    sample = np.random.default_rng(seed).permutation(visible.n_users)[:_CALIBRATION_USERS]
    chosen = calibration.take(np.isin(calibration.user_rows, sample))
    parts = []
    for start, end in _blocks(len(sample), visible.n_items):
        users = np.sort(sample)[start:end]
        mine = np.isin(chosen.user_rows, users)
        place = np.searchsorted(users, chosen.user_rows[mine])
        parts.append(signals.of(users)[place, chosen.item_rows[mine]])
    low, high = star_bounds(chosen)
    model = OrderedLogit.fit(np.concatenate(parts), low, high)
    signals = RatingSignals(catalog, visible, seed=seed)
    found = np.empty((len(rows), len(catalog)), dtype=np.float32)
    for start, end in _blocks(len(rows), len(catalog)):
        block = signals.of(rows[start:end])
        flat = model.scores(block.reshape(-1, block.shape[-1]))
        found[start:end] = flat.reshape(end - start, -1)
    return found, model.cuts


def star_bounds(events: Interactions) -> tuple[np.ndarray, np.ndarray]:
    """Between which stars each rating is, both (n_events,): equal where it is exact.

    Half stars count as the star below; a withheld rating is known not to be a like, so 1 to 3.
    """
    stars = np.clip(np.floor(events.weights), 1, STARS).astype(np.int64)
    exact, liked = is_exact(events), is_liked(events)
    low = np.where(exact, stars, np.where(liked, 4, 1))
    high = np.where(exact, stars, np.where(liked, STARS, 3))
    return low, high


def _blocks(n_rows: int, n_items: int) -> list[tuple[int, int]]:
    step = max(1, _NUMBERS_AT_ONCE // (12 * max(n_items, 1)))
    return [(start, min(start + step, n_rows)) for start in range(0, n_rows, step)]
