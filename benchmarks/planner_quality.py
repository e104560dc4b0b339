"""How well each planner understands labelled requests, and how long its turns take.

    python benchmarks/planner_quality.py --catalog FILE [--interactions FILE] [--planners rules …]
    python benchmarks/planner_quality.py --catalog FILE --set held_back_3     (looked at once)

FILE is the film catalog that the labels were written against (JSON lines, 24,050 films). The sets
lie in benchmarks/requests, each by another writer: `held_back_3` was run once, at the end; all others have been
read and worked with. Each request stands alone: the planner gets the wish, the slate
and the messages before it as the label states them, so that one mistake is not counted twice.

rules           the built-in rules
untuned, tuned  the embedded model alone, as it comes and with the adapter (names linked by code)
joined          the rules and the tuned model, joined by agents/planning/parse_policy.py

intent          share of requests whose intent is right
constraint F1   genres wanted and refused, years, people wanted and refused, number of items; over
                the whole wish in force after the message, pooled over requests
soft F1         moods and topics; stems are compared, synonyms as the label allows
titles, people  precision and recall of names linked to the right catalog entry
wholly right    nothing wrong in any of these

Seconds are those of whole turns (recall to commit) of the requests that need nothing before them.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import get_args

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from agents import (
    ConversationalRecommender,
    ConversationStore,
    PlannerFailed,
    RulesPlanner,
    UserMessage,
    open_checkpointer,
)
from agents.llm.embedded import EmbeddedModel, prepare_base_model
from agents.llm.models import PLANNER_ADAPTER
from agents.planning.base import Planner
from agents.planning.parse_policy import POLICY, Field, Group, MergePolicy
from agents.planning.structured import StructuredPlanner
from app.settings import load_settings
from benchmarks.labelled_requests import (
    HARD,
    SOFT,
    LabelledRequest,
    Scores,
    TitleTable,
    Understood,
    judge,
    read_requests,
    table_row,
    understood,
    view_of,
)
from benchmarks.measuring import machine
from rec_core import HashEncoder, Recommender, SearchEngine, import_dataset
from tools import default_toolbox

PLANNERS = ("rules", "untuned", "tuned", "joined")
FOLDER = Path(__file__).resolve().parent / "requests"
# Believes the model wherever it speaks, for a figure of the model alone.
_MODEL_ALONE = MergePolicy(
    trust=dict.fromkeys(get_args(Field), "model"),
    acts=frozenset(product(get_args(Group), repeat=2)),
    topic="model",
)


def make_planner(name: str, recommender: Recommender, adapter: Path) -> Planner:
    """The planner of a row."""
    if name == "rules":
        return RulesPlanner(recommender)
    base = prepare_base_model(load_settings().cache_folder)
    if name == "untuned":
        return StructuredPlanner(recommender, EmbeddedModel(base), policy=_MODEL_ALONE)
    model = EmbeddedModel(base, adapters={"planner": adapter}, adapter="planner")
    model.load()
    policy = _MODEL_ALONE if name == "tuned" else POLICY
    return StructuredPlanner(recommender, model, policy=policy)


def film_recommender(catalog: Path, interactions: Path | None, folder: Path) -> Recommender:
    """The catalog with search by words and names; nothing is trained, understanding needs no models."""
    dataset, _ = import_dataset(
        "films",
        folder,
        catalog_path=catalog,
        interactions_path=interactions,
        join_on="ml_movie_id" if interactions else None,
        allow_rejects=True,
    )
    popularity = dataset.interactions.item_counts
    search = SearchEngine.build(
        dataset.catalog, HashEncoder(), folder / "search", popularity=popularity
    )
    return Recommender(catalog=dataset.catalog, interactions=dataset.interactions, search=search)


def measure(
    planner: Planner, requests: Sequence[LabelledRequest], titles: TitleTable, *, show_wrong: bool
) -> dict[str, object]:
    """One planner over one set; what it got wrong goes to stderr when asked for."""
    groups = {"all": Scores(), "first message": Scores(), "follow-up": Scores()}
    failures = 0
    for request in requests:
        view = view_of(request, titles)
        try:
            found = understood(planner.plan(view), view)
        except PlannerFailed:
            failures += 1
            found = Understood(intent="none", wish=view.state.wish, items=frozenset())
        group = groups["follow-up" if request.is_follow_up else "first message"]
        judge(request, found, titles, group)
        verdict = judge(request, found, titles, groups["all"])
        if show_wrong and not verdict.is_right:
            print(_line(request, verdict.intent, verdict.missed, verdict.extra), file=sys.stderr)
    rows = {name: table_row(planner.name, scores) for name, scores in groups.items()}
    confusions = {f"{a} → {b}": n for (a, b), n in groups["all"].confusions.most_common(12)}
    return {"groups": rows, "confusions": confusions, "failures": failures}


def _line(request: LabelledRequest, intent: str, missed: object, extra: object) -> str:
    wrong = f" intent {intent} not {request.intent};" if intent != request.intent else ""
    return f"{request.id} {request.text[:110]!r}{wrong} missed {missed} extra {extra}"


def turn_seconds(
    planner: Planner, recommender: Recommender, requests: Sequence[LabelledRequest]
) -> dict[str, float]:
    """Median and 95th percentile of whole turns, each in a conversation of its own."""
    with _agent(planner, recommender) as agent:
        seconds: list[float] = []
        for request in requests:
            conversation = agent.store.create_conversation("reader").conversation_id
            message = UserMessage(
                user_id="reader",
                conversation_id=conversation,
                turn_id=request.id,
                text=request.text,
            )
            start = time.perf_counter()
            agent.reply(message)
            seconds.append(time.perf_counter() - start)
    return {
        "turns": len(seconds),
        "p50": float(np.percentile(seconds, 50)),
        "p95": float(np.percentile(seconds, 95)),
    }


@contextmanager
def _agent(planner: Planner, recommender: Recommender) -> Iterator[ConversationalRecommender]:
    with tempfile.TemporaryDirectory() as folder:
        store = ConversationStore(f"sqlite:///{folder}/store.db")
        planners = (planner,) if planner.name == "rules" else (planner, RulesPlanner(recommender))
        yield ConversationalRecommender(
            recommender=recommender,
            toolbox=default_toolbox(),
            store=store,
            planners=planners,
            checkpointer=open_checkpointer(Path(folder) / "checkpoints.db"),
        )
        store.close()


def print_table(report: dict[str, dict[str, object]]) -> None:
    """The figures for people to read."""
    print(
        f"{'planner':<22}{'requests':<15}{'n':>4}{'intent':>8}{'constr.':>8}{'soft':>7}"
        f"{'titles p/r':>12}{'people p/r':>12}{'whole':>7}"
    )
    for name, found in report.items():
        groups: dict[str, dict[str, float]] = found["groups"]  # pyright: ignore[reportAssignmentType]
        for group, row in groups.items():
            print(
                f"{name:<22}{group:<15}{row['requests']:>4}{row['intent_accuracy']:>8.3f}"
                f"{row['constraint_f1']:>8.3f}{row['soft_f1']:>7.3f}"
                f"{row['title_precision']:>7.2f}/{row['title_recall']:.2f}"
                f"{row['person_precision']:>7.2f}/{row['person_recall']:.2f}"
                f"{row['wholly_right']:>7.3f}"
            )
        seconds = found.get("seconds")
        if seconds:
            print(f"{'':<22}a turn: p50 {seconds['p50']:.3f} s, p95 {seconds['p95']:.3f} s")  # pyright: ignore[reportIndexIssue]


def main() -> None:
    """Read the sets, run the planners, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--catalog", type=Path, required=True, help="the film catalog")
    parser.add_argument("--interactions", type=Path, help="ratings by ml_movie_id, for popularity")
    parser.add_argument(
        "--set",
        choices=[
            "dev",
            "choice",
            "choice_2",
            "choice_3",
            "held_back",
            "held_back_2",
            "held_back_3",
        ],
        default="dev",
        dest="chosen",
    )
    parser.add_argument("--planners", nargs="+", choices=PLANNERS, default=["rules"])
    parser.add_argument(
        "--adapter", type=Path, default=PLANNER_ADAPTER, help="of the built-in model"
    )
    parser.add_argument("--wrong", action="store_true", help="list what was misunderstood")
    parser.add_argument("--seconds", action="store_true", help="time whole turns as well")
    parser.add_argument("--json", action="store_true", help="print JSON only")
    options = parser.parse_args()
    requests = read_requests(FOLDER / f"{options.chosen}.jsonl")
    report: dict[str, dict[str, object]] = {}
    with tempfile.TemporaryDirectory() as folder:
        recommender = film_recommender(options.catalog, options.interactions, Path(folder))
        titles = TitleTable(recommender.catalog)
        for name in options.planners:
            planner = make_planner(name, recommender, options.adapter)
            report[name] = measure(planner, requests, titles, show_wrong=options.wrong)
            if options.seconds:
                alone = [one for one in requests if not one.is_follow_up]
                report[name]["seconds"] = turn_seconds(planner, recommender, alone)
    if options.json:
        fields = {"set": options.chosen, "machine": machine(), "hard": HARD, "soft": SOFT}
        print(json.dumps({**fields, "planners": report}, indent=2))
    else:
        print_table(report)


if __name__ == "__main__":
    main()
