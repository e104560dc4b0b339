from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import typer
from langchain_core.messages import BaseMessage
from typer.testing import CliRunner

from agents.evaluation.crs import read_examples
from agents.rewriting import generation
from agents.rewriting.leaks import write_marks
from agents.rewriting.tasks import tasks_from_dialogues
from app import rewriter_rows
from app.commands.eval import eval_app
from rec_core import ArtifactError, DataError, RapportError, SettingsError
from tests.app.test_eval_command import write_world

application = typer.Typer()
application.add_typer(eval_app, name="eval")


class Writer:
    """Writes one query for everything."""

    name = "writer"
    prompts = 0

    def write(
        self, prompts: Sequence[Sequence[BaseMessage]], *, prefill: str, limit: int
    ) -> tuple[str, ...]:
        assert prefill
        assert limit
        Writer.prompts += len(prompts)
        return ('crime mafia thriller"}',) * len(prompts)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    monkeypatch.setenv("RAPPORT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(rewriter_rows, "shipped_adapter", lambda row: None)
    monkeypatch.setattr(generation, "embedded_writer", lambda *args, **given: Writer())
    Writer.prompts = 0
    catalog, examples = write_world(tmp_path)
    return ("eval", "rewriter", "--examples", str(examples), "--catalog", str(catalog))


def run(*arguments: str) -> Any:
    result = CliRunner().invoke(application, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def adapter(folder: Path, examples: str, *, of: int) -> Path:
    """A folder that says it was trained on the first examples."""
    folder.mkdir()
    (folder / "adapter_model.safetensors").write_bytes(b"weights")
    write_marks(tasks_from_dialogues(read_examples([Path(examples)]).examples)[:of], folder)
    (folder / "companions.json").write_text(
        json.dumps({"films": [["heat", 1995]], "dialogues": [["a", [], [0]], ["b", [], [0]]]})
    )
    return folder


def test_json_has_a_row_for_every_writer_and_retriever(
    world: tuple[str, ...], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    rows = "raw,context,rules,untuned,oracle"
    result = run(*world, "--rows", rows, "--retrievers", "bm25", "--json", "--out", str(out))

    report = json.loads(result.stdout)
    by_row = {row["row"]: row for row in report["rows"]}
    assert list(by_row) == rows.split(",")
    assert {row["retriever"] for row in report["rows"]} == {"bm25"}
    assert {row["n"] for row in report["rows"]} == {12}
    for row in report["rows"]:
        low, high = row["ci"]["ndcg@100"]
        assert 0 <= low <= row["ndcg@100"] <= high <= 1
    assert by_row["oracle"]["is_bound"]
    assert by_row["oracle"]["ndcg@100"] > by_row["rules"]["ndcg@100"] > by_row["raw"]["ndcg@100"]
    assert json.loads((out / "results.json").read_text()) == report
    lines = [json.loads(line) for line in (out / "per_task.jsonl").read_text().splitlines()]
    assert len(lines) == 12
    assert lines[0]["queries"]["untuned"] == "crime mafia thriller"
    assert "| bm25 | rules |" in (out / "report.md").read_text()


def test_rows_that_cannot_be_had_are_told_of(world: tuple[str, ...]) -> None:
    result = run(*world, "--limit", "3", "--retrievers", "bm25")

    assert "No row 'sft': no such adapter ships with this version." in result.stderr
    assert "--policy-adapter grpo=FOLDER" in result.stderr
    assert "untuned" in result.stdout
    assert "oracle (bound)" in result.stdout


def test_kept_rewrites_are_not_written_again(world: tuple[str, ...]) -> None:
    asked = (*world, "--rows", "untuned", "--retrievers", "bm25", "--json")
    first = json.loads(run(*asked).stdout)
    written = Writer.prompts

    again = json.loads(run(*asked).stdout)

    assert 0 < written == Writer.prompts
    assert again["rows"] == first["rows"]


def test_what_an_adapter_was_trained_on_is_left_out(world: tuple[str, ...], tmp_path: Path) -> None:
    folder = str(adapter(tmp_path / "mine", world[3], of=4))
    asked = (*world, "--rows", "raw,grpo", "--retrievers", "bm25", "--json")

    report = json.loads(run(*asked, "--policy-adapter", folder).stdout)
    kept = json.loads(run(*asked, "--policy-adapter", folder, "--include-trained").stdout)

    assert [row["n"] for row in report["rows"]] == [8, 8]
    assert (report["audit"]["n_left_out"], report["adapters"]) == (4, {"grpo": "mine"})
    assert {(one["row"], one["minus"]) for one in report["differences"]} == {("grpo", "raw")}
    assert [row["n"] for row in kept["rows"]] == [12, 12]
    alone = run(
        *world, "--rows", "raw", "--retrievers", "bm25", "--json", "--policy-adapter", folder
    )
    assert json.loads(alone.stdout)["rows"] == report["rows"][:1]
    assert "prove nothing" in kept["audit"]["note"]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (("--rows", "magic"), SettingsError, "--rows: there is no 'magic'"),
        (("--rows", ","), SettingsError, "--rows names nothing"),
        (("--rows", "grpo"), SettingsError, "no such adapter ships"),
        (("--retrievers", "magic"), SettingsError, "--retrievers: there is no 'magic'"),
        (("--policy-adapter", "nowhere"), SettingsError, "no adapter in 'nowhere'"),
    ],
)
def test_mistakes_are_explained(
    world: tuple[str, ...], options: tuple[str, ...], error: type[RapportError], message: str
) -> None:
    with pytest.raises(error, match=message):
        run(*world, *options)


def test_an_adapter_must_say_what_it_learned_from(world: tuple[str, ...], tmp_path: Path) -> None:
    all_of_it = str(adapter(tmp_path / "all", world[3], of=12))
    silent = adapter(tmp_path / "silent", world[3], of=1)
    (silent / "training_groups.txt").unlink()

    with pytest.raises(DataError, match="trained on the dialogues of all 12 examples"):
        run(*world, "--policy-adapter", all_of_it)
    with pytest.raises(ArtifactError, match="nobody can tell what it was trained on"):
        run(*world, "--policy-adapter", f"sft={silent}")
    with pytest.raises(SettingsError, match="two adapters for the row 'sft'"):
        run(*world, "--policy-adapter", f"sft={silent}", "--policy-adapter", f"sft={silent}")
