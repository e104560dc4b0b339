"""The recommender: retrieve → filter → rank → diversify, for whatever is known about a request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from .artifacts import Artifact, read_artifact
from .baselines.neighbours import Neighbours
from .baselines.transitions import Transitions
from .catalog import Catalog
from .errors import UnknownUserError
from .interactions import Interactions
from .model_files import DIALOGUE_VECTORS, SEARCH_FOLDER, read_parts
from .pipeline import Pipeline
from .ranking.diversity import diversify
from .ranking.numbers import best_rows
from .ranking.scoring import Known, Scoring, StrategyWeights
from .ranking.signals import Signals, rows_of
from .search import SearchEngine
from .text_vectors import encoder_named
from .types import Candidate, Influence, ItemFilter, Recommendation, RecommendRequest

if TYPE_CHECKING:
    from .dialogue import DialogueRanker

_WEIGHTS = StrategyWeights()
_EVERYTHING = ItemFilter()
_POOL = 60
_RETRIEVED = 400


class Recommender:
    """Answers requests over one catalog. Thread-safe after construction: nothing is written.

    Attributes:
        catalog: The items; ties are broken by its order.
        interactions: What the models were fitted on; stored histories come from here.
        search: Text search over the catalog.
    """

    def __init__(
        self,
        *,
        catalog: Catalog,
        interactions: Interactions,
        search: SearchEngine,
        pipeline: Pipeline | None = None,
        neighbours: Neighbours | None = None,
        item_vectors: np.ndarray | None = None,
        dialogues: Callable[[], DialogueRanker] | None = None,
        weights: StrategyWeights = _WEIGHTS,
    ) -> None:
        """Put the parts together; what is missing of the training-free parts is fitted here.

        `dialogues` opens the dialogue ranker when a request first brings a dialogue; None leaves
        dialogues unheard.
        """
        self.catalog = catalog
        self.interactions = interactions
        self.search = search
        self.pipeline = pipeline or Pipeline(transitions=Transitions.fit(interactions))
        self._neighbours = neighbours or Neighbours.fit(interactions)
        self._signals = Signals(
            catalog=catalog,
            interactions=interactions,
            search=search,
            neighbours=self._neighbours,
            item_vectors=item_vectors,
        )
        self._hears_dialogues = dialogues is not None
        self._scoring = Scoring(self._signals, self.pipeline, weights, _once(dialogues))

    @classmethod
    def load(cls, folder: Path) -> Recommender:
        """Open what `train_pipeline` wrote; neither torch nor the text encoder's model is loaded yet.

        Raises:
            ArtifactError: when the folder is missing, damaged or of another version.
        """
        artifact = read_artifact(folder, kind="pipeline")
        parts = read_parts(artifact)
        catalog = Catalog.load(artifact.path("catalog.parquet"))
        interactions = Interactions.load(artifact.path("interactions.parquet"), catalog)
        search = SearchEngine.load(
            catalog,
            encoder_named(artifact),
            artifact.path(SEARCH_FOLDER),
            popularity=interactions.item_counts,
        )
        return cls(
            catalog=catalog,
            interactions=interactions,
            search=search,
            pipeline=parts.pipeline,
            neighbours=Neighbours.from_tensors(artifact.arrays("neighbours")),
            item_vectors=None if parts.two_tower is None else parts.two_tower.item_vectors,
            dialogues=_dialogues(artifact, catalog, search, interactions),
        )

    def recommend(self, request: RecommendRequest) -> Recommendation:
        """The best matching items for a request; fewer than `k` only when fewer match.

        A `user_id` that the interactions do not have is a new user: nothing is stored about them.

        Raises:
            UnknownItemError: when the request names an item that the catalog does not have.
        """
        known = self._known(request)
        strategy = known.strategy
        mask = self.catalog.mask(request.item_filter)
        n_matching = int(mask.sum())
        mask = mask & ~self._left_out(request, known)
        parts = self._scoring.parts(request, known)
        total = _total(parts, len(self.catalog))
        retrieved = self._retrieve(parts, total, mask, max(_RETRIEVED, 4 * request.k))
        pool = best_rows(total, retrieved, max(_POOL, 3 * request.k))
        rows = self._diversified(pool, total, request)
        candidates = tuple(self._candidate(row, total, parts) for row in rows)
        return Recommendation(candidates=candidates, strategy=strategy, n_matching=n_matching)

    def rank(self, item_ids: Sequence[str], request: RecommendRequest) -> tuple[Candidate, ...]:
        """Order exactly these items for the request, best first; nothing is filtered out.

        Raises:
            UnknownItemError: when an item is not in the catalog.
        """
        rows = rows_of(self.catalog, item_ids)
        parts = self._scoring.parts(request, self._known(request))
        total = _total(parts, len(self.catalog))
        order = np.lexsort((rows, -total[rows]))
        return tuple(self._candidate(int(row), total, parts) for row in rows[order])

    def similar(
        self, item_id: str, *, k: int = 10, item_filter: ItemFilter = _EVERYTHING
    ) -> tuple[Candidate, ...]:
        """The items most like one item, best first, itself left out.

        Raises:
            UnknownItemError: when the item is not in the catalog.
        """
        request = RecommendRequest(k=k, seeds=(item_id,), item_filter=item_filter, diversity=0.0)
        return self.recommend(request).candidates

    def influences(
        self, item_id: str, history: Sequence[str], *, k: int = 3
    ) -> tuple[Influence, ...]:
        """Which items of a history speak for an item: at most `k`, strongest first.

        A share is the item's part of all support that the whole history gives: likeness, raised
        where the one often follows the other. Items that are not clearly like it are left out, so
        the answer may be empty.

        Raises:
            UnknownItemError: when an item is not in the catalog.
        """
        row = int(rows_of(self.catalog, [item_id])[0])
        rows = rows_of(self.catalog, [other for other in history if other != item_id])
        if not len(rows):
            return ()
        support = self._scoring.support(rows, row)
        order = np.argsort(-support, kind="stable")[:k]
        return tuple(
            Influence(item_id=self.catalog.ids.ids[int(rows[place])], share=float(support[place]))
            for place in order
            if support[place] > 0
        )

    def user_history(self, user_id: str) -> tuple[str, ...]:
        """Item ids of a user's stored interactions, oldest first.

        Raises:
            UnknownUserError: when the interactions do not have this user.
        """
        if user_id not in self.interactions.users:
            raise UnknownUserError(
                f"The data has no user {user_id!r}.", "Give a user id of the training data."
            )
        rows = self.interactions.history(self.interactions.users.row(user_id))
        return tuple(self.catalog.ids.ids[row] for row in rows.tolist())

    def popularity(self, item_id: str) -> float:
        """Percentile of the item's number of interactions, in [0, 1].

        Raises:
            UnknownItemError: when the item is not in the catalog.
        """
        return float(self._signals.popularity[rows_of(self.catalog, [item_id])[0]])

    def _known(self, request: RecommendRequest) -> Known:
        stored = np.zeros(0, dtype=np.int64)
        if request.user_id is not None and request.user_id in self.interactions.users:
            stored = self.interactions.history(self.interactions.users.row(request.user_id))
        given = rows_of(self.catalog, request.history)
        return Known(
            stored=stored,
            given=given,
            seeds=rows_of(self.catalog, request.seeds),
            disliked=rows_of(self.catalog, request.disliked),
            has_words=bool(request.query.strip() or request.avoid.strip())
            or bool(request.genre_weights),
            has_dialogue=bool(request.dialogue) and self._hears_dialogues,
        )

    def _left_out(self, request: RecommendRequest, known: Known) -> np.ndarray:
        left_out = np.zeros(len(self.catalog), dtype=bool)
        left_out[known.seeds] = True
        left_out[known.disliked] = True
        if request.exclude_seen:
            left_out[known.stored] = True
            left_out[known.given] = True
        return left_out

    def _retrieve(
        self, parts: dict[str, np.ndarray], total: np.ndarray, mask: np.ndarray, count: int
    ) -> np.ndarray:
        """Union of each signal's best rows under the mask, and of their sum's."""
        retrieved = np.zeros(len(mask), dtype=bool)
        for scores in (*parts.values(), total):
            retrieved[best_rows(scores, mask, count)] = True
        return retrieved

    def _diversified(
        self, pool: np.ndarray, total: np.ndarray, request: RecommendRequest
    ) -> list[int]:
        if request.k <= 0 or not len(pool):
            return []
        if request.diversity <= 0:
            return [int(row) for row in pool[: request.k]]
        places = diversify(
            total[pool],
            self._signals.pairwise(pool),
            count=request.k,
            diversity=min(request.diversity, 1.0),
        )
        return [int(pool[place]) for place in places]

    def _candidate(self, row: int, total: np.ndarray, parts: dict[str, np.ndarray]) -> Candidate:
        return Candidate(
            item_id=self.catalog.ids.ids[row],
            score=float(total[row]),
            parts={name: float(values[row]) for name, values in parts.items()},
        )


def _dialogues(
    artifact: Artifact, catalog: Catalog, search: SearchEngine, interactions: Interactions
) -> Callable[[], DialogueRanker] | None:
    """Opens the shipped dialogue ranker over this catalog; None where there are no vectors for it."""
    if not (artifact.folder / f"{DIALOGUE_VECTORS}.safetensors").is_file():
        return None

    def opened() -> DialogueRanker:
        from .dialogue import item_knowledge, shipped_dialogue_ranker

        knowledge = item_knowledge(
            catalog,
            popularity=interactions.item_counts,
            encoder=search.encoder,
            vectors=artifact.arrays(DIALOGUE_VECTORS)["vectors"],
            keywords=search.keyword_scores,
        )
        return shipped_dialogue_ranker(catalog, knowledge=knowledge)

    return opened


def _once(
    opened: Callable[[], DialogueRanker] | None,
) -> Callable[[], DialogueRanker] | None:
    """The same ranker for every thread, made by the first that asks."""
    if opened is None:
        return None
    lock = Lock()
    made: list[DialogueRanker] = []

    def ranker() -> DialogueRanker:
        with lock:
            if not made:
                made.append(opened())
        return made[0]

    return ranker


def _total(parts: dict[str, np.ndarray], n_items: int) -> np.ndarray:
    total = np.zeros(n_items, dtype=np.float32)
    for values in parts.values():
        total += values
    return total
