"""Likes from the chat as events to train on, and the note that models were trained so.

Here and not below, because the store's opinions and the core's data sets know nothing of each other.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rec_core import ArtifactError, IdMap, Interactions, read_artifact

if TYPE_CHECKING:
    from agents.memory import TrainingEvent
    from rec_core import Dataset


def with_feedback(dataset: Dataset, given: Iterable[TrainingEvent]) -> Dataset:
    """The data set with the likes behind each person's own events, in the order given.

    A like of an item that the data has for the person already is left out, and so is a second one of the
    same item, an item that the catalog does not have, and every dislike: the models take an event for
    something that was chosen. A like counts as the data's highest rating where there are ratings. Where
    there are times, a like is dated when it was given, but never before the data's newest event. The same
    data set comes back when nothing is left.
    """
    events = dataset.interactions
    likes = _new_likes(dataset, given)
    if not likes:
        return dataset
    newcomers = dict.fromkeys(one.user_id for one in likes if one.user_id not in events.users)
    users = IdMap([*events.users.ids, *newcomers])
    highest = float(events.weights.max()) if len(events) else 1.0
    newest = int(events.timestamps.max()) if len(events) else 0
    times = [max(newest, int(one.given_at.timestamp())) for one in likes]
    merged = Interactions(
        users=users,
        catalog_ids=events.catalog_ids,
        user_rows=np.append(events.user_rows, [users.row(one.user_id) for one in likes]),
        item_rows=np.append(events.item_rows, [dataset.catalog.row(one.item_id) for one in likes]),
        timestamps=np.append(events.timestamps, times) if events.has_timestamps else None,
        weights=np.append(events.weights, [highest] * len(likes)) if events.has_ratings else None,
    )
    meta = {**dataset.meta, "feedback_on": dataset.fingerprint, "feedback_events": len(likes)}
    return replace(dataset, interactions=merged, meta=meta)


def note_feedback(model_folder: Path, dataset: Dataset) -> None:
    """Note beside the models which data set they were trained on and what it was without the likes.

    Without it a set-up would take models that know more than the data set for models of another one.
    """
    note = {"fingerprint": dataset.fingerprint, "on": dataset.meta.get("feedback_on")}
    _note_of(model_folder).write_text(json.dumps(note), encoding="utf-8")


def is_made_with_feedback(model_folder: Path, data_fingerprint: str) -> bool:
    """Whether the models that are there are those of this data set with likes of the chat on top."""
    try:
        note = json.loads(_note_of(model_folder).read_text("utf-8"))
        made_from = read_artifact(model_folder, kind="pipeline").config.get("data_fingerprint")
    except (ArtifactError, OSError, ValueError):
        return False
    return note.get("on") == data_fingerprint and note.get("fingerprint") == made_from


def _note_of(model_folder: Path) -> Path:
    return model_folder.with_name(f"{model_folder.name}-feedback.json")


def _new_likes(dataset: Dataset, given: Iterable[TrainingEvent]) -> list[TrainingEvent]:
    events, catalog = dataset.interactions, dataset.catalog
    known: dict[str, set[int]] = {}
    likes: list[TrainingEvent] = []
    for one in given:
        if not one.liked or one.item_id not in catalog:
            continue
        if one.user_id not in known:
            mine = one.user_id in events.users
            history = events.history(events.users.row(one.user_id)) if mine else []
            known[one.user_id] = {int(row) for row in history}
        row = catalog.row(one.item_id)
        if row not in known[one.user_id]:
            known[one.user_id].add(row)
            likes.append(one)
    return likes
