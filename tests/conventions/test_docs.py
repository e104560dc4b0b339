"""What the documents name exists: links lead somewhere, commands and make targets are real."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

from app.cli import application

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_relative_links_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", document.read_text("utf-8"))
    assert [target for target in targets if not (document.parent / target).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_are_real(document: Path) -> None:
    known = set(get_command(application).commands)  # type: ignore[attr-defined]
    blocks = re.findall(r"```\n(.*?)```", document.read_text("utf-8"), re.S)
    spans = re.findall(r"`(rapport [^`\n]+)`", document.read_text("utf-8"))
    code = "\n".join([*blocks, *spans])
    used = set(re.findall(r"(?:^|[\s/])rapport ([a-z]+)", code))
    assert used <= known


def test_make_targets_are_real() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    used = {
        target
        for document in DOCUMENTS
        for target in re.findall(r"`(?:time )?make ([a-z-]+)", document.read_text("utf-8"))
    }
    assert used <= targets
