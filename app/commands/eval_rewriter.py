"""`rapport eval rewriter`: how much better a written query finds what people wanted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from rec_core import SettingsError

from ..progress import progress_bars
from ..settings import load_settings

if TYPE_CHECKING:
    from agents.rewriting.environment import Retriever

    from ..rewriter_report import RewriterReport


def rewriter(
    *,
    examples: Annotated[
        list[Path],
        typer.Option(
            help="Examples, one JSON object a line, perhaps .gz. Repeat it for several files."
        ),
    ],
    catalog: Annotated[
        Path,
        typer.Option(
            help="What can be found: anything that `rapport data import` takes. All of it is searched."
        ),
    ],
    limit: Annotated[
        int | None, typer.Option(min=1, help="Score that many examples, drawn at random.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same examples and intervals.")] = 0,
    policy_adapter: Annotated[
        list[str] | None,
        typer.Option(
            help="A tuned adapter to score instead of the shipped one: FOLDER (the row grpo), "
            "grpo=FOLDER or sft=FOLDER. Repeatable.",
            show_default=False,
        ),
    ] = None,
    retrievers: Annotated[
        str, typer.Option(help="Who answers, by commas: bm25, dense, fused.")
    ] = "bm25,dense,fused",
    rows: Annotated[
        str | None,
        typer.Option(
            help="Who writes, by commas: raw, context, rules, untuned, sft, grpo, oracle. "
            "Default: all that there are.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for results.json, report.md and per_task.jsonl (every query that was "
            "written). Default: none is written.",
            show_default=False,
        ),
    ] = None,
    include_trained: Annotated[
        bool,
        typer.Option(
            "--include-trained",
            help="Keep examples that the adapters were trained on. Proves nothing about them.",
        ),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object with everything.")
    ] = False,
) -> None:
    """How much better does a rewritten query find what people wanted?

    For every turn in which a person recommended something, each row reads what
    was said before and writes one query. The search of the chat answers it over
    the whole catalog, by words (bm25), by meaning (dense) or by both (fused);
    what the dialogue already named is taken out. NDCG@100 and R@10 say how far in
    front the person's own recommendations are, with 95 % intervals over dialogues.

    raw is the last message, context all that the person said, rules the facts
    of the films named (titles, genres, people, tags, years) and the words of the
    wish, untuned the built-in model as it comes. sft and grpo add to the rules
    what their adapters learned (`rapport tune rewriter`). oracle is an upper
    bound that reads the answer.

    Examples that an adapter was trained on are left out. What models write is
    kept in the cache, so that a run that was stopped goes on. The first run
    encodes the catalog, which takes minutes; with --retrievers bm25 it does not.

    [cyan]rapport eval rewriter --examples redial.jsonl.gz --catalog films.jsonl.gz --limit 200[/cyan]
    [cyan]rapport eval rewriter --examples a.jsonl --catalog films.csv --policy-adapter mine[/cyan]
    [cyan]rapport eval rewriter --examples a.jsonl --catalog films.csv --retrievers bm25 --json[/cyan]
    """
    from ..rewriter_rows import ROWS, choose_rows
    from ..rewriter_run import RewriterOptions, run_rewriter

    wanted = None if rows is None else _names("--rows", rows, ROWS)
    options = RewriterOptions(
        examples=tuple(examples),
        catalog=catalog,
        rows=choose_rows(wanted, policy_adapter or ()),
        retrievers=_retrievers(retrievers),
        limit=limit,
        seed=seed,
        include_trained=include_trained,
        cache_folder=load_settings().cache_folder,
    )
    for sentence in options.rows.absent:
        typer.echo(sentence, err=True)
    with progress_bars(quiet=as_json) as progress:
        report = run_rewriter(options, progress)
    if out is not None:
        report.write(out)
    if as_json:
        typer.echo(json.dumps(report.as_json(), ensure_ascii=False))
        return
    _print(report, out)


def _retrievers(text: str) -> tuple[Retriever, ...]:
    from agents.rewriting.environment import Retriever

    known: tuple[Retriever, ...] = get_args(Retriever)
    chosen = _names("--retrievers", text, known)
    return tuple(name for name in known if name in chosen)


def _names(option: str, text: str, known: Sequence[str]) -> tuple[str, ...]:
    """The names in a list by commas, in the order of `known`."""
    wanted = [name.strip() for name in text.split(",") if name.strip()]
    for name in wanted:
        if name not in known:
            raise SettingsError(
                f"{option}: there is no {name!r}.", f"There are {', '.join(known)}."
            )
    if not wanted:
        raise SettingsError(f"{option} names nothing.", f"There are {', '.join(known)}.")
    return tuple(name for name in known if name in wanted)


def _print(report: RewriterReport, out: Path | None) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from ..rewriter_report import BOUND, FILES, cell

    console = Console()
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in ("retriever", "row", "NDCG@100 (95 %)", "R@10 (95 %)"):
        table.add_column(name)
    before = ""
    for row in report.table.rows:
        mark = " (bound)" if row.row == BOUND else ""
        retriever = "" if row.retriever == before else row.retriever
        before = row.retriever
        figures = (cell(row, measure).replace("0.", ".") for measure in ("ndcg@100", "r@10"))
        table.add_row(retriever, row.row + mark, *figures)
    console.print(table)
    for one in report.table.differences:
        low, high = one.ci["ndcg@100"]
        console.print(
            f"{one.retriever}: {one.row} − {one.minus} = {one.values['ndcg@100']:+.4f} "
            f"({low:+.4f} to {high:+.4f}), p {one.p['ndcg@100']:.3g}",
            highlight=False,
            markup=False,
        )
    lines = [
        ("Examples", f"{len(report.tasks):,}, of {report.table.rows[0].n_groups:,} dialogues"),
        ("Leaks", report.leak_sentence),
        ("Targets that the catalog lacks, counted as misses", f"{report.unknown.targets:,}"),
        ("Seed", str(report.seed)),
    ]
    lines += [
        (f"No rewrites among the answers of {row}", f"{count:,}")
        for row, count in report.failed.items()
        if count
    ]
    if out is not None:
        lines.append(("Written", f"{', '.join(FILES)} in {out}"))
    for label, text in lines:
        console.print(f"{label}: {text}", highlight=False, markup=False)
