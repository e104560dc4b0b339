"""The planner's adapter from generated messages to answers, on a tiny network with random weights."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agents.budget import BudgetMeter, TurnLimits
from agents.llm.embedded import EmbeddedModel, LoraRecipe
from agents.planning.parse import parse_schema, read_parse
from agents.planning.parse_prompt import parse_messages
from agents.tuning.planner import fresh_pairs, score_parses, tune_planner
from rec_core import RunOptions
from tests.agents.embedded_kit import make_tiny_model
from tests.film_world import film_catalog

TITLES = [(item.title, item.year) for item in film_catalog()]
RUN = RunOptions(seed=3, threads=1)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("planner") / "base")


def test_an_adapter_with_its_card_and_figures(base: Path, tmp_path: Path) -> None:
    recipe = LoraRecipe(rank=2, alpha=4, steps=2, batch_size=4, longest=1_000)
    report = tune_planner(
        base, TITLES, out=tmp_path / "adapter", examples=12, titles_from="the film world", recipe=recipe, run=RUN
    )  # fmt: skip
    assert report.steps == 2
    assert report.pairs == 12
    card = (tmp_path / "adapter" / "README.md").read_text()
    assert "the film world" in card
    assert "Apache-2.0" in card
    rows = (tmp_path / "adapter" / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(row)["step"] for row in rows] == [1, 2]


def test_even_a_random_network_writes_parses_under_the_schema(base: Path) -> None:
    model = EmbeddedModel(base)
    for pair in fresh_pairs(TITLES, 6, RUN, stream="conformance"):
        text = model.complete(
            parse_messages(pair.context, pair.message, tuned=True),
            schema=parse_schema(),
            prompt=("parse", ""),
            meter=BudgetMeter(TurnLimits()),
        )
        assert read_parse(text).act in parse_schema()["properties"]["act"]["enum"]


def test_scoring_asks_once_a_message(base: Path) -> None:
    asked: list[str] = []

    class Parrot:
        name = "parrot+planner"

        def complete(self, messages, *, schema, prompt, meter) -> str:
            asked.append(messages[-1].text)
            return '{"act":"chat"}'

    pairs = fresh_pairs(TITLES, 20, RUN, stream="scoring")
    scores = score_parses(Parrot(), pairs)
    assert len(asked) == scores.examples == 20
    assert scores.act == sum(pair.parse.act == "chat" for pair in pairs) / 20
