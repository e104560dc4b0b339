"""How the signals of one request add up: the score is the plain sum of its parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..pipeline import Pipeline
from ..types import RecommendRequest
from .numbers import standardised
from .signals import Signals, recency_importance

if TYPE_CHECKING:
    from ..dialogue import DialogueRanker

_RECENT_LIKES = 20
_RECENT_DISLIKES = 12
_RECENT_REASONS = 50
_CLEARLY_ALIKE = 1.0


@dataclass(frozen=True, kw_only=True)
class StrategyWeights:
    """How much each part counts, in standard deviations of that part over the catalog.

    Attributes:
        personal: What the sequence models and the likeness to the history say.
        personal_beside_seeds: The same, when items were named to go by.
        similar: Likeness to the named items.
        text: Fit of the words.
        dialogue: What people recommended in dialogues like this one.
        rewrite: Fit of the words that a rewriter made of the dialogue.
        prior: Quality and popularity, beside something more telling.
        prior_beside_text: The same, when the words are all there is.
        wanted_genre: Gain of a genre with weight 1.
        unwanted_genre: Loss of a genre with weight -1; a top item must fall behind others by it.
        avoid: Loss per standard deviation of likeness to the words to avoid.
        disliked: Loss per standard deviation of likeness to a disliked item.
        spared: Share of the likeness to liked items that is taken off before.
        short_history: Number of history items at which the sequence models and likeness to the
            history count the same; longer ones lean on the models.
    """

    personal: float = 1.0
    personal_beside_seeds: float = 0.35
    similar: float = 1.5
    text: float = 1.0
    dialogue: float = 0.7
    rewrite: float = 0.35
    prior: float = 0.2
    prior_beside_text: float = 0.5
    wanted_genre: float = 1.5
    unwanted_genre: float = 3.5
    avoid: float = 0.8
    disliked: float = 0.5
    spared: float = 0.6
    short_history: float = 4.0


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a request says about the person, as catalog rows.

    Attributes:
        stored: The stored history, oldest first.
        given: The history that the request brings, after the stored one.
        seeds: Items to go by.
        disliked: Items to stay away from.
        has_words: Whether the request has a soft wish in words or genres.
        has_dialogue: Whether there is a dialogue, and something that hears it.
    """

    stored: np.ndarray
    given: np.ndarray
    seeds: np.ndarray
    disliked: np.ndarray
    has_words: bool
    has_dialogue: bool = False

    @property
    def history(self) -> np.ndarray:
        """Stored, then given."""
        return np.concatenate([self.stored, self.given])

    @property
    def strategy(self) -> str:
        """What the ranking stands on; named items go before a history, a history before words."""
        if len(self.seeds):
            return "similar"
        if len(self.stored):
            return "known-user"
        if len(self.given):
            return "history"
        if self.has_words:
            return "query"
        return "dialogue" if self.has_dialogue else "popular"


class Scoring:
    """Turns a request into named parts that add up to the score.

    Args:
        signals, pipeline, weights: What is added up, and how.
        dialogues: Gives what was learned from dialogues, when a request first brings one; None
            leaves that part out.
    """

    def __init__(
        self,
        signals: Signals,
        pipeline: Pipeline,
        weights: StrategyWeights,
        dialogues: Callable[[], DialogueRanker] | None = None,
    ) -> None:
        self._signals = signals
        self._pipeline = pipeline
        self._weights = weights
        self._dialogues = dialogues

    def parts(self, request: RecommendRequest, known: Known) -> dict[str, np.ndarray]:
        """Name -> (n_items,) float32; the score of an item is the sum over names."""
        weights, signals = self._weights, self._signals
        parts: dict[str, np.ndarray] = {}
        if len(known.seeds):
            parts["similar"] = weights.similar * signals.similar(known.seeds)
        if len(known.history):
            share = weights.personal_beside_seeds if len(known.seeds) else weights.personal
            for name, values in self._personal(known.history).items():
                parts[name] = share * values
        if request.query.strip():
            parts["text"] = weights.text * signals.text(request.query)
        if known.has_dialogue and self._dialogues is not None:
            heard = self._dialogues().scores(request.dialogue)
            parts["dialogue"] = weights.dialogue * standardised(heard)
        if request.rewrite.strip():
            parts["rewrite"] = weights.rewrite * signals.text(request.rewrite)
        if request.genre_weights:
            parts["genres"] = self._genres(request)
        if request.avoid.strip():
            unwanted = np.clip(signals.meaning(request.avoid), 0.0, None)
            parts["avoid"] = -weights.avoid * unwanted
        if len(known.disliked):
            parts["disliked"] = -weights.disliked * self._near_disliked(known)
        if known.strategy != "dialogue":  # which knows what is popular
            parts["prior"] = self._prior_weight(known) * signals.prior
        return {name: values.astype(np.float32) for name, values in parts.items()}

    def support(self, history: np.ndarray, item_row: int) -> np.ndarray:
        """(len(history),) shares >= 0 that sum to 1 (or to 0): who speaks for the item.

        Only items that are clearly like it can, so that a reason never names an item that merely
        happened to come last; among those, one that it often follows counts up to three times.
        """
        followed = self._pipeline.transitions.contributions(history, item_row)
        alike = np.zeros(len(history))
        recent = history[-_RECENT_REASONS:]
        near = self._signals.similar(np.array([item_row]))[recent]
        alike[len(history) - len(recent) :] = np.clip(near - _CLEARLY_ALIKE, 0.0, None)
        return _shares(alike * (0.5 + _shares(followed)))

    def _prior_weight(self, known: Known) -> float:
        if known.strategy == "popular":
            return 1.0
        return self._weights.prior_beside_text if known.strategy == "query" else self._weights.prior

    def _genres(self, request: RecommendRequest) -> np.ndarray:
        wish = request.genre_weights
        wanted = {genre: weight for genre, weight in wish.items() if weight > 0}
        unwanted = {genre: weight for genre, weight in wish.items() if weight < 0}
        gain = self._weights.wanted_genre * self._signals.genres(wanted)
        return gain + self._weights.unwanted_genre * self._signals.genres(unwanted)

    def _near_disliked(self, known: Known) -> np.ndarray:
        """Likeness to the nearest of the last few disliked items, never negative.

        What is also like a liked or named item is spared in part: one disliked cartoon does not
        take all cartoons from somebody who asks for them.
        """
        disliked = self._nearest(known.disliked[-_RECENT_DISLIKES:])
        liked = np.concatenate([known.seeds, known.given[-_RECENT_DISLIKES:]])
        if len(liked):
            disliked = disliked - self._weights.spared * np.clip(self._nearest(liked), 0.0, None)
        return np.clip(disliked, 0.0, None)

    def _nearest(self, rows: np.ndarray) -> np.ndarray:
        """Likeness of every item to the nearest of the given ones."""
        return np.max([self._signals.similar(np.array([row])) for row in rows], axis=0)

    def _personal(self, history: np.ndarray) -> dict[str, np.ndarray]:
        """The blend of the sequence models, and likeness to the history while that is short."""
        logs = self._pipeline.log_probabilities([history])
        weighted = {name: self._pipeline.weights.of(name) * part[0] for name, part in logs.items()}
        spread = max(float(np.sum(list(weighted.values()), axis=0).std()), 1e-9)
        trust = len(history) / (len(history) + self._weights.short_history)
        parts = {
            name: trust * (values - values.mean()) / spread for name, values in weighted.items()
        }
        recent = history[-_RECENT_LIKES:]
        alike = self._signals.similar(recent, recency_importance(len(recent)))
        parts["history"] = (1.0 - trust) * standardised(alike)
        return parts


def _shares(values: np.ndarray) -> np.ndarray:
    total = float(values.sum())
    return values / total if total > 0 else np.zeros(len(values))
