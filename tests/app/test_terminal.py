import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from app.demo import run_demo
from app.terminal import Terminal
from rec_core import Catalog, Item
from tests.app.scripted_agent import ScriptedAgent

USER = "ada"


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[ScriptedAgent]:
    made = ScriptedAgent(tmp_path)
    yield made
    made.store.close()


def talk(agent: ScriptedAgent, lines: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the terminal shows when these lines are piped into it."""
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    out = io.StringIO()
    Terminal(agent, USER, console=Console(file=out, width=100)).run()
    return out.getvalue()


def first(agent: ScriptedAgent) -> Item:
    return agent.recommender.catalog.at(0)


def test_a_piped_line_is_answered_with_numbered_items(
    agent: ScriptedAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = talk(agent, "a heist film\n", monkeypatch)
    assert "> a heist film" in shown
    assert "Here are three films." in shown
    assert f"1. {first(agent).label}" in shown
    assert "Note: Nothing older fits." in shown
    assert "Try: More like these" in shown
    assert "built-in rules · 0 model calls" in shown


def test_commands_judge_undo_and_remember(
    agent: ScriptedAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = talk(agent, "a film\n/dislike 1\n/memory\n/undo\n/undo\n/quit\nnever\n", monkeypatch)
    assert f"Saved: you dislike {first(agent).label}." in shown
    assert f"dislike: {first(agent).label}" in shown
    assert "Taken back: “a film”" in shown
    assert "There is nothing to undo." in shown
    assert agent.said == ["a film"]


def test_why_asks_about_the_numbered_item(
    agent: ScriptedAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk(agent, "a film\n/why 1\n", monkeypatch)
    assert agent.said[1] == f"Why {first(agent).label}?"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("/why 1", "Nothing has been shown yet."),
        ("/dance", "There is no command /dance"),
        ("/help", "/undo"),
        ("/memory", "I know nothing about you yet."),
    ],
)
def test_commands_out_of_place_are_answered(
    agent: ScriptedAgent, monkeypatch: pytest.MonkeyPatch, line: str, expected: str
) -> None:
    assert expected in talk(agent, f"{line}\n", monkeypatch)
    assert agent.said == []


def test_a_number_that_is_none_is_asked_again(
    agent: ScriptedAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Give its number, 1 to 3." in talk(agent, "a film\n/like nine\n", monkeypatch)


def test_new_starts_another_conversation(
    agent: ScriptedAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk(agent, "one\n/new\ntwo\n", monkeypatch)
    assert len(agent.store.conversations(USER)) == 2


def test_titles_cannot_steer_the_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = Item(item_id="1", title="\x1b[31mRed[/bold]\x07", year=1999)
    agent = ScriptedAgent(tmp_path, catalog=Catalog([hostile]))
    shown = talk(agent, "a film\n", monkeypatch)
    assert "\x1b[31m" not in shown
    assert "\x07" not in shown
    assert "Red[/bold]" in shown
    agent.store.close()


def test_the_demo_talks_checks_and_cleans_up(agent: ScriptedAgent) -> None:
    out = io.StringIO()
    assert run_demo(agent, console=Console(file=out, width=100))
    assert len(agent.said) >= 4
    assert "All well" in out.getvalue()
    assert agent.store.conversations("demo") == ()
    assert agent.store.preferences("demo") == ()


def test_the_demo_finds_an_item_from_nowhere(tmp_path: Path) -> None:
    agent = ScriptedAgent(tmp_path)
    agent.recommender.catalog = Catalog([Item(item_id="other", title="Other")])
    stranger = ScriptedAgent(tmp_path)
    stranger._items = lambda user_id: ScriptedAgent._items(agent, user_id)  # type: ignore[method-assign]
    out = io.StringIO()
    assert not run_demo(stranger, console=Console(file=out, width=100))
    assert "is not in the catalog" in out.getvalue()
    agent.store.close()
    stranger.store.close()
