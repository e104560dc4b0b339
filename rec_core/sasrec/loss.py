"""Softmax cross-entropy over the whole catalog, without ever holding all logits."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor

_CHUNK = 512


class _LinearCrossEntropy(torch.autograd.Function):
    """Mean of -log softmax(hidden @ weightᵀ)[target], gradient formed in the forward pass.

    The logits of one chunk of rows stay in cache and are overwritten by their own gradient, so
    memory grows with the chunk and not with the number of rows.
    """

    @staticmethod
    def forward(
        ctx: torch.autograd.function.FunctionCtx, hidden: Tensor, weight: Tensor, targets: Tensor
    ) -> Tensor:
        n_rows = hidden.shape[0]
        hidden_gradient = torch.empty_like(hidden)
        weight_gradient = torch.zeros_like(weight)
        loss = hidden.new_zeros(())
        for start in range(0, n_rows, _CHUNK):
            rows = slice(start, start + _CHUNK)
            part, goal = hidden[rows], targets[rows, None]
            logits = part @ weight.T
            normaliser = torch.logsumexp(logits, dim=1, keepdim=True)
            loss += (normaliser - logits.gather(1, goal)).sum()
            gradient = logits.sub_(normaliser).exp_()
            gradient.scatter_add_(1, goal, gradient.new_full(goal.shape, -1.0))
            hidden_gradient[rows] = gradient @ weight
            weight_gradient.addmm_(gradient.T, part)
        ctx.save_for_backward(hidden_gradient / n_rows, weight_gradient / n_rows)
        return loss / n_rows

    @staticmethod
    def backward(
        ctx: torch.autograd.function.FunctionCtx, *grad_outputs: Tensor
    ) -> tuple[Tensor, Tensor, None]:
        hidden_gradient, weight_gradient = ctx.saved_tensors  # pyright: ignore[reportAttributeAccessIssue]
        (scale,) = grad_outputs
        return hidden_gradient * scale, weight_gradient * scale, None


def catalog_cross_entropy(hidden: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
    """Mean cross-entropy of next items.

    Args:
        hidden: (n, d) states.
        weight: (n_items, d) item vectors.
        targets: (n,) int64 item rows.

    Returns:
        Scalar, differentiable in `hidden` and `weight`.
    """
    return cast("Tensor", _LinearCrossEntropy.apply(hidden, weight, targets))
