"""In-batch softmax with the correction for how often an item is among the candidates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor

from ..sasrec.loss import head_precision

_CHUNK = 256


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """The items that stand for the catalog in one batch, and which of them a step may not see.

    Attributes:
        vectors: (m, d).
        log_expected: (m,) log of how often the item is expected among the candidates; zeros correct
            nothing.
        own: (n,) int64 column of each step's target.
        blocked: (steps, columns) from `blocked_pairs`, steps ascending: pairs that are no
            negatives. A step's own column is never blocked, whatever is said here.
    """

    vectors: Tensor
    log_expected: Tensor
    own: Tensor
    blocked: tuple[Tensor, Tensor]


class _InBatchSoftmax(torch.autograd.Function):
    """Sum of -log softmax over candidate columns, gradient formed in the forward pass.

    The logits of a chunk of steps stay in cache and become their own gradient.
    """

    @staticmethod
    def forward(
        ctx: torch.autograd.function.FunctionCtx,
        users: Tensor,
        vectors: Tensor,
        candidates: Candidates,
        precision: torch.dtype,
    ) -> Tensor:
        narrow_users, narrow_vectors = users.to(precision), vectors.to(precision)
        lowered = candidates.log_expected.to(precision)
        steps, columns = candidates.blocked
        starts = torch.arange(0, len(users) + _CHUNK, _CHUNK, device=users.device)
        bounds = torch.searchsorted(steps, starts).tolist()
        users_gradient, vectors_gradient = torch.empty_like(users), torch.zeros_like(vectors)
        loss = users.new_zeros(())
        for chunk, start in enumerate(range(0, len(users), _CHUNK)):
            rows, pairs = slice(start, start + _CHUNK), slice(bounds[chunk], bounds[chunk + 1])
            own = candidates.own[rows, None]
            logits = torch.addmm(lowered, narrow_users[rows], narrow_vectors.T, beta=-1)
            positive = logits.gather(1, own)
            logits[steps[pairs] - start, columns[pairs]] = float("-inf")
            shares = torch.softmax(logits.scatter_(1, own, positive), dim=1)
            users_gradient[rows] = shares @ narrow_vectors
            vectors_gradient += shares.T @ narrow_users[rows]
            loss -= shares.gather(1, own).to(users.dtype).log().sum()
        users_gradient -= vectors[candidates.own]
        vectors_gradient.index_add_(0, candidates.own, users, alpha=-1)
        ctx.save_for_backward(users_gradient, vectors_gradient)
        return loss

    @staticmethod
    def backward(
        ctx: torch.autograd.function.FunctionCtx, *grad_outputs: Tensor
    ) -> tuple[Tensor, Tensor, None, None]:
        users_gradient, vectors_gradient = ctx.saved_tensors  # pyright: ignore[reportAttributeAccessIssue]
        (scale,) = grad_outputs
        return users_gradient * scale, vectors_gradient * scale, None, None


def in_batch_softmax(
    users: Tensor, candidates: Candidates, *, precision: torch.dtype | None = None
) -> Tensor:
    """Sum over steps of the cross-entropy in which the candidates are the classes.

    Yi et al., "Sampling-Bias-Corrected Neural Modeling for Large Corpus Item Recommendations"
    (RecSys 2019), equation 3: an item is among the candidates with a frequency that has nothing to
    do with the step, so its logit is lowered by the log of that frequency; without this, popular
    items are punished for being popular. Other than there, the steps of one user are no candidates
    for each other: they come together in a window, which is no random draw.

    Args:
        users: (n, d) user vectors, already divided by the temperature.
        candidates: The classes.
        precision: Of the three matrix products and the softmax; None takes `head_precision`.

    Returns:
        Scalar, differentiable in `users` and `candidates.vectors`.
    """
    chosen = head_precision(users.device.type, users.dtype) if precision is None else precision
    return cast("Tensor", _InBatchSoftmax.apply(users, candidates.vectors, candidates, chosen))
