"""Seekers played by a language model. The model is never told the title, and the guard reads all it says."""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel, ConfigDict

from prompts import read_prompt
from rec_core import Catalog

from ..llm.structured import StructuredModel
from .behaviour import session_key
from .facts import Fact, ItemKnowledge
from .language import ModelVoice, about_person, history_in_words
from .leaks import LeakGuard
from .seeking import MOST_TRIES, safe_sentence
from .types import ArmReply, Persona

_LONGEST = 240
_MOST_LINES = 8
_SCHEMA = {
    "type": "object",
    "properties": {"message": {"type": "string", "minLength": 1, "maxLength": _LONGEST}},
    "required": ["message"],
    "additionalProperties": False,
}
_FACT_WORDS = {
    "genre": "it is of the kind {value}",
    "decade": "it came out in the {value}s",
    "year": "it came out in {value}",
    "director": "it was directed by {value}",
    "actor": "{value} is in it",
    "tag": "people say of it: {value}",
    "plot": "the story has {value} in it",
    "like": "it is a bit like {value}",
}


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid")

    message: str


class LanguageSeekers:
    """Seekers of one model.

    Args:
        model: Any model that writes JSON under a schema.
        catalog: What they know about items.
    """

    def __init__(self, model: StructuredModel, catalog: Catalog) -> None:
        self._model = model
        self._knowledge = ItemKnowledge(catalog)

    @property
    def name(self) -> str:
        """Names the model."""
        return f"llm:{self._model.name}"

    def open(self, persona: Persona, target_id: str, seed: int) -> LanguageSeeker:
        """Somebody at the start of a talk. Raises UnknownItemError."""
        return LanguageSeeker(self._model, self._knowledge, persona, target_id, seed)


class LanguageSeeker:
    """One of them in one talk."""

    def __init__(
        self,
        model: StructuredModel,
        knowledge: ItemKnowledge,
        persona: Persona,
        target_id: str,
        seed: int,
    ) -> None:
        item = knowledge.catalog[target_id]
        generator = np.random.default_rng(session_key("seek", persona.persona_id, target_id, seed))
        facts = knowledge.facts(item, persona, generator)
        self._voice = ModelVoice(model)
        self._catalog = knowledge.catalog
        self._guard = LeakGuard(item)
        self._prompt = read_prompt("simulated_seeker")
        self._system = self._prompt.render(
            about=about_person(persona.traits),
            facts="\n".join(f"- {_in_words(fact)}" for fact in facts) or "- nothing at all",
            liked=self._harmless(history_in_words(persona, knowledge.catalog)["liked"]),
        )
        self._lines: list[str] = []
        self.leaks = 0

    @property
    def model_calls(self) -> int:
        """Calls so far."""
        return self._voice.model_calls

    @property
    def tokens(self) -> int:
        """Tokens so far."""
        return self._voice.tokens

    def opening(self) -> str:
        """The first sentence. Raises PersonFailed."""
        return self._said("You begin. What do you say?")

    def answer(self, reply: ArmReply) -> str:
        """What to say next. Raises PersonFailed."""
        shown = [self._catalog[one].label for one in reply.item_ids if one in self._catalog]
        line = f"Recommender: {reply.text}"
        if shown:
            line += f" [shows: {'; '.join(shown)}]"
        if reply.choices:
            line += f" [offers: {' / '.join(reply.choices)}]"
        self._lines.append(line)
        return self._said("What do you say next?")

    def _said(self, question: str) -> str:
        talk = "\n".join([*self._lines[-_MOST_LINES:], question])
        for attempt in range(MOST_TRIES):
            # Another wording of the question: equal requests would get equal answers.
            again = f" (Try {attempt + 1}: no names of films.)" if attempt else ""
            said = self._voice.ask(
                self._system, talk + again, schema=_SCHEMA, prompt=self._prompt, kind=_Said
            ).message.strip()[:_LONGEST]
            if said and not self._guard.leaks(said):
                break
            self.leaks += bool(said)
        else:
            said = safe_sentence(self._guard)
        self._lines.append(f"You: {said}")
        return said

    def _harmless(self, liked: str) -> str:
        """Titles of the past that do not share words with the sought one."""
        kept = [title for title in liked.split("; ") if not self._guard.leaks(title)]
        return "; ".join(kept) or "none known"


def _in_words(fact: Fact) -> str:
    return _FACT_WORDS[fact.kind].format(value=fact.value)
