"""The front of agents: complete, sorted, lazy, and the same for people and for type checkers."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import agents


def test_all_is_sorted_and_every_name_resolves() -> None:
    assert agents.__all__ == sorted(set(agents.__all__))
    for name in agents.__all__:
        assert getattr(agents, name) is not None
    assert set(agents.__all__) <= set(dir(agents))


def test_type_checkers_see_the_same_names_from_the_same_modules() -> None:
    tree = ast.parse(Path(agents.__file__ or "").read_text())
    seen = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level == 1
        for alias in node.names
    }
    assert sorted(seen) == agents.__all__
    for name, module in seen.items():
        home = getattr(agents, name)
        assert getattr(sys.modules[f"agents.{module}"], name) is home


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="Nonsense"):
        _ = agents.Nonsense


def test_the_events_cost_neither_langgraph_nor_torch() -> None:
    code = (
        "import sys; from agents import TurnResult, NotYours, Plan, TurnLimits; "
        "print([m for m in ('torch', 'langgraph', 'langchain_openai', 'openai') if m in sys.modules])"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
