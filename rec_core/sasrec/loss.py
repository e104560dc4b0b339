"""Softmax cross-entropy over the catalog: whole without ever holding all logits, or estimated."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor

from ..runtime import has_fast_bfloat16

_CHUNK = 512


class _LinearCrossEntropy(torch.autograd.Function):
    """Mean of -log softmax(hidden @ weightᵀ)[target], gradient formed in the forward pass.

    The logits of one chunk of rows stay in cache and become their own gradient, so memory grows with
    the chunk and not with the number of rows. The one-hot part of the gradient never touches the
    chunk: it is a subtraction of target vectors.
    """

    @staticmethod
    def forward(
        ctx: torch.autograd.function.FunctionCtx,
        hidden: Tensor,
        weight: Tensor,
        targets: Tensor,
        precision: torch.dtype,
    ) -> Tensor:
        n_rows = hidden.shape[0]
        narrow_hidden, narrow_weight = hidden.to(precision), weight.to(precision)
        hidden_gradient = torch.empty_like(hidden)
        weight_gradient = torch.zeros_like(weight)
        loss = hidden.new_zeros(())
        for start in range(0, n_rows, _CHUNK):
            rows = slice(start, start + _CHUNK)
            shares = torch.softmax(narrow_hidden[rows] @ narrow_weight.T, dim=1)
            hidden_gradient[rows] = shares @ narrow_weight
            weight_gradient += shares.T @ narrow_hidden[rows]
            loss -= shares.gather(1, targets[rows, None]).to(hidden.dtype).log().sum()
        hidden_gradient -= weight[targets]
        weight_gradient.index_add_(0, targets, hidden, alpha=-1)
        ctx.save_for_backward(hidden_gradient.div_(n_rows), weight_gradient.div_(n_rows))
        return loss / n_rows

    @staticmethod
    def backward(
        ctx: torch.autograd.function.FunctionCtx, *grad_outputs: Tensor
    ) -> tuple[Tensor, Tensor, None, None]:
        hidden_gradient, weight_gradient = ctx.saved_tensors  # pyright: ignore[reportAttributeAccessIssue]
        (scale,) = grad_outputs
        return hidden_gradient * scale, weight_gradient * scale, None, None


def catalog_cross_entropy(
    hidden: Tensor, weight: Tensor, targets: Tensor, *, precision: torch.dtype | None = None
) -> Tensor:
    """Mean cross-entropy of next items over the whole catalog.

    Args:
        hidden: (n, d) states, n >= 1.
        weight: (n_items, d) item vectors.
        targets: (n,) int64 item rows.
        precision: Of the three matrix products and the softmax; None takes `head_precision`.
            bfloat16 moves the gradient by about 0.2 %.

    Returns:
        Scalar, differentiable in `hidden` and `weight`.
    """
    chosen = head_precision(hidden.device.type, hidden.dtype) if precision is None else precision
    return cast("Tensor", _LinearCrossEntropy.apply(hidden, weight, targets, chosen))


def sampled_cross_entropy(
    hidden: Tensor,
    target_vectors: Tensor,
    sampled_vectors: Tensor,
    *,
    collisions: Tensor,
    log_expected: Tensor,
) -> Tensor:
    """Mean cross-entropy with the catalog's partition function estimated from a sample of items.

    Bengio and Senécal, "Adaptive Importance Sampling to Accelerate Training of a Neural
    Probabilistic Language Model" (2008): each sampled logit is lowered by the log of how often its
    item was expected in the sample. The target is in the sum with certainty, not by chance, so it is
    not corrected, and a sampled copy of it is left out (Khrylchenko et al., "Correcting the LogQ
    Correction", 2025).

    Args:
        hidden: (n, d) states.
        target_vectors: (n, d) vectors of their targets.
        sampled_vectors: (m, d) vectors of the sampled items, drawn with replacement.
        collisions: (n, m) bool; True where a sampled item is the row's target.
        log_expected: (m,) log of m times the probability of drawing the item.
    """
    positive = (hidden * target_vectors).sum(dim=1)
    negatives = hidden @ sampled_vectors.T - log_expected
    negatives = negatives.masked_fill(collisions, float("-inf"))
    everything = torch.logaddexp(positive, torch.logsumexp(negatives, dim=1))
    return (everything - positive).mean()


def head_precision(device: str, states: torch.dtype) -> torch.dtype:
    """bfloat16 for float32 states where the machine multiplies it natively, else the states' own."""
    if states != torch.float32:
        return states
    if device == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else states
    return torch.bfloat16 if has_fast_bfloat16() else states
