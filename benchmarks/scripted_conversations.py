"""Hold random multi-turn conversations, hostile and confused ones too, and count what is wrong with them.

    python benchmarks/scripted_conversations.py                           500 of them, built-in rules
    python benchmarks/scripted_conversations.py --planner embedded --conversations 50
    python benchmarks/scripted_conversations.py --json --seed 7

A conversation is a seeded walk of three to eight messages over wishes, conditions, refusals, pointing,
opinions, look-ups and small talk; a third of them are hostile in between (injections, insults, markup), a
third confused. What must hold after each message is tracked apart from the agent
(tests/agents/random_conversations.py). Each conversation is a new user in a database of its own.

outside      items that the catalog does not have
broken       conditions missed and not told, refused, disliked or seen films shown, too many shown
unsupported  reasons whose evidence does not hold when it is looked up again
blank, noise answers without content; tracebacks, JSON or markup in the text
The exit code is 1 when there is any of these.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from app.environment import prepare_environment

prepare_environment()

from agents import ConversationalRecommender, TurnResult, UserMessage
from app.build import assemble, build_recommender
from app.settings import LLMSettings, Settings, load_settings
from tests.agents.random_conversations import Said, Walk, faults

TEMPERS = ("plain", "hostile", "confused")
_SHORTEST, _LONGEST = 3, 8


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One message, what came of it, and what is wrong with that."""

    conversation: int
    temper: str
    said: Said
    result: TurnResult
    wrong: tuple[str, ...]


def hold(agent: ConversationalRecommender, number: int, seed: int) -> Iterator[Outcome]:
    """Hold one conversation as a new user."""
    generator = np.random.default_rng([seed, number])
    temper = TEMPERS[number % len(TEMPERS)]
    walk = Walk(generator=generator, temper=temper)
    user = f"walker-{number}"
    conversation = agent.store.create_conversation(user).conversation_id
    for place in range(int(generator.integers(_SHORTEST, _LONGEST + 1))):
        said = walk.next()
        turn_id = f"{user}-{place}"
        result = agent.reply(
            UserMessage(user_id=user, conversation_id=conversation, turn_id=turn_id, text=said.text)
        )
        item_ids = [item.item_id for item in result.items]
        if said.kind != "look up":
            walk.answered(item_ids)
        catalog = agent.recommender.catalog
        wrong = ()
        if said.kind != "look up":
            wrong = faults(said.standing, item_ids, result.text, result.notices, catalog)
        wrong += unsupported(agent, user, conversation, result)
        yield Outcome(conversation=number, temper=temper, said=said, result=result, wrong=wrong)


def unsupported(
    agent: ConversationalRecommender, user: str, conversation: str, result: TurnResult
) -> tuple[str, ...]:
    """Reasons shown whose evidence does not hold."""
    from agents import unsupported_reasons

    found = unsupported_reasons(agent, user, conversation, result)
    return tuple(f"unsupported: {reason}" for reason in found)


def summary(outcomes: list[Outcome]) -> dict[str, object]:
    """The figures."""
    wrong = Counter(fault.split(":")[0].split()[0] for o in outcomes for fault in o.wrong)
    seconds = [outcome.result.usage.seconds for outcome in outcomes]
    calls = [outcome.result.usage.model_calls for outcome in outcomes]
    return {
        "conversations": len({outcome.conversation for outcome in outcomes}),
        "turns": len(outcomes),
        "slates": sum(bool(outcome.result.items) for outcome in outcomes),
        "items_shown": sum(len(outcome.result.items) for outcome in outcomes),
        **{kind: wrong[kind] for kind in ("outside", "broken", "unsupported", "blank", "noise")},
        "planners": dict(Counter(outcome.result.planner for outcome in outcomes)),
        "model_calls_median": float(np.median(calls)),
        "model_calls_most": max(calls),
        "seconds_p50": round(float(np.percentile(seconds, 50)), 3),
        "seconds_p95": round(float(np.percentile(seconds, 95)), 3),
        "wrong": [
            f"{o.conversation} ({o.temper}) {o.said.text[:80]!r}: {fault}"
            for o in outcomes
            for fault in o.wrong
        ],
    }


def run(
    home: Settings, conversations: int, seed: int, told: Callable[[int], None] = lambda _: None
) -> dict[str, object]:
    """Hold them all on what is set up in `home`, with the store elsewhere."""
    recommender = build_recommender(home)
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="rapport-walks-") as folder:
        settings = home.model_copy(update={"home": Path(folder)})
        agent = assemble(settings, recommender)
        for number in range(conversations):
            outcomes += hold(agent, number, seed)
            told(number + 1)
    return summary(outcomes)


def main() -> int:
    """Run, print, and say by the exit code whether anything was wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--conversations", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--planner", choices=["rules", "embedded", "auto"], default="rules")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    settings = load_settings()
    llm = LLMSettings(**{**settings.llm.model_dump(), "planner": options.planner})
    settings = settings.model_copy(update={"llm": llm})

    def told(done: int) -> None:
        if done % 25 == 0:
            print(f"{done} of {options.conversations}", file=sys.stderr, flush=True)

    figures = run(settings, options.conversations, options.seed, told)
    if options.json:
        print(json.dumps(figures, indent=1))
    else:
        for name, value in figures.items():
            shown = "\n  ".join(["", *value]) if isinstance(value, list) else value
            print(f"{name:20} {shown}")
    return 1 if figures["wrong"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
