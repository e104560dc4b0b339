"""The whole agent over the small film world: real core, real tools, real store, rules planner."""

from __future__ import annotations

from pathlib import Path

from agents import (
    CheckpointPlace,
    ConversationalRecommender,
    ConversationStore,
    RulesPlanner,
    TurnLimits,
    UserMessage,
    open_checkpointer,
)
from rec_core import HashEncoder, Recommender, SearchEngine
from tools import default_toolbox

from ..film_world import film_catalog, film_dataset


def build_search(folder: Path) -> None:
    """Write the search index of the film world."""
    SearchEngine.build(film_catalog(), HashEncoder(), folder)


def load_recommender(folder: Path) -> Recommender:
    """The core over an index that `build_search` wrote; what needs no training is fitted here."""
    return Recommender(
        catalog=film_catalog(),
        interactions=film_dataset().interactions,
        search=SearchEngine.load(film_catalog(), HashEncoder(), folder),
    )


def open_agent(recommender: Recommender, home: Path) -> ConversationalRecommender:
    """An agent whose data lies in `home`, wired as the application does it."""
    saver = open_checkpointer(home / "checkpoints.db")
    store = ConversationStore(f"sqlite:///{home}/rapport.db", places=[CheckpointPlace(saver)])
    return ConversationalRecommender(
        recommender=recommender,
        toolbox=default_toolbox(),
        store=store,
        planners=[RulesPlanner(recommender)],
        checkpointer=saver,
        limits=TurnLimits(),
    )


def message(user_id: str, conversation_id: str, turn_id: str, text: str) -> UserMessage:
    return UserMessage(user_id=user_id, conversation_id=conversation_id, turn_id=turn_id, text=text)
