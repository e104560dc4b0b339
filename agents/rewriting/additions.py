"""The tuned rewriter's part of a query: what to add to what code finds by itself.

Copying titles, people and tags of the films named is done faster and better by code (`rules_query`)
than by a small model. What the rule does not know is which films people recommend after such talk. The
model is shown some that other people's dialogues suggest (`companions`) and writes those that fit what
was said. The query is what it wrote, and then the rule's words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .policies import rules_query
from .prompting import rewrite_prompt

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from rec_core import Item
    from rec_core.dialogue import Utterance

    from .facts import Facts, FilmFacts
    from .tasks import RewriteTask

ADDITION_TOKENS = 40
"""The most that a tuned model may write after the prefilled beginning."""
SEPARATOR = "; "
SHOWN_COMPANIONS = 10

_WISHES = 2
_WISH_CHARACTERS = 110
_FILMS = 4
_FEELINGS = {1: "+", -1: "-", 0: "*"}


def addition_messages(
    task: RewriteTask | Sequence[Utterance], facts: Facts, companions: Sequence[Item] = ()
) -> list[BaseMessage]:
    """System line, the last wishes, the films named, and those to choose from: some 180 tokens.

    Every film has its year and genres.

    Args:
        task: A task, or a conversation; of a task nothing but the context is read.
        facts: Of that conversation.
        companions: To choose from, the likeliest first.
    """
    from langchain_core.messages import HumanMessage, SystemMessage  # 0.3 s, not on every path

    context = task if isinstance(task, Sequence) else task.context
    said = [one.text for one in context if one.role == "user"]
    lines = [_cut(text) for text in said[-_WISHES:]]
    lines += [_film(film, _FEELINGS[film.feeling]) for film in facts.films[-_FILMS:]]
    lines += [_film(item, "?", genres=2) for item in companions]
    return [
        SystemMessage(rewrite_prompt(tuned=True).text),
        HumanMessage("\n".join(line for line in lines if line)),
    ]


def composed_query(facts: Facts, written: str) -> str:
    """What the model wrote, each title once, then the rule's words; the search cuts a query at the end."""
    said = SEPARATOR.join(written_titles(written))
    return " ".join(part for part in (said, rules_query(facts)) if part)


def written_titles(written: str) -> tuple[str, ...]:
    """The titles that a model wrote, each once, in their order."""
    titles: dict[str, str] = {}
    for title in map(str.strip, written.split(SEPARATOR.strip())):
        if title:
            titles.setdefault(title.casefold(), title)
    return tuple(titles.values())


def addition_text(titles: Sequence[str]) -> str:
    """Titles as a model shall write them."""
    return SEPARATOR.join(" ".join(title.replace(";", ",").split()) for title in titles)


def _film(film: FilmFacts | Item, mark: str, *, genres: int = 3) -> str:
    year = "" if film.year is None else f" ({film.year})"
    return f"{mark} {film.title}{year} {' '.join(film.genres[:genres]).lower()}".rstrip()


def _cut(text: str) -> str:
    """The end of a long message, from a whole word on."""
    flat = " ".join(text.split())
    return flat if len(flat) <= _WISH_CHARACTERS else flat[-_WISH_CHARACTERS:].partition(" ")[2]
