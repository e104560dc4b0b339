"""Supervised fine-tuning of the embedded model: a LoRA adapter from requests and their answers.

A loop of our own over peft's layers, not trl's SFTTrainer: it runs the output layer on the answers'
tokens only (benchmarks/embedded_model.py, part training, measures what that saves), goes on after
kill -9 bit for bit with the checkpoints that all trainings of Rapport use, and needs no `datasets`.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from rec_core import (
    ArtifactWriter,
    CheckpointFolder,
    Progress,
    RunOptions,
    SettingsError,
    has_fast_bfloat16,
    no_progress,
    read_artifact,
    restore_training,
    training_state,
)

from .base_model import KIND, NAME
from .chat_text import ChatTokens
from .training_data import (
    TokenPair,
    TrainingPair,
    batches_of_epoch,
    fingerprint,
    padded,
    parts_of_batch,
    token_pairs,
)

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM

ADAPTER_KIND = "lora-adapter"
_TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
_METRICS = "metrics.jsonl"
_LAST_RATE = 0.1


@dataclass(frozen=True, kw_only=True)
class LoraRecipe:
    """How an adapter is trained.

    Attributes:
        rank, alpha, dropout: Of LoRA, on all linear layers.
        learning_rate: AdamW's highest.
        warm_up: Share of the steps in which it grows; then it falls by a cosine to a tenth.
        weight_decay, clip: Of the optimiser; `clip` bounds the norm of the gradient.
        epochs: Times that every pair is seen.
        steps: Stop after that many; the learning rate is planned for them.
        batch_size: Pairs a step.
        longest: Tokens; longer pairs are left out and counted.
        tokens_at_once: Padded tokens that go through the network together; bounds memory (about
            1.3 MB a token) and changes nothing else.
        checkpoint_every, held_out_every: Steps between them.
    """

    rank: int = 16
    alpha: int = 32
    dropout: float = 0.0
    learning_rate: float = 1e-3
    warm_up: float = 0.05
    weight_decay: float = 0.0
    clip: float = 1.0
    epochs: int = 1
    steps: int | None = None
    batch_size: int = 32
    longest: int = 640
    tokens_at_once: int = 2_048
    checkpoint_every: int = 20
    held_out_every: int = 40

    def rate(self, step: int, steps: int) -> float:
        """Learning rate of a step, counted from 0."""
        warm = max(1, round(self.warm_up * steps))
        if step < warm:
            return self.learning_rate * (step + 1) / warm
        done = (step - warm) / max(1, steps - warm)
        falling = _LAST_RATE + (1 - _LAST_RATE) * 0.5 * (1 + math.cos(math.pi * done))
        return self.learning_rate * falling


@dataclass(frozen=True, kw_only=True)
class LoraReport:
    """What a training came to.

    Attributes:
        folder: Of the adapter.
        steps: In all, those of interrupted runs too.
        pairs, left_out: Learnt from, and too long for it.
        loss: Mean over the last tenth of the steps, in nats a token.
        held_out_loss: At the end, in nats a token; None without held-out pairs.
        seconds: Of this run alone.
    """

    folder: Path
    steps: int
    pairs: int
    left_out: int
    loss: float
    held_out_loss: float | None
    seconds: float


def train_lora(
    base: Path,
    pairs: Sequence[TrainingPair],
    *,
    out: Path,
    held_out: Sequence[TrainingPair] = (),
    recipe: LoraRecipe | None = None,
    run: RunOptions | None = None,
    card: str = "",
    progress: Progress = no_progress,
) -> LoraReport:
    """Train an adapter; called again after a kill, it goes on from its last checkpoint.

    Args:
        base: From `prepare_base_model`.
        pairs: To learn from.
        out: The adapter's folder: adapter_model.safetensors (bfloat16), adapter_config.json (peft),
            README.md, metrics.jsonl, manifest.json. It appears at the end, as a whole.
            Checkpoints lie beside it, in `.<name>.training`, until then.
        held_out: Only measured, never learnt from.
        recipe: How.
        run: Seed, device and threads.
        card: Text of README.md: what it was trained on, under which licences, what it cannot do.
        progress: Told after each step, stage "fine-tuning".

    Raises:
        SettingsError: No pair is short enough, or peft is not installed.
        StorageError: The disk is full or may not be written.
    """
    recipe, run = recipe or LoraRecipe(), run or RunOptions()
    chat = ChatTokens(base / "tokenizer.json")
    learnt, left_out = token_pairs(pairs, chat, longest=recipe.longest)
    measured = token_pairs(held_out, chat, longest=recipe.longest)[0] if held_out else []
    started = time.monotonic()
    with run.seeded_torch("adapter"):
        training = _Training(base, learnt, measured, out=out, recipe=recipe, run=run)
        training.resume()
        training.go(progress)
        figures = training.figures()
        training.save(card, {"pairs": len(learnt), "left_out": left_out, **figures})
    return LoraReport(
        folder=out,
        steps=training.steps,
        pairs=len(learnt),
        left_out=left_out,
        loss=figures["loss"],
        held_out_loss=figures.get("held_out_loss"),
        seconds=time.monotonic() - started,
    )


@dataclass
class _Training:
    base: Path
    pairs: list[TokenPair]
    held_out: list[TokenPair]
    out: Path
    recipe: LoraRecipe
    run: RunOptions
    step: int = 0
    rows: list[dict[str, Any]] = field(default_factory=list)

    def __init__(
        self,
        base: Path,
        pairs: list[TokenPair],
        held_out: list[TokenPair],
        *,
        out: Path,
        recipe: LoraRecipe,
        run: RunOptions,
    ) -> None:
        self.pairs, self.held_out, self.out = pairs, held_out, out
        self.recipe, self.run = recipe, run
        self.step, self.rows = 0, []
        self.batches = _planned_batches(pairs, recipe, run)
        self.steps = len(self.batches)
        self.model = adapted_model(base, recipe)
        self.model.to(torch.device(run.device))  # pyright: ignore[reportArgumentType]
        trainable = [one for one in self.model.parameters() if one.requires_grad]
        self.adapter = nn.ParameterList(trainable)
        self.optimiser = torch.optim.AdamW(
            trainable, lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        self.checkpoints = CheckpointFolder(
            out.with_name(f".{out.name}.training"),
            description={
                "base": read_artifact(base, kind=KIND).fingerprint,
                "pairs": fingerprint(pairs),
                "held_out": fingerprint(held_out),
                "recipe": asdict(recipe),
                "seed": run.seed,
            },
        )

    def resume(self) -> None:
        checkpoint = self.checkpoints.latest()
        if checkpoint is not None:
            restore_training(checkpoint, self.adapter, self.optimiser, {})
            self.step, self.rows = checkpoint.epoch, checkpoint.state["rows"]

    def go(self, progress: Progress) -> None:
        while self.step < self.steps:
            self.rows.append(self._learn([self.pairs[place] for place in self.batches[self.step]]))
            self.step += 1
            is_last = self.step == self.steps
            if self.held_out and (is_last or self.step % self.recipe.held_out_every == 0):
                self.rows[-1]["held_out_loss"] = self._held_out_loss()
            if is_last or self.step % self.recipe.checkpoint_every == 0:
                tensors, state = training_state(self.adapter, self.optimiser, {})
                self.checkpoints.save(
                    self.step, tensors=tensors, state={**state, "rows": self.rows}
                )
            progress("fine-tuning", self.step, self.steps)

    def figures(self) -> dict[str, float]:
        last = self.rows[-max(1, self.steps // 10) :]
        figures = {"loss": sum(row["loss"] for row in last) / len(last)}
        if self.held_out:
            figures["held_out_loss"] = self.rows[-1]["held_out_loss"]
        return figures

    def save(self, card: str, figures: dict[str, Any]) -> None:
        config: dict[str, Any] = {**asdict(self.recipe), "base": NAME, "seed": self.run.seed}
        with ArtifactWriter(self.out, kind=ADAPTER_KIND, config=config) as writer:
            writer.add_tensors("adapter_model", _adapter_tensors(self.model))
            writer.add_json("adapter_config", _peft_description(self.recipe))
            lines = [json.dumps(row) for row in self.rows]
            writer.path(_METRICS).write_text("\n".join(lines) + "\n", encoding="utf-8")
            writer.path("README.md").write_text(card, encoding="utf-8")
            writer.add_metrics(figures)
        self.checkpoints.clear()

    def _learn(self, pairs: Sequence[TokenPair]) -> dict[str, Any]:
        started = time.monotonic()
        rate = self.recipe.rate(self.step, self.steps)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        n_learnt = sum(pair.n_answer for pair in pairs)
        self.model.train()
        loss = 0.0
        for part in parts_of_batch(pairs, most_tokens=self.recipe.tokens_at_once):
            part_loss = self._summed_loss(part) / n_learnt
            part_loss.backward()
            loss += part_loss.item()
        norm = nn.utils.clip_grad_norm_(self.adapter, self.recipe.clip)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        return {
            "step": self.step + 1,
            "loss": loss,
            "rate": rate,
            "norm": norm.item(),
            "tokens": sum(len(pair.tokens) for pair in pairs),
            "seconds": round(time.monotonic() - started, 3),
        }

    @torch.no_grad()
    def _held_out_loss(self) -> float:
        self.model.eval()
        parts = parts_of_batch(self.held_out, most_tokens=self.recipe.tokens_at_once)
        total = sum(self._summed_loss(part).item() for part in parts)
        return total / sum(pair.n_answer for pair in self.held_out)

    def _summed_loss(self, pairs: Sequence[TokenPair]) -> Tensor:
        """Cross-entropy summed over the answers' tokens, in nats."""
        rows, learnt = padded(pairs, filler=0)
        tokens = torch.from_numpy(rows).to(self.run.device)
        wanted = torch.from_numpy(learnt[:, 1:]).to(self.run.device)
        # Filled up on the right and read from the left: no mask is needed, and none is quicker.
        # autocast remembers weights in bfloat16 until its block ends: one block a pass, not a run.
        with _bfloat16(self.run.device):
            states = self.model.model(input_ids=tokens[:, :-1], use_cache=False).last_hidden_state
            logits = self.model.lm_head(states[wanted])
        return functional.cross_entropy(logits.float(), tokens[:, 1:][wanted], reduction="sum")


def adapted_model(base: Path, recipe: LoraRecipe) -> LlamaForCausalLM:
    """The base model, frozen, with a fresh float32 adapter in it (torch's generator draws it).

    Raises:
        SettingsError: peft is not installed.
    """
    from transformers import LlamaForCausalLM

    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError as fault:
        raise SettingsError(
            "Fine-tuning needs the package peft, which is not installed.",
            'Install it with `pip install -e ".[tune]"`.',
        ) from fault
    dtype = torch.bfloat16 if has_fast_bfloat16() else torch.float32
    model = LlamaForCausalLM.from_pretrained(base, dtype=dtype, local_files_only=True)
    config = LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=recipe.dropout,
        target_modules=list(_TARGETS),
    )
    inject_adapter_in_model(config, model)
    for name, parameter in model.named_parameters():
        if "lora_" in name:
            parameter.data = parameter.data.float()
        else:
            parameter.requires_grad = False
    return model


def _adapter_tensors(model: nn.Module) -> dict[str, Tensor]:
    """The adapter in bfloat16, by peft's names for files."""
    return {
        f"base_model.model.{name.replace('.default.', '.')}": parameter.detach().to(torch.bfloat16)
        for name, parameter in model.named_parameters()
        if "lora_" in name
    }


def _peft_description(recipe: LoraRecipe) -> dict[str, Any]:
    return {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": NAME,
        "r": recipe.rank,
        "lora_alpha": recipe.alpha,
        "lora_dropout": recipe.dropout,
        "target_modules": sorted(_TARGETS),
        "bias": "none",
        "fan_in_fan_out": False,
        "use_rslora": False,
        "inference_mode": True,
    }


def _planned_batches(pairs: Sequence[TokenPair], recipe: LoraRecipe, run: RunOptions) -> list[Any]:
    """All batches of the run, so that any step can be the first after a restart."""
    generator = run.generator("batches")
    lengths = [len(pair.tokens) for pair in pairs]
    per_epoch = -(-len(pairs) // recipe.batch_size)
    epochs = recipe.epochs if recipe.steps is None else -(-recipe.steps // per_epoch)
    batches = [
        batch
        for _ in range(epochs)
        for batch in batches_of_epoch(lengths, recipe.batch_size, generator)
    ]
    return batches if recipe.steps is None else batches[: recipe.steps]


@contextmanager
def _bfloat16(device: str) -> Iterator[None]:
    kind = torch.device(device).type
    with torch.autocast(kind, dtype=torch.bfloat16, enabled=kind != "cpu" or has_fast_bfloat16()):
        yield
