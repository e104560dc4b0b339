"""The front of rec_core: complete, sorted, lazy, and the same for people and for type checkers."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import rec_core


def test_all_is_sorted_and_every_name_resolves() -> None:
    assert rec_core.__all__ == sorted(set(rec_core.__all__))
    for name in rec_core.__all__:
        assert getattr(rec_core, name) is not None
    assert set(rec_core.__all__) <= set(dir(rec_core))


def test_type_checkers_see_the_same_names_from_the_same_modules() -> None:
    tree = ast.parse(Path(rec_core.__file__ or "").read_text())
    seen = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level == 1
        for alias in node.names
    }
    assert sorted(seen) == rec_core.__all__
    for name, module in seen.items():
        home = getattr(rec_core, name)
        assert getattr(sys.modules[f"rec_core.{module}"], name) is home


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="Nonsense"):
        _ = rec_core.Nonsense


def test_the_catalog_costs_no_torch_and_no_pandas() -> None:
    code = (
        "import sys; from rec_core import Catalog, Interactions; "
        "print([m for m in ('torch', 'pandas', 'transformers') if m in sys.modules])"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
