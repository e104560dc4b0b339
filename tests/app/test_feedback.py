"""Likes of the chat become events to train on."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from agents import ConversationStore, Preference
from agents.memory import TrainingEvent
from app.feedback import is_made_with_feedback, with_feedback
from app.settings import load_settings
from rec_core import Dataset, IdMap, Interactions, Recommender

from ..film_world import film_catalog, film_dataset, film_id
from .test_train_command import application
from .trained_films import small_home

HEAT, CASINO, ALIEN = (film_id(title) for title in ("Heat", "Casino", "Alien"))
NOW = datetime(2026, 5, 1, tzinfo=UTC)


def event(user_id: str, item_id: str, *, liked: bool = True, minute: int = 0) -> TrainingEvent:
    when = NOW + timedelta(minutes=minute)
    return TrainingEvent(
        user_id=user_id, item_id=item_id, liked=liked, given_at=when, source="turn"
    )


def history(dataset: Dataset, user_id: str) -> list[str]:
    events = dataset.interactions
    return [events.catalog_ids.ids[row] for row in events.history(events.users.row(user_id))]


def small(*, timestamps: list[int] | None, ratings: list[float] | None) -> Dataset:
    """One viewer, u1, who took Heat."""
    catalog = film_catalog()
    interactions = Interactions(
        users=IdMap(["u1"]),
        catalog_ids=catalog.ids,
        user_rows=np.array([0]),
        item_rows=np.array([catalog.row(HEAT)]),
        timestamps=None if timestamps is None else np.array(timestamps),
        weights=None if ratings is None else np.array(ratings, dtype=np.float32),
    )
    return Dataset(name="small", catalog=catalog, interactions=interactions)


def test_likes_come_after_the_persons_own_events_once() -> None:
    data = small(timestamps=[10**12], ratings=[4.0])  # newer than any like
    given = [event("u1", ALIEN), event("u1", ALIEN, minute=1), event("u1", HEAT)]
    given += [event("new", CASINO, minute=2), event("new", HEAT, minute=3)]
    merged = with_feedback(data, given)
    assert history(merged, "u1") == [HEAT, ALIEN]
    assert history(merged, "new") == [CASINO, HEAT]
    assert merged.interactions.weights.tolist() == [4.0] * 4
    assert merged.interactions.timestamps.tolist() == [10**12] * 4
    assert merged.fingerprint != data.fingerprint
    assert merged.meta["feedback_on"] == data.fingerprint


def test_dislikes_and_unknown_items_are_no_events() -> None:
    data = small(timestamps=None, ratings=None)
    given = [event("u1", ALIEN, liked=False), event("u1", "gone"), event("u2", HEAT, liked=False)]
    assert with_feedback(data, given) is data
    assert not with_feedback(data, [event("u1", ALIEN)]).interactions.has_timestamps


def test_who_paused_or_was_forgotten_is_not_exported() -> None:
    store = ConversationStore("sqlite://", clock=lambda: NOW)
    for user in ("ann", "bob", "cleo"):
        store.save_preference(user, liking(f"p-{user}", ALIEN))
    store.save_preference("ann", liking("old", HEAT))
    store.save_preference("ann", liking("new", HEAT, kind="dislike"))  # the newest counts
    store.set_paused("bob", True)
    store.forget("cleo")
    told = store.interactions_for_training()
    assert [(one.user_id, one.item_id, one.liked, one.source) for one in told] == [
        ("ann", HEAT, False, "page"),
        ("ann", ALIEN, True, "page"),
    ]


def liking(preference_id: str, item_id: str, kind: str = "like") -> Preference:
    return Preference(
        preference_id=preference_id, kind=kind, subject="item", value=item_id, label=item_id,  # type: ignore[arg-type]
        created_at=NOW,
    )  # fmt: skip


@pytest.mark.slow
def test_training_with_feedback_knows_what_was_liked_in_the_chat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_home(tmp_path, monkeypatch)
    settings = load_settings(data="film-world")
    store = ConversationStore(settings.store_url)
    store.save_preference("ada", liking("p1", HEAT))
    store.save_preference("eve", liking("p2", ALIEN))
    store.set_paused("eve", True)
    store.close()
    arguments = ["--data", "film-world", "--json", "--with-feedback"]
    result = CliRunner().invoke(application, arguments)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["feedback_events"] == 1
    recommender = Recommender.load(settings.model_folder)
    assert recommender.user_history("ada") == (HEAT,)
    assert "eve" not in recommender.interactions.users
    base = film_dataset().fingerprint
    assert is_made_with_feedback(settings.model_folder, base)
    assert not is_made_with_feedback(settings.model_folder, "other")
