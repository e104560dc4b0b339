"""How well the dialogue ranker predicts what people recommended, by cross-validation over dialogues.

    python benchmarks/dialogue.py --catalog catalog.jsonl.gz --examples redial_valid.jsonl.gz \
        --examples eredial_all.jsonl.gz --out results

Folds are over dialogues, same dialogues by id or by text together; each fold is written when it is
done, and a second run goes on where the first one stopped. `--train` adds examples that are learned
from and never evaluated, `--test` adds files that a ranker learned from everything else is
evaluated on, `--save` keeps that ranker. Recall@k is over all targets, mentioned items removed,
against the whole catalog.
"""

from __future__ import annotations

import argparse
import gzip
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rec_core import Catalog, Item, MiniLMEncoder
from rec_core.dialogue import (
    DialogueExample,
    DialogueRanker,
    ItemKnowledge,
    TrainingConfig,
    Utterance,
    fit_dialogue_ranker,
    item_knowledge,
    same_dialogue_groups,
)
from rec_core.search.keyword import KeywordIndex

CUTS = (1, 10, 50)
SAMPLES = 1_000


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a gzipped jsonl file."""
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


def read_catalog(path: Path) -> tuple[Catalog, np.ndarray]:
    """The films, and how often each was rated (ml-latest-small, else nothing)."""
    rows = read_lines(path)
    texts = ("wikipedia", "tmdb", "imdb")
    items = [
        Item(
            item_id=row["item_id"],
            title=row["title"].strip() or next(iter(row["alt_titles"]), row["item_id"]),
            year=row["year"],
            genres=tuple(row["genres"]),
            directors=tuple(row["directors"]),
            cast=tuple(row["cast"]),
            tags=tuple(dict.fromkeys((*row["user_tags"], *row["genome_tags"]))),
            texts={name: row[f"text_{name}"] for name in texts if row[f"text_{name}"]},
            alt_titles=tuple(row["alt_titles"]),
        )
        for row in rows
    ]
    return Catalog(items), np.array([row.get("n_ratings_mlsmall", 0) for row in rows], dtype=float)


def read_examples(path: Path) -> list[DialogueExample]:
    """The labelled turns of one file."""
    return [
        DialogueExample(
            dialogue_id=f"{row['source']}/{row['dialog_id']}",
            context=tuple(Utterance(said["role"], said["text"]) for said in row["context"]),
            target_ids=tuple(row["target_item_ids"]),
            mentioned_ids=tuple(row["mentioned_item_ids"]),
        )
        for row in read_lines(path)
    ]


def ranks_of(ranker: DialogueRanker, example: DialogueExample) -> tuple[list[int], list[int]]:
    """Rank of each target from 0 (mentioned items removed; ties against it), and the first ten rows."""
    ids = ranker.knowledge.catalog.ids
    scores = ranker.scores(example.context)
    scores[ids.known_rows(example.mentioned_ids or ())] = -np.inf
    ranks = [int((scores >= scores[row]).sum()) - 1 for row in ids.known_rows(example.target_ids)]
    ranks += [len(scores)] * (len(example.target_ids) - len(ranks))
    return ranks, np.argsort(-scores, kind="stable")[:10].tolist()


def evaluate(ranker: DialogueRanker, examples: Sequence[DialogueExample]) -> dict[str, Any]:
    """Ranks per example, the items shown, seconds."""
    started = time.process_time()
    found = [ranks_of(ranker, example) for example in examples]
    return {
        "dialogues": [example.dialogue_id for example in examples],
        "ranks": [ranks for ranks, _ in found],
        "shown": sorted({row for _, rows in found for row in rows}),
        "cpu_seconds_each": (time.process_time() - started) / max(len(examples), 1),
    }


def summary(parts: Sequence[dict[str, Any]], source: str) -> dict[str, Any]:
    """Recall with 95 % intervals (bootstrap over dialogues) of the examples of one source."""
    by_dialogue: dict[str, list[int]] = {}
    for part in parts:
        for dialogue, ranks in zip(part["dialogues"], part["ranks"], strict=True):
            if dialogue.split("/")[0] == source:
                by_dialogue.setdefault(dialogue, []).extend(ranks)
    sizes = np.array([len(ranks) for ranks in by_dialogue.values()])
    generator = np.random.default_rng(0)
    drawn = generator.integers(0, len(sizes), (SAMPLES, len(sizes)))
    found: dict[str, Any] = {"source": source, "targets": int(sizes.sum()), "dialogues": len(sizes)}
    for cut in CUTS:
        hits = np.array([sum(rank < cut for rank in ranks) for ranks in by_dialogue.values()])
        samples = hits[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
        found[f"r@{cut}"] = round(float(hits.sum() / sizes.sum()), 4)
        found[f"r@{cut} interval"] = np.quantile(samples, [0.025, 0.975]).round(4).tolist()
    found["items shown"] = len({row for part in parts for row in part["shown"]})
    return found


def cross_validate(
    knowledge: ItemKnowledge,
    examples: Sequence[DialogueExample],
    further: Sequence[DialogueExample],
    arguments: argparse.Namespace,
) -> list[dict[str, Any]]:
    """One part for each fold, read from the folder where it is done already."""
    groups = same_dialogue_groups([*examples, *further])
    order = np.random.default_rng(arguments.seed).permutation(max(groups) + 1)
    fold_of = [int(order[group]) % arguments.folds for group in groups]
    parts = []
    for fold in range(arguments.folds):
        path = arguments.out / f"fold{fold}.json"
        if not path.exists():
            test = [one for one, its in zip(examples, fold_of, strict=False) if its == fold]
            train = [
                one for one, its in zip([*examples, *further], fold_of, strict=True) if its != fold
            ]
            path.write_text(json.dumps(_one_fold(knowledge, train, test, arguments)))
        parts.append(json.loads(path.read_text()))
        print(fold, {name: parts[-1][name] for name in parts[-1] if "seconds" in name}, flush=True)
    return parts


def _one_fold(
    knowledge: ItemKnowledge,
    train: Sequence[DialogueExample],
    test: Sequence[DialogueExample],
    arguments: argparse.Namespace,
) -> dict[str, Any]:
    started = time.process_time()
    ranker = fit(knowledge, train, arguments)
    seconds = time.process_time() - started
    return {**evaluate(ranker, test), "fit_cpu_seconds": seconds}


def fit(
    knowledge: ItemKnowledge, examples: Sequence[DialogueExample], arguments: argparse.Namespace
) -> DialogueRanker:
    """A ranker learned from the examples with the seed and the settings given."""
    return fit_dialogue_ranker(
        knowledge.catalog,
        examples,
        generator=np.random.default_rng(arguments.seed),
        knowledge=knowledge,
        config=TrainingConfig(**json.loads(arguments.config)),
    )


def evaluate_elsewhere(
    knowledge: ItemKnowledge, train: Sequence[DialogueExample], arguments: argparse.Namespace
) -> list[dict[str, Any]]:
    """A ranker learned from everything, on the test files; the same dialogues are left out of it."""
    test = [one for path in arguments.test for one in read_examples(path)]
    groups = same_dialogue_groups([*test, *train])
    tested = set(groups[: len(test)])
    strangers = [
        one for one, group in zip(train, groups[len(test) :], strict=True) if group not in tested
    ]
    print(
        f"{len(train) - len(strangers)} examples left out: their dialogues are tested", flush=True
    )
    ranker = fit(knowledge, strangers, arguments)
    if arguments.save is not None:
        ranker.save(arguments.save)
    return [evaluate(ranker, test)] if test else []


def main() -> None:
    """Parse, run, print one line a source."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--catalog", type=Path, required=True)
    for name in ("--examples", "--train", "--test"):
        parser.add_argument(name, type=Path, action="append", default=[])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--save", type=Path)
    parser.add_argument("--cache", type=Path, help="where text vectors are kept")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--config", default="{}", help="fields of TrainingConfig as JSON")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    catalog, popularity = read_catalog(arguments.catalog)
    knowledge = item_knowledge(
        catalog,
        popularity=popularity,
        encoder=MiniLMEncoder(arguments.cache),
        keywords=KeywordIndex.build(catalog).scores,
    )
    examples = [one for path in arguments.examples for one in read_examples(path)]
    further = [one for path in arguments.train for one in read_examples(path)]
    parts: list[dict[str, Any]] = []
    if arguments.test or arguments.save:
        parts += evaluate_elsewhere(knowledge, [*examples, *further], arguments)
    if arguments.folds:
        parts += cross_validate(knowledge, examples, further, arguments)
    sources = dict.fromkeys(name.split("/")[0] for part in parts for name in part["dialogues"])
    lines = [summary(parts, source) for source in sources]
    (arguments.out / "summary.json").write_text(json.dumps(lines, indent=1))
    for line in lines:
        print(json.dumps(line))


if __name__ == "__main__":
    main()
