"""`rapport tune`: fine-tune the built-in language model for what the agent needs of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..progress import Progress, timed_bars
from ..settings import load_settings
from .tune_rewriter import rewriter

if TYPE_CHECKING:
    from agents.llm.embedded import LoraReport
    from agents.tuning.planner import ParseScores
    from rec_core import RunOptions

tune_app = typer.Typer(no_args_is_help=True, help="Fine-tune the built-in language model.")


@tune_app.callback()
def tune() -> None:
    """Fine-tune the built-in language model."""


tune_app.command("rewriter")(rewriter)


@tune_app.command("planner")
def planner(
    *,
    catalog: Annotated[
        Path,
        typer.Option(
            help="Titles to name in the messages: csv or jsonl with a column title or name."
        ),
    ],
    out: Annotated[Path, typer.Option(help="The adapter's folder.")],
    examples: Annotated[int, typer.Option(min=32, help="Messages to make and learn from.")] = 3840,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Stop after that many; default: each message once.")
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Messages a step.")] = 32,
    rank: Annotated[int, typer.Option(min=1, max=64, help="Of the adapter.")] = 8,
    learning_rate: Annotated[float, typer.Option(min=1e-6, max=1.0)] = 1.5e-3,
    seed: Annotated[int, typer.Option(help="Same seed and file, same messages.")] = 0,
    threads: Annotated[int | None, typer.Option(min=1, help="Default: torch's choice.")] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    titles_from: Annotated[
        str, typer.Option(help="Where the titles come from and on which terms, for the model card.")
    ] = "the catalog given on the command line; check its terms before passing the adapter on",
    check: Annotated[int, typer.Option(min=0, help="Fresh messages to measure it on.")] = 60,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Teach the built-in model to read messages: makes messages with their meaning, and trains an adapter.

    Stop it at any time; the same command goes on after the last checkpoint. On two free cores 120 steps
    take some 15 minutes.

    [cyan]rapport tune planner --catalog films.csv --out my-adapter[/cyan]
    """
    from agents.llm.embedded import LoraRecipe, prepare_base_model
    from agents.tuning.planner import tune_planner
    from agents.tuning.planner_data import read_titles
    from rec_core import RunOptions

    settings = load_settings()
    titles = read_titles(catalog)
    base = prepare_base_model(settings.cache_folder)
    run = RunOptions(seed=seed, device=device, threads=threads)
    recipe = LoraRecipe(
        rank=rank, alpha=2 * rank, learning_rate=learning_rate, steps=steps, batch_size=batch_size
    )
    with timed_bars(speed_seconds=600.0, quiet=as_json) as progress:
        report = tune_planner(
            base, titles, out=out, examples=examples, titles_from=titles_from, recipe=recipe, run=run,
            progress=progress,
        )  # fmt: skip
        scores = _scored(base, out, titles, check, run, progress) if check else None
    if as_json:
        figures = asdict(report) | {"folder": str(report.folder)}
        typer.echo(json.dumps(figures | {"scores": asdict(scores) if scores else None}))
    else:
        _print(report, scores)


def _scored(
    base: Path,
    out: Path,
    titles: Sequence[tuple[str, int | None]],
    count: int,
    run: RunOptions,
    progress: Progress,
) -> ParseScores:
    from agents.llm.embedded import EmbeddedModel
    from agents.tuning.planner import fresh_pairs, score_parses

    model = EmbeddedModel(base, adapters={"planner": out}, adapter="planner")
    pairs = fresh_pairs(titles, count, run, stream="planner-check")
    return score_parses(model, pairs, progress=progress)


def _print(report: LoraReport, scores: ParseScores | None) -> None:
    left_out = f", {report.left_out} too long" if report.left_out else ""
    typer.echo(
        f"Trained on {report.pairs:,} messages{left_out} in {report.steps} steps, {report.seconds:.0f} s: {report.folder}"
    )
    held_out = (
        f", {report.held_out_loss:.3f} on messages never seen"
        if report.held_out_loss is not None
        else ""
    )
    typer.echo(f"Loss {report.loss:.3f} nats a token{held_out}")
    if scores is not None:
        fields = ", ".join(f"{key} {value:.2f}" for key, value in scores.f1.items())
        typer.echo(
            f"On {scores.examples} fresh messages: {scores.exact:.0%} wholly right, {scores.act:.0%} acts right; F1: {fields}"
        )
