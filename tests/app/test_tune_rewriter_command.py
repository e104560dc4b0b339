from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from agents.evaluation.crs import read_examples
from agents.rewriting.leaks import read_marks, was_trained_on
from agents.rewriting.tasks import split_by_group, tasks_from_dialogues
from agents.rewriting.training import models
from agents.rewriting.training.low_rank import LowRankShape
from agents.rewriting.training.recipes import RECIPES, GrpoPart
from app.commands.tune import tune_app
from rec_core import SettingsError
from tests.agents.embedded_kit import make_tiny_model
from tests.app.test_eval_command import write_world

application = typer.Typer()
application.add_typer(tune_app, name="tune")


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    monkeypatch.setenv("RAPPORT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(
        models, "prepare_base_model", lambda cache: make_tiny_model(tmp_path / "tiny")
    )
    small = replace(
        RECIPES["cpu-135m"],
        shape=LowRankShape(rank=2, alpha=4, first_layer=1),
        grpo=GrpoPart(prompts=1, completions=2, tokens=4),
    )
    monkeypatch.setitem(RECIPES, "cpu-135m", small)
    catalog, examples = write_world(tmp_path)
    out = str(tmp_path / "run")
    return (
        "tune",
        "rewriter",
        "--examples",
        str(examples),
        "--catalog",
        str(catalog),
        "--out",
        out,
    )


def run(*arguments: str) -> Any:
    result = CliRunner().invoke(application, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def test_a_dry_run_audits_and_prints_the_plan_of_a_gpu(
    world: tuple[str, ...], tmp_path: Path
) -> None:
    told = json.loads(run(*world, "--recipe", "gpu-3b-vllm", "--dry-run", "--json").stdout)

    assert told["recipe"]["grpo"]["vllm"] is True
    assert "is in both" in told["audit"]
    assert not (tmp_path / "run").exists()


def test_wrong_names_are_refused_before_anything_is_read(world: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError, match="no recipe 'tpu'"):
        CliRunner().invoke(application, (*world, "--recipe", "tpu"), catch_exceptions=False)
    with pytest.raises(SettingsError, match="no reward 'fame'"):
        CliRunner().invoke(application, (*world, "--reward", "fame"), catch_exceptions=False)


@pytest.mark.slow
def test_a_control_from_an_adapter_leaves_an_adapter_with_marks_and_a_page(
    world: tuple[str, ...], tmp_path: Path
) -> None:
    told = json.loads(
        run(*world, "--sft-steps", "0", "--steps", "2", "--reward", "random", "--json").stdout
    )

    tasks = tasks_from_dialogues(read_examples([Path(world[3])]).examples)
    marks = read_marks(tmp_path / "run" / "grpo")
    train, held_out = split_by_group(tasks)
    assert not any(was_trained_on(task, marks) for task in held_out)
    assert any(was_trained_on(task, marks) for task in train)
    assert told["adapters"] == {"grpo": str(tmp_path / "run" / "grpo")}
    assert told["plan"]["reward"] == "random"
    page = (tmp_path / "run" / "report.html").read_text()
    assert "Curves" in page
    assert "http" not in page
