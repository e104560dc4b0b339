"""In-batch softmax with the correction for how often an item is in a batch."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def in_batch_softmax(
    logits: Tensor, targets: Tensor, log_frequency: Tensor | None = None
) -> Tensor:
    """Mean cross-entropy in which the batch's targets are the classes.

    Yi et al., "Sampling-Bias-Corrected Neural Modeling for Large Corpus Item Recommendations"
    (RecSys 2019), equation 3: an item is in a batch with probability Q, so its logit is lowered by
    log Q; without that popular items are punished for being popular. Another example's target that
    is the same item is no negative and is left out.

    Args:
        logits: (n, n); [i, j] = fit of example i with the target of example j.
        targets: (n,) item rows.
        log_frequency: (n,) log of each target's share of all targets; None = no correction.

    Returns:
        Scalar.
    """
    if log_frequency is not None:
        logits = logits - log_frequency[None, :]
    same = targets[:, None] == targets[None, :]
    same.fill_diagonal_(fill_value=False)
    logits = logits.masked_fill(same, float("-inf"))
    return functional.cross_entropy(logits, torch.arange(len(targets), device=logits.device))
