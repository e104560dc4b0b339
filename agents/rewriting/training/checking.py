"""A look at tuned rewriters on tasks that no training saw: figures by source, and examples to read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rec_core import Progress, no_progress

from ..additions import ADDITION_TOKENS, addition_text, composed_query
from ..companions import addition_prompt
from ..policies import rules_query
from ..prompting import PREFILL, read_rewrite
from ..rewards import REPORT_DEPTH, ndcg

if TYPE_CHECKING:
    from ..companions import Companions
    from ..environment import RankingEnvironment
    from ..facts import FactFinder
    from ..tasks import RewriteTask
    from .low_rank import LowRankShape
    from .models import ModelSource

_SHOWN = 8
_ALL = "all"


@dataclass(frozen=True, kw_only=True)
class CheckRow:
    """NDCG@100 of a row on one source ("all" for every one), and its gain over the rule.

    Attributes:
        row: "rules", "companions", "sft", "grpo".
        source: Data set.
        n: Tasks.
        ndcg: Mean.
        gain: Mean difference to the rule; `half_width` is that of its 95 % interval (normal, by task).
        half_width: See `gain`.
    """

    row: str
    source: str
    n: int
    ndcg: float
    gain: float
    half_width: float


def added_texts(
    tasks: Sequence[RewriteTask],
    adapter: Path,
    *,
    shape: LowRankShape,
    source: ModelSource,
    finder: FactFinder,
    companions: Companions,
    progress: Progress = no_progress,
) -> tuple[str, ...]:
    """What a tuned model adds for each task, greedily; "" where its answer is none."""
    writer = source.writer(source.load(shape, adapter))
    prompts = [addition_prompt(task, finder, companions) for task in tasks]
    answers = writer.write(prompts, prefill=PREFILL, limit=ADDITION_TOKENS)
    progress("checking", len(tasks), len(tasks))
    found = [read_rewrite(answer) for answer in answers]
    return tuple("" if one is None else one.query for one in found)


def check_policies(
    tasks: Sequence[RewriteTask],
    adapters: Mapping[str, str],
    *,
    shape: LowRankShape,
    source: ModelSource,
    finder: FactFinder,
    companions: Companions,
    environment: RankingEnvironment,
    progress: Progress = no_progress,
) -> tuple[tuple[CheckRow, ...], tuple[dict[str, str], ...]]:
    """(figures, a few examples) of the rule and of each adapter.

    Args:
        tasks: Not trained on; none gives nothing.
        adapters: Row → folder.
        shape: Of the adapters.
        source: The model.
        finder: Facts.
        companions: What the adapters choose from, and a row of its own: all that is shown, no model.
        environment: Ranks whole queries.
        progress: Told once an adapter, stage "checking".
    """
    if not tasks:
        return (), ()
    facts = [finder.facts(task.context) for task in tasks]
    written = {
        row: added_texts(
            tasks,
            Path(folder),
            shape=shape,
            source=source,
            finder=finder,
            companions=companions,
            progress=progress,
        )
        for row, folder in adapters.items()
    }
    shown = [
        addition_text([item.title for item in companions.shown(one, without=task.group_id)])
        for one, task in zip(facts, tasks, strict=True)
    ]
    queries = {
        "rules": [rules_query(one) for one in facts],
        "companions": [composed_query(one, text) for one, text in zip(facts, shown, strict=True)],
    } | {
        row: [composed_query(one, text) for one, text in zip(facts, texts, strict=True)]
        for row, texts in written.items()
    }
    scores = {row: _scores(tasks, some, environment) for row, some in queries.items()}
    sources = np.array([task.source for task in tasks])
    rows = tuple(
        _row(row, name, values[chosen], scores["rules"][chosen])
        for row, values in scores.items()
        for name, chosen in _choices(sources)
    )
    examples = tuple(
        {
            "said": next((one.text for one in reversed(task.context) if one.role == "user"), ""),
            "rule": queries["rules"][place],
            **{row: texts[place] for row, texts in written.items()},
        }
        for place, task in enumerate(tasks[:_SHOWN])
    )
    return rows, examples


def _choices(sources: np.ndarray) -> list[tuple[str, np.ndarray]]:
    every = [(_ALL, np.ones(len(sources), dtype=bool))]
    names = sorted(set(sources.tolist()))
    return every + [(name, sources == name) for name in names if len(names) > 1]


def _row(row: str, source: str, values: np.ndarray, rule: np.ndarray) -> CheckRow:
    gains = values - rule
    half = 1.96 * float(gains.std(ddof=1)) / len(gains) ** 0.5 if len(gains) > 1 else 0.0
    return CheckRow(
        row=row, source=source, n=len(values), ndcg=float(values.mean()),
        gain=float(gains.mean()), half_width=half,
    )  # fmt: skip


def _scores(
    tasks: Sequence[RewriteTask], queries: Sequence[str], environment: RankingEnvironment
) -> np.ndarray:
    rankings = environment.rank(queries, [task.excluded for task in tasks])
    return np.array(
        [
            ndcg(ranked, environment.rows(task.targets), depth=REPORT_DEPTH)
            for ranked, task in zip(rankings, tasks, strict=True)
        ]
    )
