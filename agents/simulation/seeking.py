"""Target-seeking people without a model: they hold an item in mind and lead a recommender to it.

After InteRecAgent's simulated person (Huang et al. 2023) and its attribute-asking kin, with our rules:
one or two true facts a turn, true contrasts, an id-based end, and a guard on every sentence.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

import numpy as np

from rec_core import Catalog, DataError

from .behaviour import session_key
from .facts import Fact, ItemKnowledge
from .leaks import LeakGuard
from .types import ArmReply, Persona
from .wording import pick, read_wording, with_slips

Manner = Literal["volunteers", "answers"]
"""Whether somebody tells facts of their own accord, or only answers what is asked (attribute asking)."""

MOST_TRIES = 5
_VAGUE_SHARE, _CONTRAST_SHARE, _TWO_FACTS_SHARE = 0.3, 0.6, 0.4
_SAID_FROM = {"director": "person", "actor": "person", "plot": "words"}


class Seeker(Protocol):
    """Somebody with an item in mind, in one talk."""

    @property
    def leaks(self) -> int:
        """How many sentences the guard has stopped so far."""
        ...

    def opening(self) -> str:
        """The first sentence."""
        ...

    def answer(self, reply: ArmReply) -> str:
        """What to say to a reply without the item."""
        ...


class SeekerEngine(Protocol):
    """Makes seekers."""

    @property
    def name(self) -> str:
        """For reports."""
        ...

    def open(self, persona: Persona, target_id: str, seed: int) -> Seeker:
        """Somebody at the start of a talk; equal arguments give people who speak equally."""
        ...


def draw_target(persona: Persona, seed: int, catalog: Catalog) -> str:
    """One of the person's hidden likes, drawn evenly by persona and seed among those of the catalog.

    Raises:
        DataError: There is none.
    """
    likes = [item_id for item_id in persona.hidden_likes if item_id in catalog]
    if not likes:
        raise DataError(
            f"{persona.persona_id!r} has no hidden like to look for.",
            "Draw personas with at least one hidden like.",
        )
    generator = np.random.default_rng(session_key("target", persona.persona_id, seed))
    return likes[int(generator.integers(len(likes)))]


class TemplateSeekers:
    """Seekers who speak from a bank of sentences.

    Args:
        catalog: What they know about items.
        manner: How they behave.
        slips: Share of longer words with a slip of the fingers; 0 for clean writing.
    """

    def __init__(
        self, catalog: Catalog, *, manner: Manner = "volunteers", slips: float = 0.0
    ) -> None:
        self._knowledge = ItemKnowledge(catalog)
        self._manner: Manner = manner
        self._slips = slips

    @property
    def name(self) -> str:
        """Says that no model speaks, and how they behave."""
        return f"template:{self._manner}"

    def open(self, persona: Persona, target_id: str, seed: int) -> TemplateSeeker:
        """Somebody at the start of a talk. Raises UnknownItemError for a target outside the catalog."""
        return TemplateSeeker(
            self._knowledge, persona, target_id, seed, manner=self._manner, slips=self._slips
        )


class TemplateSeeker:
    """One of them in one talk; tells every fact once at most."""

    def __init__(
        self,
        knowledge: ItemKnowledge,
        persona: Persona,
        target_id: str,
        seed: int,
        *,
        manner: Manner,
        slips: float,
    ) -> None:
        self._knowledge = knowledge
        self._item = knowledge.catalog[target_id]
        self._words = read_wording()
        self._generator = np.random.default_rng(
            session_key("seek", persona.persona_id, target_id, seed)
        )
        self._facts = knowledge.facts(self._item, persona, self._generator)
        self._guard = LeakGuard(self._item)
        self._manner = manner
        self._slips = slips
        self._refused: set[tuple[str, str]] = set()
        self._told_values: set[str] = set()
        self.leaks = 0

    def opening(self) -> str:
        """A wish with one genre, or with nothing at all."""
        genre = next((fact for fact in self._facts if fact.kind == "genre"), None)
        is_vague = genre is None or self._generator.random() < _VAGUE_SHARE
        if self._manner == "answers" or is_vague or genre is None:
            return self._guarded(lambda: self._pick("openings", "vague"))
        self._facts.remove(genre)
        self._told_values.add(genre.value.casefold())
        said = self._words.say_genre(genre.value)
        return self._guarded(lambda: self._pick("openings", "genre").format(genre=said))

    def answer(self, reply: ArmReply) -> str:
        """A click on a true answer where one tells anything new; else contrasts and facts, or only "others"."""
        if reply.choices:
            true = [
                choice
                for choice in reply.choices
                if self._knowledge.is_true(choice, self._item) and not self._guard.leaks(choice)
            ]
            telling = [choice for choice in true if not self._is_told(choice)]
            if telling or (true and self._manner == "answers"):
                return self._clicked((telling or true)[0])
            if self._manner == "answers":
                return self._guarded(lambda: self._pick("answers", "none"))
        if self._manner == "answers":
            return self._guarded(lambda: self._pick("answers", "more"))
        parts = self._contrast(reply)
        parts += self._told(2 if self._generator.random() < _TWO_FACTS_SHARE and not parts else 1)
        if not parts:
            return self._guarded(lambda: self._pick("answers", "more"))
        return self._guarded(lambda: ", ".join(make() for make in parts))

    def _clicked(self, choice: str) -> str:
        """The choice as offered; what it told need not be told again."""
        said = choice.casefold()
        self._told_values.add(said)
        self._facts = [fact for fact in self._facts if fact.value.casefold() not in said]
        return choice

    def _is_told(self, choice: str) -> bool:
        """Whether it says no more than what was told: nobody who asked for a comedy picks "a comedy"."""
        said = choice.casefold()
        return any(value in said for value in self._told_values)

    def _contrast(self, reply: ArmReply) -> list[Callable[[], str]]:
        if not reply.item_ids or self._generator.random() >= _CONTRAST_SHARE:
            return []
        fresh = [
            (kind, value)
            for kind, value in self._knowledge.contrasts(self._item, reply.item_ids)
            if (kind, value) not in self._refused and not self._guard.leaks(value)
        ]
        if not fresh:
            return [lambda: self._pick("contrasts", "no")]
        kind, value = fresh[int(self._generator.integers(len(fresh)))]
        self._refused.add((kind, value))
        bare = self._words.say_bare(value) if kind == "genre" else value
        return [lambda: self._pick("contrasts", kind).format(bare=bare, tag=value)]

    def _told(self, count: int) -> list[Callable[[], str]]:
        told, self._facts = self._facts[:count], self._facts[count:]
        self._told_values.update(fact.value.casefold() for fact in told)
        return [lambda fact=fact: self._sentence(fact) for fact in told]

    def _sentence(self, fact: Fact) -> str:
        sentence = self._pick("facts", fact.kind)
        if fact.kind == "genre":
            words = self._words
            return sentence.format(
                genre=words.say_genre(fact.value), bare=words.say_bare(fact.value)
            )
        return sentence.format(**{_SAID_FROM.get(fact.kind, fact.kind): fact.value})

    def _pick(self, section: Literal["openings", "facts", "contrasts", "answers"], key: str) -> str:
        sentences = getattr(self._words, section)[key]
        return pick(sentences, self._generator)

    def _guarded(self, make: Callable[[], str]) -> str:
        """A sentence that passes the guard: up to five tries, then a safe one."""
        for _ in range(MOST_TRIES):
            said = with_slips(make(), self._slips, self._generator)
            if not self._guard.leaks(said):
                return said
            self.leaks += 1
        return safe_sentence(self._guard)


def safe_sentence(guard: LeakGuard) -> str:
    """Something that says nothing about the item, and that the guard lets through."""
    return next((said for said in read_wording().answers["safe"] if not guard.leaks(said)), "hm")
