"""Credit for each title of an answer instead of one for the whole, as advantages of tokens.

A title's token earns what the titles from its own on add to the ranking (the return to go of policy
gradients; Williams 1992), less the mean of the same over the answers to the same prompt at the same
place. Rank-GRPO (Zhu et al., 2025) gives each rank of a list its own advantage too; there a rank's reward is its
own item's alone. What is not of a title (format, length, copying) is shared by all tokens, as in GRPO.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..additions import SEPARATOR
from ..generation import Tokens
from .rewarding import AdditionRewards

_SCALE = 0.1
"""The same for every batch. Dividing by each batch's own deviation made batches without a hit count as much as
those with one, and the policy soon wrote one title instead of four."""
_COUNTS = 0.1
"""Of an advantage, which is a tenth of that in NDCG."""


class TitleCredit:
    """Advantages of tokens.

    Args:
        rewards: Knows what each title adds.
        tokens: The model's.

    Attributes:
        gain: What the titles of the last batch added to NDCG, on the mean.
    """

    def __init__(self, rewards: AdditionRewards, tokens: Tokens) -> None:
        self.gain = 0.0
        self._rewards = rewards
        self._tokens = tokens

    def advantages(
        self, task_ids: Sequence[str], completions: Sequence[Sequence[int]], *, group: int
    ) -> list[np.ndarray]:
        """For each completion the advantage of each of its tokens: float64 (n_tokens,).

        Args:
            task_ids: Of each completion; those of one task stand together.
            completions: Token ids, without fillers.
            group: Completions of a task.
        """
        texts = [self._tokens.text(one) for one in completions]
        gains = self._rewards.title_gains(task_ids, texts)
        parts = self._rewards.parts(task_ids, texts)
        to_go = returns_to_go(gains)
        self.gain = float(to_go[:, 0].mean())
        rest = np.array([one.total - (one.ndcg or 0.0) for one in parts])
        by_title = _less_group_mean(to_go, group)
        whole = _less_group_mean(rest[:, None], group)
        return [
            (by_title[row][self._places(ids, to_go.shape[1])] + whole[row]) / _SCALE
            for row, ids in enumerate(completions)
        ]

    def _places(self, ids: Sequence[int], width: int) -> np.ndarray:
        """Which title each token is of. A separator is of the title that it makes room for, an end of
        none: both decide whether there is one more.
        """
        mark = SEPARATOR.strip()
        begun = np.cumsum([mark in self._tokens.text([one]) for one in ids])
        ends = np.array(['"' in self._tokens.text([one]) or one == self._tokens.end for one in ids])
        return np.minimum(begun + np.maximum.accumulate(ends), width - 1)


def returns_to_go(gains: Sequence[Sequence[float]]) -> np.ndarray:
    """float64 (n, longest + 1): for each answer what the titles from each place on gain; 0 behind its last."""
    found = np.zeros((len(gains), max(map(len, gains), default=0) + 1))
    for row, some in enumerate(gains):
        found[row, : len(some)] = np.cumsum(some[::-1])[::-1]
    return found


def rows_to_learn_from(advantages: Sequence[np.ndarray], *, group: int) -> list[int]:
    """Rows of the groups in which some token's advantage counts; of the one that counts most if none does.

    A prompt for which no answer finds anything teaches nothing and costs as much as the others (the
    filter of DAPO's dynamic sampling, Yu et al. 2025; no other prompts are drawn in their place here).
    """
    most = [float(np.abs(one).max(initial=0.0)) for one in advantages]
    groups = np.array(most).reshape(-1, group).max(axis=1)
    kept = groups >= min(_COUNTS, float(groups.max()))
    return np.flatnonzero(np.repeat(kept, group)).tolist()


def _less_group_mean(values: np.ndarray, group: int) -> np.ndarray:
    """(n, k) less the mean over each run of `group` rows."""
    grouped = values.reshape(-1, group, values.shape[1])
    return (grouped - grouped.mean(axis=1, keepdims=True)).reshape(values.shape)
