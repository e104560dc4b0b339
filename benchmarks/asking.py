"""Does asking pay? Simulated people with a hidden kind and decade look for an item of both.

    python benchmarks/asking.py                    100 people, the set-up data set, built-in rules
    python benchmarks/asking.py --people 40 --json

Each person wants one genre and one decade (drawn from the catalog's items, so that something fits), opens with
"recommend something" and looks at each slate: an item of both ends the talk. The same person talks twice to
the same agent:

asked    clicks the offered answer that is true for them, if there is one; otherwise "show me others"
shown    never answers, always "show me others": what they would get without questions

Truthful answers only, at most eight messages; who has not found anything by then counts as nine. The
interval is a bootstrap over people (95 %) of the paired difference in messages.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from app.environment import prepare_environment

prepare_environment()

from agents import ConversationalRecommender, ConversationState, Reader, UserMessage
from app.build import assemble, build_recommender
from app.settings import LLMSettings, load_settings
from rec_core import Catalog, Item

_MOST_MESSAGES = 8
_OPENING, _MORE = "recommend something", "show me others"
_RESAMPLES = 2_000


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a person has in mind."""

    genre: str
    decade: int

    def fits(self, item: Item) -> bool:
        """Whether an item is of both."""
        return (
            self.genre in item.genres
            and item.year is not None
            and 0 <= item.year - self.decade < 10
        )


@dataclass(frozen=True, kw_only=True)
class Talk:
    """How one conversation went."""

    messages: int
    found: bool
    questions: int


def draw_target(catalog: Catalog, generator: np.random.Generator) -> Target:
    """The genre and the decade of an item drawn evenly."""
    while True:
        item = catalog.at(int(generator.integers(len(catalog))))
        if item.genres and item.year is not None:
            genre = item.genres[int(generator.integers(len(item.genres)))]
            return Target(genre=genre, decade=10 * (item.year // 10))


def true_answer(suggestions: tuple[str, ...], target: Target, reader: Reader) -> str | None:
    """The first offered answer that the reader takes for something true of the target."""
    for answer in suggestions:
        wish = reader.read(answer, ConversationState(asked=True)).wish
        genres = {*wish.genres_all, *wish.genres_any}
        if genres and target.genre in genres:
            return answer
        low, high = wish.year_min or 0, wish.year_max
        if not genres and high is not None and low <= target.decade <= high:
            return answer
    return None


def talk(
    agent: ConversationalRecommender, reader: Reader, user: str, target: Target, *, answers: bool
) -> Talk:
    """One conversation as a new user."""
    conversation = agent.store.create_conversation(user).conversation_id
    text, questions = _OPENING, 0
    for number in range(1, _MOST_MESSAGES + 1):
        message = UserMessage(
            user_id=user, conversation_id=conversation, turn_id=f"{user}-{number}", text=text
        )
        result = agent.reply(message)
        catalog = agent.recommender.catalog
        if any(target.fits(catalog[item.item_id]) for item in result.items):
            return Talk(messages=number, found=True, questions=questions)
        text = _MORE
        if agent.store.state(user, conversation).asked:
            questions += 1
            answer = true_answer(result.suggestions, target, reader) if answers else None
            text = answer or _MORE
    return Talk(messages=_MOST_MESSAGES + 1, found=False, questions=questions)


def summary(
    asked: list[Talk], shown: list[Talk], generator: np.random.Generator
) -> dict[str, object]:
    """Means of both, and the paired difference with its interval."""
    saved = np.array([b.messages - a.messages for a, b in zip(asked, shown, strict=True)])
    resampled = generator.choice(saved, size=(_RESAMPLES, len(saved))).mean(axis=1)
    low, high = np.quantile(resampled, [0.025, 0.975])
    return {
        "people": len(saved),
        "messages_asked": round(float(np.mean([one.messages for one in asked])), 3),
        "messages_shown": round(float(np.mean([one.messages for one in shown])), 3),
        "saved": round(float(saved.mean()), 3),
        "saved_interval": [round(float(low), 3), round(float(high), 3)],
        "found_asked": sum(one.found for one in asked),
        "found_shown": sum(one.found for one in shown),
        "questions_a_talk": round(float(np.mean([one.questions for one in asked])), 3),
    }


def main() -> int:
    """Hold all talks, print; the exit code is 1 when asking does not clearly save messages."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    settings = load_settings()
    llm = LLMSettings(**{**settings.llm.model_dump(), "planner": "rules"})
    recommender = build_recommender(settings)
    reader = Reader(recommender)
    generator = np.random.default_rng(options.seed)
    asked: list[Talk] = []
    shown: list[Talk] = []
    with tempfile.TemporaryDirectory(prefix="rapport-asking-") as folder:
        agent = assemble(
            settings.model_copy(update={"home": Path(folder), "llm": llm}), recommender
        )
        for number in range(options.people):
            target = draw_target(recommender.catalog, generator)
            asked.append(talk(agent, reader, f"asked-{number}", target, answers=True))
            shown.append(talk(agent, reader, f"shown-{number}", target, answers=False))
    figures = {"data": settings.data, "seed": options.seed, **summary(asked, shown, generator)}
    if options.json:
        print(json.dumps(figures, indent=1))
    else:
        for name, value in figures.items():
            print(f"{name:18} {value}")
    interval = figures["saved_interval"]
    return 0 if isinstance(interval, list) and interval[0] > 0 else 1


if __name__ == "__main__":
    raise SystemExit(main())
