"""A whole training, stage by stage: audit, demonstrations, fine-tuning, GRPO, adapter, report.

Every stage leaves its result in the run's folder and is not done again: after a kill, or with other
steps, the same call goes on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from rec_core import Progress, RunOptions, SettingsError, no_progress

from ...llm.embedded.finetuning import LoraRecipe
from ...llm.embedded.training_data import TokenPair
from ..companions import Companions, addition_prompt
from ..environment import RankingEnvironment
from ..facts import FactFinder
from ..leaks import check_no_leak, write_marks
from ..prompting import answer_text
from ..rewards import RewardConfig
from ..tasks import RewriteTask, split_by_group
from .cards import adapter_card
from .checking import CheckRow, check_policies
from .demonstrations import Demonstration, SearchPlan, find_demonstrations
from .grpo import GrpoReport, train_grpo
from .instructions import follow_instructions
from .models import ModelSource
from .recipes import RewardName, RewriterRecipe
from .rewarding import AdditionRewards, shuffled_targets
from .sft import fine_tune, write_adapter

DEMONSTRATIONS = "demonstrations.jsonl"
CHECK_SALT = "rapport-rewriter-check"
CHECK_SHARE = 0.1
"""Of the training part: looked at for the report and for choices, never trained on."""


@dataclass(frozen=True, kw_only=True)
class TrainingParts:
    """What a training stands on.

    Attributes:
        train: Trained on.
        check: Looked at, from the training part's own dialogues.
        held_out: Neither; the audit alone sees it.
        finder: Facts about the films named.
        environment: Ranks whole queries.
        source: The model.
    """

    train: tuple[RewriteTask, ...]
    check: tuple[RewriteTask, ...]
    held_out: tuple[RewriteTask, ...]
    finder: FactFinder
    environment: RankingEnvironment
    source: ModelSource

    @cached_property
    def companions(self) -> Companions:
        """Counted over the training part."""
        return Companions.over(self.train, self.finder)


@dataclass(frozen=True, kw_only=True)
class RunPlan:
    """What is asked for.

    Attributes:
        out: The run's folder.
        recipe: How.
        sft_steps, steps: Of fine-tuning and of GRPO; 0 leaves a stage out.
        reward: "ndcg", or one of the controls.
        start: Adapter to begin with instead of demonstrations and fine-tuning.
        check: Tasks of the check part that are measured; 0 for none.
        data: What the tasks come from and on which terms, for the card.
        seed: Of everything drawn.
    """

    out: Path
    recipe: RewriterRecipe
    sft_steps: int
    steps: int
    reward: RewardName = "ndcg"
    start: Path | None = None
    check: int = 60
    data: str = ""
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class RunReport:
    """What a training came to.

    Attributes:
        audit: Sentence of the leak audit.
        adapters: Row ("sft", "grpo") → folder.
        rows: Check figures by row and source.
        shares: Where GRPO's time went; empty without it.
        history: Steps of GRPO.
        examples: A few tasks with what each row asked for.
        instructions: Row, "untuned" among them → how many everyday instructions it still follows
            ("19 of 30"); empty where nothing was checked.
    """

    audit: str
    adapters: dict[str, str]
    rows: tuple[CheckRow, ...]
    shares: dict[str, float]
    history: tuple[dict[str, Any], ...]
    examples: tuple[dict[str, str], ...]
    instructions: dict[str, str]


def split_parts(
    tasks: Sequence[RewriteTask],
) -> tuple[tuple[RewriteTask, ...], tuple[RewriteTask, ...], tuple[RewriteTask, ...]]:
    """(to train on, to look at, held back), by dialogue; the second is cut off the training part."""
    training, held_out = split_by_group(tasks)
    train, check = split_by_group(training, CHECK_SHARE, CHECK_SALT)
    return train, check, held_out


def train_rewriter(
    plan: RunPlan, parts: TrainingParts, *, progress: Progress = no_progress
) -> RunReport:
    """Run the stages; what an earlier run finished is kept.

    Args:
        plan: What is asked for.
        parts: What it stands on.
        progress: Told by every stage.

    Raises:
        DataError: The leak audit found something in two parts.
        RewardFailed: A reward failed; GRPO's last whole step is kept.
        SettingsError: Packages are missing, or nothing is left to do.
    """
    audit = check_no_leak(parts.train, (*parts.check, *parts.held_out))
    plan.out.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(plan.seed)
    adapters: dict[str, str] = {}
    start = plan.start or _supervised(plan, parts, generator, progress)
    if start is not None:
        adapters["sft"] = str(start)
    grpo = None
    if plan.steps:
        grpo = _reinforced(plan, parts, start, generator, progress)
        adapters["grpo"] = str(plan.out / "grpo")
    if not adapters:
        raise SettingsError("Nothing was trained.", "Give --steps or --sft-steps above 0.")
    rows, examples = check_policies(
        parts.check[: plan.check], adapters, shape=plan.recipe.shape, source=parts.source,
        finder=parts.finder, companions=parts.companions, environment=parts.environment,
        progress=progress,
    )  # fmt: skip
    return RunReport(
        audit=audit.sentence, adapters=adapters, rows=rows, examples=examples,
        shares={} if grpo is None else grpo.shares.as_dict(),
        history=() if grpo is None else grpo.history,
        instructions=_instructions(adapters, plan, parts.source) if plan.check else {},
    )  # fmt: skip


def _supervised(
    plan: RunPlan, parts: TrainingParts, generator: np.random.Generator, progress: Progress
) -> Path | None:
    folder = plan.out / "sft"
    if not plan.sft_steps or (folder / "manifest.json").is_file():
        return folder if plan.sft_steps else None
    recipe = plan.recipe.sft
    shown = _demonstrations(plan, parts, generator, progress)
    pairs = [_pair(task, answer, parts) for task, answer in shown]
    fine_tune(
        parts.source, [one for one in pairs if len(one.tokens) <= recipe.longest], out=folder,
        shape=plan.recipe.shape,
        recipe=LoraRecipe(
            rank=plan.recipe.shape.rank, alpha=plan.recipe.shape.alpha,
            learning_rate=recipe.learning_rate, steps=plan.sft_steps,
            batch_size=recipe.batch_size, checkpoint_every=recipe.checkpoint_every,
        ),
        run=RunOptions(seed=plan.seed, device=parts.source.device),
        card=adapter_card(plan.recipe, parts.source.name, stage="sft", tasks=len(parts.train), steps=plan.sft_steps, grpo_steps=0, data=plan.data),
        finish=_beside(parts), progress=progress,
    )  # fmt: skip
    return folder


def _demonstrations(
    plan: RunPlan, parts: TrainingParts, generator: np.random.Generator, progress: Progress
) -> list[tuple[RewriteTask, str]]:
    """Tasks with their answers, from the run's folder when they are there."""
    file = plan.out / DEMONSTRATIONS
    by_id = {task.task_id: task for task in parts.train}
    if not file.is_file():
        order = generator.permutation(len(parts.train))
        found = find_demonstrations(
            [parts.train[place] for place in order],
            companions=parts.companions, finder=parts.finder,
            environment=parts.environment, generator=generator,
            plan=SearchPlan(titles=plan.recipe.sft.titles, tries=plan.recipe.sft.tries),
            progress=progress,
        )  # fmt: skip
        _write_demonstrations(file, found)
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return [(by_id[one["task"]], one["answer"]) for one in lines if one["task"] in by_id]


def _write_demonstrations(file: Path, found: Sequence[Demonstration]) -> None:
    rows = (
        {"task": one.task.task_id, "answer": one.answer, "reward": one.reward, "rule": one.rule}
        for one in found
    )
    temporary = file.with_suffix(".part")
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(file)


def _pair(task: RewriteTask, answer: str, parts: TrainingParts) -> TokenPair:
    tokens = parts.source.tokens
    prompt = tokens.prompt(addition_prompt(task, parts.finder, parts.companions))
    said = [*tokens.plain(answer_text(answer)), tokens.end]
    return TokenPair(tokens=(*prompt, *said), n_prompt=len(prompt))


def _reinforced(
    plan: RunPlan, parts: TrainingParts, start: Path | None, generator: np.random.Generator,
    progress: Progress,
) -> GrpoReport:  # fmt: skip
    tasks = parts.train
    if plan.reward == "shuffled":
        tasks = shuffled_targets(tasks, generator)
    config = RewardConfig(free_words=40)
    rewards = AdditionRewards(
        {task.task_id: task for task in tasks}, parts.environment, parts.finder, config,
        chance=generator if plan.reward == "random" else None,
    )  # fmt: skip
    run = RunOptions(seed=plan.seed, device=parts.source.device)
    with run.seeded_torch("adapter"):
        load = parts.source.load_for_vllm if plan.recipe.grpo.vllm else parts.source.load
        model = load(plan.recipe.shape, start)
        report = train_grpo(
            model, parts.source, tasks, finder=parts.finder, companions=parts.companions,
            rewards=rewards, recipe=plan.recipe, folder=plan.out / "grpo-run", steps=plan.steps, seed=plan.seed, progress=progress,
        )  # fmt: skip
    write_adapter(
        plan.out / "grpo", model, plan.recipe.shape, base=parts.source.name,
        card=adapter_card(plan.recipe, parts.source.name, stage="grpo", tasks=len(parts.train), steps=plan.sft_steps, grpo_steps=plan.steps, data=plan.data, reward=plan.reward),
        rows=report.history, figures=report.shares.as_dict(), finish=_beside(parts),
    )  # fmt: skip
    return report


def _instructions(
    adapters: Mapping[str, str], plan: RunPlan, source: ModelSource
) -> dict[str, str]:
    """Whether the tuning made the model forget the rest."""
    found: dict[str, str] = {}
    for row, folder in {"untuned": None, **adapters}.items():
        model = source.load(plan.recipe.shape, None if folder is None else Path(folder))
        score = follow_instructions(source.writer(model))
        found[row] = f"{score.followed} of {score.of}"
    return found


def _beside(parts: TrainingParts) -> Callable[[Path], None]:
    """Writes what an adapter needs beside it: what it was trained on, and what it chooses from."""

    def finish(folder: Path) -> None:
        write_marks(parts.train, folder)
        parts.companions.save(folder)

    return finish


def planned(plan: RunPlan) -> dict[str, Any]:
    """What would be done, as JSON values: the recipe with all its settings."""
    recipe = asdict(replace(plan.recipe, notes={}))
    return {
        "out": str(plan.out), "sft_steps": plan.sft_steps, "steps": plan.steps,
        "reward": plan.reward, "seed": plan.seed, "recipe": recipe,
    }  # fmt: skip
