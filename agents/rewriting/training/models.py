"""Where a policy's weights and words come from: the model that Rapport brings along, or any other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch

from rec_core import SettingsError, has_fast_bfloat16, read_artifact

from ...llm.embedded.base_model import KIND, NAME, prepare_base_model
from ..generation import BatchWriter, Tokens, embedded_tokens
from .low_rank import TARGETS, LowRankShape, add_low_rank, load_adapter
from .recipes import EMBEDDED, RewriterRecipe

_END = "<|im_end|>"

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True, kw_only=True)
class ModelSource:
    """A causal model to be tuned.

    Attributes:
        name: For cards and adapter_config.json.
        fingerprint: Of the weights; a checkpoint of other ones is not gone on with.
        tokens: Text to ids and back, as the rewriter's prompts need it.
        tokenizer: The same, as TRL needs it.
        place: Folder or hub name.
        device: A torch device.
    """

    name: str
    fingerprint: str
    tokens: Tokens
    tokenizer: PreTrainedTokenizerBase
    place: str
    device: str

    def load(self, shape: LowRankShape, adapter: Path | None = None) -> PreTrainedModel:
        """The model with an adapter: a fresh one, drawn by torch's generator, or the one in a folder.

        Raises:
            SettingsError: The model cannot be loaded.
            ArtifactError: The adapter does not fit.
        """
        from transformers import AutoModelForCausalLM

        on_gpu = torch.device(self.device).type == "cuda"
        dtype = torch.bfloat16 if on_gpu or has_fast_bfloat16() else torch.float32
        try:
            model: Any = AutoModelForCausalLM.from_pretrained(self.place, dtype=dtype)
        except (OSError, ValueError) as fault:
            raise SettingsError(
                f"The model {self.place!r} cannot be loaded: {fault}.",
                "Give a folder with a causal model, or choose the recipe cpu-135m.",
            ) from fault
        add_low_rank(model, shape)
        if adapter is not None:
            load_adapter(model, adapter)
        return model.to(self.device)

    def load_for_vllm(self, shape: LowRankShape, adapter: Path | None = None) -> PreTrainedModel:
        """As `load`, with peft's layers: TRL merges these for vLLM before each draw, and knows no others."""
        from peft import LoraConfig, PeftModel, get_peft_model
        from transformers import AutoModelForCausalLM

        model: Any = AutoModelForCausalLM.from_pretrained(self.place, dtype=torch.bfloat16)
        if adapter is not None:
            return cast("Any", PeftModel.from_pretrained(model, str(adapter), is_trainable=True))
        layers = range(shape.first_layer, model.config.num_hidden_layers)
        config = LoraConfig(
            r=shape.rank, lora_alpha=shape.alpha, target_modules=list(TARGETS),
            layers_to_transform=list(layers), task_type="CAUSAL_LM",
        )  # fmt: skip
        return cast("Any", get_peft_model(model, config))

    def writer(self, model: PreTrainedModel) -> BatchWriter:
        """The model as it is now, writing greedily."""
        return BatchWriter(model.eval(), self.tokens, name=self.name)


def model_source(recipe: RewriterRecipe, cache_folder: Path) -> ModelSource:
    """The model of a recipe.

    Raises:
        EmbeddedModelMissing: The package with the embedded model is not installed.
        SettingsError: Another model's tokenizer cannot be loaded.
    """
    if recipe.model != EMBEDDED:
        return _other(recipe)
    return embedded_source(prepare_base_model(cache_folder), recipe.device)


def embedded_source(base: Path, device: str = "cpu") -> ModelSource:
    """The embedded model in a folder, or one of its kind.

    Args:
        base: From `prepare_base_model`.
        device: A torch device.
    """
    from transformers import PreTrainedTokenizerFast

    tokens = embedded_tokens(base)
    marks = {"eos_token": _END, "pad_token": _END}
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(base / "tokenizer.json"), padding_side="left", **marks
    )
    return ModelSource(
        name=NAME, fingerprint=read_artifact(base, kind=KIND).fingerprint, tokens=tokens,
        tokenizer=tokenizer, place=str(base), device=device,
    )  # fmt: skip


def _other(recipe: RewriterRecipe) -> ModelSource:
    from transformers import AutoTokenizer

    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(recipe.model, padding_side="left")
    except (OSError, ValueError) as fault:
        raise SettingsError(
            f"The tokenizer of {recipe.model!r} cannot be loaded: {fault}.",
            "Give a local folder with --model, or choose the recipe cpu-135m.",
        ) from fault
    return ModelSource(
        name=recipe.model, fingerprint=recipe.model, tokens=_tokens(tokenizer),
        tokenizer=tokenizer, place=recipe.model, device=recipe.device,
    )  # fmt: skip


def _tokens(given: PreTrainedTokenizerBase) -> Tokens:
    """The chat template of the tokenizer; marks that people wrote are taken apart first."""
    tokenizer = cast("Any", given)  # its methods' types allow for batches
    roles = {"human": "user", "ai": "assistant", "system": "system"}

    def prompt(messages: Sequence[BaseMessage]) -> list[int]:
        chat = [
            {"role": roles[one.type], "content": one.text.replace("<|", "< |")} for one in messages
        ]
        text = tokenizer.apply_chat_template(chat, add_generation_prompt=True, tokenize=False)
        return tokenizer.encode(text, add_special_tokens=False)

    return Tokens(
        prompt=prompt,
        plain=lambda text: tokenizer.encode(text, add_special_tokens=False),
        text=lambda ids: tokenizer.decode(list(ids)),
        end=tokenizer.eos_token_id,
    )
