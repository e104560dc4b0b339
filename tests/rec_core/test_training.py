from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rec_core import (
    ArtifactError,
    Catalog,
    DataError,
    Dataset,
    HashEncoder,
    IdMap,
    Interactions,
    Item,
    Recommender,
    RecommendRequest,
    RunOptions,
    read_artifact,
    train_pipeline,
)
from rec_core.blending import choose_blend
from rec_core.evaluation_runs import evaluate_dataset
from rec_core.sasrec.config import SasrecConfig
from rec_core.selection import Choices, PipelineConfig
from rec_core.training import evaluation_folder
from rec_core.two_tower.config import TwoTowerConfig
from tests.film_world import film_dataset

TINY = PipelineConfig(
    sasrec=SasrecConfig(dimension=16, n_layers=1, max_length=20, max_epochs=2),
    two_tower=TwoTowerConfig(dimension=16, max_length=20, max_epochs=2),
    windows=(5,),
    row_powers=(0.75,),
    column_powers=(0.2,),
    regularisations=(100.0,),
)
ENCODER = HashEncoder(64)
OPTIONS = RunOptions(seed=3, threads=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("models") / "film-world"
    train_pipeline(film_dataset(), place, encoder=ENCODER, config=TINY, options=OPTIONS)
    return place


def test_the_artifact_serves(folder: Path) -> None:
    recommender = Recommender.load(folder)
    answer = recommender.recommend(RecommendRequest(user_id="u001", k=5))
    assert answer.strategy == "known-user"
    assert len(answer.candidates) == 5
    parts = set(answer.candidates[0].parts)
    weights = recommender.pipeline.weights
    assert "transitions" in parts
    assert ("sasrec" in parts) == (weights.sasrec > 0)
    assert ("two_tower" in parts) == (weights.two_tower > 0)


def test_a_finished_artifact_is_not_made_again(folder: Path) -> None:
    before = (folder / "manifest.json").stat().st_mtime_ns
    again = train_pipeline(film_dataset(), folder, encoder=ENCODER, config=TINY, options=OPTIONS)
    assert (folder / "manifest.json").stat().st_mtime_ns == before
    assert again.fingerprint == read_artifact(folder, kind="pipeline", verify=True).fingerprint


def test_another_seed_makes_another_artifact(folder: Path, tmp_path: Path) -> None:
    made = read_artifact(folder, kind="pipeline")
    other = train_pipeline(
        film_dataset(),
        tmp_path / "x",
        encoder=ENCODER,
        config=TINY,
        options=RunOptions(seed=4, threads=1),
    )
    assert other.fingerprint != made.fingerprint
    assert other.config["seed"] == 4


def test_equal_seeds_train_equal_models(folder: Path, tmp_path: Path) -> None:
    other = train_pipeline(
        film_dataset(), tmp_path / "x", encoder=ENCODER, config=TINY, options=OPTIONS
    )
    first, second = read_artifact(folder, kind="pipeline"), other
    for name in ("sasrec", "two_tower", "transitions"):
        for key, value in first.arrays(name).items():
            np.testing.assert_array_equal(second.arrays(name)[key], value)
    assert first.json("choices") == second.json("choices")


def test_evaluation_models_are_kept_and_never_saw_the_test_part(folder: Path) -> None:
    report = evaluate_dataset(film_dataset(), folder, encoder=ENCODER, config=TINY, options=OPTIONS)
    names = [row.name for row in report.rows]
    assert names == ["popularity", "ease", "transitions", "two_tower", "sasrec", "pipeline"]
    assert json.loads(json.dumps(report.as_json()))["dataset"] == "film-world"
    kept = read_artifact(evaluation_folder(folder, "leave-one-out"), kind="evaluation")
    serving = read_artifact(folder, kind="pipeline")
    assert kept.json("choices") == serving.json("choices")
    counted = {
        name: artifact.arrays("transitions")["data"].size
        for name, artifact in (("held out", kept), ("all", serving))
    }
    assert counted["held out"] < counted["all"]


def test_choices_survive_json() -> None:
    choices = Choices(sasrec_epochs=3, validation={"sasrec": {"ndcg@10": 0.1}})
    assert Choices.from_json(json.loads(json.dumps(choices.as_json()))) == choices
    assert json.loads(json.dumps(TINY.as_json())) == TINY.as_json()


def test_the_blend_never_validates_worse_than_the_transitions_alone() -> None:
    from rec_core import leave_one_out
    from rec_core.baselines.transitions import Transitions
    from rec_core.pipeline import Pipeline
    from rec_core.selection import mean_metrics, validation_task

    class Noise:
        def score(self, histories: list[np.ndarray]) -> np.ndarray:
            lengths = [int(history.sum()) for history in histories]
            n_items = len(film_dataset().catalog)
            return np.array([np.random.default_rng(x).normal(size=n_items) for x in lengths])

    split = leave_one_out(film_dataset().interactions)
    task = validation_task(split, TINY, OPTIONS)
    transitions = Transitions.fit(split.train)
    weights = choose_blend(task, transitions, {"sasrec": Noise()})
    blended = Pipeline(transitions=transitions, models={"sasrec": Noise()}, weights=weights)
    alone = mean_metrics(task, transitions)["ndcg@10"]
    assert mean_metrics(task, blended)["ndcg@10"] >= alone - 0.01


def small_dataset(histories: list[list[int]]) -> Dataset:
    catalog = Catalog([Item(item_id=str(row), title=f"Film {row}") for row in range(6)])
    interactions = Interactions(
        users=IdMap([str(row) for row in range(len(histories))]),
        catalog_ids=catalog.ids,
        user_rows=np.repeat(np.arange(len(histories)), [len(h) for h in histories]),
        item_rows=np.array([item for history in histories for item in history], dtype=np.int64),
    )
    return Dataset(name="small", catalog=catalog, interactions=interactions)


@pytest.mark.parametrize("histories", [[], [[0, 1, 2], [1, 2, 3]]])
def test_with_few_or_no_interactions_the_training_free_parts_serve(
    histories: list[list[int]], tmp_path: Path
) -> None:
    train_pipeline(small_dataset(histories), tmp_path / "small", encoder=ENCODER)
    recommender = Recommender.load(tmp_path / "small")
    assert len(recommender.recommend(RecommendRequest(k=3)).candidates) == 3
    assert len(recommender.recommend(RecommendRequest(k=3, history=("0",))).candidates) == 3
    assert len(recommender.recommend(RecommendRequest(k=3, query="film 4")).candidates) == 3


def test_nothing_to_hold_out_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="interactions"):
        evaluate_dataset(small_dataset([[0], [1]]), tmp_path / "small", encoder=ENCODER)


def test_a_missing_or_damaged_artifact_is_a_clear_error(folder: Path, tmp_path: Path) -> None:
    import shutil

    with pytest.raises(ArtifactError, match="rapport"):
        Recommender.load(tmp_path / "nothing")
    broken = tmp_path / "broken"
    shutil.copytree(folder, broken)
    (broken / "sasrec.safetensors").write_bytes(b"not a tensor file")
    with pytest.raises(ArtifactError):
        Recommender.load(broken)
    (broken / "choices.json").unlink()
    with pytest.raises(ArtifactError):
        Recommender.load(broken)
