"""Prompts: strict about variables, indifferent to what values contain, pinned by their hash."""

from __future__ import annotations

import pytest

from prompts import Prompt, PromptError, prompt_names, read_prompt


@pytest.mark.parametrize("name", prompt_names())
def test_every_prompt_reads_and_renders(name: str) -> None:
    prompt = read_prompt(name)
    text = prompt.render(**dict.fromkeys(prompt.variables, "VALUE"))
    assert text
    assert "{{" not in text
    assert text.count("VALUE") >= len(prompt.variables)
    assert len(prompt.sha) == 12


def test_the_names_are_those_that_the_code_uses() -> None:
    assert prompt_names() == (
        "conversation_context",
        "json_answer",
        "json_repair",
        "last_answer",
        "message_parse",
        "message_parse_examples",
        "message_parse_tuned",
        "query_rewrite",
        "query_rewrite_tuned",
        "repair",
        "simulated_interview",
        "simulated_person",
        "simulated_seeker",
        "tool_calling_system",
    )


def test_missing_and_unused_variables_are_errors() -> None:
    prompt = Prompt(name="p", text="Hello {{ name }} and {{other}}.", sha="x")
    assert prompt.render(name="a", other="b") == "Hello a and b."
    with pytest.raises(PromptError, match=r"missing \['other'\]"):
        prompt.render(name="a")
    with pytest.raises(PromptError, match=r"unused \['more'\]"):
        prompt.render(name="a", other="b", more="c")


def test_values_are_not_looked_at_again() -> None:
    prompt = Prompt(name="p", text="{{ a }}{{ b }}", sha="x")
    assert prompt.render(a="{{ b }}", b=r"\1") == r"{{ b }}\1"


def test_an_unknown_prompt_is_an_error_that_names_the_known_ones() -> None:
    for name in ("nonsense", "../pyproject", "__init__"):
        with pytest.raises(PromptError, match="repair"):
            read_prompt(name)
