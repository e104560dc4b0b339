"""`rapport train`: fit the models that serve the chat."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from ..progress import Progress, progress_bars
from ..settings import Settings, load_settings

if TYPE_CHECKING:
    from rec_core import Dataset

_SHOWN = ("ndcg@10", "recall@10", "recall@100", "mrr")
"""What fits on a narrow terminal; `--json` has them all."""


class DeviceChoice(StrEnum):
    """Where torch computes."""

    cpu = "cpu"
    cuda = "cuda"


def train(
    *,
    data: Annotated[str | None, typer.Option(help="Data set; default: the one in use.")] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same models.")] = 0,
    device: Annotated[
        DeviceChoice, typer.Option(help="Where the two networks are trained.")
    ] = DeviceChoice.cpu,
    with_feedback: Annotated[
        bool,
        typer.Option(
            "--with-feedback",
            help="Learn from what people said to like in the chat as well, after the data's own events.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Train retrieval and ranking on a data set; what is already trained is kept.

    Choices are made on held-out validation items, then everything is fitted again on all data.

    Stop it at any time, with Ctrl-C, kill -9 or the plug: every epoch is kept, and the same command
    goes on after the last whole one and ends with the same models.

    With `--with-feedback` likes given in words and by button count as events of these people. Left out
    are people who paused learning, and dislikes. Train again after somebody was forgotten: what they
    said leaves the models then.

    Several processes, on one machine or many that share the home folder, train one model together:

    [cyan]torchrun --standalone --nproc-per-node 2 -m app train[/cyan]
    """
    from rec_core import RunOptions, load_dataset
    from rec_core.distributed import world
    from rec_core.training import default_encoder, train_pipeline

    settings = load_settings(data=data)
    dataset = load_dataset(settings.data_folder)
    _check_device(device)
    n_given = 0
    if with_feedback:
        dataset, n_given = _with_feedback(settings, dataset)
    folder = settings.model_folder
    options = RunOptions(seed=seed, device=device.value)
    started = time.perf_counter()
    try:
        with (
            world(options) as together,
            progress_bars(quiet=as_json or not together.is_main) as shown,
            _never_lost(shown) as progress,
        ):
            artifact = train_pipeline(
                dataset,
                folder,
                encoder=default_encoder(settings.cache_folder, n_items=len(dataset.catalog)),
                options=options,
                progress=progress,
            )
    except KeyboardInterrupt:
        typer.echo("Stopped. The same command goes on after the last whole epoch.", err=True)
        raise typer.Exit(130) from None
    if not together.is_main:
        return
    if n_given:
        from ..feedback import note_feedback

        note_feedback(folder, dataset)
    report = {
        "data": settings.data,
        "folder": str(folder),
        "fingerprint": artifact.fingerprint,
        "seed": seed,
        "processes": together.size,
        "feedback_events": n_given,
        "seconds": round(time.perf_counter() - started, 2),
        "validation": artifact.manifest["metrics"].get("validation", {}),
    }
    if as_json:
        typer.echo(json.dumps(report))
        return
    _print_report(report)


def _with_feedback(settings: Settings, dataset: Dataset) -> tuple[Dataset, int]:
    """The data set with the likes of the chat behind its own events, and how many these are."""
    from agents import ConversationStore

    from ..feedback import with_feedback

    store = ConversationStore(settings.store_url)
    try:
        merged = with_feedback(dataset, store.interactions_for_training())
    finally:
        store.close()
    return merged, len(merged.interactions) - len(dataset.interactions)


@contextmanager
def _never_lost(progress: Progress) -> Iterator[Progress]:
    """Ctrl-C stops the training even where Python drops it.

    An interrupt that falls into a destructor is printed and forgotten; the next step of the
    progress raises it again.
    """
    asked = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        asked = True
        signal.default_int_handler(number, frame)

    def told(stage: str, done: int, total: int) -> None:
        if asked:
            raise KeyboardInterrupt
        progress(stage, done, total)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield told
    finally:
        signal.signal(signal.SIGINT, before)


def _check_device(device: DeviceChoice) -> None:
    """Refuse at the door what could not be trained on."""
    import torch

    from rec_core import SettingsError

    if device is DeviceChoice.cuda and not torch.cuda.is_available():
        raise SettingsError(
            "`--device cuda` was asked for, but torch finds no CUDA device here.",
            "Leave the option out to train on the CPU, or install a CUDA build of torch.",
        )


def _print_report(report: dict) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if report["feedback_events"]:
        console.print(f"{report['feedback_events']} likes of the chat were learned from as well.")
    console.print(f"Trained on {report['data']} in {report['seconds']:.1f} s: {report['folder']}")
    if not report["validation"]:
        console.print("Too few interactions to choose on: the training-free parts will serve.")
        return
    table = Table(title="On the validation part", title_justify="left")
    measured = next(iter(report["validation"].values()))
    names = [name for name in _SHOWN if name in measured]
    table.add_column("model")
    for name in names:
        table.add_column(name, justify="right")
    for model, values in report["validation"].items():
        table.add_row(model, *(f"{values[name]:.4f}" for name in names))
    console.print(table)
    console.print("`rapport evaluate` gives the figures on the test part.")
