"""The adapter of the structured planner: made from generated messages, measured on fresh ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rec_core import Progress, RunOptions, no_progress

from ..budget import BudgetMeter, TurnLimits
from ..llm.embedded import LoraRecipe, LoraReport, TrainingPair, train_lora
from ..llm.structured import StructuredModel
from ..planning.parse import MessageParse, parse_schema, read_parse
from ..planning.parse_prompt import parse_messages, parse_prompt
from .planner_data import Pair, PairMaker, load_banks

_STREAM = "planner-data"
_HELD_OUT_STREAM = "planner-data-held-out"
_CARD = """# Adapter of Rapport's structured planner

LoRA (rank {rank}) for SmolLM2-135M-Instruct (Apache-2.0). It writes one message to a recommender of films, in
the context of the conversation, as compact JSON.

* **Trained on** {examples:,} messages made by `rapport tune planner` (seed {seed}) from Rapport's own phrase banks; nobody's
  conversations. Titles: {titles_from}. Names of people: a list of our own of well-known ones, and made-up names.
* **Steps** {steps} of {batch} messages, learning rate {rate}.
* **Cannot**: languages other than English, catalogs of other things than films, or facts about films: it copies what was said, and
  the program links that to a catalog and drops what the person did not say.
* **Licence**: Apache-2.0, as Rapport.
"""


@dataclass(frozen=True, kw_only=True)
class ParseScores:
    """How well a model parses fresh generated messages.

    Attributes:
        exact: Share of answers equal to the wanted parse.
        act: Share with the right act.
        f1: Key -> F1 over values, for keys that occur.
        failed: Answers that were no parse at all.
        examples: How many were asked.
    """

    exact: float
    act: float
    f1: Mapping[str, float]
    failed: int
    examples: int


def tune_planner(
    base: Path,
    titles: Sequence[tuple[str, int | None]],
    *,
    out: Path,
    examples: int,
    titles_from: str,
    recipe: LoraRecipe,
    run: RunOptions,
    progress: Progress = no_progress,
) -> LoraReport:
    """Train the adapter; the same call goes on after a kill.

    Args:
        base: The embedded model's folder.
        titles: Named in the messages.
        out: The adapter's folder.
        examples: Messages to generate and learn from.
        titles_from: Where the titles come from and on which terms, for the model card.
        recipe: How.
        run: Seed, device, threads.
        progress: Told after each step.

    Raises:
        SettingsError, StorageError: As `train_lora`.
    """
    pairs = fresh_pairs(titles, examples, run, stream=_STREAM)
    held_out = fresh_pairs(titles, 96, run, stream=_HELD_OUT_STREAM)
    card = _CARD.format(
        rank=recipe.rank, examples=examples, seed=run.seed, titles_from=titles_from, steps=recipe.steps or "as needed",
        batch=recipe.batch_size, rate=recipe.learning_rate,
    )  # fmt: skip
    return train_lora(
        base, training_pairs(pairs), out=out, held_out=training_pairs(held_out), recipe=recipe, run=run, card=card,
        progress=progress,
    )  # fmt: skip


def fresh_pairs(
    titles: Sequence[tuple[str, int | None]], count: int, run: RunOptions, *, stream: str
) -> list[Pair]:
    """Generated pairs of one stream of the run's seed."""
    return PairMaker(load_banks(), titles, run.generator(stream)).pairs(count)


def training_pairs(pairs: Sequence[Pair]) -> tuple[TrainingPair, ...]:
    """What the model is given and shall write, exactly as the planner asks it."""
    return tuple(
        TrainingPair(
            messages=parse_messages(pair.context, pair.message, tuned=True), answer=pair.parse.as_json()
        )
        for pair in pairs
    )  # fmt: skip


def score_parses(
    model: StructuredModel,
    pairs: Sequence[Pair],
    *,
    tuned: bool = True,
    progress: Progress = no_progress,
) -> ParseScores:
    """Ask a model for every pair's parse and compare.

    Args:
        model: Asked once a pair.
        pairs: Fresh ones, never trained on.
        tuned: Which of the two prompts it knows.
        progress: Told after each pair, stage "scoring".
    """
    prompt = parse_prompt(tuned=tuned)
    answers: list[MessageParse | None] = []
    for number, pair in enumerate(pairs, 1):
        text = model.complete(
            parse_messages(pair.context, pair.message, tuned=tuned),
            schema=parse_schema(),
            prompt=(prompt.name, prompt.sha),
            meter=BudgetMeter(TurnLimits(model_calls=2)),
        )
        try:
            answers.append(read_parse(text))
        except ValueError:
            answers.append(None)
        progress("scoring", number, len(pairs))
    return compare_parses([pair.parse for pair in pairs], answers)


def compare_parses(
    wanted: Sequence[MessageParse], answers: Sequence[MessageParse | None]
) -> ParseScores:
    """Exact matches, acts, and F1 of every key over its single values; text compared without case."""
    hits: dict[str, list[int]] = {}
    exact = acts = 0
    for right, answer in zip(wanted, answers, strict=True):
        said = _values(answer) if answer is not None else {}
        meant = _values(right)
        exact += answer is not None and said == meant
        acts += answer is not None and answer.act == right.act
        for key in said.keys() | meant.keys():
            counts = hits.setdefault(key, [0, 0, 0])
            found, due = said.get(key, frozenset()), meant.get(key, frozenset())
            counts[0] += len(found & due)
            counts[1] += len(found)
            counts[2] += len(due)
    count = max(1, len(wanted))
    return ParseScores(
        exact=exact / count, act=acts / count, f1={key: 2 * hit / (found + due) for key, (hit, found, due) in sorted(hits.items())},
        failed=sum(answer is None for answer in answers), examples=len(wanted),
    )  # fmt: skip


def _values(parse: MessageParse) -> dict[str, frozenset[str]]:
    """Every key with its values as lower-case text; years are one value."""
    kept: dict[str, frozenset[str]] = {}
    for key, value in parse.model_dump(by_alias=True).items():
        if value in (None, (), []):
            continue
        many = isinstance(value, tuple | list) and key != "years"
        kept[key] = frozenset(str(one).casefold() for one in (value if many else [value]))
    return kept
