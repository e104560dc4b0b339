"""Dropout at the speed of a multiplication."""

from __future__ import annotations

import torch
from torch import Tensor, nn

_POOL = 1 << 20
_USES = 256


class PooledDropout(nn.Module):
    """Dropout whose masks are slices of one pool of random zeros, each at a random place.

    Drawing a fresh random number for each element costs more than everything else a small model
    does on a CPU. The pool is drawn anew after some hundred uses, or at once for a larger input.

    Args:
        rate: Share of elements that are zeroed; the others grow by 1 / (1 - rate).
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate
        self._pool = torch.empty(0)
        self._uses = 0

    def train(self, mode: bool = True) -> PooledDropout:
        """As every module; a new pool is drawn next, so that an epoch does not hang on the last."""
        self._uses = 0
        return super().train(mode)

    def forward(self, values: Tensor) -> Tensor:
        """Any shape; the input itself when the rate is 0 or the model is not in training."""
        if not self.training or self.rate == 0.0:
            return values
        if not values.is_cpu:
            return nn.functional.dropout(values, self.rate)
        return values * self._mask(values.numel()).view(values.shape)

    def _mask(self, count: int) -> Tensor:
        if self._uses % _USES == 0 or len(self._pool) < 2 * count:
            kept = torch.empty(max(_POOL, 2 * count)).bernoulli_(1.0 - self.rate)
            self._pool = kept.div_(1.0 - self.rate)
        self._uses += 1
        start = int(torch.randint(len(self._pool) - count + 1, ()))
        return self._pool[start : start + count]
