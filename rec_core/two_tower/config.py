"""What a two-tower retriever is and how it is trained; round-trips through JSON."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class TwoTowerConfig:
    """Shape and recipe.

    Attributes:
        dimension: Width of user and item vectors.
        max_length: Items of the history that the user tower reads, from the end.
        dropout: Inside both towers.
        id_dropout: Share of items per step whose id part is blanked, so that the text and genre
            part alone must do: what an item that nobody took yet has.
        temperature: Divides the cosine of the two vectors.
        batch_size: Examples a step, which are each other's negatives.
        learning_rate: Peak of the cosine schedule.
        weight_decay: Of AdamW.
        frequency_correction: logQ correction of the in-batch softmax; off only to measure it.
        max_epochs: Length of the schedule.
        patience: Stop after this many epochs without a better validation recall@100.
    """

    dimension: int = 64
    max_length: int = 30
    dropout: float = 0.1
    id_dropout: float = 0.15
    temperature: float = 0.12
    batch_size: int = 512
    learning_rate: float = 3e-3
    weight_decay: float = 0.01
    frequency_correction: bool = True
    max_epochs: int = 6
    patience: int = 3
