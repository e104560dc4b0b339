"""The ranker as a whole: it learns what is there to learn, is saved, and knows its dialogues."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rec_core import ArtifactError, Catalog, DataError, HashEncoder, Item
from rec_core.dialogue import (
    DialogueExample,
    DialogueRanker,
    ItemKnowledge,
    TrainingConfig,
    Utterance,
    fit_dialogue_ranker,
    item_knowledge,
    shipped_dialogue_ranker,
)

GENRES = ("Horror", "Comedy", "Western")
QUICK = TrainingConfig(networks=2, units=4)


def film(genre: str, number: int) -> Item:
    title = f"{genre} Night {'abcdefghij'[number]}"
    return Item(item_id=f"{genre}{number}", title=title, year=1990 + number, genres=(genre,))


CATALOG = Catalog([film(genre, number) for genre in GENRES for number in range(10)])


def world(generator: np.random.Generator, count: int = 60) -> list[DialogueExample]:
    """Whoever asks for a genre is given a film of it."""
    examples = []
    for number in range(count):
        genre = GENRES[number % 3]
        text = f"Hello number {number}, I am looking for a really good {genre.lower()} film tonight thanks"
        target = f"{genre}{generator.integers(10)}"
        context = (Utterance("assistant", "Hi!"), Utterance("user", text))
        examples.append(
            DialogueExample(
                dialogue_id=f"world/{number}",
                context=context,
                target_ids=(target,),
                mentioned_ids=(),
            )
        )
    return examples


@pytest.fixture(scope="module")
def knowledge() -> ItemKnowledge:
    return item_knowledge(CATALOG, popularity=np.ones(30), encoder=HashEncoder(16))


@pytest.fixture(scope="module")
def ranker(knowledge: ItemKnowledge) -> DialogueRanker:
    return fit(knowledge)


def fit(knowledge: ItemKnowledge, seed: int = 0) -> DialogueRanker:
    return fit_dialogue_ranker(
        CATALOG,
        world(np.random.default_rng(7)),
        generator=np.random.default_rng(seed),
        knowledge=knowledge,
        config=QUICK,
    )


def asking(text: str) -> list[Utterance]:
    return [Utterance("user", text)]


def test_it_learns_that_people_get_the_genre_they_ask_for(ranker: DialogueRanker) -> None:
    for place, genre in enumerate(GENRES):
        scores = ranker.scores(asking(f"any {genre.lower()} films?"))
        assert scores.shape == (30,)
        assert scores.dtype == np.float32
        best = np.argsort(-scores, kind="stable")[:10]
        assert sum(row // 10 == place for row in best) >= 8


def test_silence_and_nonsense_are_scored(ranker: DialogueRanker) -> None:
    for context in ([], asking(""), asking("\x00 💥 " * 50), [Utterance("assistant", "Hi")]):
        assert np.isfinite(ranker.scores(context)).all()


def test_mentions_are_rows_in_order(ranker: DialogueRanker) -> None:
    text = "I loved Western Night c (1992) and Horror Night a (1990)"
    assert ranker.mentions(asking(text)) == (22, 0)


def test_one_seed_gives_one_ranker(knowledge: ItemKnowledge, ranker: DialogueRanker) -> None:
    assert fit(knowledge).fingerprint == ranker.fingerprint
    assert fit(knowledge, seed=1).fingerprint != ranker.fingerprint


def test_it_knows_its_dialogues_by_id_and_by_text(ranker: DialogueRanker) -> None:
    said = world(np.random.default_rng(7))[4].context
    assert ranker.was_trained_on("world/4", ())
    assert ranker.was_trained_on("elsewhere/1", said)
    assert not ranker.was_trained_on("elsewhere/1", asking("good evening"))


def test_what_is_saved_is_what_is_loaded(ranker: DialogueRanker, tmp_path: Path) -> None:
    ranker.save(tmp_path / "ranker")
    loaded = DialogueRanker.load(tmp_path / "ranker", CATALOG, knowledge=ranker.knowledge)
    context = asking("a funny comedy like Horror Night b (1991)")
    np.testing.assert_allclose(loaded.scores(context), ranker.scores(context), atol=1e-2)
    assert loaded.was_trained_on("world/4", ())
    assert not list((tmp_path / "ranker").glob("*.pkl"))


def test_a_damaged_folder_is_refused(ranker: DialogueRanker, tmp_path: Path) -> None:
    folder = tmp_path / "ranker"
    with pytest.raises(ArtifactError):
        DialogueRanker.load(folder, CATALOG, knowledge=ranker.knowledge)
    ranker.save(folder)
    (folder / "items.json").write_text("{}")
    with pytest.raises(ArtifactError, match="damaged"):
        DialogueRanker.load(folder, CATALOG, knowledge=ranker.knowledge)


def test_a_catalog_of_something_else_is_ranked_by_content(
    ranker: DialogueRanker, tmp_path: Path
) -> None:
    ranker.save(tmp_path / "ranker")
    books = Catalog(
        [
            Item(item_id="1", title="Middlemarch", genres=("Novel",), directors=("George Eliot",)),
            Item(item_id="2", title="A Cookery Book"),
        ]
    )
    loaded = DialogueRanker.load(tmp_path / "ranker", books)
    scores = loaded.scores(asking("a novel by George Eliot"))
    assert scores.shape == (2,)
    assert np.isfinite(scores).all()


def test_examples_of_another_catalog_are_refused() -> None:
    stranger = DialogueExample(dialogue_id="x/1", context=(), target_ids=("nothing",))
    with pytest.raises(DataError, match="None of the dialogues"):
        fit_dialogue_ranker(CATALOG, [stranger], generator=np.random.default_rng(0))


def test_the_shipped_ranker_serves_a_catalog_it_never_saw() -> None:
    shipped = shipped_dialogue_ranker(CATALOG, popularity=np.ones(30))
    for place, genre in enumerate(GENRES):
        best = np.argsort(-shipped.scores(asking(f"any {genre.lower()} films?")), kind="stable")
        assert sum(row // 10 == place for row in best[:10]) >= 8
    assert shipped.memory.dialogue_codes
    assert not shipped.was_trained_on("world/4", world(np.random.default_rng(7))[4].context)


def test_what_is_named_literally_is_added_to_what_was_learned(ranker: DialogueRanker) -> None:
    said: list[str] = []

    def keywords(text: str) -> np.ndarray:
        said.append(text)
        found = np.zeros(len(CATALOG), dtype=np.float32)
        found[[3, 7]] = (8.0, 2.0)
        return found

    heard = item_knowledge(
        CATALOG, popularity=np.ones(30), encoder=HashEncoder(16), keywords=keywords
    )
    literal = DialogueRanker(
        knowledge=heard, memory=ranker.memory, model=ranker.model, names=ranker.names
    )
    context = [Utterance("user", text) for text in ("one", "two", "three", "four")]

    gained = literal.scores(context) - ranker.scores(context)

    assert said == ["two three four"]
    assert gained[3] == pytest.approx(1.5, abs=1e-5)  # the best by words
    assert gained[7] == pytest.approx(1.5 * 2 / 8, abs=1e-5)
    assert np.abs(np.delete(gained, [3, 7])).max() < 1e-5
    assert np.array_equal(literal.scores([]), ranker.scores([]))
