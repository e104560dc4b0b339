"""`rapport tune rewriter`: teach a small model what to add to a search, by what the search then finds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from rec_core import SettingsError

from ..progress import timed_bars
from ..settings import load_settings

if TYPE_CHECKING:
    from agents.rewriting.training.pipeline import RunPlan, RunReport, TrainingParts
    from rec_core import Progress


def rewriter(
    *,
    examples: Annotated[
        list[Path],
        typer.Option(help="Dialogues, one JSON object a line, perhaps .gz. Repeatable."),
    ],
    catalog: Annotated[
        Path, typer.Option(help="What can be found: anything that `rapport data import` takes.")
    ],
    out: Annotated[Path, typer.Option(help="The run's folder; the same folder goes on.")],
    recipe: Annotated[
        str, typer.Option(help="cpu-135m, gpu-0.5b-vllm or gpu-3b-vllm.")
    ] = "cpu-135m",
    steps: Annotated[
        int | None, typer.Option(min=0, help="Of GRPO. Default: the recipe's.", show_default=False)
    ] = None,
    sft_steps: Annotated[
        int | None,
        typer.Option(min=0, help="Of fine-tuning. Default: the recipe's.", show_default=False),
    ] = None,
    sft_only: Annotated[bool, typer.Option("--sft-only", help="Stop before GRPO.")] = False,
    start: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="Begin GRPO with this adapter: no demonstrations, no fine-tuning.",
            show_default=False,
        ),
    ] = None,
    reward: Annotated[
        str, typer.Option(help="ndcg; or a control that must gain nothing: random, shuffled.")
    ] = "ndcg",
    retriever: Annotated[
        str, typer.Option(help="Whose ranking is rewarded: bm25, dense, fused.")
    ] = "bm25",
    check: Annotated[
        int, typer.Option(min=0, help="Tasks to measure before and after, not trained on.")
    ] = 100,
    data: Annotated[
        str, typer.Option(help="Where the dialogues come from and on which terms, for the card.")
    ] = "the files given on the command line; check their terms before passing the adapter on",
    seed: Annotated[int, typer.Option(help="Of batches, draws and the adapter.")] = 0,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Read, split and audit; print the plan; train nothing."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Teach the built-in model what to add to a search, by what the search then finds.

    First a leak audit: a fifth of the dialogues is held back and never read. Then
    demonstrations, found by search alone: the model is shown films that other
    dialogues suggest, and for each training turn the best of some choices among
    them is what it shall write. Then fine-tuning on these, then GRPO (TRL): several
    choices are drawn for a turn, and titles that bring the films really recommended
    further to the front are made likelier.

    Stop it at any time; the same command goes on after the last checkpoint, and a
    finished stage is not done again. The folder gets demonstrations.jsonl, the
    adapters sft and grpo, grpo-run with checkpoints, metrics.jsonl and
    tensorboard's curves (`tensorboard --logdir OUT/grpo-run`), summary.json and
    report.html. Score an adapter on what was held back with
    `rapport eval rewriter --policy-adapter OUT/grpo`.

    On one core fine-tuning takes some 10 minutes of its time, a step of GRPO some 30
    seconds. The recipes for one GPU draw with vLLM in the same process
    (`pip install vllm`); for several GPUs start them as
    `accelerate launch --num_processes 4 -m app tune rewriter --recipe gpu-3b-vllm …`.

    [cyan]rapport tune rewriter --examples redial.jsonl.gz --catalog films.jsonl.gz --out run[/cyan]
    [cyan]rapport tune rewriter --examples redial.jsonl.gz --catalog films.jsonl.gz --out control
    --from run/sft --reward random --steps 40[/cyan]
    """
    from agents.rewriting.training.pipeline import RunPlan, planned, train_rewriter
    from agents.rewriting.training.recipes import RewardName, recipe_named
    from agents.rewriting.training.report import training_page

    chosen = recipe_named(recipe)
    rewards: dict[str, RewardName] = {name: name for name in get_args(RewardName)}
    if reward not in rewards:
        raise SettingsError(f"There is no reward {reward!r}.", "Choose ndcg, random or shuffled.")
    plan = RunPlan(
        out=out, recipe=chosen, reward=rewards[reward], start=start, check=check, data=data, seed=seed,
        sft_steps=0 if start else chosen.sft.steps if sft_steps is None else sft_steps,
        steps=0 if sft_only else chosen.grpo.steps if steps is None else steps,
    )  # fmt: skip
    with timed_bars(speed_seconds=3_600.0, quiet=as_json) as progress:
        if dry_run:
            figures = planned(plan) | {"audit": _audit(examples)}
            typer.echo(json.dumps(figures) if as_json else _plan_lines(figures))
            return
        parts = _parts(plan, examples, catalog, retriever, progress)
        report = train_rewriter(plan, parts, progress=progress)
    summary = json.dumps({"plan": planned(plan), **asdict(report)}, ensure_ascii=False)
    (out / "summary.json").write_text(summary, encoding="utf-8")
    page = training_page(report, title=f"Training of the rewriter: {out.name}")
    (out / "report.html").write_text(page, encoding="utf-8")
    typer.echo(summary if as_json else _lines(report, out))


def _parts(
    plan: RunPlan, examples: list[Path], catalog: Path, retriever: str, progress: Progress
) -> TrainingParts:
    from agents.evaluation.crs import read_examples
    from agents.rewriting.environment import RETRIEVERS, Retriever
    from agents.rewriting.tasks import tasks_from_dialogues
    from agents.rewriting.training.models import model_source
    from agents.rewriting.training.pipeline import TrainingParts, split_parts

    from ..rewriter_parts import RewriterParts

    known: dict[str, Retriever] = {name: name for name in RETRIEVERS}
    if retriever not in known:
        raise SettingsError(
            f"There is no retriever {retriever!r}.", f"Choose one of {', '.join(known)}."
        )
    tasks = tasks_from_dialogues(read_examples(examples).examples)
    train, check, held_out = split_parts(tasks)
    cache = load_settings().cache_folder
    source = model_source(plan.recipe, cache)
    parts = RewriterParts(catalog, cache, progress)
    return TrainingParts(
        train=train, check=check, held_out=held_out, finder=parts.finder, source=source,
        environment=parts.environment(known[retriever]),
    )  # fmt: skip


def _audit(examples: list[Path]) -> str:
    from agents.evaluation.crs import read_examples
    from agents.rewriting.leaks import check_no_leak
    from agents.rewriting.tasks import tasks_from_dialogues
    from agents.rewriting.training.pipeline import split_parts

    train, check, held_out = split_parts(tasks_from_dialogues(read_examples(examples).examples))
    return check_no_leak(train, (*check, *held_out)).sentence


def _plan_lines(figures: Mapping[str, object]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in figures.items())


def _lines(report: RunReport, out: Path) -> str:
    lines = [report.audit]
    lines += [
        f"{row.row:6} {row.source:10} NDCG@100 {row.ndcg:.4f}, over the rule {row.gain:+.4f} "
        f"± {row.half_width:.4f} (n {row.n})"
        for row in report.rows
    ]
    if report.shares:
        shares = ", ".join(f"{name} {value:.3g}" for name, value in report.shares.items())
        lines.append(f"GRPO: {shares}")
    if report.instructions:
        kept = ", ".join(f"{row} {score}" for row, score in report.instructions.items())
        lines.append(f"Everyday instructions followed: {kept}")
    lines += [f"Adapter {row}: {folder}" for row, folder in report.adapters.items()]
    return "\n".join([*lines, f"Report: {out / 'report.html'}"])
