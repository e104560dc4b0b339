"""A language model small enough for tests: a random Llama over a tokenizer of single bytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM

from rec_core import ArtifactWriter

MARKS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "intent": {"enum": ["recommend", "more", "chat"]},
        "genres": {
            "type": "array",
            "items": {"enum": ["Comedy", "Film-Noir", "Sci-Fi"]},
            "minItems": 1,
            "maxItems": 2,
        },
        "years": {
            "type": "array",
            "items": {"anyOf": [{"type": "integer", "minimum": 1900, "maximum": 2030}, {"type": "null"}]},
            "minItems": 2,
            "maxItems": 2,
        },
        "like": {
            "type": "array",
            "items": {"type": "string", "minLength": 1, "maxLength": 12},
            "minItems": 1,
            "maxItems": 2,
        },
        "count": {"type": "integer", "minimum": 1, "maximum": 20},
    },
    "required": ["intent"],
    "additionalProperties": False,
}  # fmt: skip


def tiny_config() -> LlamaConfig:
    """Two layers, grouped heads, one token a byte."""
    return LlamaConfig(
        vocab_size=256 + len(MARKS),
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=2,
    )


def make_tiny_model(folder: Path, *, seed: int = 0) -> Path:
    """The model's artifact, as `prepare_base_model` would leave it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = LlamaForCausalLM(tiny_config())
    tensors = {
        # Larger than at the start of a training: random texts should not all be alike.
        name: tensor * (6 if "proj" in name or "embed" in name else 1)
        for name, tensor in model.state_dict().items()
        if name != "lm_head.weight"
    }
    with ArtifactWriter(folder, kind="embedded-model", config={}) as writer:
        writer.add_tensors("model", tensors)
        writer.add_json("config", json.loads(model.config.to_json_string()))
        _tokenizer().save(str(writer.path("tokenizer.json")))
    return folder


def _tokenizer() -> Tokenizer:
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {word: place for place, word in enumerate([*MARKS, *letters])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(mark, special=True) for mark in MARKS])
    return tokenizer
