"""A Llama network for answering on a CPU: the arithmetic and nothing else.

transformers' own module spends as much time around a matrix product as in it when one token is
decoded, and oneDNN re-packs plain bfloat16 weights on every call. Here weights are packed once, the
three attention projections and the two of the gate are one product each, and the cache is a plain
array that can be cut back. Results equal transformers' up to rounding; a test compares them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

Linear = Callable[[Tensor], Tensor]
_CACHE_STEP = 256


@dataclass(frozen=True, kw_only=True)
class LlamaShape:
    """Sizes of a Llama network, from its config.json."""

    layers: int
    width: int
    heads: int
    key_heads: int
    head_width: int
    norm_epsilon: float
    rope_theta: float
    longest: int

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> LlamaShape:
        """Read from the JSON values of transformers' LlamaConfig; `rope_parameters` is known too."""
        theta = config.get("rope_theta") or config["rope_parameters"]["rope_theta"]
        heads = config["num_attention_heads"]
        return cls(
            layers=config["num_hidden_layers"],
            width=config["hidden_size"],
            heads=heads,
            key_heads=config["num_key_value_heads"],
            head_width=config.get("head_dim") or config["hidden_size"] // heads,
            norm_epsilon=config["rms_norm_eps"],
            rope_theta=theta,
            longest=config["max_position_embeddings"],
        )


class KeyValueCache:
    """Keys and values of the tokens read so far; grows by itself, and can be cut back for nothing.

    Attributes:
        tokens: The ids whose keys and values are held, in order.
    """

    def __init__(self, shape: LlamaShape, dtype: torch.dtype) -> None:
        self.tokens: list[int] = []
        self._sizes = (shape.layers, shape.key_heads, 0, shape.head_width)
        self._keys = torch.empty(self._sizes, dtype=dtype)
        self._values = torch.empty(self._sizes, dtype=dtype)

    def keep(self, n_tokens: int) -> None:
        """Forget everything after the first `n_tokens`."""
        del self.tokens[n_tokens:]

    def room_for(self, n_tokens: int) -> None:
        """Make room for that many tokens in all."""
        layers, heads, _, width = self._sizes
        if n_tokens <= self._keys.shape[2]:
            return
        capacity = -(-n_tokens // _CACHE_STEP) * _CACHE_STEP
        held = len(self.tokens)
        for name in ("_keys", "_values"):
            old: Tensor = getattr(self, name)
            new = torch.empty((layers, heads, capacity, width), dtype=old.dtype)
            new[:, :, :held] = old[:, :, :held]
            setattr(self, name, new)

    def put(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Write (n, key_heads, head_width) after the held tokens; all keys and values up to there."""
        start = len(self.tokens)
        end = start + keys.shape[0]
        self._keys[layer, :, start:end] = keys.transpose(0, 1)
        self._values[layer, :, start:end] = values.transpose(0, 1)
        return self._keys[layer, :, :end], self._values[layer, :, :end]


@dataclass(frozen=True, kw_only=True)
class _Layer:
    attention_norm: Tensor
    attention_in: Linear
    attention_out: Linear
    gate_norm: Tensor
    gate_in: Linear
    gate_out: Linear


class LlamaNetwork:
    """Frozen weights, ready to run. Immutable: safe between threads, each with its own cache.

    Args:
        tensors: By transformers' names, embeddings tied to the output.
        shape: Their sizes.
        dtype: What is computed in; bfloat16 only where the processor has products for it.
    """

    def __init__(
        self, tensors: Mapping[str, Tensor], shape: LlamaShape, dtype: torch.dtype
    ) -> None:
        self.shape = shape
        self.dtype = dtype
        self._embeddings = tensors["model.embed_tokens.weight"].to(dtype)
        self._norm = tensors["model.norm.weight"].to(dtype)
        with torch.inference_mode():
            self._layers = [_layer(tensors, place, dtype) for place in range(shape.layers)]
            self._head = packed_linear(self._embeddings)
            self._cosines, self._sines = _rotations(shape, dtype)

    @property
    def vocabulary(self) -> int:
        """Number of tokens known."""
        return self._embeddings.shape[0]

    def new_cache(self) -> KeyValueCache:
        """An empty cache that fits."""
        return KeyValueCache(self.shape, self.dtype)

    @torch.inference_mode()
    def read(self, tokens: Sequence[int], cache: KeyValueCache) -> Tensor:
        """Read tokens after those in the cache, which then holds them too.

        Returns:
            (len(tokens), width): what `logits` takes.

        Raises:
            ValueError: More tokens than the network has positions for.
        """
        shape, start = self.shape, len(cache.tokens)
        end = start + len(tokens)
        if end > shape.longest:
            raise ValueError(f"{end} tokens are more than the {shape.longest} that the model reads")
        cache.room_for(end)
        states = functional.embedding(torch.tensor(tokens), self._embeddings)
        rotation = self._cosines[start:end, None], self._sines[start:end, None]
        mask = None
        if len(tokens) > 1:
            mask = torch.ones(len(tokens), end, dtype=torch.bool).tril(start)
        for place, layer in enumerate(self._layers):
            normed = self._normed(states, layer.attention_norm)
            attended = self._attend(layer.attention_in(normed), place, rotation, mask, cache)
            states = states + layer.attention_out(attended)
            normed = self._normed(states, layer.gate_norm)
            gate, value = layer.gate_in(normed).chunk(2, dim=-1)
            states = states + layer.gate_out(functional.silu(gate) * value)
        cache.tokens.extend(tokens)
        return states

    @torch.inference_mode()
    def logits(self, states: Tensor) -> Tensor:
        """float32 (n, vocabulary) for (n, width) states of `read`."""
        return self._head(self._normed(states, self._norm)).float()

    def _normed(self, states: Tensor, weight: Tensor) -> Tensor:
        return functional.rms_norm(states, (self.shape.width,), weight, self.shape.norm_epsilon)

    def _attend(
        self,
        projected: Tensor,
        layer: int,
        rotation: tuple[Tensor, Tensor],
        mask: Tensor | None,
        cache: KeyValueCache,
    ) -> Tensor:
        shape = self.shape
        turned_heads = shape.heads + shape.key_heads
        heads = projected.view(projected.shape[0], -1, shape.head_width)
        turned = heads[:, :turned_heads]
        # The sines carry the sign, so that turning is one roll instead of a split and a join.
        turned = turned * rotation[0] + turned.roll(shape.head_width // 2, -1) * rotation[1]
        keys, values = cache.put(layer, turned[:, shape.heads :], heads[:, turned_heads:])
        queries = turned[:, : shape.heads].transpose(0, 1)
        attended = functional.scaled_dot_product_attention(
            queries[None], keys[None], values[None], attn_mask=mask, enable_gqa=True
        )[0]
        return attended.transpose(0, 1).reshape(projected.shape[0], -1)


def packed_linear(weight: Tensor) -> Linear:
    """X → x · weightᵀ, with the weight packed for oneDNN where that can be done (twice as fast)."""
    if weight.dtype == torch.bfloat16 and torch.backends.mkldnn.is_available():
        try:
            packed = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), 1)
            product = torch.ops.mkldnn._linear_pointwise
            product(weight.new_zeros(1, weight.shape[1]), packed, None, "none", [], "")
        # Builds differ in what they have; plain products work everywhere.
        except (AttributeError, RuntimeError):
            pass
        else:
            return lambda states: product(states, packed, None, "none", [], "")
    return lambda states: functional.linear(states, weight)


def _layer(tensors: Mapping[str, Tensor], place: int, dtype: torch.dtype) -> _Layer:
    def get(*names: str) -> Tensor:
        parts = [tensors[f"model.layers.{place}.{name}.weight"].to(dtype) for name in names]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    return _Layer(
        attention_norm=get("input_layernorm"),
        attention_in=packed_linear(get("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")),
        attention_out=packed_linear(get("self_attn.o_proj")),
        gate_norm=get("post_attention_layernorm"),
        gate_in=packed_linear(get("mlp.gate_proj", "mlp.up_proj")),
        gate_out=packed_linear(get("mlp.down_proj")),
    )


def _rotations(shape: LlamaShape, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Cosines and signed sines, each (longest, head_width). Rotary positions: Su et al. 2021, eq. 34.

    Angles repeat after half a head, as transformers lays them out.
    """
    half = torch.arange(0, shape.head_width, 2, dtype=torch.float32) / shape.head_width
    angles = torch.outer(torch.arange(shape.longest).float(), shape.rope_theta**-half)
    cosines = angles.cos().repeat(1, 2)
    sines = torch.cat([-angles.sin(), angles.sin()], dim=1)
    return cosines.to(dtype), sines.to(dtype)
