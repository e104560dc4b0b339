from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer

from app import crs_rows, crs_run
from app.commands.eval import eval_app
from app.crs_parts import CatalogParts, read_catalog
from rec_core import DataError, MiniLMEncoder, SettingsError
from rec_core.dialogue import Utterance
from tests.command import caller
from tests.film_world import film_catalog

application = typer.Typer()
application.add_typer(eval_app, name="eval")

# What was said, and which film was then recommended.
TALKS = (
    ("I loved Heat (1995) and every other crime film with a heist that goes wrong", "Thief"),
    ("My kids want to see Toy Story (1995) again and again, what else is there for them", "Up"),
    ("Something scary in space like Alien (1979) would be perfect for tonight please", "Aliens"),
    ("I adore Pulp Fiction (1994) and all that talking, so give me more of the same", "Jackie Brown"),
    ("We are looking for a film about the mafia, The Godfather (1972) was so good", "Goodfellas"),
    ("Is there any film with Jodie Foster that I could watch with my grandmother now", "Panic Room"),
)  # fmt: skip


def write_world(folder: Path) -> tuple[Path, Path]:
    """A catalog file with counts, and an examples file with six dialogues of two turns."""
    films = film_catalog()
    catalog = folder / "films.jsonl"
    records = [
        {
            "item_id": film.item_id, "title": film.title, "year": film.year, "genres": film.genres,
            "directors": film.directors, "cast": film.cast, "user_tags": film.tags,
            "n_ratings_old": 1000 - row, "n_ratings_new": row % 7,
        }
        for row, film in enumerate(films)
    ]  # fmt: skip
    catalog.write_text("\n".join(map(json.dumps, records)))
    by_title = {film.title: film.item_id for film in films}
    lines = []
    for number, (said, title) in enumerate(TALKS):
        for turn in (1, 3):
            context = [{"role": "user", "text": said}]
            if turn == 3:
                context.append({"role": "assistant", "text": "What is it that you liked?"})
            record = {
                "id": f"{number}-{turn}", "source": "one" if number < 4 else "two",
                "dialog_id": str(number), "turn_index": turn, "context": context,
                "mentioned_item_ids": [], "target_item_ids": [by_title[title]],
                "reference_response": f"Try {title}!",
            }  # fmt: skip
            lines.append(json.dumps(record))
    examples = folder / "talks.jsonl"
    examples.write_text("\n".join(lines))
    return catalog, examples


class StandIn:
    """In place of the shipped ranker, which needs minutes of encoding to show what it can."""

    fingerprint = "stand-in"

    def __init__(self, parts: CatalogParts, trained_on: Sequence[str]) -> None:
        self._parts = parts
        self._trained_on = trained_on

    def scores(self, context: Sequence[Utterance]) -> np.ndarray:
        scores = self._parts.counts.copy()
        scores[list(self.mentions(context))] += 1e6
        return scores

    def mentions(self, context: Sequence[Utterance]) -> tuple[int, ...]:
        return tuple(
            row
            for said in context
            for row, item in enumerate(self._parts.catalog)
            if item.label in said.text
        )

    def was_trained_on(self, dialogue_id: str, context: Sequence[Utterance]) -> bool:
        return dialogue_id in self._trained_on


def knows(monkeypatch: pytest.MonkeyPatch, *dialogues: str) -> None:
    """Put a ranker that was trained on these dialogues in the place of the shipped one."""

    def made(parts: CatalogParts) -> StandIn:
        return StandIn(parts, dialogues)

    monkeypatch.setattr(crs_rows, "shipped_ranker", made)
    monkeypatch.setattr(crs_run, "shipped_ranker", made)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No sentence vectors, and a ranker that knows no dialogue unless a test says otherwise."""
    monkeypatch.setenv("RAPPORT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(MiniLMEncoder, "is_available", staticmethod(lambda: False))
    knows(monkeypatch)


def call(folder: Path, *more: str) -> str:
    catalog, examples = write_world(folder)
    arguments = ["eval", "crs", "--examples", str(examples), "--catalog", str(catalog)]
    return caller(application)(*arguments, "--out", str(folder / "out"), "--workers", "1", *more)


def without_seconds(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: row[name] for name in row if "seconds" not in name} for row in rows]


def test_the_json_has_every_row_of_every_source(tmp_path: Path) -> None:
    report = json.loads(call(tmp_path, "--json"))
    assert [(row["source"], row["row"]) for row in report["rows"]] == [
        (source, row) for source in ("one", "two", "all") for row in crs_rows.ROWS
    ]
    everything = report["rows"][-len(crs_rows.ROWS)]
    assert [everything[name] for name in ("n_examples", "n_targets", "n_dialogues")] == [12, 12, 6]
    for row in report["rows"]:
        assert {"r@1", "r@5", "r@10", "r@20", "r@50", "ndcg@10", "ndcg@50", "mrr"} <= set(row)
        assert row["tokens"] == 0
        assert row["ci"]["r@10"][0] <= row["r@10"] <= row["ci"]["r@10"][1]
    assert {one["minus"] for one in report["differences"]} == set(crs_rows.ROWS) - {"rapport"}
    assert report["catalog"]["n_items"] == len(film_catalog())
    assert len(report["examples"][0]["sha256"]) == 64
    assert len(report["model"]["fingerprint"]) == 1
    for name in ("results.json", "report.md", "report.html", "per_example.jsonl"):
        assert (tmp_path / "out" / name).is_file()


def test_the_same_seed_gives_the_same_sample_and_figures(tmp_path: Path) -> None:
    options = ("--json", "--limit", "5", "--seed", "3", "--rows", "bm25,rapport")
    first = json.loads(call(tmp_path, *options))
    lines = (tmp_path / "out" / "per_example.jsonl").read_text().splitlines()
    assert len(lines) == 10
    again = json.loads(call(tmp_path, *options))
    assert again == first  # seconds too: nothing was scored again
    (tmp_path / "out" / "per_example.jsonl").unlink()
    anew = json.loads(call(tmp_path, *options))
    assert without_seconds(anew["rows"]) == without_seconds(first["rows"])
    assert (tmp_path / "out" / "per_example.jsonl").read_text().count("\n") == 10


def test_people_get_a_table_and_the_audit(tmp_path: Path) -> None:
    shown = call(tmp_path, "--rows", "popularity,bm25")
    for text in ("All sources: 12 examples", "bm25", "trained on none", "report.html"):
        assert text in shown


def test_mistakes_are_explained(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no row 'bm52'"):
        call(tmp_path, "--rows", "bm52")
    with pytest.raises(SettingsError, match="One fold"):
        call(tmp_path, "--folds", "1")
    with pytest.raises(DataError, match="no file"):
        call(tmp_path, "--examples", str(tmp_path / "none.jsonl"))


def test_of_several_counts_those_are_taken_that_know_the_most_items(tmp_path: Path) -> None:
    path = tmp_path / "items.csv"
    path.write_text("item_id,title,n_ratings_a,n_ratings_b\nx,X,75,0\ny,Y,25,10\n")
    catalog, counts = read_catalog(path)
    assert catalog.ids.ids == ("x", "y")
    assert counts is not None
    assert counts.tolist() == [75, 25]  # the column that knows both
    path.write_text("item_id,title\n,X\n")
    with pytest.raises(DataError, match="no item id") as caught:
        read_catalog(path)
    assert "--catalog" in caught.value.remedy
    path.write_text("item_id,title\nx,X\n")
    assert read_catalog(path)[1] is None


def test_dialogues_that_the_shipped_model_knows_may_be_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    knows(monkeypatch, "one/0", "one/1", "one/2", "one/3")
    report = json.loads(call(tmp_path, "--json", "--folds", "0", "--rows", "rapport"))
    assert report["trained_on"]["n_trained_on"] == report["trained_on"]["n_left_out"] == 8
    assert [(row["source"], row["n_examples"]) for row in report["rows"]] == [
        ("two", 4),
        ("all", 4),
    ]
    knows(monkeypatch, *(f"{source}/{n}" for source in ("one", "two") for n in range(6)))
    with pytest.raises(DataError, match="all of these dialogues"):
        call(tmp_path, "--folds", "0")


@pytest.mark.slow
def test_dialogues_that_the_shipped_model_knows_are_scored_by_models_that_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    knows(monkeypatch, "one/0", "one/1", "one/2", "one/3")
    report = json.loads(call(tmp_path, "--json", "--folds", "2", "--rows", "rapport,items_only"))
    audit = report["trained_on"]
    assert [audit[name] for name in ("n_trained_on", "n_cross_validated", "n_folds")] == [8, 8, 2]
    assert len(report["model"]["fingerprint"]) == 3  # as it ships for "two", and one a fold
    path = tmp_path / "out" / "per_example.jsonl"
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    shipped = {entry["model"] for entry in entries if entry["source"] == "two"}
    assert len(shipped) == 2  # rows
    assert not shipped & {entry["model"] for entry in entries if entry["source"] == "one"}
    again = json.loads(call(tmp_path, "--json", "--folds", "2", "--rows", "rapport,items_only"))
    assert again == report
