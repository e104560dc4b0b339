"""Scripted and random conversations through the whole agent on the real catalog: nothing invented, nothing broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.build import assemble, build_recommender
from app.settings import LLMSettings, Settings
from benchmarks.scripted_conversations import run
from benchmarks.scripted_turns import hold_all, summary


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_three_hundred_turns_go_without_a_fault(trained_home: Path, tmp_path: Path) -> None:
    recommender = build_recommender(Settings(home=trained_home))
    agent = assemble(Settings(home=tmp_path), recommender)
    figures = summary(list(hold_all(agent)))
    assert figures["turns"] == 300
    assert figures["wrong"] == []


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_random_conversations_go_without_a_fault(trained_home: Path) -> None:
    figures = run(Settings(home=trained_home, llm=LLMSettings(planner="rules")), 90, seed=1)
    assert figures["conversations"] == 90
    assert figures["wrong"] == []
