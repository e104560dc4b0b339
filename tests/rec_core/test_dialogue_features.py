"""Features and memory, with every number worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from rec_core import Catalog, Item
from rec_core.dialogue import DialogueExample, ItemKnowledge, Utterance, item_knowledge
from rec_core.dialogue.features import FIT_FEATURES, Pool, fit_features, situation_features
from rec_core.dialogue.knowledge import ITEM_FEATURES, Series
from rec_core.dialogue.memory import MEMORY_FEATURES, DialogueMemory, remember_dialogues
from rec_core.dialogue.names import learn_names
from rec_core.dialogue.reading import DialogueReading, read_dialogue

CATALOG = Catalog(
    [
        Item(item_id="a", title="Alien", year=1979, genres=("Horror",), cast=("Ann Bee",)),
        Item(item_id="b", title="Alien Nation", year=1988, genres=("Horror", "Comedy")),
        Item(item_id="c", title="Casablanca", year=1942, genres=("Romance",), cast=("Ann Bee",)),
        Item(item_id="d", title="Dumbo", year=2019, genres=("Comedy",), tags=("circus",)),
    ]
)


@pytest.fixture(scope="module")
def knowledge() -> ItemKnowledge:
    return item_knowledge(CATALOG, popularity=np.array([8.0, 4.0, 2.0, 0.0]))


def reading_of(knowledge: ItemKnowledge, *seeker: str) -> DialogueReading:
    return read_dialogue([Utterance("user", text) for text in seeker], knowledge.linker)


def values(knowledge: ItemKnowledge, *seeker: str) -> dict[str, list[float]]:
    found = fit_features(reading_of(knowledge, *seeker), knowledge.whole_pool)
    return {name: row.tolist() for name, row in zip(FIT_FEATURES, found, strict=True)}


def test_genres_asked_are_counted_for_items_that_have_them(knowledge: ItemKnowledge) -> None:
    found = values(knowledge, "a comedy please", "something funny or scary")
    assert found["genres asked"] == [1, 3, 0, 2]
    assert found["genres asked last"] == [1, 2, 0, 1]


def test_a_refused_genre_counts_apart(knowledge: ItemKnowledge) -> None:
    found = values(knowledge, "no, not horror")
    assert found["genres asked"] == [0, 0, 0, 0]
    assert found["genres refused"] == [1, 1, 0, 0]


def test_people_named_count_for_their_items(knowledge: ItemKnowledge) -> None:
    found = values(knowledge, "films with Ann Bee", "really", "yes", "go on")
    assert found["people named"] == [1, 0, 1, 0]
    assert found["people named last"] == [0, 0, 0, 0]


def test_years_are_told_from_mentions_in_decades(knowledge: ItemKnowledge) -> None:
    found = values(knowledge, "I loved Alien (1979) and Casablanca (1942)")
    assert found["years from last mention"] == pytest.approx([3.7, 4.6, 0, 7.7])
    assert found["years from mentions"] == pytest.approx([1.85, 2.75, 1.85, 5.85])


def test_without_a_mention_every_year_is_a_decade_away(knowledge: ItemKnowledge) -> None:
    assert values(knowledge, "hello")["years from mentions"] == [1, 1, 1, 1]


def test_shared_people_and_series_of_a_mention(knowledge: ItemKnowledge) -> None:
    found = values(knowledge, "I loved Alien (1979)")
    assert found["people of mentions"] == pytest.approx([1, 0, 1, 0])
    assert found["series of mention"] == [0, 0.5, 0, 0]


def test_eras_and_recency_asked(knowledge: ItemKnowledge) -> None:
    assert values(knowledge, "80's films")["era asked"] == [0, 1, 0, 0]
    assert values(knowledge, "something new")["new asked"] == [0, 0, 0, 1]
    assert values(knowledge, "old classics")["old asked"] == [1, 1, 1, 0]


def test_a_pool_has_the_same_numbers_as_the_whole(knowledge: ItemKnowledge) -> None:
    reading = reading_of(knowledge, "I loved Alien (1979) with Ann Bee, funny 80's films")
    rows = np.array([3, 1])
    part = fit_features(reading, Pool(knowledge, rows))
    whole = fit_features(reading, knowledge.whole_pool)
    np.testing.assert_allclose(part, whole[:, rows], atol=1e-6)


def test_the_situation(knowledge: ItemKnowledge) -> None:
    reading = reading_of(knowledge, "I loved Alien (1979)")
    fit = fit_features(reading, knowledge.whole_pool)
    expected = [0, 1, 1 / 6, 1 / 12, 0, 0, 0, 1, 20 / 200, 1]
    np.testing.assert_allclose(situation_features(reading, fit), expected, atol=1e-6)


def test_item_features_have_a_name_each(knowledge: ItemKnowledge) -> None:
    found = dict(zip(ITEM_FEATURES, knowledge.item_features.T, strict=True))
    assert found["is horror"].tolist() == [1, 1, 0, 0]
    assert found["has tags"].tolist() == [0, 0, 0, 1]
    assert found["age"].tolist() == pytest.approx([-2.1, -1.2, -5.8, 1.9])
    assert found["since 2017"].tolist() == [0, 0, 0, 1]


def test_counts_are_brought_to_one_scale() -> None:
    small = item_knowledge(CATALOG, popularity=np.array([8.0, 4.0, 2.0, 0.0]))
    large = item_knowledge(CATALOG, popularity=np.array([800.0, 400.0, 200.0, 0.0]))
    np.testing.assert_allclose(small.popularity, large.popularity)


def test_series() -> None:
    series = Series(["The Toy Story", "Toy Story 2", "Toy Soldiers", "Toy", "Up"])
    rows, weights = series.of(0)
    assert dict(zip(rows.tolist(), weights.tolist(), strict=True)) == {1: 1.0, 3: 0.5}
    assert series.of(4)[0].tolist() == []


def example(
    name: str, targets: tuple[str, ...], mentioned: tuple[str, ...], text: str = "hi"
) -> DialogueExample:
    return DialogueExample(
        dialogue_id=name,
        context=(Utterance("user", text),),
        target_ids=targets,
        mentioned_ids=mentioned,
    )


@pytest.fixture(scope="module")
def memory() -> DialogueMemory:
    examples = [
        example("x/1", ("b",), ("a",)),
        example("x/1", ("d",), ("a", "b")),
        example("x/2", ("b",), ()),
    ]
    mentioned = [[0], [0, 1], []]
    vectors = np.array([[1, 0], [0, 1], [1, 0]], dtype=np.float32)
    return remember_dialogues(CATALOG, examples, mentioned, vectors)


def remembered(
    memory: DialogueMemory, knowledge: ItemKnowledge, text: str, leave_out: int | None = None
) -> dict[str, list[float]]:
    found = memory.features(
        reading_of(knowledge, text),
        np.array([1, 0], dtype=np.float32),
        knowledge.whole_pool,
        memory.rows_in(CATALOG),
        leave_out=leave_out,
    )
    return {name: row.tolist() for name, row in zip(MEMORY_FEATURES, found, strict=True)}


def test_items_are_counted_once_a_dialogue_and_recommendations_each_time(
    memory: DialogueMemory, knowledge: ItemKnowledge
) -> None:
    found = remembered(memory, knowledge, "hi")
    assert found["named, root"] == pytest.approx([1, 2**0.5, 0, 1])
    assert found["recommended, root"] == pytest.approx([0, 2**0.5, 0, 1])


def test_a_dialogue_left_out_leaves_no_trace(
    memory: DialogueMemory, knowledge: ItemKnowledge
) -> None:
    found = remembered(memory, knowledge, "I loved Alien (1979)", leave_out=0)
    assert found["named, root"] == pytest.approx([0, 1, 0, 0])
    assert found["recommended, root"] == pytest.approx([0, 1, 0, 0])
    assert found["named together"] == [0, 0, 0, 0]
    assert found["recommended after like words"][3] == 0


def test_items_named_together_with_a_mention(
    memory: DialogueMemory, knowledge: ItemKnowledge
) -> None:
    # Only dialogue 1 (three items) names Alien, which one dialogue names: weight 1 / sqrt(3 + 2).
    weight = 5**-0.5
    found = remembered(memory, knowledge, "I loved Alien (1979)")
    assert found["named together"] == pytest.approx(
        [weight / 2, weight / 5**0.5, 0, weight / 2], rel=1e-5
    )


def test_recommended_after_like_words_is_a_soft_nearest_neighbour(
    memory: DialogueMemory, knowledge: ItemKnowledge
) -> None:
    near, far = 1.0, float(np.exp(-12.0))
    total = 2 * near + far
    found = remembered(memory, knowledge, "hi")["recommended after like words"]
    expected = [0, np.log1p(300 * 2 * near / total), 0, np.log1p(300 * far / total)]
    assert found == pytest.approx(expected, rel=1e-4)


def test_another_catalog_finds_its_items_by_title_and_year(memory: DialogueMemory) -> None:
    other = Catalog(
        [
            Item(item_id="1", title="DUMBO", year=2019),
            Item(item_id="2", title="Dumbo", year=1941),
            Item(item_id="3", title="Alien", year=1979),
        ]
    )
    assert memory.rows_in(other).tolist() == [2, -1, 0]


def test_a_name_is_learned_when_two_dialogues_label_it_alike(knowledge: ItemKnowledge) -> None:
    text = "I saw Alien (1979)"
    once = [example("x/1", ("d",), ("b",), text)]
    assert learn_names(once, knowledge) == {}
    assert learn_names([*once, *once], knowledge) == {}
    twice = [*once, example("x/2", ("d",), ("b",), text)]
    assert learn_names(twice, knowledge) == {"alien (1979)": 1}
    right = [example(f"x/{n}", ("d",), ("a",), text) for n in range(3, 5)]
    assert learn_names([*twice, *right], knowledge) == {}
