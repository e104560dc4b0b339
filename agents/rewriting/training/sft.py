"""Supervised fine-tuning of the rewriter on demonstrations; goes on after kill -9 from its last checkpoint.

The batches, checkpoints and files are those of `agents.llm.embedded.train_lora`; the layers are those of
`low_rank`, which on a busy core take half the time.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from rec_core import (
    ArtifactWriter,
    CheckpointFolder,
    Progress,
    RunOptions,
    no_progress,
    restore_training,
    training_state,
)

from ...llm.embedded.finetuning import ADAPTER_KIND, LoraRecipe
from ...llm.embedded.training_data import (
    TokenPair,
    batches_of_epoch,
    fingerprint,
    padded,
    parts_of_batch,
)
from .low_rank import LowRankShape, adapter_tensors, peft_description, trainable

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from .models import ModelSource


@dataclass(frozen=True, kw_only=True)
class SftReport:
    """What a training came to: `loss` is the mean over the last tenth of the steps, nats a token."""

    folder: Path
    steps: int
    pairs: int
    loss: float
    seconds: float


def fine_tune(
    source: ModelSource,
    pairs: Sequence[TokenPair],
    *,
    out: Path,
    shape: LowRankShape,
    recipe: LoraRecipe,
    run: RunOptions,
    card: str,
    finish: Callable[[Path], None] | None = None,
    progress: Progress = no_progress,
) -> SftReport:
    """Train an adapter on pairs; the same call goes on after a kill.

    Args:
        source: The model.
        pairs: Prompts and answers.
        out: The adapter's folder; it appears at the end, as a whole. Checkpoints lie beside it until then.
        shape: Of the adapter; the recipe's own rank and alpha are not read.
        recipe: Rate, steps, batch.
        run: Seed, device, threads.
        card: Text of README.md.
        finish: Writes further files into the folder before it appears.
        progress: Told after each step, stage "fine-tuning".

    Raises:
        StorageError: The disk is full or may not be written.
    """
    started = time.monotonic()
    with run.seeded_torch("adapter"):
        training = _Training(source, list(pairs), out=out, shape=shape, recipe=recipe, run=run)
        training.go(progress)
        loss = training.loss()
        training.save(card, finish)
    return SftReport(
        folder=out, steps=training.step, pairs=len(pairs), loss=loss,
        seconds=time.monotonic() - started,
    )  # fmt: skip


class _Training:
    def __init__(
        self, source: ModelSource, pairs: list[TokenPair], *, out: Path, shape: LowRankShape,
        recipe: LoraRecipe, run: RunOptions,
    ) -> None:  # fmt: skip
        self._pairs, self._out, self._shape, self._recipe = pairs, out, shape, recipe
        self._batches = _batches(pairs, recipe, run.generator("batches"))
        self._source = source
        self._model = source.load(shape)
        self._adapter = trainable(self._model)
        self._optimiser = torch.optim.AdamW(
            self._adapter.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        self._checkpoints = CheckpointFolder(
            out.with_name(f".{out.name}.training"),
            description={
                "base": source.fingerprint,
                "pairs": fingerprint(pairs),
                "recipe": asdict(recipe),
                "shape": asdict(shape),
                "seed": run.seed,
            },
        )
        self.step = 0
        self._rows: list[dict[str, Any]] = []
        checkpoint = self._checkpoints.latest()
        if checkpoint is not None:
            restore_training(checkpoint, self._adapter, self._optimiser, {})
            self.step, self._rows = checkpoint.epoch, checkpoint.state["rows"]

    def go(self, progress: Progress) -> None:
        while self.step < len(self._batches):
            self._rows.append(self._learn([self._pairs[one] for one in self._batches[self.step]]))
            self.step += 1
            is_last = self.step == len(self._batches)
            if is_last or self.step % self._recipe.checkpoint_every == 0:
                tensors, state = training_state(self._adapter, self._optimiser, {})
                state = {**state, "rows": self._rows}
                self._checkpoints.save(self.step, tensors=tensors, state=state)
            progress("fine-tuning", self.step, len(self._batches))

    def loss(self) -> float:
        last = self._rows[-max(1, len(self._rows) // 10) :]
        return sum(row["loss"] for row in last) / len(last)

    def save(self, card: str, finish: Callable[[Path], None] | None) -> None:
        write_adapter(
            self._out, self._model, self._shape, base=self._source.name, card=card,
            rows=self._rows, figures={"loss": self.loss(), "steps": self.step}, finish=finish,
        )  # fmt: skip
        self._checkpoints.clear()

    def _learn(self, pairs: Sequence[TokenPair]) -> dict[str, Any]:
        started = time.monotonic()
        rate = self._recipe.rate(self.step, len(self._batches))
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        n_learnt = sum(pair.n_answer for pair in pairs)
        loss = 0.0
        for part in parts_of_batch(pairs, most_tokens=self._recipe.tokens_at_once):
            part_loss = self._summed_loss(part) / n_learnt
            part_loss.backward()
            loss += part_loss.item()
        norm = nn.utils.clip_grad_norm_(self._adapter.parameters(), self._recipe.clip)
        self._optimiser.step()
        self._optimiser.zero_grad(set_to_none=True)
        return {
            "step": self.step + 1, "loss": loss, "rate": rate, "norm": norm.item(),
            "tokens": sum(len(pair.tokens) for pair in pairs),
            "seconds": round(time.monotonic() - started, 3),
        }  # fmt: skip

    def _summed_loss(self, pairs: Sequence[TokenPair]) -> torch.Tensor:
        """Cross-entropy summed over the answers' tokens, in nats; filled up on the right, no mask needed."""
        rows, learnt = padded(pairs, filler=0)
        tokens = torch.from_numpy(rows).to(self._source.device)
        wanted = torch.from_numpy(learnt[:, 1:]).to(self._source.device)
        model: Any = self._model
        states = model.model(input_ids=tokens[:, :-1], use_cache=False).last_hidden_state
        logits = model.lm_head(states[wanted])
        return functional.cross_entropy(logits.float(), tokens[:, 1:][wanted], reduction="sum")


def write_adapter(
    out: Path,
    model: PreTrainedModel,
    shape: LowRankShape,
    *,
    base: str,
    card: str,
    rows: Sequence[dict[str, Any]] = (),
    figures: dict[str, float] | None = None,
    finish: Callable[[Path], None] | None = None,
) -> None:
    """Write a model's adapter: weights in bfloat16, peft's description, card and curves, all or nothing.

    Args:
        out: The folder; what was there is replaced.
        model: With the adapter.
        shape: Of the adapter.
        base: Name of the model.
        card: Text of README.md.
        rows: Lines of metrics.jsonl.
        figures: For the manifest.
        finish: Writes further files into the folder before it appears.
    """
    layers = len(cast("Any", model).model.layers)
    config = {"base": base, **asdict(shape)}
    with ArtifactWriter(out, kind=ADAPTER_KIND, config=config) as writer:
        writer.add_tensors("adapter_model", adapter_tensors(model))
        writer.add_json("adapter_config", peft_description(shape, base=base, layers=layers))
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        writer.path("metrics.jsonl").write_text(lines, encoding="utf-8")
        writer.path("README.md").write_text(card, encoding="utf-8")
        if finish is not None:
            finish(writer.path("README.md").parent)
        writer.add_metrics(figures or {})


def _batches(
    pairs: Sequence[TokenPair], recipe: LoraRecipe, generator: np.random.Generator
) -> list[np.ndarray]:
    """All batches of the run, so that any step can be the first after a restart."""
    lengths = [len(pair.tokens) for pair in pairs]
    batches: list[np.ndarray] = []
    epochs = 0
    while (recipe.steps is None and epochs < recipe.epochs) or (
        recipe.steps is not None and len(batches) < recipe.steps
    ):
        batches += batches_of_epoch(lengths, recipe.batch_size, generator)
        epochs += 1
    return batches if recipe.steps is None else batches[: recipe.steps]
