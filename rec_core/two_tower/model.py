"""The two towers: items by id, text and genres; users by what they took."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .config import TwoTowerConfig


class ItemTower(nn.Module):
    """Item rows to unit vectors: the sum of an id part and a content part.

    Args:
        content: (n_items, d_content) fixed features: text vector and genre flags.
        known: (n_items,) bool; False = never seen in training, so the id part says nothing.
        config: Shape.
    """

    content: Tensor
    known: Tensor

    def __init__(self, content: Tensor, known: Tensor, config: TwoTowerConfig) -> None:
        super().__init__()
        self.register_buffer("content", content, persistent=False)
        self.register_buffer("known", known, persistent=False)
        self.ids = nn.Embedding(len(content), config.dimension)
        self.inner = nn.Linear(content.shape[1], 2 * config.dimension)
        self.outer = nn.Linear(2 * config.dimension, config.dimension)
        self.norm = nn.LayerNorm(config.dimension)
        self.dropout = nn.Dropout(config.dropout)
        self.id_dropout = config.id_dropout
        nn.init.trunc_normal_(self.ids.weight, std=0.05)

    def forward(self, rows: Tensor) -> Tensor:
        """(n,) item rows -> (n, d) unit vectors."""
        keep = self.known[rows]
        if self.training:
            keep = keep & (torch.rand(len(rows), device=rows.device) >= self.id_dropout)
        by_id = self.ids(rows) * keep[:, None]
        by_content = self.outer(self.dropout(functional.gelu(self.inner(self.content[rows]))))
        return functional.normalize(self.norm(by_id + by_content), dim=-1)


class UserTower(nn.Module):
    """Vectors of the items of a history to one unit vector.

    Three views of the history: a pool with learned weights by distance from the end (a softmax
    over the positions there are), the mean, and the last item.
    """

    def __init__(self, config: TwoTowerConfig) -> None:
        super().__init__()
        width = config.dimension
        self.recency = nn.Parameter(-torch.log1p(torch.arange(config.max_length).float()))
        self.inner = nn.Linear(3 * width, 2 * width)
        self.outer = nn.Linear(2 * width, width)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, vectors: Tensor, lengths: Tensor) -> Tensor:
        """(n, length, d) right-padded item vectors, (n,) lengths >= 1 -> (n, d) unit vectors."""
        places = torch.arange(vectors.shape[1], device=vectors.device)
        real = places < lengths[:, None]
        from_end = (lengths[:, None] - 1 - places).clamp(min=0)
        weights = self.recency[from_end].masked_fill(~real, float("-inf")).softmax(dim=1)
        even = real / lengths[:, None]
        pooled, mean = torch.bmm(torch.stack([weights, even], dim=1), vectors).unbind(dim=1)
        last = vectors[torch.arange(len(vectors), device=vectors.device), lengths - 1]
        views = self.dropout(torch.cat([pooled, mean, last], dim=-1))
        shortcut = pooled + last
        return functional.normalize(
            shortcut + self.outer(functional.gelu(self.inner(views))), dim=-1
        )


class TwoTower(nn.Module):
    """Both towers; the fit of a user and an item is their cosine over the temperature."""

    def __init__(self, content: Tensor, known: Tensor, config: TwoTowerConfig) -> None:
        super().__init__()
        self.config = config
        self.item_tower = ItemTower(content, known, config)
        self.user_tower = UserTower(config)

    def all_items(self) -> Tensor:
        """(n_items, d) unit vectors of the whole catalog."""
        return self.item_tower(torch.arange(len(self.item_tower.content)))

    def forward(self, histories: Tensor, lengths: Tensor, targets: Tensor) -> Tensor:
        """In-batch logits (n, n): user i against the target of example j.

        Each distinct item of the batch goes through the item tower once.
        """
        rows, places = torch.unique(torch.cat([histories.ravel(), targets]), return_inverse=True)
        vectors = self.item_tower(rows)
        read = functional.embedding(places[: histories.numel()].view(histories.shape), vectors)
        users = self.user_tower(read, lengths)
        return users @ vectors[places[histories.numel() :]].T / self.config.temperature
