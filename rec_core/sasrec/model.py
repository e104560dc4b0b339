"""SASRec: a causal transformer over item histories with a tied output layer.

Kang and McAuley, "Self-Attentive Sequential Recommendation" (ICDM 2018). We differ in: softmax over
the whole catalog instead of one sampled negative, layer norm before each part (pre-norm), GELU,
right padding, and no attention mask beyond causality.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..batches import N_GAP_CLASSES, UNKNOWN_GAP
from .config import SasrecConfig
from .dropout import PooledDropout


class _Attention(nn.Module):
    """Causal self-attention without any other mask: padding comes after every real position."""

    def __init__(self, config: SasrecConfig) -> None:
        super().__init__()
        width = config.dimension
        self.n_heads = config.n_heads
        self.queries_keys_values = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, states: Tensor, last: Tensor | None) -> Tensor:
        """(n, length, d) -> (n, length, d), or (n, 1, d) at places `last` (n,) alone."""
        if last is None:
            queries, keys, values = self._split(self.queries_keys_values(states))
            mixed = functional.scaled_dot_product_attention(queries, keys, values, is_causal=True)
            return self.out(self._join(mixed))
        width = states.shape[2]
        weight, bias = self.queries_keys_values.weight, self.queries_keys_values.bias
        asking = functional.linear(_at(states, last), weight[:width], bias[:width])
        (queries,) = self._split(asking)
        keys, values = self._split(functional.linear(states, weight[width:], bias[width:]))
        before = torch.arange(states.shape[1], device=states.device) <= last[:, None]
        mixed = functional.scaled_dot_product_attention(
            queries, keys, values, attn_mask=before[:, None, None]
        )
        return self.out(self._join(mixed))

    def _split(self, packed: Tensor) -> tuple[Tensor, ...]:
        """(n, length, parts * d) -> each part as (n, heads, length, d_head)."""
        n, length, width = packed.shape
        d_head = self.out.in_features // self.n_heads
        parts = packed.view(n, length, width // (self.n_heads * d_head), self.n_heads, d_head)
        return parts.permute(2, 0, 3, 1, 4).unbind(0)

    def _join(self, heads: Tensor) -> Tensor:
        return heads.transpose(1, 2).flatten(start_dim=2)


def _at(states: Tensor, last: Tensor | None) -> Tensor:
    """(n, length, d) -> (n, 1, d): the state at one place of each row; all of them for None."""
    if last is None:
        return states
    return states[torch.arange(len(states), device=states.device), last][:, None]


class PlainBlock(nn.Module):
    """Pre-norm attention, then a feed-forward part, each added to what came in."""

    def __init__(self, config: SasrecConfig) -> None:
        super().__init__()
        width, wide = config.dimension, config.widening * config.dimension
        self.attention_norm = nn.LayerNorm(width)
        self.attention = _Attention(config)
        self.forward_norm = nn.LayerNorm(width)
        self.inner = nn.Linear(width, wide)
        self.outer = nn.Linear(wide, width)
        self.dropout = PooledDropout(config.dropout)

    def forward(self, states: Tensor, last: Tensor | None = None) -> Tensor:
        """(n, length, d) -> (n, length, d), or (n, 1, d) at places `last` (n,) alone."""
        mixed = self.dropout(self.attention(self.attention_norm(states), last))
        states = _at(states, last) + mixed
        inner = functional.gelu(self.inner(self.forward_norm(states)))
        return states + self.dropout(self.outer(inner))


class GatedBlock(nn.Module):
    """The LiGR block of eSASRec: what each part adds is gated, and the feed-forward part is SwiGLU.

    x + attention(norm(x)) * sigmoid(x A), then x + swiglu(norm(x)) * sigmoid(x B), after Borisyuk et
    al., "From Features to Transformers" (2025), and Tikhonovich et al., "eSASRec" (2025).
    """

    def __init__(self, config: SasrecConfig) -> None:
        super().__init__()
        width, wide = config.dimension, config.widening * config.dimension
        self.attention_norm = nn.LayerNorm(width)
        self.attention = _Attention(config)
        self.attention_gate = nn.Linear(width, width)
        self.forward_norm = nn.LayerNorm(width)
        self.forward_gate = nn.Linear(width, width)
        self.inner = nn.Linear(width, 2 * wide)
        self.outer = nn.Linear(wide, width)
        self.dropout = PooledDropout(config.dropout)

    def forward(self, states: Tensor, last: Tensor | None = None) -> Tensor:
        """(n, length, d) -> (n, length, d), or (n, 1, d) at places `last` (n,) alone."""
        mixed = self.dropout(self.attention(self.attention_norm(states), last))
        states = _at(states, last)
        states = states + mixed * torch.sigmoid(self.attention_gate(states))
        opened, values = self.inner(self.forward_norm(states)).chunk(2, dim=-1)
        changed = self.dropout(self.outer(functional.silu(opened) * values))
        return states + changed * torch.sigmoid(self.forward_gate(states))


_BLOCKS = {"plain": PlainBlock, "gated": GatedBlock}


class Sasrec(nn.Module):
    """Item histories to states; a state times the item vectors gives the next item's logits.

    Args:
        n_items: Size of the catalog.
        config: Shape.
        sparse: Whether the gradient of the item vectors holds only the rows that a step touched.
    """

    def __init__(self, n_items: int, config: SasrecConfig, *, sparse: bool = False) -> None:
        super().__init__()
        self.config = config
        self.padding = n_items
        width = config.dimension
        self.items = nn.Embedding(n_items + 1, width, padding_idx=n_items, sparse=sparse)
        self.positions = nn.Embedding(config.max_length, config.dimension)
        self.gaps = nn.Embedding(N_GAP_CLASSES, width) if config.time_gaps else None
        self.blocks = nn.ModuleList(_BLOCKS[config.block](config) for _ in range(config.n_layers))
        self.norm = nn.LayerNorm(config.dimension)
        self.dropout = PooledDropout(config.dropout)
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

    def dense_parameters(self) -> list[nn.Parameter]:
        """All parameters but item vectors with a sparse gradient."""
        items = self.items.weight if self.items.sparse else None
        return [parameter for parameter in self.parameters() if parameter is not items]

    def forward(self, items: Tensor, gaps: Tensor | None = None) -> Tensor:
        """(n, length) item rows, right-padded with n_items -> (n, length, d) states.

        `gaps` (n, length) are `batches.gap_classes` from each item to the next event or the request;
        None means that they are unknown.
        """
        states = self._embedded(items, gaps)
        for block in self.blocks:
            states = block(states)
        return self.norm(states)

    def last_states(self, items: Tensor, lengths: Tensor, gaps: Tensor | None = None) -> Tensor:
        """States after the last real item alone: about half the work of `forward`.

        Args:
            items: (n, length) item rows, right-padded with n_items.
            lengths: (n,) int64 real items of each row, >= 1.
            gaps: As in `forward`.

        Returns:
            (n, d).
        """
        states = self._embedded(items, gaps)
        *first, final = self.blocks
        for block in first:
            states = block(states)
        return self.norm(final(states, lengths - 1)[:, 0])

    def _embedded(self, items: Tensor, gaps: Tensor | None) -> Tensor:
        places = torch.arange(items.shape[1], device=items.device)
        states = self.items(items) * self.config.dimension**0.5 + self.positions(places)
        if self.gaps is not None:
            states = states + self.gaps(
                torch.full_like(items, UNKNOWN_GAP) if gaps is None else gaps
            )
        return self.dropout(states)
