"""The one place that wires objects: settings in, a recommender or a whole agent out."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

from rec_core import ArtifactError, DamagedFileError, RapportError, SettingsError, StorageError

from .feedback import is_made_with_feedback
from .progress import Progress
from .settings import Settings

if TYPE_CHECKING:
    from agents import ConversationalRecommender, ConversationStore, LLMOptions
    from agents.llm.models import ModelChoices
    from rec_core import Dataset, Recommender

_KIND = "pipeline"
# What a full setup writes, with room for the database to grow.
_NEEDED_BYTES = 200_000_000


def set_up(settings: Settings, progress: Progress) -> None:
    """Data, models and search index; what is there and fits is kept, what is damaged is made anew.

    Takes about a second when there is nothing to do.

    Raises:
        UnknownDatasetError, SourceUnreachableError, DamagedFileError: from fetching the data.
        StorageError: no room for it, or no permission to write.
    """
    from rec_core import train_pipeline

    _check_home(settings)
    dataset = _obtain(settings, progress)
    train_pipeline(dataset, settings.model_folder, progress=progress)


def ensure_set_up(settings: Settings, progress: Progress) -> None:
    """Set up, unless there are models without their data set, or with likes of the chat on top of it."""
    fingerprint = _data_fingerprint(settings)
    if fingerprint is not None and is_made_with_feedback(settings.model_folder, fingerprint):
        return
    if settings.data_folder.exists() or not is_set_up(settings):
        set_up(settings, progress)


def is_set_up(settings: Settings) -> bool:
    """Whether there is an artifact, made from the data as it is now. Reads descriptions only."""
    from rec_core import read_artifact

    if not (settings.model_folder / "manifest.json").is_file():
        return False
    try:
        made_from = read_artifact(settings.model_folder, kind=_KIND).config.get("data_fingerprint")
    except ArtifactError:
        return False
    if not (settings.data_folder / "dataset.json").is_file():
        # Models without their data set still serve: they carry their own copy of the catalog.
        return True
    fingerprint = _data_fingerprint(settings)
    if fingerprint is None:
        return False
    return fingerprint == made_from or is_made_with_feedback(settings.model_folder, fingerprint)


def _data_fingerprint(settings: Settings) -> str | None:
    """What the data set says it is; None when there is none or its description cannot be read."""
    try:
        description = json.loads((settings.data_folder / "dataset.json").read_text("utf-8"))
        return description.get("fingerprint")
    except (AttributeError, OSError, ValueError):
        return None


def build_recommender(settings: Settings) -> Recommender:
    """Open the trained artifact.

    Raises:
        SettingsError: nothing was trained for this data set yet.
        ArtifactError: what is there is damaged or of another version.
    """
    from rec_core import Recommender

    if not (settings.model_folder / "manifest.json").is_file():
        raise SettingsError(
            f"Nothing is set up for the data set {settings.data!r} in {settings.home}.",
            f"Run: rapport setup --data {settings.data}",
        )
    try:
        return Recommender.load(settings.model_folder)
    except (ArtifactError, DamagedFileError) as fault:
        folder = str(settings.model_folder)
        damaged = f"The model in {folder!r} is damaged: {fault.problem}"
        # A training keeps what its description says is there, so only removing the folder helps.
        raise ArtifactError(
            fault.problem if isinstance(fault, ArtifactError) else damaged,
            f"Remove the folder {folder!r} and run: rapport setup --data {settings.data}",
        ) from fault


def warm_up(recommender: Recommender) -> None:
    """Load what the first wish needs, so that nobody waits for it: text encoder and dialogue ranker."""
    from rec_core import RecommendRequest
    from rec_core.dialogue import Utterance

    recommender.recommend(
        RecommendRequest(k=1, query="warm up", dialogue=(Utterance("user", "hi"),))
    )


def load_models(agent: ConversationalRecommender) -> None:
    """Load the built-in language model, if it plans; a fault is told in the first turn, not here."""
    from agents.planning.structured import StructuredPlanner

    for planner in agent.planners:
        if isinstance(planner, StructuredPlanner):
            with suppress(RapportError):
                planner.load()


def build_agent(settings: Settings) -> ConversationalRecommender:
    """The whole agent on the saved artifact, with the conversations of `settings.home`."""
    return assemble(settings, build_recommender(settings))


def assemble(settings: Settings, recommender: Recommender) -> ConversationalRecommender:
    """An agent around a given recommender; planners as the settings allow.

    Raises:
        StorageError: the conversations or the unfinished turns cannot be opened.
        SettingsError, RapportError: as `model_choices` and `open_rewriter`.
    """
    from agents import (
        CheckpointPlace,
        ConversationalRecommender,
        ConversationStore,
        TurnLimits,
        build_planners,
        open_checkpointer,
    )
    from tools import default_toolbox

    from .rewriting import open_rewriter

    toolbox = default_toolbox()
    checkpointer = open_checkpointer(settings.checkpoint_file)
    store = ConversationStore(settings.store_url, places=[CheckpointPlace(checkpointer)])
    planners = build_planners(
        recommender=recommender, toolbox=toolbox, models=model_choices(settings)
    )
    return ConversationalRecommender(
        recommender=recommender,
        toolbox=toolbox,
        store=store,
        planners=planners,
        checkpointer=checkpointer,
        limits=TurnLimits(**settings.limits.model_dump()),
        rewriter=open_rewriter(settings, recommender),
    )


def model_options(settings: Settings) -> LLMOptions | None:
    """Where the language model is, in the agent's terms; None when none is configured."""
    from agents import LLMOptions

    llm = settings.llm
    if not llm.is_configured:
        return None
    return LLMOptions(
        base_url=llm.base_url,
        model=llm.model,
        api_key=llm.api_key.get_secret_value(),
        timeout=llm.timeout,
        price_in=llm.price_in,
        price_out=llm.price_out,
    )


def model_choices(settings: Settings) -> ModelChoices:
    """The language models that the settings name, and who plans.

    Raises:
        SettingsError: a planner is asked for that needs a server, and none is configured.
        RapportError: the built-in model is asked for and not installed.
    """
    from agents.llm.models import open_models

    llm, options = settings.llm, model_options(settings)
    if options is None and llm.planner in ("tools", "structured"):
        raise SettingsError(
            f"RAPPORT_LLM__PLANNER is {llm.planner!r}, which needs a language model's server.",
            "Set RAPPORT_LLM__BASE_URL and RAPPORT_LLM__MODEL, or RAPPORT_LLM__PLANNER=embedded.",
        )
    return open_models(options, folder=settings.cache_folder, setting=llm.planner, cache=llm.cache)


def open_conversation(store: ConversationStore, user_id: str, conversation_id: str | None) -> str:
    """The named conversation, made when it does not exist; a new one when no name is given."""
    if conversation_id is None:
        return store.create_conversation(user_id).conversation_id
    known = {one.conversation_id for one in store.conversations(user_id)}
    if conversation_id in known:
        return conversation_id
    return store.create_conversation(user_id, conversation_id=conversation_id).conversation_id


def _obtain(settings: Settings, progress: Progress) -> Dataset:
    """A data set known by name is fetched; an imported one is read."""
    from rec_core import DATASETS, get_dataset, load_dataset

    if settings.data not in DATASETS and settings.data_folder.exists():
        return load_dataset(settings.data_folder)
    return get_dataset(settings.data, settings.home, progress=progress)


def _check_home(settings: Settings) -> None:
    """Fail at the door: a training should not end on a full disk."""
    from rec_core import check_free_space

    try:
        settings.home.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise StorageError(
            f"The folder {str(settings.home)!r} cannot be made ({fault.strerror}).",
            "Choose another one with --home or RAPPORT_HOME.",
        ) from fault
    if not is_set_up(settings):
        check_free_space(settings.home, _NEEDED_BYTES)
