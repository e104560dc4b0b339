"""Which items a training example is compared with: sampled at first, then the hardest ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .features import SITUATION_FEATURES, Pool, fit_features, situation_features
from .knowledge import ItemKnowledge
from .memory import DialogueMemory
from .model import FEATURES, ScoringModel
from .reading import DialogueReading
from .training import CandidateBatch

_POPULAR = 3_000
_OTHERS = 1_000
_FIRST_EXAMPLES = 400
_HARD = 400
_DRAWN_POPULAR = 200
_DRAWN_OTHERS = 100
_OUT = -1e4  # an offset that takes a candidate out of the softmax


@dataclass(frozen=True, kw_only=True)
class ReadExample:
    """A training example after reading.

    Attributes:
        reading: Its context.
        vector: (d,) the seeker's messages.
        dialogue: Its dialogue's place in the memory.
        targets: Rows recommended in it, each once.
        named: Rows that its context names, by label or by text.
    """

    reading: DialogueReading
    vector: np.ndarray
    dialogue: int
    targets: np.ndarray
    named: np.ndarray


class CandidateSource:
    """Chooses candidates from a pool: the well-known items and a sample of the others.

    Args:
        knowledge: Of the catalog.
        memory: Of the same examples; each example's own dialogue is left out of its features.
        examples: What is learned from.
        generator: All randomness.
    """

    def __init__(
        self,
        knowledge: ItemKnowledge,
        memory: DialogueMemory,
        examples: Sequence[ReadExample],
        generator: np.random.Generator,
    ) -> None:
        self._memory, self._examples, self._generator = memory, examples, generator
        self._memory_rows = memory.rows_in(knowledge.catalog)
        popular, others, weight = self._choose_pool(knowledge)
        self._pool = Pool(knowledge, np.concatenate([popular, others]))
        self._n_popular = len(popular)
        self._log_weight = float(np.log(weight))

    def _choose_pool(self, knowledge: ItemKnowledge) -> tuple[np.ndarray, np.ndarray, float]:
        """Rows taken for sure, rows that stand for the rest, and for how many each of these does."""
        fame = np.log1p(knowledge.popularity) + (knowledge.years >= 2016)
        known = self._memory_rows[self._memory_rows >= 0]
        fame[known] += 10.0
        order = np.argsort(-fame, kind="stable")
        popular, rest = order[: max(_POPULAR, len(known))], order[max(_POPULAR, len(known)) :]
        others = self._generator.permutation(rest)[:_OTHERS]
        return popular, others, max(len(rest), 1) / max(len(others), 1)

    def sampled(self, report: Callable[[int], None]) -> tuple[CandidateBatch, np.ndarray]:
        """Random candidates of some examples, for first weights; and their raw situations."""
        some = self._generator.permutation(len(self._examples))[:_FIRST_EXAMPLES]
        return self._collect(
            [self._examples[number] for number in sorted(some)],
            lambda *_: self._draw(np.empty(0, dtype=np.int64)),
            report,
        )

    def hardest(
        self, model: ScoringModel, report: Callable[[int], None]
    ) -> tuple[CandidateBatch, np.ndarray]:
        """For every example the items that the model puts highest, and a sample of the others."""

        def choose(features: np.ndarray, situation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            scores = model.scores(features, situation)
            n_hard = min(_HARD, len(scores))
            return self._draw(np.argpartition(-scores, n_hard - 1)[:n_hard])

        return self._collect(self._examples, choose, report)

    def _draw(self, certain: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Places and offsets: certain ones as they stand in the pool, drawn ones for all their kind.

        Well-known items, which stand for themselves, and others, which stand for those that the
        pool lacks too, are drawn apart; a draw that hits a certain one is void.
        """
        places = [certain]
        offsets = [np.where(certain < self._n_popular, 0.0, self._log_weight)]
        is_certain = np.zeros(len(self._pool), dtype=bool)
        is_certain[certain] = True
        for first, last, n_drawn, log_weight in (
            (0, self._n_popular, _DRAWN_POPULAR, 0.0),
            (self._n_popular, len(self._pool), _DRAWN_OTHERS, self._log_weight),
        ):
            drawn = first + self._generator.permutation(last - first)[:n_drawn]
            stand_for = log_weight + np.log(max(last - first, 1) / max(len(drawn), 1))
            places.append(drawn)
            offsets.append(np.where(is_certain[drawn], _OUT, stand_for))
        return np.concatenate(places), np.concatenate(offsets)

    def _collect(
        self,
        examples: Sequence[ReadExample],
        choose: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]],
        report: Callable[[int], None],
    ) -> tuple[CandidateBatch, np.ndarray]:
        """Features of each example's targets and chosen candidates.

        Targets stand first, repeated to the same number for each example with all but the first
        occurrence taken out; a chosen candidate that is a target or that the context names is
        taken out too.
        """
        n_targets = max(len(example.targets) for example in examples)
        parts, situations = [], []
        for number, example in enumerate(examples):
            features, situation = self._features(example)
            chosen, offsets = choose(features, situation)
            targets = self._pool.place_of[example.targets]
            out = np.isin(chosen, [*targets, *self._pool.place_of[example.named]])
            offsets = np.where(out, _OUT, offsets)
            places = np.concatenate([np.resize(targets, n_targets), chosen])
            offsets = np.concatenate([np.full(n_targets, _OUT), offsets])
            offsets[: len(targets)] = 0.0
            parts.append((features[:, places].T.astype(np.float16), offsets, len(targets)))
            situations.append(situation)
            report(number + 1)
        raw = np.array(situations, dtype=np.float32).reshape(-1, len(SITUATION_FEATURES))
        return CandidateBatch(
            features=np.stack([part[0] for part in parts]),
            offsets=np.stack([part[1] for part in parts]).astype(np.float32),
            is_target=np.stack(
                [np.arange(parts[0][0].shape[0]) < n_found for _, _, n_found in parts]
            ),
            situations=raw,
        ), raw

    def _features(self, example: ReadExample) -> tuple[np.ndarray, np.ndarray]:
        fit = fit_features(example.reading, self._pool)
        remembered = self._memory.features(
            example.reading,
            example.vector,
            self._pool,
            self._memory_rows,
            leave_out=example.dialogue,
        )
        features = np.concatenate([fit, remembered, self._pool.item_features.T])
        assert len(features) == len(FEATURES)
        return features, situation_features(example.reading, fit)
