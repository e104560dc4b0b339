"""What a model writes about one message: a compact JSON object, and the compact state it is shown.

Apart from the planner because training data, adapters and served models all share this format. It is
short on purpose (a 135M model writes about 30 tokens a second): empty keys are left out, keys come in one
fixed order, and names are copied from the person's own words; linking them to a catalog is code.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

ParseAct = Literal[
    "new",  # a wish on a new topic; the old one is dropped
    "refine",  # a wish that changes the old one
    "more",  # the same wish, other items
    "explain",
    "compare",
    "details",
    "feedback",  # liked, disliked or seen, nothing asked for
    "remember",  # a taste to keep for good
    "profile",  # what do you know about me
    "forget",
    "chat",
    "unknown",
]
DropSlot = Literal["genres", "years", "people", "like", "words", "count"]
Relative = Literal["newer", "older"]

KINDS = (
    "Action", "Adventure", "Animation", "Children", "Comedy", "Crime", "Documentary", "Drama", "Fantasy", "Film-Noir",
    "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
)  # fmt: skip
# What other catalogs call the same kind; read by `Lexicon.resolve`.
KIND_NAMES = {
    "Children": "Children|Family|Kids",
    "Sci-Fi": "Sci-Fi|Science Fiction",
    "Film-Noir": "Film-Noir|Noir",
    "Musical": "Musical|Music",
}
MOST_NAMES = 4
LONGEST_NAME = 60
LONGEST_WORDS = 32
_LONGEST_LABEL = 40
_MOST_SHOWN = 6
_MOST_MESSAGE = 600

_Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
_Words = Annotated[str, Field(min_length=1, max_length=LONGEST_WORDS)]
_Year = Annotated[int, Field(ge=1880, le=2049)]
Names = Annotated[tuple[_Name, ...], Field(max_length=MOST_NAMES)]
Kinds = Annotated[tuple[_Words, ...], Field(max_length=MOST_NAMES)]
WordList = Annotated[tuple[_Words, ...], Field(max_length=MOST_NAMES)]


class MessageParse(BaseModel):
    """One message, as a model read it. Names are the person's words; "#2" points at the last slate.

    Pointers: "#1" … "#9" (places from one), "#last", "#it" (the item talked about), "#all".

    Attributes:
        act: What the person does.
        genres: Kinds wanted; `no_genres`: kinds refused.
        years: Inclusive bounds, None = open; or "newer" / "older" than what was shown.
        people, no_people: Wanted and refused names.
        like, unlike: Titles or pointers that the wish leans on or away from.
        words: Topics and moods wanted that are no kinds; `less`: those pushed down.
        count: Items asked for.
        drop: Parts of the old wish that no longer hold.
        liked, disliked, seen: Opinions on titles or pointers.
        about: What a question is about.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    act: ParseAct
    genres: Kinds = ()
    no_genres: Kinds = Field(default=(), alias="not")
    years: tuple[_Year | None, _Year | None] | Relative | None = None
    people: Names = ()
    no_people: Names = Field(default=(), alias="without")
    like: Names = ()
    unlike: Names = ()
    words: WordList = ()
    less: WordList = ()
    count: Annotated[int, Field(ge=1, le=99)] | None = None
    drop: Annotated[tuple[DropSlot, ...], Field(max_length=6)] = ()
    liked: Names = ()
    disliked: Names = ()
    seen: Names = ()
    about: Names = ()

    def as_json(self) -> str:
        """Compact JSON in the fixed order, without what is empty."""
        values = self.model_dump(mode="json", by_alias=True)
        kept = {key: value for key, value in values.items() if value not in (None, [], ())}
        return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))

    @property
    def titles(self) -> tuple[str, ...]:
        """Every title or pointer, whatever its role."""
        return (*self.like, *self.unlike, *self.liked, *self.disliked, *self.seen, *self.about)


@dataclass(frozen=True, kw_only=True)
class ParseContext:
    """What a model is shown of the conversation, in words.

    Attributes:
        wish: The wish in force by key ("genres", "years", …), each in words; "" for none.
        shown: Titles of the last slate, in order.
        focus: The title last talked about; "" for none.
        asked: True when the last answer was a question back.
    """

    wish: Mapping[str, str]
    shown: tuple[str, ...] = ()
    focus: str = ""
    asked: bool = False


def context_text(context: ParseContext, message: str) -> str:
    """The lines that a model reads: state first, empty parts left out, then the message."""
    parts = [f"{key} {value}" for key, value in context.wish.items() if value]
    lines = [f"wish: {'; '.join(parts)}"] if parts else []
    shown = [f"{n} {_cut(title)}" for n, title in enumerate(context.shown[:_MOST_SHOWN], 1)]
    lines += [f"shown: {'; '.join(shown)}"] if shown else []
    lines += [f"talked about: {_cut(context.focus)}"] if context.focus else []
    lines += ["I asked a question."] if context.asked else []
    said = " ".join(message.split())[:_MOST_MESSAGE]
    return "\n".join((*lines, f"message: {said}"))


@cache
def parse_schema(genres: tuple[str, ...] = KINDS) -> Mapping[str, Any]:
    """The JSON schema of `MessageParse` with an enum of kinds; closed, bounded, in the fixed order."""
    kind = {"type": "string", "enum": list(genres)}
    name = {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME}
    words = {"type": "string", "minLength": 1, "maxLength": LONGEST_WORDS}
    year = {"anyOf": [{"type": "integer", "minimum": 1880, "maximum": 2049}, {"type": "null"}]}
    span = {
        "type": "array",
        "prefixItems": [year, year],
        "minItems": 2,
        "maxItems": 2,
        "items": False,
    }
    slots = {"type": "string", "enum": list(DropSlot.__args__)}
    properties: dict[str, Any] = {
        "act": {"type": "string", "enum": list(ParseAct.__args__)},
        "genres": _bounded(kind),
        "not": _bounded(kind),
        "years": {"anyOf": [span, {"type": "string", "enum": list(Relative.__args__)}]},
        "people": _bounded(name),
        "without": _bounded(name),
        "like": _bounded(name),
        "unlike": _bounded(name),
        "words": _bounded(words),
        "less": _bounded(words),
        "count": {"type": "integer", "minimum": 1, "maximum": 99},
        "drop": _bounded(slots),
        "liked": _bounded(name),
        "disliked": _bounded(name),
        "seen": _bounded(name),
        "about": _bounded(name),
    }
    return {
        "type": "object", "properties": properties, "required": ["act"], "additionalProperties": False,
    }  # fmt: skip


def kinds_of(genres: Sequence[str]) -> tuple[str, ...]:
    """The kinds a model may name for a catalog: the usual ones, then what else the catalog has."""
    known = {
        name.casefold() for names in (*KINDS, *KIND_NAMES.values()) for name in names.split("|")
    }
    return (*KINDS, *[g for g in genres if g.casefold() not in known][:40])


def read_parse(text: str) -> MessageParse:
    """The parse in a model's answer.

    Raises:
        ValueError: The text is no JSON object of that form (pydantic's errors are among these).
    """
    return MessageParse.model_validate_json(text.strip())


def joined_words(values: Iterable[str]) -> str:
    """Values of a wish as the state line writes them."""
    return ", ".join(values)


def _bounded(items: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": 1, "maxItems": MOST_NAMES}


def _cut(title: str) -> str:
    return title if len(title) <= _LONGEST_LABEL else f"{title[: _LONGEST_LABEL - 1].rstrip()}…"
