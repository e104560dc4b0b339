"""Loading: a model's files, with an adapter merged into them or not, ready to write.

Adapters are merged (W + scale · B·A, Hu et al. 2021, eq. 3) instead of run beside: a request then
costs what it costs without one, and nothing has to be switched while others write.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from rec_core import ArtifactError, has_fast_bfloat16

from .base_model import read_config
from .chat_text import ChatTokens
from .constrained import AnswerGrammars
from .network import KeyValueCache, LlamaNetwork, LlamaShape

_PREFIX = "base_model.model."


@dataclass(frozen=True, kw_only=True)
class Weights:
    """A model that can write: only `cache` ever changes, under the lock of who writes."""

    network: LlamaNetwork
    chat: ChatTokens
    grammars: AnswerGrammars
    cache: KeyValueCache

    @contextmanager
    def threads(self, n_threads: int | None) -> Iterator[None]:
        """Threads of torch inside the block; None leaves them."""
        before = torch.get_num_threads()
        if n_threads is not None:
            torch.set_num_threads(n_threads)
        try:
            yield
        finally:
            if n_threads is not None:
                torch.set_num_threads(before)


def load_weights(
    folder: Path, *, adapter: Path | None = None, beside: Weights | None = None
) -> Weights:
    """Load a model in bfloat16 where the processor has products for it, else in float32.

    Args:
        folder: As `prepare_base_model` leaves it.
        adapter: A LoRA adapter in peft's layout; its base must have the same sizes.
        beside: The same model with another adapter, to share the tokenizer and grammars with.

    Raises:
        ArtifactError: A file is missing, damaged, or the adapter is for another model.
    """
    config = read_config(folder)
    tensors = _read_tensors(folder / "model.safetensors")
    if adapter is not None:
        merge_adapter(tensors, adapter)
    dtype = torch.bfloat16 if has_fast_bfloat16() else torch.float32
    network = LlamaNetwork(tensors, LlamaShape.of(config), dtype)
    if beside is not None:
        chat, grammars = beside.chat, beside.grammars
    else:
        file = folder / "tokenizer.json"
        chat = ChatTokens(file)
        grammars = AnswerGrammars(file, end_token=chat.end, vocabulary=network.vocabulary)
    return Weights(network=network, chat=chat, grammars=grammars, cache=network.new_cache())


def merge_adapter(tensors: dict[str, Tensor], adapter: Path) -> None:
    """Add a LoRA adapter to the weights, in place of those it changes.

    Args:
        tensors: By transformers' names.
        adapter: Folder of adapter_config.json and adapter_model.safetensors.

    Raises:
        ArtifactError: The files cannot be read or do not fit the weights.
    """
    config = _adapter_config(adapter)
    scale = config["lora_alpha"] / config["r"]
    found = _read_tensors(adapter / "adapter_model.safetensors")
    for name, down in found.items():
        if not name.endswith(".lora_A.weight"):
            continue
        target = name.removeprefix(_PREFIX).replace(".lora_A.weight", ".weight")
        up = found.get(name.replace(".lora_A.", ".lora_B."))
        weight = tensors.get(target)
        if up is None or weight is None or (up.shape[0], down.shape[1]) != weight.shape:
            raise _unfit(adapter, f"{name!r} does not fit the model")
        change = up.float() @ down.float()
        tensors[target] = (weight.float() + scale * change).to(weight.dtype)


def _adapter_config(adapter: Path) -> dict[str, float]:
    try:
        config = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))
        usable = config["peft_type"] == "LORA" and not config.get("use_rslora")
        values = {"lora_alpha": float(config["lora_alpha"]), "r": float(config["r"])}
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise _unfit(adapter, "its adapter_config.json cannot be read") from fault
    if not usable:
        raise _unfit(adapter, "it is not a plain LoRA adapter")
    return values


def _read_tensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (OSError, SafetensorError) as fault:
        raise _unfit(path.parent, f"{path.name!r} cannot be read") from fault


def _unfit(folder: Path, why: str) -> ArtifactError:
    return ArtifactError(
        f"The language model in {str(folder)!r} is not usable: {why}.",
        "Remove that folder; the model is unpacked again, an adapter has to be trained again.",
    )
