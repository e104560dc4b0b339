from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agents.rewriting.additions import addition_messages
from agents.rewriting.companions import Companions
from agents.rewriting.facts import FactFinder
from agents.rewriting.tasks import RewriteTask
from rec_core import ArtifactError, Catalog, Item
from rec_core.dialogue import Utterance

FILMS = (
    Item(item_id="a", title="Alien Harvest", year=1979, genres=("Horror",)),
    Item(item_id="b", title="Night Terror", year=1984, genres=("Horror", "Drama")),
    Item(item_id="c", title="Silent Scream", year=1999, genres=("Horror",)),
    Item(item_id="d", title="Wedding Season", year=2005, genres=("Comedy",)),
)


@pytest.fixture(scope="module")
def finder() -> FactFinder:
    return FactFinder.over(Catalog(FILMS))


def task(group: str, text: str, *targets: str) -> RewriteTask:
    return RewriteTask(
        task_id=f"{group} {text}", source="talk", group_id=group,
        context=(Utterance(role="user", text=text),), excluded=(), targets=targets,
    )  # fmt: skip


TASKS = (
    task("one", "I liked Alien Harvest", "b"),
    task("one", "I liked Alien Harvest, more!", "d"),
    task("two", "I liked Alien Harvest", "b"),
    task("three", "something", "b"),
    task("four", "anything", "b"),
)


def test_films_score_by_the_dialogues_that_name_them_together(finder: FactFinder) -> None:
    companions = Companions.over(TASKS, finder)
    facts = finder.facts((Utterance(role="user", text="I liked Alien Harvest"),))

    scores = companions.scores(facts)

    # b: beside a in two of its four dialogues; recommended four times, of two genres, one of them wished.
    assert scores[1] == pytest.approx(2 / np.sqrt(4 + 3) + 0.05 / 1.6 * 4**0.7)
    assert scores[3] == pytest.approx(1 / np.sqrt(1 + 3))  # once beside a; too seldom recommended
    assert scores.tolist()[0] == scores.tolist()[2] == 0
    assert companions.likely(facts, 5) == (1, 3)
    assert companions.likely(facts, 1) == (1,)


def test_a_dialogue_does_not_count_for_itself(finder: FactFinder) -> None:
    companions = Companions.over(TASKS, finder)
    facts = finder.facts((Utterance(role="user", text="I liked Alien Harvest"),))

    scores = companions.scores(facts, without="one")

    assert scores[1] == pytest.approx(1 / np.sqrt(4 + 3) + 0.05 / 1.6 * 3**0.7)
    assert scores[3] == 0
    assert companions.scores(facts, without="unheard of") == pytest.approx(companions.scores(facts))


def test_without_films_and_genres_what_is_often_recommended_counts_by_half(
    finder: FactFinder,
) -> None:
    facts = finder.facts((Utterance(role="user", text="hello"),))

    scores = Companions.over(TASKS, finder).scores(facts)

    assert scores.tolist() == pytest.approx([0, 0.05 * 0.5 * 4**0.7, 0, 0])


def test_counts_are_kept_by_title_and_year_for_other_catalogs(
    finder: FactFinder, tmp_path: Path
) -> None:
    Companions.over(TASKS, finder).save(tmp_path)
    other = Catalog([FILMS[3], Item(item_id="z", title="Night terror", year=1984), FILMS[0]])

    found = Companions.load(tmp_path, other)

    facts = FactFinder.over(other).facts((Utterance(role="user", text="I liked Alien Harvest"),))
    assert found.likely(facts, 5) == (1, 0)
    assert found.likely(facts, 5, without="one") == (1,)


@pytest.mark.parametrize(
    "content", [None, "{", '{"films": [["a", 1]], "dialogues": [["x", [3], []]]}']
)
def test_a_missing_or_damaged_file_says_what_to_do(
    finder: FactFinder, tmp_path: Path, content: str | None
) -> None:
    if content is not None:
        (tmp_path / "companions.json").write_text(content)

    with pytest.raises(ArtifactError, match=r"no readable companions\.json"):
        Companions.load(tmp_path, finder.catalog)


def test_the_prompt_shows_what_to_choose_from(finder: FactFinder) -> None:
    context = (Utterance(role="user", text="I liked Alien Harvest"),)
    facts = finder.facts(context)

    shown = Companions.over(TASKS, finder).shown(facts)

    assert addition_messages(context, facts, shown)[1].text.splitlines() == [
        "I liked Alien Harvest",
        "+ Alien Harvest (1979) horror",
        "? Night Terror (1984) horror drama",
        "? Wedding Season (2005) comedy",
    ]
