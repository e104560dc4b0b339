from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import BaseMessage

from agents import BudgetMeter, ModelFailed, TurnLimits, TurnStopped
from agents.rewriting.companions import Companions, CountedDialogue
from agents.rewriting.facts import FactFinder
from agents.rewriting.journal import RewriteJournal
from agents.rewriting.policies import (
    CompanionsPolicy,
    ContextPolicy,
    ModelPolicy,
    OraclePolicy,
    RawPolicy,
    RulesPolicy,
)
from agents.rewriting.prompting import PREFILL, answer_text, read_rewrite, rewrite_messages
from agents.rewriting.rewriter import QueryRewriter
from agents.rewriting.tasks import RewriteTask
from rec_core.dialogue import Utterance, dialogue_hash
from tests.film_world import film_catalog, film_id

CONTEXT = (
    Utterance(role="user", text="Hello! I loved Heat (1995), a great heist."),
    Utterance(role="assistant", text="How about Alien (1979)?"),
    Utterance(role="user", text="I hated it. Something with a chase please"),
)


def companions() -> Companions:
    """Two dialogues name Heat and Jackie Brown together."""
    catalog = film_catalog()
    heat, brown = (catalog.row(film_id(title)) for title in ("Heat", "Jackie Brown"))
    return Companions(
        catalog,
        [
            CountedDialogue(
                code=dialogue_hash(name),
                named=frozenset({heat, brown}),
                recommended=frozenset({brown}),
            )
            for name in ("one", "two")
        ],
    )


def task(context: Sequence[Utterance] = CONTEXT, name: str = "t") -> RewriteTask:
    return RewriteTask(
        task_id=name, source="talk", group_id=name, context=tuple(context), excluded=(),
        targets=(film_id("Jackie Brown"),),
    )  # fmt: skip


@pytest.fixture(scope="module")
def finder() -> FactFinder:
    return FactFinder.over(film_catalog())


def test_facts_are_found_by_code_from_the_words_alone(finder: FactFinder) -> None:
    facts = finder.facts(CONTEXT)

    heat, alien = facts.films
    assert (heat.title, heat.decade, heat.feeling, heat.by) == ("Heat", "1990s", 1, "user")
    assert heat.people == ("Michael Mann", "Al Pacino", "Robert De Niro")
    assert (alien.title, alien.feeling, alien.by) == ("Alien", -1, "assistant")
    assert facts.wishes[1] == "I hated it. Something with a chase please"
    assert "Heat" not in facts.wishes[0]


def test_simple_rows_read_what_was_said() -> None:
    assert RawPolicy().rewrite([task()]) == ("I hated it. Something with a chase please",)
    assert ContextPolicy().rewrite([task()]) == (
        "I hated it. Something with a chase please Hello! I loved Heat (1995), a great heist.",
    )
    assert RawPolicy().rewrite([task(CONTEXT[1:2])]) == ("",)


def test_rules_write_the_facts_of_liked_films_and_the_wish(finder: FactFinder) -> None:
    (query,) = RulesPolicy(finder).rewrite([task()])

    assert query == (
        "Heat Action Crime Thriller Michael Mann Al Pacino Robert De Niro heist bank robbery "
        "los angeles 1995 hello loved great heist hated chase"
    )


def test_companions_are_all_added_to_the_rule(finder: FactFinder) -> None:
    (query,) = CompanionsPolicy(finder, companions()).rewrite([task()])

    assert query == f"Jackie Brown {RulesPolicy(finder).rewrite([task()])[0]}"


def test_the_oracle_describes_the_target_without_its_title() -> None:
    (query,) = OraclePolicy(film_catalog()).rewrite([task()])

    assert query == (
        "Comedy Crime Drama smuggling Quentin Tarantino Pam Grier Samuel L. Jackson Robert Forster 1997"
    )


def test_the_prompt_shows_the_last_words_and_the_facts_and_never_the_target(
    finder: FactFinder,
) -> None:
    system, said = rewrite_messages(task(), finder.facts(CONTEXT))

    assert system.text == "Write the film search query."
    assert said.text.splitlines() == [
        "user: Hello! I loved Heat (1995), a great heist.",
        "assistant: How about Alien (1979)?",
        "user: I hated it. Something with a chase please",
        "films:",
        "Heat (liked): action, crime, thriller; 1990s; Michael Mann, Al Pacino; heist, bank robbery, los angeles",
        "Alien (disliked): horror, sci-fi; 1970s; Ridley Scott, Sigourney Weaver; space, monster",
    ]  # fmt: skip
    assert rewrite_messages(CONTEXT, finder.facts(CONTEXT)) == [system, said]


def test_the_prompt_keeps_the_end_of_a_long_message(finder: FactFinder) -> None:
    long = (Utterance(role="user", text="blah " * 200 + "a western"),)

    text = rewrite_messages(long, finder.facts(long))[1].text

    assert text.endswith("blah a western")
    assert len(text) < 140


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ('{"query":"dark  western"}', "dark western"),
        ('dark western"}', "dark western"),
        ('dark western"} and so on', "dark western"),
        (answer_text('the "best" western'), 'the "best" western'),
        ("dark western", None),
        ('{"query":"dark western', None),
        ('{"query":""}', None),
        ('{"query":"?!"}', None),
        ('{"query":["a"]}', None),
        ('{"query":"a","more":"b"}', None),
        ("", None),
        ("{" * 3000, None),
        (answer_text("a" * 401), None),
    ],
)
def test_an_answer_is_a_rewrite_or_none(text: str, query: str | None) -> None:
    found = read_rewrite(text)

    assert (found.query if found is not None else None) == query


class Writer:
    """Says a fixed text and counts; fails when it is asked without need."""

    name = "writer"

    def __init__(self, text: str) -> None:
        self.prompts = 0
        self._text = text

    def write(
        self, prompts: Sequence[Sequence[BaseMessage]], *, prefill: str, limit: int
    ) -> tuple[str, ...]:
        assert prefill == PREFILL
        assert limit > 0
        self.prompts += len(prompts)
        return (self._text,) * len(prompts)


def test_what_a_model_wrote_is_kept_between_runs(finder: FactFinder, tmp_path: Path) -> None:
    def policy(writer: Writer, model: str) -> ModelPolicy:
        return ModelPolicy(
            lambda: writer, finder, name="grpo", companions=companions, fingerprint=model,
            journal=RewriteJournal(tmp_path / "sub" / "rewrites.jsonl"),
        )  # fmt: skip

    writer = Writer('dark western"}')
    tasks = [task(name="a"), task(name="b"), task(CONTEXT[:1], name="c")]
    rules = RulesPolicy(finder).rewrite(tasks)
    added = tuple(f"dark western {rule}" for rule in rules)
    assert policy(writer, "one").rewrite(tasks) == added
    assert writer.prompts == 2  # two tasks ask the same
    with (tmp_path / "sub" / "rewrites.jsonl").open("a") as stream:
        stream.write('{"key": "half')  # the machine went down here

    assert policy(writer, "one").rewrite(tasks) == added
    assert writer.prompts == 2
    policy(writer, "two").rewrite(tasks[:1])
    assert writer.prompts == 3
    assert policy(Writer(""), "two").rewrite(tasks[:1]) == added[:1]


def test_an_answer_that_is_no_rewrite_is_replaced_and_counted(finder: FactFinder) -> None:
    untuned = ModelPolicy(lambda: Writer("Sure, I"), finder, name="untuned")
    tuned = ModelPolicy(lambda: Writer("Sure, I"), finder, name="grpo", companions=companions)

    assert untuned.rewrite([task()]) == RawPolicy().rewrite([task()])
    assert tuned.rewrite([task()]) == RulesPolicy(finder).rewrite([task()])
    assert (untuned.failed, tuned.failed) == (1, 1)
    whole = ModelPolicy(lambda: Writer('western"}'), finder, name="untuned")
    assert whole.rewrite([task()]) == ("western",)


class Model:
    """A structured model that says what it is told to, or raises it."""

    name = "model"

    def __init__(self, answer: str | Exception) -> None:
        self.calls = 0
        self.left: list[float] = []
        self._answer = answer

    def complete(
        self,
        messages: Sequence[BaseMessage],
        *,
        schema: Mapping[str, Any],
        prompt: tuple[str, str],
        meter: BudgetMeter,
    ) -> str:
        assert len(messages) == 2
        assert schema["required"] == ["query"]
        assert prompt[0] == "query_rewrite_tuned"
        assert "? Jackie Brown (1997) comedy crime" in messages[1].text
        meter.charge_model_call(prompt_tokens=10)
        self.calls += 1
        self.left.append(meter.seconds_left)
        if isinstance(self._answer, Exception):
            raise self._answer
        meter.charge_tokens(15)
        return self._answer


def test_the_chat_gets_a_rewrite_charged_to_the_turn(finder: FactFinder) -> None:
    model, meter = Model(answer_text("dark western")), BudgetMeter(TurnLimits())
    rewriter = QueryRewriter(model, finder, companions=companions, seconds=2.0)

    first = rewriter.rewrite(CONTEXT, meter)
    again = rewriter.rewrite(CONTEXT, meter)

    assert first is not None
    assert first.written == "dark western"
    assert first.query == f"dark western {RulesPolicy(finder).rewrite([task()])[0]}"
    assert again == first
    assert (model.calls, meter.usage.model_calls, meter.usage.tokens) == (1, 1, 15)
    assert model.left[0] <= 2.0


@pytest.mark.parametrize("answer", [ModelFailed("timeout"), "no JSON", '{"query":"--"}'])
def test_the_chat_gets_none_when_the_model_does_not_write_one(
    finder: FactFinder, answer: str | Exception
) -> None:
    assert (
        QueryRewriter(Model(answer), finder, companions=companions).rewrite(
            CONTEXT, BudgetMeter(TurnLimits())
        )
        is None
    )


def test_the_chat_asks_nobody_without_words_budget_or_time(finder: FactFinder) -> None:
    model = Model(answer_text("dark western"))
    rewriter = QueryRewriter(model, finder, companions=companions)

    assert rewriter.rewrite((), BudgetMeter(TurnLimits())) is None
    assert rewriter.rewrite(CONTEXT[1:2], BudgetMeter(TurnLimits())) is None
    assert rewriter.rewrite(CONTEXT, BudgetMeter(TurnLimits(model_calls=0))) is None
    assert model.calls == 0


def test_stopping_the_turn_stops_the_rewriter(finder: FactFinder) -> None:
    meter = BudgetMeter(TurnLimits(), timer=time.monotonic)
    meter.stop()

    with pytest.raises(TurnStopped):
        QueryRewriter(Model(answer_text("a")), finder, companions=companions).rewrite(
            CONTEXT, meter
        )
