"""What a SASRec is and how it is trained; round-trips through JSON."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class SasrecConfig:
    """Shape and recipe.

    Attributes:
        dimension: Width of embeddings and hidden states.
        n_layers: Transformer blocks.
        n_heads: Attention heads; divides `dimension`.
        dropout: After the embedding, in attention outputs and in the feed-forward part.
        max_length: Longest context in items.
        batch_size: Windows a step.
        learning_rate: Peak of the cosine schedule, after a linear warm-up over `warmup` of it.
        warmup: Share of all steps.
        weight_decay: Of AdamW, on matrices only.
        shuffle_ties: Draw a new order of a user's events with equal time stamps in every epoch: where
            the source's order among them means nothing, learning it by heart only hurts.
        max_epochs: Length of the schedule.
        patience: Stop after this many epochs without a better validation NDCG@10.
    """

    dimension: int = 64
    n_layers: int = 2
    n_heads: int = 1
    dropout: float = 0.2
    max_length: int = 50
    batch_size: int = 32
    learning_rate: float = 2e-3
    warmup: float = 0.05
    weight_decay: float = 0.1
    shuffle_ties: bool = True
    max_epochs: int = 20
    patience: int = 4
