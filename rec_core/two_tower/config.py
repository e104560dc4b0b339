"""What a two-tower retriever is and how it is trained; round-trips through JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FrequencyName = Literal["counts", "streaming", "none"]


@dataclass(frozen=True, kw_only=True)
class TwoTowerConfig:
    """Shape and recipe.

    Attributes:
        dimension: Width of user and item vectors.
        n_pools: Learned weightings of the history by distance from its end.
        max_length: Items of the history that the user tower reads, from the end.
        dropout: Inside both towers.
        id_dropout: Share of items per step whose id part is blanked, so that the text and genre
            part alone must do: what an item that nobody took yet has. 1 trains without ids.
        feature_dropout: Share of windows whose user features are blanked, so that users of whom
            nothing is known are served as well.
        temperature: Divides the cosine of the two vectors.
        window: Next-item steps of one history that are learned together; they share its vectors.
        batch_size: Next-item steps a batch, which are each other's negatives.
        uniform_negatives: Items drawn evenly from the catalog, negatives of every step beside the
            batch's own (mixed negative sampling).
        frequency: Where the logQ correction gets an item's share of the targets from: "counts" of
            the data, a "streaming" estimate made while training, or "none" (no correction; only to
            measure what it gives).
        frequency_rate: Learning rate of the streaming estimate.
        learning_rate: Peak of the cosine schedule.
        weight_decay: Of AdamW.
        shuffle_ties: Draw a new order of a user's events with equal time stamps in every epoch.
        max_epochs: Length of the schedule.
        patience: Stop after this many epochs without a better validation recall@100.
    """

    dimension: int = 64
    n_pools: int = 4
    max_length: int = 30
    dropout: float = 0.0
    id_dropout: float = 0.1
    feature_dropout: float = 0.15
    temperature: float = 0.1
    window: int = 16
    batch_size: int = 1024
    uniform_negatives: int = 0
    frequency: FrequencyName = "counts"
    frequency_rate: float = 0.02
    learning_rate: float = 6e-3
    weight_decay: float = 0.01
    shuffle_ties: bool = False
    max_epochs: int = 6
    patience: int = 3
