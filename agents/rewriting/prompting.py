"""How a model is asked for a rewrite, and how its answer is read; training uses the same, word for word.

The answer is compact JSON with one key. Its beginning is always the same and is put there for the
model (`PREFILL`), so that it costs nothing and cannot go wrong.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from prompts import Prompt, read_prompt

from .facts import Facts, FilmFacts

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from rec_core.dialogue import Utterance

    from .tasks import RewriteTask

PREFILL = '{"query":"'
"""What every answer begins with."""
ANSWER_TOKENS = 72
"""The most that a model may write after it."""

TUNED_PROMPT = "query_rewrite_tuned"
GENERAL_PROMPT = "query_rewrite"

_LONGEST_QUERY = 400
_MESSAGES = 3
_MESSAGE_CHARACTERS = 120
_FILMS = 4
_GENRES, _PEOPLE, _TAGS = 3, 2, 3
_FEELINGS = {1: " (liked)", -1: " (disliked)", 0: ""}


class Rewrite(BaseModel):
    """What the search shall look for, as a model wrote it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    query: Annotated[str, Field(min_length=1, max_length=_LONGEST_QUERY)]


def rewrite_prompt(*, tuned: bool) -> Prompt:
    """The system prompt: one line for a model trained on this very task, instructions for others."""
    return read_prompt(TUNED_PROMPT if tuned else GENERAL_PROMPT)


def rewrite_messages(
    task: RewriteTask | Sequence[Utterance], facts: Facts, *, tuned: bool = True
) -> list[BaseMessage]:
    """System, then the last messages and what the catalog says about the films named.

    Some 150 tokens, seldom more than 250.

    Args:
        task: A task, or a conversation; of a task nothing but the context is read.
        facts: Of that conversation.
        tuned: Which of the two prompts the model knows.
    """
    from langchain_core.messages import (
        HumanMessage,
        SystemMessage,
    )  # costs 0.3 s, not on every path

    context = task if isinstance(task, Sequence) else task.context
    lines = [f"{said.role}: {_cut(said.text)}" for said in context[-_MESSAGES:]]
    films = [_film_line(film) for film in facts.films[-_FILMS:]]
    if films:
        lines += ["films:", *films]
    return [
        SystemMessage(rewrite_prompt(tuned=tuned).text),
        HumanMessage("\n".join(lines)),
    ]


def answer_text(query: str) -> str:
    """A rewrite as a model shall write it."""
    return json.dumps({"query": query}, ensure_ascii=False, separators=(",", ":"))


def read_rewrite(text: str) -> Rewrite | None:
    """A model's answer, with or without the beginning that was put there for it; None when it is none.

    Whatever follows the object is let go. A query needs a letter or a digit.
    """
    whole = text.strip()
    if not whole.startswith("{"):
        whole = PREFILL + text.lstrip()
    end = whole.find('"}')
    try:
        found = Rewrite.model_validate(json.loads(whole[: end + 2] if end >= 0 else whole))
    except (ValidationError, ValueError, RecursionError):
        return None
    query = " ".join(found.query.split())
    return Rewrite(query=query) if query_words(query) else None


@cache
def rewrite_schema() -> dict[str, Any]:
    """JSON schema of the answer, for decoding under a grammar."""
    return {
        "type": "object",
        "properties": {"query": {"type": "string", "minLength": 1, "maxLength": _LONGEST_QUERY}},
        "required": ["query"],
        "additionalProperties": False,
    }


def query_words(text: str) -> list[str]:
    """Words without case and signs."""
    kept = "".join(sign if sign.isalnum() else " " for sign in text.casefold())
    return kept.split()


def _cut(text: str) -> str:
    """The end of a long message, from a whole word on: what is wanted mostly comes last."""
    flat = " ".join(text.split())
    if len(flat) <= _MESSAGE_CHARACTERS:
        return flat
    return "…" + flat[-_MESSAGE_CHARACTERS:].partition(" ")[2]


def _film_line(film: FilmFacts) -> str:
    parts = [
        ", ".join(part.lower() for part in film.genres[:_GENRES]),
        film.decade,
        ", ".join(film.people[:_PEOPLE]),
        ", ".join(film.tags[:_TAGS]),
    ]
    return f"{film.title}{_FEELINGS[film.feeling]}: {'; '.join(part for part in parts if part)}"
