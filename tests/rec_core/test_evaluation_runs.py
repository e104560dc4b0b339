from __future__ import annotations

from pathlib import Path

import pytest

from rec_core import DataError, HashEncoder, RunOptions
from rec_core.evaluation_runs import evaluate_dataset, genre_features, seed_folder
from rec_core.sasrec.config import SasrecConfig
from rec_core.selection import PipelineConfig
from rec_core.training import evaluation_folder
from rec_core.two_tower.config import TwoTowerConfig
from tests.film_world import film_dataset

TINY = PipelineConfig(
    sasrec=SasrecConfig(dimension=16, n_layers=1, max_length=20, max_epochs=1),
    two_tower=TwoTowerConfig(dimension=16, max_length=20, max_epochs=1),
    windows=(5,),
    row_powers=(0.75,),
    column_powers=(0.2,),
    regularisations=(100.0,),
)
ENCODER = HashEncoder(32)
OPTIONS = RunOptions(seed=3, threads=1)


def test_several_seeds_make_one_table_and_a_cut_run_goes_on(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "film-world"
    told: list[str] = []

    def cut_off(stage: str, done: int, total: int) -> None:
        if stage == "sasrec, seed 4":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate_dataset(
            film_dataset(), folder, encoder=ENCODER, config=TINY, n_seeds=2, options=OPTIONS,
            progress=cut_off,
        )  # fmt: skip
    report = evaluate_dataset(
        film_dataset(), folder, encoder=ENCODER, config=TINY, n_seeds=2, options=OPTIONS,
        progress=lambda stage, done, total: told.append(stage),
    )  # fmt: skip
    assert "sasrec, seed 3" not in told
    assert "sasrec, seed 4" in told
    assert report.seeds == (3, 4)
    names = [row.name for row in report.rows]
    assert names == ["popularity", "ease", "transitions", "two_tower", "sasrec", "pipeline"]
    sasrec, popularity = report.row("sasrec"), report.row("popularity")
    assert sasrec.per_seed[3] != sasrec.per_seed[4]
    assert popularity.per_seed[3] == popularity.per_seed[4]
    mean = sum(values["ndcg@10"] for values in sasrec.per_seed.values()) / 2
    assert sasrec.metrics["ndcg@10"].mean == pytest.approx(mean)
    assert report.diversity_by == "genres"

    alone = evaluate_dataset(
        film_dataset(), folder, encoder=ENCODER, config=TINY, options=OPTIONS
    ).row("sasrec")
    assert alone.per_seed == {3: sasrec.per_seed[3]}


def test_the_first_seed_shares_the_folder_with_training(tmp_path: Path) -> None:
    folder = tmp_path / "x"
    first = seed_folder(folder, "global-time", seed=2, first=2)
    assert first == evaluation_folder(folder, "global-time")
    assert seed_folder(folder, "global-time", seed=3, first=2).name == f"{first.name}-seed3"


def test_no_seed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="0 seeds"):
        evaluate_dataset(film_dataset(), tmp_path / "x", encoder=ENCODER, n_seeds=0)


def test_a_catalog_without_genres_has_nothing_to_vary(tmp_path: Path) -> None:
    from rec_core import Catalog, Item

    assert genre_features(Catalog([Item(item_id="a", title="A")])) is None
    found = genre_features(film_dataset().catalog)
    assert found is not None
    assert len(found.vectors) == len(film_dataset().catalog)
