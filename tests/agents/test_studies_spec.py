"""A study's file: checked to the last key, with words that help."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.studies import read_spec
from rec_core import DataError

GOOD = """
name = "small"
[data]
name = "ml-100k"
[[arms]]
kind = "random"
[[arms]]
name = "agent A"
kind = "agent"
planner = "structured"
model = "m"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_short_study_has_sensible_rest(tmp_path: Path) -> None:
    spec = read_spec(written(tmp_path, GOOD))
    assert [arm.name for arm in spec.arms] == ["random", "agent A"]
    assert (spec.people.count, spec.session.pages, spec.seeds) == (100, 5, (0,))
    assert spec.n_sessions == 200
    assert spec.has_control
    assert spec.arms[1].asks_a_server


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    text = GOOD.replace('name = "ml-100k"', 'catalog = "c.csv"\ninteractions = "i.csv"')
    spec = read_spec(written(tmp_path, 'cassette = "tape.db"\n' + text))
    assert spec.data.catalog == tmp_path / "c.csv"
    assert spec.cassette == tmp_path / "tape.db"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "small"', 'name = "small"\nseed = 1', r"unknown key 'seed'.*Did you mean 'seeds'"),
        ('planner = "structured"', 'planer = "rules"', r"'arms.2.planer'.*'planner'.*Known are.*rewriter"),
        ("[data]", "[people]\ncuont = 3\n[data]", r"'people.cuont'.*Did you mean 'count'"),
        ('kind = "random"', 'kind = "radnom"', r"arms.1.kind is 'radnom'.*'popularity'"),
        ('kind = "random"', 'kind = "ease"\nplanner = "rules"', "planner belong to agents"),
        ('name = "agent A"', 'name = "random"', "two arms are called 'random'"),
        ('name = "ml-100k"', 'name = "x"\ncatalog = "c.csv"', "give either name, or catalog"),
        ("[data]", "[data]\n[data]", "is no TOML"),
        ('name = "small"', "", "lacks 'name'"),
        ('name = "small"', 'name = "small"\nseeds = [1, 1]', "different whole numbers"),
    ],
)  # fmt: skip
def test_mistakes_are_named_with_what_to_do(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = written(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(DataError, match=f"(?s){said}"):
        read_spec(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.toml"):
        read_spec(tmp_path / "none.toml")


def test_what_changes_no_figure_changes_no_fingerprint(tmp_path: Path) -> None:
    spec = read_spec(written(tmp_path, GOOD))
    text = 'title = "A title"\n' + GOOD + "[budget]\nsessions = 3\n"
    other = read_spec(written(tmp_path, text))
    assert other.fingerprint == spec.fingerprint
    more = read_spec(written(tmp_path, GOOD + '[[arms]]\nkind = "ease"\n'))
    assert more.fingerprint != spec.fingerprint
    assert more.session_key("random") == spec.session_key("random")
    paged = read_spec(written(tmp_path, GOOD + "[session]\npages = 2\n"))
    assert paged.session_key("random") != spec.session_key("random")
