"""The composition root on a small world: from settings to an answer, and what it says when it cannot."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from agents import UserMessage
from app.build import (
    assemble,
    build_recommender,
    ensure_set_up,
    is_set_up,
    model_choices,
    model_options,
    open_conversation,
    set_up,
    warm_up,
)
from app.settings import LLMSettings, Settings
from rec_core import (
    ArtifactError,
    Dataset,
    HashEncoder,
    SettingsError,
    StorageError,
    UnknownDatasetError,
    save_dataset,
)
from tests.film_world import film_dataset


def quiet(stage: str, done: int, total: int) -> None:
    """A progress that tells nobody."""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A home with films that nobody rated: all is real but the text model, and made in a second."""
    made = Settings(home=tmp_path_factory.mktemp("home"), data="films")
    full = film_dataset()
    unrated = full.interactions.take(np.arange(0))
    save_dataset(
        Dataset(name="films", catalog=full.catalog, interactions=unrated, meta={}),
        made.data_folder,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rec_core.training.default_encoder", lambda **_: HashEncoder())
        set_up(made, quiet)
        yield made


def test_what_is_set_up_is_not_made_again(settings: Settings) -> None:
    assert is_set_up(settings)
    written = (settings.model_folder / "manifest.json").stat().st_mtime_ns
    ensure_set_up(settings, quiet)
    set_up(settings, quiet)
    assert (settings.model_folder / "manifest.json").stat().st_mtime_ns == written


def test_settings_become_an_agent_that_answers_and_remembers(settings: Settings) -> None:
    agent = assemble(settings, build_recommender(settings))
    warm_up(agent.recommender)
    conversation_id = open_conversation(agent.store, "ada", None)
    message = UserMessage(
        user_id="ada", conversation_id=conversation_id, turn_id="1" * 32, text="a comedy"
    )
    result = agent.reply(message)
    assert result.text
    assert result.items
    assert all(item.item_id in agent.recommender.catalog for item in result.items)
    agent.store.close()
    again = assemble(settings, agent.recommender)
    assert [turn.text for turn in again.store.turns("ada", conversation_id)] == ["a comedy"]
    again.store.close()


def test_a_named_conversation_is_made_once(settings: Settings) -> None:
    agent = assemble(settings, build_recommender(settings))
    assert open_conversation(agent.store, "bob", "friday") == "friday"
    assert open_conversation(agent.store, "bob", "friday") == "friday"
    assert len(agent.store.conversations("bob")) == 1
    agent.store.close()


def test_nothing_set_up_tells_what_to_run(tmp_path: Path) -> None:
    empty = Settings(home=tmp_path)
    assert not is_set_up(empty)
    with pytest.raises(SettingsError) as caught:
        build_recommender(empty)
    assert "rapport setup" in caught.value.remedy


def test_changed_data_is_noticed(settings: Settings, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(settings.home, home)
    other = settings.model_copy(update={"home": home})
    dataset = film_dataset()
    save_dataset(
        Dataset(name="films", catalog=dataset.catalog, interactions=dataset.interactions, meta={}),
        other.data_folder,
    )
    assert not is_set_up(other)


@pytest.mark.parametrize("damage", ["manifest", "file"])
def test_a_damaged_artifact_is_one_clear_message(
    settings: Settings, tmp_path: Path, damage: str
) -> None:
    home = tmp_path / "home"
    shutil.copytree(settings.home, home)
    broken = settings.model_copy(update={"home": home})
    if damage == "manifest":
        (broken.model_folder / "manifest.json").write_text("{", encoding="utf-8")
    else:
        (broken.model_folder / "catalog.parquet").unlink()
    with pytest.raises(ArtifactError) as caught:
        build_recommender(broken)
    assert "not usable" in caught.value.problem
    assert "rapport setup" in caught.value.remedy
    ensure_set_up(broken, quiet)
    assert len(build_recommender(broken).catalog) == len(film_dataset().catalog)


def test_models_without_their_data_still_serve(settings: Settings, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(settings.home / "models", home / "models")
    alone = settings.model_copy(update={"home": home})
    ensure_set_up(alone, quiet)
    assert is_set_up(alone)
    assert not alone.data_folder.exists()


def test_an_unknown_data_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnknownDatasetError, match="no-such-set"):
        set_up(Settings(home=tmp_path, data="no-such-set"), quiet)


def test_a_full_disk_is_found_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000_000))
    with pytest.raises(StorageError) as caught:
        set_up(Settings(home=tmp_path / "home"), quiet)
    assert "free" in caught.value.problem
    assert not (tmp_path / "home" / "models").exists()


def test_model_options_are_none_until_a_model_is_named() -> None:
    assert model_options(Settings()) is None
    named = LLMSettings.model_validate(
        {"base_url": "http://127.0.0.1:1/v1", "model": "small", "api_key": "k"}
    )
    options = model_options(Settings(llm=named))
    assert options is not None
    assert (options.model, options.api_key) == ("small", "k")


@pytest.mark.parametrize("planner", ["tools", "structured"])
def test_a_planner_that_needs_a_server_says_so_when_there_is_none(planner: str) -> None:
    asked = Settings(llm=LLMSettings.model_validate({"planner": planner}))
    with pytest.raises(SettingsError) as caught:
        model_choices(asked)
    assert "RAPPORT_LLM__PLANNER" in caught.value.problem
    assert "RAPPORT_LLM__BASE_URL" in caught.value.remedy


def test_planner_and_cache_come_from_the_settings(tmp_path: Path) -> None:
    named = {"base_url": "http://127.0.0.1:1/v1", "model": "small"}
    llm = LLMSettings.model_validate(named | {"planner": "structured", "cache": "replay"})
    choices = model_choices(Settings(home=tmp_path, llm=llm))
    assert choices.setting == "structured"
    assert choices.chat is not None
    assert not choices.chat.may_ask


def test_every_cut_off_file_is_a_clear_message(settings: Settings, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(settings.home / "models", home / "models")
    broken = settings.model_copy(update={"home": home})
    files = [path for path in broken.model_folder.glob("*") if path.is_file()]
    assert len(files) >= 3
    for path in files:
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(ArtifactError):
            build_recommender(broken)
        path.write_bytes(whole)
    build_recommender(broken)
