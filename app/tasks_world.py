"""The catalog and the agents that `rapport eval tasks` puts to the test."""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from agents.evaluation.tasks import (
    Contestant,
    FactTable,
    Fool,
    Oracle,
    RapportContestant,
    Refuser,
    read_tau_catalog,
)
from rec_core import DataError, SettingsError

from .build import build_recommender, model_choices
from .crs_parts import read_catalog
from .settings import LLMSettings, Settings

if TYPE_CHECKING:
    import numpy as np

    from agents import ConversationalRecommender
    from rec_core import Catalog, Recommender

PLANNERS = ("rules", "structured", "embedded", "tools", "auto")
SCRIPTED = ("oracle", "fool", "refuser")
_ROOT = Path(__file__).resolve().parent.parent
_AGENT_PARTS = ("agents", "tools", "rec_core", "prompts")
# What no answer of an agent hangs on.
_APART = ("agents/evaluation", "agents/rewriting", "agents/simulation", "agents/studies")
_APART += ("agents/tuning",)
# Parts of the tasks that no trial hangs on.
_SHOWING = frozenset({"generating", "journal", "page", "report", "running", "suites", "table"})


class TaskWorld:
    """Makes every row's agent; picklable, and each process makes its own.

    Args:
        settings: Where models and the language model are.
        catalog: A catalog file; None takes what is set up for `settings.data`.
        folder: Keeps the search index of a catalog file.
    """

    def __init__(self, settings: Settings, catalog: Path | None, folder: Path) -> None:
        self._settings = settings
        self._catalog = catalog
        self._folder = folder
        self._contestants: dict[str, Contestant] = {}

    def __reduce__(self) -> tuple[type[TaskWorld], tuple[Settings, Path | None, Path]]:
        return type(self), (self._settings, self._catalog, self._folder)

    @property
    def catalog_name(self) -> str:
        """Name of the data set, or of the catalog's file."""
        return self._settings.data if self._catalog is None else self._catalog.name

    @property
    def facts(self) -> FactTable:
        """Of the catalog.

        Raises:
            SettingsError, ArtifactError: Nothing usable is set up for the data set.
            DataError: The catalog file cannot be used.
        """
        return self._facts

    @property
    def popularity(self) -> np.ndarray | None:
        """(n_items,) how often each item was taken; None when nobody knows."""
        if self._catalog is None:
            counts = self._recommender.interactions.item_counts
            return counts if counts.any() else None
        return self._file[1]

    def fingerprint(self, row: str) -> str:
        """Of the sources that the row's answers depend on, of the catalog and of the models."""
        parts = [row, self._task_sources]
        if row not in SCRIPTED:
            parts += [self._agent_sources, self._model(row)]
        return _digest(*(part.encode() for part in parts))

    def contestant(self, row: str) -> Contestant:
        """The agent of a row, made when it is first wanted.

        Raises:
            SettingsError, RapportError: The planner needs a model that is not there.
        """
        if row not in self._contestants:
            scripted = {"oracle": Oracle, "fool": Fool}
            if row == "refuser":
                self._contestants[row] = Refuser()
            elif row in scripted:
                self._contestants[row] = scripted[row](self.facts)
            else:
                self._contestants[row] = RapportContestant(self._agent(row))
        return self._contestants[row]

    def _agent(self, row: str) -> ConversationalRecommender:
        """As in the chat, but nothing that is said is kept."""
        from agents import (
            ConversationalRecommender,
            ConversationStore,
            TurnLimits,
            build_planners,
            open_checkpointer,
        )
        from tools import default_toolbox

        settings, toolbox = planned_by(self._settings, row), default_toolbox()
        planners = build_planners(
            recommender=self._recommender, toolbox=toolbox, models=model_choices(settings)
        )
        return ConversationalRecommender(
            recommender=self._recommender,
            toolbox=toolbox,
            store=ConversationStore("sqlite://"),
            planners=planners,
            checkpointer=open_checkpointer(None),
            limits=TurnLimits(**settings.limits.model_dump()),
        )

    @cached_property
    def _facts(self) -> FactTable:
        if self._catalog is None:
            return FactTable(self._recommender.catalog)
        try:
            return read_tau_catalog(self._catalog)
        except DataError:
            return FactTable(self._file[0])

    @cached_property
    def _recommender(self) -> Recommender:
        if self._catalog is None:
            return build_recommender(self._settings)
        return self._untrained()

    def _untrained(self) -> Recommender:
        """A core over a catalog file: search alone, nothing learned."""
        import numpy as np

        from rec_core import (
            HashEncoder,
            IdMap,
            Interactions,
            MiniLMEncoder,
            Recommender,
            SearchEngine,
        )

        catalog = self.facts.catalog
        cache = self._settings.cache_folder
        encoder = MiniLMEncoder(cache) if MiniLMEncoder.is_available() else HashEncoder()
        none = np.zeros(0, dtype=np.int64)
        return Recommender(
            catalog=catalog,
            interactions=Interactions(
                users=IdMap([]), catalog_ids=catalog.ids, user_rows=none, item_rows=none
            ),
            search=SearchEngine.build(
                catalog, encoder, self._folder / f"search-{catalog.fingerprint[:16]}"
            ),
        )

    @cached_property
    def _file(self) -> tuple[Catalog, np.ndarray | None]:
        assert self._catalog is not None
        return read_catalog(self._catalog)

    @cached_property
    def _task_sources(self) -> str:
        import agents.evaluation.tasks as tasks

        found = sorted(Path(tasks.__path__[0]).glob("*.py"))
        files = [path for path in found if path.stem not in _SHOWING]
        return _digest(self.facts.catalog.fingerprint.encode(), *(f.read_bytes() for f in files))

    @cached_property
    def _agent_sources(self) -> str:
        files = [
            path
            for part in _AGENT_PARTS
            for path in sorted((_ROOT / part).rglob("*"))
            if path.suffix in (".py", ".md", ".json", ".txt")
            and not path.relative_to(_ROOT).as_posix().startswith(_APART)
        ]
        manifest = self._settings.model_folder / "manifest.json"
        if self._catalog is None and manifest.is_file():
            files.append(manifest)
        return _digest(*(path.read_bytes() for path in files))

    def _model(self, row: str) -> str:
        """What language model plans; "" for the rules."""
        llm = planned_by(self._settings, row).llm
        return "" if row == "rules" else f"{llm.planner} {llm.base_url} {llm.model}"


def planned_by(settings: Settings, row: str) -> Settings:
    """The settings with that planner; "structured" is the built-in model where no server is named."""
    planner = "embedded" if row == "structured" and not settings.llm.is_configured else row
    llm = LLMSettings.model_validate({**settings.llm.model_dump(), "planner": planner})
    return settings.model_copy(update={"llm": llm})


def check_planners(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names, each once.

    Raises:
        SettingsError: One of them is no planner.
    """
    for name in names:
        if name not in PLANNERS:
            raise SettingsError(
                f"--planners: there is no planner {name!r}.", f"Planners are {', '.join(PLANNERS)}."
            )
    return tuple(dict.fromkeys(names))


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\n".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()
