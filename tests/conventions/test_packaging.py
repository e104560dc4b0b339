"""The distribution: our five names, nobody else's, and nothing of ours under another name."""

from __future__ import annotations

import importlib
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("app", "agents", "tools", "rec_core", "prompts")


@pytest.mark.parametrize("package", PACKAGES)
def test_each_package_is_the_one_in_this_checkout(package: str) -> None:
    module = importlib.import_module(package)
    assert Path(module.__file__ or "").resolve().is_relative_to(ROOT)


def test_no_other_distribution_installs_one_of_our_names() -> None:
    owners = metadata.packages_distributions()
    for package in PACKAGES:
        assert set(owners.get(package, ["rapport"])) == {"rapport"}


def test_tests_are_not_shipped() -> None:
    files = metadata.distribution("rapport").files or []
    assert not any(file.parts[0] == "tests" for file in files)
