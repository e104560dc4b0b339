"""TRL's GRPOTrainer as the rewriter uses it. Imported only when GRPO is run: it costs seconds."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from trl.trainer.grpo_trainer import GRPOTrainer
from typing_extensions import override

from rec_core import Progress

from ..generation import Tokens
from .credit import TitleCredit, rows_to_learn_from
from .low_rank import adapter_tensors, has_low_rank
from .recipes import GrpoPart
from .rewarding import AdditionRewards
from .sampling import draw_completions
from .shared_prompts import completion_log_probabilities

EXACT_FILE = "exact.safetensors"
_CLOSING = '"}'


class RewriterTrainer(GRPOTrainer):
    """Reads each prompt once, keeps adapters instead of whole models, no `training_args.bin`, no card.

    Attributes:
        credit: Advantages of tokens instead of TRL's of answers; None leaves those.
    """

    credit: TitleCredit | None = None

    @override
    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        output = super()._generate_and_score_completions(inputs)
        return output if self.credit is None else self._credited(self.credit, inputs, output)

    def _credited(
        self, credit: TitleCredit, inputs: list[dict[str, Any]], output: dict[str, Any]
    ) -> dict[str, Any]:
        """With advantages of tokens, and without the rows that teach nothing."""
        ids, mask = output["completion_ids"], output["completion_mask"].bool()
        rows = [row[kept].tolist() for row, kept in zip(ids, mask, strict=True)]
        group = self.num_generations or 1
        found = credit.advantages([one["task"] for one in inputs], rows, group=group)
        learnt = rows_to_learn_from(found, group=group)
        self._metrics["train"]["gain"].append(credit.gain)
        advantages = torch.zeros(ids.shape, device=ids.device)
        for row, some in enumerate(found):
            advantages[row, : len(some)] = torch.from_numpy(some)
        self._metrics["train"]["share_learnt_from"].append(len(learnt) / len(rows))
        kept = torch.tensor(learnt, device=ids.device)
        return {
            name: one[kept] if torch.is_tensor(one) and one.dim() else one
            for name, one in {**output, "advantages": advantages}.items()
        }

    @override
    def _get_per_token_logps_and_entropies(
        self, model: Any, input_ids: torch.Tensor, attention_mask: torch.Tensor, logits_to_keep: int,
        *further: Any, **named: Any,
    ) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor | None]:  # fmt: skip
        own = self.accelerator.unwrap_model(model)
        if not has_low_rank(own):
            return super()._get_per_token_logps_and_entropies(
                model, input_ids, attention_mask, logits_to_keep, *further, **named
            )
        logs, entropies = completion_log_probabilities(
            own, input_ids, attention_mask, written=logits_to_keep, temperature=self.temperature
        )
        return logs, entropies, None

    def keep_checkpoint(self) -> None:
        """Write a checkpoint of the last whole step now."""
        if self.model is not None:
            self._save_checkpoint(self.model, trial=None)

    @override
    def _save(
        self, output_dir: str | None = None, state_dict: dict[str, Any] | None = None
    ) -> None:
        folder = Path(output_dir or str(self.args.output_dir))
        folder.mkdir(parents=True, exist_ok=True)
        model = self.accelerator.unwrap_model(self.model)
        if not has_low_rank(model):
            super()._save(output_dir, state_dict)
            (folder / "training_args.bin").unlink(missing_ok=True)
        save_file(adapter_tensors(model), folder / "adapter_model.safetensors")
        save_file(_learned(model), folder / EXACT_FILE)  # float32: going on rounds nothing

    @override
    def _load_from_checkpoint(
        self, resume_from_checkpoint: str, model: nn.Module | None = None
    ) -> None:
        target = self.accelerator.unwrap_model(model or self.model)
        if not has_low_rank(target):
            super()._load_from_checkpoint(resume_from_checkpoint, model)
            return
        found = load_file(Path(resume_from_checkpoint) / EXACT_FILE)
        with torch.no_grad():
            for name, one in _learned(target).items():
                one.copy_(found[name])

    @override
    def create_model_card(self, *_: object, **__: object) -> None:
        """The card is ours, and written at the end."""


class Rollout:
    """Draws completions for TRL, which names prompts by task.

    Args:
        prompts: Task id → token ids up to where a completion begins.
        tokens: The model's.
        part: How many are drawn, and how.

    Attributes:
        seconds: Spent so far.
        samples: One completion a step, for the report.
    """

    def __init__(self, prompts: Mapping[str, list[int]], tokens: Tokens, part: GrpoPart) -> None:
        self._prompts, self._tokens, self._part = prompts, tokens, part
        self.seconds = 0.0
        self.samples: list[dict[str, str | int]] = []

    def __call__(self, task_ids: list[str], trainer: GRPOTrainer) -> dict[str, Any]:
        """What TRL asks of a rollout: ids of prompts and completions. Equal task ids stand together."""
        started = time.perf_counter()
        distinct = list(dict.fromkeys(task_ids))
        model = trainer.accelerator.unwrap_model(trainer.model)
        was_training = model.training
        model.eval()
        written = draw_completions(
            model, [self._prompts[one] for one in distinct], count=len(task_ids) // len(distinct),
            limit=self._part.tokens, temperature=self._part.temperature,
            filler=self._tokens.end, is_done=self._is_done,
        )  # fmt: skip
        model.train(was_training)
        self.seconds += time.perf_counter() - started
        text = self._tokens.text([one for one in written[0] if one != self._tokens.end])
        step = trainer.state.global_step + 1
        self.samples.append({"step": step, "task": distinct[0], "completion": text})
        prompt_ids = [self._prompts[one] for one in task_ids]
        return {"prompt_ids": prompt_ids, "completion_ids": written, "logprobs": None}

    def _is_done(self, written: Sequence[int]) -> bool:
        end = self._tokens.end
        return written[-1] == end or _CLOSING in self._tokens.text([*written[-3:]])


class Metrics(TrainerCallback):
    """A line of metrics.jsonl a step: every part of the reward, and the seconds so far.

    Args:
        file: Lines are added to it.
        rewards, rollout: Know their seconds.
        steps: Of the run, for the progress.
        progress: Told after each step, stage "GRPO".
    """

    def __init__(
        self, file: Path, rewards: AdditionRewards, seconds: Callable[[], float], steps: int,
        progress: Progress,
    ) -> None:  # fmt: skip
        self._file, self._rewards, self._seconds = file, rewards, seconds
        self._steps, self._progress = steps, progress

    @override
    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl,
        logs: Mapping[str, object] | None = None, **_: object,
    ) -> None:  # fmt: skip
        row = {name: value for name, value in (logs or {}).items() if _is_finite(value)}
        row |= {
            "step": state.global_step,
            "seconds_generation": round(self._seconds(), 3),
            "seconds_reward": round(self._rewards.seconds, 3),
        }
        with self._file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row) + "\n")

    @override
    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object
    ) -> None:
        self._progress("GRPO", state.global_step, self._steps)


def _learned(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: one.detach() for name, one in model.named_parameters() if one.requires_grad}


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
