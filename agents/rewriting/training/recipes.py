"""How a rewriter is trained: named recipes, from two cores to several GPUs. Pure data."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from rec_core import SettingsError

from .low_rank import LowRankShape

RewardName = Literal["ndcg", "random", "shuffled"]
EMBEDDED = "embedded"
"""Stands for the SmolLM2-135M that Rapport brings along."""


@dataclass(frozen=True, kw_only=True)
class SftPart:
    """Fine-tuning on demonstrations.

    Attributes:
        steps, batch_size, learning_rate: Of AdamW, with a warm-up and a cosine.
        longest: Tokens of prompt and answer; longer pairs are left out.
        titles: Of a demonstration.
        tries: Choices tried for each, the likeliest one among them.
        checkpoint_every: Steps.
    """

    steps: int = 100
    batch_size: int = 8
    learning_rate: float = 2e-3
    longest: int = 320
    titles: int = 4
    tries: int = 8
    checkpoint_every: int = 10


@dataclass(frozen=True, kw_only=True)
class GrpoPart:
    """Group-relative policy optimisation (Shao et al. 2024, eq. 3) as TRL's GRPOTrainer does it.

    Attributes:
        steps: Optimiser steps.
        prompts, completions: Of a step; rewards are compared among the completions of one prompt.
        tokens: Of a completion at most.
        credit: What a token earns: "answer" the reward of the whole answer, "title" what the titles from
            its own on add to the ranking.
        temperature, learning_rate, beta: Of drawing, of AdamW, of the KL term (0: no reference model).
        checkpoint_every: Steps.
        vllm: Completions are drawn by vLLM in the same process; None draws them here.
        vllm_memory: Share of the GPU's memory that vLLM may take.
    """

    steps: int = 60
    prompts: int = 12
    completions: int = 8
    tokens: int = 40
    credit: Literal["answer", "title"] = "title"
    temperature: float = 1.0
    learning_rate: float = 5e-4
    beta: float = 0.0
    checkpoint_every: int = 10
    vllm: bool = False
    vllm_memory: float = 0.3


@dataclass(frozen=True, kw_only=True)
class RewriterRecipe:
    """A whole training.

    Attributes:
        name: As given with --recipe.
        model: `EMBEDDED`, or a folder or hub name of a causal model with a chat template.
        shape: Of the adapter.
        sft, grpo: The two stages.
        device: "cpu" or "cuda".
        about: What it needs and how long it takes.
    """

    name: str
    model: str
    shape: LowRankShape
    sft: SftPart
    grpo: GrpoPart
    device: Literal["cpu", "cuda"]
    about: str
    notes: dict[str, Any] = field(default_factory=dict)


_GPU = GrpoPart(
    steps=400, prompts=32, completions=12, tokens=64, learning_rate=5e-5,
    beta=0.001, checkpoint_every=25, vllm=True,
)  # fmt: skip
RECIPES: dict[str, RewriterRecipe] = {
    recipe.name: recipe
    for recipe in (
        RewriterRecipe(
            name="cpu-135m", model=EMBEDDED, shape=LowRankShape(first_layer=16), sft=SftPart(),
            grpo=GrpoPart(), device="cpu", about="one core, about an hour of its time",
        ),
        RewriterRecipe(
            name="gpu-0.5b-vllm", model="Qwen/Qwen2.5-0.5B-Instruct",
            shape=LowRankShape(rank=16, alpha=32, first_layer=0), sft=SftPart(steps=400),
            grpo=_GPU, device="cuda", about="one GPU with 24 GB, an hour",
        ),
        RewriterRecipe(
            name="gpu-3b-vllm", model="Qwen/Qwen2.5-3B-Instruct",
            shape=LowRankShape(rank=16, alpha=32, first_layer=0),
            sft=SftPart(steps=400, learning_rate=2e-4),
            grpo=replace(_GPU, learning_rate=1e-5), device="cuda",
            about="one GPU with 80 GB, some hours",
        ),
    )
}  # fmt: skip


def recipe_named(name: str) -> RewriterRecipe:
    """The recipe of that name. Raises SettingsError for an unknown one."""
    if name not in RECIPES:
        raise SettingsError(
            f"There is no recipe {name!r}.", f"Choose one of {', '.join(sorted(RECIPES))}."
        )
    return RECIPES[name]


def grpo_settings(recipe: RewriterRecipe, *, steps: int, seed: int, folder: str) -> dict[str, Any]:
    """Keyword arguments of TRL's GRPOConfig.

    Args:
        recipe: Its `grpo` part is read.
        steps: Of the optimiser.
        seed: Of batches and draws.
        folder: For checkpoints and curves.
    """
    part, on_cpu = recipe.grpo, recipe.device == "cpu"
    settings: dict[str, Any] = {
        "output_dir": folder, "max_steps": steps, "seed": seed, "use_cpu": on_cpu, "bf16": False,
        "per_device_train_batch_size": part.prompts * part.completions,
        "num_generations": part.completions, "max_completion_length": part.tokens,
        "temperature": part.temperature, "learning_rate": part.learning_rate,
        "lr_scheduler_type": "constant_with_warmup", "warmup_steps": min(5, steps),
        "max_grad_norm": 0.5, "beta": part.beta, "loss_type": "dapo", "scale_rewards": "batch",
        "gradient_checkpointing": False, "logging_steps": 1, "save_steps": part.checkpoint_every,
        "save_total_limit": 2, "report_to": ["tensorboard"], "disable_tqdm": True,
        "remove_unused_columns": False, "shuffle_dataset": True, "dataloader_pin_memory": not on_cpu,
    }  # fmt: skip
    if part.vllm:
        settings |= {
            "use_vllm": True, "vllm_mode": "colocate",
            "vllm_gpu_memory_utilization": part.vllm_memory, "bf16": True,
            "per_device_train_batch_size": part.completions,
            "gradient_accumulation_steps": part.prompts,
        }  # fmt: skip
    return settings
