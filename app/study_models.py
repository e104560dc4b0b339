"""Language models of a study: who plans an agent's turns, who speaks for people, and the tape between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from agents.llm.cassette import Cassette, CassetteMode, ReplayMissed
from agents.studies import ArmSpec, PeopleSpec, StudySpec, StudyStopped
from rec_core import SettingsError

from .settings import load_settings

if TYPE_CHECKING:
    from agents.llm.answers import Answer
    from agents.llm.chat import ChatModel
    from agents.llm.exchange import Request
    from agents.llm.models import ModelChoices
    from agents.llm.structured import StructuredModel
    from agents.rewriting.rewriter import QueryRewriter
    from rec_core import Recommender

_NOWHERE = "http://127.0.0.1:9/v1"
PATIENCE = 600.0
"""Seconds that a turn of a study may take at least: on a busy machine nothing else may be said."""


@dataclass(frozen=True, kw_only=True)
class Tape:
    """Recorded answers of served models.

    Attributes:
        path: The file, a copy of the study's own.
        mode: Whether models may be asked.
    """

    path: Path
    mode: CassetteMode


def models_of_arm(arm: ArmSpec, tape: Cassette, home: Path) -> ModelChoices:
    """The language models of an agent's planner; nothing is asked or loaded yet.

    Raises:
        RapportError: The built-in model is wanted and not installed.
    """
    from agents.llm.models import ModelChoices, open_models

    if arm.planner == "rules":
        return ModelChoices(setting="rules")
    if arm.planner == "embedded":
        return open_models(None, folder=home / "cache", setting="embedded")
    return ModelChoices(setting=arm.planner, chat=_chat(arm.model, arm.base_url, tape))


def rewriters_of_arm(
    arm: ArmSpec, recommender: Recommender, home: Path
) -> Callable[[], QueryRewriter | None]:
    """Opens the rewriter of one conversation; they share the built-in model, and nothing that was said.

    Apart for every conversation because a rewriter remembers what it wrote: shared, what a session costs
    would depend on those before it.

    Raises:
        RapportError: The arm wants one, and the adapter or the built-in model is not there.
    """
    if not arm.rewriter:
        return lambda: None
    from agents.llm.embedded import EmbeddedModel, prepare_base_model
    from agents.rewriting.companions import Companions
    from agents.rewriting.facts import FactFinder
    from agents.rewriting.rewriter import QueryRewriter

    folder = _rewriter_adapter(arm.name)
    model = EmbeddedModel(
        lambda: prepare_base_model(home / "cache"),
        adapters={"rewriter": folder},
        adapter="rewriter",
    )
    catalog = recommender.catalog
    finder = FactFinder.over(catalog, recommender.interactions.item_counts)
    companions = cache(lambda: Companions.load(folder, catalog))
    return lambda: QueryRewriter(model, finder, companions=companions, seconds=PATIENCE)


def _rewriter_adapter(arm: str) -> Path:
    from agents.llm.embedded import find_base_model
    from agents.rewriting.companions import COMPANIONS_FILE
    from agents.rewriting.shipped import shipped_adapter

    find_base_model()
    folder = shipped_adapter("grpo") or shipped_adapter("sft")
    if folder is None or not (folder / COMPANIONS_FILE).is_file():
        raise SettingsError(
            f"The arm {arm!r} wants its queries rewritten, and no adapter for that is installed.",
            "Leave out rewriter in its table.",
        )
    return folder


def voice_of_people(people: PeopleSpec, tape: Cassette, home: Path) -> StructuredModel:
    """The model that plays people: the served one that the study names, else the built-in one."""
    if people.model or people.base_url:
        from agents.llm.served import ServedModel

        return ServedModel(_chat(people.model, people.base_url, tape))
    from agents.llm.embedded import EmbeddedModel, find_base_model, prepare_base_model

    find_base_model()
    return EmbeddedModel(lambda: prepare_base_model(home / "cache"))


def _chat(model: str, base_url: str, tape: Cassette) -> ChatModel:
    from agents.llm.chat import ChatModel, LLMOptions

    llm = load_settings().llm
    options = LLMOptions(
        base_url=base_url or llm.base_url or _NOWHERE,
        model=model or llm.model,
        api_key=llm.api_key.get_secret_value(),
        timeout=llm.timeout,
    )
    return ChatModel(options, cassette=tape)


def check_servers(spec: StudySpec, mode: CassetteMode) -> None:
    """See that whatever asks a served model has one to ask, or a tape in its place; and rewriters theirs.

    Raises:
        RapportError: Something has neither.
    """
    for arm in spec.arms:
        if arm.rewriter:
            _rewriter_adapter(arm.name)
        if arm.asks_a_server:
            _check_server(f"The arm {arm.name!r}", arm.model, arm.base_url, mode)
    people = spec.people
    if people.engine == "llm" and (people.model or people.base_url):
        _check_server("The study's people", people.model, people.base_url, mode)


class WatchedCassette(Cassette):
    """A tape that remembers what it lacked: the agent answers without the model, a study must not."""

    def __init__(self, path: Path, mode: CassetteMode) -> None:
        super().__init__(path, mode)
        self._missed = ""

    def find(self, model: str, request: Request) -> Answer | None:
        """As `Cassette.find`."""
        try:
            return super().find(model, request)
        except ReplayMissed as fault:
            self._missed = fault.detail
            raise

    def check(self) -> None:
        """Raise StudyStopped when something was asked that was never recorded."""
        if self._missed:
            raise StudyStopped(
                f"The cassette has no answer to what the model is asked now: {self._missed}. A prompt, a "
                "tool's schema or the data changed since it was recorded.",
                "Record it again with --cassette record, and look at what changed.",
            )


def _check_server(who: str, model: str, base_url: str, mode: CassetteMode) -> None:
    llm = load_settings().llm
    if not (model or llm.model):
        raise SettingsError(
            f"{who}: a served model is asked, and none is named.",
            "Write model = … in that table, or set RAPPORT_LLM__MODEL.",
        )
    if mode != "replay" and not (base_url or llm.base_url):
        raise SettingsError(
            f"{who}: a served model is asked, and no server is named.",
            "Write base_url = … in that table, set RAPPORT_LLM__BASE_URL, or replay a cassette.",
        )
