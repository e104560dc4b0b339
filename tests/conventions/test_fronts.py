"""The lazy package fronts: complete, sorted, and the same for people and for type checkers."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import agents
import rec_core
import tools

FRONTS = pytest.mark.parametrize("front", [agents, rec_core, tools], ids=lambda one: one.__name__)


@FRONTS
def test_all_is_sorted_and_every_name_resolves(front: ModuleType) -> None:
    assert front.__all__ == sorted(set(front.__all__))
    for name in front.__all__:
        assert getattr(front, name) is not None
    assert set(front.__all__) <= set(dir(front))


@FRONTS
def test_type_checkers_see_the_same_names_from_the_same_modules(front: ModuleType) -> None:
    tree = ast.parse(Path(front.__file__ or "").read_text())
    seen = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level == 1
        for alias in node.names
    }
    assert sorted(seen) == front.__all__
    for name, module in seen.items():
        home = getattr(front, name)
        assert getattr(sys.modules[f"{front.__name__}.{module}"], name) is home


@FRONTS
def test_an_unknown_name_is_an_attribute_error(front: ModuleType) -> None:
    with pytest.raises(AttributeError, match="Nonsense"):
        _ = front.Nonsense


@pytest.mark.parametrize(
    ("names", "heavy"),
    [
        ("agents import TurnResult, NotYours, Plan, TurnLimits",
         ("torch", "langgraph", "langchain_openai", "openai")),
        ("rec_core import Catalog, Interactions", ("torch", "pandas", "transformers")),
        ("rec_core import Recommender", ("torch", "transformers", "chromadb")),
    ],
)  # fmt: skip
def test_a_name_costs_no_more_than_its_module(names: str, heavy: tuple[str, ...]) -> None:
    code = f"import sys; from {names}; print([m for m in {heavy!r} if m in sys.modules])"
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
