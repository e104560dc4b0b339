"""What a SASRec is and how it is trained; round-trips through JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

BlockName = Literal["plain", "gated"]


@dataclass(frozen=True, kw_only=True)
class SasrecConfig:
    """Shape and recipe.

    Attributes:
        dimension: Width of embeddings and hidden states.
        n_layers: Transformer blocks.
        n_heads: Attention heads; divides `dimension`.
        block: "plain" is pre-norm attention and a feed-forward part; "gated" is the LiGR block.
        widening: Width of the feed-forward part over `dimension`.
        dropout: After the embedding, in attention outputs and in the feed-forward part.
        max_length: Longest context in items.
        all_windows: Learn every next-item step of a history; False learns the last `max_length`
            steps only, as most implementations do.
        batch_size: Windows a step.
        learning_rate: Peak of the cosine schedule, after a linear warm-up over `warmup` of it.
        warmup: Share of the schedule.
        weight_decay: Of AdamW, on matrices only.
        full_softmax_up_to: The softmax is over the whole catalog up to this many items; above, it is
            estimated on `sampled_items` drawn in each step, and only rows that were drawn, read or
            aimed at are updated.
        sampled_items: See above.
        warm_start: Begin with item vectors from co-occurrence (`warm_start`) where the softmax is over
            the whole catalog.
        time_gaps: Read how long after each event the next one, or the request, came. In a share
            `gap_dropout` of windows all of that is hidden, so that the model also works without.
        gap_dropout: See above.
        shuffle_ties: Draw a new order of a user's events with equal time stamps in every epoch: where
            the source's order among them means nothing, learning it by heart only hurts.
        max_epochs: Length of the schedule.
        patience: Stop after this many epochs without a better validation NDCG@10.
    """

    dimension: int = 64
    n_layers: int = 2
    n_heads: int = 1
    block: BlockName = "plain"
    widening: int = 1
    dropout: float = 0.2
    max_length: int = 50
    all_windows: bool = True
    batch_size: int = 32
    learning_rate: float = 2e-3
    warmup: float = 0.05
    weight_decay: float = 0.1
    full_softmax_up_to: int = 50_000
    sampled_items: int = 2048
    warm_start: bool = False
    time_gaps: bool = False
    gap_dropout: float = 0.1
    shuffle_ties: bool = True
    max_epochs: int = 20
    patience: int = 4
