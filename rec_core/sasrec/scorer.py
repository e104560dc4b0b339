"""A trained SASRec as a scorer; torch is imported when the first history is scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ..batches import UNKNOWN_GAP, padded_histories
from .config import SasrecConfig

if TYPE_CHECKING:
    from .model import Sasrec

_CHUNK = 96  # the hidden states of that many histories stay in cache


class SasrecScorer:
    """Scores the catalog by the state after the last item of a history.

    An empty history has no state: it scores every item 0.
    """

    def __init__(self, tensors: Mapping[str, np.ndarray], config: SasrecConfig) -> None:
        self.config = config
        self._tensors = dict(tensors)

    def tensors(self) -> dict[str, np.ndarray]:
        """The arrays to save, named as the model's parameters."""
        return dict(self._tensors)

    @cached_property
    def item_vectors(self) -> np.ndarray:
        """(n_items, d) float32 output vectors."""
        return self._tensors["items.weight"][:-1]

    @cached_property
    def _model(self) -> Sasrec:
        import torch

        from .model import Sasrec

        model = Sasrec(len(self.item_vectors), self.config)
        model.load_state_dict(
            {name: torch.from_numpy(array) for name, array in self._tensors.items()}
        )
        return model.eval()

    def states(
        self, histories: Sequence[np.ndarray], gaps: Sequence[np.ndarray] | None = None
    ) -> np.ndarray:
        """States after the last items; times `item_vectors` they give the logits.

        Args:
            histories: Item rows, oldest first.
            gaps: For each history `batches.gap_classes` from each item to the next one, and from the
                last to the request; only read where the configuration has `time_gaps`.

        Returns:
            (n_histories, d) float32; zeros for an empty history.
        """
        parts = [np.zeros((0, self.config.dimension), dtype=np.float32)]
        for start in range(0, len(histories), _CHUNK):
            chunk = slice(start, start + _CHUNK)
            parts.append(self._states(histories[chunk], None if gaps is None else gaps[chunk]))
        return np.concatenate(parts)

    def _states(
        self, histories: Sequence[np.ndarray], gaps: Sequence[np.ndarray] | None
    ) -> np.ndarray:
        import torch

        length = self.config.max_length
        padded, lengths = padded_histories(
            list(histories), length=length, padding=len(self.item_vectors)
        )
        known = None
        if gaps is not None:
            classes, _ = padded_histories(list(gaps), length=length, padding=UNKNOWN_GAP)
            known = torch.from_numpy(classes)
        with torch.inference_mode():
            states = self._model.last_states(
                torch.from_numpy(padded), torch.from_numpy(np.maximum(lengths, 1)), known
            ).numpy()
        states[lengths == 0] = 0.0
        return states

    def score(
        self, histories: Sequence[np.ndarray], gaps: Sequence[np.ndarray] | None = None
    ) -> np.ndarray:
        """(n_histories, n_items) float32 logits; arguments as in `states`."""
        return self.states(histories, gaps) @ self.item_vectors.T
