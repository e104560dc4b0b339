"""The tuned rewriter's part of a query: what to add to what code finds by itself.

Copying titles, people and tags of the films named is done faster and better by code (`rules_query`)
than by a small model. What code does not know is which films people recommend after such talk: that is
what a model learns and writes. The query is what it wrote, and then the rule's words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .policies import rules_query
from .prompting import rewrite_prompt

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from rec_core.dialogue import Utterance

    from .facts import Facts, FilmFacts
    from .tasks import RewriteTask

ADDITION_TOKENS = 48
"""The most that a tuned model may write after the prefilled beginning."""
SEPARATOR = "; "

_WISHES = 2
_WISH_CHARACTERS = 110
_FILMS = 4


def addition_messages(task: RewriteTask | Sequence[Utterance], facts: Facts) -> list[BaseMessage]:
    """System line, then the last wishes and the films named, each with year and genres: some 70 tokens.

    Args:
        task: A task, or a conversation; of a task nothing but the context is read.
        facts: Of that conversation.
    """
    from langchain_core.messages import HumanMessage, SystemMessage  # 0.3 s, not on every path

    context = task if isinstance(task, Sequence) else task.context
    said = [one.text for one in context if one.role == "user"]
    lines = [_cut(text) for text in said[-_WISHES:]]
    lines += [_film(film) for film in facts.films[-_FILMS:]]
    return [
        SystemMessage(rewrite_prompt(tuned=True).text),
        HumanMessage("\n".join(line for line in lines if line)),
    ]


def composed_query(facts: Facts, written: str) -> str:
    """What the model wrote, each title once, then the rule's words; the search cuts a query at the end."""
    titles: dict[str, str] = {}
    for title in map(str.strip, written.split(SEPARATOR.strip())):
        if title:
            titles.setdefault(title.casefold(), title)
    said = SEPARATOR.join(titles.values())
    return " ".join(part for part in (said, rules_query(facts)) if part)


def addition_text(titles: Sequence[str]) -> str:
    """Titles as a model shall write them."""
    return SEPARATOR.join(" ".join(title.replace(";", ",").split()) for title in titles)


def _film(film: FilmFacts) -> str:
    year = "" if film.year is None else f" ({film.year})"
    mark = {1: "+", -1: "-", 0: "*"}[film.feeling]
    return f"{mark} {film.title}{year} {' '.join(film.genres[:3]).lower()}".rstrip()


def _cut(text: str) -> str:
    """The end of a long message, from a whole word on."""
    flat = " ".join(text.split())
    return flat if len(flat) <= _WISH_CHARACTERS else flat[-_WISH_CHARACTERS:].partition(" ")[2]
