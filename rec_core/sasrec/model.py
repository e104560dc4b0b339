"""SASRec: a causal transformer over item histories with a tied output layer.

Kang and McAuley, "Self-Attentive Sequential Recommendation" (ICDM 2018). We differ in: softmax over
the whole catalog instead of one sampled negative, layer norm before each part (pre-norm), GELU,
right padding, and no attention mask beyond causality.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .config import SasrecConfig


class Block(nn.Module):
    """Causal self-attention and a feed-forward part of the same width."""

    def __init__(self, config: SasrecConfig) -> None:
        super().__init__()
        width = config.dimension
        self.n_heads = config.n_heads
        self.attention_norm = nn.LayerNorm(width)
        self.queries_keys_values = nn.Linear(width, 3 * width)
        self.attention_out = nn.Linear(width, width)
        self.forward_norm = nn.LayerNorm(width)
        self.inner = nn.Linear(width, width)
        self.outer = nn.Linear(width, width)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, states: Tensor) -> Tensor:
        """(n, length, d) -> (n, length, d)."""
        n, length, width = states.shape
        packed = self.queries_keys_values(self.attention_norm(states))
        packed = packed.view(n, length, 3, self.n_heads, width // self.n_heads)
        queries, keys, values = packed.permute(2, 0, 3, 1, 4)  # each (n, heads, length, d_head)
        mixed = functional.scaled_dot_product_attention(queries, keys, values, is_causal=True)
        mixed = mixed.transpose(1, 2).reshape(n, length, width)
        states = states + self.dropout(self.attention_out(mixed))
        inner = functional.gelu(self.inner(self.forward_norm(states)))
        return states + self.dropout(self.outer(inner))


class Sasrec(nn.Module):
    """Item histories to states; a state times the item vectors gives the next item's logits."""

    def __init__(self, n_items: int, config: SasrecConfig) -> None:
        super().__init__()
        self.config = config
        self.padding = n_items
        self.items = nn.Embedding(n_items + 1, config.dimension, padding_idx=n_items)
        self.positions = nn.Embedding(config.max_length, config.dimension)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.n_layers))
        self.norm = nn.LayerNorm(config.dimension)
        self.dropout = nn.Dropout(config.dropout)
        self._initialise()

    def _initialise(self) -> None:
        for parameter in self.parameters():
            if parameter.dim() == 2:
                nn.init.trunc_normal_(parameter, std=0.02)
        with torch.no_grad():
            self.items.weight[self.padding].zero_()

    @property
    def item_vectors(self) -> Tensor:
        """(n_items, d): the tied input and output vectors, padding left out."""
        return self.items.weight[: self.padding]

    def forward(self, items: Tensor) -> Tensor:
        """(n, length) item rows, right-padded with n_items -> (n, length, d) states."""
        places = torch.arange(items.shape[1], device=items.device)
        states = self.items(items) * self.config.dimension**0.5 + self.positions(places)
        states = self.dropout(states)
        for block in self.blocks:
            states = block(states)
        return self.norm(states)
