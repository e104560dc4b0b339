"""GRPO of the rewriter with TRL (Shao et al. 2024; rewards as in Rec-R1, Jiang et al. 2025).

TRL does the order of prompts, advantages, loss, logging and resuming. Ours are the draws of completions
(`sampling`), the rewards (`rewarding`), and what a checkpoint holds: the adapter and the optimiser,
not 270 MB of frozen weights.
"""

from __future__ import annotations

import json
import shutil
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rec_core import Progress, SettingsError, no_progress

from ..companions import addition_prompt
from ..prompting import PREFILL
from ..rewards import RewardFailed
from .recipes import RewriterRecipe, grpo_settings

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from ..companions import Companions
    from ..facts import FactFinder
    from ..tasks import RewriteTask
    from .models import ModelSource
    from .rewarding import AdditionRewards

METRICS = "metrics.jsonl"
_WHOLE = ("exact.safetensors", "optimizer.pt", "rng_state.pth", "trainer_state.json")


@dataclass(frozen=True, kw_only=True)
class Shares:
    """Where the seconds of a run went, and the most memory that the process held, in MB."""

    generation: float
    reward: float
    update: float
    steps: int
    rewards: int
    peak_mb: float

    def as_dict(self) -> dict[str, float]:
        """Shares, seconds a step and seconds per 1,000 rewards."""
        whole = self.generation + self.reward + self.update
        return {
            "steps": self.steps,
            "seconds_per_step": whole / max(1, self.steps),
            "seconds_per_1000_rewards": 1000 * self.reward / max(1, self.rewards),
            "share_generation": self.generation / whole if whole else 0.0,
            "share_reward": self.reward / whole if whole else 0.0,
            "share_update": self.update / whole if whole else 0.0,
            "peak_mb": self.peak_mb,
        }


@dataclass(frozen=True, kw_only=True)
class GrpoReport:
    """What a run came to.

    Attributes:
        history: A mapping for each step of all runs: rewards by part, entropy, lengths, loss.
        shares: Time and memory of this process's part.
        samples: One completion a step.
    """

    history: tuple[dict[str, Any], ...]
    shares: Shares
    samples: tuple[dict[str, Any], ...]


def train_grpo(
    model: PreTrainedModel,
    source: ModelSource,
    tasks: Sequence[RewriteTask],
    *,
    finder: FactFinder,
    companions: Companions,
    rewards: AdditionRewards,
    recipe: RewriterRecipe,
    folder: Path,
    steps: int,
    seed: int,
    progress: Progress = no_progress,
) -> GrpoReport:
    """Train the adapter in `model`; the same call goes on from the folder's last checkpoint.

    Args:
        model: With an adapter (`low_rank`), which alone is trained.
        source: Where it comes from: tokens and tokenizer.
        tasks: The training part; the leak audit comes before this.
        finder: Facts for the prompts.
        companions: Films for the prompts to choose from.
        rewards: Of these tasks.
        recipe: How.
        folder: For checkpoints, tensorboard's curves and metrics.jsonl.
        steps: Of the optimiser, in all.
        seed: Of batches and draws.
        progress: Told after each step, stage "GRPO".

    Raises:
        RewardFailed: A reward raised or was no number; a checkpoint of the last whole step is there.
        SettingsError: trl or datasets is not installed.
    """
    try:
        from datasets import Dataset
        from transformers.trainer_callback import PrinterCallback
        from trl.trainer.grpo_config import GRPOConfig

        from .credit import TitleCredit
        from .trl_trainer import Metrics, RewriterTrainer, Rollout
    except ImportError as fault:
        raise SettingsError(
            "GRPO needs the packages trl and datasets, which are not installed.",
            'Install them with `pip install -e ".[tune]"`.',
        ) from fault
    folder.mkdir(parents=True, exist_ok=True)
    first, done = last_checkpoint(folder)
    _cut_metrics(folder / METRICS, done)
    prompts = {
        task.task_id: [
            *source.tokens.prompt(addition_prompt(task, finder, companions)),
            *source.tokens.plain(PREFILL),
        ]
        for task in tasks
    }
    rollout = Rollout(prompts, source.tokens, recipe.grpo)
    ids = [task.task_id for task in tasks]
    said = [source.tokens.text(prompts[one]) for one in ids] if recipe.grpo.vllm else ids
    with _known_warnings():
        trainer = RewriterTrainer(
            args=GRPOConfig(**grpo_settings(recipe, steps=steps, seed=seed, folder=str(folder))),
            model=model, processing_class=source.tokenizer, reward_funcs=list[Any](rewards.functions()),
            train_dataset=Dataset.from_dict({"prompt": said, "task": ids}),
            rollout_func=None if recipe.grpo.vllm else rollout,
            callbacks=[Metrics(folder / METRICS, rewards, lambda: rollout.seconds, steps, progress)],
        )  # fmt: skip
    if recipe.grpo.credit == "title":
        trainer.credit = TitleCredit(rewards, source.tokens)
    trainer.remove_callback(PrinterCallback)  # stdout is for results
    started, before, count = time.perf_counter(), rewards.seconds, rewards.count
    try:
        with _known_warnings():
            trainer.train(resume_from_checkpoint=None if first is None else str(first))
    except RewardFailed:
        trainer.keep_checkpoint()
        raise
    whole, spent = time.perf_counter() - started, rewards.seconds - before
    shares = Shares(
        generation=rollout.seconds, reward=spent, update=whole - spent - rollout.seconds,
        steps=steps - done, rewards=rewards.count - count, peak_mb=peak_memory(),
    )  # fmt: skip
    return GrpoReport(
        history=read_metrics(folder / METRICS), shares=shares, samples=tuple(rollout.samples)
    )


@contextmanager
def _known_warnings() -> Iterator[None]:
    """What TRL warns of and we know: its hook for draws may change (a test runs it), and it still
    uses names that transformers has given up.
    """
    from transformers.utils import logging

    before = logging.get_verbosity()
    logging.set_verbosity_error()  # a line for each part that did not apply in a step
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*rollout_func.*", category=UserWarning)
        warnings.filterwarnings(
            "ignore", message=".*gradient_checkpointing", category=FutureWarning
        )
        try:
            yield
        finally:
            logging.set_verbosity(before)


def last_checkpoint(folder: Path) -> tuple[Path | None, int]:
    """(newest whole checkpoint, its step); one that a kill cut short is removed. (None, 0) without one."""
    found = {
        int(one.name.partition("-")[2]): one
        for one in folder.glob("checkpoint-*")
        if one.name.partition("-")[2].isdigit()
    }
    for step in sorted(found, reverse=True):
        if all((found[step] / name).is_file() for name in _WHOLE):
            return found[step], step
        shutil.rmtree(found[step])
    return None, 0


def read_metrics(file: Path) -> tuple[dict[str, Any], ...]:
    """The steps of metrics.jsonl; a line that a kill cut short is passed over."""
    rows: list[dict[str, Any]] = []
    for line in file.read_text(encoding="utf-8").splitlines() if file.is_file() else ():
        try:
            rows.append(json.loads(line))
        except ValueError:
            continue
    return tuple(rows)


def peak_memory() -> float:
    """The most memory that this process held so far, in MB."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _cut_metrics(file: Path, done: int) -> None:
    """Take out the steps that will be run again."""
    kept = [row for row in read_metrics(file) if row.get("step", 0) <= done]
    file.write_text("".join(json.dumps(row) + "\n" for row in kept), encoding="utf-8")
