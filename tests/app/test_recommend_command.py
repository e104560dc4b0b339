from __future__ import annotations

import json

import pytest
import typer

from app.commands.recommend import recommend
from app.commands.train import train
from rec_core import ArtifactError, UnknownItemError, UnknownUserError
from tests.app.trained_films import small_home
from tests.command import caller
from tests.film_world import film_catalog, film_dataset, film_id

application = typer.Typer()
application.command("recommend")(recommend)
application.command("train")(train)
DATA = ("--data", "film-world")

call = caller(application)


@pytest.fixture(scope="module", autouse=True)
def trained(tmp_path_factory: pytest.TempPathFactory) -> object:
    with pytest.MonkeyPatch.context() as patch:
        small_home(tmp_path_factory.mktemp("recommend"), patch)
        call("train", *DATA, "--json")
        yield


def test_for_a_user_of_the_data() -> None:
    answer = json.loads(call("recommend", *DATA, "--user", "u003", "--k", "7", "--json"))
    assert answer["strategy"] == "known-user"
    assert len(answer["items"]) == 7
    seen = film_dataset().interactions
    history = {film_catalog().at(row).item_id for row in seen.history(seen.users.row("u003"))}
    assert not history & {item["item_id"] for item in answer["items"]}
    assert {"item_id", "title", "year", "genres", "score", "parts"} <= set(answer["items"][0])


def test_for_a_history_a_wish_and_nothing_at_all() -> None:
    liked = f"{film_id('Heat')}, {film_id('Casino')}"
    history = json.loads(call("recommend", *DATA, "--history", liked, "--json"))
    wish = json.loads(call("recommend", *DATA, "--query", "pixar toys", "--json"))
    nothing = json.loads(call("recommend", *DATA, "--json"))
    assert [history["strategy"], wish["strategy"], nothing["strategy"]] == [
        "history",
        "query",
        "popular",
    ]
    assert "Toy Story" in {item["title"] for item in wish["items"]}


def test_people_get_a_table() -> None:
    assert "Strategy: popular" in call("recommend", *DATA)


def test_unknown_names_are_clear_errors() -> None:
    with pytest.raises(UnknownUserError, match="nobody"):
        call("recommend", *DATA, "--user", "nobody")
    with pytest.raises(UnknownItemError, match="f999"):
        call("recommend", *DATA, "--history", "f999")
    with pytest.raises(ArtifactError, match="rapport"):
        call("recommend", "--data", "untrained")
