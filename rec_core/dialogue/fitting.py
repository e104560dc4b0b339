"""From labelled dialogues to a ranker: read, remember, choose candidates, learn weights.

Every feature that is counted over the dialogues leaves the example's own dialogue out, so that
what is learned from training examples holds for a stranger's dialogue.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..errors import DataError
from ..runtime import Progress, no_progress
from .candidates import CandidateSource, ReadExample
from .memory import DialogueMemory, remember_dialogues
from .model import FEATURES, ScoringModel
from .names import learn_names
from .ranker import DialogueRanker, item_knowledge
from .reading import read_dialogue
from .training import CandidateBatch, TrainingConfig, fit_linear, fit_networks

if TYPE_CHECKING:
    from ..catalog import Catalog
    from ..search.encoder import TextEncoder
    from .knowledge import ItemKnowledge
    from .utterances import DialogueExample


_USUAL = TrainingConfig()


def fit_dialogue_ranker(
    catalog: Catalog,
    examples: Sequence[DialogueExample],
    *,
    generator: np.random.Generator,
    popularity: np.ndarray | None = None,
    encoder: TextEncoder | None = None,
    knowledge: ItemKnowledge | None = None,
    config: TrainingConfig = _USUAL,
    progress: Progress = no_progress,
) -> DialogueRanker:
    """Learn to rank a catalog for the next turn of a dialogue.

    Args:
        catalog: The items; targets that it lacks are passed over.
        examples: Labelled turns; those of one dialogue share its id.
        generator: All randomness.
        popularity: (n_items,) counts; None takes those that ship, by title and year.
        encoder: Makes sentence vectors; None leaves meaning to words and tags.
        knowledge: Of this catalog, when there is one already; `popularity` and `encoder` are then
            not looked at.
        config: How to learn.
        progress: Told how far it is.

    Raises:
        DataError: No example recommends an item of the catalog.
    """
    useful = [one for one in examples if len(catalog.ids.known_rows(one.target_ids))]
    if not useful:
        raise DataError(
            "None of the dialogues recommends an item of this catalog.",
            "Check that the target ids of the examples are ids of the catalog.",
        )
    knowledge = knowledge or item_knowledge(
        catalog, popularity=popularity, encoder=encoder, progress=progress
    )
    names = learn_names(useful, knowledge)
    memory, read = _read(useful, knowledge, names)
    source = CandidateSource(knowledge, memory, read, generator)
    model = _learn(source, config, generator, progress, len(read))
    return DialogueRanker(knowledge=knowledge, memory=memory, model=model, names=names)


def _read(
    examples: Sequence[DialogueExample], knowledge: ItemKnowledge, names: dict[str, int]
) -> tuple[DialogueMemory, list[ReadExample]]:
    ids = knowledge.catalog.ids
    readings = [read_dialogue(one.context, knowledge.linker, names) for one in examples]
    knowledge.encode([text for reading in readings for text in reading.texts])
    vectors = knowledge.encode([reading.texts[0] for reading in readings])
    linked = [[mention.row for mention in reading.mentions] for reading in readings]
    labelled = [
        found if one.mentioned_ids is None else ids.known_rows(one.mentioned_ids).tolist()
        for one, found in zip(examples, linked, strict=True)
    ]
    memory = remember_dialogues(knowledge.catalog, examples, labelled, vectors)
    read = [
        ReadExample(
            reading=reading,
            vector=vectors[number],
            dialogue=int(memory.dialogue_of[number]),
            targets=np.unique(ids.known_rows(examples[number].target_ids)),
            named=np.array([*labelled[number], *linked[number]], dtype=np.int64),
        )
        for number, reading in enumerate(readings)
    ]
    return memory, read


def _learn(
    source: CandidateSource,
    config: TrainingConfig,
    generator: np.random.Generator,
    progress: Progress,
    n_examples: int,
) -> ScoringModel:
    """First weights from some examples choose hard candidates for all; these teach the rest."""

    def report(stage: str) -> Callable[[int], None]:
        return lambda done: progress(stage, done, n_examples)

    sampled, situations = source.sampled(report("first candidates"))
    model = _before_training(sampled, situations)
    first = fit_linear(_standardised(sampled, model), config, generator)
    hardest, _ = source.hardest(replace(model, linear=first), report("candidates"))
    hardest = _standardised(hardest, model)
    linear = fit_linear(hardest, config, generator)
    return replace(model, **fit_networks(hardest, linear, config, generator, progress))


def _before_training(candidates: CandidateBatch, situations: np.ndarray) -> ScoringModel:
    """A model that standardises and scores everything 0."""
    rows = candidates.features.reshape(-1, len(FEATURES))[candidates.offsets.ravel() > -1]
    sample = rows[:: max(1, len(rows) // 100_000)].astype(np.float32)
    n_situation = situations.shape[1]
    return ScoringModel(
        mean=sample.mean(axis=0),
        scale=sample.std(axis=0) + 1e-6,
        situation_mean=situations.mean(axis=0),
        situation_scale=situations.std(axis=0) + 1e-3,
        linear=np.zeros(len(FEATURES), dtype=np.float32),
        item_weights=np.zeros((0, len(FEATURES), 1), dtype=np.float32),
        bias=np.zeros((0, 1), dtype=np.float32),
        situation_weights=np.zeros((0, n_situation, 1), dtype=np.float32),
        output=np.zeros((0, 1), dtype=np.float32),
    )


def _standardised(candidates: CandidateBatch, model: ScoringModel) -> CandidateBatch:
    features = candidates.features
    for number in range(len(features)):  # in place: a copy would double the largest array
        features[number] = model.standardise(features[number])
    return replace(candidates, situations=model.standardise_situation(candidates.situations))
