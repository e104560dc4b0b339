"""Who writes queries: the rows that an evaluation compares, from the last words said to a tuned model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from rec_core import Catalog, no_progress
from rec_core.search.words import STOP_WORDS, words

from .facts import FactFinder, Facts, FilmFacts
from .journal import RewriteJournal, answer_key
from .prompting import ANSWER_TOKENS, PREFILL, read_rewrite, rewrite_messages
from .tasks import RewriteTask

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from rec_core import Progress

    from .companions import Companions

_AT_ONCE = 64  # answers lost at most when a run is killed
_RULE_FILMS = 5
_RULE_WISHES = 2


class RewritePolicy(Protocol):
    """Writes a query for each task from its context alone; "" where it has nothing to look for."""

    @property
    def name(self) -> str:
        """Row of the table."""
        ...

    def rewrite(self, tasks: Sequence[RewriteTask]) -> tuple[str, ...]:
        """Queries in the order of the tasks."""
        ...


class RawPolicy:
    """The person's last message as it is."""

    name = "raw"

    def rewrite(self, tasks: Sequence[RewriteTask]) -> tuple[str, ...]:
        """The last message of each task's person."""
        return tuple(
            next((said.text for said in reversed(task.context) if said.role == "user"), "")
            for task in tasks
        )


class ContextPolicy:
    """All that the person said, newest first, so that a cut keeps the newest."""

    name = "context"

    def rewrite(self, tasks: Sequence[RewriteTask]) -> tuple[str, ...]:
        """The person's messages, joined."""
        return tuple(
            " ".join(said.text for said in reversed(task.context) if said.role == "user")
            for task in tasks
        )


class RulesPolicy:
    """Titles, genres, people, tags and years of the films named, and the words of the wish.

    Args:
        finder: Finds them.
    """

    name = "rules"

    def __init__(self, finder: FactFinder) -> None:
        self._finder = finder

    def rewrite(self, tasks: Sequence[RewriteTask]) -> tuple[str, ...]:
        """A query for each task; without films the words of the wish alone."""
        return tuple(rules_query(self._finder.facts(task.context)) for task in tasks)


class OraclePolicy:
    """An upper bound, not a policy: it reads the targets and writes their genres, tags, people, year.

    Args:
        catalog: Has the targets.
    """

    name = "oracle"

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def rewrite(self, tasks: Sequence[RewriteTask]) -> tuple[str, ...]:
        """What is known of each task's targets; titles are left out."""
        return tuple(
            " ".join(self._describe(target) for target in task.targets if target in self._catalog)
            for task in tasks
        )

    def _describe(self, item_id: str) -> str:
        item = self._catalog[item_id]
        year = () if item.year is None else (str(item.year),)
        return " ".join((*item.genres, *item.tags[:10], *item.people[:4], *year))


class TextWriter(Protocol):
    """Writes on from many prompts at once."""

    @property
    def name(self) -> str:
        """The model's name, with its adapter's."""
        ...

    def write(
        self,
        prompts: Sequence[Sequence[BaseMessage]],
        *,
        prefill: str,
        limit: int,
    ) -> tuple[str, ...]:
        """What the model says after `prefill`, greedily, at most `limit` tokens each."""
        ...


class ModelPolicy:
    """A language model, tuned or not.

    A model as it comes writes the whole query; where its answer is no rewrite, the last message
    stands. A tuned one writes what to add to the rule's query; where it writes nothing usable, the
    rule's query stands.

    Args:
        writer: Makes the model; called when something has to be written that the journal lacks.
        finder: Facts for its prompt.
        name: Row of the table.
        companions: What a model that was trained on additions chooses from; None for one as it comes.
        fingerprint: Of the model and its adapter; answers are kept by it.
        journal: Keeps answers; None keeps none.
        progress: Told after each batch, stage "rewriting".

    Attributes:
        failed: Answers so far that were no rewrite.
    """

    def __init__(
        self,
        writer: Callable[[], TextWriter],
        finder: FactFinder,
        *,
        name: str,
        companions: Callable[[], Companions] | None = None,
        fingerprint: str = "",
        journal: RewriteJournal | None = None,
        progress: Progress = no_progress,
    ) -> None:
        self.name = name
        self.failed = 0
        self._make = writer
        self._finder = finder
        self._companions = None if companions is None else companions()
        self._fingerprint = fingerprint
        self._journal = journal
        self._progress = progress

    @cached_property
    def _writer(self) -> TextWriter:
        return self._make()

    def rewrite(self, tasks: Sequence[RewriteTask]) -> tuple[str, ...]:
        """A query for each task, all written in batches."""
        found = [read_rewrite(answer) for answer in self.answers(tasks)]
        self.failed += found.count(None)
        return tuple(
            self._query(task, "" if rewrite is None else rewrite.query)
            for task, rewrite in zip(tasks, found, strict=True)
        )

    def _query(self, task: RewriteTask, written: str) -> str:
        if self._companions is None:
            return written or RawPolicy().rewrite([task])[0]
        from .additions import composed_query  # stands on this module

        return composed_query(self._finder.facts(task.context), written)

    def answers(self, tasks: Sequence[RewriteTask]) -> tuple[str, ...]:
        """What the model wrote after the prefilled beginning, unread; kept answers are not written again."""
        from .additions import ADDITION_TOKENS  # stands on this module

        limit = ANSWER_TOKENS if self._companions is None else ADDITION_TOKENS
        prompts = [self._prompt(task) for task in tasks]
        keys = [answer_key(self._fingerprint, prompt) for prompt in prompts]
        known = {} if self._journal is None else self._journal.answers
        answers = {key: known[key] for key in keys if key in known}
        wanted = dict(zip(keys, prompts, strict=True))
        missing = [(key, prompt) for key, prompt in wanted.items() if key not in answers]
        missing.sort(key=lambda pair: sum(len(one.text) for one in pair[1]))  # little is padded
        for start in range(0, len(missing), _AT_ONCE):
            some = missing[start : start + _AT_ONCE]
            self._progress("rewriting", start, len(missing))
            texts = self._writer.write([prompt for _, prompt in some], prefill=PREFILL, limit=limit)
            fresh = {key: text for (key, _), text in zip(some, texts, strict=True)}
            if self._journal is not None:
                self._journal.add(fresh)
            answers.update(fresh)
        self._progress("rewriting", len(missing), len(missing))
        return tuple(answers[key] for key in keys)

    def _prompt(self, task: RewriteTask) -> list[BaseMessage]:
        from .companions import addition_prompt  # stands on this module

        if self._companions is not None:
            return addition_prompt(task, self._finder, self._companions)
        return rewrite_messages(task, self._finder.facts(task.context), tuned=False)


class CompanionsPolicy:
    """The rule's query with all films that a tuned model is shown to choose from: no model chooses.

    Args:
        finder: Finds facts.
        companions: The films.
    """

    name = "companions"

    def __init__(self, finder: FactFinder, companions: Companions) -> None:
        self._finder = finder
        self._companions = companions

    def rewrite(self, tasks: Sequence[RewriteTask]) -> tuple[str, ...]:
        """A query for each task."""
        from .additions import addition_text, composed_query  # stands on this module

        found = []
        for task in tasks:
            facts = self._finder.facts(task.context)
            shown = self._companions.shown(facts, without=task.group_id)
            found.append(composed_query(facts, addition_text([item.title for item in shown])))
        return tuple(found)


def rules_query(facts: Facts) -> str:
    """The rule's query: what the last films are that the person does not dislike, and the last wishes.

    Titles bring sequels and namesakes, years contemporaries. Chosen among some thirty variants on the
    training part of ReDial, where it was the best or as good as the best for every retriever.
    """
    films = [film for film in facts.films if film.feeling >= 0][-_RULE_FILMS:]
    parts = [part for film in films for part in _parts_of(film)]
    wish = [
        word
        for said in facts.wishes[-_RULE_WISHES:]
        for word in words(said)
        if word not in STOP_WORDS
    ]
    return " ".join((*parts, *facts.people, *wish))


def _parts_of(film: FilmFacts) -> tuple[str, ...]:
    year = () if film.year is None else (str(film.year),)
    return (film.title, *film.genres, *film.people, *film.tags, *year)
