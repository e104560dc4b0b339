from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from agents.evaluation.crs import (
    SHIPPED,
    CrsExample,
    CrsReport,
    ExampleScore,
    LeakAudit,
    UnknownIds,
    assign_folds,
    build_table,
    check_ids,
    ranks_in,
    read_examples,
    score_all,
    score_example,
    training_part,
)
from rec_core import Catalog, DamagedFileError, DataError, Item
from rec_core.dialogue import Utterance
from tests.agents.crs_world import ITEMS, Turning, TurningRows, example, line, write_lines

ROOT = Path(__file__).resolve().parents[2]


def catalog() -> Catalog:
    return Catalog([Item(item_id=item_id, title=item_id.upper()) for item_id in ITEMS])


# Reading


def test_files_are_read_in_order_with_labels_apart_from_the_context(tmp_path: Path) -> None:
    first = write_lines(
        tmp_path / "a.jsonl", line(1, mentioned_item_ids=["i3", "i3"], dialog_id=7), "", line(2)
    )
    second = tmp_path / "b.jsonl.gz"
    second.write_bytes(gzip.compress(line(3, target_item_ids=["i2", "i1", "i2"]).encode()))
    found = read_examples([first, second])
    assert [one.example_id for one in found.examples] == ["e1", "e2", "e3"]
    assert found.examples[0].context == (Utterance(role="user", text="message 1"),)
    assert found.examples[0].mentioned == ("i3",)
    assert found.examples[0].dialogue_id == "talk/7"
    assert found.examples[1].place == "a.jsonl, line 3"
    assert found.examples[2].targets == ("i2", "i1")
    assert [file.n_examples for file in found.files] == [2, 1]


def test_the_hash_is_of_the_content_not_of_the_packing(tmp_path: Path) -> None:
    plain = write_lines(tmp_path / "a.jsonl", line(1))
    packed = tmp_path / "a.jsonl.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read_examples([plain]).fingerprint == read_examples([packed]).fingerprint


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("{", "line 2: not valid JSON"),
        ("[]", "line 2: the line: input should be"),
        (line(2, context=[{"role": "wizard", "text": ""}]), "line 2: context.0.role"),
        (line(2, target_item_ids=[]), "line 2: target_item_ids"),
        (line(1), "line 2: id 'e1' was there before (a.jsonl, line 1)"),
    ],
)
def test_a_line_that_is_no_example_is_named(tmp_path: Path, bad: str, said: str) -> None:
    with pytest.raises(DataError) as caught:
        read_examples([write_lines(tmp_path / "a.jsonl", line(1), bad)])
    assert said in caught.value.problem
    assert caught.value.remedy


def test_files_that_are_absent_cut_or_empty(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no file"):
        read_examples([tmp_path / "none.jsonl"])
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes(gzip.compress(line(1).encode())[:-9])
    with pytest.raises(DamagedFileError, match="damaged"):
        read_examples([cut])
    (tmp_path / "latin.jsonl").write_bytes(b"\n\xe9")
    with pytest.raises(DamagedFileError, match="line 2"):
        read_examples([tmp_path / "latin.jsonl"])
    with pytest.raises(DataError, match="no example"):
        read_examples([write_lines(tmp_path / "empty.jsonl", "")])


def test_unknown_targets_are_counted_and_the_wrong_catalog_is_refused() -> None:
    some = [
        example(1, targets=["i1", "x"], mentioned=("y",), place="a, line 1"),
        example(2, targets=["i2"]),
    ]
    unknown = check_ids(some, catalog())
    assert (unknown.targets, unknown.mentioned) == (1, 1)
    assert unknown.places == ("'x' (a, line 1)",)
    with pytest.raises(DataError, match=r"'books'.*'x' \(b, line 9\)"):
        check_ids([*some, example(3, targets=["x"], source="books", place="b, line 9")], catalog())


# Judging


def test_a_recommender_is_given_the_context_and_nothing_else() -> None:
    spy = Turning("spy")
    one = example(1, targets=["i1"], mentioned=("i2",))
    score_example(spy, one, row="spy", n_items=8)
    assert spy.seen == [one.context]
    assert type(spy.seen[0]) is tuple
    assert {type(said) for said in spy.seen[0]} == {Utterance}
    assert set(vars(one.context[0])) == {"role", "text"}


def test_mentioned_items_leave_the_ranking_before_places_are_counted() -> None:
    ranking = ("i5", "i1", "i5", "i2", "i3")
    assert ranks_in(ranking, ("i2", "i9", "i5"), without=()) == (2, None, 0)
    assert ranks_in(ranking, ("i2", "i5"), without=("i1", "i5")) == (0, None)


def test_tokens_of_a_recommender_that_counts_them() -> None:
    class Asking(Turning):
        tokens_spent = 5

        def rank(self, context: object, k: int) -> tuple[str, ...]:
            self.tokens_spent += 7
            return ()

    score = score_example(Asking("a"), example(1, targets=["i1"]), row="a", n_items=8)
    assert (score.tokens, score.ranks) == (7, (None,))


# Figures


def scored(row: str, *ranks: tuple[int | None, ...]) -> list[ExampleScore]:
    return [
        ExampleScore(example_id=f"e{n}", row=row, ranks=some, seconds=n, tokens=2 * n)
        for n, some in enumerate(ranks, 1)
    ]


def test_figures_by_hand() -> None:
    some = [
        example(1, targets=["i1", "i2"], dialogue="talk/a"),
        example(2, targets=["i3"], dialogue="talk/a"),
        example(3, targets=["i4"], source="chat", dialogue="chat/b"),
    ]
    scores = {
        "rapport": scored("rapport", (0, 6), (None,), (1,)),
        "pop": scored("pop", (None, 0), (0,), (None,)),
    }
    table = build_table(some, scores, generator=np.random.default_rng(0))
    of = {(row.row, row.source): row for row in table.rows}
    assert list(of) == [(r, s) for s in ("talk", "chat", "all") for r in ("rapport", "pop")]
    mine = of["rapport", "all"]
    assert (mine.n_examples, mine.n_targets, mine.n_dialogues) == (3, 4, 2)
    assert mine.values["r@1"] == pytest.approx(1 / 4)  # i1
    assert mine.values["r@5"] == pytest.approx(2 / 4)  # i1, i4
    assert mine.values["r@10"] == pytest.approx(3 / 4)  # and i2
    ideal = 1 + 1 / np.log2(3)
    assert mine.values["ndcg@5"] == pytest.approx((1 / ideal + 0 + 1 / np.log2(3)) / 3)
    assert mine.values["ndcg@10"] == pytest.approx(((1 + 1 / 3) / ideal + 0 + 1 / np.log2(3)) / 3)
    assert mine.values["mrr"] == pytest.approx((1 + 0 + 1 / 2) / 3)
    assert (mine.seconds_p50, mine.tokens) == (2.0, 4.0)
    assert of["rapport", "talk"].values["r@10"] == pytest.approx(2 / 3)
    apart = {(one.source, one.minus): one for one in table.differences}
    assert apart["all", "pop"].values["r@1"] == pytest.approx(1 / 4 - 2 / 4)


def test_intervals_resample_dialogues_and_differences_are_paired() -> None:
    # Ten turns of one dialogue are one draw: two dialogues give resampled recalls 0, 1/2 and 1 only.
    some = [example(n, targets=["i1"], dialogue=f"talk/{n % 2}") for n in range(20)]
    hits = [(0,) if n % 2 else (None,) for n in range(20)]
    both = {"rapport": scored("rapport", *hits), "same": scored("same", *hits)}  # type: ignore[arg-type]
    table = build_table(some, both, generator=np.random.default_rng(0))
    assert table.rows[0].ci["r@1"] == (0.0, 1.0)
    assert table.differences[0].ci["r@1"] == (0.0, 0.0)
    again = build_table(some, both, generator=np.random.default_rng(0))
    assert again == table


# Leaks


class Trained:
    """A model that was trained on some dialogues, by name."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def was_trained_on(self, dialogue_id: str, context: object) -> bool:
        return dialogue_id in self._names


def _said(number: int) -> str:
    return f"On day {number} I watched a film about bears with my sister and we loved every minute"


def dialogues() -> list[CrsExample]:
    return [
        example(n, targets=["i1"], dialogue=f"talk/{n // 2}",
                context=(Utterance(role="user", text=_said(n // 2)),
                         Utterance(role="assistant", text=f"Then try this, turn {n}")))
        for n in range(20)
    ]  # fmt: skip


def test_what_the_model_never_saw_is_scored_by_it() -> None:
    given = assign_folds(dialogues(), Trained(), n_folds=5, generator=np.random.default_rng(0))
    assert set(given.fold_of.values()) == {SHIPPED}
    assert (given.n_folds, given.n_trained_on) == (0, 0)


def test_trained_on_dialogues_are_left_out_when_no_folds_are_wanted() -> None:
    model = Trained("talk/3", "talk/4")
    given = assign_folds(dialogues(), model, n_folds=0, generator=np.random.default_rng(0))
    assert given.left_out == ("e6", "e7", "e8", "e9")
    assert len(given.fold_of) == 16


def test_no_model_is_fitted_on_a_dialogue_that_it_scores() -> None:
    some = dialogues()
    model = Trained(*(one.dialogue_id for one in some[4:]))
    given = assign_folds(some, model, n_folds=3, generator=np.random.default_rng(0))
    assert given.n_trained_on == 16
    assert given.folds == (0, 1, 2)
    for fold in given.folds:
        mine = {one.dialogue_id for one in some if given.fold_of[one.example_id] == fold}
        theirs = {one.dialogue_id for one in training_part(some, given, fold)}
        assert mine
        assert theirs
        assert not mine & theirs
        assert len(mine | theirs) == 10


def test_other_files_are_learnt_from_but_for_the_conversations_that_are_scored() -> None:
    some = dialogues()[:8]
    rng = np.random.default_rng(0)
    given = assign_folds(some, Trained(), n_folds=2, generator=rng, all_anew=True)
    assert set(given.fold_of.values()) == {0, 1}
    others = [example(90 + n, targets=["i1"], dialogue=f"more/{n}") for n in range(3)]
    copied = [example(99, targets=["i1"], dialogue="copy/0", context=some[0].context)]
    mine = given.fold_of["e0"]
    fitted_on = {one.dialogue_id for one in training_part([*some, *others, *copied], given, mine)}
    assert {"more/0", "more/1", "more/2"} <= fitted_on
    assert not fitted_on & {"talk/0", "copy/0"}
    assert len(fitted_on) == 5


def test_one_conversation_under_two_names_is_never_split() -> None:
    some = dialogues()
    twin = example(99, targets=["i2"], dialogue="other/x", source="other", context=some[0].context)
    everything = [*some, twin]
    model = Trained(*(one.dialogue_id for one in everything))
    for seed in range(5):
        given = assign_folds(everything, model, n_folds=5, generator=np.random.default_rng(seed))
        fold = given.fold_of["e0"]
        assert given.fold_of["e99"] == fold
        fitted_on = {one.dialogue_id for one in training_part(everything, given, fold)}
        assert not fitted_on & {"talk/0", "other/x"}


# Runs


def run(
    folder: Path, source: TurningRows, count: int = 6, workers: int = 1
) -> dict[str, list[tuple[int | None, ...]]]:
    some = [
        example(n, targets=[ITEMS[n % 8]], context=(Utterance("user", "x" * (n * 3)),))
        for n in range(count)
    ]
    scores = score_all(
        source, some, lambda _: SHIPPED, rows=("one", "two"), folder=folder, workers=workers
    )
    return {row: [score.ranks for score in of] for row, of in scores.items()}


def test_results_are_kept_and_not_made_again(tmp_path: Path) -> None:
    whole = run(tmp_path, TurningRows())
    path = tmp_path / "per_example.jsonl"
    lines = path.read_text().splitlines()
    first = json.loads(lines[0])
    assert len(lines) == 12
    assert [first[name] for name in ("id", "row", "source", "dialogue")] == [
        "e0",
        "one",
        "talk",
        "talk/d0",
    ]
    path.write_text("\n".join([*lines[:7], lines[7][:20]]))  # a crash in the middle of a line

    made: list[str] = []

    class Counting(TurningRows):
        def recommender(self, row: str, fold: int) -> Turning:
            made.append(row)
            return Turning(row)

    assert run(tmp_path, Counting()) == whole
    assert sorted(set(made)) == ["one", "two"]
    made.clear()
    assert run(tmp_path, Counting()) == whole
    assert made == []
    assert [json.loads(text)["id"] for text in path.read_text().splitlines()[:3]] == [
        "e0",
        "e0",
        "e1",
    ]


def test_another_model_is_scored_anew(tmp_path: Path) -> None:
    class Newer(TurningRows):
        def fingerprint(self, row: str, fold: int) -> str:
            return "newer"

        def recommender(self, row: str, fold: int) -> Turning:
            raise LookupError(row)

    run(tmp_path, TurningRows())
    with pytest.raises(LookupError):
        run(tmp_path, Newer())


def test_a_second_run_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    class Nested(TurningRows):
        def prepare(self, fold: int) -> None:
            run(tmp_path, TurningRows())

    with pytest.raises(DataError, match="Another run"):
        run(tmp_path, Nested())


_DRIVER = """
import sys; from pathlib import Path
from tests.agents.crs_world import TurningRows
from tests.agents.test_crs_evaluation import run
if __name__ == "__main__":
    print(run(Path(sys.argv[1]), TurningRows(float(sys.argv[3])), 150, int(sys.argv[2])))
"""


@pytest.mark.slow
def test_killed_runs_go_on_and_end_with_the_same_figures_with_any_number_of_processes(
    tmp_path: Path,
) -> None:
    driver = tmp_path / "driver.py"
    driver.write_text(_DRIVER)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}

    def start(workers: int, seconds: float) -> subprocess.Popen[str]:
        arguments = [sys.executable, str(driver), str(tmp_path / "out"), str(workers), str(seconds)]
        return subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE, text=True)

    journal = tmp_path / "out" / "per_example.jsonl"
    for kill, workers in enumerate((1, 2, 1), 1):
        with start(workers, 0.005) as going:
            while not journal.exists() or journal.read_bytes().count(b"\n") < 60 * kill:
                assert going.poll() is None
                time.sleep(0.01)
            os.kill(going.pid, signal.SIGKILL)
        assert journal.read_bytes().count(b"\n") < 300
    last = start(2, 0.0)
    out, _ = last.communicate(timeout=60)
    assert last.returncode == 0
    assert out.strip() == str(run(tmp_path / "straight", TurningRows(), 150))
    assert len(journal.read_text().splitlines()) == 300


# Report


def test_the_report_has_what_comparing_needs(tmp_path: Path) -> None:
    some = [example(1, targets=["i1"]), example(2, targets=["i2"], source="<b>")]
    scores = {"rapport": scored("rapport", (0,), (None,)), "bm25": scored("bm25", (9,), (0,))}
    report = CrsReport(
        table=build_table(some, scores, generator=np.random.default_rng(0)),
        seed=3, limit=2, files=(), catalog_name="c.jsonl", catalog_hash="abc", n_items=8,
        models={"rapport": ("f1", "f2"), "bm25": ("g",)},
        audit=LeakAudit(n_trained_on=2, n_cross_validated=2, n_left_out=0, n_folds=5),
        unknown=UnknownIds(targets=0, mentioned=0, places=()), machine="here",
    )  # fmt: skip
    report.write(tmp_path)
    written = json.loads((tmp_path / "results.json").read_text())
    assert written == json.loads(json.dumps(report.as_json()))
    first = written["rows"][0]
    assert [first[n] for n in ("row", "source", "n_examples", "n_targets")] == [
        "rapport",
        "talk",
        1,
        1,
    ]
    for k in (1, 5, 10, 20, 50):
        for measure in (f"r@{k}", f"ndcg@{k}"):
            low, high = first["ci"][measure]
            assert low <= first[measure] <= high
    assert {row["source"] for row in written["rows"]} == {"talk", "<b>", "all"}
    assert written["model"]["fingerprint"] == ["f1", "f2"]
    assert written["trained_on"]["n_cross_validated"] == 2
    assert "rapport − bm25" in (tmp_path / "report.md").read_text()
    shown = (tmp_path / "report.html").read_text()
    assert shown.count("<svg") == 3
    assert "<h2>&lt;b&gt;</h2>" in shown
    assert "<script" not in shown
    assert "http" not in shown
