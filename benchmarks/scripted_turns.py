"""Hold the 300 scripted turns through the whole agent with the rules planner, and count what is wrong.

    python benchmarks/scripted_turns.py                  a table
    python benchmarks/scripted_turns.py --json           one JSON object
    python benchmarks/scripted_turns.py --read turns.md  every turn and its slate, to be read by a person

Each conversation is a user of its own in a database of its own; the models are those of `rapport setup`.
The exit code is 1 when anything is wrong.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from app.environment import prepare_environment

prepare_environment()

from agents import ConversationalRecommender, TurnResult, UserMessage
from app.build import assemble, build_recommender
from app.settings import Settings, load_settings
from tests.agents.scripted_turns import SCRIPTS, Script, Turn, violations


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One scripted turn, what came of it, and what is wrong with that."""

    script: Script
    turn: Turn
    result: TurnResult
    wrong: tuple[str, ...]


def hold_all(agent: ConversationalRecommender) -> Iterator[Outcome]:
    """Hold every script as a conversation of a new user, turn by turn."""
    catalog = agent.recommender.catalog
    for number, script in enumerate(SCRIPTS):
        user = f"scripted-{number}"
        conversation = agent.store.create_conversation(user).conversation_id
        for place, turn in enumerate(script.turns):
            result = agent.reply(
                UserMessage(
                    user_id=user,
                    conversation_id=conversation,
                    turn_id=f"{user}-{place}",
                    text=turn.text,
                )
            )
            item_ids = [item.item_id for item in result.items]
            wrong = violations(turn, item_ids, result.text, result.notices, catalog)
            yield Outcome(script=script, turn=turn, result=result, wrong=wrong)


def summary(outcomes: list[Outcome]) -> dict[str, object]:
    """The figures: turns, slates, what is wrong by style, seconds per turn."""
    seconds = [outcome.result.usage.seconds for outcome in outcomes]
    wrong = Counter(outcome.script.style for outcome in outcomes if outcome.wrong)
    return {
        "turns": len(outcomes),
        "turns_with_slate": sum(bool(outcome.result.items) for outcome in outcomes),
        "items_shown": sum(len(outcome.result.items) for outcome in outcomes),
        "wrong_turns": sum(wrong.values()),
        "wrong_by_style": dict(wrong),
        "wrong": [f"{o.turn.text}: {fault}" for o in outcomes for fault in o.wrong],
        "seconds_p50": round(float(np.percentile(seconds, 50)), 3),
        "seconds_p95": round(float(np.percentile(seconds, 95)), 3),
    }


def transcript(outcomes: list[Outcome]) -> str:
    """All turns as Markdown, for a person to judge."""
    lines, previous = [], None
    for outcome in outcomes:
        if outcome.script is not previous:
            lines.append(f"\n## {outcome.script.style}\n")
            previous = outcome.script
        lines.append(f"**> {outcome.turn.text}**  ")
        lines += [f"_{notice}_  " for notice in outcome.result.notices]
        lines.append(f"{outcome.result.text}  ")
        lines += [
            f"- {item.title} ({item.year}) [{', '.join(item.genres)}] {item.reason}"
            for item in outcome.result.items
        ]
        lines.append("")
    return "\n".join(lines)


def main() -> int:
    """Run, print, and say by the exit code whether anything was wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--read", type=Path, help="write every turn to this Markdown file")
    arguments = parser.parse_args()
    recommender = build_recommender(load_settings())
    with tempfile.TemporaryDirectory(prefix="rapport-scripted-") as folder:
        agent = assemble(Settings(home=Path(folder)), recommender)
        outcomes = list(hold_all(agent))
    if arguments.read:
        arguments.read.write_text(transcript(outcomes), encoding="utf-8")
    figures = summary(outcomes)
    if arguments.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:18} {value}")
    return 1 if figures["wrong_turns"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
