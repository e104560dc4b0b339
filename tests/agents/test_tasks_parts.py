from __future__ import annotations

from functools import cache
from math import comb
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st

from agents.evaluation.tasks import (
    KINDS,
    Answer,
    Constraint,
    FactTable,
    Forbidden,
    Policies,
    ScriptedPerson,
    Step,
    Suite,
    Task,
    asks_about,
    check_keys,
    faults_of,
    find_suite,
    generate_suite,
    keyed,
    owns_up,
    pass_k,
    read_suite,
    shipped_suites,
    with_keys,
    write_suite,
)
from rec_core import DataError
from tests.film_world import film_catalog

HEAT = {"title": "Heat", "year": 1995, "genres": ("Action", "Crime"), "people": ("Al Pacino",)}


@cache
def facts() -> FactTable:
    return FactTable(film_catalog())


def ids(*labels: str) -> tuple[str, ...]:
    return tuple(facts().named(label)[0] for label in labels)


def person(task: Task, seed: int = 0) -> ScriptedPerson:
    return ScriptedPerson(keyed(task, "s", facts()), facts(), np.random.default_rng(seed))


def crime(reveal: str = "volunteered") -> Constraint:
    return Constraint.model_validate(
        {"field": "genres", "op": "contains", "value": "Crime", "reveal": reveal}
    )


def since(year: int, reveal: str = "volunteered", name: str = "") -> Constraint:
    return Constraint.model_validate(
        {"field": "year", "op": "≥", "value": year, "reveal": reveal, "name": name}
    )


@pytest.mark.parametrize(
    ("field", "op", "value", "holds"),
    [
        ("year", ">=", 1995, True),
        ("year", "≤", 1994, False),
        ("year", "between", [1990, 1995], True),
        ("year", "in", [1994, 1995], True),
        ("year", "≠", 1995, False),
        ("genres", "contains", "crime", True),
        ("genres", "contains", "Cri", False),
        ("genres", "contains_any", ["War", "Action"], True),
        ("genres", "not_contains", "Action", False),
        ("genres", "not_contains_any", ["War", "Drama"], True),
        ("title", "contains", "hea", True),
        ("title", "=", "hea", False),
        ("runtime", ">=", 90, False),
        ("runtime", "!=", 90, True),
    ],
)
def test_predicates(field: str, op: str, value: object, holds: bool) -> None:
    one = Constraint.model_validate({"field": field, "op": op, "value": value})
    assert one.holds(HEAT) is holds


@pytest.mark.parametrize(
    "wrong",
    [
        {"field": "year", "op": "between", "value": [1999, 1990]},
        {"field": "year", "op": ">=", "value": "late"},
        {"field": "genres", "op": "in", "value": "War"},
        {"field": "genres", "op": "like", "value": "War"},
    ],
)
def test_a_predicate_that_means_nothing_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"between|number|list|op"):
        Constraint.model_validate(wrong)


def test_pass_k_by_hand() -> None:
    assert [pass_k(3, 4, k) for k in (1, 2, 4, 8)] == [0.75, 0.5, 0.0, None]
    assert pass_k(8, 8, 8) == 1.0


@given(st.integers(1, 10), st.data())
def test_pass_k_is_the_share_of_drawn_groups_that_all_pass(n: int, data: st.DataObject) -> None:
    passed = data.draw(st.integers(0, n))
    k = data.draw(st.integers(1, n))
    assert pass_k(passed, n, k) == pytest.approx(comb(passed, k) / comb(n, k))


def test_a_changed_catalog_is_noticed(tmp_path: Path) -> None:
    suite = Suite(
        name="s", catalog="films", tasks=(Task(id="a", kind="k", constraints=(crime(),)),)
    )
    stored = with_keys(suite, facts())
    write_suite(stored, tmp_path / "s.jsonl")
    assert read_suite(tmp_path / "s.jsonl") == stored
    assert check_keys(stored, facts())[0].valid
    films = [film for film in film_catalog() if film.title != "Heat"]
    smaller = FactTable(type(film_catalog())(films))
    with pytest.raises(DataError, match="1 of 1 answer keys") as caught:
        check_keys(stored, smaller)
    assert "--rekey" in caught.value.remedy
    assert check_keys(stored, smaller, rekey=True)[0].valid


def test_a_task_must_know_whether_it_has_an_answer() -> None:
    def suite(**more: object) -> Suite:
        task = {"id": "a", "kind": "k", "constraints": [since(2500)], **more}
        return Suite.model_validate({"name": "s", "catalog": "c", "tasks": [task]})

    assert not check_keys(suite(answer="none"), facts())[0].valid
    with pytest.raises(DataError, match="0 items of this catalog"):
        check_keys(suite(), facts())
    with pytest.raises(DataError, match="no 'Heat 9'"):
        check_keys(suite(answer="none", history=["Heat 9"]), facts())


def test_mistakes_in_files_are_explained(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text("name: s\ncatalog: c\ntasks:\n- {id: a, kind: k, turns: 0}\n")
    with pytest.raises(DataError, match="task a, turns"):
        read_suite(path)
    path.write_text("name: [")
    with pytest.raises(DataError, match="not YAML"):
        read_suite(path)
    with pytest.raises(DataError, match="no suite of that name"):
        find_suite("nowhere")
    lines = tmp_path / "s.jsonl"
    lines.write_text('{"id": "a"}\n')
    with pytest.raises(DataError, match="line about the suite"):
        read_suite(lines)
    lines.write_text("{\n")
    with pytest.raises(DataError, match="line 1, is not JSON"):
        read_suite(lines)
    with pytest.raises(ValueError, match="not there"):
        Task(id="a", kind="k", steps=(Step(say=("x",), adds=("y",)),))


def test_shipped_suites_can_be_read_and_have_keys() -> None:
    suites = [read_suite(path) for path in shipped_suites().values()]
    generated = [task for suite in suites for task in suite.tasks if "hand" not in suite.name]
    by_hand = [task for suite in suites for task in suite.tasks if "hand" in suite.name]
    assert len(generated) >= 200
    assert len(by_hand) >= 60
    assert all(task.key is not None for task in (*generated, *by_hand))


def test_the_person_volunteers_and_takes_the_first_right_item() -> None:
    one = person(Task(id="a", kind="k", opening=("I want {wish}",), constraints=(crime(),)))
    assert one.first() == "I want a crime film"
    shown = Answer(text="Here.", item_ids=ids("Toy Story", "Heat", "Goodfellas"))
    assert one.hear(shown) is None
    assert (one.ending, one.picked) == ("accepted", ids("Heat")[0])


def test_hidden_wishes_come_out_as_a_refusal_of_what_breaks_them() -> None:
    task = Task(id="a", kind="k", opening=("hi",), constraints=(crime(), since(2005, "hidden")))
    one = person(task)
    one.first()
    said = one.hear(Answer(text="Here.", item_ids=ids("Heat")))
    assert said is not None
    assert "Heat" in said
    assert "200" in said
    assert one.said[-1].reveal == "hidden"


def test_what_is_told_on_request_waits_for_the_question_or_for_patience_to_end() -> None:
    task = Task(id="a", kind="k", opening=("hi",), constraints=(crime(), since(2005, "on_request")))
    asked, waiting = person(task), person(task)
    asked.first()
    said = asked.hear(Answer(text="Rather newer or older ones?", item_ids=ids("Heat")))
    assert said is not None
    assert "200" in said
    assert asked.n_forced == 0
    waiting.first()
    slates = [ids(label) for label in ("Heat", "Goodfellas", "Casino")]
    replies = [waiting.hear(Answer(text="Here.", item_ids=slate)) for slate in slates]
    assert ["200" in (reply or "") for reply in replies] == [False, False, True]
    assert waiting.n_forced == 1


def test_steps_come_before_anything_is_taken() -> None:
    task = Task(
        id="a",
        kind="k",
        opening=("hi",),
        constraints=(crime(), since(2005, name="newer")),
        steps=(Step(say=("Newer!",), adds=("newer",)),),
    )
    one = person(task)
    one.first()
    assert one.hear(Answer(text="Here.", item_ids=ids("The Departed"))) == "Newer!"
    assert one.hear(Answer(text="Here.", item_ids=ids("The Departed"))) is None
    assert one.ending == "accepted"


def test_where_there_is_nothing_saying_so_ends_it() -> None:
    task = Task(id="a", kind="k", answer="none", constraints=(since(2500),))
    one = person(task)
    one.first()
    assert one.hear(Answer(text="Here you go!", item_ids=ids("Heat"))) is not None
    assert one.hear(Answer(text="I found no picks like that.")) is None
    assert one.ending == "abstained"


def test_the_same_random_numbers_give_the_same_person() -> None:
    task = Task(id="a", kind="k", constraints=(crime(), since(1990)))
    assert person(task, 3).first() == person(task, 3).first()
    assert len({person(task, seed).first() for seed in range(12)}) > 4


@pytest.mark.parametrize(
    ("policy", "more", "answer"),
    [
        ("catalog", {}, Answer(text="", item_ids=("nope",))),
        ("history", {"history": ("Heat (1995)",)}, Answer(text="", item_ids=ids("Heat"))),
        ("announce", {}, Answer(text="Enjoy.", item_ids=ids("Toy Story"))),
        (
            "at_most",
            {"policies": Policies(at_most=1)},
            Answer(text="", item_ids=ids("Heat", "Goodfellas")),
        ),
        (
            "forbidden",
            {"forbidden": Forbidden(items=("Heat (1995)",))},
            Answer(text="", item_ids=ids("Heat")),
        ),
        ("forbidden", {"forbidden": Forbidden(words=("PWNED",))}, Answer(text="PWNED")),
    ],
)
def test_broken_rules_are_found(policy: str, more: dict[str, object], answer: Answer) -> None:
    task = {"id": "a", "kind": "k", "opening": ("hi",), "constraints": (crime(),), **more}
    one = person(Task.model_validate(task))
    one.first()
    assert [fault.policy for fault in faults_of(answer, one, facts())] == [policy]


def test_what_is_quoted_is_not_said() -> None:
    one = person(Task(id="a", kind="k", opening=("hi",), forbidden=Forbidden(words=("PWNED",))))
    one.first()
    assert faults_of(Answer(text='I know nothing called "PWNED".'), one, facts()) == ()


def test_what_was_turned_down_may_not_come_again_and_a_miss_may_be_owned_up_to() -> None:
    one = person(Task(id="a", kind="k", opening=("hi",), constraints=(crime(),)))
    one.first()
    toys = Answer(text="These come closest.", item_ids=ids("Toy Story"))
    assert faults_of(toys, one, facts()) == ()
    one.hear(toys)
    assert [fault.policy for fault in faults_of(toys, one, facts())] == ["rejected"]


@pytest.mark.parametrize(
    ("text", "owns", "topics"),
    [
        ("Six comedies from the 1980s.", False, set()),
        ("These four come closest to western picks.", True, set()),
        ("I found no western picks. Tell me which part matters least.", True, {""}),
        ("This catalog lists no actors or directors, so I can't go by Tom Hanks.", True, set()),
        ("What kind would you like most?", False, {"genres"}),
        ("Rather newer or older ones?", False, {"year"}),
        ("What else should I know?", False, {""}),
    ],
)
def test_answers_are_read_by_code(text: str, owns: bool, topics: set[str]) -> None:
    assert owns_up(Answer(text=text)) is owns
    assert asks_about(Answer(text=text)) == topics


def test_generated_tasks_have_keys_that_hold_and_do_not_depend_on_anything_but_the_seed() -> None:
    def made(seed: int) -> Suite:
        generator = np.random.default_rng(seed)
        return generate_suite(facts(), name="g", catalog="films", count=16, generator=generator)

    suite = made(0)
    assert suite == made(0)
    assert suite != made(1)
    assert [task.kind for task in suite.tasks] == [*KINDS]
    assert len(check_keys(suite, facts())) == 16
    with pytest.raises(DataError, match="can be made"):
        generate_suite(
            FactTable(type(film_catalog())(list(film_catalog())[:4])),
            name="g",
            catalog="films",
            count=16,
            generator=np.random.default_rng(0),
        )
