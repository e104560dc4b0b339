"""Low-rank adapters inside a frozen causal model, cheap enough to train on a CPU core.

Not peft's layers, for one reason: under autocast these compute in float32 and cast back and forth,
which on a core takes longer than the frozen products beside them. Here numbers are float32 masters,
products are in the model's own type, and layers below `first_layer` have no adapter, so that nothing
is kept or computed for them on the way back. Files are in peft's layout all the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from rec_core import ArtifactError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
_GATE = ("gate_proj", "up_proj", "down_proj")
TARGETS = (*_ATTENTION, *_GATE)
_PREFIX = "base_model.model."


@dataclass(frozen=True, kw_only=True)
class LowRankShape:
    """Sizes of an adapter.

    Attributes:
        rank, alpha: Of LoRA (Hu et al. 2021, eq. 3): what is added is alpha / rank · B·A.
        first_layer: Layers below it are left as they are.
    """

    rank: int = 8
    alpha: int = 16
    first_layer: int = 12

    @property
    def scale(self) -> float:
        """Alpha / rank."""
        return self.alpha / self.rank


class LowRank(nn.Module):
    """A frozen linear layer and what is added to it."""

    def __init__(self, linear: nn.Linear, shape: LowRankShape) -> None:
        super().__init__()
        self.linear = linear
        self.scale = shape.scale
        self.down = nn.Parameter(torch.empty(shape.rank, linear.in_features))
        self.up = nn.Parameter(torch.zeros(linear.out_features, shape.rank))
        nn.init.kaiming_uniform_(self.down, a=math.sqrt(5))  # as the paper's own code draws it

    def forward(self, states: Tensor) -> Tensor:
        """(…, in) → (…, out)."""
        down, up = self.down.to(states.dtype), (self.scale * self.up).to(states.dtype)
        return self.linear(states) + (states @ down.T) @ up.T


def add_low_rank(model: PreTrainedModel, shape: LowRankShape) -> nn.ParameterList:
    """Freeze a Llama and put fresh adapters into it, drawn from torch's generator.

    Returns:
        The parameters to train, in a fixed order.
    """
    for parameter in model.parameters():
        parameter.requires_grad = False
    for layer in cast("Iterable[Any]", model.model.layers[shape.first_layer :]):
        for block, names in ((layer.self_attn, _ATTENTION), (layer.mlp, _GATE)):
            for name in names:
                setattr(block, name, LowRank(getattr(block, name), shape))
    return trainable(model)


def trainable(model: nn.Module) -> nn.ParameterList:
    """The adapters' parameters, in a fixed order."""
    return nn.ParameterList(one for one in model.parameters() if one.requires_grad)


def adapter_tensors(model: nn.Module) -> dict[str, Tensor]:
    """The adapters in bfloat16, by peft's names for files; of peft's own layers too."""
    found = _parts(model) or {
        name.replace(".default.", "."): part
        for name, part in model.named_parameters()
        if ".lora_" in name
    }
    return {name: part.detach().to(torch.bfloat16).contiguous() for name, part in found.items()}


def has_low_rank(model: nn.Module) -> bool:
    """Whether the adapters in the model are those of this module."""
    return bool(_parts(model))


def load_adapter(model: nn.Module, folder: Path) -> None:
    """Put an adapter's numbers into a model that has room for exactly them.

    Raises:
        ArtifactError: The file cannot be read, or its tensors have other names or sizes.
    """
    try:
        found = load_file(folder / "adapter_model.safetensors")
    except (OSError, SafetensorError) as fault:
        raise _unfit(folder, "its weights cannot be read") from fault
    wanted = _parts(model)
    if {name: part.shape for name, part in wanted.items()} != {
        name: part.shape for name, part in found.items()
    }:
        raise _unfit(folder, "it has another rank, or adapts other layers")
    with torch.no_grad():
        for name, part in wanted.items():
            part.copy_(found[name])


def peft_description(shape: LowRankShape, *, base: str, layers: int) -> dict[str, Any]:
    """The content of adapter_config.json.

    Args:
        shape: Of the adapter.
        base: Name of the model.
        layers: How many layers the model has.
    """
    return {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base,
        "r": shape.rank,
        "lora_alpha": shape.alpha,
        "lora_dropout": 0.0,
        "target_modules": sorted(TARGETS),
        "layers_to_transform": list(range(shape.first_layer, layers)),
        "bias": "none",
        "fan_in_fan_out": False,
        "use_rslora": False,
        "inference_mode": True,
    }


def _parts(model: nn.Module) -> dict[str, nn.Parameter]:
    return {
        f"{_PREFIX}{name}.lora_{letter}.weight": part
        for name, module in model.named_modules()
        if isinstance(module, LowRank)
        for letter, part in (("A", module.down), ("B", module.up))
    }


def _unfit(folder: Path, why: str) -> ArtifactError:
    return ArtifactError(
        f"The adapter in {str(folder)!r} cannot be trained further: {why}.",
        "Give an adapter that `rapport tune rewriter` made with the same recipe.",
    )
