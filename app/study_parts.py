"""What a study stands on, made once and kept in its folder: data cut in two, people, recommenders.

Recommenders learn from the visible part alone; what is hidden never leaves `StudyParts`. Everything is
kept under a name that changes with what it was made from, so that a study that was broken off goes on
where it was and a changed one starts anew.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from agents.simulation import (
    HiddenSplit,
    Persona,
    StatisticalPeople,
    draw_personas,
    hide_late_events,
)
from agents.studies import StudySpec
from rec_core import (
    ArtifactError,
    ArtifactWriter,
    Catalog,
    DataError,
    Dataset,
    HashEncoder,
    Interactions,
    Progress,
    RunOptions,
    TextEncoder,
    atomic_file,
    leave_one_out,
    no_progress,
    read_artifact,
)

if TYPE_CHECKING:
    from rec_core import Recommender
    from rec_core.model_files import TrainedParts
    from rec_core.selection import PipelineConfig

_CATALOG, _VISIBLE, _HIDDEN = "catalog.parquet", "visible.parquet", "hidden.parquet"
_PERSONAS, _ABOUT = "personas.json", "about.json"
_BASELINES = "study-baselines"
_NEVER = 10**9
_PEOPLE = TypeAdapter(tuple[Persona, ...])

NETWORK_ARMS = frozenset({"two_tower", "sasrec", "pipeline"})
SERVING_ARMS = frozenset({"search", "agent"})


class StudyParts:
    """Opens what was prepared, each part when it is first needed; picklable without them.

    Args:
        spec: The study.
        folder: Where parts are kept.
        home: Rapport's folder, for data sets by name and cached text vectors.
    """

    def __init__(self, spec: StudySpec, folder: Path, home: Path) -> None:
        self.spec = spec
        self.folder = folder
        self.home = home

    def __reduce__(self) -> tuple[type[StudyParts], tuple[StudySpec, Path, Path]]:
        return type(self), (self.spec, self.folder, self.home)

    def prepare(self, progress: Progress = no_progress) -> None:
        """Make whatever is not there yet; at once done when all of it is.

        Raises:
            RapportError: Data that cannot be had or used; no room.
        """
        progress("study data", 0, 1)
        dataset = self._dataset()
        self._cut(dataset)
        progress("study data", 1, 1)
        if self.spec.session.protocol == "browse" and self.spec.people.engine == "statistical":
            progress("people", 0, 1)
            self._fit_people()
            progress("people", 1, 1)
        kinds = {arm.kind for arm in self.spec.arms}
        if kinds & {"transitions", "ease"} and not self._has_networks:
            progress("baselines", 0, 1)
            self._fit_baselines()
            progress("baselines", 1, 1)
        if kinds & SERVING_ARMS or (kinds & NETWORK_ARMS):
            self._train(progress)

    @property
    def _has_networks(self) -> bool:
        kinds = {arm.kind for arm in self.spec.arms}
        return self.spec.training.networks and bool(kinds & (NETWORK_ARMS | SERVING_ARMS))

    @cached_property
    def about(self) -> dict[str, str]:
        """What the data is: name, fingerprint, counts; as `prepare` wrote it."""
        return json.loads((self._data_folder / _ABOUT).read_text("utf-8"))

    @property
    def fingerprint(self) -> str:
        """Of the data, cut as it is."""
        return self.about["fingerprint"]

    @property
    def _data_folder(self) -> Path:
        return self.folder / "data"

    @cached_property
    def catalog(self) -> Catalog:
        """The items."""
        return Catalog.load(self._data_folder / _CATALOG)

    @cached_property
    def visible(self) -> Interactions:
        """What recommenders may learn from."""
        return Interactions.load(self._data_folder / _VISIBLE, self.catalog)

    @cached_property
    def split(self) -> HiddenSplit:
        """Both parts; for people and for judging them, never for an arm."""
        hidden = Interactions.load(self._data_folder / _HIDDEN, self.catalog)
        return HiddenSplit(
            visible=self.visible, hidden=hidden, share=float(self.about["hidden share"])
        )

    @cached_property
    def personas(self) -> dict[str, Persona]:
        """People by id, in the order of the draw."""
        people = _PEOPLE.validate_json((self._data_folder / self._personas_name).read_bytes())
        return {one.persona_id: one for one in people}

    @property
    def _personas_name(self) -> str:
        people = self.spec.people
        return f"{people.count}-{people.seed}-{_PERSONAS}"

    @cached_property
    def people(self) -> StatisticalPeople:
        """The statistical people, fitted."""
        return StatisticalPeople.load(self._people_folder, self.catalog)

    @property
    def _people_folder(self) -> Path:
        return self.folder / f"people-{self._key(self.spec.people.model_dump_json())}"

    @cached_property
    def models(self) -> TrainedParts:
        """Transitions, EASE and, where they were trained, the networks."""
        from rec_core.model_files import read_parts

        if not self._has_networks:
            return read_parts(read_artifact(self._baselines_folder, kind=_BASELINES))
        kind = "pipeline" if self._is_served else "evaluation"
        return read_parts(read_artifact(self._models_folder, kind=kind))

    @cached_property
    def recommender(self) -> Recommender:
        """All of Rapport over the visible part, for arms that search or talk."""
        from rec_core import Recommender

        return Recommender.load(self._models_folder)

    @property
    def _is_served(self) -> bool:
        return any(arm.kind in SERVING_ARMS for arm in self.spec.arms)

    @property
    def _models_folder(self) -> Path:
        kind = "pipeline" if self._is_served else "evaluation"
        return self.folder / f"{kind}-{self._key(self.spec.training.model_dump_json())}"

    @property
    def _baselines_folder(self) -> Path:
        return self.folder / f"baselines-{self._key('')}"

    def _key(self, *more: str) -> str:
        return hashlib.sha256("\n".join((self.fingerprint, *more)).encode()).hexdigest()[:12]

    def _dataset(self) -> Dataset:
        from rec_core import get_dataset, import_dataset, load_dataset
        from rec_core.datasets import DATASETS, dataset_folder

        data = self.spec.data
        if data.name:
            folder = dataset_folder(data.name, self.home)
            if data.name in DATASETS:
                return get_dataset(data.name, self.home)
            return load_dataset(folder)
        assert data.catalog is not None
        with tempfile.TemporaryDirectory(prefix="rapport-study-") as home:
            return import_dataset(
                self.spec.name.replace(" ", "-"),
                Path(home),
                catalog_path=data.catalog,
                interactions_path=data.interactions,
            )[0]

    def _cut(self, dataset: Dataset) -> None:
        split = hide_late_events(dataset.interactions)
        about = {
            "data": _described(dataset),
            "fingerprint": hashlib.sha256(
                f"{dataset.fingerprint} {split.fingerprint}".encode()
            ).hexdigest(),
            "hidden share": str(split.share),
            "hidden events": f"{len(split.hidden):,} of {len(dataset.interactions):,}",
        }
        folder = self._data_folder
        if not _is_about(folder / _ABOUT, about):
            folder.mkdir(parents=True, exist_ok=True)
            dataset.catalog.save(folder / _CATALOG)
            split.visible.save(folder / _VISIBLE)
            split.hidden.save(folder / _HIDDEN)
            for stale in folder.glob(f"*-{_PERSONAS}"):
                stale.unlink()
            _write(folder / _ABOUT, json.dumps(about, ensure_ascii=False, indent=1))
        if not (folder / self._personas_name).is_file():
            people = draw_personas(
                dataset.catalog,
                split,
                count=self.spec.people.count,
                generator=RunOptions(seed=self.spec.people.seed).generator("study people"),
            )
            _write(folder / self._personas_name, _PEOPLE.dump_json(people).decode())
        if len(self.personas) < self.spec.people.count:
            raise DataError(
                f"The data has {len(self.personas):,} users with later likes to hide, and the study asks for "
                f"{self.spec.people.count:,} people.",
                "Lower people.count.",
            )

    def _fit_people(self) -> None:
        try:
            read_artifact(self._people_folder, kind="simulated-people")
        except ArtifactError:
            people = StatisticalPeople.fit(
                self.catalog,
                self.split,
                tuple(self.personas.values()),
                seed=self.spec.people.seed,
            )
            people.save(self._people_folder)

    def _fit_baselines(self) -> None:
        """Transitions and EASE, chosen on the last visible event but one, fitted on all that is visible."""
        from rec_core.baselines.ease import Ease
        from rec_core.baselines.transitions import Transitions
        from rec_core.model_files import TrainedParts, write_parts
        from rec_core.selection import Choices, choose_ease, choose_transitions, validation_task

        try:
            read_artifact(self._baselines_folder, kind=_BASELINES)
        except ArtifactError:
            config, run = self._config, RunOptions(seed=self.spec.training.seed)
            split = leave_one_out(self.visible)
            task = validation_task(split, config, run)
            _, chosen = choose_transitions(split, task, config)
            ease = choose_ease(split, task, config)
            parts = TrainedParts(
                transitions=Transitions.fit(self.visible, chosen),
                ease=Ease.fit(
                    self.visible,
                    regularisation=ease.regularisation,
                    history_power=ease.history_power,
                ),
                choices=Choices(
                    transitions=chosen,
                    ease_regularisation=ease.regularisation,
                    ease_history_power=ease.history_power,
                ),
            )
            about = {"pipeline": config.as_json()}
            with ArtifactWriter(self._baselines_folder, kind=_BASELINES, config=about) as writer:
                write_parts(writer, parts)

    @property
    def _config(self) -> PipelineConfig:
        from rec_core.selection import DEFAULT_PIPELINE
        from rec_core.training import fitted_config

        training = self.spec.training
        config = DEFAULT_PIPELINE
        if not training.networks:
            return replace(config, min_users=_NEVER)
        config = fitted_config(config, self._visible_dataset)
        if training.max_epochs is None:
            return config
        return replace(
            config,
            sasrec=replace(config.sasrec, max_epochs=training.max_epochs),
            two_tower=replace(config.two_tower, max_epochs=training.max_epochs),
        )

    @property
    def _visible_dataset(self) -> Dataset:
        return Dataset(name=self.spec.name, catalog=self.catalog, interactions=self.visible)

    def _train(self, progress: Progress) -> None:
        from rec_core import train_pipeline
        from rec_core.training import evaluation_parts

        run = RunOptions(seed=self.spec.training.seed)
        if self._is_served:
            train_pipeline(
                self._visible_dataset,
                self._models_folder,
                encoder=self._encoder(),
                config=self._config,
                options=run,
                progress=progress,
            )
        elif self.spec.training.networks:
            evaluation_parts(
                self._visible_dataset,
                self._models_folder,
                encoder=self._encoder(),
                config=self._config,
                options=run,
                progress=progress,
            )

    def _encoder(self) -> TextEncoder:
        from rec_core.text_vectors import default_encoder

        if self.spec.training.encoder == "words":
            return HashEncoder()
        return default_encoder(self.home / "cache", n_items=len(self.catalog))


def _described(dataset: Dataset) -> str:
    events = dataset.interactions
    return (
        f"{dataset.name} ({len(dataset.catalog):,} items, {events.n_users:,} users, "
        f"{len(events):,} events)"
    )


def _is_about(path: Path, about: dict[str, str]) -> bool:
    try:
        return json.loads(path.read_text("utf-8")) == about
    except (OSError, ValueError):
        return False


def _write(path: Path, text: str) -> None:
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
