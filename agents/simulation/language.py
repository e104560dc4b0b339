"""People played by a language model: the same acts as everybody, held to a schema.

The model sees the persona's visible past and the pages; never scores, never mean ratings, never the hidden
truth. Small models play badly (the built-in one takes nearly everything or nothing): look at the fidelity
figures before believing any verdict. Calls go through the seam to models, so cassettes work.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from langchain_core.messages import HumanMessage, SystemMessage
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from prompts import Prompt, read_prompt
from rec_core import Catalog

from ..budget import BudgetMeter, TurnLimits
from ..errors import BudgetExceeded
from ..llm.failures import ModelFailed
from ..llm.structured import StructuredModel
from .behaviour import session_key
from .people import PersonFailed
from .personas import LIKED_FROM
from .types import Leaving, Persona, Reaction, Traits

LIMITS = TurnLimits(model_calls=3, tokens=20_000, seconds=600.0)
"""What one act of a person may cost."""

_MOST_LIKED, _MOST_DISLIKED, _MOST_REMEMBERED = 12, 6, 4
_LONGEST_FEELING = 120
_HIGH, _LOW = 2 / 3, 1 / 3
_TONIGHT = (
    "nothing special, an evening at home.",
    "you are tired after a long day.",
    "you have plenty of time and are curious.",
    "friends are coming over.",
    "you are in low spirits and want to be cheered up.",
    "you are in a hurry to decide.",
)
_Answer = TypeVar("_Answer", bound=BaseModel)


class _Choice(BaseModel):
    model_config = ConfigDict(extra="forbid")

    watch: bool
    rating: int = Field(ge=1, le=5)


class _PageAnswer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    films: tuple[_Choice, ...]
    feeling: str
    then: Leaving


class _Interview(BaseModel):
    model_config = ConfigDict(extra="forbid")

    score: int = Field(ge=1, le=10)
    reason: str


class ModelVoice:
    """One model in the mouth of one person: asks, reads strictly, counts the cost.

    Raises (every call): PersonFailed, whatever went wrong with the model or its words.
    """

    def __init__(self, model: StructuredModel) -> None:
        self._model = model
        self.model_calls = 0
        self.tokens = 0

    def ask(
        self,
        system: str,
        message: str,
        *,
        schema: Mapping[str, Any],
        prompt: Prompt,
        kind: type[_Answer],
    ) -> _Answer:
        """One answer of that kind."""
        meter = BudgetMeter(LIMITS)
        try:
            text = self._model.complete(
                [SystemMessage(system), HumanMessage(message)],
                schema=schema,
                prompt=(prompt.name, prompt.sha),
                meter=meter,
            )
            return kind.model_validate(json.loads(text))
        except ModelFailed as fault:
            raise PersonFailed(fault.phrase) from fault
        except BudgetExceeded as fault:
            raise PersonFailed(f"an answer went over the limit of {fault.limit}") from fault
        except (ValueError, ValidationError) as fault:
            raise PersonFailed("the language model's answer did not fit the schema") from fault
        finally:
            self.model_calls += meter.usage.model_calls
            self.tokens += meter.usage.tokens


class LanguagePeople:
    """People who browse, played by a model.

    Args:
        model: Any model that writes JSON under a schema: embedded or served.
        catalog: What is printed of items: title, year, genres.
    """

    def __init__(self, model: StructuredModel, catalog: Catalog) -> None:
        self._model = model
        self._catalog = catalog

    @property
    def name(self) -> str:
        """Names the model."""
        return f"llm:{self._model.name}"

    def open(self, persona: Persona, seed: int) -> LanguagePerson:
        """The person at the start of a session."""
        return LanguagePerson(self._model, self._catalog, persona, seed)


class LanguagePerson:
    """One persona in one session, with a memory of the last pages and how they felt."""

    def __init__(
        self, model: StructuredModel, catalog: Catalog, persona: Persona, seed: int
    ) -> None:
        self._voice = ModelVoice(model)
        self._catalog = catalog
        self._prompt = read_prompt("simulated_person")
        generator = np.random.default_rng(session_key("evening", persona.persona_id, seed))
        self._system = self._prompt.render(
            **history_in_words(persona, catalog),
            about=about_person(persona.traits),
            tonight=_TONIGHT[int(generator.integers(len(_TONIGHT)))],
        )
        self._memory: list[str] = []
        self._then: Leaving = "next"

    @property
    def model_calls(self) -> int:
        """Calls so far."""
        return self._voice.model_calls

    @property
    def tokens(self) -> int:
        """Tokens so far."""
        return self._voice.tokens

    def look(self, shown: Sequence[str]) -> tuple[Reaction, ...]:
        """One call a page. Raises PersonFailed, UnknownItemError."""
        page = len(self._memory) + 1
        lines = [f"{n}. {self._line(item_id)}" for n, item_id in enumerate(shown, 1)]
        message = "\n".join([*self._remembered(), f"Page {page}:", *lines])
        answer = self._voice.ask(
            self._system,
            message,
            schema=_page_schema(len(shown)),
            prompt=self._prompt,
            kind=_PageAnswer,
        )
        if len(answer.films) != len(shown):
            raise PersonFailed("the language model did not answer about every item")
        reactions = tuple(
            _reaction(item_id, choice) for item_id, choice in zip(shown, answer.films, strict=True)
        )
        self._memory.append(self._memorised(page, reactions, answer.feeling))
        self._then = answer.then
        return reactions

    def leave_or_stay(self) -> Leaving:
        """As decided with the last page."""
        return self._then

    def satisfaction(self) -> float:
        """One call. Raises PersonFailed."""
        prompt = read_prompt("simulated_interview")
        message = prompt.render(memory="\n".join(self._memory) or "You were shown nothing.")
        return float(
            self._voice.ask(
                self._system, message, schema=_INTERVIEW_SCHEMA, prompt=prompt, kind=_Interview
            ).score
        )

    def _remembered(self) -> list[str]:
        if not self._memory:
            return []
        return ["What you remember:", *self._memory[-_MOST_REMEMBERED:], ""]

    def _memorised(self, page: int, reactions: Sequence[Reaction], feeling: str) -> str:
        watched = [
            f"{self._catalog[one.item_id].label} ({one.rating} of 5)"
            for one in reactions
            if one.watched
        ]
        what = f"watched {', '.join(watched)}" if watched else "watched nothing"
        return f"Page {page}: {what}. You felt: {feeling[:_LONGEST_FEELING]}"

    def _line(self, item_id: str) -> str:
        item = self._catalog[item_id]
        return f"{item.label} - {', '.join(item.genres)}" if item.genres else item.label


def about_person(traits: Traits) -> str:
    """Traits in words, thirds of the places among all people."""
    words = [
        _third(traits.activity, "You watch few films.", "", "You watch a great many films."),
        _third(
            traits.conformity,
            "You often disagree with the crowd.",
            "",
            "You mostly rate like others.",
        ),
        _third(
            traits.diversity,
            "You keep to a few kinds of film.",
            "",
            "You watch all kinds of films.",
        ),
        _third(
            traits.novelty,
            "You prefer well-known films.",
            "",
            "You like to discover little-known films.",
        ),
    ]
    return " ".join(word for word in words if word) or "You are an average viewer."


def history_in_words(persona: Persona, catalog: Catalog) -> dict[str, str]:
    """The prompt's values "liked" and "disliked": newest titles first; "none known" for none."""
    liked: list[str] = []
    disliked: list[str] = []
    for item_id, rating in zip(reversed(persona.history), reversed(persona.ratings), strict=True):
        if item_id in catalog:
            good = rating is None or rating >= LIKED_FROM
            (liked if good else disliked).append(catalog[item_id].label)
    return {
        "liked": "; ".join(liked[:_MOST_LIKED]) or "none known",
        "disliked": "; ".join(disliked[:_MOST_DISLIKED]) or "none known",
    }


def _third(place: float, low: str, middle: str, high: str) -> str:
    return low if place < _LOW else high if place > _HIGH else middle


def _reaction(item_id: str, choice: _Choice) -> Reaction:
    if not choice.watch:
        return Reaction(item_id=item_id, watched=False)
    return Reaction(
        item_id=item_id, watched=True, rating=choice.rating, liked=choice.rating >= LIKED_FROM
    )


def _page_schema(count: int) -> dict[str, Any]:
    choice = _object(
        {"watch": {"type": "boolean"}, "rating": {"type": "integer", "enum": [1, 2, 3, 4, 5]}}
    )
    films = {"type": "array", "items": choice, "minItems": count, "maxItems": count}
    return _object(
        {
            "films": films,
            "feeling": {"type": "string", "maxLength": _LONGEST_FEELING},
            "then": {"type": "string", "enum": ["next", "leave"]},
        }
    )


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_INTERVIEW_SCHEMA = _object(
    {
        "score": {"type": "integer", "enum": list(range(1, 11))},
        "reason": {"type": "string", "maxLength": 200},
    }
)
