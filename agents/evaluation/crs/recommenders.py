"""The rows of the table: Rapport's ranker, and simple rankers that it must be better than.

A recommender is given utterances and nothing else, so that no label of an example can reach it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from rec_core import Catalog
from rec_core.dialogue import Utterance

LAST_TURNS = 3
"""How many of the last messages the keyword row searches with."""


class CrsRecommender(Protocol):
    """Something that ranks a catalog for a conversation."""

    @property
    def name(self) -> str:
        """Short and stable: the name of its row."""
        ...

    def rank(self, context: Sequence[Utterance], k: int) -> tuple[str, ...]:
        """At most k item ids, best first; `context` is oldest first and may be empty."""
        ...


@runtime_checkable
class MeteredRecommender(Protocol):
    """A recommender that asks language models and counts the tokens they used."""

    @property
    def tokens_spent(self) -> int:
        """Tokens of prompts and answers so far."""
        ...


class ContextScorer(Protocol):
    """What a dialogue ranker can do, as far as a ranking needs it."""

    def scores(self, context: Sequence[Utterance]) -> np.ndarray:
        """(n_items,) floats, higher is better."""
        ...


Mentions = Callable[[Sequence[Utterance]], Sequence[int]]
"""Links the titles in a conversation to item rows, in order; by code, from the texts alone."""


class ScoredRecommender:
    """Ranks by the scores of a dialogue ranker; ties in catalog order.

    Args:
        name: The row.
        catalog: The items that the scores are for.
        scorer: Scores a conversation.
    """

    def __init__(self, name: str, catalog: Catalog, scorer: ContextScorer) -> None:
        self._name = name
        self._ids = np.array(catalog.ids.ids, dtype=object)
        self._scorer = scorer

    @property
    def name(self) -> str:
        """The row."""
        return self._name

    def rank(self, context: Sequence[Utterance], k: int) -> tuple[str, ...]:
        """The k items of the highest scores."""
        order = np.argsort(-self._scorer.scores(context), kind="stable")
        return tuple(self._ids[order[:k]])


class ItemsOnly:
    """A dialogue ranker that is shown the titles a conversation mentions, and none of its words.

    How much worse it is than the same ranker with words is what the words are worth.

    Args:
        catalog: The items.
        scorer: The ranker.
        mentions: Links titles, an utterance at a time, so that it stays known who named them.
    """

    def __init__(self, catalog: Catalog, scorer: ContextScorer, mentions: Mentions) -> None:
        self._catalog = catalog
        self._scorer = scorer
        self._mentions = mentions

    def scores(self, context: Sequence[Utterance]) -> np.ndarray:
        """Scores for the same messages with everything but titles taken out."""
        return self._scorer.scores(self.bare(context))

    def bare(self, context: Sequence[Utterance]) -> tuple[Utterance, ...]:
        """The messages that mention items, each reduced to their titles with years."""
        bare: list[Utterance] = []
        for said in context:
            labels = [self._catalog.at(row).label for row in self._mentions((said,))]
            if labels:
                bare.append(Utterance(role=said.role, text=", ".join(labels)))
        return tuple(bare)


class PopularityScorer:
    """One order for everybody: how often items are known to have been taken.

    Args:
        counts: (n_items,) floats.
    """

    def __init__(self, counts: np.ndarray) -> None:
        self._counts = counts.astype(np.float64)

    def scores(self, context: Sequence[Utterance]) -> np.ndarray:
        """The counts, whatever was said."""
        del context
        return self._counts


class KeywordScorer:
    """BM25 between the last messages and everything an item says about itself.

    Args:
        search: A text → (n_items,) scores, 0 where no word fits.
        fallback: (n_items,) floats that order items of equal score.
    """

    def __init__(self, search: Callable[[str], np.ndarray], fallback: np.ndarray) -> None:
        self._search = search
        self._below = _tie_breaker(fallback)

    def scores(self, context: Sequence[Utterance]) -> np.ndarray:
        """BM25 of the last `LAST_TURNS` messages."""
        words = " ".join(said.text for said in context[-LAST_TURNS:])
        return _with_ties(self._search(words), self._below)


class FeatureIndex:
    """BM25 over genres, people and tags; whole values are the terms ("Tom Hanks" is one).

    Args:
        catalog: The items.
    """

    def __init__(self, catalog: Catalog) -> None:
        import bm25s

        self._features = [
            [
                *(f"genre {name.casefold()}" for name in item.genres),
                *(f"person {name.casefold()}" for name in item.people),
                *(f"tag {name.casefold()}" for name in item.tags),
            ]
            for item in catalog
        ]
        self._index = bm25s.BM25(method="lucene", backend="numpy")
        if any(self._features):
            self._index.index(self._features, show_progress=False)

    def scores(self, rows: Sequence[int]) -> np.ndarray:
        """(n_items,) BM25 against all features of these items; one they share counts as often."""
        query = [name for row in rows for name in self._features[row]]
        return self._index.get_scores(query) if query else np.zeros(len(self._features))


class SharedFeatureScorer:
    """Items that share genres, people and tags with those that a conversation mentions.

    Args:
        index: Of the catalog.
        mentions: Links titles.
        fallback: As in `KeywordScorer`.
    """

    def __init__(self, index: FeatureIndex, mentions: Mentions, fallback: np.ndarray) -> None:
        self._index = index
        self._mentions = mentions
        self._below = _tie_breaker(fallback)

    def scores(self, context: Sequence[Utterance]) -> np.ndarray:
        """BM25 of the features of the mentioned items."""
        return _with_ties(self._index.scores(self._mentions(context)), self._below)


def _tie_breaker(fallback: np.ndarray) -> np.ndarray:
    """(n_items,) float64 in [0, 1), all different: the higher, the further in front."""
    order = np.argsort(-fallback.astype(np.float64), kind="stable")
    below = np.empty(len(fallback))
    below[order] = np.arange(len(fallback))[::-1] / max(len(fallback), 1)
    return below


def _with_ties(scores: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Places by score, and among equal scores by `below`: integers plus a part less than 1."""
    _, level = np.unique(scores, return_inverse=True)
    return level + below
