"""The two towers: items by id and content; users by what they took and who they are."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..sasrec.dropout import PooledDropout
from .config import TwoTowerConfig

# A dense update costs as much as the whole table, a sparse one as much as the batch.
_DENSE_IDS = 50_000


class ItemTower(nn.Module):
    """Item rows to unit vectors: the sum of an id part and a content part.

    Args:
        known: (n_items,) bool; False = never seen in training, so the id part says nothing.
        n_features: Columns of the content; 0 = there is none, and ids are all.
        config: Shape.
    """

    known: Tensor

    def __init__(self, known: Tensor, n_features: int, config: TwoTowerConfig) -> None:
        super().__init__()
        width = config.dimension
        self.register_buffer("known", known, persistent=False)
        self.ids = nn.Embedding(len(known), width, sparse=len(known) > _DENSE_IDS)
        self.content = (
            nn.Sequential(
                nn.Linear(n_features, 2 * width),
                nn.GELU(),
                PooledDropout(config.dropout),
                nn.Linear(2 * width, width),
            )
            if n_features
            else None
        )
        self.norm = nn.LayerNorm(width)
        self.id_dropout = config.id_dropout
        nn.init.trunc_normal_(self.ids.weight, std=0.05)

    def forward(self, rows: Tensor, content: Tensor | None) -> Tensor:
        """(n,) item rows and their (n, n_features) content -> (n, d) unit vectors."""
        keep = self.known[rows]
        if self.training and self.id_dropout:
            keep = keep & (torch.rand(len(rows), device=rows.device) >= self.id_dropout)
        total = self.ids(rows) * keep[:, None]
        if self.content is not None and content is not None:
            total = total + self.content(content)
        return functional.normalize(self.norm(total), dim=-1)


class UserTower(nn.Module):
    """Vectors of the items of a history to one unit vector.

    Views of the history: pools with learned weights by distance from the end (each a softmax over
    the places there are) and the last item. Weights depend on the distance alone, so the pools of
    all steps of a window are one product with a banded matrix.

    Args:
        config: Shape.
        n_features: Columns of the user features; 0 = there are none.
    """

    def __init__(self, config: TwoTowerConfig, n_features: int = 0) -> None:
        super().__init__()
        width = config.dimension
        distances = torch.log1p(torch.arange(config.max_length).float())
        self.max_length = config.max_length
        self.feature_dropout = config.feature_dropout
        self.recency = nn.Parameter(torch.outer(-torch.arange(config.n_pools).float(), distances))
        self.inner = nn.Linear((config.n_pools + 1) * width, 2 * width)
        self.features = nn.Linear(n_features, 2 * width, bias=False) if n_features else None
        self.outer = nn.Linear(2 * width, width)
        self.dropout = PooledDropout(config.dropout)

    def forward(self, vectors: Tensor, n_before: Tensor, features: Tensor | None = None) -> Tensor:
        """Unit vectors of users before each step.

        Args:
            vectors: (n, max_length + window - 1, d) item vectors, 0 where there is no event; step s
                reads columns s .. s + max_length - 1, the newest last.
            n_before: (n, window) how many of these are events; 0 = no such step.
            features: (n, n_features); a row of zeros, or None for all, says that nothing is known.

        Returns:
            (n_steps, d), window by window.
        """
        is_step = n_before > 0
        pools = self._pools(vectors, n_before)[is_step]
        last = vectors[:, self.max_length - 1 :][is_step]
        hidden = self.inner(self.dropout(torch.cat([pools.flatten(1), last], dim=1)))
        if self.features is not None and features is not None:
            if self.training:
                drawn = torch.rand(len(features), 1, device=features.device)
                features = features * (drawn >= self.feature_dropout)
            hidden = hidden + self.features(features).repeat_interleave(is_step.sum(dim=1), dim=0)
        shortcut = pools.sum(dim=1) + last
        return functional.normalize(shortcut + self.outer(functional.gelu(hidden)), dim=-1)

    def _pools(self, vectors: Tensor, n_before: Tensor) -> Tensor:
        """(n, window, n_pools, d) weighted means of what each step reads."""
        window, n_columns = n_before.shape[1], vectors.shape[1]
        places = torch.arange(n_columns, device=vectors.device)
        steps = torch.arange(window, device=vectors.device)
        distance = self.max_length - 1 + steps[:, None] - places
        in_band = (distance >= 0) & (distance < self.max_length)
        weights = (self.recency - self.recency.amax(dim=1, keepdim=True)).exp()
        band = weights[:, distance.clamp(0, self.max_length - 1)] * in_band
        sums = torch.matmul(band.transpose(0, 1).reshape(-1, n_columns), vectors)
        sums = sums.view(len(vectors), window, -1, vectors.shape[2])
        totals = weights.cumsum(dim=1).T[(n_before - 1).clamp(min=0)]
        return sums / totals[..., None]


class TwoTower(nn.Module):
    """Both towers; the fit of a user and an item is their cosine over the temperature."""

    def __init__(
        self,
        known: Tensor,
        config: TwoTowerConfig,
        *,
        n_content: int = 0,
        n_user_features: int = 0,
    ) -> None:
        super().__init__()
        self.config = config
        self.item_tower = ItemTower(known, n_content, config)
        self.user_tower = UserTower(config, n_user_features)

    def optimisers(self) -> list[torch.optim.Optimizer]:
        """AdamW; for the id table of a large catalog the sparse Adam, which has no weight decay."""
        ids = self.item_tower.ids
        others = [
            parameter
            for parameter in self.parameters()
            if not (ids.sparse and parameter is ids.weight)
        ]
        rate, betas = self.config.learning_rate, (0.9, 0.98)
        found: list[torch.optim.Optimizer] = [
            torch.optim.AdamW(
                others, lr=rate, betas=betas, weight_decay=self.config.weight_decay, fused=True
            )
        ]
        if ids.sparse:
            found.append(torch.optim.SparseAdam([ids.weight], lr=rate, betas=betas))
        return found
